// SPDX-License-Identifier: Apache-2.0
#include "sandbox/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "sandbox/cachestore.h"
#include "sandbox/container.h"
#include "sandbox/leftover.h"
#include "sandbox/trees.h"

/*
 * A worker watches; the work is done by its only child, the first process of a pid namespace, so
 * that one kill ends everything the work started, and its mounts go with its mount namespace. The
 * worker lives to remove what is left on the disk.
 */

/* What the child does, and puts into its answer behind the error. */
typedef bool task_fn(struct message *answer, const struct worker *w, const struct workdir *work,
		     struct err *err);

static bool do_unpack(struct message *answer, const struct worker *w, const struct workdir *work,
		      struct err *err)
{
	(void)answer;
	if (w->request->layer_count != 1 || w->fds[REQUEST_BLOB_FD] < 0)
		return err_set(err, E_INTEGRITY, "no layer to unpack");
	return trees_unpack(w->request->store, w->space,
			    digest_hex(&w->request->layers[0].diff_id).text,
			    w->request->compression, w->fds[REQUEST_BLOB_FD], work, err);
}

static bool do_export(struct message *answer, const struct worker *w, const struct workdir *work,
		      struct err *err)
{
	(void)answer;
	(void)work;
	return cachestore_export(w->request->store, w->space->mode, w->request->path,
				 w->fds[REQUEST_TAR_FD], err);
}

static bool do_import(struct message *answer, const struct worker *w, const struct workdir *work,
		      struct err *err)
{
	(void)answer;
	return cachestore_import(w->request->store, w->space, w->request->path,
				 w->fds[REQUEST_TAR_FD], work, err);
}

static bool do_run(struct message *answer, const struct worker *w, const struct workdir *work,
		   struct err *err)
{
	const struct run run = { .space = w->space,
				 .engine = w->engine,
				 .request = w->request,
				 .work = work,
				 .filter = w->filter,
				 .fds = w->fds,
				 .probe = w->probe };
	struct sandbox_result result;

	if (!w->request->argv[0])
		return err_set(err, E_INPUT, "no command to run");
	if (!run_command(&result, &run, err))
		return false;
	message_put_number(answer, (uint64_t)result.status);
	message_put_number(answer, result.diff_written);
	return true;
}

static bool do_exec(struct message *answer, const struct worker *w, const struct workdir *work,
		    struct err *err)
{
	const struct request *r = w->request;
	struct container c = { .space = w->space,
			       .argv = r->argv,
			       .env = r->env,
			       .cwd = r->cwd,
			       .stdin_fd = w->fds[REQUEST_STDIN_FD],
			       .stdout_fd = w->fds[REQUEST_STDOUT_FD],
			       .stderr_fd = w->fds[REQUEST_STDERR_FD],
			       .started_fd = -1 };
	int status;

	(void)work;
	if (!r->argv[0])
		return err_set(err, E_INPUT, "no command to run");
	if (!exec_run(&status, &c, w->fds[REQUEST_TARGET_FD], r->user,
		      w->filter->len ? w->filter : NULL, err))
		return false;
	message_put_number(answer, (uint64_t)status);
	message_put_number(answer, false);
	return true;
}

/* An answer is an error (E_NONE: fine), then what was asked for. */
static void send_answer(int sock, const struct message *payload, const struct err *failure)
{
	struct err ignored = { 0 };
	struct message w = MESSAGE_INIT;

	message_put_err(&w, failure);
	if (!failure->code)
		buf_put_bytes(&w.body, payload->body.ptr, payload->body.len);
	if (!message_send(sock, &w, NULL, 0, &ignored))
		err_clear(&ignored); /* who asked is gone */
	message_free(&w);
}

static void __attribute__((noreturn))
child(task_fn *task, const struct worker *w, const struct workdir *work, int answer_fd)
{
	struct err err = { 0 };
	struct message answer = MESSAGE_INIT;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The worker never writes here: the end of the socket means that it died before that. */
	if (recv(answer_fd, &byte, 1, MSG_DONTWAIT) == 0)
		_exit(1);
	if (!task(&answer, w, work, &err) && !err.code)
		err_set(&err, E_IO, "failed for no known reason");
	send_answer(answer_fd, &answer, &err);
	_exit(0);
}

static void set_cancelled(struct err *err)
{
	err_clear(err);
	err_set(err, E_CANCELLED, "interrupted");
}

/* The child's answer, its death, or the wish that it die. */
static void watch(struct message *answer, int from, int reply, pid_t pid, struct err *err)
{
	struct pollfd fds[] = { { .fd = from, .events = POLLIN },
				{ .fd = reply, .events = POLLIN } };
	bool more = false;
	int status;

	while (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno == EINTR)
		;
	if (!fds[0].revents) {
		kill(pid, SIGKILL);
		set_cancelled(err);
	} else if (!message_receive(answer, &more, from, err)) {
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (err->code || more)
		return;
	if (WIFSIGNALED(status))
		err_set(err, E_IO, "the sandbox was killed by signal %d (out of memory?)",
			WTERMSIG(status));
	else
		err_set(err, E_IO, "the sandbox ended without an answer");
}

static void forward(int reply, const struct message *answer, const struct err *failure)
{
	struct err ignored = { 0 };
	struct message none = MESSAGE_INIT;

	if (failure->code) {
		send_answer(reply, &none, failure);
		message_free(&none);
	} else if (!message_send(reply, answer, NULL, 0, &ignored)) {
		err_clear(&ignored); /* who asked is gone */
	}
}

static void supervise(const struct worker *w, task_fn *task)
{
	AUTO(workdir_close) struct workdir work = WORKDIR_INIT;
	int reply = w->fds[REQUEST_REPLY_FD];
	struct err err = { 0 };
	struct message answer = MESSAGE_INIT;
	int pair[2];
	pid_t pid;

	if (!workdir_open(&work, w->request->store, &err)) {
		forward(reply, &answer, &err);
		return;
	}
	/* Else orphans come to us, and are killed one by one. A command beside another one joins
	 * that one's namespace, which must lie below ours. */
	if (w->space->bind_proc || w->request->op == REQUEST_EXEC || unshare(CLONE_NEWPID) < 0)
		leftover_adopt();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0) {
		err_set_errno(&err, "start a process of its own namespace");
		forward(reply, &answer, &err);
		return;
	}
	if (pid == 0) {
		close(pair[0]);
		child(task, w, &work, pair[1]);
	}
	close(pair[1]);
	/* The pipes must end when the child does. */
	for (size_t i = REQUEST_REPLY_FD + 1; i < MESSAGE_FDS; i++)
		if (w->fds[i] >= 0)
			close(w->fds[i]);
	watch(&answer, pair[0], reply, pid, &err);
	leftover_kill();
	if (w->request->op == REQUEST_RUN && w->engine->kind == ENGINE_OCI &&
	    w->space->mode == SPACE_ROOT)
		oci_sweep(work.name);
	/* Only when nothing is left does the parent hear of it. */
	workdir_close(&work);
	forward(reply, &answer, &err);
	message_free(&answer);
}

static bool list_missing(struct message *answer, const struct worker *w, struct err *err)
{
	AUTO(str_list_free) struct str_list missing = { 0 };

	for (size_t i = 0; i < w->request->layer_count; i++) {
		struct digest_text hex = digest_hex(&w->request->layers[i].diff_id);
		bool there;

		if (!trees_have(&there, w->request->store, w->space->mode, hex.text, err))
			return false;
		if (!there && !str_list_has(&missing, hex.text))
			str_list_push(&missing, hex.text);
	}
	message_put_list(answer, (const char *const *)str_list_argv(&missing));
	return true;
}

static bool remove_path(const struct worker *w, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent parent = { .fd = -1 };
	AUTO(auto_close) int dir = -1;

	if (!w->request->path ||
	    !fs_open_parent(&parent, AT_FDCWD, w->request->path, FS_IN_ROOT, err))
		return false;
	return fs_open(&dir, parent.fd, ".", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH, err) &&
	       fs_remove_tree(dir, parent.name, err);
}

static bool answer_request(struct message *answer, const struct worker *w, struct err *err)
{
	const struct request *r = w->request;

	switch (r->op) {
	case REQUEST_MISSING:
		return list_missing(answer, w, err);
	case REQUEST_REMOVE:
		return remove_path(w, err);
	case REQUEST_CACHES:
		return cachestore_list(answer, r->store, w->space->mode, err);
	case REQUEST_CACHE_REMOVE:
		return cachestore_remove(r->store, w->space->mode, r->path, err);
	case REQUEST_PRUNE:
		return cachestore_prune(answer, r, w->space->mode, err);
	case REQUEST_PROBE:
	case REQUEST_UNPACK:
	case REQUEST_RUN:
	case REQUEST_EXEC:
	case REQUEST_CACHE_EXPORT:
	case REQUEST_CACHE_IMPORT:
		break;
	}
	return err_set(err, E_INTEGRITY, "no such request");
}

static void answer_now(const struct worker *w)
{
	struct message answer = MESSAGE_INIT;
	struct err err = { 0 };

	if (!answer_request(&answer, w, &err) && !err.code)
		err_set(&err, E_IO, "failed for no known reason");
	send_answer(w->fds[REQUEST_REPLY_FD], &answer, &err);
	message_free(&answer);
}

void worker_main(const struct worker *w)
{
	switch (w->request->op) {
	case REQUEST_RUN:
		supervise(w, do_run);
		break;
	case REQUEST_EXEC:
		supervise(w, do_exec);
		break;
	case REQUEST_UNPACK:
		supervise(w, do_unpack);
		break;
	case REQUEST_CACHE_EXPORT:
		supervise(w, do_export);
		break;
	case REQUEST_CACHE_IMPORT:
		supervise(w, do_import);
		break;
	case REQUEST_MISSING:
	case REQUEST_REMOVE:
	case REQUEST_CACHES:
	case REQUEST_CACHE_REMOVE:
	case REQUEST_PRUNE:
		answer_now(w);
		break;
	case REQUEST_PROBE: /* the helper itself answers */
		break;
	}
	_exit(0);
}
