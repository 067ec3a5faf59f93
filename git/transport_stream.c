// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "git/pktline.h"
#include "git/transport.h"

/* One conversation over two descriptors: with a child that is ssh, or over a socket. */

enum { DEFAULT_PORT = 9418, MESSAGE_MAX = 4 * KIB };

struct stream_transport {
	struct git_transport transport;
	struct source source;
	int in, out;  /* what the server says, what it is told; one socket is both */
	pid_t child;  /* 0: none */
	int messages; /* what the child printed; -1: nowhere */
	const char *what;
};

static struct stream_transport *of_source(struct source *s)
{
	return (struct stream_transport *)((char *)s - offsetof(struct stream_transport, source));
}

/* Until `fd` is ready, the user interrupts, or nothing came for too long. */
static bool wait_for(int fd, short what, const char *who, struct err *err)
{
	struct pollfd fds[2] = { { .fd = fd, .events = what },
				 { .fd = cancel_fd(), .events = POLLIN } };
	int n = poll(fds, 2, LIMIT_STALL_S * 1000);

	if (!cancel_check(err))
		return false;
	if (n < 0 && errno != EINTR)
		return err_set_errno(err, "wait for %s", who);
	return n != 0 || err_set(err, E_NETWORK, "%s: nothing for %d seconds (limit LIMIT_STALL_S)",
				 who, LIMIT_STALL_S);
}

static bool stream_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct stream_transport *t = of_source(self);

	for (;;) {
		ssize_t n = read(t->in, data, cap);

		if (n >= 0) {
			*len_out = (size_t)n;
			return true;
		}
		if (errno != EAGAIN && errno != EINTR)
			return err_set(err, E_NETWORK, "%s: %s", t->what, strerror(errno));
		if (!wait_for(t->in, POLLIN, t->what, err))
			return false;
	}
}

static bool write_all(struct stream_transport *t, const char *data, size_t len, struct err *err)
{
	while (len) {
		ssize_t n = write(t->out, data, len);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return err_set(err, E_NETWORK, "%s: %s", t->what, strerror(errno));
		if (!wait_for(t->out, POLLOUT, t->what, err))
			return false;
	}
	return true;
}

static bool stream_greet(struct git_transport *self, struct source **out, struct err *err)
{
	(void)err;
	*out = &((struct stream_transport *)self)->source;
	return true;
}

static bool stream_ask(struct git_transport *self, struct source **out, const struct buf *request,
		       struct err *err)
{
	struct stream_transport *t = (struct stream_transport *)self;

	*out = &t->source;
	return write_all(t, request->ptr, request->len, err);
}

static void end_child(struct stream_transport *t)
{
	struct err ignored = { 0 };
	int status;

	if (t->out != t->in)
		auto_close(&t->out);
	auto_close(&t->in);
	t->in = t->out = -1;
	if (!t->child)
		return;
	kill(t->child, SIGTERM);
	if (proc_wait(&status, t->child, &ignored))
		t->child = 0;
}

static void stream_close(struct git_transport *self)
{
	struct stream_transport *t = (struct stream_transport *)self;

	end_child(t);
	auto_close(&t->messages);
	free(t);
}

/* ssh says on stderr why there is no conversation. */
static void stream_explain(struct git_transport *self, struct err *err)
{
	struct stream_transport *t = (struct stream_transport *)self;
	struct slice said;
	char data[MESSAGE_MAX];
	ssize_t n;

	if (t->messages < 0 || err->code != E_NETWORK)
		return;
	end_child(t);
	n = pread(t->messages, data, sizeof(data), 0);
	said = slice_trim((struct slice){ data, n > 0 ? (size_t)n : 0 }, "\r\n \t");
	if (!said.len)
		return;
	AUTO(auto_free) char *shown = str_printable(said.ptr, said.len, 600);

	err_clear(err);
	err_set(err, strstr(shown, "ermission denied") ? E_AUTH : E_NETWORK, "ssh: %s", shown);
	if (err->code == E_AUTH)
		err_hint(err, "load a key into the ssh agent, or name its socket by --ssh");
}

static struct stream_transport *stream_new(const char *what)
{
	struct stream_transport *t = mem_alloc(sizeof(*t));

	t->transport = (struct git_transport){ .greet = stream_greet,
					       .ask = stream_ask,
					       .explain = stream_explain,
					       .close = stream_close };
	t->source.read = stream_read;
	t->in = t->out = t->messages = -1;
	t->what = what;
	return t;
}

static void auto_stream_close(struct stream_transport **t)
{
	if (*t)
		stream_close(&(*t)->transport);
}

/* --- ssh --- */

/* In single quotes for the shell at the other end, as git quotes it. */
static char *quote(const char *path)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);

	buf_put(&out, "git-upload-pack '");
	for (const char *c = path; *c; c++) {
		if (*c == '\'' || *c == '!')
			buf_putf(&out, "'\\%c'", *c);
		else
			buf_put_byte(&out, *c);
	}
	buf_put(&out, "'");
	return buf_steal(&out);
}

static bool start(struct stream_transport *t, const char *const *argv, struct err *err)
{
	int to[2], from[2];
	bool ok;

	t->messages = memfd_create("ssh", MFD_CLOEXEC);
	if (t->messages < 0 || pipe2(to, O_CLOEXEC) < 0)
		return err_set_errno(err, "start ssh");
	if (pipe2(from, O_CLOEXEC) < 0) {
		close(to[0]);
		close(to[1]);
		return err_set_errno(err, "start ssh");
	}
	ok = proc_start(&t->child,
			&(struct proc_spec){ .argv = argv,
					     .stdin_fd = to[0],
					     .stdout_fd = from[1],
					     .stderr_fd = t->messages },
			err);
	close(to[0]);
	close(from[1]);
	t->out = to[1];
	t->in = from[0];
	if (!ok)
		return err_hint(err, "git over ssh needs the program ssh (package openssh-client)");
	fcntl(t->in, F_SETFL, O_NONBLOCK);
	fcntl(t->out, F_SETFL, O_NONBLOCK);
	return true;
}

bool git_ssh_open(struct git_transport **out, const struct git_location *at, const char *auth_sock,
		  struct err *err)
{
	AUTO(auto_stream_close) struct stream_transport *t = stream_new(at->remote);
	AUTO(auto_free) char *command = quote(at->path);
	AUTO(auto_free) char *socket = auth_sock ? mem_printf("SSH_AUTH_SOCK=%s", auth_sock) : NULL;
	AUTO(auto_free) char *port = mem_printf("%u", at->port ? at->port : 22);
	AUTO(auto_free)
	char *host = mem_printf("%s%s%s", at->user ? at->user : "", at->user ? "@" : "", at->host);
	AUTO(auto_free) char *timeout = mem_printf("ConnectTimeout=%d", LIMIT_CONNECT_S);
	const char *argv[24] = { "env", "GIT_PROTOCOL=version=2" };
	size_t n = 2;

	if (socket)
		argv[n++] = socket;
	/* nobody is asked, and a host that falls silent is noticed */
	const char *const rest[] = { "ssh",
				     "-o",
				     "BatchMode=yes",
				     "-o",
				     "SendEnv=GIT_PROTOCOL",
				     "-o",
				     timeout,
				     "-o",
				     "ServerAliveInterval=10",
				     "-x",
				     at->port ? "-p" : "-a",
				     at->port ? port : "-T",
				     "--",
				     host,
				     command };

	for (size_t i = 0; i < ARRAY_LEN(rest); i++)
		argv[n++] = rest[i];
	if (!start(t, argv, err))
		return false;
	*out = &STEAL(t)->transport;
	return true;
}

/* --- git:// --- */

static bool connect_one(int *fd_out, const struct addrinfo *a, struct err *err)
{
	AUTO(auto_close)
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd fds[2] = { { .fd = fd, .events = POLLOUT },
				 { .fd = cancel_fd(), .events = POLLIN } };
	socklen_t len = sizeof(int);
	int failed = 0;

	if (fd < 0 || (connect(fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS))
		return err_set(err, E_NETWORK, "%s", strerror(errno));
	if (poll(fds, 2, LIMIT_CONNECT_S * 1000) == 0)
		return err_set(err, E_NETWORK, "no connection in %d seconds", LIMIT_CONNECT_S);
	if (!cancel_check(err))
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0 || failed)
		return err_set(err, E_NETWORK, "%s", strerror(failed ? failed : errno));
	*fd_out = steal_fd(&fd);
	return true;
}

static bool connect_to(int *fd_out, const struct git_location *at, struct err *err)
{
	AUTO(auto_free) char *port = mem_printf("%u", at->port ? at->port : DEFAULT_PORT);
	size_t len = strlen(at->host);
	bool brackets = at->host[0] == '[';
	AUTO(auto_free) char *host = mem_strndup(at->host + brackets, len - 2 * brackets);
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int status = getaddrinfo(host, port, &hints, &list);
	bool ok = false;

	if (status)
		return err_set(err, E_NETWORK, "%s: %s", host, gai_strerror(status));
	for (const struct addrinfo *a = list; a && !ok; a = a->ai_next) {
		err_clear(err);
		ok = connect_one(fd_out, a, err);
		if (!ok && err->code == E_CANCELLED)
			break;
	}
	freeaddrinfo(list);
	return ok || err_wrap(err, "%s:%s", host, port);
}

bool git_tcp_open(struct git_transport **out, const struct git_location *at, struct err *err)
{
	AUTO(auto_stream_close) struct stream_transport *t = stream_new(at->remote);
	AUTO(buf_free) struct buf hello = BUF_INIT(LIMIT_URL + 1024);
	AUTO(auto_free) char *port = at->port ? mem_printf(":%u", at->port) : mem_strdup("");
	/* the request, a NUL, the host, two NULs, "version=2", a NUL */
	size_t len = 4 + 16 + strlen(at->path) + 1 + 5 + strlen(at->host) + strlen(port) + 2 + 10;

	buf_putf(&hello, "%04zxgit-upload-pack %s", len, at->path);
	buf_put_byte(&hello, '\0');
	buf_putf(&hello, "host=%s%s", at->host, port);
	buf_put_bytes(&hello, "\0\0version=2", 12);
	if (!connect_to(&t->in, at, err))
		return false;
	t->out = t->in;
	if (!write_all(t, hello.ptr, hello.len, err))
		return false;
	*out = &STEAL(t)->transport;
	return true;
}
