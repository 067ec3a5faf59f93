// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_check.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "builder/check.h"
#include "cmd/render.h"

static json_t *finding_json(const struct lint *l, const struct lint_finding *f)
{
	json_t *out = json_object();
	AUTO(auto_free)
	char *detail = mem_printf("%s%s%s", lint_description(f->rule),
				  *lint_url(f->rule) ? " " : "", lint_url(f->rule));

	json_object_set_new(out, "rule", json_string(lint_name(f->rule)));
	json_object_set_new(out, "level", json_string(l->config.as_error ? "error" : "warning"));
	json_object_set_new(out, "line", json_integer(f->place.line));
	json_object_set_new(out, "column", json_integer(f->place.column));
	json_object_set_new(out, "message", json_string(f->message));
	json_object_set_new(out, "detail", json_string(detail));
	return out;
}

static bool print_json(const struct lint *l, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	json_t *findings = json_array();

	json_object_set_new(doc, "findings", findings);
	for (size_t i = 0; i < l->findings.len; i++)
		json_array_append_new(findings, finding_json(l, &l->findings.items[i]));
	return session_print_json(doc, err);
}

static void print_finding(const struct lint *l, const struct lint_finding *f)
{
	AUTO(auto_free) char *message = str_printable(f->message, strlen(f->message), ERR_MSG_MAX);
	AUTO(auto_free)
	char *file = str_printable(l->file->name, strlen(l->file->name), ERR_FILE_MAX);
	struct err at = { 0 };

	printf("%s:%d:%d: %s: %s [%s]\n", file, f->place.line, f->place.column,
	       l->config.as_error ? "error" : "warning", message, lint_name(f->rule));
	(void)dockerfile_at(l->file, f->place, f->width, &at);
	render_place(stdout, &at.at);
	printf("  %s%s%s\n\n", lint_description(f->rule), *lint_url(f->rule) ? "\n  " : "",
	       lint_url(f->rule));
}

static bool print_text(const struct lint *l, struct err *err)
{
	for (size_t i = 0; i < l->findings.len; i++)
		print_finding(l, &l->findings.items[i]);
	return fflush(stdout) == 0 || err_set_errno(err, "write to stdout");
}

bool build_check(struct session *s, const struct build_request *req, struct err *err)
{
	AUTO(check_free) struct check check = { 0 };
	struct store *store = NULL;
	struct err wrong = { 0 };
	struct err ignored = { 0 };
	bool ok;

	if (!session_store(&store, s, &ignored))
		store = NULL; /* without one, base images are unknown */
	ok = check_make(&check, store, req, &wrong);
	if (check.lint.file &&
	    !(s->options.json ? print_json(&check.lint, err) : print_text(&check.lint, err)))
		return false;
	if (!ok) {
		*err = wrong;
		return false;
	}
	if (!check.lint.findings.len) {
		event_note(s->events, "%s: no findings", check.file.name);
		return true;
	}
	return err_set(err, E_NEGATIVE, "%s: %zu finding%s", check.file.name,
		       check.lint.findings.len, check.lint.findings.len == 1 ? "" : "s");
}
