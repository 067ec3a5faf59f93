// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "layers/diff.h"
#include "layers/unpack.h"

/*
 * layers/diff.h, on upper directories made by hand and by a real overlay mount. The mount is in a
 * mount namespace of this process, on a tmpfs of its own, so that nothing outside sees or keeps it.
 * Needs root, as CI has it.
 */

struct world {
	struct fs_tmpdir dir;
	int upper;
};

static void world_open(struct world *w)
{
	struct err err = { 0 };

	w->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	MUST(fs_tmpdir_open(&w->dir, &err));
	assert_int_equal(mkdirat(w->dir.fd, "upper", 0755), 0);
	w->upper = openat(w->dir.fd, "upper", O_RDONLY | O_DIRECTORY);
}

static void world_close(struct world *w)
{
	close(w->upper);
	fs_tmpdir_close(&w->dir);
}

static void put(int dir, const char *path, const char *text)
{
	AUTO(auto_close) int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void set_xattr(int dir, const char *path, const char *name, const void *value, size_t len)
{
	AUTO(auto_close) int fd = openat(dir, path, O_RDONLY | O_NONBLOCK);

	assert_int_equal(fsetxattr(fd, name, value, len, 0), 0);
}

static char *listed(const struct entry_list *l)
{
	static const char marks[] = " / =cb|"; /* by kind; links show their target */
	struct buf b = BUF_INIT(1 << 16);

	for (size_t i = 0; i < l->len; i++) {
		const struct entry *e = &l->items[i];

		buf_putf(&b, "%s%s", i ? " " : "", e->path);
		if (e->kind == ENTRY_SYMLINK)
			buf_putf(&b, "->%s", e->link);
		else if (e->kind == ENTRY_HARDLINK)
			buf_putf(&b, "=%s", e->link);
		else if (e->kind != ENTRY_FILE)
			buf_put_byte(&b, (unsigned char)marks[e->kind]);
	}
	return buf_steal(&b);
}

static const struct entry *find(const struct entry_list *l, const char *path)
{
	for (size_t i = 0; i < l->len; i++)
		if (str_eq(l->items[i].path, path))
			return &l->items[i];
	fail_msg("no %s", path);
	return NULL;
}

static void make_socket(int dir, const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%s", dir, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

static void every_kind(void **state)
{
	static const char capability[20] = "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct timespec times[2] = { { 0 }, { .tv_sec = 1234567890, .tv_nsec = 42 } };
	AUTO(world_close) struct world w;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_free) char *got = NULL;
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	const struct entry *e;
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	assert_int_equal(mkdirat(w.upper, "d", 0755), 0);
	assert_int_equal(fchmodat(w.upper, "d", 01777, 0), 0);
	assert_int_equal(mkdirat(w.upper, "d/opaque", 0700), 0);
	set_xattr(w.upper, "d/opaque", "trusted.overlay.opaque", "y", 1);
	assert_int_equal(mkdirat(w.upper, "d/useropaque", 0700), 0);
	set_xattr(w.upper, "d/useropaque", "user.overlay.opaque", "y", 1);
	assert_int_equal(mkdirat(w.upper, "d/impure", 0700), 0);
	set_xattr(w.upper, "d/impure", "trusted.overlay.impure", "y", 1);
	put(w.upper, "d/z", "linked");
	assert_int_equal(linkat(w.upper, "d/z", w.upper, "d/opaque/y", 0), 0);
	assert_int_equal(linkat(w.upper, "d/z", w.upper, "a", 0), 0);
	assert_int_equal(symlinkat("../x", w.upper, "l"), 0);
	assert_int_equal(mkfifoat(w.upper, "fifo", 0600), 0);
	assert_int_equal(mknodat(w.upper, "null", S_IFCHR | 0666, makedev(1, 3)), 0);
	assert_int_equal(mknodat(w.upper, "d/gone", S_IFCHR, 0), 0);
	make_socket(w.upper, "socket");
	put(w.upper, "cap", "c");
	set_xattr(w.upper, "cap", "security.capability", capability, 20);
	set_xattr(w.upper, "cap", "user.z", "1", 1);
	set_xattr(w.upper, "cap", "user.b", "\0", 1);
	set_xattr(w.upper, "cap", "trusted.x", "1", 1);
	set_xattr(w.upper, "cap", "trusted.overlay.origin", "1", 1);
	assert_int_equal(fchownat(w.upper, "cap", 77, 78, 0), 0);
	set_xattr(w.upper, "cap", "security.capability", capability, 20);
	assert_int_equal(fchmodat(w.upper, "cap", 04711, 0), 0);
	assert_int_equal(utimensat(w.upper, "cap", times, 0), 0);

	MUST(diff_overlay(&l, w.upper, NULL, &err));
	got = listed(&l);
	assert_string_equal(got, "a cap d/ d/.wh.gone d/impure/ d/opaque/ d/opaque/.wh..wh..opq "
				 "d/opaque/y=a d/useropaque/ d/useropaque/.wh..wh..opq d/z=a fifo| "
				 "l->../x nullc");
	assert_int_equal(find(&l, "d")->mode, 01777);
	e = find(&l, "d/.wh.gone");
	assert_int_equal(e->mode, 0644);
	assert_int_equal(e->mtime, 315532800);
	assert_int_equal(e->uid + e->gid + e->size, 0);
	e = find(&l, "cap");
	assert_int_equal(e->uid, 77);
	assert_int_equal(e->gid, 78);
	assert_int_equal(e->mode, 04711);
	assert_int_equal(e->mtime, 1234567890);
	assert_int_equal(e->mtime_ns, 0);
	assert_int_equal(e->xattr_count, 3);
	assert_string_equal(e->xattrs[0].name, "security.capability");
	assert_memory_equal(e->xattrs[0].value, capability, 20);
	assert_string_equal(e->xattrs[1].name, "user.b");
	assert_string_equal(e->xattrs[2].name, "user.z");
	assert_int_equal(find(&l, "null")->dev_minor, 3);
	MUST(entries_tar(&tar, &l, &err));
}

static void refused(void **state)
{
	struct err err = { 0 };
	(void)state;

	for (int i = 0; i < 3; i++) {
		AUTO(world_close) struct world w;
		AUTO(entry_list_free) struct entry_list l = { 0 };

		world_open(&w);
		put(w.upper, i ? "f" : ".wh.f", "x");
		if (i)
			set_xattr(w.upper, "f",
				  i == 1 ? "trusted.overlay.redirect" : "user.overlay.metacopy",
				  "/x", 2);
		MUST_FAIL(diff_overlay(&l, w.upper, NULL, &err), i ? E_UNSUPPORTED : E_INPUT);
	}
}

static void stubs(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(str_list_free) struct str_list skip = { 0 };
	AUTO(auto_free) char *got = NULL;
	static const char *const names[] = { "etc/hosts",   "etc/resolv.conf", "proc", "run",
					     "run/secrets", "run/secrets/a",   "sys",  "sys-real" };
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		str_list_push(&skip, names[i]);
	assert_int_equal(mkdirat(w.upper, "etc", 0755), 0);
	put(w.upper, "etc/hosts", "");
	put(w.upper, "etc/resolv.conf", "changed");
	put(w.upper, "etc/empty", "");
	assert_int_equal(mkdirat(w.upper, "proc", 0755), 0);
	assert_int_equal(mkdirat(w.upper, "run", 0755), 0);
	assert_int_equal(mkdirat(w.upper, "run/secrets", 0755), 0);
	put(w.upper, "run/secrets/a", "");
	assert_int_equal(mkdirat(w.upper, "sys", 0755), 0);
	put(w.upper, "sys/file", "x");
	assert_int_equal(mkdirat(w.upper, "sys-real", 0755), 0);
	MUST(diff_overlay(&l, w.upper, &skip, &err));
	got = listed(&l);
	assert_string_equal(got, "etc/ etc/empty etc/resolv.conf sys/ sys/file");
}

/* --- a real overlay --- */

static void must_mount(bool ok, const char *what)
{
	if (!ok)
		fail_msg("%s: %s", what, strerror(errno));
}

static void real_overlay(void **state)
{
	static const char *const dirs[] = {
		"lower", "lower/d", "lower/e", "upper", "work", "merged"
	};
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_close) int base = -1;
	AUTO(auto_close) int merged = -1;
	AUTO(auto_close) int upper = -1;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_free) char *options = NULL;
	AUTO(auto_free) char *target = NULL;
	AUTO(auto_free) char *got = NULL;
	struct err err = { 0 };
	(void)state;

	MUST(fs_tmpdir_open(&dir, &err));
	must_mount(unshare(CLONE_NEWNS) == 0, "unshare");
	must_mount(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "make private");
	must_mount(mount("t", dir.path, "tmpfs", 0, NULL) == 0, "tmpfs");
	base = open(dir.path, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		assert_int_equal(mkdirat(base, dirs[i], 0755), 0);
	put(base, "lower/keep", "k");
	put(base, "lower/gone", "g");
	put(base, "lower/edit", "e");
	put(base, "lower/d/x", "x");
	put(base, "lower/e/y", "y");
	options = mem_printf("lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work,redirect_dir=off,"
			     "metacopy=off",
			     dir.path, dir.path, dir.path);
	target = mem_printf("%s/merged", dir.path);
	must_mount(mount("overlay", target, "overlay", 0, options) == 0, "overlay");

	merged = open(target, O_RDONLY | O_DIRECTORY);
	assert_int_equal(unlinkat(merged, "gone", 0), 0);
	put(merged, "edit", "edited");
	assert_int_equal(unlinkat(merged, "d/x", 0), 0);
	assert_int_equal(unlinkat(merged, "d", AT_REMOVEDIR), 0);
	assert_int_equal(mkdirat(merged, "d", 0700), 0);
	put(merged, "d/anew", "a");
	assert_int_equal(unlinkat(merged, "e/y", 0), 0);
	put(merged, "e/z", "z");
	assert_int_equal(linkat(merged, "e/z", merged, "hard", 0), 0);
	close(steal_fd(&merged));

	upper = openat(base, "upper", O_RDONLY | O_DIRECTORY);
	MUST(diff_overlay(&l, upper, NULL, &err));
	got = listed(&l);
	assert_string_equal(got, ".wh.gone d/ d/.wh..wh..opq d/anew e/ e/.wh.y e/z edit hard=e/z");
	assert_int_equal(umount2(target, 0), 0);

	/* What was read off the overlay, laid on the lower tree, gives the merged one. */
	{
		AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
		AUTO(auto_source_close) struct source *from = NULL;
		AUTO(auto_close) int lower = openat(base, "lower", O_RDONLY | O_DIRECTORY);
		AUTO(auto_free) char *text = NULL;
		struct unpack_options opt = { .whiteouts = UNPACK_APPLY, .keep_owner = true };

		MUST(entries_tar(&tar, &l, &err));
		from = source_mem(tar.ptr, tar.len);
		MUST(unpack_tar(lower, from, &opt, &err));
		assert_false(fs_exists(lower, "gone"));
		assert_false(fs_exists(lower, "d/x"));
		assert_false(fs_exists(lower, "e/y"));
		assert_true(fs_exists(lower, "keep"));
		text = read_file(lower, "hard");
		assert_string_equal(text, "z");
	}
	close(steal_fd(&base));
	close(steal_fd(&upper));
	assert_int_equal(umount2(dir.path, MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),
		cmocka_unit_test(refused),
		cmocka_unit_test(stubs),
		cmocka_unit_test(real_overlay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
