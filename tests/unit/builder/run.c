// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/builder/world.h"

#include "image/logs.h"

/* RUN, on a base that is Debian's static busybox. */

static struct sandbox *sandbox;

static void run_world(struct world *w)
{
	AUTO(buf_free) struct buf busybox = BUF_INIT(16 << 20);
	AUTO(image_free) struct image img = { 0 };
	AUTO(auto_free) char *path = NULL;
	struct reference ref;
	struct err err = { 0 };

	world_open(w);
	w->env.sandbox = sandbox;
	if (!fs_read_path(&busybox, "/bin/busybox", 16 << 20, &err))
		fail_msg("%s", err.msg);
	path = mem_printf("%s/busybox", w->context);
	assert_true(fs_write_path_atomic(path, busybox.ptr, busybox.len, 0755, &err));
	put(w, "passwd", "root:x:0:0::/root:/bin/sh\nweb:x:33:44::/srv:/bin/sh\n");
	put(w, "group", "root:x:0:\nweb:x:44:\n");
	build(&img, w,
	      "FROM scratch\n"
	      "COPY --chmod=755 busybox /usr/bin/busybox\n"
	      "COPY passwd group /etc/\n"
	      "ENV PATH=/usr/bin BASE=env\n"
	      "SHELL [\"/usr/bin/busybox\", \"sh\", \"-c\"]\n"
	      "RUN for i in sh cat ls mkdir rm ln touch id env chmod; do busybox ln -s busybox "
	      "/usr/bin/$i; done;"
	      " ln -s usr/bin /bin; mkdir -m 1777 /tmp; mkdir /srv; touch /srv/old\n"
	      "SHELL [\"/bin/sh\", \"-c\"]\n");
	assert_true(reference_parse(&ref, "box:1", &err));
	if (!store_put_image(w->store, &img, &ref, &err))
		fail_msg("%s", err.msg);
}

static void last_layer_holds(struct world *w, const struct image *img, const char *want)
{
	AUTO(buf_free) struct buf got = BUF_INIT(32 << 20);

	list_layer(&got, w, img, img->manifest.layer_count - 1);
	if (!strstr(got.ptr, want))
		fail_msg("the layer is\n%s\nwithout %s", got.ptr, want);
}

static void environment(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	(void)state;

	run_world(&w);
	map_put_text(&w.args, "https_proxy", "http://proxy");
	map_put_text(&w.args, "A", "given");
	build(&img, &w,
	      "FROM box:1\nARG A=1\nARG BASE=arg\nENV E=\"two words\"\nWORKDIR /work\nUSER web\n"
	      "WORKDIR /mine\n"
	      "RUN echo $A $BASE \"$E\" $https_proxy $PWD $HOME $(id -u):$(id -g) > out\n");
	last_layer_holds(&w, &img, "f 644 33:44 mine/out");
	last_layer_holds(&w, &img, "= given env two words http://proxy /mine /srv 33:44\n");
	assert_null(config_env(&img.config, "A"));
	assert_null(config_env(&img.config, "https_proxy"));
	assert_string_equal(
		history(&img, json_array_size(json_object_get(img.config.doc, "history")) - 1),
		"RUN |2 A=given BASE=env /bin/sh -c echo $A $BASE \"$E\" $https_proxy $PWD "
		"$HOME $(id -u):$(id -g) > out # buildkit");
}

static void changes(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	AUTO(image_free) struct image empty = { 0 };
	(void)state;

	run_world(&w);
	put(&w, "f", "f");
	build(&img, &w,
	      "FROM box:1\nRUN rm /srv/old && mkdir -m 700 /made && ln -s /made /link\n"
	      "COPY f /link/\nCOPY --chown=web f /srv/\nCOPY f /made\nCOPY f /bin/\n");
	layer_is(&w, &img, 3 + 1, "d 700 0:0 made\nf 644 0:0 made/f = f\n");
	layer_is(&w, &img, 3 + 2, "d 755 0:0 srv\nf 644 33:44 srv/f = f\n");
	layer_is(&w, &img, 3 + 3, "d 700 0:0 made\nf 644 0:0 made/f = f\n");
	layer_is(&w, &img, 3 + 4, "d 755 0:0 usr\nd 755 0:0 usr/bin\nf 644 0:0 usr/bin/f = f\n");
	build(&empty, &w, "FROM box:1\nRUN true\n");
	layer_is(&w, &empty, 3, "");
}

static void heredocs(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	(void)state;

	run_world(&w);
	build(&img, &w,
	      "FROM box:1\nRUN <<EOF\nA=1\necho $A > /a\nEOF\nRUN <<EOF\n#!/bin/busybox "
	      "cat\nme\nEOF\n"
	      "RUN cat <<A <<B > /c && cat <<C >> /c\na\nA\nb\nB\nc\nC\n");
	layer_is(&w, &img, img.manifest.layer_count - 2, "");
	last_layer_holds(&w, &img, " c");
	last_layer_holds(&w, &img, "= b\nc\n");
}

static void stages_and_cache(void **state)
{
	static const char text[] = "FROM box:1 AS build\nRUN mkdir /out && echo 1 > /out/x\n"
				   "FROM scratch\nCOPY --from=build /out /\n";
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image first = { 0 };
	AUTO(image_free) struct image second = { 0 };
	(void)state;

	run_world(&w);
	build(&first, &w, text);
	layer_is(&w, &first, 0, "f 644 0:0 x = 1\n\n");
	w.env.sandbox = NULL; /* whoever runs something now fails */
	build(&second, &w, text);
	assert_true(digest_eq(&first.manifest.digest, &second.manifest.digest));
	w.req.no_cache = true;
	fails(&w, text, E_UNSUPPORTED, "Dockerfile:2:1", "no sandbox");
	w.req.no_cache = false;
	/* row 39: an ARG counts at the first RUN behind it */
	fails(&w, "FROM box:1 AS build\nARG NEW=1\nRUN mkdir /out && echo 1 > /out/x\n",
	      E_UNSUPPORTED, "Dockerfile:3:1", "no sandbox");
}

/* Rows 39, 63 and 64: what a RUN is known by, and what not. `as`: a second Dockerfile; NULL: the
 * first. */
static void row_64_run_key(void **state)
{
	static const char head[] = "FROM box:1\nARG A=1\nENV E=1\nCOPY f /f\n";
	/* clang-format off */
	static const struct {
		const char *what, *first, *as, *arg, *value;
		bool known;
	} rows[] = {
		{ "the same again",               "RUN echo $A > /x", NULL, NULL, NULL, true },
		{ "an ARG it sees",               "RUN echo a > /x", NULL, "A", "2", false },
		{ "an ARG nobody declares",       "RUN echo b > /x", NULL, "B", "2", true },
		{ "a proxy",                      "RUN echo c > /x", NULL, "http_proxy", "http://p", true },
		{ "an ARG declared behind it",    "RUN echo d > /x", "RUN echo d > /x\nARG LATER=1", NULL, NULL, true },
		{ "another command",              "RUN echo e > /x", "RUN echo E > /x", NULL, NULL, false },
		{ "another form of it",           "RUN echo f > /x", "RUN [\"/bin/sh\", \"-c\", \"echo f > /x\"]", NULL, NULL, true },
		{ "ENV before it",                "RUN echo g > /x", "ENV G=1\nRUN echo g > /x", NULL, NULL, false },
		{ "LABEL before it",              "RUN echo h > /x", "LABEL h=1\nRUN echo h > /x", NULL, NULL, true },
		{ "CMD before it",                "RUN echo i > /x", "CMD i\nRUN echo i > /x", NULL, NULL, true },
		{ "USER before it",               "RUN echo j > /tmp/x", "USER web\nRUN echo j > /tmp/x", NULL, NULL, false },
		{ "its directory",                "RUN echo k > /x", "WORKDIR /tmp\nRUN echo k > /x", NULL, NULL, false },
		{ "its network",                  "RUN echo l > /x", "RUN --network=none echo l > /x", NULL, NULL, false },
		{ "a layer below",                "RUN echo m > /x", "COPY f /g\nRUN echo m > /x", NULL, NULL, false },
		{ "a comment",                    "RUN echo n > /x", "# n\nRUN echo n > /x", NULL, NULL, true },
		{ "the id of a cache mount",      "RUN --mount=type=cache,target=/c,id=1 echo o > /x",
		  "RUN --mount=type=cache,target=/c,id=2 echo o > /x", NULL, NULL, true },
		{ "the target of a cache mount",  "RUN --mount=type=cache,target=/c,id=1 echo p > /x",
		  "RUN --mount=type=cache,target=/d,id=1 echo p > /x", NULL, NULL, false },
		{ "the id of a secret",           "RUN --mount=type=secret,id=1 echo q > /x",
		  "RUN --mount=type=secret,id=2 echo q > /x", NULL, NULL, false },
	};
	/* clang-format on */
	AUTO(world_close) struct world w;
	(void)state;

	run_world(&w);
	w.req.network = true;
	put(&w, "f", "f");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(auto_free) char *first = mem_printf("%s%s\n", head, rows[i].first);
		AUTO(auto_free)
		char *second = mem_printf("%s%s\n", head, rows[i].as ? rows[i].as : rows[i].first);
		AUTO(image_free) struct image a = { 0 };
		AUTO(image_free) struct image b = { 0 };
		struct err err = { 0 };

		w.env.sandbox = sandbox;
		build(&a, &w, first);
		w.env.sandbox = NULL; /* whoever runs something now fails */
		if (rows[i].arg)
			map_put_text(&w.args, rows[i].arg, rows[i].value);
		if (try_build(&b, &w, second, &err) != rows[i].known)
			fail_msg("%s: %s", rows[i].what, rows[i].known ? err.msg : "it is known");
		if (rows[i].arg)
			map_remove(&w.args, rows[i].arg);
	}
}

static void failure(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(buf_free) struct buf whole = BUF_INIT(1 << 20);
	struct image img = { 0 };
	struct err err = { 0 };
	struct log_list logs = { 0 };
	const char *path;
	(void)state;

	run_world(&w);
	assert_false(try_build(&img, &w,
			       "FROM box:1\nRUN i=0; while [ $i -lt 100 ]; do echo line $i; "
			       "i=$((i+1)); done; exit 7\n",
			       &err));
	assert_int_equal(err.code, E_STEP);
	assert_int_equal(err.at.line, 2);
	assert_non_null(strstr(err.msg, "exit status 7"));
	assert_null(strstr(err.msg, "line 79\n"));
	assert_non_null(strstr(err.msg, "line 80\n"));
	assert_non_null(strstr(err.msg, "line 99"));
	path = strstr(err.hint, "/");
	assert_non_null(path);
	assert_true(fs_read_path(&whole, path, 1 << 20, &err));
	assert_true(str_has_prefix(whole.ptr, "line 0\nline 1\n"));
	assert_true(log_list(&logs, w.store, &err));
	assert_int_equal(logs.items[logs.len - 1].status, 7);
	log_list_free(&logs);
	fails(&w, "FROM box:1\nUSER nobody-here\nRUN true\n", E_NOT_FOUND, "Dockerfile:3:1",
	      "nobody-here");
}

static void foreign(void **state)
{
	AUTO(world_close) struct world w;
	struct err err = { 0 };
	(void)state;

	run_world(&w);
	assert_true(platform_parse(&w.req.platform, "linux/riscv64", &err));
	fails(&w, "FROM scratch\nRUN true\n", E_UNSUPPORTED, "Dockerfile:2:1", "linux/riscv64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment),    cmocka_unit_test(changes),
		cmocka_unit_test(heredocs),       cmocka_unit_test(stages_and_cache),
		cmocka_unit_test(row_64_run_key), cmocka_unit_test(failure),
		cmocka_unit_test(foreign),
	};
	struct err err = { 0 };
	int failed;

	if (!sandbox_start(&sandbox, &err))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	sandbox_stop(sandbox);
	return failed;
}
