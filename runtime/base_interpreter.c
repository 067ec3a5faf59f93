// SPDX-License-Identifier: Apache-2.0
#include "runtime/base_interpreter.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "builder/base_image.h"
#include "builder/foreign.h"
#include "sandbox/sandbox.h"

/* A command in a sandbox ends before sandbox_run returns, so it has a thread of its own. */

struct base_interpreter {
	struct build_env env;
	struct base_image *image;
	struct sandbox *sandbox;
	struct sandbox_layer *layers;
	struct sandbox_spec spec;
	struct thread *thread; /* NULL: it does not run */
	char *path, *base;
	int in, out;
	struct err failure;
	bool ok;
	struct sandbox_result result;
};

static void close_ends(struct base_interpreter *b)
{
	if (b->in >= 0)
		close(b->in);
	if (b->out >= 0)
		close(b->out);
	b->in = b->out = -1;
}

static void run(void *arg)
{
	struct base_interpreter *b = arg;

	b->ok = sandbox_run(&b->result, b->sandbox, &b->spec, &b->failure);
	close_ends(b); /* who waits for an answer sees its end */
}

static bool start(void *arg, const char *const *argv, const char *const *env, int in, int out,
		  struct err *err)
{
	struct base_interpreter *b = arg;

	b->in = fcntl(in, F_DUPFD_CLOEXEC, 3);
	b->out = fcntl(out, F_DUPFD_CLOEXEC, 3);
	if (b->in < 0 || b->out < 0)
		return err_set_errno(err, "copy a pipe");
	b->spec.argv = argv;
	b->spec.env = env;
	b->spec.stdin_fd = b->in;
	b->spec.stdout_fd = b->out;
	return thread_start(&b->thread, run, b, err);
}

static bool end(void *arg, struct err *err)
{
	struct base_interpreter *b = arg;

	if (b->thread)
		thread_join(b->thread);
	b->thread = NULL;
	if (!b->ok) {
		*err = b->failure;
		return err_wrap(err, "run %s of %s", b->path, b->base);
	}
	if (b->result.status) {
		err_set(err, E_UNSUPPORTED, "%s of %s ended with status %d", b->path, b->base,
			b->result.status);
		return err_hint(err, "--precompile PATH: another Python of that minor version");
	}
	return true;
}

void base_interpreter_close(struct base_interpreter *b)
{
	if (!b)
		return;
	if (b->thread)
		thread_join(b->thread);
	close_ends(b);
	free(b->layers);
	base_image_close(b->image);
	free(b->path);
	free(b->base);
	free(b);
}

static bool check_platform(const char *base, const struct platform *platform, struct err *err)
{
	struct foreign how;

	foreign_find(&how, platform, NULL);
	if (how.how == FOREIGN_NATIVE || how.how == FOREIGN_HANDLER)
		return true;
	err_set(err, E_UNSUPPORTED, "--precompile base: the Python of %s is for %s", base,
		platform_format(platform).text);
	return err_hint(err, "bytecode is the same everywhere: --precompile PATH, a Python of that "
			     "minor version that runs here");
}

bool base_interpreter_open(struct base_interpreter **out, struct precompiler_host *host,
			   const struct build_env *env, const char *base,
			   const struct platform *platform, const char *path, struct err *err)
{
	AUTO(auto_base_interpreter_close) struct base_interpreter *b = mem_alloc(sizeof(*b));
	const struct image *img;

	b->env = *env;
	b->in = b->out = -1;
	if (!check_platform(base, platform, err) ||
	    !base_image_open(&b->image, &b->env, base, platform, false, err) ||
	    !base_image_fetch(b->image, err))
		return false;
	img = base_image_get(b->image);
	b->sandbox = env->sandbox;
	b->path = mem_strdup(path);
	b->base = mem_strdup(base);
	b->layers = mem_alloc((img->manifest.layer_count + 1) * sizeof(*b->layers));
	for (size_t i = 0; i < img->manifest.layer_count; i++) {
		b->layers[i].descriptor = img->manifest.layers[i];
		b->layers[i].diff_id = config_diff_id(&img->config, i);
	}
	b->spec = (struct sandbox_spec){ .store = env->store,
					 .layers = b->layers,
					 .layer_count = img->manifest.layer_count,
					 .cwd = "/",
					 .user = "",
					 .tty_fd = -1,
					 .stderr_fd = -1 };
	*host = (struct precompiler_host){ b->path, start, end, b };
	*out = STEAL(b);
	return true;
}
