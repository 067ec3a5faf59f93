// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/proc.h"
#include "extend/value.h"

/* Functions pickled by the user's own Python: Debian's, whose cloudpickle setup installs. */

#define PYTHON "/usr/bin/python3"

static struct target target_of(const struct fs_tmpdir *dir, const char *path, const char *module,
			       const char *function)
{
	return (struct target){ .root = mem_strdup(dir->path),
				.module = mem_strdup(module),
				.function = mem_strdup(function),
				.path = mem_strdup(path),
				.shown = mem_strdup(path) };
}

/* What another Python, which has nothing of the file, gets by calling what was pickled. */
static char *called(const struct buf *pickle, const char *arguments)
{
	static const char program[] = "import pickle, sys\n"
				      "with open(sys.argv[1], 'rb') as file:\n"
				      "    print(pickle.load(file)(*eval(sys.argv[2])), end='')\n";
	struct fs_tmpdir dir;
	AUTO(auto_free) char *file = NULL;
	const char *argv[] = { PYTHON, "-I", "-c", program, NULL, arguments, NULL };
	const struct proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
	AUTO(buf_free) struct buf out = BUF_INIT(4096);
	AUTO(buf_free) struct buf said = BUF_INIT(1 << 16);
	int status;

	dir_open(&dir);
	file = fs_join(dir.path, "pickle");
	argv[4] = file;
	MUST(fs_write_path_atomic(file, pickle->ptr, pickle->len, 0644, err));
	MUST(proc_capture(&status, &out, &said, &spec, NULL, 60000, err));
	if (status)
		fail_msg("%s", said.ptr);
	fs_tmpdir_close(&dir);
	return out.len ? buf_steal(&out) : mem_strdup("");
}

static void the_code_goes_along(void **state)
{
	/* clang-format off */
	static const struct {
		const char *path, *module, *text, *function, *arguments, *want;
	} cases[] = {
		{ "m.py", "m", "f = lambda x: x + 1\n", "f", "[2]", "3" },
		{ "m.py", "m", "def outer(n):\n    def inner(x):\n        return n * x\n    return inner\ntriple = outer(3)\n", "triple", "[5]", "15" },
		{ "m.py", "m", "from functools import partial\nadd = partial(int.__add__, 4)\n", "add", "[5]", "9" },
		{ "m.py", "m", "class C:\n    k = 7\n    @classmethod\n    def f(cls, x):\n        return cls.k + x\n    class D:\n        @staticmethod\n        def g(x):\n            return -x\n", "C.f", "[1]", "8" },
		{ "m.py", "m", "class C:\n    class D:\n        @staticmethod\n        def g(x):\n            return -x\n", "C.D.g", "[1]", "-1" },
		/* what it uses of its own file, later in it too */
		{ "m.py", "m", "def f(x):\n    return helper(x) + K\ndef helper(x):\n    return 2 * x\nK = 100\n", "f", "[1]", "102" },
		/* a script's own run does not happen, and what it prints is not the answer */
		{ "a-script.py", "a-script", "import sys\nprint('noise')\nsys.stdout.flush()\ndef f(x):\n    return __name__\nif __name__ == '__main__':\n    sys.exit('ran')\n", "f", "[1]", "a-script" },
		{ "m.py", "m", "import sys\nf = lambda: sys.argv[0]\nassert sys.argv == [__file__], sys.argv\n", "f", "[]", "-c" },
		{ "m.py", "m", "# -*- coding: latin-1 -*-\nf = lambda: '\xe9'\n", "f", "[]", "\xc3\xa9" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf out = BUF_INIT(1 << 20);
		AUTO(auto_free) char *minor = NULL, *got = NULL;
		struct fs_tmpdir dir;
		struct target t;

		dir_open(&dir);
		put_file(&dir, cases[i].path, cases[i].text);
		t = target_of(&dir, cases[i].path, cases[i].module, cases[i].function);
		MUST(value_pickle(&out, &minor, &t, PYTHON, err));
		got = called(&out, cases[i].arguments);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%zu: '%s'", i, got);
		assert_true(str_has_prefix(minor, "3."));
		target_free(&t);
		fs_tmpdir_close(&dir);
	}
}

/* A module of a package has the package around it, as when it is imported. */
static void relative_imports(void **state)
{
	struct fs_tmpdir dir;
	struct target t;
	AUTO(buf_free) struct buf out = BUF_INIT(1 << 20);
	AUTO(auto_free) char *minor = NULL;

	(void)state;
	dir_open(&dir);
	put_file(&dir, "pkg/__init__.py", "");
	put_file(&dir, "pkg/other.py", "def g(x): return x\n");
	put_file(&dir, "pkg/m.py", "from .other import g\nimport pkg.other\nf = lambda x: g(x)\n");
	t = target_of(&dir, "pkg/m.py", "pkg.m", "f");
	MUST(value_pickle(&out, &minor, &t, PYTHON, err));
	/* the other module's stays a reference: it is baked as a file */
	assert_non_null(memmem(out.ptr, out.len, "pkg.other", 9));
	target_free(&t);
	fs_tmpdir_close(&dir);
}

static size_t files_in(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* The same in every directory and run: no place, no order of a set, nothing left beside it. */
static void bytes_are_the_same(void **state)
{
	static const char text[] = "import sys, other\n"
				   "names = {'a', 'b', 'c', 'd', 'e', 'f'}\n"
				   "f = lambda x: (x in names, other.__name__, __file__)\n";
	AUTO(buf_free) struct buf first = BUF_INIT(1 << 20);

	(void)state;
	for (int i = 0; i < 4; i++) {
		AUTO(buf_free) struct buf out = BUF_INIT(1 << 20);
		AUTO(auto_free) char *minor = NULL;
		struct fs_tmpdir dir;
		struct target t;

		dir_open(&dir);
		put_file(&dir, "m.py", text);
		put_file(&dir, "other.py", "");
		t = target_of(&dir, "m.py", "m", "f");
		MUST(value_pickle(i ? &out : &first, &minor, &t, PYTHON, err));
		assert_null(memmem(i ? out.ptr : first.ptr, i ? out.len : first.len, dir.path,
				   strlen(dir.path)));
		assert_int_equal(files_in(dir.path), 4); /* . and .. */
		if (i) {
			assert_int_equal(out.len, first.len);
			assert_memory_equal(out.ptr, first.ptr, first.len);
		}
		target_free(&t);
		fs_tmpdir_close(&dir);
	}
}

static void the_users_code_is_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text, *function, *says;
	} cases[] = {
		{ "f = 3\n",                                   "f",   "cannot be called: it is of type int" },
		{ "import threading\nlock = threading.Lock()\nf = lambda: lock\n", "f", "cannot be pickled" },
		{ "f = lambda: 1\n",                           "g",   "AttributeError" },
		{ "class C: pass\n",                           "C.x", "AttributeError" },
		{ "f = lambda: 1\nraise ValueError('no such\\nluck')\n", "f", "luck" },
		{ "import no_such_module\n",                   "f",   "No module named 'no_such_module'" },
		{ "f = (\n",                                   "f",   "SyntaxError" },
		{ "import sys\nsys.exit('enough')\n",          "f",   "SystemExit: enough" },
		{ "import os\nos._exit(7)\n",                  "f",   "it ended with status 7" },
		{ "import os\nos.kill(os.getpid(), 9)\n",      "f",   "it ended with status 137" },
		/* a terminal gets none of this */
		{ "raise ValueError('\\x1b[31mred\\x07')\n",   "f",   "ValueError" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf out = BUF_INIT(1 << 20);
		AUTO(auto_free) char *minor = NULL;
		struct fs_tmpdir dir;
		struct err err = { 0 };
		struct target t;

		dir_open(&dir);
		put_file(&dir, "m.py", cases[i].text);
		t = target_of(&dir, "m.py", "m", cases[i].function);
		if (value_pickle(&out, &minor, &t, PYTHON, &err) || err.code != E_INPUT ||
		    !strstr(err.msg, cases[i].says) || strpbrk(err.msg, "\x1b\x07\n"))
			fail_msg("%zu: %s: %s", i, err_name(err.code), err.msg);
		assert_null(minor);
		assert_int_equal(out.len, 0);
		target_free(&t);
		fs_tmpdir_close(&dir);
	}
}

/* A program that is taken for Python. */
static char *put_program(const struct fs_tmpdir *dir, const char *name, const char *text, int mode)
{
	char *path = fs_join(dir->path, name);

	put_file(dir, name, text);
	assert_int_equal(chmod(path, (mode_t)mode), 0);
	return path;
}

static void interpreters_are_refused(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text; /* of the program; NULL: there is none */
		int mode;
		const char *says, *cure;
	} cases[] = {
		{ NULL, 0, "there is no", "--interpreter" },
		{ "#!/bin/sh\n", 0644, "there is no", "--interpreter" },
		/* without Debian's packages */
		{ "#!/bin/sh\nexec " PYTHON " -S \"$@\"\n", 0755, "cloudpickle is not installed", "-m pip install cloudpickle" },
		{ "#!/bin/sh\nPYTHONPATH=${0%/*}/old exec " PYTHON " \"$@\"\n", 0755, "cloudpickle 1.6.0 is too old", "-m pip install cloudpickle" },
		{ "#!/bin/sh\n", 0755, "is no Python", "" },
		{ "#!/bin/sh\necho this is no version\necho more\n", 0755, "is no Python", "" },
		{ "#!/bin/sh\necho 3.11\n", 0755, "is no Python", "" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf out = BUF_INIT(1 << 20);
		AUTO(auto_free) char *minor = NULL, *program = NULL;
		struct fs_tmpdir dir;
		struct err err = { 0 };
		struct target t;

		dir_open(&dir);
		put_file(&dir, "m.py", "f = lambda: 1\n");
		put_file(&dir, "old/cloudpickle.py", "__version__ = '1.6.0'\n");
		program = cases[i].text ? put_program(&dir, "py", cases[i].text, cases[i].mode)
					: fs_join(dir.path, "py");
		t = target_of(&dir, "m.py", "m", "f");
		if (value_pickle(&out, &minor, &t, program, &err) || err.code != E_UNSUPPORTED ||
		    !strstr(err.msg, cases[i].says) || !strstr(err.hint, cases[i].cure))
			fail_msg("%zu: %s: %s (%s)", i, err_name(err.code), err.msg, err.hint);
		assert_null(minor);
		target_free(&t);
		fs_tmpdir_close(&dir);
	}
	MUST_FAIL(value_pickle(&(struct buf){ 0 }, &(char *){ NULL }, &(struct target){ 0 },
			       "no-python-of-that-name", err),
		  E_UNSUPPORTED, "there is no no-python-of-that-name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_code_goes_along),
		cmocka_unit_test(relative_imports),
		cmocka_unit_test(bytes_are_the_same),
		cmocka_unit_test(the_users_code_is_refused),
		cmocka_unit_test(interpreters_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
