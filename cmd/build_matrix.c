// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_matrix.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/backends.h"
#include "cmd/copying.h"

static bool read_file(struct buf *out, const char *file, struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_buf to = sink_buf(out);
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(err, "--matrix %s", file);
	from = source_fd(fd);
	return source_copy(from, &to.sink, NULL, err) || err_wrap(err, "--matrix %s", file);
}

/* What came of a cell. */
struct made {
	json_t *doc; /* of the report; NULL: it was not tried */
	bool failed;
	struct err why;
};

struct run {
	struct session *s;
	struct session cell; /* what each cell's begins as */
	const struct build_matrix *how;
	struct matrix m;
	struct made *made; /* one a cell */
	struct session_company company;
};

static void run_free(struct run *r)
{
	for (size_t i = 0; r->made && i < r->m.len; i++)
		json_decref(r->made[i].doc);
	free(r->made);
	build_company_close(r->company.builds);
	lock_free(&r->company.resolving);
	matrix_free(&r->m);
}

/* --- one cell --- */

/* Lines of cells come mixed: each says whose it is. */
struct cell_events {
	struct events events;
	struct events *to;
	const char *label;
};

static void emit_labelled(struct events *self, const struct event *event)
{
	const struct cell_events *c = (const struct cell_events *)self;
	AUTO(auto_free) char *text = NULL;
	struct event labelled = *event;

	switch (event->kind) {
	case EVENT_STARTED:
	case EVENT_NOTE:
	case EVENT_DETAIL:
	case EVENT_WARNING:
	case EVENT_REASON:
		text = mem_printf("%s: %s", c->label, event->text);
		labelled.text = text;
		break;
	case EVENT_PROGRESS:
	case EVENT_OUTPUT:
	case EVENT_DONE:
	case EVENT_FAILED:
		break;
	}
	c->to->emit(c->to, &labelled);
}

static json_t *cell_json(const struct matrix_cell *c, const char *state)
{
	return json_pack("{s:s,s:s,s:s,s:s}", "backend", c->backend->name, "python", c->python,
			 "platform", c->platform, "state", state);
}

/* Told at once, and once more at the end by number. */
static void note_failure(struct made *made, struct events *events)
{
	const struct err *why = &made->why;
	AUTO(auto_free) char *text = str_printable(why->msg, strlen(why->msg), ERR_MSG_MAX);

	made->failed = true;
	json_object_set_new(made->doc, "error", json_string(text));
	if (why->hint[0])
		json_object_set_new(made->doc, "cure", json_string(why->hint));
	json_object_set_new(made->doc, "exit_status", json_integer(err_exit_status(why->code)));
	event_warn(events, "%s%s%s", text, why->hint[0] ? "; " : "", why->hint);
}

/* In a session of its own, on this thread and those it starts. */
static void build_cell(struct run *r, const struct matrix_cell *c, struct made *made)
{
	AUTO(auto_free)
	char *label = mem_printf("%s %s %s", c->backend->name, c->python, c->platform);
	struct cell_events events = { { emit_labelled }, r->s->events, label };
	struct counters counters = { 0 }, *before = counters_used();
	AUTO(auto_json_decref) json_t *result = NULL;
	struct session s = r->cell;
	bool ok;

	s.events = &events.events;
	s.counters = &counters;
	s.started_ms = clock_monotonic_ms();
	s.kept = &result;
	counters_use(&counters);
	ok = r->how->build(r->how->arg, &s, c, r->m.push, &made->why);
	counters_use(before);
	counters_add(before, &counters);
	lithops_config_free(&s.lithops);
	made->doc = cell_json(c, ok ? "built" : "failed");
	if (!ok)
		note_failure(made, &events.events);
	session_put_counters(made->doc, &s);
	json_object_update_missing(made->doc, result);
}

static bool run_cell(void *arg, size_t number, struct err *err)
{
	struct run *r = arg;
	const struct matrix_cell *c = &r->m.items[number];
	struct made *made = &r->made[number];

	if (!c->skipped) {
		build_cell(r, c, made);
		return cancel_check(err);
	}
	made->doc = cell_json(c, "skipped");
	json_object_set_new(made->doc, "reason", json_string(c->skipped));
	return true;
}

/* --- the report --- */

static const char *result_of(const json_t *cell)
{
	const json_t *ref = json_array_get(json_object_get(cell, "references"), 0);
	const char *text = json_text_member(ref, "reference");

	if (!text)
		text = json_text_member(cell, "path");
	if (!text)
		text = json_text_member(cell, "containerimage.digest");
	return text ? text
		    : json_text_member(cell, json_object_get(cell, "error") ? "error" : "reason");
}

static char *page_of(const json_t *cells)
{
	AUTO(buf_free) struct buf page = BUF_INIT(SIZE_MAX);
	const json_t *cell;
	size_t i;

	json_array_foreach(cells, i, cell)
	{
		const char *result = result_of(cell);

		buf_putf(&page, "%s%s\t%s\t%s\t%s\t%s", i ? "\n" : "",
			 json_text_member(cell, "state"), json_text_member(cell, "backend"),
			 json_text_member(cell, "python"), json_text_member(cell, "platform"),
			 result ? result : "");
	}
	return buf_steal(&page);
}

static bool report(struct run *r, struct err *err)
{
	AUTO(auto_json_decref) json_t *cells = json_array();
	AUTO(auto_free) char *page = NULL;
	const struct err *worst = NULL;
	size_t skipped = 0, failed = 0;
	json_t *doc;

	for (size_t i = 0; i < r->m.len; i++) {
		const struct made *made = &r->made[i];

		json_array_append(cells, made->doc);
		skipped += r->m.items[i].skipped != NULL;
		failed += made->failed;
		if (made->failed &&
		    (!worst || err_exit_status(made->why.code) > err_exit_status(worst->code)))
			worst = &made->why;
	}
	page = page_of(cells);
	doc = json_pack("{s:O,s:I,s:I,s:I}", "cells", cells, "built",
			(json_int_t)(r->m.len - skipped - failed), "skipped", (json_int_t)skipped,
			"failed", (json_int_t)failed);
	if (!session_result(r->s, doc, page, err))
		return false;
	if (!worst)
		return true;
	*err = *worst;
	return err_wrap(err, "%zu of %zu runtimes failed; the worst", failed, r->m.len - skipped);
}

static bool read_matrix(struct run *r, struct backend_table *table, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	const struct build_matrix *how = r->how;

	return read_file(&text, how->file, err) &&
	       backends_load(table, r->s, how->templates, err) &&
	       matrix_read(&r->m, table, text.ptr, text.len, how->file, err);
}

static bool count_workers(size_t *out, const char *jobs, struct err *err)
{
	size_t cpus = parallel_cpus();

	if (!copying_jobs(out, jobs, err))
		return false;
	if (!*out)
		*out = cpus < LIMIT_PARALLEL_CELLS ? cpus : LIMIT_PARALLEL_CELLS;
	return true;
}

/* Once, since what the session itself has changes while cells are under way: the configuration,
 * read for a password. */
static void begin_cells(struct run *r)
{
	r->cell = *r->s;
	r->cell.lithops = (struct lithops_config){ 0 };
	r->cell.has_lithops = r->cell.explained_lithops = false;
	r->cell.company = &r->company;
	r->cell.options.json = true;
	r->made = mem_alloc(r->m.len * sizeof(*r->made));
}

bool build_matrix(struct session *s, const struct build_matrix *how, struct err *err)
{
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(run_free) struct run r = { .s = s, .how = how };
	struct registry *all;
	size_t workers;

	lock_init(&r.company.resolving);
	r.company.builds = build_company_open();
	/* made now, so that cells find one client and not each its own */
	if (!count_workers(&workers, how->jobs, err) || !read_matrix(&r, &table, err) ||
	    !session_registry(&all, s, err))
		return false;
	begin_cells(&r);
	return parallel_run(r.m.len, workers, run_cell, &r, err) && report(&r, err);
}
