// SPDX-License-Identifier: Apache-2.0
#include "base/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/mem.h"

/* The only inotify. */

enum {
	CHANGES = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
		  IN_DELETE_SELF | IN_MOVE_SELF,
};

struct watch {
	int fd;
};

bool watch_open(struct watch **out, struct err *err)
{
	struct watch *w = mem_alloc(sizeof(*w));

	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	*out = w;
	if (w->fd >= 0)
		return true;
	err_set_errno(err, "inotify");
	free(w);
	return false;
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	auto_close(&w->fd);
	free(w);
}

bool watch_add(struct watch *w, const char *dir, struct err *err)
{
	if (inotify_add_watch(w->fd, dir, CHANGES | IN_ONLYDIR) >= 0)
		return true;
	if (errno != ENOSPC)
		return err_set_errno(err, "%s", dir);
	err_set(err, E_UNSUPPORTED, "%s: no more directories can be watched", dir);
	return err_hint(err, "raise fs.inotify.max_user_watches");
}

/* All that is there; *counts_out: some of it matters. Events that got lost do, too. */
static bool drain(struct watch *w, bool (*ignore)(const char *), bool *counts_out, struct err *err)
{
	_Alignas(struct inotify_event) char events[16384];

	for (;;) {
		ssize_t got = read(w->fd, events, sizeof(events));

		if (got < 0 && errno == EAGAIN)
			return true;
		if (got < 0 && errno != EINTR)
			return err_set_errno(err, "inotify");
		for (char *at = events; got > 0 && at < events + got;) {
			const struct inotify_event *e = (const struct inotify_event *)(void *)at;

			if (!e->len || !ignore || !ignore(e->name))
				*counts_out = true;
			at += sizeof(*e) + e->len;
		}
	}
}

bool watch_wait(struct watch *w, bool (*ignore)(const char *name), int quiet_ms, struct err *err)
{
	struct pollfd fds[2] = { { .fd = w->fd, .events = POLLIN },
				 { .fd = cancel_fd(), .events = POLLIN } };
	bool changed = false;

	for (;;) {
		int ready = poll(fds, ARRAY_LEN(fds), changed ? quiet_ms : -1);

		if (!cancel_check(err))
			return false;
		if (ready < 0 && errno != EINTR)
			return err_set_errno(err, "poll");
		if (!ready)
			return true;
		if (ready > 0 && !drain(w, ignore, &changed, err))
			return false;
	}
}
