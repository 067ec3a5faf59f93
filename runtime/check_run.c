// SPDX-License-Identifier: Apache-2.0
#include "runtime/check.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "runtime/check_facts.h"

/* Going through the rules. */

void check_report_free(struct check_report *r)
{
	for (size_t i = 0; i < r->findings.len; i++)
		free(r->findings.items[i].message);
	free(r->findings.items);
	str_list_free(&r->passed);
	str_list_free(&r->left_out);
	str_list_free(&r->layers_read);
	free(r->python);
	free(r->lithops);
	*r = (struct check_report){ 0 };
}

void check_say(struct rule_check *c, const char *fmt, ...)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	char line[ERR_MSG_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	buf_put(&text, line);
	*ARRAY_PUSH(&c->report->findings) =
		(struct check_finding){ .rule = c->rule, .message = buf_steal(&text) };
	if (c->rule->severity == CHECK_ERROR)
		c->report->errors++;
}

const struct check_rule *check_rule_find(const char *id)
{
	for (size_t i = 0; i < check_rule_count; i++)
		if (str_eq(check_rules[i].id, id))
			return &check_rules[i];
	return NULL;
}

static bool check_names(const struct str_list *ids, const struct backend *b, bool must_apply,
			struct err *err)
{
	const char *all[128];

	for (size_t i = 0; i < check_rule_count && i < ARRAY_LEN(all); i++)
		all[i] = check_rules[i].id;
	for (size_t i = 0; ids && i < ids->len; i++) {
		const struct check_rule *r = check_rule_find(ids->items[i]);
		const char *near = r ? NULL : str_nearest(ids->items[i], all, check_rule_count);

		if (r && (!must_apply || r->applies(b)))
			continue;
		if (r)
			return err_set(err, E_USAGE, "the rule %s is not for %s", r->id, b->name);
		err_set(err, E_USAGE, "no rule '%s'", ids->items[i]);
		return near ? err_hint(err, "did you mean %s?", near)
			    : err_hint(err, "`rtbuild check --list` has them all");
	}
	return true;
}

static bool is_wanted(const struct check_request *req, const struct check_rule *r)
{
	if (!r->applies(req->backend) || (req->except && str_list_has(req->except, r->id)))
		return false;
	return !req->only || !req->only->len || str_list_has(req->only, r->id);
}

/* What is no image has blobs for layers, and no file system. */
static bool has_files(const struct check_request *req)
{
	const struct image *img = req->image;

	return !img || (media_find(img->manifest.config.media_type)->kind == MEDIA_CONFIG &&
			config_diff_id_count(&img->config) == img->manifest.layer_count);
}

/* A rule that came upon a layer that may not be fetched says nothing, whatever it had found. */
static bool run_rule(struct rule_check *c, struct err *err)
{
	struct check_report *report = c->report;
	size_t before = report->findings.len;

	if (c->rule->need > (has_files(c->req) ? c->req->depth : CHECK_MANIFEST)) {
		str_list_push(&report->left_out, c->rule->id);
		return true;
	}
	if ((c->rule->need <= CHECK_DOCUMENTS || check_open(c, err)) && c->rule->run(c, err)) {
		if (report->findings.len == before)
			str_list_push(&report->passed, c->rule->id);
		return true;
	}
	if (!c->gate.refused)
		return err_wrap(err, "rule %s", c->rule->id);
	*err = (struct err){ 0 };
	str_list_push(&report->left_out, c->rule->id);
	return true;
}

static bool gate_open(struct blob_source *self, struct source **out, const struct descriptor *d,
		      struct err *err)
{
	struct check_gate *gate = (struct check_gate *)self;
	const char *digest = digest_format(&d->digest).text;
	AUTO(auto_free) char *copy = mem_strdup(digest);

	if (gate->local && !store_has_blob(gate->store, &d->digest, d->size)) {
		gate->refused = true;
		return err_set(err, E_NOT_FOUND, "layer %s is not here", copy);
	}
	if (!str_list_has(gate->read, copy))
		str_list_push(gate->read, copy);
	return gate->from->open(gate->from, out, d, err);
}

static const struct reference *gate_origin(struct blob_source *self, const struct descriptor *d)
{
	struct blob_source *from = ((struct check_gate *)self)->from;

	return from->origin ? from->origin(from, d) : NULL;
}

static void finish(struct rule_check *c)
{
	if (c->python)
		c->report->python = mem_strdup(c->python);
}

bool check_run(struct check_report *out, const struct check_request *req, struct err *err)
{
	AUTO(check_close)
	struct rule_check c = { .req = req,
				.report = out,
				.gate = { .source = { gate_open, gate_origin },
					  .from = req->image ? req->image->blobs : NULL,
					  .store = req->store,
					  .read = &out->layers_read,
					  .local = req->local } };

	if (!check_names(req->only, req->backend, true, err) ||
	    !check_names(req->except, req->backend, false, err))
		return false;
	for (size_t i = 0; i < check_rule_count; i++) {
		c.rule = &check_rules[i];
		if (is_wanted(req, c.rule) && !run_rule(&c, err))
			return false;
	}
	finish(&c);
	return true;
}
