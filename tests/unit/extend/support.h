// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_UNIT_EXTEND_SUPPORT_H
#define TESTS_UNIT_EXTEND_SUPPORT_H

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/parallel.h"

#define UNUSED __attribute__((unused))

/* A call that must work; shows the error when it does not. */
#define MUST(call)                                                                    \
	do {                                                                          \
		struct err err_ = { 0 };                                              \
		struct err *err = &err_;                                              \
		if (!(call))                                                          \
			fail_msg("%s: %s: %s", #call, err_name(err->code), err->msg); \
		assert_int_equal(err->code, E_NONE);                                  \
	} while (0)

/* A call that must fail with a code; its message holds `part`. */
#define MUST_FAIL(call, want, part)                                                             \
	do {                                                                                    \
		struct err err_ = { 0 };                                                        \
		struct err *err = &err_;                                                        \
		if ((call) || err->code != (want) || !strstr(err->msg, part))                   \
			fail_msg("%s: wanted %s '%s', got %s: %s", #call, err_name(want), part, \
				 err_name(err->code), err->msg);                                \
	} while (0)

/* Everything libraries say, a line each: "note: ...", "warning: ...". */
struct recorder {
	struct events events;
	struct lock lock;
	struct buf text;
};

UNUSED static void record(struct events *self, const struct event *e)
{
	struct recorder *r = (struct recorder *)self;
	const char *kind = e->kind == EVENT_NOTE      ? "note"
			   : e->kind == EVENT_WARNING ? "warning"
			   : e->kind == EVENT_DETAIL  ? "detail"
						      : NULL;

	if (!kind)
		return;
	lock_take(&r->lock);
	buf_putf(&r->text, "%s: %s\n", kind, e->text);
	lock_drop(&r->lock);
}

UNUSED static void recorder_open(struct recorder *r)
{
	*r = (struct recorder){ .events.emit = record, .text = BUF_INIT(1 << 20) };
	lock_init(&r->lock);
}

UNUSED static void recorder_close(struct recorder *r)
{
	lock_free(&r->lock);
	buf_free(&r->text);
}

/* A fresh directory with files in it. */
UNUSED static void dir_open(struct fs_tmpdir *d)
{
	*d = (struct fs_tmpdir)FS_TMPDIR_INIT;
	MUST(fs_tmpdir_open(d, err));
}

UNUSED static void put_file(const struct fs_tmpdir *d, const char *path, const char *text)
{
	AUTO(auto_free) char *whole = fs_join(d->path, path), *parent = mem_strdup(path);

	if (strrchr(parent, '/')) {
		*strrchr(parent, '/') = '\0';
		MUST(fs_mkdir_p(d->fd, parent, 0755, FS_BENEATH, err));
	}
	MUST(fs_write_path_atomic(whole, text, strlen(text), 0644, err));
}

#endif
