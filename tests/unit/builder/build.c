// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/builder/world.h"

#include <errno.h>
#include <sys/xattr.h>

/* Whole builds on a store of their own: no registry, no sandbox. */

static void scratch(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	(void)state;

	world_open(&w);
	put(&w, "hello", "hi");
	build(&img, &w, "FROM scratch\nCOPY hello /hello\nCMD [\"/hello\"]\n");
	assert_int_equal(img.manifest.layer_count, 1);
	layer_is(&w, &img, 0, "f 644 0:0 hello = hi\n");
	assert_string_equal(history(&img, 0), "COPY hello /hello # buildkit");
	assert_string_equal(history(&img, 1), "CMD [\"/hello\"]");
}

/* One COPY on scratch: what the layer holds. Context: a, dir/{x,y}, dir/sub/z, link -> dir, flink
 * -> a, run.sh */
static void copy_rules(void **state)
{
	/* clang-format off */
	static const struct {
		const char *lines, *want;
	} rows[] = {
		/* rows 1, 2: contents */
		{ "COPY dir /d", "d 755 0:0 d\nd 755 0:0 d/sub\nf 644 0:0 d/sub/z = z\nf 644 0:0 d/x = x\nf 644 0:0 d/y = y\n" },
		{ "COPY dir/ /d", "d 755 0:0 d\nd 755 0:0 d/sub\nf 644 0:0 d/sub/z = z\nf 644 0:0 d/x = x\nf 644 0:0 d/y = y\n" },
		/* row 3 */
		{ "COPY a /x", "f 644 0:0 x = a\n" },
		{ "COPY a /x/", "d 755 0:0 x\nf 644 0:0 x/a = a\n" },
		{ "COPY a /x/y", "d 755 0:0 x\nf 644 0:0 x/y = a\n" },
		/* row 4 */
		{ "COPY a .", "f 644 0:0 a = a\n" },
		{ "COPY [\"a\", \"\"]", "f 644 0:0 a = a\n" },
		{ "COPY a run.sh /", "f 644 0:0 a = a\nf 755 0:0 run.sh = r\n" },
		{ "COPY a run.sh /b/", "d 755 0:0 b\nf 644 0:0 b/a = a\nf 755 0:0 b/run.sh = r\n" },
		/* rows 6, 7 */
		{ "COPY nope* /x", "" },
		{ "COPY dir/? /d/", "d 755 0:0 d\nf 644 0:0 d/x = x\nf 644 0:0 d/y = y\n" },
		{ "COPY di* /d/", "d 755 0:0 d\nd 755 0:0 d/sub\nf 644 0:0 d/sub/z = z\nf 644 0:0 d/x = x\nf 644 0:0 d/y = y\n" },
		/* row 8 */
		{ "COPY ../../a /x", "f 644 0:0 x = a\n" },
		{ "COPY /a /x", "f 644 0:0 x = a\n" },
		/* rows 9, 10 */
		{ "COPY flink /x", "f 644 0:0 x = a\n" },
		{ "COPY link /d", "d 755 0:0 d\nd 755 0:0 d/sub\nf 644 0:0 d/sub/z = z\nf 644 0:0 d/x = x\nf 644 0:0 d/y = y\n" },
		{ "COPY link/x /x", "f 644 0:0 x = x\n" },
		{ "COPY abs /x", "f 644 0:0 x = a\n" },
		{ "COPY links /l", "d 755 0:0 l\nl 777 0:0 l/in -> ../a\n" },
		/* rows 15-18 */
		{ "COPY --chown=5 a /x/y", "d 755 5:5 x\nf 644 5:5 x/y = a\n" },
		{ "COPY --chown=5:6 dir/sub /x", "d 755 5:6 x\nf 644 5:6 x/z = z\n" },
		{ "COPY --chmod=0700 dir/sub /x", "d 700 0:0 x\nf 700 0:0 x/z = z\n" },
		{ "COPY --chmod=4755 a /x", "f 4755 0:0 x = a\n" },
		{ "COPY --chmod=go-r,u+X run.sh a /x/", "d 755 0:0 x\nf 600 0:0 x/a = a\nf 711 0:0 x/run.sh = r\n" },
		/* row 19 */
		{ "COPY run.sh /r", "f 755 0:0 r = r\n" },
		/* row 25 */
		{ "COPY hard /h", "d 755 0:0 h\nf 644 0:0 h/one = same\nh 644 0:0 h/two -> h/one\n" },
		{ "COPY --exclude=x --exclude=*/z dir /d", "d 755 0:0 d\nd 755 0:0 d/sub\nf 644 0:0 d/y = y\n" },
		{ "COPY --exclude=**/z dir /d", "d 755 0:0 d\nd 755 0:0 d/sub\nf 644 0:0 d/x = x\nf 644 0:0 d/y = y\n" },
		/* row 30 and facts 1.1: directories that lead to what was asked for are the source's */
		{ "COPY --parents tree/one/two/f /p", "d 755 0:0 p\nd 750 0:0 p/tree\nd 700 0:0 p/tree/one\nd 711 0:0 p/tree/one/two\nf 644 0:0 p/tree/one/two/f = f\n" },
		{ "COPY --parents /tree/./one/../one/two/ /p/", "d 755 0:0 p\nd 700 0:0 p/one\nd 711 0:0 p/one/two\nf 644 0:0 p/one/two/f = f\n" },
		{ "COPY --parents tree/one/./two ./a /", "f 644 0:0 a = a\nd 711 0:0 two\nf 644 0:0 two/f = f\n" },
		{ "COPY --parents tree/./**/f dir/x /p", "d 755 0:0 p\nd 755 0:0 p/dir\nf 644 0:0 p/dir/x = x\nd 700 0:0 p/one\nf 644 0:0 p/one/f = f1\nd 711 0:0 p/one/two\nf 644 0:0 p/one/two/f = f\n" },
		{ "COPY --parents tr*/./one/* /p", "d 755 0:0 p\nd 700 0:0 p/one\nf 644 0:0 p/one/f = f1\nd 711 0:0 p/one/two\nf 644 0:0 p/one/two/f = f\n" },
		{ "COPY --parents --exclude=**/two tree/./one /p", "d 755 0:0 p\nd 700 0:0 p/one\nf 644 0:0 p/one/f = f1\n" },
		{ "COPY --parents --exclude=*/* tree/./one/ /p", "d 755 0:0 p\nd 700 0:0 p/one\n" },
		{ "COPY --parents --chown=3:4 --chmod=u=rwx,go= tree/./one/f /p", "d 755 3:4 p\nd 700 3:4 p/one\nf 700 3:4 p/one/f = f1\n" },
		{ "COPY --parents tree/./ /p", "d 755 0:0 p\nd 700 0:0 p/one\nf 644 0:0 p/one/f = f1\nd 711 0:0 p/one/two\nf 644 0:0 p/one/two/f = f\n" },
		{ "COPY --chown=9:8 a /p/one/a\nCOPY --parents tree/./one/two/f /p", "d 755 9:8 p\nd 700 9:8 p/one\nd 711 0:0 p/one/two\nf 644 0:0 p/one/two/f = f\n" },
		{ "COPY --parents nope* no/*/x /p", "d 755 0:0 p\n" },
		{ "COPY --parents link/./sub /p", "d 755 0:0 p\nd 755 0:0 p/sub\nf 644 0:0 p/sub/z = z\n" },
		/* a "!" of --exclude keeps the directories that lead to what it takes back */
		{ "COPY --exclude=one --exclude=!one/two tree /p", "d 755 0:0 p\nd 700 0:0 p/one\nd 711 0:0 p/one/two\nf 644 0:0 p/one/two/f = f\n" },
		{ "COPY --link a /p/q", "d 755 0:0 p\nf 644 0:0 p/q = a\n" },
		{ "COPY <<EOF /e\nx=$PATH y\nEOF", "f 644 0:0 e = x=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin y\n\n" },
		{ "COPY <<'EOF' /e/\nx=$PATH\nEOF", "d 755 0:0 e\nf 644 0:0 e/EOF = x=$PATH\n\n" },
		{ "COPY <<-A <<B a /e/\n\tone\n\tA\ntwo\nB", "d 755 0:0 e\nf 644 0:0 e/A = one\n\nf 644 0:0 e/B = two\n\nf 644 0:0 e/a = a\n" },
	};
	/* clang-format on */
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	put(&w, "a", "a");
	put(&w, "dir/x", "x");
	put(&w, "dir/y", "y");
	put(&w, "dir/sub/z", "z");
	put_mode(&w, "run.sh", "r", 0755);
	put(&w, "tree/one/f", "f1");
	put(&w, "tree/one/two/f", "f");
	put(&w, "hard/one", "same");
	put(&w, "links/.keep", "");
	AUTO(auto_close) int dir = -1;
	struct err err = { 0 };

	assert_true(fs_open_dir(&dir, w.context, &err));
	assert_int_equal(unlinkat(dir, "links/.keep", 0), 0);
	assert_int_equal(fchmodat(dir, "tree", 0750, 0), 0);
	assert_int_equal(fchmodat(dir, "tree/one", 0700, 0), 0);
	assert_int_equal(fchmodat(dir, "tree/one/two", 0711, 0), 0);
	assert_int_equal(symlinkat("dir", dir, "link"), 0);
	assert_int_equal(symlinkat("a", dir, "flink"), 0);
	assert_int_equal(symlinkat("/a", dir, "abs"), 0);
	assert_int_equal(symlinkat("../a", dir, "links/in"), 0);
	assert_int_equal(linkat(dir, "hard/one", dir, "hard/two", 0), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(image_free) struct image img = { 0 };
		AUTO(auto_free) char *text = mem_printf("FROM scratch\n%s\n", rows[i].lines);

		build(&img, &w, text);
		layer_is(&w, &img, img.manifest.layer_count - 1, rows[i].want);
	}
}

/* --- bases --- */

/* Make an image and put it into the store under a name. */
static void make_base(struct world *w, const char *name, const char *dockerfile)
{
	AUTO(image_free) struct image img = { 0 };
	struct reference ref;
	struct err err = { 0 };

	build(&img, w, dockerfile);
	assert_true(reference_parse(&ref, name, &err));
	if (!store_put_image(w->store, &img, &ref, &err))
		fail_msg("%s", err.msg);
}

/* Take the layers of an image out of the store: who reads them now fails. */
static void lose_layers(struct world *w, const char *name)
{
	AUTO(image_free) struct image img = { 0 };
	struct reference ref;
	struct err err = { 0 };

	assert_true(reference_parse(&ref, name, &err));
	assert_true(store_find_image(&img, w->store, &ref, NULL, &err));
	for (size_t i = 0; i < img.manifest.layer_count; i++) {
		AUTO(auto_free)
		char *path = mem_printf("%s/blobs/sha256/%s", store_path(w->store),
					digest_hex(&img.manifest.layers[i].digest).text);

		assert_int_equal(unlink(path), 0);
	}
}

#define BASE                                                 \
	"FROM scratch\n"                                     \
	"COPY passwd group /etc/\n"                          \
	"COPY --chmod=0750 --chown=7:8 keep /srv/app/keep\n" \
	"COPY tree /\n"                                      \
	"ENV BASE=yes PATH=/bin\n"                           \
	"WORKDIR /srv/app\n"

static void put_base(struct world *w)
{
	struct err err = { 0 };
	AUTO(auto_close) int dir = -1;

	put(w, "passwd", "root:x:0:0::/:\nweb:x:33:44::/:\n");
	put(w, "group", "root:x:0:\nstaff:x:50:\n");
	put(w, "keep", "k");
	put(w, "tree/usr/bin/tool", "t");
	put(w, "tree/conf.d/one", "1");
	put(w, "a", "a");
	put(w, "dir/x", "x");
	assert_true(fs_open_dir(&dir, w->context, &err));
	assert_int_equal(symlinkat("usr/bin", dir, "tree/bin"), 0);
	assert_int_equal(symlinkat("/conf.d", dir, "tree/confs"), 0);
	assert_int_equal(symlinkat("one", dir, "tree/conf.d/current"), 0);
	make_base(w, "base:1", BASE);
}

/* The last layer of "FROM base:1" and these lines. `reads`: the base's layers are needed for it. */
static void on_a_base(void **state)
{
	/* clang-format off */
	static const struct {
		const char *lines, *want;
		bool reads;
	} rows[] = {
		/* what an unread base surely has: usual directories, its working directory */
		{ "COPY a /tmp", "d 1777 0:0 tmp\nf 644 0:0 tmp/a = a\n", false },
		{ "COPY a /usr/local/bin/a", "d 755 0:0 usr\nd 755 0:0 usr/local\nd 755 0:0 usr/local/bin\nf 644 0:0 usr/local/bin/a = a\n", false },
		{ "COPY --chown=9 a /opt/x/a", "d 755 0:0 opt\nd 755 9:9 opt/x\nf 644 9:9 opt/x/a = a\n", false },
		{ "COPY a .", "d 755 0:0 srv\nd 755 0:0 srv/app\nf 644 0:0 srv/app/a = a\n", false },
		{ "COPY a /srv/app", "d 755 0:0 srv\nd 755 0:0 srv/app\nf 644 0:0 srv/app/a = a\n", false },
		{ "COPY a /new/a", "d 755 0:0 new\nf 644 0:0 new/a = a\n", false },
		{ "COPY dir /new", "d 755 0:0 new\nf 644 0:0 new/x = x\n", false },
		{ "ENV D=/made\nWORKDIR $D\nCOPY a .", "d 755 0:0 made\nf 644 0:0 made/a = a\n", false },
		{ "WORKDIR sub", "d 755 0:0 srv\nd 755 0:0 srv/app\nd 755 0:0 srv/app/sub\n", false },
		{ "WORKDIR /srv/app", "", false },
		{ "USER 12\nWORKDIR /w", "d 755 12:12 w\n", false },
		{ "USER 12:13\nWORKDIR /w", "d 755 12:13 w\n", false },
		{ "COPY --link a /bin/a", "d 755 0:0 bin\nf 644 0:0 bin/a = a\n", false },
		/* what it may have is not asked (ADR 0006) */
		{ "COPY a /conf.d", "f 644 0:0 conf.d = a\n", false },
		{ "COPY a /conf.d/current", "d 755 0:0 conf.d\nf 644 0:0 conf.d/current = a\n", false },
		/* the base decides: rows 11-14, 17 */
		{ "COPY a /bin/a", "d 755 0:0 usr\nd 755 0:0 usr/bin\nf 644 0:0 usr/bin/a = a\n", true },
		{ "COPY a /bin/", "d 755 0:0 usr\nd 755 0:0 usr/bin\nf 644 0:0 usr/bin/a = a\n", true },
		{ "COPY --chown=web a /conf.d", "f 644 33:44 conf.d = a\n", true },
		{ "COPY --chown=web a /confs", "f 644 33:44 confs = a\n", true },
		{ "COPY --chown=web a /conf.d/current", "d 755 33:44 conf.d\nf 644 33:44 conf.d/current = a\n", true },
		{ "COPY --chown=web a /bin/a", "d 755 0:0 usr\nd 755 0:0 usr/bin\nf 644 33:44 usr/bin/a = a\n", true },
		{ "COPY --chown=web:staff a /q/a", "d 755 33:50 q\nf 644 33:50 q/a = a\n", true },
		{ "COPY --chown=1:staff a /a", "f 644 1:50 a = a\n", true },
		{ "USER web\nWORKDIR /w", "d 755 33:44 w\n", true },
		{ "USER web\nWORKDIR /srv/app", "", true },
		{ "COPY --chown=web a /srv/app/a", "d 755 0:0 srv\nd 755 0:0 srv/app\nf 644 33:44 srv/app/a = a\n", true },
		{ "COPY a /lib/a\nCOPY --chown=web a /srv/app/a", "d 750 7:8 srv\nd 750 7:8 srv/app\nf 644 33:44 srv/app/a = a\n", true },
		{ "COPY a /lib/a\nCOPY a /conf.d", "d 755 0:0 conf.d\nf 644 0:0 conf.d/a = a\n", true },
		{ "COPY a /lib/a\nCOPY a /confs", "d 755 0:0 conf.d\nf 644 0:0 conf.d/a = a\n", true },
		{ "COPY a /lib/a\nCOPY a /conf.d/current", "d 755 0:0 conf.d\nf 644 0:0 conf.d/one = a\n", true },
	};
	/* clang-format on */
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	put_base(&w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(image_free) struct image img = { 0 };
		AUTO(auto_free) char *text = mem_printf("FROM base:1\n%s\n", rows[i].lines);

		if (rows[i].reads) {
			build(&img, &w, text);
			layer_is(&w, &img, img.manifest.layer_count - 1, rows[i].want);
		}
	}
	/* and now without the base's bytes: the same layers, or an honest failure */
	lose_layers(&w, "base:1");
	w.req.no_cache = true; /* what is known by its definition needs no base */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct image img = { 0 };
		AUTO(auto_free) char *text = mem_printf("FROM base:1\n%s\n", rows[i].lines);
		struct err err = { 0 };

		if (!rows[i].reads) {
			build(&img, &w, text);
			layer_is(&w, &img, img.manifest.layer_count - 1, rows[i].want);
			image_free(&img);
		} else if (try_build(&img, &w, text, &err)) {
			fail_msg("the base was not asked: %s", rows[i].lines);
		} else {
			assert_int_equal(err.code, E_NOT_FOUND);
		}
	}
}

static void copy_errors(void **state)
{
	/* clang-format off */
	static const struct {
		const char *lines;
		enum err_code code;
		const char *place, *text;
	} rows[] = {
		{ "FROM scratch\nCOPY nope /x", E_NOT_FOUND, "Dockerfile:2:6", "'nope' is not there" },
		{ "FROM scratch\nCOPY a dir /x", E_INPUT, "Dockerfile:2:12", "several files" },
		{ "FROM scratch\nCOPY a /x\nCOPY dir /x", E_INPUT, "Dockerfile:3:10", "/x is a file" },
		{ "FROM scratch\nCOPY dir /x/a\nCOPY --link=false a /x/", E_INPUT, "Dockerfile:3:19", "/x/a is a directory" },
		{ "FROM scratch\nCOPY a /x\nCOPY a /x/y", E_INPUT, "Dockerfile:3:8", "/x is a file" },
		{ "FROM scratch\nCOPY [a /x", E_INPUT, "Dockerfile:2:6", "malformed pattern '[a'" },
		{ "FROM scratch\nCOPY --chown=1:2:3 a /x", E_INPUT, "Dockerfile:2:6", "owner '1:2:3' is not user:group" },
		{ "FROM scratch\nCOPY --chown=web a /x", E_INPUT, "Dockerfile:2:6", "no /etc/passwd" },
		{ "FROM base:1\nCOPY --chown=nobody a /x", E_INPUT, "Dockerfile:2:6", "'nobody' is not in /etc/passwd" },
		{ "FROM scratch\nCOPY --chown=99999999999 a /x", E_INPUT, "Dockerfile:2:6", "ids end at" },
		{ "FROM scratch\nCOPY --chmod=9 a /x", E_INPUT, "Dockerfile:2:14", "'9' is no mode" },
		{ "FROM scratch\nCOPY --chmod=17777 a /x", E_INPUT, "Dockerfile:2:14", "is no mode" },
		{ "FROM scratch\nCOPY http://x/y /x", E_INPUT, "Dockerfile:2:6", "COPY cannot take" },
		{ "FROM scratch\nADD https://x/y.git?z=1 /x", E_INPUT, "Dockerfile:2:5", "no option 'z'" },
		{ "FROM scratch\nCOPY --from=nothere:1 a /x", E_NOT_FOUND, "Dockerfile:2:6", "nothere:1" },
		{ "FROM nothere:1\n", E_NOT_FOUND, "Dockerfile:1:6", "nothere:1" },
		{ "FROM scratch\nRUN true", E_UNSUPPORTED, "Dockerfile:2:1", "no sandbox" },
		{ "FROM scratch\nCOPY --parents no/f /x", E_NOT_FOUND, "Dockerfile:2:16", "'no/f' is not there" },
		{ "FROM scratch\nCOPY --parents loose/f /x", E_NOT_FOUND, "Dockerfile:2:16", "'loose/f' is behind a link" },
		{ "FROM scratch\nCOPY dangling /x", E_NOT_FOUND, "Dockerfile:2:6", "dangling" },
		{ "FROM scratch\nCOPY loop /x", E_INPUT, "Dockerfile:2:6", "links" },
		{ "FROM scratch\nCOPY <<.. /x/\na\n..\n", E_INPUT, "Dockerfile:2:1", "'..' cannot be the name" },
		{ "FROM scratch\nCOPY <<a/ /x/\na\na/\n", E_INPUT, "Dockerfile:2:1", "'' cannot be the name" },
		{ "FROM scratch\nCOPY outside /x", E_NOT_FOUND, "Dockerfile:2:6", "outside" },
	};
	/* clang-format on */
	AUTO(world_close) struct world w;
	AUTO(auto_close) int dir = -1;
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	put_base(&w);
	assert_true(fs_open_dir(&dir, w.context, &err));
	put(&w, "real/f", "f");
	assert_int_equal(symlinkat("real", dir, "loose"), 0);
	assert_int_equal(symlinkat("nowhere", dir, "dangling"), 0);
	assert_int_equal(symlinkat("loop", dir, "loop"), 0);
	assert_int_equal(symlinkat("../../../../etc/passwd", dir, "outside"), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		fails(&w, rows[i].lines, rows[i].code, rows[i].place, rows[i].text);
	w.req.context_dir = NULL;
	fails(&w, "FROM scratch\nCOPY a /x", E_INPUT, "Dockerfile:2:1", "no build context");
}

/* An image that is not there, named almost like a stage. */
static void near_stages(void **state)
{
	static const char *const lines[] = { "FROM biuld\n",
					     "FROM scratch\nCOPY --from=Biuld /a /\n" };
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	put(&w, "a", "a");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		AUTO(auto_free)
		char *text = mem_printf("FROM scratch AS build\nCOPY a /\n%s", lines[i]);
		struct image img = { 0 };
		struct err err = { 0 };

		assert_false(try_build(&img, &w, text, &err));
		assert_string_equal(err.hint, "did you mean the stage build?");
		assert_true(err.at.line > 2);
	}
}

static void stages(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	AUTO(image_free) struct image by_number = { 0 };
	(void)state;

	world_open(&w);
	put_base(&w);
	build(&img, &w,
	      "FROM nothere:1 AS unused\n"
	      "RUN never\n"
	      "FROM scratch AS One\n"
	      "ARG A=arg\n"
	      "LABEL from=one\n"
	      "COPY --chown=3:4 dir /out\n"
	      "COPY a /top\n"
	      "FROM one AS two\n"
	      "COPY <<EOF /args\n$A\nEOF\n"
	      "FROM base:1\n"
	      "COPY --from=two /out /top /args /got/\n"
	      "COPY --from=base:1 /bin/tool /tool\n"
	      "COPY --from=1 / /all/\n");
	layer_is(&w, &img, 4,
		 "d 755 0:0 got\nf 644 0:0 got/args = arg\n\nf 644 0:0 got/top = a\nf 644 3:4 "
		 "got/x = x\n");
	layer_is(&w, &img, 5, "f 644 0:0 tool = t\n");
	layer_is(&w, &img, 6,
		 "d 755 0:0 all\nd 755 3:4 all/out\nf 644 3:4 all/out/x = x\nf 644 0:0 all/top = "
		 "a\n");
	assert_null(config_label(&img.config, "from"));
	w.req.target = "two";
	build(&by_number, &w,
	      "FROM scratch AS one\nLABEL from=one\nFROM one AS two\nFROM nothere:1\n");
	assert_string_equal(config_label(&by_number.config, "from"), "one");
}

static void config_and_history(void **state)
{
	static const char *const want[] = {
		"COPY passwd group /etc/ # buildkit",
		"COPY --chown=7:8 --chmod=0750 keep /srv/app/keep # buildkit",
		"COPY tree / # buildkit",
		"ENV BASE=yes PATH=/bin",
		"WORKDIR /srv/app",
		"ARG A=1 B",
		"ENV BASE=2 OLD=yes",
		"LABEL a=b c=d e",
		"EXPOSE [80/tcp 8000/udp 8001/udp]",
		"VOLUME [/v /w]",
		"USER 7",
		"ENTRYPOINT [\"/bin/sh\" \"-c\" \"exec it\"]",
		"SHELL [/bin/bash -c]",
		"CMD [\"/bin/bash\" \"-c\" \"x \\\"y\\\"\"]",
		"STOPSIGNAL SIGTERM",
		"HEALTHCHECK &{[\"CMD-SHELL\" \"curl x\"] \"1m30s\" \"500ms\" \"0s\" \"0s\" "
		"'\\x03'}",
		"MAINTAINER me",
		"WORKDIR /srv/app/x",
		"WORKDIR /",
	};
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	AUTO(auto_free) char *text = NULL;
	json_t *list;
	size_t with_layer = 0;
	(void)state;

	world_open(&w);
	put_base(&w);
	build(&img, &w,
	      "FROM base:1\nARG A=1 B\nENV BASE=2 OLD=$BASE\nLABEL a=b c=\"d e\"\nEXPOSE 80 "
	      "8000-8001/UDP\n"
	      "VOLUME /v /w\nUSER 7\nENTRYPOINT exec it\nSHELL [\"/bin/bash\", \"-c\"]\nCMD x "
	      "\"y\"\n"
	      "STOPSIGNAL SIGTERM\nHEALTHCHECK --interval=90s --timeout=0.5s --retries=3 CMD curl "
	      "x\n"
	      "MAINTAINER me\nONBUILD RUN later\nWORKDIR x/\nWORKDIR /\n");
	list = json_object_get(img.config.doc, "history");
	assert_int_equal(json_array_size(list), ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const json_t *entry = json_array_get(list, i);

		assert_string_equal(json_text_member(entry, "created_by"), want[i]);
		assert_string_equal(json_text_member(entry, "comment"), "buildkit.dockerfile.v0");
		assert_string_equal(json_text_member(entry, "created"), "1980-01-01T00:00:00Z");
		with_layer += !json_is_true(json_object_get(entry, "empty_layer"));
	}
	assert_int_equal(with_layer, img.manifest.layer_count);
	assert_int_equal(with_layer, 5);
	text = json_text(json_object_get(img.config.doc, "config"), NULL);
	assert_string_equal(
		text,
		"{\"WorkingDir\":\"/\",\"Env\":[\"PATH=/bin\",\"BASE=2\",\"OLD=yes\"],"
		"\"Labels\":{\"a\":\"b\",\"c\":\"d e\"},"
		"\"ExposedPorts\":{\"80/tcp\":{},\"8000/udp\":{},\"8001/udp\":{}},"
		"\"Volumes\":{\"/v\":{},\"/w\":{}},\"User\":\"7\","
		"\"Entrypoint\":[\"/bin/sh\",\"-c\",\"exec it\"],\"Shell\":[\"/bin/bash\",\"-c\"],"
		"\"Cmd\":[\"/bin/bash\",\"-c\",\"x \\\"y\\\"\"],\"ArgsEscaped\":true,"
		"\"StopSignal\":\"SIGTERM\",\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl x\"],"
		"\"Interval\":90000000000,\"Timeout\":500000000,\"Retries\":3},"
		"\"OnBuild\":[\"RUN later\"]}");
	assert_string_equal(json_text_member(img.config.doc, "author"), "me");
}

/* Row 40, 42: who resets whose command. */
static void commands(void **state)
{
	static const struct {
		const char *lines, *entrypoint, *cmd;
	} rows[] = {
		{ "", "[\"e\"]", "[\"c\"]" },
		{ "ENTRYPOINT [\"x\"]", "[\"x\"]", NULL },
		{ "CMD [\"y\"]\nENTRYPOINT [\"x\"]", "[\"x\"]", "[\"y\"]" },
		{ "ENTRYPOINT [\"x\"]\nCMD [\"y\"]", "[\"x\"]", "[\"y\"]" },
		{ "CMD []", "[\"e\"]", NULL },
		{ "ENTRYPOINT []", NULL, NULL },
		{ "CMD ['y']", "[\"e\"]", "[\"/bin/sh\",\"-c\",\"['y']\"]" },
	};
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	make_base(&w, "base:1", "FROM scratch\nENTRYPOINT [\"e\"]\nCMD [\"c\"]\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(image_free) struct image img = { 0 };
		AUTO(auto_free) char *text = mem_printf("FROM base:1\n%s\n", rows[i].lines);
		AUTO(auto_free) char *entrypoint = NULL;
		AUTO(auto_free) char *cmd = NULL;
		json_t *e, *c;

		build(&img, &w, text);
		e = config_member(&img.config, "Entrypoint");
		c = config_member(&img.config, "Cmd");
		entrypoint = e ? json_text(e, NULL) : NULL;
		cmd = c ? json_text(c, NULL) : NULL;
		if (!e != !rows[i].entrypoint || (e && !str_eq(entrypoint, rows[i].entrypoint)) ||
		    !c != !rows[i].cmd || (c && !str_eq(cmd, rows[i].cmd)))
			fail_msg("%s: %s %s", rows[i].lines, entrypoint, cmd);
	}
}

static void arguments(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	(void)state;

	world_open(&w);
	put(&w, "a", "a");
	make_base(&w, "base:1", "FROM scratch\nENV FIXED=base\n");
	map_put_text(&w.args, "GIVEN", "given");
	map_put_text(&w.args, "FIXED", "no");
	map_put_text(&w.args, "TAG", "1");
	build(&img, &w,
	      "ARG TAG=9\nARG GLOBAL=g-$TAG\nFROM base:$TAG\n"
	      "ARG GIVEN=default\nARG GLOBAL\nARG FIXED\nARG UNKNOWN\nARG TARGETARCH\nARG "
	      "DEF=d-$GIVEN\n"
	      "LABEL all=\"$GIVEN $GLOBAL $FIXED $UNKNOWN $TARGETARCH $DEF $TAG\"\n");
	assert_string_equal(config_label(&img.config, "all"), "given g-1 base  amd64 d-given ");
	assert_string_equal(history(&img, 1), "ARG GIVEN=given");
	assert_string_equal(history(&img, 2), "ARG GLOBAL=g-1");
	assert_string_equal(history(&img, 4), "ARG UNKNOWN");
}

static void triggers(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	AUTO(image_free) struct image again = { 0 };
	(void)state;

	world_open(&w);
	put(&w, "a", "a");
	make_base(&w, "base:1",
		  "FROM scratch\nONBUILD COPY --from=tools /t /t\nONBUILD ENV HOOK=1\n"
		  "ONBUILD COPY <<EOF /doc\nhello\nEOF\n");
	build(&img, &w, "FROM scratch AS tools\nCOPY a /t\nFROM base:1\nLABEL hook=$HOOK\n");
	layer_is(&w, &img, 0, "f 644 0:0 t = a\n");
	layer_is(&w, &img, 1, "f 644 0:0 doc = hello\n\n");
	assert_string_equal(config_label(&img.config, "hook"), "1");
	assert_null(config_member(&img.config, "OnBuild"));
	build(&again, &w, "FROM scratch AS one\nONBUILD LABEL l=1\nFROM one AS two\nFROM two\n");
	assert_string_equal(config_label(&again.config, "l"), "1");
	assert_null(config_member(&again.config, "OnBuild"));
	make_base(&w, "base:2", "FROM scratch\nONBUILD COPY nope /x\n");
	fails(&w, "FROM base:2\n", E_NOT_FOUND, "ONBUILD of base:2:1:6", "nope");
}

static void ignore_files(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	AUTO(image_free) struct image own = { 0 };
	AUTO(auto_free) char *dockerfile = NULL;
	AUTO(auto_free) char *ignore = NULL;
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	put(&w, "a/b/c", "c");
	put(&w, "a/b/d", "d");
	put(&w, "a/e", "e");
	put_mode(&w, "f", "f", 0600);
	put(&w, ".dockerignore", "*\n!a/b\na/b/d\n");
	build(&img, &w, "FROM scratch\nCOPY . /\n");
	layer_is(&w, &img, 0, "d 755 0:0 a\nd 755 0:0 a/b\nf 644 0:0 a/b/c = c\n");
	fails(&w, "FROM scratch\nCOPY f /\n", E_NOT_FOUND, "Dockerfile:2:6", "'f' is not there");
	dockerfile = mem_printf("%s/My.Dockerfile", w.dir.path);
	ignore = mem_printf("%s.dockerignore", dockerfile);
	assert_true(fs_write_path_atomic(ignore, "a\n.*\n", 5, 0644, &err));
	w.req.dockerfile_name = dockerfile;
	build(&own, &w, "FROM scratch\nCOPY . /\n");
	layer_is(&w, &own, 0, "f 600 0:0 f = f\n");
}

static void archives(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	AUTO(image_free) struct image copied = { 0 };
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	AUTO(entry_list_free) struct entry_list members = { 0 };
	/* the label is the host's (row 27) */
	struct entry_xattr attributes_in_tar[] = { { "security.selinux", "label", 5 },
						   { "user.b", "2", 1 } };
	struct sink_buf sink = sink_buf(&tar);
	struct tar_writer *writer;
	AUTO(auto_free) char *path = NULL;
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	entry_add(&members, ENTRY_DIR, "d")->uid = 5;
	struct entry *file = entry_add_bytes(&members, "d/f", "data", 4);

	file->mode = 0600;
	file->xattrs = attributes_in_tar;
	file->xattr_count = ARRAY_LEN(attributes_in_tar);
	struct entry *link = entry_add(&members, ENTRY_SYMLINK, "l");

	link->link = "d/f";
	link->mode = 0777;
	link = entry_add(&members, ENTRY_HARDLINK, "z");
	link->link = "d/f";
	link->mode = 0600;
	assert_true(tar_writer_open(&writer, &sink.sink, &err));
	for (size_t i = 0; i < members.len; i++)
		assert_true(tar_writer_add(writer, &members.items[i], &err));
	assert_true(tar_writer_finish(writer, &err));
	tar_writer_close(writer);
	path = mem_printf("%s/x.bin", w.context);
	assert_true(fs_write_path_atomic(path, tar.ptr, tar.len, 0644, &err));
	put(&w, "not.tar.gz", "plain");
	build(&img, &w, "FROM scratch\nADD x.bin not.tar.gz /to/\n");
	layer_is(&w, &img, 0,
		 "d 755 0:0 to\nd 755 5:0 to/d\nf 600 0:0 to/d/f {user.b=2} = data\nl 777 0:0 to/l "
		 "-> d/f\n"
		 "f 644 0:0 to/not.tar.gz = plain\nh 600 0:0 to/z -> to/d/f\n");
	build(&copied, &w, "FROM scratch\nADD --unpack=false x.bin /x\nADD --chown=1 x.bin /u\n");
	AUTO(buf_free) struct buf listed = BUF_INIT(1 << 20);

	list_layer(&listed, &w, &copied, 0);
	assert_true(str_has_prefix(listed.ptr, "f 644 0:0 x = d/"));
	buf_clear(&listed);
	list_layer(&listed, &w, &copied, 1);
	assert_non_null(strstr(listed.ptr, "f 600 1:1 u/d/f {user.b=2} = data"));
}

static void named_contexts(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(entry_list_free) struct entry_list files = { 0 };
	AUTO(image_free) struct image img = { 0 };
	AUTO(image_free) struct image from = { 0 };
	AUTO(auto_free) char *other = NULL, *gone = NULL;
	struct build_context contexts[3];
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	put(&w, "sub/a", "sub a");
	put(&w, "sub/no", "n");
	put(&w, "sub/.dockerignore", "no\n.dockerignore\n");
	make_base(&w, "base:1", "FROM scratch\nLABEL base=1\n");
	entry_add_bytes(&files, "opt/pkg/m.py", "py", 2)->uid = 0;
	assert_true(entry_list_add_parents(&files, &err));
	other = mem_printf("%s/sub", w.context);
	contexts[0] =
		(struct build_context){ .name = "src", .kind = BUILD_CONTEXT_DIR, .path = other };
	contexts[1] = (struct build_context){ .name = "python-packages",
					      .kind = BUILD_CONTEXT_ENTRIES,
					      .entries = &files,
					      .identity = "wheels 1" };
	contexts[2] = (struct build_context){ .name = "debian",
					      .kind = BUILD_CONTEXT_IMAGE,
					      .path = "base:1" };
	w.req.contexts = contexts;
	w.req.context_count = 3;
	build(&img, &w, "FROM debian\nCOPY --from=src . /s/\nCOPY --from=python-packages / /\n");
	layer_is(&w, &img, 0, "d 755 0:0 s\nf 644 0:0 s/a = sub a\n");
	layer_is(&w, &img, 1, "d 755 0:0 opt\nd 755 0:0 opt/pkg\nf 644 0:0 opt/pkg/m.py = py\n");
	assert_string_equal(config_label(&img.config, "base"), "1");
	build(&from, &w, "FROM src\nCOPY --from=python-packages . /\n");
	layer_is(&w, &from, 0, "f 644 0:0 a = sub a\n");
	assert_int_equal(from.manifest.layer_count, 2);
	gone = mem_printf("%s/gone", w.context);
	contexts[0].path = gone;
	fails(&w, "FROM src\n", E_NOT_FOUND, "Dockerfile:1:6", "context 'src'");
}

/* --- the cache --- */

struct counting {
	struct events events;
	size_t cached;
};

static void count_cached(struct events *self, const struct event *event)
{
	struct counting *c = (struct counting *)self;

	if (event->kind == EVENT_DONE && event->text && str_eq(event->text, "cached"))
		c->cached++;
}

/* Bytes this process has read so far. */
static uint64_t bytes_read(void)
{
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 16);
	AUTO(auto_close) int fd = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
	struct err err = { 0 };

	assert_true(fs_read_fd(&text, fd, 1 << 16, &err));
	return strtoull(strstr(text.ptr, "rchar: ") + 7, NULL, 10);
}

static void wait_for_tick(void)
{
	clock_sleep_ms(60);
}

static void each_file_read_once(void **state)
{
	enum { SIZE = 8 << 20 };
	const char *text = "FROM scratch\nCOPY big small /x/\n";
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image first = { 0 };
	AUTO(image_free) struct image second = { 0 };
	AUTO(image_free) struct image third = { 0 };
	AUTO(auto_free) char *big = mem_alloc(SIZE + 1);
	struct counting counting = { .events = { count_cached } };
	uint64_t before;
	(void)state;

	world_open(&w);
	w.env.events = &counting.events;
	memset(big, 'b', SIZE);
	put(&w, "big", big);
	put(&w, "small", "s");
	wait_for_tick();
	before = bytes_read();
	build(&first, &w, text);
	assert_in_range(bytes_read() - before, SIZE, SIZE + SIZE / 4);
	assert_int_equal(counting.cached, 0);
	/* nothing changed: a stat each */
	before = bytes_read();
	build(&second, &w, text);
	assert_in_range(bytes_read() - before, 0, SIZE / 4);
	assert_int_equal(counting.cached, 1);
	assert_true(digest_eq(&first.manifest.digest, &second.manifest.digest));
	/* the same content elsewhere in time: read, and the same layer */
	put(&w, "small", "t");
	wait_for_tick();
	build(&third, &w, text);
	assert_int_equal(counting.cached, 1);
	assert_false(digest_eq(&first.manifest.digest, &third.manifest.digest));
}

/* --- row 65: what a COPY is known by --- */

static void touch(struct world *w)
{
	AUTO(auto_free) char *path = mem_printf("%s/d/f", w->context);
	const struct timespec times[2] = { { .tv_sec = 86400 }, { .tv_sec = 86400 } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void own(struct world *w)
{
	AUTO(auto_free) char *path = mem_printf("%s/d/f", w->context);

	assert_int_equal(chown(path, 5, 6), 0);
}

static void change_mode(struct world *w)
{
	put_mode(w, "d/f", "f", 0755);
}

static void change_content(struct world *w)
{
	put(w, "d/f", "g");
}

static void change_other(struct world *w)
{
	put(w, "other", "changed");
	put(w, "d/ignored", "changed");
	put(w, "d/excluded", "changed");
}

static void change_attribute(struct world *w)
{
	AUTO(auto_free) char *path = mem_printf("%s/d/f", w->context);

	assert_int_equal(setxattr(path, "user.a", "1", 1, 0), 0);
}

static void change_selinux(struct world *w)
{
	AUTO(auto_free) char *path = mem_printf("%s/d/f", w->context);

	if (setxattr(path, "security.selinux", "x", 1, 0) < 0)
		assert_true(errno == EOPNOTSUPP || errno == EPERM || errno == EINVAL);
}

static void rename_file(struct world *w)
{
	AUTO(auto_free) char *from = mem_printf("%s/d/f", w->context);
	AUTO(auto_free) char *to = mem_printf("%s/d/e", w->context);

	assert_int_equal(rename(from, to), 0);
}

static void change_link(struct world *w)
{
	AUTO(auto_free) char *path = mem_printf("%s/d/link", w->context);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
}

static void add_dir(struct world *w)
{
	AUTO(auto_free) char *path = mem_printf("%s/d/sub", w->context);

	assert_int_equal(mkdir(path, 0755), 0);
}

static bool same_layer(struct world *w, const char *text, void (*change)(struct world *w))
{
	AUTO(image_free) struct image first = { 0 };
	AUTO(image_free) struct image second = { 0 };

	build(&first, w, text);
	change(w);
	wait_for_tick();
	build(&second, w, text);
	return digest_eq(&first.manifest.layers[0].digest, &second.manifest.layers[0].digest);
}

static void row_65_copy_key(void **state)
{
	static const struct {
		const char *what;
		void (*change)(struct world *w);
		bool same;
	} rows[] = {
		{ "its time", touch, true },
		{ "its owner on the host", own, true },
		{ "what is not selected, ignored or excluded", change_other, true },
		{ "a label of this host", change_selinux, true },
		{ "its mode", change_mode, false },
		{ "its bytes", change_content, false },
		{ "an attribute", change_attribute, false },
		{ "its name", rename_file, false },
		{ "where a link leads", change_link, false },
		{ "a directory more", add_dir, false },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(world_close) struct world w;
		AUTO(auto_free) char *link = NULL;

		world_open(&w);
		put(&w, ".dockerignore", "d/ignored\n");
		put(&w, "d/f", "f");
		put(&w, "d/ignored", "i");
		put(&w, "d/excluded", "e");
		put(&w, "other", "o");
		link = mem_printf("%s/d/link", w.context);
		assert_int_equal(symlink("f", link), 0);
		wait_for_tick();
		if (same_layer(&w, "FROM scratch\nCOPY --exclude=excluded d /d\n",
			       rows[i].change) != rows[i].same)
			fail_msg("%s: %s", rows[i].what,
				 rows[i].same ? "counts" : "does not count");
	}
}

/* Nor does what lies below: the layer is known on another base, and behind other steps. */
static void row_65_no_parents(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image first = { 0 };
	AUTO(image_free) struct image second = { 0 };
	struct counting counting = { .events = { count_cached } };
	(void)state;

	world_open(&w);
	w.env.events = &counting.events;
	put(&w, "f", "f");
	put(&w, "g", "g");
	wait_for_tick();
	build(&first, &w, "FROM scratch\nCOPY f /x/\n");
	build(&second, &w, "FROM scratch\nENV A=1\nCOPY g /g\nCOPY f /x/\n");
	assert_int_equal(counting.cached, 1);
	assert_true(digest_eq(&first.manifest.layers[0].digest, &second.manifest.layers[1].digest));
}

static void racy_files_are_read_again(void **state)
{
	const char *text = "FROM scratch\nCOPY f /\n";
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	for (int i = 0; i < 20; i++) {
		AUTO(image_free) struct image img = { 0 };
		AUTO(auto_free) char *content = mem_printf("%02d", i);
		AUTO(auto_free) char *want = mem_printf("f 644 0:0 f = %s\n", content);
		AUTO(auto_free) char *path = mem_printf("%s/f", w.context);
		AUTO(auto_close) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		/* in place: the same inode and size, and a clock that may not have moved */
		assert_int_equal(pwrite(fd, content, 2, 0), 2);
		build(&img, &w, text);
		layer_is(&w, &img, 0, want);
	}
}

static void no_cache(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image first = { 0 };
	AUTO(image_free) struct image second = { 0 };
	struct counting counting = { .events = { count_cached } };
	(void)state;

	world_open(&w);
	w.env.events = &counting.events;
	put(&w, "f", "f");
	wait_for_tick();
	build(&first, &w, "FROM scratch\nCOPY f /\nWORKDIR /x\n");
	w.req.no_cache = true;
	build(&second, &w, "FROM scratch\nCOPY f /\nWORKDIR /x\n");
	assert_int_equal(counting.cached, 0);
	assert_true(digest_eq(&first.manifest.digest, &second.manifest.digest));
}

/* Another directory, umask, time zone, file times: the same digest; another epoch: another one. */
static void same_everywhere(void **state)
{
	const char *text =
		"FROM scratch\nARG A\nCOPY . /app/\nCOPY --chown=1 x/b /c\nWORKDIR /w\nENV Z=1\n";
	struct digest digests[3];
	(void)state;

	for (int i = 0; i < 3; i++) {
		AUTO(world_close) struct world w;
		AUTO(image_free) struct image img = { 0 };
		mode_t mask = umask(i == 1 ? 077 : 022);

		setenv("TZ", i == 1 ? "Asia/Tokyo" : "UTC", 1);
		setenv("LC_ALL", i == 1 ? "de_DE.UTF-8" : "C", 1);
		world_open(&w);
		put(&w, i == 1 ? "x/b" : "a", i == 1 ? "b" : "a");
		put(&w, i == 1 ? "a" : "x/b", i == 1 ? "a" : "b");
		AUTO(auto_free) char *x = mem_printf("%s/x", w.context);

		assert_int_equal(chmod(x, 0755), 0);
		w.req.has_epoch = i == 2;
		w.req.epoch = 1000000000;
		build(&img, &w, text);
		digests[i] = img.manifest.digest;
		umask(mask);
		if (i == 2)
			layer_is(&w, &img, 1, "f 644 1:1 c @1000000000 = b\n");
	}
	assert_true(digest_eq(&digests[0], &digests[1]));
	assert_false(digest_eq(&digests[0], &digests[2]));
}

static void kept_times(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	struct timespec times[2] = { { .tv_sec = 77 }, { .tv_sec = 77 } };
	AUTO(auto_free) char *path = NULL;
	(void)state;

	world_open(&w);
	put(&w, "f", "f");
	path = mem_printf("%s/f", w.context);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	w.req.keep_times = true;
	build(&img, &w, "FROM scratch\nCOPY f /\n");
	layer_is(&w, &img, 0, "f 644 0:0 f @77 = f\n");
}

static void set_attribute(struct world *w, const char *file, const char *name, const char *value)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", w->context, file);

	if (setxattr(path, name, value, strlen(value), 0) < 0)
		fail_msg("%s %s: %s", file, name, strerror(errno));
}

/* Row 27: a file's own attributes reach the layer, the host's do not. */
static void attributes(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	AUTO(image_free) struct image again = { 0 };
	(void)state;

	world_open(&w);
	put(&w, "d/f", "f");
	put(&w, "d/s/g", "g");
	set_attribute(&w, "d/f", "user.z", "1");
	set_attribute(&w, "d/f", "user.a", "2");
	set_attribute(&w, "d/f", "user.overlay.opaque", "y");
	set_attribute(&w, "d/s", "user.dir", "3");
	build(&img, &w, "FROM scratch\nCOPY d /d\nCOPY --chown=1 d/f /f\n");
	layer_is(&w, &img, 0,
		 "d 755 0:0 d\nf 644 0:0 d/f {user.a=2} {user.z=1} = f\n"
		 "d 755 0:0 d/s {user.dir=3}\nf 644 0:0 d/s/g = g\n");
	layer_is(&w, &img, 1, "f 644 1:1 f {user.a=2} {user.z=1} = f\n");
	set_attribute(&w, "d/f", "user.z", "changed");
	build(&again, &w, "FROM scratch\nCOPY d/f /f\n");
	layer_is(&w, &again, 0, "f 644 0:0 f {user.a=2} {user.z=changed} = f\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scratch),
		cmocka_unit_test(copy_rules),
		cmocka_unit_test(on_a_base),
		cmocka_unit_test(copy_errors),
		cmocka_unit_test(near_stages),
		cmocka_unit_test(stages),
		cmocka_unit_test(config_and_history),
		cmocka_unit_test(commands),
		cmocka_unit_test(arguments),
		cmocka_unit_test(triggers),
		cmocka_unit_test(ignore_files),
		cmocka_unit_test(archives),
		cmocka_unit_test(named_contexts),
		cmocka_unit_test(each_file_read_once),
		cmocka_unit_test(racy_files_are_read_again),
		cmocka_unit_test(row_65_copy_key),
		cmocka_unit_test(row_65_no_parents),
		cmocka_unit_test(no_cache),
		cmocka_unit_test(same_everywhere),
		cmocka_unit_test(kept_times),
		cmocka_unit_test(attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
