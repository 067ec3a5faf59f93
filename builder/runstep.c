// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/cache.h"
#include "builder/driver.h"
#include "image/logs.h"

/* RUN: the cache, else the sandbox, its output to log and events, its changes to a layer. */

enum { TAIL_LINES = 20, TAIL_BYTES = 700 };

/* Output goes to the log whole and to whoever watches. */
struct watch {
	struct sink sink;
	struct sink *log;
	struct events *events;
	uint64_t task;
};

static bool watch_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct watch *w = (struct watch *)self;

	event_output(w->events, w->task, data, len);
	return sink_write(w->log, data, len, err);
}

static bool watch_finish(struct sink *self, struct err *err)
{
	(void)self;
	(void)err;
	return true;
}

/* Row 64: the layers below, and everything the command can see of the request; not proxies. */
static struct digest run_key(const struct build *b, const struct product *p,
			     const struct plan_stage *stage, const struct step_run *run)
{
	struct cache_key k;
	size_t count;
	AUTO(auto_free)
	struct digest *below = base_diff_ids(p->base, p->layers.items, p->layers.len, &count);
	struct digest chain = cache_chain(below, count);

	cache_key_begin(&k, "run", &b->req->layer);
	cache_key_bytes(&k, chain.bytes, sizeof(chain.bytes));
	cache_key_list(&k, run->argv);
	cache_key_sorted(&k, run->env);
	cache_key_text(&k, run->cwd);
	cache_key_text(&k, run->user);
	cache_key_text(&k, run->script);
	cache_key_number(&k, b->req->network && !run->no_network);
	cache_key_text(&k, platform_format(&stage->platform).text);
	return cache_key_end(&k);
}

static const char **join_env(const struct step_run *run)
{
	size_t env = 0;
	size_t proxies = 0;
	const char **out;

	while (run->env[env])
		env++;
	while (run->proxies[proxies])
		proxies++;
	out = mem_alloc((env + proxies + 1) * sizeof(*out));
	memcpy(out, run->env, env * sizeof(*out));
	memcpy(out + env, run->proxies, proxies * sizeof(*out));
	return out;
}

static struct sandbox_layer *join_layers(const struct product *p, size_t *count_out)
{
	size_t below = p->base ? p->base->image.manifest.layer_count : 0;
	struct sandbox_layer *out = mem_alloc((below + p->layers.len + 1) * sizeof(*out));

	for (size_t i = 0; i < below; i++) {
		out[i].descriptor = p->base->image.manifest.layers[i];
		out[i].diff_id = config_diff_id(&p->base->image.config, i);
	}
	for (size_t i = 0; i < p->layers.len; i++) {
		out[below + i].descriptor = p->layers.items[i].descriptor;
		out[below + i].diff_id = p->layers.items[i].diff_id;
	}
	*count_out = below + p->layers.len;
	return out;
}

/* The end of the log as far as a message can hold it, and where the rest is. */
static bool step_failed(struct log *log, const struct step *step, int status, struct err *err)
{
	AUTO(buf_free) struct buf tail = BUF_INIT(LIMIT_COMMAND_OUTPUT);
	AUTO(auto_free)
	char *shown = str_printable(step->in->original, strlen(step->in->original), 80);
	struct err ignored = { 0 };
	const char *text = "";

	if (log_tail(&tail, log, TAIL_LINES, &ignored)) {
		text = tail.len > TAIL_BYTES ? tail.ptr + tail.len - TAIL_BYTES : tail.ptr;
		if (text != tail.ptr && strchr(text, '\n'))
			text = strchr(text, '\n') + 1;
	}
	while (tail.len && tail.ptr[tail.len - 1] == '\n')
		tail.ptr[--tail.len] = '\0';
	err_set(err, E_STEP, "%s: exit status %d%s%s", shown, status, *text ? "\n" : "", text);
	err_hint(err, "the whole output is in %s", log_path(log));
	return dockerfile_at(step->file, step->in->place, (int)strlen(step->in->spec->name), err);
}

/* A here-document that is a program: a file to be mounted where argv[0] says. */
static bool write_script(struct fs_tmpdir *dir, char **path_out, const struct step_run *run,
			 struct err *err)
{
	if (!fs_tmpdir_open(dir, err) ||
	    !fs_write_atomic(dir->fd, "script", run->script, strlen(run->script), 0755, err))
		return false;
	if (fchmodat(dir->fd, "script", 0755, 0) < 0)
		return err_set_errno(err, "chmod a script");
	*path_out = mem_printf("%s/script", dir->path);
	return true;
}

/*
 * What the kernel makes of a file that begins with "#!": the interpreter, at most one argument, the
 * file. The sandbox looks programs up in the image, where the file is not.
 */
static const char **script_argv(struct arena *arena, const struct step_run *run)
{
	struct slice line = slice_cut(slice_of(run->script + 2), '\n', &(struct slice){ 0 });
	struct slice argument;
	const char **argv = ARENA_ARRAY(arena, const char *, 4);
	size_t count = 0;

	line = slice_trim(line, " \t\r");
	argv[count++] = arena_slice(arena, slice_cut(line, ' ', &argument));
	if (argument.ptr)
		argv[count++] = arena_slice(arena, slice_trim(argument, " \t"));
	argv[count] = run->argv[0];
	return argv;
}

static bool run(struct layer *out, struct build *b, const struct product *p,
		const struct step *step, uint64_t task, struct err *err)
{
	AUTO(auto_free) const char **env = join_env(&step->run);
	AUTO(auto_log_close) struct log *log = NULL;
	AUTO(auto_layer_writer_close) struct layer_writer *writer = NULL;
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_free) char *script = NULL;
	AUTO(arena_free) struct arena arena = { 0 };
	size_t layer_count;
	AUTO(auto_free) struct sandbox_layer *layers = join_layers(p, &layer_count);
	struct sandbox_mount mount = { .kind = SANDBOX_BIND,
				       .target = step->run.argv[0],
				       .read_only = true };
	struct sandbox_result result = { 0 };
	struct sandbox_spec spec = {
		.store = b->env->store,
		.layers = layers,
		.layer_count = layer_count,
		.isolation = b->req->isolation,
		.argv = step->run.argv,
		.env = env,
		.cwd = step->run.cwd,
		.user = step->run.user,
		.hostname = "buildkitsandbox",
		.network = b->req->network && !step->run.no_network,
		.mounts = &mount,
		.stdin_fd = -1,
		.tty_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
	};
	struct watch watch = { .sink = { watch_write, watch_finish },
			       .events = b->env->events,
			       .task = task };

	if (step->run.script) {
		if (!write_script(&dir, &script, &step->run, err))
			return false;
		mount.source = script;
		spec.mount_count = 1;
		spec.argv = script_argv(&arena, &step->run);
	}
	if (!log_open(&log, b->env->store, "build", step->in->original, err) ||
	    !layer_writer_open(&writer, b->env->store, &b->req->layer, err))
		return false;
	watch.log = log_sink(log);
	spec.output = &watch.sink;
	spec.diff = layer_writer_sink(writer);
	if (!sandbox_run(&result, b->env->sandbox, &spec, err)) {
		err_wrap(err, "RUN");
		return dockerfile_at(step->file, step->in->place, 3, err);
	}
	if (!log_finish(log, result.status, err))
		return false;
	if (result.status)
		return step_failed(log, step, result.status, err);
	return layer_writer_commit(out, writer, err);
}

/* Whether this machine runs programs of another architecture: by itself, or through binfmt_misc. */
static bool can_run(const struct platform *want)
{
	static const struct {
		const char *architecture, *handler, *host;
	} rows[] = {
		{ "amd64", "qemu-x86_64", NULL },    { "386", "qemu-i386", "amd64" },
		{ "arm64", "qemu-aarch64", NULL },   { "arm", "qemu-arm", "arm64" },
		{ "ppc64le", "qemu-ppc64le", NULL }, { "s390x", "qemu-s390x", NULL },
		{ "riscv64", "qemu-riscv64", NULL },
	};
	struct platform host = platform_host();

	if (str_eq(host.architecture, want->architecture))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(auto_free)
		char *path = mem_printf("/proc/sys/fs/binfmt_misc/%s", rows[i].handler);

		if (str_eq(rows[i].architecture, want->architecture))
			return (rows[i].host && str_eq(rows[i].host, host.architecture)) ||
			       access(path, F_OK) == 0;
	}
	return false;
}

static bool check_host(struct build *b, const struct plan_stage *stage, const struct step *step,
		       struct err *err)
{
	if (!b->env->sandbox)
		err_set(err, E_UNSUPPORTED, "RUN: no sandbox to run commands in");
	else if (can_run(&stage->platform))
		return true;
	else
		err_set(err, E_UNSUPPORTED, "RUN for %s: this machine cannot run its programs",
			platform_format(&stage->platform).text);
	if (b->env->sandbox)
		err_hint(err, "install qemu-user-static, or begin the stage with FROM "
			      "--platform=$BUILDPLATFORM");
	return dockerfile_at(step->file, step->in->place, 3, err);
}

bool runstep_run(struct layer *out, bool *cached_out, struct build *b, size_t stage,
		 const struct step *step, uint64_t task, struct err *err)
{
	struct product *p = &b->products[stage];
	struct digest key = run_key(b, p, &b->plan->stages[stage], &step->run);

	*cached_out = false;
	if (step->run.mount_count) {
		err_set(err, E_UNSUPPORTED, "RUN --mount is not supported yet");
		return dockerfile_at(step->file, step->run.mounts[0].place, 7, err);
	}
	if (!b->req->no_cache && !cache_find(out, cached_out, b->env->store, &key, err))
		return false;
	if (*cached_out)
		return true;
	if (!check_host(b, &b->plan->stages[stage], step, err))
		return false;
	if (p->base && !base_fetch(b, p->base, err))
		return false;
	return run(out, b, p, step, task, err) &&
	       cache_put(b->env->store, &key, out, step->in->original, err);
}
