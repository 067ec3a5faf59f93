// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Paths as text, and files below a root that tries to lead out of it. */

static void clean_members(void **state)
{
	static const struct {
		const char *in, *want; /* want NULL: refused */
	} cases[] = {
		{ "a", "a" },
		{ "./a/b", "a/b" },
		{ "/etc/passwd", "etc/passwd" },
		{ "a//b/./c/", "a/b/c" },
		{ "", "" },
		{ ".", "" },
		{ "/", "" },
		{ "./", "" },
		{ "..", NULL },
		{ "a/../b", NULL },
		{ "../etc", NULL },
		{ "a/..", NULL },
		{ "a/...", "a/..." },
		{ "..a/b..", "..a/b.." },
		{ "a\nb", "a\nb" },
		{ "\xff", "\xff" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		char *out = NULL;
		bool ok = fs_clean_member(&out, cases[i].in, strlen(cases[i].in), &err);

		if (ok != (cases[i].want != NULL) || (ok && strcmp(out, cases[i].want) != 0))
			fail_msg("'%s' -> '%s' (%s)", cases[i].in, out ? out : "", err.msg);
		assert_int_equal(err.code, ok ? E_NONE : E_INTEGRITY);
		free(out);
	}
}

static bool clean_of(size_t len, char fill, size_t slash_every)
{
	char *text = mem_alloc(len + 1), *out = NULL;
	struct err err = { 0 };
	bool ok;

	memset(text, fill, len);
	for (size_t i = slash_every; slash_every && i < len; i += slash_every + 1)
		text[i] = '/';
	ok = fs_clean_member(&out, text, len, &err);
	free(out);
	free(text);
	return ok;
}

static void member_limits(void **state)
{
	struct err err = { 0 };
	char *out = NULL;

	(void)state;
	assert_true(clean_of(LIMIT_COMPONENT, 'a', 0));
	assert_false(clean_of(LIMIT_COMPONENT + 1, 'a', 0));
	assert_true(clean_of(LIMIT_PATH, 'a', 100));
	assert_false(clean_of(LIMIT_PATH + 1, 'a', 100));
	assert_true(clean_of(2 * LIMIT_PATH_DEPTH - 1, 'a', 1));
	assert_false(clean_of(2 * LIMIT_PATH_DEPTH + 1, 'a', 1));
	assert_false(fs_clean_member(&out, "a\0b", 3, &err));
	assert_int_equal(err.code, E_INTEGRITY);
}

static void lexical_paths(void **state)
{
	static const struct {
		const char *base, *rel, *want;
	} cases[] = {
		{ "/a/x", "../b", "/a/b" },
		{ "/a", "b/./c//d", "/a/b/c/d" },
		{ "/a", "/b", "/b" },
		{ "/", "..", "/" },
		{ "/a/b", "../../../..", "/" },
		{ "a", "../..", ".." },
		{ "", "a", "a" },
		{ "", "", "." },
		{ "/", "", "/" },
		{ "/a/", "", "/a" },
		{ "a/b", "..", "a" },
		{ "..", "../a", "../../a" },
		{ "/x", "...", "/x/..." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *got = fs_join(cases[i].base, cases[i].rel);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("'%s' + '%s' = '%s'", cases[i].base, cases[i].rel, got);
		free(got);
	}
	assert_string_equal(fs_basename("/a/b.py"), "b.py");
	assert_string_equal(fs_basename("b.py"), "b.py");
}

struct place {
	struct fs_tmpdir dir;
	int root, outside;
};

/* DIR/root with links that lead out, DIR/outside/secret. */
static int make_place(void **state)
{
	struct place *p = mem_alloc(sizeof(*p));
	struct err err = { 0 };

	p->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	if (!fs_tmpdir_open(&p->dir, &err) || mkdirat(p->dir.fd, "root", 0755) ||
	    mkdirat(p->dir.fd, "outside", 0755) ||
	    !fs_open(&p->root, p->dir.fd, "root", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH, &err) ||
	    !fs_open(&p->outside, p->dir.fd, "outside", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH,
		     &err) ||
	    !fs_write_atomic(p->outside, "secret", "secret", 6, 0644, &err) ||
	    mkdirat(p->root, "dir", 0755) ||
	    !fs_write_atomic(p->root, "file", "inside", 6, 0644, &err) ||
	    symlinkat("../outside", p->root, "up") || symlinkat("/dir", p->root, "absolute") ||
	    symlinkat("../outside/secret", p->root, "up-file") ||
	    symlinkat("dir", p->root, "link") || symlinkat("loop", p->root, "loop") ||
	    symlinkat("/proc/self/root", p->root, "magic") || mkfifoat(p->root, "fifo", 0644))
		return -1;
	*state = p;
	return 0;
}

static int drop_place(void **state)
{
	struct place *p = *state;

	close(p->root);
	close(p->outside);
	fs_tmpdir_close(&p->dir);
	free(p);
	return 0;
}

static void nothing_leads_out_of_a_root(void **state)
{
	static const struct {
		const char *path;
		enum fs_resolve how;
		enum err_code want;
	} cases[] = {
		{ "file", FS_BENEATH, E_NONE },
		{ "file", FS_BENEATH_NOLINK, E_NONE },
		{ "/file", FS_IN_ROOT, E_NONE },
		{ "/file", FS_BENEATH, E_INPUT },
		{ "../root/file", FS_BENEATH, E_INPUT },
		{ "up/secret", FS_BENEATH, E_INPUT },
		{ "up-file", FS_BENEATH, E_INPUT },
		{ "up/secret", FS_IN_ROOT, E_NOT_FOUND }, /* ".." of the root is the root */
		{ "up-file", FS_IN_ROOT, E_NOT_FOUND },
		{ "absolute", FS_BENEATH, E_INPUT },
		{ "link", FS_BENEATH_NOLINK, E_INPUT },
		{ "loop", FS_IN_ROOT, E_INPUT },
		{ "magic/etc/passwd", FS_IN_ROOT, E_NOT_FOUND },
		{ "nope", FS_BENEATH, E_NOT_FOUND },
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		int fd = -1;
		bool ok = fs_open(&fd, p->root, cases[i].path, O_RDONLY, 0, cases[i].how, &err);

		if (err.code != cases[i].want || ok != (cases[i].want == E_NONE))
			fail_msg("%s (%d): code %d: %s", cases[i].path, (int)cases[i].how,
				 (int)err.code, err.msg);
		if (ok)
			close(fd);
	}
}

static void the_last_component_is_never_followed(void **state)
{
	struct place *p = *state;
	struct fs_parent parent;
	struct err err = { 0 };
	struct stat st;

	assert_true(fs_open_parent(&parent, p->root, "absolute/new", FS_IN_ROOT, &err));
	assert_string_equal(parent.name, "new");
	fs_parent_close(&parent);
	assert_true(fs_open_parent(&parent, p->root, "/up-file", FS_IN_ROOT, &err));
	assert_int_equal(unlinkat(parent.fd, parent.name, 0), 0); /* the link, not the secret */
	fs_parent_close(&parent);
	assert_true(fs_exists(p->outside, "secret"));
	assert_true(fs_stat(&st, p->root, "link", FS_IN_ROOT, &err));
	assert_true(S_ISLNK(st.st_mode));
	assert_false(fs_open_parent(&parent, p->root, "dir/..", FS_IN_ROOT, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_false(fs_open_parent(&parent, p->root, "/", FS_IN_ROOT, &err));
}

static void reading_has_limits_and_refuses_what_is_no_file(void **state)
{
	struct place *p = *state;
	struct buf out = BUF_INIT(100);
	struct err err = { 0 };

	assert_true(fs_read(&out, p->root, "file", 6, FS_BENEATH, &err));
	assert_string_equal(out.ptr, "inside");
	buf_clear(&out);
	assert_false(fs_read(&out, p->root, "file", 5, FS_BENEATH, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_false(fs_read(&out, p->root, "fifo", 100, FS_BENEATH, &err)); /* and does not hang */
	assert_int_equal(err.code, E_INPUT);
	assert_false(fs_read(&out, p->root, "dir", 100, FS_BENEATH, &err));
	assert_int_equal(err.code, E_INPUT);
	buf_free(&out);
}

static void directories_are_made_inside(void **state)
{
	struct place *p = *state;
	struct err err = { 0 };
	struct stat st;

	assert_true(fs_mkdir_p(p->root, "a/b/c", 0700, FS_IN_ROOT, &err));
	assert_true(fs_stat(&st, p->root, "a/b/c", FS_IN_ROOT, &err));
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(fs_mkdir_p(p->root, "/absolute/sub", 0755, FS_IN_ROOT, &err));
	assert_true(fs_exists(p->root, "dir/sub"));
	assert_true(fs_mkdir_p(p->root, "link", 0755, FS_IN_ROOT, &err)); /* is one already */
	assert_false(fs_mkdir_p(p->root, "up/made", 0755, FS_BENEATH, &err));
	assert_false(fs_exists(p->outside, "made"));
	assert_false(fs_mkdir_p(p->root, "file/x", 0755, FS_BENEATH, &err));
}

static void writing_is_whole_or_not_at_all(void **state)
{
	struct place *p = *state;
	struct str_list names = { 0 };
	struct fs_tmp tmp = FS_TMP_INIT;
	struct err err = { 0 };

	assert_true(fs_list(&names, p->root, ".", FS_BENEATH, &err));
	assert_true(fs_tmp_open(&tmp, p->root, &err));
	assert_true(fs_write_all(tmp.fd, "half", 4, &err));
	fs_tmp_close(&tmp); /* not committed: gone */
	{
		struct str_list after = { 0 };

		assert_true(fs_list(&after, p->root, ".", FS_BENEATH, &err));
		assert_int_equal(after.len, names.len);
		for (size_t i = 0; i < names.len; i++)
			assert_string_equal(after.items[i], names.items[i]);
		str_list_free(&after);
	}
	assert_false(fs_write_atomic(p->root, "dir", "x", 1, 0644, &err)); /* over a directory */
	str_list_free(&names);
}

/* What a user names may be a device, a FIFO or a link to one: a rename would replace it. */
static void paths_of_users_stay_what_they_are(void **state)
{
	struct place *p = *state;
	AUTO(buf_free) struct buf out = BUF_INIT(100);
	struct err err = { 0 };
	struct stat st;
	int fifo;

	assert_int_equal(fchdir(p->root), 0);
	assert_int_equal(symlink("file", "to-file"), 0);
	assert_int_equal(symlink("fifo", "to-fifo"), 0);
	fifo = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fifo >= 0);
	assert_true(fs_write_path_atomic("to-fifo", "through", 7, 0644, &err));
	assert_true(fs_read_fd(&out, fifo, 100, &err));
	assert_string_equal(out.ptr, "through");
	close(fifo);
	assert_int_equal(lstat("fifo", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_true(fs_write_path_atomic("to-file", "followed", 8, 0644, &err));
	assert_int_equal(lstat("to-file", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	buf_clear(&out);
	assert_true(fs_read(&out, p->root, "file", 100, FS_BENEATH, &err));
	assert_string_equal(out.ptr, "followed");
	assert_int_equal(chdir("/"), 0);
}

static void trees_are_removed_without_following_links(void **state)
{
	struct place *p = *state;
	struct err err = { 0 };

	assert_true(fs_mkdir_p(p->root, "tree/a/b", 0755, FS_BENEATH, &err));
	assert_int_equal(symlinkat("../../outside", p->root, "tree/a/out"), 0);
	assert_int_equal(fchmodat(p->root, "tree/a", 0500, 0), 0);
	assert_true(fs_remove_tree(p->root, "tree", &err));
	assert_false(fs_exists(p->root, "tree"));
	assert_true(fs_exists(p->outside, "secret"));
	assert_true(fs_remove_tree(p->root, "tree", &err)); /* absent is success */
	assert_true(fs_remove_tree(p->root, "up", &err));   /* the link alone */
	assert_true(fs_exists(p->outside, "secret"));
}

/* Deeper than there are descriptors, as a command may leave it. */
static void trees_deeper_than_descriptors_are_removed(void **state)
{
	struct place *p = *state;
	struct rlimit old, few;
	struct err err = { 0 };
	int at = dup(p->root);

	for (int i = 0; i < 600; i++) {
		int below;

		assert_int_equal(mkdirat(at, i ? "d" : "deep", 0700), 0);
		below = openat(at, i ? "d" : "deep", O_RDONLY | O_DIRECTORY);
		assert_true(below >= 0);
		close(at);
		at = below;
	}
	close(at);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ 200, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	if (!fs_remove_tree(p->root, "deep", &err))
		fail_msg("%.200s", err.msg);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_false(fs_exists(p->root, "deep"));
}

static void a_lock_dies_with_its_holder(void **state)
{
	struct place *p = *state;
	struct err err = { 0 };
	int ready[2], fd = -1;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int held;

		if (fs_lock(&held, p->root, "lock", true, &err) && write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(fs_lock(&fd, p->root, "lock", true, &err));
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

static void leftovers_are_those_of_the_dead(void **state)
{
	struct place *p = *state;
	struct fs_tmp tmp = FS_TMP_INIT;
	struct str_list names = { 0 };
	struct err err = { 0 };
	size_t found = 0;
	pid_t pid;

	assert_true(fs_tmp_open(&tmp, p->outside, &err));
	assert_false(fs_tmp_is_leftover(p->outside, tmp.name)); /* ours */
	fs_tmp_close(&tmp);
	pid = fork();
	if (pid == 0) {
		struct fs_tmp own = FS_TMP_INIT;

		_exit(fs_tmp_open(&own, p->outside, &err) ? 0 : 1); /* dies without a word */
	}
	waitpid(pid, NULL, 0);
	assert_true(fs_list(&names, p->outside, ".", FS_BENEATH, &err));
	for (size_t i = 0; i < names.len; i++)
		found += fs_tmp_is_leftover(p->outside, names.items[i]);
	assert_int_equal(names.len, 2); /* and the secret */
	assert_int_equal(found, 1);
	assert_false(fs_tmp_is_leftover(p->outside, ".tmp-nonsense"));
	str_list_free(&names);
}

static void absolute_names(void **state)
{
	struct place *p = *state;
	char *path = mem_printf("%s/root/link", p->dir.path);
	char *want = mem_printf("%s/root/dir", p->dir.path);
	char *got = fs_absolute(path);

	assert_string_equal(got, want);
	free(got);
	free(path);
	free(want);
	assert_null(fs_absolute("/no/such/thing"));
}

static void a_temporary_directory_leaves_nothing(void **state)
{
	struct fs_tmpdir d = FS_TMPDIR_INIT;
	struct err err = { 0 };
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	assert_true(fs_tmpdir_open(&d, &err));
	snprintf(path, sizeof(path), "%s", d.path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(fs_mkdir_p(d.fd, "a/b", 0755, FS_BENEATH, &err));
	assert_true(fs_write_atomic(d.fd, "file", "x", 1, 0644, &err));
	fs_tmpdir_close(&d);
	assert_int_equal(stat(path, &st), -1);
	fs_tmpdir_close(&d);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_members),
		cmocka_unit_test(member_limits),
		cmocka_unit_test(lexical_paths),
		cmocka_unit_test(a_temporary_directory_leaves_nothing),
		IN_PLACE(nothing_leads_out_of_a_root),
		IN_PLACE(the_last_component_is_never_followed),
		IN_PLACE(reading_has_limits_and_refuses_what_is_no_file),
		IN_PLACE(directories_are_made_inside),
		IN_PLACE(writing_is_whole_or_not_at_all),
		IN_PLACE(paths_of_users_stay_what_they_are),
		IN_PLACE(trees_are_removed_without_following_links),
		IN_PLACE(trees_deeper_than_descriptors_are_removed),
		IN_PLACE(a_lock_dies_with_its_holder),
		IN_PLACE(leftovers_are_those_of_the_dead),
		IN_PLACE(absolute_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
