// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <stdio.h>

#include "extend/spec.h"

/*
 * The tag that an unmodified client looks for. What it takes along was printed by Lithops' own
 * SerializeIndependent (lithops/job/serialize.py, 3.7.1.dev0) for each of these scripts.
 */

/* clang-format off */
static const char *const files[][2] = {
	{ "helper.py", "import deeper\ndef twice(x): return 2*x\nN = 3\nL = [1]\nclass K:\n    pass\nk = K()\nlam = lambda x: x\n" },
	{ "deeper.py", "z=1\ndef d(): pass\n" },
	{ "other.py", "def o(x): return x\n" },
	{ "reexp.py", "from deeper import d\n" },
	{ "pkg/__init__.py", "" },
	{ "pkg/mod.py", "import other\ndef m(x): return x\n" },
	{ "ns/part.py", "def p(): pass\n" },
	{ "pkg2/__init__.py", "from .inner import thing\n" },
	{ "pkg2/inner.py", "def thing(x): return x\n" },
};

static const struct {
	const char *name;
	const char *source; /* of main.py */
	const char *sent;   /* paths beside it, sorted */
} cases[] = {
	{ "plain", "def f(x): return x\n",
	  "" },
	{ "import_used", "import helper\ndef f(x): return helper.twice(x)\n",
	  "deeper.py helper.py" },
	{ "import_unused", "import helper\ndef f(x): return x\n",
	  "" },
	{ "from_func", "from helper import twice\ndef f(x): return twice(x)\n",
	  "deeper.py helper.py" },
	{ "from_const", "from helper import N\ndef f(x): return N\n",
	  "" },
	{ "from_list", "from helper import L\ndef f(x): return L\n",
	  "" },
	{ "from_class", "from helper import K\ndef f(x): return K()\n",
	  "deeper.py helper.py" },
	{ "from_lam", "from helper import lam\ndef f(x): return lam(x)\n",
	  "deeper.py helper.py" },
	{ "reexport", "from reexp import d\ndef f(x): return d()\n",
	  "deeper.py" },
	{ "reexport_mod", "import reexp\ndef f(x): return reexp.d()\n",
	  "deeper.py reexp.py" },
	{ "pkg", "import pkg.mod\ndef f(x): return pkg.mod.m(x)\n",
	  "other.py pkg" },
	{ "from_pkg", "from pkg import mod\ndef f(x): return mod.m(x)\n",
	  "other.py pkg" },
	{ "from_pkg_mod", "from pkg.mod import m\ndef f(x): return m(x)\n",
	  "other.py pkg" },
	{ "as", "import helper as h\ndef f(x): return h.twice(x)\n",
	  "deeper.py helper.py" },
	{ "inside", "def f(x):\n    import helper\n    return helper.twice(x)\n",
	  "deeper.py helper.py" },
	{ "inside_from", "def f(x):\n    from helper import twice\n    return twice(x)\n",
	  "deeper.py helper.py" },
	{ "inside_pkg", "def f(x):\n    import pkg.mod\n    return pkg.mod.m(x)\n",
	  "" },
	{ "inside_from_pkg", "def f(x):\n    from pkg import mod\n    return mod.m(x)\n",
	  "other.py pkg" },
	{ "via_g", "import helper\ndef g(x): return helper.twice(x)\ndef f(x): return g(x)\n",
	  "deeper.py helper.py" },
	{ "via_g_unused", "import helper\ndef g(x): return helper.twice(x)\ndef f(x): return x\n",
	  "" },
	{ "via_class", "import helper\nclass C:\n    def m(self): return helper.twice(1)\ndef f(x): return C().m()\n",
	  "" },
	{ "lambda", "import helper\ndef f(x): return (lambda y: helper.twice(y))(x)\n",
	  "" },
	{ "nested", "import helper\ndef f(x):\n    def g(y): return helper.twice(y)\n    return g(x)\n",
	  "" },
	{ "nested_import", "def f(x):\n    def g(y):\n        import helper\n        return helper.twice(y)\n    return g(x)\n",
	  "deeper.py helper.py" },
	{ "attr_name", "import helper\ndef f(x): return x.helper\n",
	  "deeper.py helper.py" },
	{ "local_shadow", "import helper\ndef f(helper): return helper\n",
	  "" },
	{ "default", "import helper\ndef f(x=helper.N): return x\n",
	  "" },
	{ "deco", "import helper\ndef f(x: helper.K): return x\n",
	  "" },
	{ "numpy", "import json\nimport helper\ndef f(x): return json.dumps(helper.N)\n",
	  "deeper.py helper.py" },
	{ "guard", "import helper, other\ndef f(x): return helper.twice(x)\nif __name__==\"__main__\":\n    pass\n",
	  "deeper.py helper.py" },
	{ "str", "import helper\ndef f(x): return \"helper\"\n",
	  "" },
	{ "fstr", "import helper\ndef f(x): return f\"{helper.N}\"\n",
	  "deeper.py helper.py" },
	{ "try", "try:\n    import helper\nexcept ImportError:\n    helper = None\ndef f(x): return helper.twice(x)\n",
	  "deeper.py helper.py" },
	{ "ns", "import ns.part\ndef f(x): return ns.part.p()\n",
	  "" },
	{ "two", "import helper, other\ndef f(x): return helper.twice(other.o(x))\n",
	  "deeper.py helper.py other.py" },
	{ "global_const", "import other\nA = other.o(1)\ndef f(x): return A\n",
	  "" },
	{ "star", "from helper import *\ndef f(x): return twice(x)\n",
	  "deeper.py helper.py" },
	{ "partial_g", "import helper\nimport functools\ng = functools.partial(helper.twice, 1)\ndef f(x): return g()\n",
	  "" },
	{ "class_of_main", "import helper\nclass C(helper.K):\n    pass\ndef f(x): return C()\n",
	  "" },
	{ "conditional_def", "import helper, other\nif other:\n    def f(x):\n        return helper.twice(x)\n",
	  "deeper.py helper.py" },
	{ "long_body", "import helper, other, deeper\ndef g(x): return other.o(x)\ndef f(x):\n    \"\"\"import deeper\"\"\"\n    y = (helper\n         .twice(x))\n    def inner(z):\n        return deeper.d()\n    return y\ndef last(x): return g(x)\n",
	  "deeper.py helper.py" },
	{ "keyword_argument", "import helper\ndef f(x): return dict(helper=x)\n",
	  "" },
	{ "assigned", "import helper\ndef f(x):\n    helper = x\n    return helper\n",
	  "" },
	{ "loop", "import helper\ndef f(x):\n    for helper in x:\n        print(helper)\n",
	  "" },
	{ "generator", "import helper, other\ndef f(x): return sum(helper.twice(i) for i in other.o(x))\n",
	  "other.py" },
	{ "recursion", "import helper\ndef g(x): return f(x)\ndef f(x): return g(helper.twice(x))\n",
	  "deeper.py helper.py" },
	{ "relative_reexport", "from pkg2 import thing\ndef f(x): return thing(x)\n",
	  "pkg2" },
	{ "dotted_loaded", "import pkg.mod\ndef f(x):\n    import pkg.mod\n    return x\n",
	  "other.py pkg" },
	{ "decorated", "import functools, helper\n@functools.lru_cache\ndef g(x): return x\ndef f(x): return helper.twice(x)\n",
	  "deeper.py helper.py" },
};
/* clang-format on */

static void tag_of(char out[TAG_LEN + 1], const struct fs_tmpdir *dir, const char *source,
		   const char *function)
{
	const struct spec_request req = { .functions = &function,
					  .function_count = 1,
					  .filepath = strchr(function, ':') ? NULL : "main.py",
					  .cwd = dir->path };
	struct spec s;

	put_file(dir, "main.py", source);
	MUST(spec_resolve(&s, &req, NULL, err));
	MUST(spec_lithops_tag(out, &s, err));
	spec_free(&s);
}

/* Of `sent`: names in the directory. */
static void tag_wanted(char out[TAG_LEN + 1], const struct fs_tmpdir *dir, const char *source,
		       const char *sent)
{
	AUTO(str_list_free) struct str_list paths = { 0 };
	AUTO(auto_free) char *real = realpath(dir->path, NULL);
	struct slice rest = slice_of(sent);

	while (rest.ptr && rest.len) {
		struct slice name = slice_cut(rest, ' ', &rest);

		str_list_push_take(&paths, mem_printf("%s/" SLICE_FMT, real, SLICE_ARG(name)));
	}
	tag_lithops(out, source, strlen(source), &paths);
}

static void open_project(struct fs_tmpdir *dir)
{
	dir_open(dir);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		put_file(dir, files[i][0], files[i][1]);
}

static void a_client_finds_it(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir;

	(void)state;
	open_project(&dir);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char got[TAG_LEN + 1], want[TAG_LEN + 1];

		tag_of(got, &dir, cases[i].source, "f");
		tag_wanted(want, &dir, cases[i].source, cases[i].sent);
		if (strcmp(got, want) != 0)
			fail_msg("%s: %s, Lithops says %s, which is of '%s'", cases[i].name, got,
				 want, cases[i].sent);
	}
}

/* A function of an imported module: that is sent, with all it imports; not what is baked beside. */
static void of_an_imported_module(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir;
	char got[TAG_LEN + 1], want[TAG_LEN + 1];
	const char *const helper = files[0][1];

	(void)state;
	open_project(&dir);
	tag_of(got, &dir, "", "helper:twice");
	tag_wanted(want, &dir, helper, "deeper.py helper.py");
	assert_string_equal(got, want);
}

/* What the header says of comprehensions: Python 3.12 and later. */
static void comprehensions(void **state)
{
	static const char source[] =
		"import helper\ndef f(x): return [helper.twice(i) for i in range(x)]\n";
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir;
	char got[TAG_LEN + 1], want[TAG_LEN + 1];

	(void)state;
	open_project(&dir);
	tag_of(got, &dir, source, "f");
	tag_wanted(want, &dir, source, "deeper.py helper.py");
	assert_string_equal(got, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_finds_it),
		cmocka_unit_test(of_an_imported_module),
		cmocka_unit_test(comprehensions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
