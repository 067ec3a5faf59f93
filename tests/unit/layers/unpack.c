// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/limits.h"
#include "layers/unpack.h"

/*
 * layers/unpack.h. Every case unpacks into W/root with a canary beside it (W/canary, a directory
 * with a file); whatever a layer tries, the canary keeps its names, contents and modes.
 */

struct world {
	struct fs_tmpdir dir;
	int root;
};

static void put(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void world_open(struct world *w)
{
	struct err err = { 0 };

	w->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	MUST(fs_tmpdir_open(&w->dir, &err));
	assert_int_equal(mkdirat(w->dir.fd, "canary", 0755), 0);
	put(w->dir.fd, "canary/file", "alive");
	assert_int_equal(mkdirat(w->dir.fd, "root", 0755), 0);
	w->root = openat(w->dir.fd, "root", O_RDONLY | O_DIRECTORY);
}

static void world_close(struct world *w)
{
	AUTO(auto_free) char *text = read_file(w->dir.fd, "canary/file");
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err err = { 0 };
	struct stat st;

	MUST(fs_list(&names, w->dir.fd, "canary", FS_BENEATH, &err));
	assert_int_equal(names.len, 1);
	str_list_free(&names);
	MUST(fs_list(&names, w->dir.fd, "", FS_BENEATH, &err));
	assert_int_equal(names.len, 2);
	assert_non_null(text);
	assert_string_equal(text, "alive");
	assert_int_equal(fstatat(w->dir.fd, "canary/file", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(st.st_nlink, 1);
	close(w->root);
	fs_tmpdir_close(&w->dir);
}

static bool unpack(const struct world *w, const struct raw_member *members,
		   enum unpack_whiteouts how, struct err *err)
{
	struct unpack_options opt = { .whiteouts = how, .keep_owner = true };
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 22);
	AUTO(auto_source_close) struct source *from = NULL;

	raw_tar(&tar, members);
	from = source_mem(tar.ptr, tar.len);
	return unpack_tar(w->root, from, &opt, err);
}

/* "a" file, "a/" directory, "a -> b" link, "a!" anything else; sorted, all levels. */
static void list_tree(struct buf *out, int dir, const char *prefix)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err err = { 0 };

	MUST(fs_list(&names, dir, "", FS_BENEATH, &err));
	for (size_t i = 0; i < names.len; i++) {
		struct stat st;
		char target[256] = "";

		assert_int_equal(fstatat(dir, names.items[i], &st, AT_SYMLINK_NOFOLLOW), 0);
		buf_putf(out, "%s%s%s", out->len ? " " : "", prefix, names.items[i]);
		if (S_ISLNK(st.st_mode)) {
			assert_true(readlinkat(dir, names.items[i], target, 255) > 0);
			buf_putf(out, "->%s", target);
		} else if (S_ISDIR(st.st_mode)) {
			AUTO(auto_close)
			int sub = openat(dir, names.items[i], O_RDONLY | O_DIRECTORY);
			AUTO(auto_free) char *deeper = mem_printf("%s%s/", prefix, names.items[i]);

			buf_put(out, "/");
			list_tree(out, sub, deeper);
		} else if (!S_ISREG(st.st_mode)) {
			buf_put(out, "!");
		}
	}
}

#define F(n)                         \
	{                            \
		.name = n, .body = n \
	}
#define D(n)                                         \
	{                                            \
		.name = n, .type = '5', .mode = 0755 \
	}
#define L(n, to)                                   \
	{                                          \
		.name = n, .type = '2', .link = to \
	}
#define H(n, to)                                   \
	{                                          \
		.name = n, .type = '1', .link = to \
	}

struct layer_case {
	const char *name;
	struct raw_member layers[3][8]; /* applied in turn */
	const char *want;               /* NULL: the last layer is refused with this code */
	enum err_code code;
};

static const struct layer_case cases[] = {
	{ "files and directories",
	  { { D("./"), D("a"), F("a/x"), F("b"), L("c", "a/x"), H("d", "b") } },
	  "a/ a/x b c->a/x d",
	  0 },
	{ "missing parents", { { F("a/b/c") } }, "a/ a/b/ a/b/c", 0 },
	{ "absolute name", { { F("/etc/passwd") } }, "etc/ etc/passwd", 0 },
	{ "..", { { F("../canary/file") } }, NULL, E_INTEGRITY },
	{ ".. in the middle", { { F("a/../../canary/file") } }, NULL, E_INTEGRITY },
	{ "through a link out",
	  { { L("l", "../canary"), F("l/file") } },
	  "canary/ canary/file l->../canary",
	  0 },
	{ "through a dangling absolute link",
	  { { L("l", "/canary/in"), F("l/file") } },
	  "canary/ canary/in/ canary/in/file l->/canary/in",
	  0 },
	{ "through dangling links to links",
	  { { D("a"), L("a/l", "../m"), L("m", "b/./c/../d/"), F("a/l/x") } },
	  "a/ a/l->../m b/ b/c/ b/d/ b/d/x m->b/./c/../d/",
	  0 },
	{ "through a link to itself", { { L("l", "l"), F("l/x") } }, NULL, E_INTEGRITY },
	{ "through a link to a file", { { F("f"), L("l", "f"), F("l/x") } }, NULL, E_IO },
	{ "through an absolute link to what is there",
	  { { D("in"), L("l", "/in"), F("l/file") } },
	  "in/ in/file l->/in",
	  0 },
	{ "through a link of the layer below",
	  { { D("in"), L("l", "in") }, { F("l/x") } },
	  "in/ in/x l->in",
	  0 },
	{ "over a link", { { L("l", "../canary/file"), F("l") } }, "l", 0 },
	{ "over a link of the layer below", { { L("l", "../canary/file") }, { F("l") } }, "l", 0 },
	{ "directory over a link", { { L("l", "../canary"), D("l"), F("l/x") } }, "l/ l/x", 0 },
	{ "link over a directory", { { D("d"), F("d/x") }, { L("d", "e") } }, "d->e", 0 },
	{ "file over a directory", { { D("d"), F("d/x") }, { F("d") } }, "d", 0 },
	{ "directory over a file", { { F("d") }, { D("d"), F("d/x") } }, "d/ d/x", 0 },
	{ "below a file", { { F("d") }, { F("d/x") } }, NULL, E_IO },
	{ "the same twice", { { F("a"), F("a"), D("d"), F("d/x"), D("d") } }, "a d/ d/x", 0 },
	{ "hard link out by ..", { { H("h", "../canary/file") } }, NULL, E_INTEGRITY },
	{ "hard link out by a link",
	  { { L("l", "../canary"), H("h", "l/file") } },
	  NULL,
	  E_INTEGRITY },
	{ "hard link to a link out",
	  { { L("l", "../canary/file"), H("h", "l"), F("h") } },
	  "h l->../canary/file",
	  0 },
	{ "hard link to a link is the link", { { L("l", "x"), H("h", "l") } }, "h->x l->x", 0 },
	{ "hard link to nothing", { { H("h", "none") } }, NULL, E_INTEGRITY },
	{ "hard link to a directory", { { D("d"), H("h", "d") } }, NULL, E_INTEGRITY },
	{ "hard link to itself", { { F("a"), H("a", "a") } }, "a", 0 },
	{ "hard link over a file", { { F("a"), F("b"), H("b", "a") } }, "a b", 0 },
	{ "hard link over the directory of its target",
	  { { D("d"), F("d/x"), H("d", "d/x") } },
	  NULL,
	  E_NOT_FOUND },
	{ "hard link into the layer below", { { F("a") }, { H("b", "a") } }, "a b", 0 },
	{ "hard link with data",
	  { { F("a"), { .name = "b", .type = '1', .link = "a", .body = "x" } } },
	  NULL,
	  E_INTEGRITY },
	{ "fifo", { { { .name = "f", .type = '6' } } }, "f!", 0 },
	{ "devices are skipped",
	  { { { .name = "c", .type = '3' }, { .name = "b", .type = '4' }, F("x") } },
	  "x",
	  0 },
	/* whiteouts */
	{ "whiteout",
	  { { F("a"), D("d"), F("d/x"), F("d/y") }, { F(".wh.a"), F("d/.wh.x") } },
	  "d/ d/y",
	  0 },
	{ "whiteout of a tree", { { D("d"), D("d/e"), F("d/e/f") }, { F(".wh.d") } }, "", 0 },
	{ "whiteout of nothing", { { F("a") }, { F(".wh.b"), F("no/.wh.b") } }, "a", 0 },
	{ "whiteout below a file", { { F("a") }, { F("a/.wh.b"), F("a/b/.wh.c") } }, "a", 0 },
	{ "whiteout of a link removes the link",
	  { { D("d"), F("d/x"), L("l", "d") }, { F(".wh.l") } },
	  "d/ d/x",
	  0 },
	{ "whiteout through a link",
	  { { D("d"), F("d/x"), L("l", "d") }, { F("l/.wh.x") } },
	  "d/ l->d",
	  0 },
	{ "whiteout through a link out",
	  { { L("l", "../canary") }, { F("l/.wh.file") } },
	  "l->../canary",
	  0 },
	{ "whiteout spares its own layer",
	  { { D("d"), F("d/old") }, { D("d"), F("d/new"), F(".wh.d") } },
	  "d/ d/new",
	  0 },
	{ "whiteout before its own layer's",
	  { { D("d"), F("d/old") }, { F(".wh.d"), D("d"), F("d/new") } },
	  "d/ d/new",
	  0 },
	{ "whiteout spares what has no entry for its parent",
	  { { D("d"), F("d/old") }, { F("d/new"), F(".wh.d") } },
	  "d/ d/new",
	  0 },
	{ "opaque",
	  { { D("d"), F("d/x"), D("d/e"), F("d/e/f"), F("o") },
	    { D("d"), F("d/.wh..wh..opq"), F("d/n") } },
	  "d/ d/n o",
	  0 },
	{ "opaque last",
	  { { D("d"), F("d/x"), D("d/e"), F("d/e/f") },
	    { D("d"), F("d/n"), D("d/e"), F("d/e/g"), F("d/.wh..wh..opq") } },
	  "d/ d/e/ d/e/g d/n",
	  0 },
	{ "opaque through a link",
	  { { D("d"), F("d/x"), L("l", "d") }, { F("l/n"), F("d/.wh..wh..opq") } },
	  "d/ d/n l->d",
	  0 },
	{ "opaque of nothing", { { F("a") }, { F("no/.wh..wh..opq") } }, "a", 0 },
	{ "opaque of a file", { { F("a") }, { F("a/.wh..wh..opq") } }, "a", 0 },
	{ "opaque root", { { F("a"), D("d"), F("d/x") }, { F(".wh..wh..opq"), F("b") } }, "b", 0 },
	{ "opaque through a link out",
	  { { L("l", "../canary") }, { F("l/.wh..wh..opq") } },
	  "l->../canary",
	  0 },
	{ "empty whiteout", { { F(".wh.") } }, NULL, E_INTEGRITY },
	{ "whiteout of .", { { F(".wh..") } }, NULL, E_INTEGRITY },
	{ "whiteout of ..", { { F(".wh...") } }, NULL, E_INTEGRITY },
	{ "whiteout of .. as a directory", { { D(".wh.../") } }, NULL, E_INTEGRITY },
	{ "whiteout of ... is a name", { { F("...") }, { F(".wh....") } }, "", 0 },
	{ "below a whiteout", { { F(".wh.a/b") } }, NULL, E_INTEGRITY },
	{ "AUFS' own",
	  { { D(".wh..wh.plnk"), F(".wh..wh.plnk/1.2"), F(".wh..wh.aufs"), F("a") } },
	  "a",
	  0 },
};

static void layer_table(void **state)
{
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(world_close) struct world w;
		AUTO(buf_free) struct buf got = BUF_INIT(1 << 16);
		struct err err = { 0 };
		bool ok = true;

		world_open(&w);
		for (size_t k = 0; ok && k < 3 && cases[i].layers[k][0].name; k++)
			ok = unpack(&w, cases[i].layers[k], UNPACK_APPLY, &err);
		list_tree(&got, w.root, "");
		if (!cases[i].want) {
			if (ok || err.code != cases[i].code)
				fail_msg("%s: %s: %s; tree: %s", cases[i].name, err_name(err.code),
					 err.msg, got.ptr);
			continue;
		}
		if (!ok || !str_eq(got.ptr, cases[i].want))
			fail_msg("%s: '%s', not '%s' (%s)", cases[i].name, got.ptr, cases[i].want,
				 err.msg);
	}
}

/* --- metadata --- */

static bool unpack_entries(const struct world *w, const struct entry_list *l,
			   const struct unpack_options *opt, struct err *err)
{
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 22);
	AUTO(auto_source_close) struct source *from = NULL;

	if (!entries_tar(&tar, l, err))
		return false;
	from = source_mem(tar.ptr, tar.len);
	return unpack_tar(w->root, from, opt, err);
}

static void set(struct entry *e, mode_t mode, int64_t uid, int64_t gid, int64_t mtime)
{
	e->mode = mode;
	e->uid = uid;
	e->gid = gid;
	e->mtime = mtime;
	e->mtime_ns = 987654321;
}

/* VFS_CAP_REVISION_2, cap_net_bind_service */
static const char capability[20] = "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0";
static struct entry_xattr xattrs[] = {
	{ "security.capability", capability, 20 },
	{ "trusted.overlay.opaque", "y", 1 },
	{ "user.kept", "v", 1 },
	{ "user.overlay.redirect", "/etc", 4 },
};

static void add_all_kinds(struct entry_list *l)
{
	struct entry *e;

	set(entry_add(l, ENTRY_DIR, ""), 0711, 0, 0, 1000000000);
	set(entry_add(l, ENTRY_DIR, "dir"), 03570, 11, 12, 1000000001);
	e = entry_add_bytes(l, "dir/setuid", "x", 1);
	set(e, 06711, 13, 14, 1000000002);
	e->xattrs = xattrs;
	e->xattr_count = 4;
	e = entry_add(l, ENTRY_SYMLINK, "dir/link");
	e->link = "/nowhere";
	set(e, 0777, 15, 16, 1000000003);
	set(entry_add(l, ENTRY_FIFO, "dir/fifo"), 0640, 17, 18, 1000000004);
	e = entry_add(l, ENTRY_CHAR, "dir/null");
	set(e, 0666, 19, 20, 1000000005);
	e->dev_major = 1;
	e->dev_minor = 3;
}

static void metadata(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct unpack_options opt = { .keep_owner = true, .keep_devices = true };
	struct err err = { 0 };
	char value[32];
	AUTO(auto_close) int fd = -1;
	(void)state;

	world_open(&w);
	add_all_kinds(&l);
	umask(077);
	MUST(unpack_entries(&w, &l, &opt, &err));
	umask(022);
	for (size_t i = 0; i < l.len; i++) {
		const struct entry *e = &l.items[i];
		struct stat st;

		assert_int_equal(fstatat(w.root, e->path, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH),
				 0);
		if (e->kind != ENTRY_SYMLINK)
			assert_int_equal(st.st_mode & 07777, e->mode);
		assert_int_equal(st.st_uid, e->uid);
		assert_int_equal(st.st_gid, e->gid);
		assert_int_equal(st.st_mtim.tv_sec, e->mtime);
		assert_int_equal(st.st_mtim.tv_nsec, e->mtime_ns);
		if (e->kind == ENTRY_CHAR)
			assert_int_equal(st.st_rdev, makedev(1, 3));
	}
	fd = openat(w.root, "dir/setuid", O_RDONLY);
	assert_int_equal(fgetxattr(fd, "security.capability", value, sizeof(value)), 20);
	assert_memory_equal(value, capability, 20);
	if (fgetxattr(fd, "user.kept", value, sizeof(value)) != 1)
		assert_int_equal(errno, ENOTSUP); /* tmpfs of old kernels */
	assert_int_equal(fgetxattr(fd, "trusted.overlay.opaque", value, sizeof(value)), -1);
	assert_int_equal(fgetxattr(fd, "user.overlay.redirect", value, sizeof(value)), -1);
}

static void without_owner(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct unpack_options opt = { .keep_owner = false };
	struct err err = { 0 };
	struct stat st;
	char value[32];
	AUTO(auto_close) int fd = -1;
	(void)state;

	world_open(&w);
	add_all_kinds(&l);
	MUST(unpack_entries(&w, &l, &opt, &err));
	assert_int_equal(fstatat(w.root, "dir/setuid", &st, 0), 0);
	assert_int_equal(st.st_uid, getuid());
	assert_int_equal(fstatat(w.root, "dir", &st, 0), 0);
	assert_int_equal(st.st_mode & 0700, 0700); /* so that the next layer can get in */
	assert_int_equal(fstatat(w.root, "dir/null", &st, 0), -1);
	fd = openat(w.root, "dir/setuid", O_RDONLY);
	assert_int_equal(fgetxattr(fd, "security.capability", value, sizeof(value)), -1);
}

static void implied_parents_ignore_the_umask(void **state)
{
	AUTO(world_close) struct world w;
	struct err err = { 0 };
	struct stat st;
	(void)state;

	world_open(&w);
	umask(077);
	MUST(unpack(&w, (const struct raw_member[]){ F("a/b/c"), { 0 } }, UNPACK_APPLY, &err));
	umask(022);
	assert_int_equal(fstatat(w.root, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
}

/* A tar that ends inside a file. */
static void no_half_of_a_file_stays(void **state)
{
	const struct raw_member members[] = {
		F("whole"), { .name = "half", .type = '0', .body = "some", .size = 4 * MIB }, { 0 }
	};
	AUTO(world_close) struct world w;
	AUTO(buf_free) struct buf tree = BUF_INIT(1 << 20);
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	MUST_FAIL(unpack(&w, members, UNPACK_APPLY, &err), E_INTEGRITY);
	list_tree(&tree, w.root, "");
	assert_string_equal(tree.ptr, "whole");
}

static void device_zero_is_refused(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct unpack_options opt = { .keep_owner = true, .keep_devices = true };
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	entry_add(&l, ENTRY_CHAR, "wh");
	MUST_FAIL(unpack_entries(&w, &l, &opt, &err), E_INTEGRITY);
}

static void late_metadata_does_not_follow(void **state)
{
	AUTO(world_close) struct world w;
	struct err err = { 0 };
	struct stat st;
	(void)state;

	/* A directory whose mode and time come last, and that a link has replaced by then. */
	world_open(&w);
	MUST(unpack(&w,
		    (const struct raw_member[]){ { .name = "d", .type = '5', .mode = 0777 },
						 L("d", "../canary"),
						 { 0 } },
		    UNPACK_APPLY, &err));
	assert_int_equal(fstatat(w.dir.fd, "canary", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_true(st.st_mtime > 1000000000);
}

/* --- overlay --- */

static void overlay_marks(void **state)
{
	static const struct raw_member members[] = {
		F(".wh.gone"),      D("d"),         F("d/.wh..wh..opq"), F("d/n"),
		D("anew"),          F(".wh.anew"),  F(".wh.late"),       D("late"),
		F(".wh.implied"),   F("implied/x"), F(".wh.file"),       F("file"),
		F("deep/er/.wh.x"), { 0 }
	};
	static const char *const opaque[] = { "d", "anew", "late", "implied" };
	(void)state;

	for (int k = 0; k < 2; k++) {
		AUTO(world_close) struct world w;
		AUTO(buf_free) struct buf got = BUF_INIT(1 << 16);
		struct err err = { 0 };

		world_open(&w);
		MUST(unpack(&w, members, k ? UNPACK_OVERLAY_USERXATTR : UNPACK_OVERLAY, &err));
		list_tree(&got, w.root, "");
		assert_string_equal(got.ptr, "anew/ d/ d/n deep/ deep/er/ deep/er/x! file gone! "
					     "implied/ implied/x late/");
		for (size_t i = 0; i < ARRAY_LEN(opaque); i++) {
			AUTO(auto_close) int fd = openat(w.root, opaque[i], O_RDONLY | O_DIRECTORY);
			char value[4];

			assert_int_equal(
				fgetxattr(fd, k ? "user.overlay.opaque" : "trusted.overlay.opaque",
					  value, sizeof(value)),
				1);
			assert_int_equal(value[0], 'y');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layer_table),
		cmocka_unit_test(metadata),
		cmocka_unit_test(without_owner),
		cmocka_unit_test(implied_parents_ignore_the_umask),
		cmocka_unit_test(no_half_of_a_file_stays),
		cmocka_unit_test(device_zero_is_refused),
		cmocka_unit_test(late_metadata_does_not_follow),
		cmocka_unit_test(overlay_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
