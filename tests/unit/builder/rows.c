// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/builder/world.h"

/*
 * Rows of facts/dockerfile.md, section 3, one by one: those that need no RUN. docs/semantics.md
 * says which tests show the others. A row builds a Dockerfile over the context below, and says what
 * must come of it; its number is in the test's name.
 */
struct row {
	int number;
	const char *what;
	const char *dockerfile;
	const char *layer;   /* the last one, see list_layer; NULL: not looked at */
	const char *config;  /* lines "PATH JSON", PATH of members with dots; "-": absent */
	const char *history; /* created_by of the last entries, one a line */
	const char *error;   /* "line:column text" instead */
	const char *arg;     /* --build-arg */
};

#define BASE                                                                       \
	"FROM scratch\nCOPY etc /etc/\nCOPY --chown=7:8 --chmod=0750 home /home\n" \
	"COPY links /\nENV PATH=/bin FROMBASE=base\nENV OLD=1\nWORKDIR /wd\n"      \
	"CMD [\"base\"]\nENTRYPOINT [\"entry\"]\nLABEL in=base\n"

/* clang-format off */
static const struct row rows[] = {
	{ 1, "a directory is its contents", .dockerfile = "FROM scratch\nCOPY dir /x\n",
	  .layer = "d 755 0:0 x\nd 755 0:0 x/sub\nf 644 0:0 x/sub/z = z\nf 600 0:0 x/y = y\n" },
	{ 2, "a source's trailing slash says nothing", .dockerfile = "FROM scratch\nCOPY dir/ /x\n",
	  .layer = "d 755 0:0 x\nd 755 0:0 x/sub\nf 644 0:0 x/sub/z = z\nf 600 0:0 x/y = y\n" },
	{ 3, "a file takes the destination's name, unless that is a directory", .dockerfile = "FROM scratch\nCOPY a /x\nCOPY a /d/\nCOPY b /d\n",
	  .layer = "d 755 0:0 d\nf 644 0:0 d/b = b\n" },
	{ 4, "a dot is the working directory", .dockerfile = "FROM scratch\nWORKDIR /w\nCOPY a .\n",
	  .layer = "d 755 0:0 w\nf 644 0:0 w/a = a\n" },
	{ 4, "nothing is the working directory", .dockerfile = "FROM scratch\nWORKDIR /w\nCOPY [\"a\", \"\"]\n",
	  .layer = "d 755 0:0 w\nf 644 0:0 w/a = a\n" },
	{ 5, "several files need a directory", .dockerfile = "FROM scratch\nCOPY a b /x\n", .error = "2:10 several files" },
	{ 5, "several files into one that is there", .dockerfile = "FROM scratch\nCOPY a /x/\nCOPY a b /x\n",
	  .layer = "d 755 0:0 x\nf 644 0:0 x/a = a\nf 644 0:0 x/b = b\n" },
	{ 6, "a pattern without a match copies nothing", .dockerfile = "FROM scratch\nCOPY nope* /x\n", .layer = "" },
	{ 6, "a name that is not there is an error", .dockerfile = "FROM scratch\nCOPY nope /x\n", .error = "2:6 'nope' is not there" },
	{ 7, "a directory among the matches is its contents", .dockerfile = "FROM scratch\nCOPY [ad]* /x/\n",
	  .layer = "d 755 0:0 x\nf 644 0:0 x/a = a\nd 755 0:0 x/sub\nf 644 0:0 x/sub/z = z\nf 600 0:0 x/y = y\n" },
	{ 8, "a source never leaves the context", .dockerfile = "FROM scratch\nCOPY ../../a /b /x/\n",
	  .layer = "d 755 0:0 x\nf 644 0:0 x/a = a\nf 644 0:0 x/b = b\n" },
	{ 9, "a source that is a link is followed, one inside a tree is not", .dockerfile = "FROM scratch\nCOPY tolinks /x\n",
	  .layer = "d 755 0:0 x\nl 777 0:0 x/toa -> /a\nd 755 0:0 x/var\nl 777 0:0 x/var/run -> /run\n" },
	{ 10, "an absolute link begins at the context", .dockerfile = "FROM scratch\nCOPY links/toa /x\n", .layer = "f 644 0:0 x = a\n" },
	{ 11, "links above a destination are followed", .dockerfile = BASE "COPY a /var/run/x/\n",
	  .layer = "d 755 0:0 run\nd 755 0:0 run/x\nf 644 0:0 run/x/a = a\n" },
	{ 11, "--link follows none", .dockerfile = BASE "COPY --link a /var/run/x/\n",
	  .layer = "d 755 0:0 var\nd 755 0:0 var/run\nd 755 0:0 var/run/x\nf 644 0:0 var/run/x/a = a\n" },
	{ 12, "a destination that is a link to a file is written through", .dockerfile = BASE "COPY a /a\nCOPY b /toa\n",
	  .layer = "f 644 0:0 a = b\n" },
	{ 13, "a directory over a file", .dockerfile = "FROM scratch\nCOPY a /x\nCOPY dir /x\n", .error = "3:10 /x is a file" },
	{ 13, "a file over a directory", .dockerfile = "FROM scratch\nCOPY dir /x/a\nCOPY a /x/\n", .error = "3:6 /x/a is a directory" },
	{ 14, "the destination keeps its mode, directories in it do not", .dockerfile = "FROM scratch\nCOPY --chown=5:6 --chmod=0700 dir /x\nCOPY dir /x\n",
	  .layer = "d 700 5:6 x\nd 755 0:0 x/sub\nf 644 0:0 x/sub/z = z\nf 600 0:0 x/y = y\n" },
	{ 15, "directories made on the way", .dockerfile = "FROM scratch\nCOPY --chown=5:6 --chmod=0711 a /p/q/a\n",
	  .layer = "d 711 5:6 p\nd 711 5:6 p/q\nf 711 5:6 p/q/a = a\n" },
	{ 16, "USER does not matter, and --from keeps owners", .dockerfile = BASE "USER 7\nCOPY --from=x /home/me /x\nCOPY a /y\n",
	  .layer = "f 644 0:0 y = a\n" },
	{ 17, "a user name alone brings its group", .dockerfile = BASE "COPY --chown=web a /x\n", .layer = "f 644 33:34 x = a\n" },
	{ 17, "a number alone is the group too", .dockerfile = "FROM scratch\nCOPY --chown=1 a /x\n", .layer = "f 644 1:1 x = a\n" },
	{ 17, "a group name is the image's", .dockerfile = BASE "COPY --chown=0:staff a /x\n", .layer = "f 644 0:50 x = a\n" },
	{ 17, "a name that is not there", .dockerfile = BASE "COPY --chown=nobody a /x\n", .error = "11:6 'nobody' is not in /etc/passwd" },
	{ 18, "an octal --chmod is for directories too", .dockerfile = "FROM scratch\nCOPY --chmod=4711 dir/sub /x\n", .layer = "d 4711 0:0 x\nf 4711 0:0 x/z = z\n" },
	{ 18, "a symbolic --chmod is each entry's own", .dockerfile = "FROM scratch\nCOPY --chmod=u=rwX,go=rX dir /x\n",
	  .layer = "d 755 0:0 x\nd 755 0:0 x/sub\nf 644 0:0 x/sub/z = z\nf 644 0:0 x/y = y\n" },
	{ 19, "modes are those on disk", .dockerfile = "FROM scratch\nCOPY dir/y tool /x/\n", .layer = "d 755 0:0 x\nf 755 0:0 x/tool = t\nf 600 0:0 x/y = y\n" },
	{ 24, "COPY takes no URL", .dockerfile = "FROM scratch\nCOPY https://example.com/x /\n", .error = "2:6 COPY cannot take" },
	{ 24, "COPY takes no git repository", .dockerfile = "FROM scratch\nCOPY https://example.com/x.git /\n", .error = "2:6 COPY cannot take" },
	{ 29, "two stars are one without --parents", .dockerfile = "FROM scratch\nCOPY dir/**/z /x\nCOPY **/y /y\n",
	  .layer = "f 600 0:0 y = y\n" },
	{ 30, "--parents keeps what is behind the pivot", .dockerfile = "FROM scratch\nCOPY --parents home/./me/f /x/\n",
	  .layer = "d 755 0:0 x\nd 700 0:0 x/me\nf 644 0:0 x/me/f = f\n" },
	{ 31, "WORKDIR makes a layer, the user's", .dockerfile = "FROM scratch\nUSER 7:8\nWORKDIR /p/q\n", .layer = "d 755 7:8 p\nd 755 7:8 p/q\n",
	  .history = "USER 7:8\nWORKDIR /p/q" },
	{ 31, "of a directory that is there an empty one", .dockerfile = BASE "WORKDIR /home\n", .layer = "" },
	{ 32, "WORKDIR joins the base's and expands", .dockerfile = "FROM x\nENV D=x\nARG E=y\nWORKDIR $D/$E/\nWORKDIR ../z\n",
	  .config = "config.WorkingDir \"/wd/x/z\"" },
	{ 33, "one view of the variables an instruction", .dockerfile = "FROM scratch\nENV a=1\nENV a=2 b=$a c=$b\n",
	  .config = "config.Env.2 \"b=1\"\nconfig.Env.3 \"c=\"" },
	{ 34, "ENV keeps its place", .dockerfile = "FROM x\nENV FROMBASE=2 NEW=1\n",
	  .config = "config.Env [\"PATH=/bin\",\"FROMBASE=2\",\"OLD=1\",\"NEW=1\"]" },
	{ 35, "PATH is there without a base", .dockerfile = "FROM scratch\nCOPY a /\n",
	  .config = "config.Env [\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"]" },
	{ 36, "HOME is not in the configuration", .dockerfile = "FROM x\nUSER web\n", .config = "config.Env.3 -" },
	{ 37, "ENV of the base beats a build argument", .dockerfile = "FROM x\nARG FROMBASE=x\nLABEL is=$FROMBASE\n", .arg = "FROMBASE=given",
	  .config = "config.Labels.is \"base\"", .history = "ARG FROMBASE=given\nLABEL is=base" },
	{ 40, "ENTRYPOINT clears an inherited CMD", .dockerfile = "FROM x\nENTRYPOINT [\"x\"]\n", .config = "config.Cmd -\nconfig.Entrypoint [\"x\"]" },
	{ 40, "but none of this stage, in any order", .dockerfile = BASE "CMD [\"c\"]\nENTRYPOINT [\"x\"]\n", .config = "config.Cmd [\"c\"]" },
	{ 41, "CMD as text is the shell's", .dockerfile = "FROM scratch\nSHELL [\"/bin/x\", \"-y\"]\nCMD a  b\n",
	  .config = "config.Cmd [\"/bin/x\",\"-y\",\"a  b\"]\nconfig.ArgsEscaped true" },
	{ 42, "an empty list clears", .dockerfile = "FROM x\nCMD []\nENTRYPOINT []\n", .config = "config.Cmd -\nconfig.Entrypoint -" },
	{ 43, "single quotes are no JSON", .dockerfile = "FROM scratch\nCMD ['a', 'b']\n", .config = "config.Cmd [\"/bin/sh\",\"-c\",\"['a', 'b']\"]" },
	{ 44, "HEALTHCHECK NONE", .dockerfile = "FROM scratch\nHEALTHCHECK NONE\n", .config = "config.Healthcheck {\"Test\":[\"NONE\"]}" },
	{ 44, "durations are nanoseconds", .dockerfile = "FROM scratch\nHEALTHCHECK --interval=1m --start-interval=1.5s --retries=2 CMD x\n",
	  .config = "config.Healthcheck {\"Test\":[\"CMD-SHELL\",\"x\"],\"Interval\":60000000000,\"StartInterval\":1500000000,\"Retries\":2}" },
	{ 45, "ports have a protocol, in lower case, and ranges count out", .dockerfile = "FROM scratch\nEXPOSE 80 90-91/UDP\n",
	  .config = "config.ExposedPorts {\"80/tcp\":{},\"90/udp\":{},\"91/udp\":{}}" },
	{ 47, "labels come by FROM alone", .dockerfile = "FROM x AS b\nLABEL other=1\nFROM scratch\nCOPY --from=b /etc/passwd /\n", .config = "config.Labels -" },
	{ 48, "triggers are kept as text", .dockerfile = "FROM scratch\nONBUILD COPY <<E /x\n$one\nE\n", .config = "config.OnBuild [\"COPY <<E /x\\n$one\\nE\"]" },
	{ 48, "they run first in the child, and are gone there", .dockerfile = "FROM scratch AS p\nCOPY a /from\nFROM scratch AS base\nONBUILD COPY --from=p /from /got\nONBUILD ENV E=1\nFROM base\nENV F=$E\n",
	  .layer = "f 644 0:0 got = a\n", .config = "config.OnBuild -\nconfig.Env.2 \"F=1\"", .history = "COPY /from /got # buildkit\nENV E=1\nENV F=1" },
	{ 49, "a stage comes before an image, in any case", .dockerfile = "FROM scratch AS nowhere\nENV S=1\nFROM NoWhere\nENV T=$S\n", .config = "config.Env.2 \"T=1\"" },
	{ 49, "of two stages of one name the later", .dockerfile = "FROM scratch AS s\nENV S=1\nFROM scratch AS s\nENV S=2\nFROM s\nLABEL s=$S\n", .config = "config.Labels.s \"2\"" },
	{ 49, "a stage cannot copy from a later one", .dockerfile = "FROM scratch\nCOPY --from=b /a /\nFROM scratch AS b\nCOPY --from=0 /a /\n", .error = "2:6 cannot take files from stage 'b': it comes later" },
	{ 50, "a stage nobody needs is not built", .dockerfile = "FROM nowhere.invalid/x:1 AS u\nRUN x\nFROM scratch\nCOPY a /x\n", .layer = "f 644 0:0 x = a\n" },
	{ 51, "of an image its files, not its configuration", .dockerfile = "FROM scratch\nCOPY --from=x /etc/group /g\n", .layer = "f 644 0:0 g = root:x:0:\nstaff:x:50:\n\n", .config = "config.Labels -\nconfig.Env.1 -" },
	{ 67, "history: an entry an instruction, empty or not", .dockerfile = "FROM scratch\nENV a=1\nCOPY a /x\nONBUILD ENV b=1\nWORKDIR /\n",
	  .config = "history.0.empty_layer true\nhistory.1.empty_layer -\nhistory.1.comment \"buildkit.dockerfile.v0\"\nhistory.2.empty_layer true\nhistory.3 -",
	  .history = "ENV a=1\nCOPY a /x # buildkit\nWORKDIR /" },
	{ 69, "the configuration's other members", .dockerfile = "FROM scratch\nCOPY a /\nMAINTAINER me\n",
	  .config = "architecture \"amd64\"\nos \"linux\"\nrootfs.type \"layers\"\nauthor \"me\"\ncreated \"1980-01-01T00:00:00Z\"\nrootfs.diff_ids.1 -" },
	{ 70, "SOURCE_DATE_EPOCH is the time of what is new", .dockerfile = "FROM scratch\nCOPY a /x\n", .arg = "SOURCE_DATE_EPOCH=86400",
	  .config = "created \"1970-01-02T00:00:00Z\"\nhistory.0.created \"1970-01-02T00:00:00Z\"", .layer = "f 644 0:0 x @86400 = a\n" },
	{ 75, "what .dockerignore takes back comes with the directories above", .dockerfile = "FROM scratch\nCOPY ignored /x\n",
	  .layer = "d 755 0:0 x\nd 710 0:0 x/in\nf 644 0:0 x/in/back = b\n" },
	{ 78, "a base of another platform is used all the same", .dockerfile = "FROM arm\nCOPY a /x\n", .layer = "f 644 0:0 x = a\n" },
	{ 79, "one manifest, no index", .dockerfile = "FROM scratch\nCOPY a /x\n", .config = "history.1 -" },
};
/* clang-format on */

static void mode(struct world *w, const char *name, mode_t bits)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", w->context, name);

	assert_int_equal(chmod(path, bits), 0);
}

static void link_to(struct world *w, const char *target, const char *name)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", w->context, name);

	assert_int_equal(symlink(target, path), 0);
}

static void put_context(struct world *w)
{
	put(w, "a", "a");
	put(w, "b", "b");
	put(w, "dir/sub/z", "z");
	put_mode(w, "dir/y", "y", 0600);
	put_mode(w, "tool", "t", 0755);
	put(w, "etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/var:/bin/sh\n");
	put(w, "etc/group", "root:x:0:\nstaff:x:50:\n");
	put(w, "home/me/f", "f");
	mode(w, "home/me", 0700);
	put(w, "links/var/x", "");
	link_to(w, "/a", "links/toa");
	link_to(w, "/run", "links/var/run");
	link_to(w, "links", "tolinks");
	put(w, "ignored/in/back", "b");
	put(w, "ignored/in/gone", "g");
	put(w, "ignored/out/gone", "g");
	mode(w, "ignored/in", 0710);
	put(w, ".dockerignore", "ignored/*\n!ignored/in/back\nlinks/var/x\n");
}

static void put_named(struct world *w, const char *name, const char *dockerfile,
		      const char *platform)
{
	AUTO(image_free) struct image img = { 0 };
	struct platform usual = w->req.platform;
	struct reference ref;
	struct err err = { 0 };

	assert_true(platform_parse(&w->req.platform, platform, &err));
	build(&img, w, dockerfile);
	assert_true(reference_parse(&ref, name, &err));
	assert_true(store_put_image(w->store, &img, &ref, &err));
	w->req.platform = usual;
}

/* The member a path of names and numbers leads to, as JSON; "-" when there is none. */
static char *member(const json_t *doc, const char *path)
{
	struct slice rest = slice_of(path);

	while (doc && rest.ptr) {
		struct slice name = slice_cut(rest, '.', &rest);
		AUTO(auto_free) char *key = mem_strndup(name.ptr, name.len);

		doc = json_is_array(doc) ? json_array_get(doc, strtoul(key, NULL, 10))
					 : json_object_get(doc, key);
	}
	return doc && !json_is_null(doc) ? json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY)
					 : mem_strdup("-");
}

static void check_config(const struct row *row, const struct image *img)
{
	struct slice rest = slice_of(row->config);

	while (rest.ptr) {
		struct slice want, line = slice_cut(rest, '\n', &rest);
		struct slice name = slice_cut(line, ' ', &want);
		AUTO(auto_free) char *path = mem_strndup(name.ptr, name.len);
		AUTO(auto_free) char *got = member(img->config.doc, path);

		if (!slice_eq(want, got))
			fail_msg("%s is %s", path, got);
	}
}

static void check_history(const struct row *row, const struct image *img)
{
	const json_t *list = json_object_get(img->config.doc, "history");
	AUTO(buf_free) struct buf got = BUF_INIT(1 << 16);
	size_t lines = 1;

	for (const char *c = row->history; *c; c++)
		lines += *c == '\n';
	assert_true(json_array_size(list) >= lines);
	for (size_t i = json_array_size(list) - lines; i < json_array_size(list); i++)
		buf_putf(&got, "%s%s", got.len ? "\n" : "", history(img, i));
	assert_string_equal(got.ptr, row->history);
}

static void check_error(const struct row *row, const struct err *err)
{
	AUTO(auto_free) char *at = mem_printf("%d:%d %s", err->at.line, err->at.column, err->msg);
	struct slice text, place = slice_cut(slice_of(row->error), ' ', &text);

	if (strncmp(at, place.ptr, place.len + 1) != 0 || !strstr(err->msg, text.ptr))
		fail_msg("%s", at);
}

static void run_row(void **state)
{
	const struct row *row = *state;
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	struct err err = { 0 };

	world_open(&w);
	put_context(&w);
	put_named(&w, "x", BASE, "linux/amd64");
	put_named(&w, "arm", "FROM scratch\nENV A=1\n", "linux/arm64");
	if (row->arg) {
		struct slice value, name = slice_cut(slice_of(row->arg), '=', &value);
		AUTO(auto_free) char *key = mem_strndup(name.ptr, name.len);

		map_put_text(&w.args, key, value.ptr);
	}
	if (row->error) {
		assert_false(try_build(&img, &w, row->dockerfile, &err));
		check_error(row, &err);
		return;
	}
	if (!try_build(&img, &w, row->dockerfile, &err))
		fail_msg("%d:%d: %s", err.at.line, err.at.column, err.msg);
	assert_string_equal(img.manifest.media_type, "application/vnd.oci.image.manifest.v1+json");
	if (row->layer)
		layer_is(&w, &img, img.manifest.layer_count - 1, row->layer);
	if (row->config)
		check_config(row, &img);
	if (row->history)
		check_history(row, &img);
}

int main(void)
{
	struct CMUnitTest *tests = mem_alloc(ARRAY_LEN(rows) * sizeof(*tests));
	struct arena names = { 0 };
	int failed;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){
			.name = arena_printf(&names, "row %d: %s", rows[i].number, rows[i].what),
			.test_func = run_row,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	failed = _cmocka_run_group_tests("rows", tests, ARRAY_LEN(rows), NULL, NULL);
	arena_free(&names);
	free(tests);
	return failed;
}
