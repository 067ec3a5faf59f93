// SPDX-License-Identifier: Apache-2.0
#include "sandbox/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/tar.h"
#include "sandbox/container.h"
#include "sandbox/probe.h"
#include "sandbox/probe_program.h"
#include "sandbox/seccomp.h"
#include "sandbox/worker.h"

/* The loop, and what is found out once for all requests: namespaces, engine, system call filter. */

struct helper {
	int sock;
	int children; /* signalfd for SIGCHLD */
	bool entered;
	struct space space;
	struct err space_err;
	struct probe probe;
	struct buf filter; /* of the built-in engine; made when first needed */
	char *upcoming;    /* a store: a command in it will follow, to be probed for when idle */
	enum sandbox_isolation upcoming_isolation;
	struct str_list swept; /* stores whose leftovers were removed */
};

static void reap(struct helper *h)
{
	struct signalfd_siginfo info;

	while (read(h->children, &info, sizeof(info)) > 0)
		;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void answer_err(int reply, const struct err *failure)
{
	struct err ignored = { 0 };
	struct message w = MESSAGE_INIT;

	message_put_err(&w, failure);
	if (!message_send(reply, &w, NULL, 0, &ignored))
		err_clear(&ignored); /* who asked is gone */
	message_free(&w);
}

static pid_t start_worker(struct helper *h, const struct worker *job)
{
	pid_t self = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != self)
		_exit(1);
	auto_close(&h->sock);
	auto_close(&h->children);
	worker_main(job);
}

static void close_fds(int fds[MESSAGE_FDS])
{
	for (size_t i = 0; i < MESSAGE_FDS; i++)
		auto_close(&fds[i]);
}

/* Wait for a probe; not for ever, and not when nobody is left to hear of it. */
static bool await(struct helper *h, struct message *answer, int reply, struct err *err)
{
	struct pollfd fds[] = { { .fd = reply, .events = POLLIN }, { .fd = h->sock } };
	bool more;
	int n;

	do
		n = poll(fds, ARRAY_LEN(fds), LIMIT_PROBE_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0 || !fds[0].revents)
		return err_set(err, E_UNSUPPORTED, "no end after %d s", LIMIT_PROBE_MS / 1000);
	if (!message_receive(answer, &more, reply, err))
		return false;
	return more || err_set(err, E_IO, "it ended without an answer");
}

static bool read_result(struct sandbox_result *out, struct message *answer, struct err *err)
{
	struct err told = { 0 };
	uint64_t status;

	if (!message_err(&told, answer, err))
		return false;
	if (told.code) {
		*err = told;
		return false;
	}
	if (!message_number(&status, answer, INT32_MAX, err))
		return false;
	out->status = (int)status;
	return true;
}

struct probe_arg {
	struct helper *helper;
	const char *store;
};

/* Without CAP_SYS_ADMIN a filter takes no_new_privs, and sudo is not to break in a RUN: there the
 * container's own filter is in force. */
static bool no_filter(const struct space *space)
{
	return space->bare;
}

/* Kept in the store behind its identity: making it takes longer than a command does. */
static bool recall_filter(struct buf *out, const char *path, const struct buf *identity)
{
	AUTO(buf_free) struct buf text = BUF_INIT(1 * MIB);
	struct err ignored = { 0 };

	if (!fs_read_path(&text, path, 1 * MIB, &ignored) || text.len <= identity->len ||
	    memcmp(text.ptr, identity->ptr, identity->len) != 0)
		return false;
	buf_put_bytes(out, text.ptr + identity->len, text.len - identity->len);
	return true;
}

static bool ensure_filter(struct helper *h, const char *store, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/cache/sandbox-filter-%u", store, geteuid());
	AUTO(buf_free) struct buf text = BUF_INIT(2 * MIB);
	struct err ignored = { 0 };

	if (h->filter.len)
		return true;
	seccomp_identity(&text);
	if (recall_filter(&h->filter, path, &text))
		return true;
	if (!seccomp_program(&h->filter, err))
		return false;
	buf_put_bytes(&text, h->filter.ptr, h->filter.len);
	if (!fs_write_path_lossy(path, text.ptr, text.len, 0600, &ignored))
		err_clear(&ignored); /* then the next process makes it again */
	return true;
}

/* An empty root, our program in it, everything else as for a real command. */
static bool run_probe(void *arg, struct sandbox_result *out, const struct engine *engine,
		      struct err *err)
{
	static const char *const argv[] = { PROBE_PROGRAM, NULL };
	static const char *const env[] = { "PATH=/", NULL };
	struct probe_arg *p = arg;
	struct helper *h = p->helper;
	AUTO(message_free) struct message answer = MESSAGE_INIT;
	AUTO(auto_close) int reply = -1;
	struct request request = { .op = REQUEST_RUN,
				   .store = p->store,
				   .argv = argv,
				   .env = env,
				   .cwd = "/",
				   .user = "",
				   .hostname = "rtbuild",
				   .network = true };
	struct worker job = { .space = &h->space,
			      .engine = engine,
			      .request = &request,
			      .filter = &h->filter,
			      .probe = true };
	int pair[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;

	if (engine->kind != ENGINE_OCI && !no_filter(&h->space) && !ensure_filter(h, p->store, err))
		return false;
	if (null < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, "socketpair");
	reply = pair[0];
	for (size_t i = 0; i < MESSAGE_FDS; i++)
		job.fds[i] = -1;
	job.fds[REQUEST_REPLY_FD] = pair[1];
	for (size_t i = REQUEST_STDIN_FD; i <= REQUEST_STDERR_FD; i++)
		job.fds[i] = fcntl(null, F_DUPFD_CLOEXEC, 3);
	close(null);
	pid = start_worker(h, &job);
	close_fds(job.fds);
	if (pid < 0)
		return err_set_errno(err, "fork");
	if (!await(h, &answer, reply, err)) {
		auto_close(&reply); /* the worker takes that for a cancellation */
		return false;
	}
	return read_result(out, &answer, err);
}

static bool ensure_space(struct helper *h, struct err *err)
{
	if (!h->entered && !space_enter(&h->space, &h->space_err))
		err_wrap(&h->space_err, "sandbox");
	h->entered = true;
	*err = h->space_err;
	return err->code == E_NONE;
}

/* Once a store: what dead processes left in its cache/work. */
static void ensure_swept(struct helper *h, const char *store)
{
	if (str_list_has(&h->swept, store))
		return;
	str_list_push(&h->swept, store);
	workdir_sweep(store, oci_sweep);
}

static bool ensure_engine(struct helper *h, const char *store, enum sandbox_isolation isolation,
			  struct err *err)
{
	struct probe_arg arg = { h, store };

	probe_ensure(&h->probe, &h->space, store, isolation, run_probe, &arg);
	*err = h->probe.err;
	return err->code == E_NONE && (h->probe.engine.kind == ENGINE_OCI || no_filter(&h->space) ||
				       ensure_filter(h, store, err));
}

/* While layers are unpacked: how to run what they are unpacked for. */
static void look_ahead(struct helper *h)
{
	AUTO(auto_free) char *store = STEAL(h->upcoming);
	struct err ignored = { 0 };

	if (!ensure_engine(h, store, h->upcoming_isolation, &ignored))
		err_clear(&ignored); /* whoever asks for the command will hear of it */
}

/* What every worker of the kind would load for itself, in ten milliseconds: once, in front of the
 * fork. */
static void ensure_loaded(const struct request *r)
{
	struct err ignored = { 0 };

	if ((r->op == REQUEST_UNPACK || (r->op == REQUEST_RUN && r->want_diff)) &&
	    !tar_load(&ignored))
		err_clear(&ignored); /* the worker says so */
}

static void answer_probe(const struct helper *h, int reply, const struct err *failure)
{
	AUTO(auto_free)
	char *reasons = mem_printf("%s\n%s", h->space.reason.ptr, h->probe.reasons.ptr);
	struct err ignored = { 0 };
	struct message w = MESSAGE_INIT;

	message_put_err(&w, failure);
	message_put_text(&w, reasons);
	if (!message_send(reply, &w, NULL, 0, &ignored))
		err_clear(&ignored);
	message_free(&w);
}

static void start_or_answer(struct helper *h, const struct worker *job)
{
	struct err err = { 0 };

	if (start_worker(h, job) >= 0)
		return;
	err_set_errno(&err, "fork");
	answer_err(job->fds[REQUEST_REPLY_FD], &err);
}

static void serve(struct helper *h, struct message *msg)
{
	struct request request = { 0 };
	struct worker job = { .space = &h->space,
			      .engine = &h->probe.engine,
			      .request = &request,
			      .filter = &h->filter };
	struct err err = { 0 };
	bool ok = request_decode(&request, msg, &err) && ensure_space(h, &err);

	for (size_t i = 0; i < MESSAGE_FDS; i++)
		job.fds[i] = message_take_fd(msg, i);
	if (ok) {
		ensure_swept(h, request.store);
		if (request.op == REQUEST_PROBE || request.op == REQUEST_RUN ||
		    request.op == REQUEST_EXEC)
			ok = ensure_engine(h, request.store, request.isolation, &err);
		ensure_loaded(&request);
	}
	if (request.op == REQUEST_PROBE && h->space_err.code == E_NONE)
		answer_probe(h, job.fds[REQUEST_REPLY_FD], &err);
	else if (!ok)
		answer_err(job.fds[REQUEST_REPLY_FD], &err);
	else
		start_or_answer(h, &job);
	if (ok && request.op == REQUEST_UNPACK && !h->upcoming) {
		h->upcoming = mem_strdup(request.store);
		h->upcoming_isolation = request.isolation;
	}
	close_fds(job.fds);
	request_free(&request);
}

static void loop(struct helper *h)
{
	struct pollfd fds[] = { { .fd = h->sock, .events = POLLIN },
				{ .fd = h->children, .events = POLLIN } };
	bool more = true;

	while (more) {
		AUTO(message_free) struct message msg = MESSAGE_INIT;
		struct err err = { 0 };

		int ready = poll(fds, ARRAY_LEN(fds), h->upcoming ? 0 : -1);

		if (ready < 0 && errno != EINTR)
			return;
		if (ready == 0)
			look_ahead(h);
		if (fds[1].revents)
			reap(h);
		if (!fds[0].revents)
			continue;
		if (!message_receive(&msg, &more, h->sock, &err))
			return;
		if (more)
			serve(h, &msg);
	}
}

/* Away from the terminal, the parent's files and its signals: an interruption is the parent's to
 * tell us. */
static void detach(int *sock)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t chld;

	setsid();
	umask(022);
	prctl(PR_SET_NAME, "rtbuild-sandbox");
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_SETMASK, &chld, NULL);
	dup2(null, 0);
	dup2(null, 1);
	*sock = dup3(*sock, 3, O_CLOEXEC) == 3 || *sock == 3 ? 3 : -1;
	if (*sock < 0 || syscall(SYS_close_range, 4U, ~0U, 0U) < 0 || chdir("/") < 0)
		_exit(1);
}

void helper_main(int sock)
{
	struct helper h = { .filter = BUF_INIT(1 * MIB) };
	sigset_t chld;

	detach(&sock);
	h.sock = sock;
	probe_init(&h.probe);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	h.children = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	loop(&h);
	/* Whoever still works sees its reply socket closed, stops and cleans up: that is waited
	 * for. */
	auto_close(&h.sock);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	_exit(0);
}
