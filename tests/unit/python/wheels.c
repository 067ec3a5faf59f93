// SPDX-License-Identifier: Apache-2.0
#include "python/wheels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/python/make_wheel.h"

/* Choosing wheels from directories, and putting several into one list of files. */

#define ANY "py3-none-any"
enum { WHEELS_MAX = 8 };

/* A directory of wheels, requirements, and what comes of them. */
struct world {
	const char *what;
	struct {
		const char *name, *version, *tags, *metadata;
	} wheels[WHEELS_MAX];
	const char *other_file;      /* made empty; NULL: none */
	const char *requirements[4]; /* single ones */
	const char *file;            /* the text of requirements.txt; NULL: none */
	bool no_deps;
	enum err_code want;
	const char *picked;   /* "name==version ", "*" behind requested ones */
	const char *words[4]; /* each in the message */
	const char *noted;    /* the last line of the explanation; NULL: there is none */
	int line;             /* of the error's place; 0: none */
};

/* clang-format off */
static const struct world worlds[] = {
	{ "the highest version", { { "a", "1.9", ANY, "" }, { "a", "1.10", ANY, "" }, { "a", "1.2", ANY, "" } },
	  .requirements = { "a" }, .picked = "a==1.10* " },
	{ "a specifier", { { "a", "1.9", ANY, "" }, { "a", "1.10", ANY, "" } },
	  .requirements = { "A<1.10" }, .picked = "a==1.9* " },
	{ "the best tag", { { "a", "1", ANY, "" }, { "a", "1", "cp311-abi3-manylinux_2_17_x86_64", "" },
		{ "a", "1", "cp311-cp311-manylinux_2_28_x86_64", "" }, { "a", "1", "cp311-cp311-manylinux_2_17_x86_64", "" } },
	  .requirements = { "a" }, .picked = "a==1* " },
	{ "dependencies", { { "a", "1", ANY, "Requires-Dist: B_b>=2\n" }, { "b_b", "2", ANY, "Requires-Dist: c\n" },
		{ "b_b", "1", ANY, "" }, { "c", "1", ANY, "Requires-Dist: a\n" } },
	  .requirements = { "a" }, .picked = "a==1* b-b==2 c==1 " },
	{ "no dependencies", { { "a", "1", ANY, "Requires-Dist: b>=2\n" } },
	  .requirements = { "a" }, .no_deps = true, .picked = "a==1* " },
	{ "markers for the target", { { "a", "1", ANY, "Requires-Dist: b; python_version < '3.11'\nRequires-Dist: c; platform_machine == 'x86_64'\nRequires-Dist: d ; sys_platform == 'win32'\n" },
		{ "c", "1", ANY, "" } },
	  .requirements = { "a", "d; os_name == 'nt'" }, .picked = "a==1* c==1 " },
	{ "extras", { { "a", "1", ANY, "Provides-Extra: x\nProvides-Extra: y\nRequires-Dist: b; extra == 'x'\nRequires-Dist: c; extra == 'y'\n" },
		{ "b", "1", ANY, "" }, { "c", "1", ANY, "" } },
	  .requirements = { "a[X]" }, .picked = "a==1* b==1 " },
	{ "extras asked for late", { { "a", "1", ANY, "Provides-Extra: x\nRequires-Dist: b; extra == 'x'\n" },
		{ "b", "1", ANY, "" }, { "c", "1", ANY, "Requires-Dist: a[x]\n" } },
	  .requirements = { "a", "c" }, .picked = "a==1* b==1 c==1* " },
	{ "extras that name each other", { { "a", "1", ANY, "Provides-Extra: all\nProvides-Extra: x\nRequires-Dist: a[x]; extra == 'all'\nRequires-Dist: b; extra == 'x'\n" },
		{ "b", "1", ANY, "" } },
	  .requirements = { "a[all]" }, .picked = "a==1* b==1 " },
	{ "a requirement that comes late", { { "a", "1", ANY, "" }, { "a", "2", ANY, "" }, { "b", "1", ANY, "Requires-Dist: c\n" }, { "c", "1", ANY, "Requires-Dist: a<2\n" } },
	  .requirements = { "a", "b" }, .picked = "a==1* b==1* c==1 " },
	{ "a late one changes what follows", { { "a", "1", ANY, "Requires-Dist: d\n" }, { "a", "2", ANY, "Requires-Dist: nowhere; python_version < '3'\nRequires-Dist: e\n" },
		{ "b", "1", ANY, "Requires-Dist: a==1\n" }, { "d", "1", ANY, "" }, { "e", "1", ANY, "" } },
	  .requirements = { "a", "b" }, .picked = "a==1* b==1* d==1 " },
	{ "Requires-Python", { { "a", "2", ANY, "Requires-Python: >=3.12\n" }, { "a", "1", ANY, "Requires-Python: >=3.7,!=3.9.0\n" } },
	  .requirements = { "a" }, .picked = "a==1* " },
	{ "bad metadata of old releases", { { "a", "2", ANY, "Requires-Dist: b (1.0)\n" }, { "a", "1", ANY, "" } },
	  .requirements = { "a" }, .picked = "a==1* " },
	{ "a malformed Requires-Python is none", { { "a", "1", ANY, "" }, { "a", "2", ANY, "Requires-Python: >=3.6.*\n" } },
	  .requirements = { "a" }, .picked = "a==2* " },
	{ "a malformed Requires-Python of digits", { { "a", "1", ANY, "" }, { "a", "3", ANY, "Requires-Python: 3\n" } },
	  .requirements = { "a" }, .picked = "a==3* " },
	{ "no pre-release", { { "a", "1", ANY, "" }, { "a", "2rc1", ANY, "" } },
	  .requirements = { "a>=1" }, .picked = "a==1* " },
	{ "a pre-release by name", { { "a", "1", ANY, "" }, { "a", "2rc1", ANY, "" } },
	  .requirements = { "a>=2rc1" }, .picked = "a==2rc1* " },
	{ "a pre-release since there is nothing else", { { "a", "2rc1", ANY, "" } },
	  .requirements = { "a" }, .picked = "a==2rc1* " },
	{ "only a pre-release, but a specifier", { { "a", "2rc1", ANY, "" } },
	  .requirements = { "a>=1" }, .want = E_NOT_FOUND, .words = { "a-2rc1-" ANY ".whl is a pre-release" } },
	{ "--pre", { { "a", "1", ANY, "" }, { "a", "2rc1", ANY, "" } },
	  .file = "--pre\na>=1\n", .picked = "a==2rc1* " },
	{ "--only-final", { { "a", "1", ANY, "" }, { "a", "2rc1", ANY, "" } },
	  .file = "--pre\n--only-final a\na\n", .picked = "a==1* " },
	{ "constraints", { { "a", "1", ANY, "Requires-Dist: b\n" }, { "b", "1", ANY, "" }, { "b", "2", ANY, "" } },
	  .file = "a\n-c constraints.txt\n", .picked = "a==1* b==1 " },
	{ "a local version", { { "a", "1+standin", ANY, "" } }, .requirements = { "a==1" }, .picked = "a==1+standin* " },
	{ "nothing", { { "a", "1", ANY, "" } }, .picked = "" },
	{ "an older version of another gives way", { { "a", "1", ANY, "Requires-Dist: c<2\n" }, { "a", "2", ANY, "Requires-Dist: c>=2\n" }, { "b", "1", ANY, "Requires-Dist: c<2\n" }, { "c", "1", ANY, "" }, { "c", "2", ANY, "" } },
	  .requirements = { "a", "b" }, .picked = "a==1* b==1* c==1 " },
	{ "a version whose dependency is nowhere", { { "a", "1", ANY, "" }, { "a", "2", ANY, "Requires-Dist: nowhere\n" } },
	  .requirements = { "a" }, .picked = "a==1* " },
	{ "a version whose dependency is a URL", { { "a", "1", ANY, "" }, { "a", "2", ANY, "Requires-Dist: b @ https://x.org/b.whl\n" } },
	  .requirements = { "a" }, .picked = "a==1* " },
	{ "extras while going back", { { "a", "1", ANY, "Provides-Extra: x\nRequires-Dist: c==1; extra == 'x'\n" }, { "a", "2", ANY, "Provides-Extra: x\nRequires-Dist: c==2; extra == 'x'\n" }, { "b", "1", ANY, "Requires-Dist: c<2\n" }, { "c", "1", ANY, "" }, { "c", "2", ANY, "" } },
	  .requirements = { "a[x]", "b" }, .picked = "a==1* b==1* c==1 " },
	{ "constraints while going back", { { "a", "1", ANY, "Requires-Dist: b<2\n" }, { "a", "2", ANY, "Requires-Dist: b>=2\n" }, { "b", "1", ANY, "" }, { "b", "2", ANY, "" } },
	  .file = "a\n-c constraints.txt\n", .picked = "a==1* b==1 " },
	{ "a pre-release named on the way back", { { "a", "1", ANY, "Requires-Dist: c>=2rc1\n" }, { "a", "2", ANY, "Requires-Dist: c<1\n" }, { "b", "1", ANY, "Requires-Dist: c>=1\n" }, { "c", "0.5", ANY, "" }, { "c", "1", ANY, "" }, { "c", "2rc1", ANY, "" } },
	  .requirements = { "a", "b" }, .picked = "a==1* b==1* c==2rc1 " },
	{ "nothing but pre-releases: who names none takes them, though another one names them", { { "a", "1", ANY, "" }, { "a", "3", ANY, "Requires-Dist: e\n" }, { "b", "1", ANY, "Requires-Dist: e==2rc1\n" }, { "e", "2rc1", ANY, "" } },
	  .requirements = { "a", "b" }, .picked = "a==3* b==1* e==2rc1 " },
	{ "nothing but pre-releases, and a specifier that names none", { { "a", "1", ANY, "" }, { "a", "3", ANY, "Requires-Dist: e>=1\n" }, { "b", "1", ANY, "" }, { "b", "2", ANY, "Requires-Dist: e==2rc1\nRequires-Dist: nowhere\n" }, { "e", "2rc1", ANY, "" } },
	  .requirements = { "a", "b" }, .picked = "a==1* b==1* " },
	{ "a pre-release only beside the one who names it", { { "a", "1", ANY, "Requires-Dist: c\n" }, { "a", "2", ANY, "Requires-Dist: c>=2rc1\nRequires-Dist: nowhere\n" }, { "b", "1", ANY, "Requires-Dist: c>=1\n" }, { "c", "1", ANY, "" }, { "c", "2rc1", ANY, "" } },
	  .requirements = { "a", "b" }, .picked = "a==1* b==1* c==1 " },
	{ "a version that refuses itself", { { "a", "1", ANY, "" }, { "a", "2", ANY, "Requires-Dist: a<2\n" } },
	  .requirements = { "a" }, .picked = "a==1* " },
	{ "an extra that refuses a version", { { "a", "1", ANY, "Provides-Extra: x\n" }, { "a", "2", ANY, "Provides-Extra: x\nRequires-Dist: nowhere; extra == 'x'\n" } },
	  .requirements = { "a[x]" }, .picked = "a==1* " },
	{ "what comes late leaves the one who asks at its best", { { "a", "1", ANY, "" }, { "a", "2", ANY, "" }, { "b", "1", ANY, "" }, { "b", "2", ANY, "Requires-Dist: a<2\n" } },
	  .requirements = { "a", "b" }, .picked = "a==1* b==2* " },
	{ "Requires-Python while going back", { { "a", "1", ANY, "Requires-Dist: c\n" }, { "a", "2", ANY, "Requires-Dist: c>=2\n" }, { "c", "1", ANY, "" }, { "c", "2", ANY, "Requires-Python: <3\n" } },
	  .requirements = { "a" }, .picked = "a==1* c==1 " },
	{ "no version gives way", { { "a", "1", ANY, "Requires-Dist: c>=2\n" }, { "a", "2", ANY, "Requires-Dist: c>=2\n" }, { "b", "1", ANY, "Requires-Dist: c<2\n" }, { "c", "1", ANY, "" }, { "c", "2", ANY, "" } },
	  .requirements = { "a", "b" }, .want = E_INPUT, .words = { "contradicts" }, .noted = "And because you ask for b, what is asked for cannot be had." },

	{ "no file", { { "abcde", "1", ANY, "" } }, .requirements = { "abcd>=1" },
	  .want = E_NOT_FOUND, .words = { "no wheel of abcd>=1" } },
	{ "no file of a dependency", { { "a", "1", ANY, "Requires-Dist: b>=3\n" } }, .file = "\na\n",
	  .want = E_NOT_FOUND, .words = { "b>=3 (needed by a 1 <- ", "requirements.txt:2)" }, .line = 2 },
	{ "no file, in a line", { { "a", "1", ANY, "" } }, .file = "a\n\nb==2\n",
	  .want = E_NOT_FOUND, .words = { "b==2", "requirements.txt:3" }, .line = 3 },
	{ "no file, and an index nobody may ask", { { "a", "1", ANY, "" } }, .file = "-i https://u:secret@pypi.org/simple\nb==2\n",
	  .want = E_NOT_FOUND, .words = { "b==2" }, .line = 2 },
	{ "an index nobody needs", { { "a", "1", ANY, "" } }, .file = "-i https://pypi.org/simple\na\n", .picked = "a==1* " },
	{ "no index", { { "a", "1", ANY, "" } }, .file = "-i https://pypi.org/simple\n--no-index\nb\n",
	  .want = E_NOT_FOUND, .words = { "b" }, .line = 3 },
	{ "each file with its reason", { { "a", "1", "cp310-cp310-manylinux_2_17_x86_64", "" }, { "a", "2", ANY, "Requires-Python: <3\n" }, { "a", "3rc1", ANY, "" }, { "a", "0", ANY, "" } },
	  .other_file = "a-9.tar.gz", .requirements = { "a>=1" }, .want = E_NOT_FOUND,
	  .words = { "a-1-cp310-cp310-manylinux_2_17_x86_64.whl is built for other targets", "a-2-" ANY ".whl needs Python <3", "a-3rc1-" ANY ".whl is a pre-release", "a-9.tar.gz is a source archive" } },
	{ "only a source archive", { { "b", "1", ANY, "" } }, .other_file = "a-9.zip", .requirements = { "a" },
	  .want = E_NOT_FOUND, .words = { "a-9.zip is a source archive" } },
	{ "a bad wheel name", { { "b", "1", ANY, "" } }, .other_file = "a-x-py3-none-any.whl", .requirements = { "a" },
	  .want = E_NOT_FOUND, .words = { "a-x-py3-none-any.whl has no valid wheel name" } },
	{ "a conflict of two lines", { { "a", "1", ANY, "" }, { "a", "2", ANY, "" } }, .file = "a==1\na>=2\n",
	  .want = E_INPUT, .words = { "a==1 (", "requirements.txt:1) contradicts a>=2 (", "requirements.txt:2)" }, .line = 1 },
	{ "a conflict with a dependency", { { "a", "1", ANY, "" }, { "a", "2", ANY, "" }, { "b", "3", ANY, "Requires-Dist: a>=2\n" } },
	  .requirements = { "a<2", "b" }, .want = E_INPUT, .words = { "a<2 contradicts a>=2 (needed by b 3)" } },
	{ "a contradiction of no single project", { { "a", "1", ANY, "Requires-Dist: b==2\n" }, { "a", "2", ANY, "Requires-Dist: b==1\n" }, { "b", "1", ANY, "Requires-Dist: a==1\n" }, { "b", "2", ANY, "Requires-Dist: a==2\n" } },
	  .requirements = { "a" }, .want = E_INPUT, .words = { "no versions of a, b satisfy" }, .noted = "And because you ask for a, what is asked for cannot be had." },
	{ "a dependency by URL", { { "a", "1", ANY, "Requires-Dist: b @ https://x.org/b.whl\n" } },
	  .requirements = { "a" }, .want = E_UNSUPPORTED, .words = { "a-1-" ANY ".whl needs b from https://x.org/b.whl" } },
	{ "a marker without meaning", { { "a", "1", ANY, "" } }, .file = "a ; os_name ~= 'x'\n",
	  .want = E_INPUT, .words = { "compares no versions" }, .line = 1 },
	{ "a hash without a pin", { { "a", "1", ANY, "" } },
	  .file = "a>=1 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
	  .want = E_INPUT, .words = { "exact version" }, .line = 1 },
	{ "a line without the hash the others have", { { "a", "1", ANY, "" }, { "b", "1", ANY, "" } },
	  .file = "a==1 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\nb==1\n",
	  .want = E_INTEGRITY, .words = { "none of the hashes" }, .line = 1 },
	{ "a line without a hash", { { "a", "1", ANY, "" }, { "b", "1", ANY, "" } },
	  .file = "b==1\na==1 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
	  .want = E_INPUT, .words = { "b==1", "no --hash" }, .line = 1 },
	{ "--require-hashes", { { "a", "1", ANY, "" } }, .file = "--require-hashes\na==1\n",
	  .want = E_INPUT, .words = { "no --hash" }, .line = 2 },
};
/* clang-format on */

static void write_text(const char *dir, const char *name, const char *text)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", dir, name);
	struct err err = { 0 };

	if (!fs_write_path_atomic(path, text, strlen(text), 0644, &err))
		fail_msg("%s", err.msg);
}

static struct python_target host_like(void)
{
	struct python_target t = { 0 };
	struct err err = { 0 };
	struct platform p;

	if (!platform_parse(&p, "linux/amd64", &err) ||
	    !python_target_make(&t, "3.11", &p, NULL, &err))
		fail_msg("%s", err.msg);
	return t;
}

static char noted[256];

static void keep_note(struct events *self, const struct event *event)
{
	(void)self;
	if (event->kind == EVENT_REASON)
		snprintf(noted, sizeof(noted), "%s", event->text);
}

static bool select_in(struct wheel_list *out, const struct world *w, const char *dir,
		      struct err *err)
{
	AUTO(auto_free) char *file = mem_printf("%s/requirements.txt", dir);
	const struct python_target target = host_like();
	const char *const files[] = { file }, *const dirs[] = { dir };
	struct wheel_request req = { .target = &target,
				     .files = files,
				     .file_count = w->file != NULL,
				     .requirements = w->requirements,
				     .find_links = dirs,
				     .find_links_count = 1,
				     .no_deps = w->no_deps };

	while (req.requirement_count < ARRAY_LEN(w->requirements) &&
	       w->requirements[req.requirement_count])
		req.requirement_count++;
	for (size_t i = 0; i < WHEELS_MAX && w->wheels[i].name; i++)
		make_wheel(dir, w->wheels[i].name, w->wheels[i].version, w->wheels[i].tags,
			   w->wheels[i].metadata);
	write_text(dir, "constraints.txt", "b<2\nunused==9\n");
	if (w->file)
		write_text(dir, "requirements.txt", w->file);
	if (w->other_file)
		write_text(dir, w->other_file, "");
	noted[0] = '\0';
	return wheels_select(out, &req, &(struct events){ keep_note }, err);
}

static void check_world(const struct world *w)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(wheel_list_free) struct wheel_list l = { 0 };
	AUTO(buf_free) struct buf picked = BUF_INIT(4096);
	struct err err = { 0 };
	bool ok;

	if (!fs_tmpdir_open(&dir, &err))
		fail_msg("%s", err.msg);
	ok = select_in(&l, w, dir.path, &err);
	if (err.code != w->want || ok != (w->want == E_NONE))
		fail_msg("%s: %s: %s", w->what, err_name(err.code), err.msg);
	for (size_t i = 0; i < l.len; i++)
		buf_putf(&picked, "%s==%s%s ", l.items[i].name, l.items[i].version,
			 l.items[i].requested ? "*" : "");
	if (ok && !str_eq(picked.ptr, w->picked))
		fail_msg("%s: %s", w->what, picked.ptr);
	for (size_t i = 0; i < ARRAY_LEN(w->words) && w->words[i]; i++)
		if (!strstr(err.msg, w->words[i]))
			fail_msg("%s: no '%s' in: %s", w->what, w->words[i], err.msg);
	if (w->noted && !str_eq(noted, w->noted))
		fail_msg("%s: noted '%s'", w->what, noted);
	if (err.at.line != w->line)
		fail_msg("%s: line %d", w->what, err.at.line);
	assert_null(strstr(err.msg, "secret"));
	assert_null(strstr(err.hint, "secret"));
}

static void worlds_come_out_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(worlds); i++)
		check_world(&worlds[i]);
}

/* What people read when nothing can be chosen, word for word. */
static void errors_explain(void **state)
{
	/* clang-format off */
	static const struct {
		struct world world;
		const char *msg, *hint;
	} cases[] = {
		{ { .wheels = { { "a", "1", ANY, "Requires-Dist: c>=2\n" }, { "b", "1", ANY, "Requires-Dist: c<2\n" }, { "c", "1", ANY, "" }, { "c", "2", ANY, "" } },
		    .requirements = { "a", "b" }, .noted = "And because you ask for b, what is asked for cannot be had." },
		  "c>=2 (needed by a 1) contradicts c<2 (needed by b 1): c-2-py3-none-any.whl does not satisfy c<2; c-1-py3-none-any.whl does not satisfy c>=2",
		  "loosen one of the two, or add a version that satisfies both" },
		{ { .wheels = { { "a", "1", "cp39-cp39-manylinux_2_17_x86_64", "" }, { "a", "1", "cp311-cp311-manylinux_2_17_aarch64", "" } }, .requirements = { "a" } },
		  "no file of a fits Python 3.11 on linux/amd64 with glibc 2.36: a-1-cp311-cp311-manylinux_2_17_aarch64.whl is built for other targets; a-1-cp39-cp39-manylinux_2_17_x86_64.whl is built for other targets",
		  "if the target is another one, say so (--python, --platform, --libc); else put a wheel for it where --find-links looks" },
		{ { .wheels = { { "a", "1", ANY, "" }, { "a", "2", "cp39-cp39-linux_x86_64", "" } }, .requirements = { "a>=2" } },
		  "no file of a>=2 fits Python 3.11 on linux/amd64 with glibc 2.36: a-1-py3-none-any.whl does not satisfy a>=2; a-2-cp39-cp39-linux_x86_64.whl is built for other targets",
		  "a 1 would fit; or put a wheel for this target where --find-links looks" },
		{ { .wheels = { { "a", "1", ANY, "Requires-Dist: b\n" }, { "b", "1", ANY, "Requires-Dist: c>=2\n" }, { "c", "1", ANY, "" } }, .requirements = { "a" },
		    .noted = "And because you ask for a, what is asked for cannot be had." },
		  "no file of c>=2 (needed by b 1 <- a 1) fits Python 3.11 on linux/amd64 with glibc 2.36: c-1-py3-none-any.whl does not satisfy c>=2",
		  "c 1 would fit: change what is asked for, or put a wheel of another version where --find-links looks" },
		{ { .wheels = { { "a", "1", ANY, "Requires-Python: >=3.12\n" }, { "a", "2rc1", ANY, "" } }, .requirements = { "a>=1" } },
		  "no file of a>=1 fits Python 3.11 on linux/amd64 with glibc 2.36: a-2rc1-py3-none-any.whl is a pre-release; a-1-py3-none-any.whl needs Python >=3.12", "say --pre in the requirements, or name it: a>=2rc1" },
		{ { .other_file = "a-1.0.tar.gz", .requirements = { "a" } },
		  "no file of a fits Python 3.11 on linux/amd64 with glibc 2.36: a-1.0.tar.gz is a source archive",
		  "rtbuild builds nothing: make a wheel of it (pip wheel) and name its folder by --find-links, or install it in a RUN step (--installer pip)" },
		{ { .wheels = { { "a", "1", ANY, "Requires-Dist: b @ https://h/b.whl\n" } }, .requirements = { "a" } },
		  "no file of a fits Python 3.11 on linux/amd64 with glibc 2.36: a-1-py3-none-any.whl needs b from https://h/b.whl, which is not fetched unless you name it",
		  "if it is to be trusted, say so by a line of your own: NAME @ URL" },
		{ { .wheels = { { "a", "1", ANY, "Requires-Dist: b==2\n" }, { "a", "2", ANY, "Requires-Dist: b==1\n" }, { "b", "1", ANY, "Requires-Dist: a==1\n" }, { "b", "2", ANY, "Requires-Dist: a==2\n" } }, .requirements = { "a" } },
		  "no versions of a, b satisfy all that is asked of them", "the sentences before say what contradicts what: loosen one of these" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
		AUTO(wheel_list_free) struct wheel_list l = { 0 };
		struct err err = { 0 };

		assert_true(fs_tmpdir_open(&dir, &err));
		assert_false(select_in(&l, &cases[i].world, dir.path, &err));
		assert_string_equal(err.msg, cases[i].msg);
		assert_string_equal(err.hint, cases[i].hint);
		if (cases[i].world.noted)
			assert_string_equal(noted, cases[i].world.noted);
	}
}

static void the_best_file_is_taken(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(wheel_list_free) struct wheel_list l = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	assert_true(select_in(&l, &worlds[2], dir.path, &err));
	assert_string_equal(l.items[0].filename, "a-1-cp311-cp311-manylinux_2_28_x86_64.whl");
}

/* The hex digits of a file's SHA-256. */
static char *hash_of(const char *dir, const char *name)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", dir, name);
	AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 20);
	unsigned char hash[SHA256_SIZE];
	char *hex = mem_alloc(2 * SHA256_SIZE + 1);
	struct err err = { 0 };

	if (!fs_read_path(&bytes, path, 1 << 20, &err))
		fail_msg("%s", err.msg);
	sha256_of(hash, bytes.ptr, bytes.len);
	hex_format(hex, hash, sizeof(hash));
	return hex;
}

static void hashes_choose_the_file(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(wheel_list_free) struct wheel_list l = { 0 };
	AUTO(auto_free) char *right = NULL;
	AUTO(auto_free) char *text = NULL;
	struct world w = { .wheels = { { "a", "1", ANY, "" } } };
	struct err err = { 0 };
	char hex[2 * SHA256_SIZE + 1];

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	make_wheel(dir.path, "a", "1", "cp311-cp311-linux_x86_64", "");
	make_wheel(dir.path, "a", "1", ANY, "Summary: hashed\n");
	right = hash_of(dir.path, "a-1-" ANY ".whl");
	text = mem_printf("a==1 \\\n --hash=sha256:%064d \\\n --hash=sha256:%s\n", 0, right);
	w.file = text;
	w.wheels[0].metadata = "Summary: hashed\n";
	/* the better tag has the wrong hash; with it, the other file is the one */
	if (!select_in(&l, &w, dir.path, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(l.items[0].filename, "a-1-" ANY ".whl");
	assert_string_equal(l.items[0].summary, "hashed");
	hex_format(hex, l.items[0].hash, SHA256_SIZE);
	assert_string_equal(hex, right);
	assert_true(l.items[0].requested);
}

static void wheels_are_named_by_path(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(fs_tmpdir_close) struct fs_tmpdir other = FS_TMPDIR_INIT;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err) && fs_tmpdir_open(&other, &err));
	make_wheel(other.path, "a", "1rc1", ANY,
		   "Provides-Extra: x\nRequires-Dist: b; extra == 'x'\n");
	make_wheel(dir.path, "a", "3", ANY, "");
	make_wheel(dir.path, "b", "1", ANY, "");
	for (int form = 0; form < 3; form++) {
		AUTO(wheel_list_free) struct wheel_list l = { 0 };
		AUTO(auto_free)
		char *text =
			form == 0 ? mem_printf("%s/a-1rc1-" ANY ".whl[x]", other.path)
			: form == 1
				? mem_printf("a[x] @ file://%s/a%%2D1rc1-" ANY ".whl", other.path)
				: mem_printf("file://localhost%s/a-1rc1-" ANY ".whl", other.path);
		struct world w = { .requirements = { text } };

		if (!select_in(&l, &w, dir.path, &err))
			fail_msg("%s: %s", text, err.msg);
		assert_string_equal(l.items[0].version, "1rc1");
		assert_int_equal(l.len, form == 2 ? 1 : 2);
	}
}

static void find_links_must_be_there(void **state)
{
	const struct python_target target = host_like();
	const char *const dirs[] = { "/nonexistent/wheels" };
	const struct wheel_request req = { .target = &target,
					   .find_links = dirs,
					   .find_links_count = 1 };
	struct wheel_list l = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_false(wheels_select(&l, &req, NULL, &err));
	assert_int_equal(err.code, E_NOT_FOUND);
	assert_non_null(strstr(err.msg, "/nonexistent/wheels"));
}

/* Make two wheels with one more file each, and merge them. */
static bool merge_two(struct entry_list *out, struct wheel_list *l, const char *first,
		      const char *first_text, const char *second, const char *second_text,
		      struct err *err)
{
	static const struct wheel_layout layout = { .site = "site",
						    .scripts = "bin",
						    .interpreter = "/p" };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	struct world w = { .requirements = { "a", "b" } };

	if (!fs_tmpdir_open(&dir, err))
		fail_msg("%s", err->msg);
	for (int i = 0; i < 2; i++) {
		AUTO(made_free) struct made m = MADE_INIT;
		AUTO(auto_free) char *path = NULL;

		made_add_info(&m, i ? "b" : "a", "1", "");
		made_add_mode(&m, i ? second : first, i ? second_text : first_text,
			      i ? 0755 : 0644);
		made_add_record(&m, i ? "b-1.dist-info/RECORD" : "a-1.dist-info/RECORD");
		path = made_write(&m, dir.path, i ? "b-1-" ANY ".whl" : "a-1-" ANY ".whl");
	}
	if (!select_in(l, &w, dir.path, err))
		fail_msg("%s", err->msg);
	return wheels_merge(out, l, &layout, err);
}

static void equal_files_are_merged(void **state)
{
	AUTO(entry_list_free) struct entry_list out = { 0 };
	AUTO(wheel_list_free) struct wheel_list l = { 0 };
	struct err err = { 0 };
	size_t found = 0;

	(void)state;
	if (!merge_two(&out, &l, "ns/__init__.py", "same", "ns/__init__.py", "same", &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < out.len; i++) {
		assert_true(i == 0 || strcmp(out.items[i - 1].path, out.items[i].path) < 0);
		if (!str_eq(out.items[i].path, "site/ns/__init__.py"))
			continue;
		found++;
		assert_int_equal(out.items[i].mode, 0755);
	}
	assert_int_equal(found, 1);
}

static void different_files_collide(void **state)
{
	static const char *const cases[][4] = {
		{ "ns/__init__.py", "one", "ns/__init__.py", "two" },
		{ "ns", "a file", "ns/x.py", "in a folder" },
		{ "ns/x.py", "in a folder", "ns", "a file" },
		{ "a-1.data/scripts/x", "#!python\n1", "b-1.data/scripts/x", "#!python\n2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(entry_list_free) struct entry_list out = { 0 };
		AUTO(wheel_list_free) struct wheel_list l = { 0 };
		struct err err = { 0 };

		if (merge_two(&out, &l, cases[i][0], cases[i][1], cases[i][2], cases[i][3], &err))
			fail_msg("case %zu was merged", i);
		assert_int_equal(err.code, E_INPUT);
		assert_non_null(strstr(err.msg, "a-1-" ANY ".whl"));
		assert_non_null(strstr(err.msg, "b-1-" ANY ".whl"));
	}
}

static void identities_differ_when_files_would(void **state)
{
	const struct wheel one = { .name = (char[]){ "a" },
				   .filename = (char[]){ "a-1.whl" },
				   .hash = { 1 } };
	const struct wheel two = { .name = (char[]){ "b" },
				   .filename = (char[]){ "b-1.whl" },
				   .hash = { 2 } };
	struct wheel items[2] = { one, two }, swapped[2] = { two, one };
	struct wheel_list l = { .items = items, .len = 2 }, s = { .items = swapped, .len = 2 };
	struct wheel_layout layout = { .site = "x", .scripts = "y" };
	unsigned char base[SHA256_SIZE], id[SHA256_SIZE];

	(void)state;
	wheels_identity(base, &l, &layout);
	wheels_identity(id, &s, &layout);
	assert_memory_equal(base, id, sizeof(id));
	items[1].requested = true;
	wheels_identity(id, &l, &layout);
	assert_memory_not_equal(base, id, sizeof(id));
	items[1].requested = false;
	items[1].hash[5] = 9;
	wheels_identity(id, &l, &layout);
	assert_memory_not_equal(base, id, sizeof(id));
	items[1].hash[5] = 0;
	layout = (struct wheel_layout){ .site = "x", .data = "y" };
	wheels_identity(id, &l, &layout);
	assert_memory_not_equal(base, id, sizeof(id));
	layout = (struct wheel_layout){ .site = "x", .scripts = "y", .minor = 11 };
	wheels_identity(id, &l, &layout);
	assert_memory_not_equal(base, id, sizeof(id));
	layout = (struct wheel_layout){ .site = "x", .scripts = "y" };
	wheels_identity(id, &l, &layout);
	assert_memory_equal(base, id, sizeof(id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worlds_come_out_right),
		cmocka_unit_test(errors_explain),
		cmocka_unit_test(the_best_file_is_taken),
		cmocka_unit_test(hashes_choose_the_file),
		cmocka_unit_test(wheels_are_named_by_path),
		cmocka_unit_test(find_links_must_be_there),
		cmocka_unit_test(equal_files_are_merged),
		cmocka_unit_test(different_files_collide),
		cmocka_unit_test(identities_differ_when_files_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
