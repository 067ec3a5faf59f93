// SPDX-License-Identifier: Apache-2.0
#include "image/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"

/* Logs of runs and build steps: files in the store. */

struct meta {
	const char *kind, *what;
	int64_t started, ended, status;
};

/* clang-format off */
static const struct json_field meta_fields[] = {
	JSON_REQUIRED(struct meta, kind,    "kind",    &json_type_text),
	JSON_REQUIRED(struct meta, what,    "what",    &json_type_text),
	JSON_REQUIRED(struct meta, started, "started", &json_type_int),
	JSON_OPTIONAL(struct meta, ended,   "ended",   &json_type_int),
	JSON_OPTIONAL(struct meta, status,  "status",  &json_type_int),
	{ 0 },
};
/* clang-format on */
static const struct json_type meta_type = JSON_OBJECT(struct meta, meta_fields);

struct log {
	struct sink sink;
	struct lock lock;
	int dir, fd;
	char id[64];
	char *path;
	char *kind, *what;
	struct meta meta;
};

static bool write_meta(struct log *l, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = json_encode(&meta_type, &l->meta);
	size_t len;
	AUTO(auto_free) char *text = json_text(doc, &len);
	char name[80];

	snprintf(name, sizeof(name), "%s.json", l->id);
	return fs_write_lossy(l->dir, name, text, len, 0600, err);
}

static bool log_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct log *l = (struct log *)self;
	bool ok;

	lock_take(&l->lock);
	ok = fs_write_all(l->fd, data, len, err);
	lock_drop(&l->lock);
	return ok || err_wrap(err, "%s", l->path);
}

static bool log_flush(struct sink *self, struct err *err)
{
	(void)self;
	(void)err;
	return true;
}

static void name_log(struct log *l)
{
	unsigned char random[2];
	char hex[5];

	random_bytes(random, sizeof(random));
	hex_format(hex, random, sizeof(random));
	/* 13 hexadecimal digits of microseconds: ids sort by time until the year 2112 */
	snprintf(l->id, sizeof(l->id), "%013llx-%s", (unsigned long long)clock_wall_us(), hex);
}

bool log_open(struct log **out, struct store *s, const char *kind, const char *what,
	      struct err *err)
{
	AUTO(auto_log_close) struct log *l = mem_alloc(sizeof(*l));
	AUTO(auto_free) char *valid = str_printable(what, strlen(what), 4096);
	char name[80];

	l->sink = (struct sink){ .write = log_write, .finish = log_flush };
	lock_init(&l->lock);
	l->dir = l->fd = -1;
	l->kind = mem_strdup(kind);
	l->what = STEAL(valid);
	l->meta = (struct meta){ .kind = l->kind, .what = l->what, .started = clock_wall() };
	name_log(l);
	if (!store_subdir(&l->dir, s, "logs", err))
		return false;
	snprintf(name, sizeof(name), "%s.log", l->id);
	l->path = mem_printf("%s/logs/%s", store_path(s), name);
	l->fd = openat(l->dir, name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return err_set_errno(err, "%s", l->path);
	if (flock(l->fd, LOCK_EX) < 0)
		return err_set_errno(err, "lock %s", l->path);
	if (!write_meta(l, err))
		return false;
	*out = STEAL(l);
	return true;
}

struct sink *log_sink(struct log *l)
{
	return &l->sink;
}

const char *log_path(const struct log *l)
{
	return l->path;
}

bool log_tail(struct buf *out, struct log *l, size_t lines, struct err *err)
{
	enum { TAIL_MAX = 16 * 1024 };
	char piece[TAIL_MAX];
	off_t size = lseek(l->fd, 0, SEEK_END);
	off_t from = size > TAIL_MAX ? size - TAIL_MAX : 0;
	ssize_t n = pread(l->fd, piece, sizeof(piece), from);
	size_t start;

	if (n < 0)
		return err_set_errno(err, "%s", l->path);
	start = (size_t)n;
	/* the newline at the very end ends the last line; it begins none */
	for (size_t seen = 0; start > 0; start--)
		if (piece[start - 1] == '\n' && start < (size_t)n && ++seen == lines)
			break;
	return buf_append(out, piece + start, (size_t)n - start, err);
}

bool log_finish(struct log *l, int status, struct err *err)
{
	l->meta.ended = clock_wall();
	l->meta.status = status;
	return write_meta(l, err);
}

void log_close(struct log *l)
{
	auto_close(&l->fd);
	auto_close(&l->dir);
	lock_free(&l->lock);
	free(l->path);
	free(l->kind);
	free(l->what);
	free(l);
}

/* Whether a writer still holds `<id>.log`, and its size. */
static bool is_running(int dir, const char *id, int64_t *size_out)
{
	char name[80];
	struct stat st;
	AUTO(auto_close) int fd = -1;

	snprintf(name, sizeof(name), "%s.log", id);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	*size_out = fd >= 0 && fstat(fd, &st) == 0 ? st.st_size : 0;
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static bool read_entry(struct log_entry *out, int dir, const char *id, struct arena *arena,
		       struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct meta meta = { 0 };
	char name[80];

	snprintf(name, sizeof(name), "%s.json", id);
	out->id = arena_strdup(arena, id);
	out->running = is_running(dir, id, &out->size);
	if (!fs_read(&text, dir, name, text.max, FS_BENEATH_NOLINK, err) ||
	    !json_parse(&doc, text.ptr, text.len, name, err) ||
	    !json_decode(&meta_type, &meta, doc, arena, err))
		return false;
	out->kind = meta.kind;
	out->what = meta.what;
	out->started = meta.started;
	out->ended = meta.ended;
	out->status = meta.status;
	return true;
}

bool log_list(struct log_list *out, struct store *s, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;

	*out = (struct log_list){ 0 };
	if (!store_subdir(&dir, s, "logs", err) ||
	    !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		char *dot = strrchr(names.items[i], '.');
		struct err broken = { 0 };

		if (!dot || !str_eq(dot, ".json") || dot - names.items[i] > 60)
			continue;
		*dot = '\0';
		/* One that cannot be read (being written, or damaged) hides no other. */
		if (!read_entry(ARRAY_PUSH(out), dir, names.items[i], &out->arena, &broken))
			out->len--;
	}
	return true;
}

void log_list_free(struct log_list *l)
{
	free(l->items);
	arena_free(&l->arena);
	*l = (struct log_list){ 0 };
}

bool log_find(struct log_entry *out, struct log_list *from, const char *id, struct err *err)
{
	const struct log_entry *found = NULL;

	for (size_t i = 0; i < from->len; i++) {
		const struct log_entry *e = &from->items[i];

		if (id && !str_has_prefix(e->id, id))
			continue;
		if (id && found) {
			err_set(err, E_USAGE, "log '%s' is not one but several", id);
			return err_hint(err, "give more of the id: rtbuild logs list");
		}
		found = e;
	}
	if (!found) {
		err_set(err, E_NOT_FOUND, id ? "no log '%s'" : "no logs%s", id ? id : "");
		return err_hint(err, "rtbuild logs list shows what there is");
	}
	*out = *found;
	return true;
}

/* What is new since offset *at. */
static bool copy_new(int fd, off_t *at, struct sink *to, struct err *err)
{
	char piece[16 * 1024];
	ssize_t n;

	while ((n = pread(fd, piece, sizeof(piece), *at)) > 0) {
		if (!sink_write(to, piece, (size_t)n, err))
			return false;
		*at += n;
	}
	return n == 0 || err_set_errno(err, "read the log");
}

bool log_copy(struct store *s, const char *id, bool follow, struct sink *to, int *status_out,
	      struct err *err)
{
	enum { POLL_MS = 100 };
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(auto_close) int dir = -1, fd = -1;
	struct log_entry entry = { 0 };
	char name[80];
	off_t at = 0;

	snprintf(name, sizeof(name), "%s.log", id);
	if (!store_subdir(&dir, s, "logs", err) ||
	    !fs_open(&fd, dir, name, O_RDONLY, 0, FS_BENEATH_NOLINK, err))
		return false;
	for (;;) {
		int64_t size;
		bool running = is_running(
			dir, id, &size); /* asked first: what it wrote until then is read below */

		if (!copy_new(fd, &at, to, err))
			return false;
		if (!follow || !running)
			break;
		clock_sleep_ms(POLL_MS);
		if (!cancel_check(err))
			return false;
	}
	if (!read_entry(&entry, dir, id, &arena, err))
		return false;
	*status_out = entry.ended ? (int)entry.status : -1;
	return sink_finish(to, err);
}
