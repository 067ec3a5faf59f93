// SPDX-License-Identifier: Apache-2.0
#include "base/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/mem.h"

/* The only inotify. */

enum {
	CHANGES = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
		  IN_DELETE_SELF | IN_MOVE_SELF,
};

/* What is asked about one directory: a watch descriptor belongs to an inode, which several paths
 * may lead to. */
struct place {
	int wd;
	char *name; /* this entry of it, the next component of a watched path; NULL: every one */
};

struct watch {
	int fd;
	struct str_list paths;
	struct {
		struct place *items;
		size_t len, cap;
	} places;
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
	*out = NULL;
	return false;
}

static void free_places(struct place *items, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(items[i].name);
	free(items);
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	auto_close(&w->fd);
	free_places(w->places.items, w->places.len);
	str_list_free(&w->paths);
	free(w);
}

/* --- what is watched --- */

static bool is_watched(const struct watch *w, int wd)
{
	for (size_t i = 0; i < w->places.len; i++)
		if (w->places.items[i].wd == wd)
			return true;
	return false;
}

/* A directory that is not there, or may not be read, is left to the one above it. */
static bool add_place(bool *there_out, struct watch *w, const char *dir, struct slice name,
		      struct err *err)
{
	int wd = inotify_add_watch(w->fd, dir, CHANGES | IN_ONLYDIR);

	*there_out = wd >= 0;
	if (wd >= 0) {
		*ARRAY_PUSH(&w->places) =
			(struct place){ .wd = wd,
					.name = name.ptr ? mem_strndup(name.ptr, name.len) : NULL };
		return true;
	}
	if (errno != ENOSPC)
		return true;
	err_set(err, E_UNSUPPORTED, "%s: no more directories can be watched", dir);
	return err_hint(err, "raise fs.inotify.max_user_watches");
}

/* The directories above first, so that nothing happens unseen between two looks. */
static bool add_path(bool *there_out, struct watch *w, const char *path, struct err *err)
{
	AUTO(buf_free) struct buf above = BUF_INIT(SIZE_MAX / 2);
	struct slice rest = slice_of(path);

	buf_put(&above, path[0] == '/' ? "/" : ".");
	while (rest.ptr) {
		struct slice name = slice_cut(rest, '/', &rest);
		bool ignored;

		if (!name.len || slice_eq(name, "."))
			continue;
		if (!slice_eq(name, "..") && !add_place(&ignored, w, above.ptr, name, err))
			return false;
		buf_putf(&above, "/" SLICE_FMT, SLICE_ARG(name));
	}
	return add_place(there_out, w, path, (struct slice){ 0 }, err);
}

/* Every path as it is now. */
static bool look_again(struct watch *w, struct err *err)
{
	struct place *before = w->places.items;
	size_t count = w->places.len;
	bool ok = true, ignored;

	w->places.items = NULL;
	w->places.len = w->places.cap = 0;
	for (size_t i = 0; ok && i < w->paths.len; i++)
		ok = add_path(&ignored, w, w->paths.items[i], err);
	for (size_t i = 0; ok && i < count; i++)
		if (!is_watched(w, before[i].wd))
			inotify_rm_watch(w->fd, before[i].wd); /* it may be gone by itself */
	free_places(before, count);
	return ok;
}

bool watch_add(struct watch *w, const char *dir, struct err *err)
{
	bool there;

	if (str_list_has(&w->paths, dir))
		return true;
	if (!add_path(&there, w, dir, err))
		return false;
	if (!there)
		return err_set_errno(err, "%s", dir);
	str_list_push(&w->paths, dir);
	return true;
}

/* --- what happens --- */

static bool matters(const struct watch *w, const struct inotify_event *e,
		    bool (*ignore)(const char *))
{
	if (e->mask & IN_Q_OVERFLOW)
		return true; /* events got lost */
	if (e->mask & IN_IGNORED)
		return false;
	for (size_t i = 0; i < w->places.len; i++) {
		const struct place *p = &w->places.items[i];

		if (p->wd != e->wd)
			continue;
		if (p->name ? e->len && str_eq(p->name, e->name)
			    : !e->len || !ignore || !ignore(e->name))
			return true;
	}
	return false;
}

/* All that is there; *counts_out: some of it matters. */
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

			*counts_out = *counts_out || matters(w, e, ignore);
			at += sizeof(*e) + e->len;
		}
	}
}

bool watch_wait(struct watch *w, bool (*ignore)(const char *name), int quiet_ms, struct err *err)
{
	struct pollfd fds[2] = { { .fd = w->fd, .events = POLLIN },
				 { .fd = cancel_fd(), .events = POLLIN } };
	uint64_t first = 0;
	bool changed = false;

	for (;;) {
		int ready = poll(fds, ARRAY_LEN(fds), changed ? quiet_ms : -1);

		if (!cancel_check(err))
			return false;
		if (ready < 0 && errno != EINTR)
			return err_set_errno(err, "poll");
		if (!ready)
			break;
		if (ready > 0 && !drain(w, ignore, &changed, err))
			return false;
		if (changed && !first)
			first = clock_monotonic_ms();
		if (changed && clock_monotonic_ms() - first > (uint64_t)quiet_ms * WATCH_PATIENCE)
			break;
	}
	/* before anybody reads what is there now */
	return look_again(w, err);
}
