// SPDX-License-Identifier: Apache-2.0
#include "cmd/extend_report.h"

/* What became of an extension, or would. */

static const struct {
	const char *name, *verb;
} ways[] = {
	[MOVED_SKIPPED] = { "skipped", "skip" },
	[MOVED_MOUNTED] = { "mounted", "mount" },
	[MOVED_SENT] = { "sent", "send" },
};

static void put_plan(json_t *doc, const struct extend_result *r)
{
	const struct extend_moves *m = &r->moves;
	json_t *moved = json_object();

	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		json_object_set_new(moved, ways[i].name,
				    json_pack("{s:I, s:I}", "blobs", (json_int_t)m->blobs[i],
					      "bytes", (json_int_t)m->bytes[i]));
	json_object_set_new(doc, "moved", moved);
	json_object_set_new(doc, "documents", json_integer((json_int_t)m->documents));
	json_object_set_new(doc, "requests_to_come", json_integer((json_int_t)m->requests));
}

void extend_report_page(struct buf *out, const struct extend_result *r,
			const struct extend_request *req, uint64_t requests)
{
	const struct extend_moves *m = &r->moves;

	buf_putf(out, "%-10s %s\n", "base", reference_familiar(&req->base).text);
	buf_putf(out, "%-10s %s", "to", reference_familiar(&r->reference).text);
	if (r->existed)
		buf_putf(out, "\n%-10s nothing: it is there already", "move");
	else if (!req->push)
		buf_putf(out, "\n%-10s nothing: it is kept in the store", "move");
	if (r->existed || !req->push)
		return;
	for (size_t i = ARRAY_LEN(ways); i-- > 0;)
		buf_putf(out, "\n%-10s %llu blobs, %s", ways[i].verb,
			 (unsigned long long)m->blobs[i], str_format_size(m->bytes[i]).text);
	buf_putf(out, "\n%-10s %zu", "documents", m->documents);
	buf_putf(out, "\n%-10s %llu", "requests", (unsigned long long)(requests + m->requests));
}

json_t *extend_report(const struct extend_result *r, const struct extend_request *req)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "reference", json_string(reference_familiar(&r->reference).text));
	json_object_set_new(doc, "digest", json_string(digest_format(&r->reference.digest).text));
	json_object_set_new(doc, "function", json_string(r->function));
	json_object_set_new(doc, "mode", json_string(spec_mode_name(r->mode)));
	json_object_set_new(doc, "filepath", json_string(r->filepath));
	json_object_set_new(doc, "baked", json_texts(&r->baked));
	json_object_set_new(doc, "packages", json_texts(&r->packages));
	json_object_set_new(doc, "existed", json_boolean(r->existed));
	json_object_set_new(doc, "hash", json_string(r->full_hash));
	json_object_set_new(doc, "plan", json_boolean(req->plan));
	if (req->plan)
		put_plan(doc, r);
	return doc;
}
