// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <fcntl.h>
#include <unistd.h>

#include "extend/bake.h"
#include "extend/spec.h"

/* From the command line's words to the files of the layer. */

struct place {
	struct fs_tmpdir dir;
	struct recorder said;
};

static int open_place(void **state)
{
	struct place *p = mem_alloc(sizeof(*p));

	dir_open(&p->dir);
	recorder_open(&p->said);
	*state = p;
	return 0;
}

static int close_place(void **state)
{
	struct place *p = *state;

	fs_tmpdir_close(&p->dir);
	recorder_close(&p->said);
	free(p);
	return 0;
}

static bool resolve(struct spec *out, struct place *p, const char *function, const char *filepath,
		    const char *const *modules, struct err *err)
{
	struct spec_request req = { .functions = &function,
				    .function_count = 1,
				    .filepath = filepath,
				    .cwd = p->dir.path,
				    .modules = modules };

	while (modules && modules[req.module_count])
		req.module_count++;
	buf_clear(&p->said.text);
	return spec_resolve(out, &req, &p->said.events, err);
}

#define MODULES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* "a.py pkg/b.py" */
static char *file_list(const struct spec *s)
{
	struct buf text = BUF_INIT(1 << 20);

	for (size_t i = 0; i < s->modules.files.len; i++)
		buf_putf(&text, "%s%s", i ? " " : "", s->modules.files.items[i].path);
	return buf_steal(&text);
}

static void bakes(struct place *p, const char *function, const char *filepath,
		  const char *const *modules, const char *want_function, const char *want_files)
{
	struct spec s;
	AUTO(auto_free) char *got = NULL, *files = NULL;

	MUST(resolve(&s, p, function, filepath, modules, err));
	got = mem_printf("%s:%s", s.targets.items[0].module, s.targets.items[0].function);
	files = file_list(&s);
	assert_string_equal(got, want_function);
	assert_string_equal(files, want_files);
	spec_free(&s);
}

/* Fails with this code and these parts of message and hint; *err_out for the place. */
static void refuses_at(struct err *err_out, struct place *p, const char *function,
		       const char *filepath, const char *const *modules, enum err_code code,
		       const char *part, const char *hint)
{
	struct err err = { 0 };
	struct spec s;

	if (resolve(&s, p, function, filepath, modules, &err))
		fail_msg("%s was taken", function);
	if (err.code != code || !strstr(err.msg, part) || !strstr(err.hint, hint))
		fail_msg("%s %s: got %s: %s (%s)", function, filepath ? filepath : "-",
			 err_name(err.code), err.msg, err.hint);
	*err_out = err;
}

static void refuses(struct place *p, const char *function, const char *filepath,
		    const char *const *modules, enum err_code code, const char *part,
		    const char *hint)
{
	struct err ignored;

	refuses_at(&ignored, p, function, filepath, modules, code, part, hint);
}

static void assert_said(const struct place *p, const char *part)
{
	if (!strstr(p->said.text.ptr, part))
		fail_msg("nobody said '%s', but: %s", part, p->said.text.ptr);
}

static void looks_a_function_up(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "map.py", "def f(x):\n    return x\n");
	put_file(&p->dir, "other.py", "from map import f\ndef g(x): return x\n");
	put_file(&p->dir, "sub/deeper.py",
		 "def h(x): return x\n"); /* only the top of the directory counts */
	put_file(&p->dir, "notes.txt", "def f(x): pass\n");
	bakes(p, "f", NULL, NULL, "map:f", "map.py");
	assert_said(p, "note: function 'f' found in");
	assert_said(p, "map.py:1");
	bakes(p, "g", NULL, NULL, "other:g", "map.py other.py");
	refuses(p, "h", NULL, NULL, E_USAGE, "no top-level function 'h' in the 2 .py files", "");
	refuses(p, "ff", NULL, NULL, E_USAGE, "no top-level function 'ff'", "did you mean 'f' (");
}

static void lists_all_when_there_are_several(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "b.py", "\n\ndef f(x): pass\n");
	put_file(&p->dir, "a.py", "if x:\n    def f(x): pass\n");
	refuses(p, "f", NULL, NULL, E_USAGE,
		"is defined in 2 files: ", "choose one: --filepath a.py");
	refuses(p, "f", NULL, NULL, E_USAGE, "a.py:2, ", "");
	refuses(p, "f", NULL, NULL, E_USAGE, "b.py:3", "");
	bakes(p, "f", "b.py", NULL, "b:f", "b.py");
	bakes(p, "a:f", NULL, NULL, "a:f", "a.py");
}

static void files_that_cannot_be_read_are_named(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "bad.py", "def f(:\n  'x\n");
	refuses(p, "f", NULL, NULL, E_USAGE, "not looked into: ", "--filepath");
	put_file(&p->dir, "good.py", "def f(x): pass\n");
	bakes(p, "f", NULL, NULL, "good:f", "good.py");
}

static void an_empty_directory(void **state)
{
	refuses(*state, "f", NULL, NULL, E_USAGE, "in the 0 .py files", "--filepath FILE.py");
}

static void forms_of_names(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "map.py",
		 "def f(x): pass\nclass C:\n    @staticmethod\n    def s(x): pass\n    def "
		 "m(self): pass\n"
		 "    class D:\n        @classmethod\n        def k(cls, x): pass\n");
	put_file(&p->dir, "pkg/__init__.py", "def f(x): pass\n");
	put_file(&p->dir, "pkg/sub.py", "def f(x): pass\n");
	put_file(&p->dir, "plain/sub.py", "def f(x): pass\n");
	bakes(p, "map:f", NULL, NULL, "map:f", "map.py");
	bakes(p, "C.s", "map.py", NULL, "map:C.s", "map.py");
	assert_null(strstr(p->said.text.ptr, "without an instance"));
	bakes(p, "map:C.m", NULL, NULL, "map:C.m", "map.py");
	assert_said(p, "map.py:5: 'C.m' is called without an instance");
	bakes(p, "C.D.k", NULL, NULL, "map:C.D.k", "map.py");
	bakes(p, "pkg:f", NULL, NULL, "pkg:f", "pkg/__init__.py pkg/sub.py");
	bakes(p, "pkg.sub:f", NULL, NULL, "pkg.sub:f", "pkg/__init__.py pkg/sub.py");
	bakes(p, "plain.sub:f", NULL, NULL, "plain.sub:f", "plain/sub.py");
	bakes(p, "pkg.sub:f", "pkg/sub.py", NULL, "pkg.sub:f", "pkg/__init__.py pkg/sub.py");
	bakes(p, "pkg:f", "pkg/__init__.py", NULL, "pkg:f", "pkg/__init__.py pkg/sub.py");
	bakes(p, "map:f", "map.py", NULL, "map:f", "map.py");
	bakes(p, "f", "plain/sub.py", NULL, "sub:f", "sub.py");
	refuses(p, "other:f", "map.py", NULL, E_USAGE, "'map.py' is not the file of module 'other'",
		"");
	refuses(p, "ap:f", "map.py", NULL, E_USAGE, "is not the file of module 'ap'", "");
	refuses(p, "nope:f", NULL, NULL, E_USAGE, "no module 'nope'", "--filepath");
	refuses(p, "map:f:g", NULL, NULL, E_INPUT, "function name", "--function module:f");
	refuses(p, ":f", NULL, NULL, E_INPUT, "empty module name", "");
	refuses(p, "map:", NULL, NULL, E_INPUT, "empty function name", "");
	refuses(p, "f()", NULL, NULL, E_INPUT, "'f()' is not a Python identifier", "--function f");
	refuses(p, "../x:f", NULL, NULL, E_INPUT, "module name", "");
	refuses(p, "", NULL, NULL, E_INPUT, "empty function name", "");
}

static void forms_of_paths(void **state)
{
	struct place *p = *state;
	AUTO(auto_free) char *absolute = mem_printf("%s/map.py", p->dir.path);

	put_file(&p->dir, "map.py", "def f(x): pass\n");
	put_file(&p->dir, "my-map.py", "def f(x): pass\n");
	put_file(&p->dir, "1.py", "def f(x): pass\n");
	put_file(&p->dir, "if.py", "def f(x): pass\n");
	put_file(&p->dir, "pkg/__init__.py", "def f(x): pass\n");
	put_file(&p->dir, "__main__.py", "def f(x): pass\n");
	put_file(&p->dir, "map.txt", "def f(x): pass\n");
	put_file(&p->dir, "lithops.py", "def f(x): pass\n");
	put_file(&p->dir, "json.py", "def f(x): pass\n");
	bakes(p, "f", absolute, NULL, "map:f", "map.py");
	bakes(p, "f", "./map.py", NULL, "map:f", "map.py");
	refuses(p, "f", "my-map.py", NULL, E_INPUT, "'my-map' is not a Python identifier",
		"rename the file to my_map.py");
	refuses(p, "f", "1.py", NULL, E_INPUT, "is not a Python identifier",
		"rename the file to _1.py");
	refuses(p, "f", "if.py", NULL, E_INPUT, "is a Python keyword", "");
	refuses(p, "f", "pkg/__init__.py", NULL, E_INPUT, "no module name",
		"--function <package>:<function>");
	refuses(p, "f", "__main__.py", NULL, E_INPUT, "no module name", "module of its own");
	refuses(p, "f", "map.txt", NULL, E_INPUT, "is not a .py file", "");
	refuses(p, "f", "absent.py", NULL, E_NOT_FOUND, "absent.py", "");
	refuses(p, "f", "lithops.py", NULL, E_INPUT, "'lithops' would hide Lithops itself",
		"rename it");
	refuses(p, "f", "json.py", NULL, E_INPUT, "'json' would hide Python's own module",
		"rename it");
}

static void what_is_no_function(void **state)
{
	/* clang-format off */
	static const struct {
		const char *source, *function, *part, *hint;
		int line, column;
	} cases[] = {
		{ "async def f(x): pass\n",                      "f",   "is an async function", "asyncio.run", 1, 11 },
		{ "class f: pass\n",                             "f",   "is a class", "--function f.<method>", 1, 7 },
		{ "from a import f\n",                           "f",   "is imported", "module that defines it", 1, 15 },
		{ "f = lambda x: x\n",                           "f",   "is a lambda", "def of its own", 1, 1 },
		{ "f = partial(g, 1)\n",                         "f",   "is assigned", "def of its own", 1, 1 },
		{ "def f(x): pass\nf = cache(f)\n",              "f",   "defined in line 1, but the name is assigned", "", 2, 1 },
		{ "def f(x): pass\nfrom a import f\n",           "f",   "but the name is imported here", "", 2, 15 },
		{ "def f(x): pass\nimport f\n",                  "f",   "but the name is imported here", "", 2, 8 },
		{ "def f(x): pass\ndel f\n",                     "f",   "but the name is deleted here", "", 2, 5 },
		{ "def f(x): pass\nf = lambda x: 1\n",           "f",   "but the name is a lambda here", "", 2, 1 },
		{ "def f(x): pass\nclass f: pass\n",             "f",   "but the name is a class here", "", 2, 7 },
		{ "def f(x): pass\nif a:\n    f = 1\n",          "f",   "but the name is assigned here", "", 3, 5 },
		{ "def f(x): pass\nfor f in g: pass\n",          "f",   "but the name is assigned here", "", 2, 5 },
		{ "def f(x): pass\nwith g as f: pass\n",         "f",   "but the name is assigned here", "", 2, 11 },
		{ "def f(x): pass\nprint(f := 1)\n",             "f",   "but the name is assigned here", "", 2, 7 },
		{ "class C:\n    def m(self): pass\n    m = property(m)\n", "C.m", "but the name is assigned", "", 3, 5 },
		{ "class C:\n    def m(self): pass\nC = 1\n",    "C.m", "'C' is not a class", "", 3, 1 },
		{ "def C(): pass\n",                             "C.m", "'C' is not a class", "", 1, 5 },
		{ "class C:\n    async def m(self): pass\n",     "C.m", "is an async function", "", 2, 15 },
	};
	/* clang-format on */
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err;

		put_file(&p->dir, "map.py", cases[i].source);
		refuses_at(&err, p, cases[i].function, "map.py", NULL, E_INPUT, cases[i].part,
			   cases[i].hint);
		if (err.at.line != cases[i].line || err.at.column != cases[i].column)
			fail_msg("case %zu: %d:%d", i, err.at.line, err.at.column);
		assert_string_equal(err.at.file, "map.py");
		/* and the same when it is looked up */
		if (!strchr(cases[i].function, '.'))
			refuses_at(&err, p, cases[i].function, NULL, NULL, E_INPUT, cases[i].part,
				   "");
	}
}

static void what_is_a_function_all_the_same(void **state)
{
	static const char *const sources[] = {
		"def f(x): pass\ndef f(x): return 1\n",
		"f = None\ndef f(x): pass\n",
		"if a:\n    def f(x): pass\nelse:\n    def f(x): return 1\n",
		"try:\n    from fast import f\nexcept ImportError:\n    def f(x): pass\n",
		"@cache\ndef f(x): pass\n",
		"def f(x): pass\ndef g():\n    f = 1\n    import f\n",
		"def f(x): pass\nclass C:\n    f = 1\n",
		"def f(x): pass\nf.attribute = 1\nf.x[0] = 2\n",
		"def f(x): pass\nx = [f for f in y]\nz = lambda f: f\n",
		"def f(x): pass\nf: int\n",
		"def f(x): pass\n'f = 1'\n# f = 1\n",
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		put_file(&p->dir, "map.py", sources[i]);
		bakes(p, "f", "map.py", NULL, "map:f", "map.py");
	}
}

static void warnings(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "map.py", "def f(x):\n    yield x\nfrom os import *\nprint(f)\n");
	bakes(p, "f", "map.py", NULL, "map:f", "map.py");
	assert_said(p, "warning: map.py:1: 'f' is a generator function");
	assert_said(p, "note: map.py:3: this star import stands behind 'f'");
	assert_said(p, "warning: map.py:4: this runs whenever a worker imports the module");
	put_file(&p->dir, "map.py",
		 "def f(x):\n    return x\nif __name__ == '__main__':\n    print(f)\n");
	bakes(p, "f", "map.py", NULL, "map:f", "map.py");
	assert_null(strstr(p->said.text.ptr, "warning"));
}

static void follows_local_imports(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "map.py",
		 "import os, json, numpy, helper\nfrom pkg.deep import x\n"
		 "def f(x):\n    import late\n    from ns import part\n");
	put_file(&p->dir, "helper.py", "import second, map\nimport lithops\n");
	put_file(&p->dir, "second.py", "import helper\nimport absent\n");
	put_file(&p->dir, "late.py", "");
	put_file(&p->dir, "unused.py", "");
	put_file(&p->dir, "pkg/__init__.py", "");
	put_file(&p->dir, "pkg/deep.py", "from . import other\nimport sibling\n");
	put_file(&p->dir, "pkg/data/table.csv", "1,2\n");
	put_file(&p->dir, "pkg/__pycache__/deep.cpython-311.pyc", "x");
	put_file(&p->dir, "pkg/old.pyc", "x");
	put_file(&p->dir, "pkg/broken.py", "def (:\n"); /* a package may hold what it likes */
	put_file(&p->dir, "sibling.py", "");
	put_file(&p->dir, "ns/part.py", "");
	put_file(&p->dir, "numpy/readme.txt", "no module, only a directory of this name");
	bakes(p, "f", "map.py", NULL, "map:f",
	      "helper.py late.py map.py ns/part.py pkg/__init__.py pkg/broken.py "
	      "pkg/data/table.csv "
	      "pkg/deep.py second.py sibling.py");
	assert_said(p, "note: bakes map.py\n");
	assert_said(p, "helper.py, imported in map.py:1\n");
	assert_said(p, "second.py, imported in ");
	assert_said(p, "helper.py:1\n");
	assert_said(p, "pkg (4 files), imported in map.py:2");
	assert_said(p, "detail: ");
	assert_said(p, "pkg/broken.py:1: not scanned for imports");
}

static void python_s_order_in_a_directory(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "map.py", "import a, b\nfrom c import d\ndef f(x): pass\n");
	put_file(&p->dir, "a.py", "");
	put_file(&p->dir, "a/__init__.py", ""); /* a package comes first */
	put_file(&p->dir, "b.py", "");
	put_file(&p->dir, "b/x.py", ""); /* a directory without __init__ comes last */
	put_file(&p->dir, "c/d/x.py", "");
	bakes(p, "f", "map.py", NULL, "map:f", "a/__init__.py b.py c/d/x.py map.py");
}

static void imports_that_cannot_work(void **state)
{
	struct place *p = *state;
	struct err err;

	put_file(&p->dir, "map.py", "from . import helper\ndef f(x): pass\n");
	refuses_at(&err, p, "f", "map.py", NULL, E_INPUT, "a relative import", "bake the package");
	assert_int_equal(err.at.line, 1);
	put_file(&p->dir, "map.py", "def f(x):\n    from .a import b\n");
	bakes(p, "f", "map.py", NULL, "map:f", "map.py");
	assert_said(p, "warning: map.py:2: a relative import");
	put_file(&p->dir, "map.py", "import os\nimport random, queue\ndef f(x): pass\n");
	put_file(&p->dir, "queue.py", "");
	refuses_at(&err, p, "f", "map.py", NULL, E_INPUT, "'queue' would hide", "rename it");
	assert_int_equal(err.at.line, 2);
	assert_int_equal(err.at.column, 16);
	assert_string_equal(err.at.file, "map.py");
	assert_string_equal(err.at.text, "import random, queue");
	put_file(&p->dir, "map.py", "import broken\ndef f(x): pass\n");
	put_file(&p->dir, "broken.py", "x = (\n");
	refuses_at(&err, p, "f", "map.py", NULL, E_INPUT, "'(' is never closed", "");
	assert_non_null(strstr(err.at.file, "broken.py"));
	assert_int_equal(err.at.line, 1);
}

static void given_modules(void **state)
{
	struct place *p = *state;
	AUTO(auto_free) char *absolute = mem_printf("%s/lib/extra.py", p->dir.path);

	put_file(&p->dir, "map.py", "import helper\ndef f(x): pass\n");
	put_file(&p->dir, "helper.py", "");
	put_file(&p->dir, "lib/extra.py", "import beside\n");
	put_file(&p->dir, "lib/beside.py", "");
	put_file(&p->dir, "lib/helper.py", "");
	put_file(&p->dir, "lib/pkg/__init__.py", "def g(x): pass\n");
	put_file(&p->dir, "lib/data.csv", "1\n");
	put_file(&p->dir, "lib/my-lib/__init__.py", "");
	put_file(&p->dir, "lib/json.py", "");
	put_file(&p->dir, "lib/empty/__pycache__/x.pyc", "");
	bakes(p, "f", "map.py", MODULES("lib/extra.py"), "map:f",
	      "beside.py extra.py helper.py map.py");
	bakes(p, "f", "map.py", MODULES(absolute, "lib/pkg/", "lib/data.csv"), "map:f",
	      "beside.py data.csv extra.py helper.py map.py pkg/__init__.py");
	bakes(p, "f", "map.py", MODULES("helper.py", "map.py"), "map:f", "helper.py map.py");
	bakes(p, "f", "map.py", MODULES("lib/pkg", "lib/pkg"), "map:f",
	      "helper.py map.py pkg/__init__.py");
	bakes(p, "pkg:g", NULL, MODULES("lib/pkg"), "pkg:g", "pkg/__init__.py");
	refuses(p, "f", "map.py", MODULES("lib/my-lib"), E_INPUT, "is not a Python identifier", "");
	refuses(p, "f", "map.py", MODULES("lib/json.py"), E_INPUT, "would hide", "");
	refuses(p, "f", "map.py", MODULES("lib/absent"), E_NOT_FOUND, "lib/absent", "");
	refuses(p, "f", "map.py", MODULES("lib/empty"), E_INPUT, "nothing to bake", "");
	refuses(p, "f", "map.py", MODULES("lib/.."), E_INPUT, "", "");
}

static void clashing_names(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "map.py", "def f(x): pass\n");
	put_file(&p->dir, "lib/map.py", "");
	put_file(&p->dir, "lib/helper.py", "");
	put_file(&p->dir, "other/helper/__init__.py", "");
	refuses(p, "f", "map.py", MODULES("lib/map.py"), E_INPUT, "two modules named 'map': ", "");
	refuses(p, "f", "map.py", MODULES("lib/helper.py", "other/helper"), E_INPUT,
		"two modules named 'helper'", "");
}

static void link_to(const struct place *p, const char *target, const char *path)
{
	assert_int_equal(symlinkat(target, p->dir.fd, path), 0);
}

static void links(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "map.py", "import pkg\ndef f(x): pass\n");
	put_file(&p->dir, "pkg/__init__.py", "");
	put_file(&p->dir, "pkg/real.py", "x = 1\n");
	put_file(&p->dir, "secret", "s");
	link_to(p, "real.py", "pkg/inside.py");
	bakes(p, "f", "map.py", NULL, "map:f", "map.py pkg/__init__.py pkg/inside.py pkg/real.py");
	link_to(p, "../secret", "pkg/outside");
	refuses(p, "f", "map.py", NULL, E_INPUT, "symbolic link", "inside itself only");
	assert_int_equal(unlinkat(p->dir.fd, "pkg/outside", 0), 0);
	link_to(p, "/etc/passwd", "pkg/outside");
	refuses(p, "f", "map.py", NULL, E_INPUT, "symbolic link", "inside itself only");
	assert_int_equal(unlinkat(p->dir.fd, "pkg/outside", 0), 0);
	link_to(p, ".", "pkg/loop");
	refuses(p, "f", "map.py", NULL, E_INPUT, "symbolic link", "inside itself only");
	assert_int_equal(unlinkat(p->dir.fd, "pkg/loop", 0), 0);
	link_to(p, "gone", "pkg/dangling");
	refuses(p, "f", "map.py", NULL, E_NOT_FOUND, "symbolic link", "");
	assert_int_equal(unlinkat(p->dir.fd, "pkg/dangling", 0), 0);
	assert_int_equal(mkfifoat(p->dir.fd, "pkg/pipe", 0600), 0);
	refuses(p, "f", "map.py", NULL, E_INPUT, "pkg/pipe is neither file, directory nor link",
		"");
}

static void links_to_modules(void **state)
{
	struct place *p = *state;
	struct fs_tmpdir elsewhere;
	AUTO(auto_free) char *far = NULL, *main_file = NULL;

	dir_open(&elsewhere);
	put_file(&elsewhere, "far.py", "def f(x): pass\n");
	far = mem_printf("%s/far.py", elsewhere.path);
	put_file(&p->dir, "near.py", "");
	put_file(&p->dir, "map.py", "import alias, far\ndef f(x): pass\n");
	link_to(p, "near.py", "alias.py");
	link_to(p, far, "far.py");
	refuses(p, "f", "map.py", NULL, E_INPUT, "leads out of its root", "inside their directory");
	/* what the user names may be a link to anywhere */
	bakes(p, "f", "far.py", NULL, "far:f", "far.py");
	bakes(p, "f", "map.py", MODULES("far.py"), "map:f", "alias.py far.py map.py");
	fs_tmpdir_close(&elsewhere);
}

static void whiteouts_are_refused(void **state)
{
	struct place *p = *state;

	put_file(&p->dir, "map.py", "import pkg\ndef f(x): pass\n");
	put_file(&p->dir, "pkg/__init__.py", "");
	put_file(&p->dir, "pkg/.wh.x", "");
	refuses(p, "f", "map.py", NULL, E_INPUT, "a layer cannot hold a file of such a name", "");
	refuses(p, "f", "map.py", MODULES("pkg/.wh.x"), E_INPUT, "a layer cannot hold", "");
}

static void depth_limit(void **state)
{
	struct place *p = *state;
	AUTO(buf_free) struct buf path = BUF_INIT(4096);

	put_file(&p->dir, "map.py", "import pkg\ndef f(x): pass\n");
	put_file(&p->dir, "pkg/__init__.py", "");
	buf_put(&path, "pkg");
	for (int depth = 2; depth <= 65; depth++) {
		struct err why = { 0 };
		struct spec s;
		bool ok;

		buf_put(&path, "/d");
		MUST(fs_mkdir_p(p->dir.fd, path.ptr, 0755, FS_BENEATH, err));
		if (depth < 63)
			continue;
		ok = resolve(&s, p, "f", "map.py", NULL, &why);
		assert_int_equal(ok, depth <= 64);
		if (ok)
			spec_free(&s);
		else
			assert_non_null(strstr(why.msg, "more than 64 deep"));
	}
}

/* --- the layer --- */

static char *read_entry(const struct entry *e)
{
	struct buf text = BUF_INIT(1 << 20);
	struct source *source = NULL;
	struct sink_buf sink = sink_buf(&text);
	uint64_t size;

	MUST(e->open(e, &source, err));
	MUST(source_copy(source, &sink.sink, &size, err));
	source_close(source);
	assert_int_equal(size, e->size);
	return buf_steal(&text);
}

static void entries_of_the_layer(void **state)
{
	/* clang-format off */
	static const struct {
		const char *path;
		enum entry_kind kind;
		const char *text;
	} want[] = {
		{ "opt",                                     ENTRY_DIR,  NULL },
		{ "opt/lithops",                             ENTRY_DIR,  NULL },
		{ "opt/lithops/func.pickle",                 ENTRY_FILE, NULL },
		{ "opt/lithops/modules",                     ENTRY_DIR,  NULL },
		{ "opt/lithops/modules/map.py",              ENTRY_FILE, "import pkg\ndef f(x): pass\n" },
		{ "opt/lithops/modules/pkg",                 ENTRY_DIR,  NULL },
		{ "opt/lithops/modules/pkg/__init__.py",     ENTRY_FILE, "" },
		{ "opt/lithops/modules/pkg/data",            ENTRY_DIR,  NULL },
		{ "opt/lithops/modules/pkg/data/x.bin",      ENTRY_FILE, "data" },
	};
	/* clang-format on */
	struct place *p = *state;
	AUTO(entry_list_free) struct entry_list entries = { 0 };
	struct spec s;

	put_file(&p->dir, "map.py", want[4].text);
	put_file(&p->dir, "pkg/__init__.py", "");
	put_file(&p->dir, "pkg/data/x.bin", "data");
	assert_int_equal(fchmodat(p->dir.fd, "pkg/data/x.bin", 04777, 0), 0);
	assert_int_equal(fchmodat(p->dir.fd, "pkg", 0700, 0), 0);
	MUST(resolve(&s, p, "f", "map.py", NULL, err));
	MUST(bake_entries(&entries, &s, err));
	assert_int_equal(entries.len, ARRAY_LEN(want));
	for (size_t i = 0; i < entries.len; i++) {
		const struct entry *e = &entries.items[i];

		assert_string_equal(e->path, want[i].path);
		assert_int_equal(e->kind, want[i].kind);
		assert_int_equal(e->mode, e->kind == ENTRY_DIR ? 0755 : 0644);
		assert_int_equal(e->uid, 0);
		assert_int_equal(e->gid, 0);
		assert_int_equal(e->mtime, 315532800);
		assert_int_equal(e->mtime_ns, 0);
		if (want[i].text) {
			AUTO(auto_free) char *text = read_entry(e);

			assert_string_equal(text, want[i].text);
		}
	}
	assert_int_equal(entries.items[2].size, 24);
	spec_free(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_place, close_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(looks_a_function_up),
		TEST(lists_all_when_there_are_several),
		TEST(files_that_cannot_be_read_are_named),
		TEST(an_empty_directory),
		TEST(forms_of_names),
		TEST(forms_of_paths),
		TEST(what_is_no_function),
		TEST(what_is_a_function_all_the_same),
		TEST(warnings),
		TEST(follows_local_imports),
		TEST(python_s_order_in_a_directory),
		TEST(imports_that_cannot_work),
		TEST(given_modules),
		TEST(clashing_names),
		TEST(links),
		TEST(links_to_modules),
		TEST(whiteouts_are_refused),
		TEST(depth_limit),
		TEST(entries_of_the_layer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
