// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "image/media.h"
#include "sandbox/helper.h"
#include "sandbox/request.h"

/* The parent's side: asking the helper, and moving bytes while it works. */

struct sandbox {
	int sock;
	pid_t pid;
};

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

/* One request under way. Pipes are -1 when there are none. */
enum { POLL_REPLY, POLL_OUTPUT, POLL_DIFF, POLL_CANCEL, POLLS };
struct exchange {
	struct pollfd fds[POLLS];
	struct sink *sinks[POLLS];
	struct message answer;
	bool answered; /* or will never be */
	bool stopping; /* we asked it to */
	bool timed_out;
	uint64_t deadline_ms; /* monotonic; 0: none */
	struct err sink_err;  /* our side's failure: the sandbox is stopped for it */
};

#define EXCHANGE_INIT                                                              \
	{                                                                          \
		.fds = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 }, { .fd = -1 } }, \
		.answer = MESSAGE_INIT                                             \
	}

static void exchange_init(struct exchange *x)
{
	for (size_t i = 0; i < POLLS; i++)
		x->fds[i].events = POLLIN;
	x->fds[POLL_CANCEL].fd = cancel_fd();
}

static void exchange_free(struct exchange *x)
{
	message_free(&x->answer);
	for (size_t i = 0; i < POLL_CANCEL; i++)
		auto_close(&x->fds[i].fd);
}

/* A byte on the reply socket; the worker kills, cleans up and answers. */
static void stop(struct exchange *x)
{
	x->stopping = true;
	x->fds[POLL_CANCEL].fd = -1;
	if (send(x->fds[POLL_REPLY].fd, "", 1, MSG_NOSIGNAL) < 0)
		errno = 0; /* it has ended already: its answer or the end of the socket comes */
}

/* A piece from a pipe to its sink. After a failure the rest is read and dropped, so that nothing
 * hangs. */
static void pump(struct exchange *x, int which)
{
	enum { PIECE = 128 * 1024 };
	AUTO(auto_free) char *piece = mem_alloc(PIECE);
	ssize_t n = read(x->fds[which].fd, piece, PIECE);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		auto_close(&x->fds[which].fd);
		return;
	}
	if (x->sink_err.code || x->stopping ||
	    sink_write(x->sinks[which], piece, (size_t)n, &x->sink_err))
		return;
	stop(x);
}

static int time_left(const struct exchange *x)
{
	uint64_t now = clock_monotonic_ms();

	if (!x->deadline_ms || x->stopping)
		return -1;
	return now >= x->deadline_ms              ? 0
	       : x->deadline_ms - now > INT32_MAX ? INT32_MAX
						  : (int)(x->deadline_ms - now);
}

static bool finished(const struct exchange *x)
{
	return x->answered && x->fds[POLL_OUTPUT].fd < 0 && x->fds[POLL_DIFF].fd < 0;
}

static bool exchange_loop(struct exchange *x, struct err *err)
{
	bool more;

	while (!finished(x)) {
		int n = poll(x->fds, POLLS, time_left(x));

		if (n < 0 && errno != EINTR)
			return err_set_errno(err, "poll");
		if (n < 0)
			continue;
		if (n == 0) {
			x->timed_out = true;
			stop(x);
			continue;
		}
		if (x->fds[POLL_CANCEL].fd >= 0 && x->fds[POLL_CANCEL].revents)
			stop(x);
		if (x->fds[POLL_OUTPUT].fd >= 0 && x->fds[POLL_OUTPUT].revents)
			pump(x, POLL_OUTPUT);
		if (x->fds[POLL_DIFF].fd >= 0 && x->fds[POLL_DIFF].revents)
			pump(x, POLL_DIFF);
		if (x->fds[POLL_REPLY].fd >= 0 && x->fds[POLL_REPLY].revents) {
			if (!message_receive(&x->answer, &more, x->fds[POLL_REPLY].fd, err))
				return false;
			if (!more)
				return err_set(err, E_IO, "the sandbox helper died");
			x->answered = true;
			auto_close(&x->fds[POLL_REPLY].fd);
		}
	}
	return true;
}

static bool exchange_send(struct exchange *x, struct sandbox *s, const struct request *r,
			  const int *fds, size_t fd_count, struct err *err)
{
	AUTO(message_free) struct message w = MESSAGE_INIT;
	int all[MESSAGE_FDS], pair[2];
	bool sent;

	if (!cancel_check(err))
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, "socketpair");
	x->fds[POLL_REPLY].fd = pair[0];
	all[REQUEST_REPLY_FD] = pair[1];
	for (size_t i = 0; i < fd_count; i++)
		all[i + 1] = fds[i];
	request_encode(&w, r);
	sent = message_send(s->sock, &w, all, fd_count + 1, err);
	close(pair[1]);
	return sent;
}

/* Serve the pipes until the answer is there, and read the error it begins with. */
static bool exchange_finish(struct exchange *x, struct err *err)
{
	struct err told = { 0 };

	if (!exchange_loop(x, err) || !message_err(&told, &x->answer, err))
		return false;
	if (told.code)
		*err = told;
	return told.code == E_NONE;
}

/* A request without pipes. */
static bool ask(struct exchange *x, struct sandbox *s, const struct request *r, const int *fds,
		size_t fd_count, struct err *err)
{
	exchange_init(x);
	return exchange_send(x, s, r, fds, fd_count, err) && exchange_finish(x, err);
}

static const struct request empty_request = { .cwd = "", .user = "", .hostname = "" };

bool sandbox_probe(struct buf *reasons_out, struct sandbox *s, struct store *store,
		   enum sandbox_isolation want, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	struct request r = empty_request;
	struct err ignored = { 0 };
	const char *reasons;
	bool ok;

	r.op = REQUEST_PROBE;
	r.store = store_path(store);
	r.isolation = want;
	ok = ask(&x, s, &r, NULL, 0, err);
	if (x.answered && x.answer.at < x.answer.body.len &&
	    message_text(&reasons, &x.answer, &ignored))
		buf_put(reasons_out, reasons);
	return ok;
}

bool sandbox_remove(struct sandbox *s, struct store *store, const char *path, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	struct request r = empty_request;

	r.op = REQUEST_REMOVE;
	r.store = store_path(store);
	r.path = path;
	return ask(&x, s, &r, NULL, 0, err);
}

/* Unpacking what has no tree yet, a layer a job. */
struct unpack_jobs {
	struct sandbox *sandbox;
	struct store *store;
	struct {
		struct sandbox_layer *items; /* of the root and of every mount */
		size_t len, cap;
	} layers;
	const char **missing; /* diff ids in hex, each once */
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
	struct request r = empty_request;

	if (!layer)
		return err_set(err, E_INTEGRITY, "the sandbox helper wants a layer nobody named");
	if (!store_blob_fd(&blob, jobs->store, &layer->descriptor.digest, err))
		return err_wrap(err, "layer %s", digest_format(&layer->descriptor.digest).text);
	r.op = REQUEST_UNPACK;
	r.store = store_path(jobs->store);
	r.layers = layer;
	r.layer_count = 1;
	r.compression = media_find(layer->descriptor.media_type)->compression;
	return ask(&x, jobs->sandbox, &r, &blob, 1, err) ||
	       err_wrap(err, "layer %s", digest_format(&layer->descriptor.digest).text);
}

static bool unpack_missing(struct sandbox *s, const struct sandbox_spec *spec, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	AUTO(jobs_free) struct unpack_jobs jobs = { .sandbox = s, .store = spec->store };
	struct request r = empty_request;

	push_layers(&jobs, spec->layers, spec->layer_count);
	for (size_t i = 0; i < spec->mount_count; i++)
		push_layers(&jobs, spec->mounts[i].layers, spec->mounts[i].layer_count);
	if (!jobs.layers.len)
		return true;
	r.op = REQUEST_MISSING;
	r.store = store_path(spec->store);
	r.layers = jobs.layers.items;
	r.layer_count = jobs.layers.len;
	if (!ask(&x, s, &r, NULL, 0, err) || !message_list(&jobs.missing, &x.answer, err))
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
	int fds[REQUEST_DIFF_FD];
	size_t count;
	int owned[4]; /* closed after sending, so that the pipes end with the command */
};

static void streams_close(struct streams *s)
{
	for (size_t i = 0; i < ARRAY_LEN(s->owned); i++)
		auto_close(&s->owned[i]);
}

static bool open_pipe(struct exchange *x, int which, struct sink *to, int *write_fd,
		      struct err *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set_errno(err, "pipe");
	x->fds[which].fd = pair[0];
	x->sinks[which] = to;
	*write_fd = pair[1];
	return true;
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
		if (!open_pipe(x, POLL_OUTPUT, spec->output, &s->owned[1], err))
			return false;
		s->fds[1] = s->fds[2] = s->owned[1];
	}
	if (!spec->diff)
		return true;
	if (!open_pipe(x, POLL_DIFF, spec->diff, &s->owned[2], err))
		return false;
	s->fds[s->count++] = s->owned[2];
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

bool sandbox_run(struct sandbox_result *out, struct sandbox *s, const struct sandbox_spec *spec,
		 struct err *err)
{
	static const char *const no_env[] = { NULL };
	struct request r = { .op = REQUEST_RUN,
			     .isolation = spec->isolation,
			     .argv = spec->argv,
			     .env = spec->env ? spec->env : no_env,
			     .cwd = spec->cwd ? spec->cwd : "",
			     .user = spec->user ? spec->user : "",
			     .hostname = spec->hostname ? spec->hostname : "rtbuild",
			     .network = spec->network,
			     .want_diff = spec->diff != NULL,
			     .mount_count = spec->mount_count };

	*out = (struct sandbox_result){ 0 };
	if (!check_spec(spec, err))
		return false;
	r.store = store_path(spec->store);
	r.layers = spec->layers;
	r.layer_count = spec->layer_count;
	r.mounts = (struct sandbox_mount *)(uintptr_t)spec->mounts;
	return unpack_missing(s, spec, err) && run(out, s, spec, &r, err);
}
