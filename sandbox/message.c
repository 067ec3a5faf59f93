// SPDX-License-Identifier: Apache-2.0
#include "sandbox/message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

/* Encoding of the helper's messages. What they mean is request.c's. */

_Static_assert(MESSAGE_FDS == 6, "MESSAGE_INIT lists that many");

void message_free(struct message *w)
{
	buf_free(&w->body);
	for (size_t i = 0; i < MESSAGE_FDS; i++)
		auto_close(&w->fds[i]);
}

void message_put_number(struct message *w, uint64_t n)
{
	buf_put_bytes(&w->body, &n, sizeof(n));
}

void message_put_text(struct message *w, const char *text)
{
	message_put_number(w, text ? strlen(text) + 1 : 0);
	if (text)
		buf_put_bytes(&w->body, text, strlen(text) + 1);
}

void message_put_list(struct message *w, const char *const *items)
{
	size_t count = 0;

	while (items && items[count])
		count++;
	message_put_number(w, count);
	for (size_t i = 0; i < count; i++)
		message_put_text(w, items[i]);
}

void message_put_bytes(struct message *w, const void *data, size_t len)
{
	message_put_number(w, len);
	buf_put_bytes(&w->body, data, len);
}

void message_put_err(struct message *w, const struct err *err)
{
	message_put_number(w, err->code);
	message_put_text(w, err->msg);
	message_put_text(w, err->hint);
}

static bool malformed(struct err *err)
{
	return err_set(err, E_INTEGRITY, "malformed message between rtbuild and its helper");
}

bool message_number(uint64_t *out, struct message *w, uint64_t max, struct err *err)
{
	if (w->body.len - w->at < sizeof(*out))
		return malformed(err);
	memcpy(out, w->body.ptr + w->at, sizeof(*out));
	w->at += sizeof(*out);
	return *out <= max || malformed(err);
}

bool message_text_or_null(const char **out, struct message *w, struct err *err)
{
	uint64_t size;

	*out = NULL;
	if (!message_number(&size, w, w->body.len - w->at, err))
		return false;
	if (!size)
		return true;
	if (size > w->body.len - w->at ||
	    memchr(w->body.ptr + w->at, '\0', size) != w->body.ptr + w->at + size - 1)
		return malformed(err);
	*out = w->body.ptr + w->at;
	w->at += size;
	return true;
}

bool message_text(const char **out, struct message *w, struct err *err)
{
	return message_text_or_null(out, w, err) && (*out || malformed(err));
}

bool message_bytes(const void **out, size_t *len_out, struct message *w, struct err *err)
{
	uint64_t len = 0;

	if (!message_number(&len, w, w->body.len, err))
		return false;
	if (len > w->body.len - w->at)
		return malformed(err);
	*out = w->body.ptr + w->at;
	*len_out = len;
	w->at += len;
	return true;
}

bool message_list(const char ***out, struct message *w, struct err *err)
{
	AUTO(auto_free) const char **items = NULL;
	uint64_t count;

	if (!message_number(&count, w, (w->body.len - w->at) / sizeof(count), err))
		return false;
	items = mem_alloc((count + 1) * sizeof(*items));
	for (uint64_t i = 0; i < count; i++)
		if (!message_text(&items[i], w, err))
			return false;
	*out = STEAL(items);
	return true;
}

bool message_err(struct err *out, struct message *w, struct err *err)
{
	const char *msg, *hint;
	uint64_t code;

	if (!message_number(&code, w, E_CANCELLED, err) || !message_text(&msg, w, err) ||
	    !message_text(&hint, w, err))
		return false;
	if (code == E_NONE)
		return true;
	err_set(out, (enum err_code)code, "%s", msg);
	if (*hint)
		err_hint(out, "%s", hint);
	return true;
}

int message_take_fd(struct message *w, size_t i)
{
	return i < w->fd_count ? steal_fd(&w->fds[i]) : -1;
}

static bool gone(struct err *err)
{
	return err_set(err, E_IO, "the sandbox helper is gone");
}

bool message_send(int sock, const struct message *w, const int *fds, size_t fd_count,
		  struct err *err)
{
	AUTO(auto_close) int body = memfd_create("rtbuild-message", MFD_CLOEXEC);
	char control[CMSG_SPACE(sizeof(int) * (MESSAGE_FDS + 1))] = { 0 };
	uint64_t size = w->body.len;
	struct iovec iov = { .iov_base = &size, .iov_len = sizeof(size) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *head;
	ssize_t n;

	if (body < 0)
		return err_set_errno(err, "memfd_create");
	if (!fs_write_all(body, w->body.ptr, w->body.len, err))
		return false;
	msg.msg_controllen = CMSG_SPACE(sizeof(int) * (fd_count + 1));
	head = CMSG_FIRSTHDR(&msg);
	assert(head); /* there is room for one */
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int) * (fd_count + 1));
	memcpy(CMSG_DATA(head), &body, sizeof(int));
	if (fd_count)
		memcpy(CMSG_DATA(head) + sizeof(int), fds, sizeof(int) * fd_count);
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		return gone(err);
	return n == (ssize_t)sizeof(size) || err_set_errno(err, "send to the sandbox helper");
}

/* The descriptors of a message: the first is its body, returned; the others go to `out`. */
static int take_descriptors(struct message *out, struct msghdr *msg)
{
	int body = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (body < 0)
				body = fd;
			else if (out->fd_count < MESSAGE_FDS)
				out->fds[out->fd_count++] = fd;
			else
				close(fd);
		}
	}
	return body;
}

bool message_receive(struct message *out, bool *more_out, int sock, struct err *err)
{
	char control[CMSG_SPACE(sizeof(int) * (MESSAGE_FDS + 1))] = { 0 };
	uint64_t size = 0;
	struct iovec iov = { .iov_base = &size, .iov_len = sizeof(size) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	AUTO(auto_close) int body = -1;
	bool reset = false;
	ssize_t n;

	/* A peer that ended without having read all we sent (a wish to stop) is told first as
	 * ECONNRESET, once; what it had sent before comes after that. */
	do {
		msg.msg_controllen = sizeof(control);
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EINTR || (errno == ECONNRESET && !reset && (reset = true))));
	*more_out = n > 0;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return true;
	if (n < 0)
		return err_set_errno(err, "receive from the sandbox helper");
	body = take_descriptors(out, &msg);
	if (n != (ssize_t)sizeof(size) || (msg.msg_flags & MSG_CTRUNC) || body < 0 ||
	    size > LIMIT_SANDBOX_MESSAGE || lseek(body, 0, SEEK_SET) != 0)
		return malformed(err);
	if (!fs_read_fd(&out->body, body, LIMIT_SANDBOX_MESSAGE, err))
		return false;
	return out->body.len == size || malformed(err);
}
