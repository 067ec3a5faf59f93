// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "image/media.h"
#include "sandbox/exchange.h"
#include "sandbox/helper.h"

/* The parent's side: asking the helper, and moving bytes while it works. */

bool sandbox_start(struct sandbox **out, struct err *err)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, "socketpair");
	pid = fork();
	if (pid == 0)
		helper_main(pair[1]);
	close(pair[1]);
	if (pid < 0) {
		err_set_errno(err, "start the sandbox helper");
		close(pair[0]);
		return false;
	}
	*out = mem_alloc(sizeof(**out));
	**out = (struct sandbox){ .sock = pair[0], .pid = pid };
	return true;
}

void sandbox_stop(struct sandbox *s)
{
	if (!s)
		return;
	/* The end of the socket is the helper's sign to end, after its workers have. */
	auto_close(&s->sock);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(s);
}

bool sandbox_probe(struct buf *reasons_out, struct sandbox *s, struct store *store,
		   enum sandbox_isolation want, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	struct request r = REQUEST_INIT;
	struct err ignored = { 0 };
	const char *reasons;
	bool ok;

	r.op = REQUEST_PROBE;
	r.store = store_path(store);
	r.isolation = want;
	ok = exchange_ask(&x, s, &r, NULL, 0, err);
	if (x.answered && x.answer.at < x.answer.body.len &&
	    message_text(&reasons, &x.answer, &ignored))
		buf_put(reasons_out, reasons);
	return ok;
}

bool sandbox_remove(struct sandbox *s, struct store *store, const char *path, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	struct request r = REQUEST_INIT;

	r.op = REQUEST_REMOVE;
	r.store = store_path(store);
	r.path = path;
	return exchange_ask(&x, s, &r, NULL, 0, err);
}

/* Unpacking what has no tree yet, a layer a job. */
struct unpack_jobs {
	struct sandbox *sandbox;
	struct store *store;
	struct {
		struct sandbox_layer *items; /* of the root and of every mount */
		size_t len, cap;
	} layers;
	enum sandbox_isolation isolation; /* of the command they are for */
	const char **missing;             /* diff ids in hex, each once */
	size_t missing_count;
};

static void jobs_free(struct unpack_jobs *jobs)
{
	free(jobs->layers.items);
	free(jobs->missing);
}

static void push_layers(struct unpack_jobs *jobs, const struct sandbox_layer *layers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*ARRAY_PUSH(&jobs->layers) = layers[i];
}

static const struct sandbox_layer *find_layer(const struct unpack_jobs *jobs, const char *hex)
{
	for (size_t i = 0; i < jobs->layers.len; i++)
		if (str_eq(digest_hex(&jobs->layers.items[i].diff_id).text, hex))
			return &jobs->layers.items[i];
	return NULL;
}

static bool unpack_one(void *arg, size_t job, struct err *err)
{
	const struct unpack_jobs *jobs = arg;
	const struct sandbox_layer *layer = find_layer(jobs, jobs->missing[job]);
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	AUTO(auto_close) int blob = -1;
	struct request r = REQUEST_INIT;

	if (!layer)
		return err_set(err, E_INTEGRITY, "the sandbox helper wants a layer nobody named");
	if (!store_blob_fd(&blob, jobs->store, &layer->descriptor.digest, err))
		return err_wrap(err, "layer %s", digest_format(&layer->descriptor.digest).text);
	r.op = REQUEST_UNPACK;
	r.store = store_path(jobs->store);
	r.isolation = jobs->isolation;
	r.layers = layer;
	r.layer_count = 1;
	r.compression = media_find(layer->descriptor.media_type)->compression;
	return exchange_ask(&x, jobs->sandbox, &r, &blob, 1, err) ||
	       err_wrap(err, "layer %s", digest_format(&layer->descriptor.digest).text);
}

static bool unpack_missing(struct sandbox *s, const struct sandbox_spec *spec, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	AUTO(jobs_free)
	struct unpack_jobs jobs = { .sandbox = s,
				    .store = spec->store,
				    .isolation = spec->isolation };
	struct request r = REQUEST_INIT;

	push_layers(&jobs, spec->layers, spec->layer_count);
	for (size_t i = 0; i < spec->mount_count; i++)
		push_layers(&jobs, spec->mounts[i].layers, spec->mounts[i].layer_count);
	if (!jobs.layers.len)
		return true;
	r.op = REQUEST_MISSING;
	r.store = store_path(spec->store);
	r.layers = jobs.layers.items;
	r.layer_count = jobs.layers.len;
	if (!exchange_ask(&x, s, &r, NULL, 0, err) || !message_list(&jobs.missing, &x.answer, err))
		return false;
	while (jobs.missing[jobs.missing_count])
		jobs.missing_count++;
	return !jobs.missing_count ||
	       parallel_run(jobs.missing_count, parallel_cpus(), unpack_one, &jobs, err);
}

static size_t list_size(const char *const *list)
{
	size_t size = 0;

	for (size_t i = 0; list && list[i]; i++)
		size += strlen(list[i]) + 1;
	return size;
}

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

static bool check_mount(const struct sandbox_mount *m, struct err *err)
{
	bool from_host = m->kind == SANDBOX_BIND || m->kind == SANDBOX_SOCKET;

	if (!is_absolute(m->target) || (from_host && !is_absolute(m->source)))
		return err_set(err, E_INPUT, "mount on '%s': paths must be absolute", m->target);
	if (m->layer_count > LIMIT_LAYERS)
		return err_set(err, E_UNSUPPORTED, "%zu layers are more than the limit of %d",
			       m->layer_count, LIMIT_LAYERS);
	if (m->uid > LIMIT_ID || m->gid > LIMIT_ID)
		return err_set(err, E_INPUT, "owner %u:%u of %s: ids go up to %d", m->uid, m->gid,
			       m->target, LIMIT_ID);
	if (m->len > LIMIT_MOUNTED_FILE)
		return err_set(err, E_INPUT, "the file for %s is larger than the limit of %d KiB",
			       m->target, LIMIT_MOUNTED_FILE / KIB);
	return true;
}

static bool check_spec(const struct sandbox_spec *spec, struct err *err)
{
	if (!spec->argv || !spec->argv[0] || !spec->argv[0][0])
		return err_set(err, E_INPUT, "there is no command to run");
	if (list_size(spec->argv) + list_size(spec->env) > LIMIT_SANDBOX_ARGS)
		return err_set(err, E_INPUT,
			       "arguments and environment are larger than the limit of %d bytes",
			       LIMIT_SANDBOX_ARGS);
	if (spec->layer_count > LIMIT_LAYERS)
		return err_set(err, E_UNSUPPORTED, "%zu layers are more than the limit of %d",
			       spec->layer_count, LIMIT_LAYERS);
	if (spec->mount_count > LIMIT_SANDBOX_MOUNTS)
		return err_set(err, E_INPUT, "%zu mounts are more than the limit of %d",
			       spec->mount_count, LIMIT_SANDBOX_MOUNTS);
	for (size_t i = 0; i < spec->mount_count; i++)
		if (!check_mount(&spec->mounts[i], err))
			return false;
	return true;
}

/* The descriptors a run hands over: the command's three streams, then the diff's pipe. */
struct streams {
	int fds[REQUEST_STARTED_FD];
	size_t count;
	int owned[4]; /* closed after sending, so that the pipes end with the command */
};

static void streams_close(struct streams *s)
{
	for (size_t i = 0; i < ARRAY_LEN(s->owned); i++)
		auto_close(&s->owned[i]);
}

static bool open_streams(struct streams *s, struct exchange *x, const struct sandbox_spec *spec,
			 struct err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	s->owned[0] = null;
	if (null < 0)
		return err_set_errno(err, "/dev/null");
	s->fds[0] = spec->stdin_fd >= 0 ? spec->stdin_fd : null;
	s->fds[1] = spec->stdout_fd >= 0 ? spec->stdout_fd : null;
	s->fds[2] = spec->stderr_fd >= 0 ? spec->stderr_fd : null;
	s->count = 3;
	if (spec->output) {
		if (!exchange_pipe(&s->owned[1], x, POLL_OUTPUT, spec->output, err))
			return false;
		s->fds[1] = s->fds[2] = s->owned[1];
	}
	if (spec->diff && !exchange_pipe(&s->owned[2], x, POLL_DIFF, spec->diff, err))
		return false;
	if (spec->diff || spec->reports)
		s->fds[s->count++] = spec->diff ? s->owned[2] : null;
	if (spec->reports)
		s->fds[s->count++] = spec->started_fd;
	return true;
}

static bool read_result(struct sandbox_result *out, struct message *answer, struct err *err)
{
	uint64_t status, diff_written;

	if (!message_number(&status, answer, INT32_MAX, err) ||
	    !message_number(&diff_written, answer, 1, err))
		return false;
	out->status = (int)status;
	out->diff_written = diff_written;
	return true;
}

static bool run(struct sandbox_result *out, struct sandbox *s, const struct sandbox_spec *spec,
		const struct request *r, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	AUTO(streams_close) struct streams streams = { .owned = { -1, -1, -1, -1 } };
	bool ok;

	exchange_init(&x);
	if (!open_streams(&streams, &x, spec, err))
		return false;
	if (spec->timeout_ms > 0)
		x.deadline_ms = clock_monotonic_ms() + (uint64_t)spec->timeout_ms;
	if (!exchange_send(&x, s, r, streams.fds, streams.count, err))
		return false;
	streams_close(&streams); /* the pipes end with the command, not with us */
	ok = exchange_finish(&x, err);
	if (x.sink_err.code) {
		*err = x.sink_err;
		return false;
	}
	if (ok)
		return read_result(out, &x.answer, err);
	if (!x.timed_out || err->code != E_CANCELLED)
		return false;
	err_clear(err);
	*out = (struct sandbox_result){ .status = 128 + SIGKILL, .timed_out = true };
	return true;
}

bool sandbox_lock_trees(int *fd_out, struct store *store, bool alone, struct err *err)
{
	AUTO(auto_close) int dir = -1;
	AUTO(auto_close) int fd = -1;
	int how = alone ? LOCK_EX | LOCK_NB : LOCK_SH;

	*fd_out = -1;
	if (!store_subdir(&dir, store, "locks", err) ||
	    !fs_open(&fd, dir, "trees", O_RDWR | O_CREAT, 0600, FS_BENEATH_NOLINK, err))
		return false;
	while (flock(fd, how) < 0) {
		if (errno == EWOULDBLOCK)
			return true;
		if (errno != EINTR || !cancel_check(err))
			return err->code ? false : err_set_errno(err, "lock the trees");
	}
	*fd_out = steal_fd(&fd);
	return true;
}

bool sandbox_run(struct sandbox_result *out, struct sandbox *s, const struct sandbox_spec *spec,
		 struct err *err)
{
	static const char *const no_env[] = { NULL };
	AUTO(auto_close) int trees = -1;
	struct request r = { .op = REQUEST_RUN,
			     .isolation = spec->isolation,
			     .argv = spec->argv,
			     .env = spec->env ? spec->env : no_env,
			     .cwd = spec->cwd ? spec->cwd : "",
			     .user = spec->user ? spec->user : "",
			     .own_ids = spec->own_ids,
			     .hostname = spec->hostname ? spec->hostname : "rtbuild",
			     .network = spec->network,
			     .insecure = spec->insecure,
			     .hosts = spec->hosts ? spec->hosts : "",
			     .shm_size = spec->shm_size,
			     .limits = spec->limits,
			     .limit_count = spec->limit_count,
			     .want_diff = spec->diff != NULL,
			     .mount_count = spec->mount_count };

	*out = (struct sandbox_result){ 0 };
	if (!check_spec(spec, err) || !sandbox_lock_trees(&trees, spec->store, false, err))
		return false;
	r.store = store_path(spec->store);
	r.layers = spec->layers;
	r.layer_count = spec->layer_count;
	r.mounts = (struct sandbox_mount *)(uintptr_t)spec->mounts;
	return unpack_missing(s, spec, err) && run(out, s, spec, &r, err);
}

bool sandbox_exec(struct sandbox_result *out, struct sandbox *s, struct store *store,
		  const struct sandbox_exec *e, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	AUTO(auto_close) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int fds[] = { e->stdin_fd >= 0 ? e->stdin_fd : null,
			    e->stdout_fd >= 0 ? e->stdout_fd : null,
			    e->stderr_fd >= 0 ? e->stderr_fd : null, e->target };
	struct request r = REQUEST_INIT;

	*out = (struct sandbox_result){ 0 };
	if (null < 0)
		return err_set_errno(err, "/dev/null");
	r.op = REQUEST_EXEC;
	r.store = store_path(store);
	r.isolation = ISOLATION_BUILTIN;
	r.argv = e->argv;
	r.env = e->env;
	r.cwd = e->cwd ? e->cwd : "/";
	r.user = e->user ? e->user : "";
	return exchange_ask(&x, s, &r, fds, ARRAY_LEN(fds), err) &&
	       read_result(out, &x.answer, err);
}
