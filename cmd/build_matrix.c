// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_matrix.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/backends.h"

struct totals {
	size_t built, skipped, failed;
	struct err worst; /* of those that failed */
};

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

/* Counters of the session run on: what this cell added to them. */
static void subtract(json_t *doc, const json_t *before)
{
	static const char *const counters[] = { "requests",       "retries",        "bytes_sent",
						"bytes_received", "blobs_uploaded", "blobs_mounted",
						"blobs_skipped" };

	for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
		json_int_t now = json_integer_value(json_object_get(doc, counters[i]));
		json_int_t was = json_integer_value(json_object_get(before, counters[i]));

		if (json_object_get(doc, counters[i]))
			json_object_set_new(doc, counters[i], json_integer(now - was));
	}
	json_object_del(doc, "seconds");
}

static json_t *cell_json(const struct matrix_cell *c, const char *state)
{
	return json_pack("{s:s,s:s,s:s,s:s}", "backend", c->backend->name, "python", c->python,
			 "platform", c->platform, "state", state);
}

/* Failures are told at once, and once more at the end by number. */
static void note_failure(struct session *s, struct totals *t, json_t *doc,
			 const struct matrix_cell *c, const struct err *why)
{
	AUTO(auto_free) char *text = str_printable(why->msg, strlen(why->msg), ERR_MSG_MAX);

	json_object_set_new(doc, "error", json_string(text));
	if (why->hint[0])
		json_object_set_new(doc, "cure", json_string(why->hint));
	json_object_set_new(doc, "exit_status", json_integer(err_exit_status(why->code)));
	event_warn(s->events, "%s, Python %s, %s: %s%s%s", c->backend->name, c->python, c->platform,
		   text, why->hint[0] ? "; " : "", why->hint);
	if (!t->failed++ || err_exit_status(why->code) > err_exit_status(t->worst.code))
		t->worst = *why;
}

static bool run_cell(json_t **out, struct session *s, const struct build_matrix *how,
		     const struct matrix_cell *c, bool push, struct totals *t, json_t **before,
		     struct err *err)
{
	bool json = s->options.json;
	json_t *result = NULL;
	struct err why = { 0 };
	bool ok;

	if (c->skipped) {
		t->skipped++;
		*out = cell_json(c, "skipped");
		json_object_set_new(*out, "reason", json_string(c->skipped));
		return true;
	}
	event_note(s->events, "%s, Python %s, %s", c->backend->name, c->python, c->platform);
	s->options.json = true;
	s->kept = &result;
	ok = how->build(how->arg, s, c, push, &why);
	s->kept = NULL;
	s->options.json = json;
	*out = cell_json(c, ok ? "built" : "failed");
	if (ok) {
		json_t *counted = json_deep_copy(result);

		t->built++;
		subtract(result, *before);
		json_object_update_missing(*out, result);
		json_decref(*before);
		*before = counted;
	} else {
		note_failure(s, t, *out, c, &why);
	}
	json_decref(result);
	return cancel_check(err);
}

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

static bool report(struct session *s, json_t *cells, const struct totals *t, struct err *err)
{
	AUTO(auto_free) char *page = page_of(cells);
	json_t *doc = NULL;

	if (s->options.json) {
		doc = json_pack("{s:O,s:I,s:I,s:I}", "cells", cells, "built", (json_int_t)t->built,
				"skipped", (json_int_t)t->skipped, "failed", (json_int_t)t->failed);
	}
	if (!session_result(s, doc, page, err))
		return false;
	if (!t->failed)
		return true;
	*err = t->worst;
	return err_wrap(err, "%zu of %zu runtimes failed; the worst", t->failed,
			t->failed + t->built);
}

bool build_matrix(struct session *s, const char *file, const struct str_list *templates,
		  const struct build_matrix *how, struct err *err)
{
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(matrix_free) struct matrix m = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	AUTO(auto_json_decref) json_t *cells = json_array(), *before = json_object();
	struct totals totals = { 0 };

	if (!read_file(&text, file, err) || !backends_load(&table, s, templates, err) ||
	    !matrix_read(&m, &table, text.ptr, text.len, file, err))
		return false;
	for (size_t i = 0; i < m.len; i++) {
		json_t *cell = NULL;
		bool ok = run_cell(&cell, s, how, &m.items[i], m.push, &totals, &before, err);

		json_array_append_new(cells, cell);
		if (!ok)
			return false;
	}
	return report(s, cells, &totals, err);
}
