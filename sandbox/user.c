// SPDX-License-Identifier: Apache-2.0
#include "sandbox/user.h"

#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"

/* Names to numbers by an image's own files; the host's users play no part. */

enum { FIELDS_MAX = 7 };

/* One line of passwd or group: its fields. Returns how many there are. */
static size_t split(struct slice line, struct slice fields[FIELDS_MAX])
{
	size_t count = 0;

	while (line.ptr && count < FIELDS_MAX)
		fields[count++] = slice_cut(line, ':', &line);
	return count;
}

static bool slice_same(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The `want` is this line's name, or its number when it is one. */
static bool matches(struct slice want, struct slice name, struct slice number)
{
	uint64_t a, b;

	if (slice_same(want, name))
		return true;
	return str_to_u64(&a, want, LIMIT_ID) && str_to_u64(&b, number, LIMIT_ID) && a == b;
}

static bool find_user(struct user *out, struct slice *name_out, const char *passwd,
		      struct slice want)
{
	struct slice rest = slice_of(passwd), f[FIELDS_MAX];
	uint64_t uid, gid;

	while (rest.ptr) {
		struct slice line = slice_cut(rest, '\n', &rest);

		if (split(line, f) < 4 || !f[0].len || !matches(want, f[0], f[2]) ||
		    !str_to_u64(&uid, f[2], LIMIT_ID) || !str_to_u64(&gid, f[3], LIMIT_ID))
			continue;
		out->uid = (uint32_t)uid;
		out->gid = (uint32_t)gid;
		if (split(line, f) >= 6 && f[5].len && f[5].ptr[0] == '/')
			snprintf(out->home, sizeof(out->home), SLICE_FMT, SLICE_ARG(f[5]));
		*name_out = f[0];
		return true;
	}
	return false;
}

static bool find_group(uint32_t *out, const char *group, struct slice want)
{
	struct slice rest = slice_of(group), f[FIELDS_MAX];
	uint64_t gid;

	while (rest.ptr) {
		struct slice line = slice_cut(rest, '\n', &rest);

		if (split(line, f) < 3 || !f[0].len || !matches(want, f[0], f[2]) ||
		    !str_to_u64(&gid, f[2], LIMIT_ID))
			continue;
		*out = (uint32_t)gid;
		return true;
	}
	return false;
}

static bool has_member(struct slice members, struct slice name)
{
	while (members.ptr)
		if (slice_same(slice_cut(members, ',', &members), name))
			return true;
	return false;
}

static bool add_groups(struct user *out, const char *group, struct slice name, struct err *err)
{
	struct slice rest = slice_of(group), f[FIELDS_MAX];
	uint64_t gid;

	while (rest.ptr) {
		struct slice line = slice_cut(rest, '\n', &rest);

		if (split(line, f) < 4 || !has_member(f[3], name) ||
		    !str_to_u64(&gid, f[2], LIMIT_ID))
			continue;
		if (out->group_count == USER_GROUPS_MAX)
			return err_set(err, E_INPUT,
				       "user '" SLICE_FMT "' is in more than %d groups",
				       SLICE_ARG(name), USER_GROUPS_MAX);
		out->groups[out->group_count++] = (uint32_t)gid;
	}
	return true;
}

static bool nobody(struct err *err, const char *what, struct slice name, const char *file)
{
	err_set(err, E_NOT_FOUND, "%s '" SLICE_FMT "' is not in the image's %s", what,
		SLICE_ARG(name), file);
	return err_hint(err, "a number needs no entry there: 1000:1000; or a RUN before makes it");
}

static bool set_group(struct user *out, const char *group, struct slice want, struct err *err)
{
	uint64_t gid;

	if (find_group(&out->gid, group, want))
		return true;
	if (!str_to_u64(&gid, want, LIMIT_ID))
		return nobody(err, "group", want, "/etc/group");
	out->gid = (uint32_t)gid;
	return true;
}

bool user_find_in(struct user *out, const char *passwd, const char *group, const char *spec,
		  struct err *err)
{
	struct slice group_want, name = { 0 };
	struct slice want = slice_cut(slice_of(spec), ':', &group_want);
	uint64_t uid = 0;

	*out = (struct user){ .home = "/" };
	if (!want.len)
		want = SLICE_LIT("0");
	if (!find_user(out, &name, passwd, want)) {
		if (!str_to_u64(&uid, want, LIMIT_ID))
			return nobody(err, "user", want, "/etc/passwd");
		out->uid = (uint32_t)uid;
	}
	if (group_want.len)
		return set_group(out, group, group_want, err);
	return !name.len || add_groups(out, group, name, err);
}

/* An absent file is an empty one. */
static bool read_file(struct buf *out, int root, const char *path, struct err *err)
{
	if (fs_read(out, root, path, LIMIT_PASSWD, FS_IN_ROOT, err))
		return true;
	if (err->code != E_NOT_FOUND)
		return false;
	err_clear(err);
	return true;
}

bool user_find(struct user *out, int root, const char *spec, struct err *err)
{
	AUTO(buf_free) struct buf passwd = BUF_INIT(LIMIT_PASSWD);
	AUTO(buf_free) struct buf group = BUF_INIT(LIMIT_PASSWD);

	return read_file(&passwd, root, "/etc/passwd", err) &&
	       read_file(&group, root, "/etc/group", err) &&
	       user_find_in(out, passwd.ptr, group.ptr, spec, err);
}
