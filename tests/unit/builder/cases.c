// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "builder/build.h"
#include "builder/context.h"
#include "builder/dockerfile.h"

/*
 * Runs every tests/cases/NAME.case: a Dockerfile, and the plan, the error, the notes or the
 *admitted files it must lead to. Sections begin with "@NAME" on a line of its own; lines before the
 *first are comment.
 *
 *	@DOCKERFILE  the text
 *	@ARGS        --build-arg K=V, --target NAME, --platform P, --context NAME=REFERENCE; one a
 *line
 *	@FILES       of the context: "path", "path/" for a directory, "path -> target" for a link
 *	@IGNORE      its .dockerignore
 *	@PLAN        "STAGE from ...", then "STAGE step" lines, then "unused NAME"
 *	@ERROR       "file:line:column: message", then perhaps "hint: text"
 *	@NOTES       "line: text" of what the parser remarks
 *	@CONTEXT     the files that are admitted
 *
 * CASES_PRINT=1 prints what was got instead, for writing new ones.
 */

enum section { COMMENT, DOCKERFILE, ARGS, FILES, IGNORE, PLAN, ERROR, NOTES, CONTEXT, SECTIONS };
static const char *const section_names[SECTIONS] = { "",       "@DOCKERFILE", "@ARGS",
						     "@FILES", "@IGNORE",     "@PLAN",
						     "@ERROR", "@NOTES",      "@CONTEXT" };

struct test_case {
	char *text[SECTIONS]; /* NULL: not there */
	struct map args;
	struct build_context contexts[8];
	struct arena arena; /* texts the request borrows */
	struct build_request req;
};

static void case_free(struct test_case *c)
{
	for (size_t i = 0; i < SECTIONS; i++)
		free(c->text[i]);
	map_free(&c->args);
	arena_free(&c->arena);
}

static void read_sections(struct test_case *c, const char *name)
{
	AUTO(buf_free) struct buf file = BUF_INIT(1 << 20);
	struct buf parts[SECTIONS];
	AUTO(auto_free) char *path = mem_printf("tests/cases/%s", name);
	struct slice rest;
	size_t at = COMMENT;
	struct err err = { 0 };

	if (!fs_read_path(&file, path, 1 << 20, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < SECTIONS; i++)
		parts[i] = (struct buf)BUF_INIT(1 << 20);
	rest = (struct slice){ file.ptr, file.len };
	while (rest.ptr && rest.len) {
		struct slice line = slice_cut(rest, '\n', &rest);
		size_t found = SECTIONS;

		for (size_t i = 1; i < SECTIONS; i++) {
			if (slice_eq(line, section_names[i]))
				found = i;
		}
		if (found < SECTIONS) {
			at = found;
			c->text[at] = (char *)1; /* seen */
			continue;
		}
		buf_put_bytes(&parts[at], line.ptr, line.len);
		buf_put(&parts[at], "\n");
	}
	for (size_t i = 0; i < SECTIONS; i++)
		c->text[i] = c->text[i] || parts[i].len ? mem_strdup(parts[i].ptr) : NULL;
	for (size_t i = 0; i < SECTIONS; i++)
		buf_free(&parts[i]);
}

/* "--name value" -> value, when the line begins so. */
static char *option(const char *line, const char *name)
{
	return str_has_prefix(line, name) && line[strlen(name)] == ' '
		       ? mem_strdup(line + strlen(name) + 1)
		       : NULL;
}

static void read_arg(struct test_case *c, const char *line)
{
	AUTO(auto_free) char *arg = option(line, "--build-arg");
	AUTO(auto_free) char *platform = option(line, "--platform");
	AUTO(auto_free) char *context = option(line, "--context");
	AUTO(auto_free) char *target = option(line, "--target");
	struct err err = { 0 };

	if (arg) {
		char *sign = strchr(arg, '=');

		*sign = '\0';
		map_put_text(&c->args, arg, sign + 1);
	} else if (platform) {
		assert_true(platform_parse(&c->req.platform, platform, &err));
	} else if (context) {
		char *name = arena_strdup(&c->arena, context);
		char *sign = strchr(name, '=');

		*sign = '\0';
		c->contexts[c->req.context_count++] = (struct build_context){
			.name = name, .kind = BUILD_CONTEXT_IMAGE, .path = sign + 1
		};
	} else if (target) {
		c->req.target = arena_strdup(&c->arena, target);
	} else {
		fail_msg("@ARGS: '%s'", line);
	}
}

static void read_args(struct test_case *c)
{
	struct slice rest = slice_of(c->text[ARGS]);

	while (rest.ptr && rest.len) {
		struct slice line = slice_cut(rest, '\n', &rest);
		AUTO(auto_free) char *text = mem_strndup(line.ptr, line.len);

		if (*text)
			read_arg(c, text);
	}
}

static void read_case(struct test_case *c, const char *name)
{
	struct err err = { 0 };

	memset(c, 0, sizeof(*c));
	read_sections(c, name);
	if (!c->text[DOCKERFILE])
		c->text[DOCKERFILE] = mem_strdup("");
	c->args = (struct map)MAP_TEXT;
	c->req.dockerfile = c->text[DOCKERFILE];
	c->req.dockerfile_len = strlen(c->text[DOCKERFILE]);
	c->req.dockerfile_name = "Dockerfile";
	c->req.build_args = &c->args;
	c->req.contexts = c->contexts;
	assert_true(platform_parse(&c->req.platform, "linux/amd64", &err));
	read_args(c);
}

static void same(const char *name, enum section section, const char *want, const char *got)
{
	if (getenv("CASES_PRINT")) {
		fprintf(stderr, "=== %s\n%s\n%s", name, section_names[section], got);
		return;
	}
	if (!str_eq(want, got))
		fail_msg("%s: %s is\n%snot\n%s", name, section_names[section], got, want);
}

static long long number(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static void plan_text(struct buf *out, const json_t *plan)
{
	const json_t *stages = json_object_get(plan, "stages");
	const json_t *unused = json_object_get(plan, "unused");

	for (size_t i = 0; i < json_array_size(stages); i++) {
		const json_t *stage = json_array_get(stages, i);
		const json_t *steps = json_object_get(stage, "steps");
		const char *platform = json_text_member(stage, "platform");
		const char *from = json_text_member(stage, "from");
		const char *context = json_text_member(stage, "fromContext");

		buf_putf(out, "%lld from ", number(stage, "stage"));
		if (from || context)
			buf_putf(out, "%s%s", from ? "" : "context ", from ? from : context);
		else
			buf_putf(out, "stage %lld", number(stage, "fromStage"));
		if (!str_eq(platform, "linux/amd64"))
			buf_putf(out, " platform %s", platform);
		buf_put(out, "\n");
		for (size_t k = 0; k < json_array_size(steps); k++) {
			const json_t *step = json_array_get(steps, k);
			const char *needs = json_text_member(step, "needsBaseFiles");

			buf_putf(out, "%lld %s", number(stage, "stage"),
				 json_text_member(step, "text"));
			if (needs)
				buf_putf(out, " {%s}", needs);
			buf_put(out, "\n");
		}
	}
	for (size_t i = 0; i < json_array_size(unused); i++)
		buf_putf(out, "unused %s\n", json_string_value(json_array_get(unused, i)));
}

static void error_text(struct buf *out, const struct err *err, bool hint)
{
	if (err->at.line)
		buf_putf(out, "%s:%d:%d: ", err->at.file, err->at.line, err->at.column);
	buf_putf(out, "%s\n", err->msg);
	if (hint && err->hint[0])
		buf_putf(out, "hint: %s\n", err->hint);
}

static void check_plan(struct test_case *c, const char *name)
{
	AUTO(auto_json_decref) json_t *plan = NULL;
	AUTO(buf_free) struct buf got = BUF_INIT(1 << 20);
	struct err err = { 0 };

	if (build_plan_json(&plan, &c->req, &err)) {
		plan_text(&got, plan);
		same(name, PLAN, c->text[PLAN] ? c->text[PLAN] : "an error\n", got.ptr);
	} else {
		bool hint = !c->text[ERROR] || strstr(c->text[ERROR], "\nhint: ");

		error_text(&got, &err, hint || getenv("CASES_PRINT"));
		same(name, ERROR, c->text[ERROR] ? c->text[ERROR] : "a plan\n", got.ptr);
	}
}

static void check_notes(struct test_case *c, const char *name)
{
	AUTO(dockerfile_free) struct dockerfile file = { 0 };
	AUTO(buf_free) struct buf got = BUF_INIT(1 << 20);
	struct err err = { 0 };

	if (!dockerfile_parse(&file, "Dockerfile", c->req.dockerfile, c->req.dockerfile_len, &err))
		fail_msg("%s: %s", name, err.msg);
	for (size_t i = 0; i < file.note_count; i++)
		buf_putf(&got, "%d: %s\n", file.notes[i].place.line, file.notes[i].text);
	same(name, NOTES, c->text[NOTES], got.ptr);
}

static void make_file(int dir, const char *line)
{
	AUTO(auto_free) char *path = mem_strdup(line);
	char *arrow = strstr(path, " -> ");
	bool is_dir = str_has_suffix(path, "/");
	struct err err = { 0 };
	char *slash;

	if (arrow)
		*arrow = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
		assert_true(fs_mkdir_p(dir, path, 0755, FS_BENEATH, &err));
		*slash = '/';
	}
	if (is_dir)
		return;
	if (arrow) {
		assert_int_equal(symlinkat(arrow + 4, dir, path), 0);
		return;
	}
	AUTO(auto_close) int fd = openat(dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
}

static void check_context(struct test_case *c, const char *name)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_context_close) struct context *context = NULL;
	AUTO(buf_free) struct buf got = BUF_INIT(1 << 20);
	struct slice rest = slice_of(c->text[FILES] ? c->text[FILES] : "");
	const struct files *files;
	struct err err = { 0 };

	assert_true(fs_tmpdir_open(&dir, &err));
	while (rest.ptr && rest.len) {
		struct slice line = slice_cut(rest, '\n', &rest);
		AUTO(auto_free) char *text = mem_strndup(line.ptr, line.len);

		if (*text)
			make_file(dir.fd, text);
	}
	if (c->text[IGNORE])
		assert_true(fs_write_atomic(dir.fd, ".dockerignore", c->text[IGNORE],
					    strlen(c->text[IGNORE]), 0644, &err));
	if (!context_open(&context, NULL, dir.path, NULL, &err) ||
	    !context_files(&files, context, &err)) {
		snprintf(err.at.file, sizeof(err.at.file), ".dockerignore");
		error_text(&got, &err, false);
		same(name, ERROR, c->text[ERROR] ? c->text[ERROR] : "files\n", got.ptr);
		return;
	}
	for (size_t i = 0; i < files->len; i++)
		buf_putf(&got, "%s%s\n", files->items[i]->path,
			 files->items[i]->kind == ENTRY_DIR ? "/" : "");
	same(name, CONTEXT, c->text[CONTEXT] ? c->text[CONTEXT] : "an error\n", got.ptr);
}

static void run_case(void **state)
{
	const char *name = *state;
	AUTO(case_free) struct test_case c;

	read_case(&c, name);
	if (c.text[NOTES])
		check_notes(&c, name);
	if (c.text[CONTEXT] || c.text[IGNORE])
		check_context(&c, name);
	else if (!c.text[NOTES] || c.text[PLAN])
		check_plan(&c, name);
}

int main(void)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;
	struct CMUnitTest *tests;
	struct err err = { 0 };
	size_t count = 0;
	int failed;

	if (!fs_open_dir(&dir, "tests/cases", &err) ||
	    !fs_list(&names, dir, ".", FS_BENEATH, &err)) {
		fprintf(stderr, "run me in the root of the project: %s\n", err.msg);
		return 1;
	}
	tests = mem_alloc((names.len + 1) * sizeof(*tests));
	for (size_t i = 0; i < names.len; i++) {
		if (str_has_suffix(names.items[i], ".case"))
			tests[count++] = (struct CMUnitTest){ .name = names.items[i],
							      .test_func = run_case,
							      .initial_state = names.items[i] };
	}
	failed = _cmocka_run_group_tests("cases", tests, count, NULL, NULL);
	free(tests);
	return failed;
}
