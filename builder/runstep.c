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
#include "builder/foreign.h"
#include "builder/mountset.h"
#include "builder/runoptions.h"
#include "builder/stepcache.h"
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

static bool has_network(const struct build *b, const struct step_run *run)
{
	return run->host_network || (b->req->network && !run->no_network);
}

/* Row 64: the layers below, and everything the command can see of the request; not proxies. */
static struct digest run_key(const struct build *b, const struct product *p,
			     const struct plan_stage *stage, const struct step *step,
			     const struct mount_set *mounts)
{
	const struct step_run *run = &step->run;
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
	cache_key_number(&k, has_network(b, run));
	cache_key_text(&k, platform_format(&stage->platform).text);
	mountset_key(&k, mounts, step);
	run_options_key(&k, b->req);
	if (run->insecure)
		cache_key_text(&k, "insecure");
	return cache_key_end(&k);
}

static bool has_name_of(const struct str_list *list, const char *pair)
{
	size_t len = strcspn(pair, "=") + 1;

	for (size_t i = 0; i < list->len; i++)
		if (strncmp(list->items[i], pair, len) == 0)
			return true;
	return false;
}

/* What the key knows, then what it must not: proxies, secrets. A secret takes the place of a
 * variable of its name. */
static const char **join_env(const struct step_run *run, const struct str_list *secrets)
{
	const char *const *lists[] = { run->env, run->proxies };
	const char **out;
	size_t count = secrets->len, at = 0;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t k = 0; lists[i][k]; k++)
			count++;
	out = mem_alloc((count + 1) * sizeof(*out));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t k = 0; lists[i][k]; k++)
			if (!has_name_of(secrets, lists[i][k]))
				out[at++] = lists[i][k];
	for (size_t i = 0; i < secrets->len; i++)
		out[at++] = secrets->items[i];
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

static void mount_script(struct mount_set *mounts, const struct step_run *run)
{
	*ARRAY_PUSH(&mounts->list) = (struct sandbox_mount){ .kind = SANDBOX_FILE,
							     .target = run->argv[0],
							     .read_only = true,
							     .mode = 0755,
							     .data = run->script,
							     .len = strlen(run->script) };
}

static void apply_options(struct sandbox_spec *spec, struct buf *hosts, const struct run_options *o)
{
	if (!o)
		return;
	run_options_hosts(hosts, o);
	spec->hosts = hosts->ptr;
	spec->shm_size = o->shm_size;
	spec->limits = o->limits.items;
	spec->limit_count = o->limits.len;
}

static struct sandbox_spec make_spec(const struct build *b, const struct step_run *run,
				     const char *const *env)
{
	return (struct sandbox_spec){ .store = b->env->store,
				      .isolation = b->req->isolation,
				      .argv = run->argv,
				      .env = env,
				      .cwd = run->cwd,
				      .user = run->user,
				      .hostname = run_options_hostname(b->req),
				      .network = has_network(b, run),
				      .insecure = run->insecure,
				      .stdin_fd = -1,
				      .tty_fd = -1,
				      .stdout_fd = -1,
				      .stderr_fd = -1 };
}

static bool run(struct layer *out, struct build *b, const struct product *p,
		const struct step *step, struct mount_set *mounts, uint64_t task, struct err *err)
{
	AUTO(auto_free) const char **env = join_env(&step->run, &mounts->env);
	AUTO(auto_log_close) struct log *log = NULL;
	AUTO(auto_layer_writer_close) struct layer_writer *writer = NULL;
	struct sandbox_result result = { 0 };
	struct sandbox_spec spec = make_spec(b, &step->run, env);
	const struct layer_options layer = execute_layer_options(b, (size_t)(p - b->products));
	AUTO(auto_free) struct sandbox_layer *layers = join_layers(p, &spec.layer_count);
	AUTO(buf_free) struct buf hosts = BUF_INIT(LIMIT_SETTINGS_FILE);
	struct watch watch = { .sink = { watch_write, watch_finish },
			       .events = b->env->events,
			       .task = task };

	if (step->run.script) {
		mount_script(mounts, &step->run);
		spec.argv = script_argv(&mounts->arena, &step->run);
	}
	spec.layers = layers;
	apply_options(&spec, &hosts, b->req->run_options);
	spec.mounts = mounts->list.items;
	spec.mount_count = mounts->list.len;
	if (!log_open(&log, b->env->store, "build", step->in->original, err) ||
	    !layer_writer_open(&writer, b->env->store, &layer, err))
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

/* The handler's program must be in the image when the kernel has not opened it already. */
static bool check_platform(struct build *b, size_t stage, const struct step *step, struct err *err)
{
	const struct plan_stage *s = &b->plan->stages[stage];
	const struct product *p = &b->products[stage];
	AUTO(auto_tree_close) struct tree *tree = NULL;
	const struct entry *found;
	struct foreign way;

	foreign_find(&way, &s->platform, NULL);
	if (way.how == FOREIGN_NOT)
		return foreign_refuse(step->file, step->in, &s->platform, err);
	if (way.how != FOREIGN_INSIDE)
		return true;
	if (!base_tree(&tree, b, p->base, p->layers.items, p->layers.len, err) ||
	    !tree_find(&found, NULL, tree, way.interpreter, true, err))
		return false;
	if (found)
		return true;
	foreign_refuse(step->file, step->in, &s->platform, err);
	return err_wrap(err, "the handler %s is not in the image", way.interpreter);
}

/* What one RUN works with. */
struct task {
	struct build *b;
	size_t stage;
	const struct step *step;
	struct mount_set mounts;
	uint64_t id; /* of its events */
};

static void task_free(struct task *t)
{
	mountset_free(&t->mounts);
}

/* What has to be waited for comes before the slot. */
static bool make(struct layer *out, struct task *t, struct err *err)
{
	struct build *b = t->b;
	struct product *p = &b->products[t->stage];
	bool ok;

	if (!b->env->sandbox) {
		err_set(err, E_UNSUPPORTED, "RUN: no sandbox to run commands in");
		return dockerfile_at(t->step->file, t->step->in->place, 3, err);
	}
	if ((p->base && !base_fetch(b, p->base, err)) ||
	    !stepcache_fetch(b, p->layers.items, p->layers.len, err) ||
	    !check_platform(b, t->stage, t->step, err) ||
	    !mountset_ready(&t->mounts, b, t->step, err) || !shared_take_slot(b->shared, err))
		return false;
	ok = run(out, b, p, t->step, &t->mounts, t->id, err);
	shared_drop_slot(b->shared);
	return ok;
}

static struct digest task_key(const struct task *t)
{
	return run_key(t->b, &t->b->products[t->stage], &t->b->plan->stages[t->stage], t->step,
		       &t->mounts);
}

/* By the layers of what is mounted, which costs nothing; then by what is seen of them. */
static bool find_or_make(struct layer *out, bool *cached_out, struct task *t,
			 const struct digest *key, struct err *err)
{
	struct build *b = t->b;
	struct digest content;
	bool learnt;

	if (!stepcache_find(out, cached_out, b, t->stage, key, STEPCACHE_DEFINED, err))
		return false;
	if (*cached_out)
		return true;
	if (!mountset_learn(&learnt, &t->mounts, b, t->step, err))
		return false;
	content = task_key(t);
	if (learnt &&
	    !stepcache_find(out, cached_out, b, t->stage, &content, STEPCACHE_DEFINED, err))
		return false;
	if (!*cached_out && !make(out, t, err))
		return false;
	return (!learnt || *cached_out ||
		stepcache_put(b, &content, STEPCACHE_DEFINED, out, t->step, err)) &&
	       stepcache_put(b, key, STEPCACHE_DEFINED, out, t->step, err);
}

bool runstep_run(struct layer *out, bool *cached_out, struct build *b, size_t stage,
		 const struct step *step, uint64_t id, struct err *err)
{
	AUTO(task_free) struct task t = { .b = b, .stage = stage, .step = step, .id = id };
	struct digest key;
	bool ok;

	*cached_out = false;
	if (!run_options_check_step(b->req, step, err) ||
	    !mountset_find(&t.mounts, b, stage, step, err))
		return false;
	key = task_key(&t);
	*cached_out = flight_join(&b->shared->company->flights, &key, out);
	if (*cached_out)
		return true;
	ok = find_or_make(out, cached_out, &t, &key, err);
	flight_land(&b->shared->company->flights, &key, ok ? out : NULL);
	return ok;
}
