// SPDX-License-Identifier: Apache-2.0
#include "cmd/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "base/str.h"

/*
 * Three renderers of one event stream: a live terminal, plain lines for logs,
 * JSON lines for programs. All write to stderr; text from outside is made printable first.
 */

enum { REDRAW_MS = 100, OUTPUT_LINE_MAX = 2000 };

struct task {
	uint64_t id;
	char *title;
	uint64_t started_ms, done, total;
	struct buf line; /* output that has no newline yet */
};

struct renderer {
	struct events events;
	struct render_options opt;
	struct lock lock;
	struct {
		struct task *items;
		size_t len, cap;
	} tasks;
	size_t drawn; /* lines of the live part on the terminal now */
	uint64_t drawn_ms;
};

static struct task *find_task(struct renderer *r, uint64_t id)
{
	for (size_t i = 0; i < r->tasks.len; i++)
		if (r->tasks.items[i].id == id)
			return &r->tasks.items[i];
	return NULL;
}

static void erase(struct renderer *r)
{
	for (; r->drawn; r->drawn--)
		fputs("\033[1A\033[2K", stderr);
}

static int columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static void draw(struct renderer *r)
{
	enum { LIVE_MAX = 8 };
	int width = columns() - 12;

	for (size_t i = 0; i < r->tasks.len && i < LIVE_MAX; i++) {
		const struct task *t = &r->tasks.items[i];
		double seconds = (double)(clock_monotonic_ms() - t->started_ms) / 1000;
		struct str_size done = str_format_size(t->done);

		if (t->total)
			fprintf(stderr, " > %.*s %3u%% %.1fs\n", width - 10, t->title,
				(unsigned int)(t->done * 100 / t->total), seconds);
		else
			fprintf(stderr, " > %.*s %s%s%.1fs\n", width - 10, t->title,
				t->done ? done.text : "", t->done ? " " : "", seconds);
		r->drawn++;
	}
	r->drawn_ms = clock_monotonic_ms();
	fflush(stderr);
}

/* A line that stays; the live part moves below it. */
static void put_line(const char *mark, const char *text, size_t len)
{
	AUTO(auto_free) char *safe = str_printable(text, len, OUTPUT_LINE_MAX);

	fprintf(stderr, "%s%s\n", mark, safe);
}

static void output_lines(struct task *t, const char *data, size_t len, bool end)
{
	struct slice rest = { data, len };

	while (rest.ptr && (rest.len || end)) {
		const char *newline = rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;
		struct slice line = slice_cut(rest, '\n', &rest);

		/* the beginning of a line that is too long stays */
		if (line.len > t->line.max - t->line.len)
			line.len = t->line.max - t->line.len;
		buf_put_bytes(&t->line, line.ptr, line.len);
		if (!newline && !end)
			return;
		if (newline || t->line.len)
			put_line("   | ", t->line.ptr, t->line.len);
		buf_clear(&t->line);
		if (!newline)
			return;
	}
}

static void started(struct renderer *r, const struct event *e)
{
	struct task *t = ARRAY_PUSH(&r->tasks);

	t->id = e->task;
	t->title = str_printable(e->text, strlen(e->text), OUTPUT_LINE_MAX);
	t->started_ms = clock_monotonic_ms();
	t->line = (struct buf)BUF_INIT(OUTPUT_LINE_MAX + 1); /* so that one cut is shown as cut */
	if (r->opt.mode == RENDER_PLAIN && !r->opt.quiet)
		fprintf(stderr, " > %s\n", t->title);
}

static void ended(struct renderer *r, const struct event *e, struct task *t)
{
	double seconds = (double)(clock_monotonic_ms() - t->started_ms) / 1000;

	if (!r->opt.quiet) {
		output_lines(t, "", 0, true);
		fprintf(stderr, " %s %s%s%s (%.1fs)\n", e->kind == EVENT_DONE ? "+" : "x", t->title,
			e->text ? ": " : "", e->text ? e->text : "", seconds);
	}
	free(t->title);
	buf_free(&t->line);
	memmove(t, t + 1, (size_t)(r->tasks.items + r->tasks.len - t - 1) * sizeof(*t));
	r->tasks.len--;
}

static void show_text(struct renderer *r, const struct event *e)
{
	static const struct {
		const char *mark;
		bool in_quiet, needs_verbose;
	} rules[] = {
		[EVENT_NOTE] = { "   ", false, false },
		[EVENT_DETAIL] = { "   . ", false, true },
		[EVENT_WARNING] = { "warning: ", true, false },
		[EVENT_REASON] = { "   ", true, false },
	};

	if ((r->opt.quiet && !rules[e->kind].in_quiet) ||
	    (rules[e->kind].needs_verbose && !r->opt.verbose))
		return;
	put_line(rules[e->kind].mark, e->text, strlen(e->text));
}

static void show(struct renderer *r, const struct event *e)
{
	struct task *t = find_task(r, e->task);

	switch (e->kind) {
	case EVENT_STARTED:
		started(r, e);
		break;
	case EVENT_PROGRESS:
		if (t) {
			t->done = e->done;
			t->total = e->total;
		}
		break;
	case EVENT_OUTPUT:
		if (t && !r->opt.quiet)
			output_lines(t, e->text, e->len, false);
		break;
	case EVENT_DONE:
	case EVENT_FAILED:
		if (t)
			ended(r, e, t);
		break;
	case EVENT_NOTE:
	case EVENT_DETAIL:
	case EVENT_WARNING:
	case EVENT_REASON:
		show_text(r, e);
		break;
	}
}

static const char *const kind_names[] = {
	[EVENT_STARTED] = "started", [EVENT_PROGRESS] = "progress", [EVENT_OUTPUT] = "output",
	[EVENT_DONE] = "done",       [EVENT_FAILED] = "failed",     [EVENT_NOTE] = "note",
	[EVENT_DETAIL] = "detail",   [EVENT_WARNING] = "warning",   [EVENT_REASON] = "reason",
};

static void show_json(const struct event *e)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	AUTO(auto_free) char *text = NULL;
	AUTO(auto_free) char *line = NULL;
	size_t len = !e->text ? 0 : e->kind == EVENT_OUTPUT ? e->len : strlen(e->text);

	json_object_set_new(doc, "event", json_string(kind_names[e->kind]));
	if (e->task)
		json_object_set_new(doc, "task", json_integer((json_int_t)e->task));
	if (e->text) {
		text = str_printable(e->text, len, 64 * 1024);
		json_object_set_new(doc, "text", json_string(text));
	}
	if (e->kind == EVENT_PROGRESS) {
		json_object_set_new(doc, "done", json_integer((json_int_t)e->done));
		json_object_set_new(doc, "total", json_integer((json_int_t)e->total));
	}
	line = json_text(doc, NULL);
	fprintf(stderr, "%s\n", line);
}

static void on_event(struct events *self, const struct event *e)
{
	struct renderer *r = (struct renderer *)self;
	bool live = r->opt.mode == RENDER_TTY && !r->opt.quiet;

	lock_take(&r->lock);
	if (r->opt.mode == RENDER_JSON) {
		show_json(e);
	} else if (live && e->kind == EVENT_PROGRESS &&
		   clock_monotonic_ms() - r->drawn_ms < REDRAW_MS) {
		show(r, e);
	} else {
		if (live)
			erase(r);
		show(r, e);
		if (live)
			draw(r);
	}
	lock_drop(&r->lock);
}

bool render_mode_parse(enum render_mode *out, const char *text, struct err *err)
{
	static const struct {
		const char *name;
		enum render_mode mode;
	} names[] = { { "tty", RENDER_TTY },
		      { "plain", RENDER_PLAIN },
		      { "json", RENDER_JSON },
		      { "rawjson", RENDER_JSON } };
	const char *term = env_get("TERM");

	*out = isatty(STDERR_FILENO) && term && !str_eq(term, "dumb") && !env_get("CI")
		       ? RENDER_TTY
		       : RENDER_PLAIN;
	if (!text || str_eq(text, "auto"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(names[i].name, text)) {
			*out = names[i].mode;
			return true;
		}
	err_set(err, E_USAGE, "unknown progress '%s'", text);
	return err_hint(err, "auto, tty, plain or json");
}

struct events *render_open(const struct render_options *opt)
{
	struct renderer *r = mem_alloc(sizeof(*r));

	r->events.emit = on_event;
	r->opt = *opt;
	lock_init(&r->lock);
	return &r->events;
}

void render_close(struct events *events)
{
	struct renderer *r = (struct renderer *)events;

	if (r->opt.mode == RENDER_TTY)
		erase(r);
	for (size_t i = 0; i < r->tasks.len; i++) {
		free(r->tasks.items[i].title);
		buf_free(&r->tasks.items[i].line);
	}
	free(r->tasks.items);
	lock_free(&r->lock);
	free(r);
}

/* Tabs stay tabs so that the caret lines up. */
void render_place(FILE *to, const struct err_place *at)
{
	AUTO(auto_free) char *text = str_printable(at->text, strlen(at->text), ERR_LINE_MAX);
	int width = at->width > 1 ? at->width : 1;

	fprintf(to, "%5d | %s\n", at->line, text);
	if (at->column < 1 || (size_t)at->column > strlen(text) + 1)
		return;
	fprintf(to, "      | %*s", at->column - 1, "");
	for (int i = 0; i < width && (size_t)(at->column + i) <= strlen(text) + 1; i++)
		fputc('^', to);
	fputc('\n', to);
}

static void show_error_json(const struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	AUTO(auto_free) char *msg = str_printable(err->msg, strlen(err->msg), ERR_MSG_MAX);
	AUTO(auto_free) char *line = NULL;

	json_object_set_new(doc, "event", json_string("error"));
	json_object_set_new(doc, "code", json_string(err_name(err->code)));
	json_object_set_new(doc, "exit", json_integer(err_exit_status(err->code)));
	json_object_set_new(doc, "text", json_string(msg));
	if (err->hint[0])
		json_object_set_new(doc, "hint", json_string(err->hint));
	if (err->at.line) {
		json_object_set_new(doc, "file", json_string(err->at.file));
		json_object_set_new(doc, "line", json_integer(err->at.line));
		json_object_set_new(doc, "column", json_integer(err->at.column));
	}
	line = json_text(doc, NULL);
	fprintf(stderr, "%s\n", line);
}

/* The lines below the first: a command's last words, say. */
static void show_more(struct slice lines)
{
	while (lines.ptr) {
		struct slice line = slice_cut(lines, '\n', &lines);

		if (line.len || lines.ptr)
			put_line("      | ", line.ptr, line.len);
	}
}

/* A message that names its file, without it: the place says it already. */
static struct slice without_file(struct slice msg, const struct err_place *at)
{
	AUTO(auto_free) char *file = mem_printf("%s: ", at->file);
	size_t len = strlen(file);

	if (!at->line || !slice_has_prefix(msg, file))
		return msg;
	return (struct slice){ msg.ptr + len, msg.len - len };
}

void render_error(const struct err *err, enum render_mode mode)
{
	struct slice more, line = slice_cut(slice_of(err->msg), '\n', &more);
	struct slice first = without_file(line, &err->at);
	AUTO(auto_free) char *msg = str_printable(first.ptr, first.len, ERR_MSG_MAX);
	AUTO(auto_free) char *hint = str_printable(err->hint, strlen(err->hint), ERR_HINT_MAX);
	AUTO(auto_free)
	char *file = str_printable(err->at.file, strlen(err->at.file), ERR_FILE_MAX);

	if (mode == RENDER_JSON) {
		show_error_json(err);
		return;
	}
	if (err->at.line && err->at.column)
		fprintf(stderr, "rtbuild: %s:%d:%d: %s\n", file, err->at.line, err->at.column, msg);
	else if (err->at.line)
		fprintf(stderr, "rtbuild: %s:%d: %s\n", file, err->at.line, msg);
	else
		fprintf(stderr, "rtbuild: %s\n", msg);
	if (err->at.line)
		render_place(stderr, &err->at);
	show_more(more);
	if (hint[0])
		fprintf(stderr, "  %s\n", hint);
}
