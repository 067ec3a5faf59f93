// SPDX-License-Identifier: Apache-2.0
#include "cmd/check_report.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

const char *check_severity_name(enum check_severity s)
{
	return s == CHECK_ERROR ? "error" : "warning";
}

static json_t *finding_json(const struct check_finding *f)
{
	AUTO(auto_free) char *message = str_printable(f->message, strlen(f->message), ERR_MSG_MAX);

	return json_pack("{s:s,s:s,s:s,s:s,s:s}", "rule", f->rule->id, "severity",
			 check_severity_name(f->rule->severity), "message", message, "source",
			 f->rule->source, "cure", f->rule->cure);
}

/* By its files alone, or by running its Python as well. */
static const char *verified(const struct check_report *r)
{
	return r->executed ? "executed" : "static";
}

static json_t *document(const struct check_report *r, const struct backend *b, const char *what)
{
	json_t *doc = json_object(), *findings = json_array();

	json_object_set_new(doc, "artifact", json_string(what));
	json_object_set_new(doc, "backend", json_string(b->name));
	json_object_set_new(doc, "ok", json_boolean(!r->errors));
	json_object_set_new(doc, "verified", json_string(verified(r)));
	if (r->python)
		json_object_set_new(doc, "python", json_string(r->python));
	if (r->lithops)
		json_object_set_new(doc, "lithops", json_string(r->lithops));
	for (size_t i = 0; i < r->findings.len; i++)
		json_array_append_new(findings, finding_json(&r->findings.items[i]));
	json_object_set_new(doc, "findings", findings);
	json_object_set_new(doc, "passed", json_texts(&r->passed));
	json_object_set_new(doc, "left_out", json_texts(&r->left_out));
	json_object_set_new(doc, "layers_read", json_texts(&r->layers_read));
	return doc;
}

/* A cure stands once, behind the last of its findings. */
static bool is_last_of_rule(const struct check_report *r, size_t i)
{
	return i + 1 == r->findings.len ||
	       r->findings.items[i + 1].rule != r->findings.items[i].rule;
}

static char *page_of(const struct check_report *r, const struct backend *b, const char *what)
{
	AUTO(buf_free) struct buf page = BUF_INIT(SIZE_MAX);

	for (size_t i = 0; i < r->findings.len; i++) {
		const struct check_finding *f = &r->findings.items[i];
		AUTO(auto_free)
		char *message = str_printable(f->message, strlen(f->message), ERR_MSG_MAX);

		buf_putf(&page, "%s: %s [%s]\n", check_severity_name(f->rule->severity), message,
			 f->rule->id);
		if (is_last_of_rule(r, i))
			buf_putf(&page, "  cure: %s\n", f->rule->cure);
	}
	buf_putf(&page, "%s: %zu rule%s of %s kept, %zu broken", what, r->passed.len,
		 r->passed.len == 1 ? "" : "s", b->name, r->findings.len ? r->findings.len : 0);
	if (r->left_out.len)
		buf_putf(&page, ", %zu not looked at", r->left_out.len);
	if (r->python)
		buf_putf(&page, "; Python %s", r->python);
	if (r->lithops)
		buf_putf(&page, "; Lithops %s", r->lithops);
	buf_putf(&page, " (%s)", verified(r));
	return buf_steal(&page);
}

static void note_layers(struct session *s, const struct check_report *r)
{
	for (size_t i = 0; i < r->layers_read.len; i++)
		event_note(s->events, "read layer %s", r->layers_read.items[i]);
}

static bool verdict(const struct check_report *r, const struct backend *b, const char *what,
		    struct err *err)
{
	if (!r->errors)
		return true;
	return err_set(err, E_NEGATIVE, "%s: %zu error%s by the rules of %s", what, r->errors,
		       r->errors == 1 ? "" : "s", b->name);
}

bool check_report_show(struct session *s, const struct check_report *r, const struct backend *b,
		       const char *what, struct err *err)
{
	AUTO(auto_free) char *page = page_of(r, b, what);

	note_layers(s, r);
	return session_result(s, s->options.json ? document(r, b, what) : NULL, page, err) &&
	       verdict(r, b, what, err);
}

bool check_report_warn(struct session *s, const struct check_report *r, const struct backend *b,
		       const char *what, struct err *err)
{
	for (size_t i = 0; i < r->findings.len; i++) {
		const struct check_finding *f = &r->findings.items[i];

		event_warn(s->events, "%s [%s]; %s", f->message, f->rule->id, f->rule->cure);
	}
	if (r->left_out.len)
		event_detail(s->events, "%zu rules of %s were not looked at: layers are not here",
			     r->left_out.len, b->name);
	return verdict(r, b, what, err);
}
