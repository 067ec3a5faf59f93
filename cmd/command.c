// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/parallel.h"

/* A command in an image: what it is told, and where its output goes. */

/* One stream of the command: to ours and to the log. */
struct tee {
	int from, to;
	struct sink *log;
	struct thread *thread;
};

static void tee_main(void *arg)
{
	struct tee *t = arg;
	char piece[16 * 1024];
	ssize_t n;

	while ((n = read(t->from, piece, sizeof(piece))) != 0) {
		struct err ignored = { 0 };

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		/* The command must not hang on a closed stdout or a full disk: what can be kept is.
		 */
		if (t->to >= 0 && !fs_write_all(t->to, piece, (size_t)n, &ignored))
			t->to = -1;
		if (t->log && !sink_write(t->log, piece, (size_t)n, &ignored))
			t->log = NULL;
	}
}

/* *write_end_out is what the command writes to; close it before joining. */
static bool tee_start(struct tee *t, int *write_end_out, int to, struct sink *log, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, "pipe");
	*t = (struct tee){ .from = fds[0], .to = to, .log = log };
	*write_end_out = fds[1];
	return thread_start(&t->thread, tee_main, t, err);
}

static void tee_join(struct tee *t)
{
	if (t->thread)
		thread_join(t->thread);
	t->thread = NULL;
	auto_close(&t->from);
}

void command_free(struct command *c)
{
	str_list_free(&c->argv);
	str_list_free(&c->env);
	str_list_free(&c->paths);
	free(c->mounts);
	free(c->layers);
}

void command_push_json(struct str_list *out, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) if (json_is_string(item))
		str_list_push(out, json_string_value(item));
}

void command_set_env(struct str_list *env, const char *pair)
{
	size_t key = strcspn(pair, "=") + 1;

	for (size_t i = 0; i < env->len; i++)
		if (strncmp(env->items[i], pair, key) == 0) {
			free(env->items[i]);
			env->items[i] = mem_strdup(pair);
			return;
		}
	str_list_push(env, pair);
}

void command_add_env(struct str_list *env, const struct str_list *given)
{
	for (size_t i = 0; i < given->len; i++) {
		const char *text = given->items[i], *value = env_get(text);
		AUTO(auto_free) char *pair = NULL;

		if (strchr(text, '=')) {
			command_set_env(env, text);
		} else if (value) {
			pair = mem_printf("%s=%s", text, value);
			command_set_env(env, pair);
		}
	}
}

void command_env(struct command *c, const struct config *config, const struct str_list *set)
{
	AUTO(str_list_free) struct str_list own = { 0 };

	command_set_env(&c->env,
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	command_push_json(&own, config_member(config, "Env"));
	for (size_t i = 0; i < own.len; i++)
		command_set_env(&c->env, own.items[i]);
	command_add_env(&c->env, set);
}

bool command_mounts(struct command *c, const struct str_list *volumes, struct err *err)
{
	c->mounts = mem_alloc((volumes->len + 1) * sizeof(*c->mounts));
	for (size_t i = 0; i < volumes->len; i++) {
		struct slice mode = { 0 }, rest,
			     host = slice_cut(slice_of(volumes->items[i]), ':', &rest);
		struct slice target = rest.ptr ? slice_cut(rest, ':', &mode) : rest;
		AUTO(auto_free) char *typed = mem_strndup(host.ptr, host.len);
		char *absolute = target.len && target.ptr[0] == '/' ? fs_absolute(typed) : NULL;

		if (!absolute) {
			err_set(err, E_USAGE, "-v '%s': cannot bind that", volumes->items[i]);
			return err_hint(err, "-v EXISTING-HOST-PATH:/ABSOLUTE/PATH[:ro]");
		}
		str_list_push_take(&c->paths, absolute);
		str_list_push_take(&c->paths, mem_strndup(target.ptr, target.len));
		c->mounts[i] =
			(struct sandbox_mount){ .kind = SANDBOX_BIND,
						.source = c->paths.items[2 * i],
						.target = c->paths.items[2 * i + 1],
						.read_only = mode.ptr && slice_eq(mode, "ro") };
	}
	return true;
}

void command_layers(struct command *c, const struct image *img)
{
	c->layers = mem_alloc((img->manifest.layer_count + 1) * sizeof(*c->layers));
	for (size_t i = 0; i < img->manifest.layer_count; i++)
		c->layers[i] = (struct sandbox_layer){ img->manifest.layers[i],
						       config_diff_id(&img->config, i) };
}

char *command_line(const struct str_list *argv)
{
	AUTO(buf_free) struct buf text = BUF_INIT((size_t)1 << 30);

	for (size_t i = 0; i < argv->len; i++)
		buf_putf(&text, "%s%s", i ? " " : "", argv->items[i]);
	return buf_steal(&text);
}

bool command_run(struct sandbox_result *result, struct session *s, struct sandbox_spec *spec,
		 struct log *log, struct err *err)
{
	AUTO(tee_join) struct tee out = { .from = -1 }, errors = { .from = -1 };
	AUTO(auto_close) int out_fd = -1, err_fd = -1;
	bool ok;

	ok = tee_start(&out, &out_fd, STDOUT_FILENO, log_sink(log), err) &&
	     tee_start(&errors, &err_fd, STDERR_FILENO, log_sink(log), err);
	if (ok) {
		spec->stdout_fd = out_fd;
		spec->stderr_fd = err_fd;
		ok = sandbox_run(result, s->sandbox, spec, err);
	}
	auto_close(&out_fd); /* the tees end when nobody can write any more */
	auto_close(&err_fd);
	return ok;
}
