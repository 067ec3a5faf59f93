// SPDX-License-Identifier: Apache-2.0
#include "cmd/repository.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "registry/tags.h"

/* One repository to another, tag by tag. */

struct batch {
	struct session *s;
	const struct repository_request *q;
	struct repository_report *out;
	struct reader **readers; /* by tag */
	struct writer **writers;
	bool *done;
	struct digest *digests; /* of the source's, by tag */
	struct str_list all;    /* what the source has */
};

void repository_report_free(struct repository_report *r)
{
	str_list_free(&r->tags);
	json_decref(r->images);
	*r = (struct repository_report){ 0 };
}

static void batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->out->tags.len; i++) {
		reader_close(b->readers ? b->readers[i] : NULL);
		writer_close(b->writers ? b->writers[i] : NULL);
	}
	free(b->readers);
	free(b->writers);
	free(b->done);
	free(b->digests);
	str_list_free(&b->all);
}

static bool is_done(void *arg, size_t job, struct err *err)
{
	struct batch *b = arg;
	struct str_list one = { .items = &b->out->tags.items[job], .len = 1 };

	return copy_is_done(&b->done[job], &b->digests[job], b->readers[job], b->writers[job], &one,
			    err);
}

static bool open_tag(struct batch *b, size_t i, struct err *err)
{
	struct place from = *b->q->from, to = *b->q->to;

	return reference_set_tag(&from.reference, b->out->tags.items[i], err) &&
	       reference_set_tag(&to.reference, b->out->tags.items[i], err) &&
	       copying_writer(&b->writers[i], b->s, &to, err) &&
	       copying_reader(&b->readers[i], b->s, &from, err);
}

/* cosign's tags go last and alone, those of wanted images too when they came later than these. The
 * fallback index is rewritten where it is needed. */
static void choose_tags(struct batch *b)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < b->all.len; i++) {
			const char *tag = b->all.items[i], *suffix = "";
			struct digest ignored;
			bool speaks = tags_is_of_digest(&ignored, &suffix, tag);
			bool wanted = !b->q->wants || b->q->wants(b->q->arg, tag);

			if (pass ? speaks && *suffix && !b->q->options.no_signatures && !b->q->wants
				 : !speaks && wanted)
				str_list_push(&b->out->tags, tag);
		}
}

static bool open_all(struct batch *b, struct err *err)
{
	AUTO(auto_reader_close) struct reader *from = NULL;
	size_t count;
	bool whole;

	if (!copying_reader(&from, b->s, b->q->from, err) ||
	    !from->names(from, &b->all, true, &whole, err))
		return false;
	str_list_sort(&b->all);
	choose_tags(b);
	count = b->out->tags.len + 1;
	b->readers = mem_alloc(count * sizeof(struct reader *));
	b->writers = mem_alloc(count * sizeof(struct writer *));
	b->done = mem_alloc(count * sizeof(bool));
	b->digests = mem_alloc(count * sizeof(struct digest));
	for (size_t i = 0; i < b->out->tags.len; i++)
		if (!open_tag(b, i, err))
			return false;
	return true;
}

static void add_up(struct batch *b, const struct copy_result *r, const struct str_list *name)
{
	b->out->bytes_sent += r->bytes[MOVED_SENT];
	if (r->unchanged) {
		b->out->unchanged++;
		return;
	}
	b->out->copied++;
	json_array_append_new(b->out->images,
			      copying_json(r, b->q->from, b->q->to, name, b->q->options.plan));
	event_note(b->s->events, "%s %s %s", b->q->options.plan ? "would copy" : "copied",
		   name->items[0], digest_format(&r->digest).text);
}

static bool copy_tag(struct batch *b, size_t i, struct err *err)
{
	AUTO(copy_result_free) struct copy_result result = { 0 };
	struct str_list name = { .items = &b->out->tags.items[i], .len = 1 };
	struct copy_options options = b->q->options;
	const char *suffix;
	struct digest ignored;
	struct err why = { 0 };

	if (tags_is_of_digest(&ignored, &suffix, name.items[0]))
		options.no_signatures = true;
	options.names = &b->all;
	if (b->done[i] && !options.always_signatures) {
		b->out->unchanged++;
		return true;
	}
	if (copy_image(&result, b->readers[i], b->writers[i], &name, &options, b->s->events,
		       &why)) {
		add_up(b, &result, &name);
		return true;
	}
	if (!options.no_clobber || why.code != E_INTEGRITY || !strstr(why.msg, "exists already")) {
		*err = why;
		return err_wrap(err, "tag %s", name.items[0]);
	}
	event_note(b->s->events, "left alone: %s", why.msg);
	b->out->kept++;
	return true;
}

/* Of a tag that needed no copy, whose signatures nobody looked at. */
static bool speaks_of_done(const struct batch *b, const char *tag)
{
	const char *suffix;
	struct digest of;

	if (!tags_is_of_digest(&of, &suffix, tag) || !*suffix)
		return false;
	for (size_t i = 0; i < b->out->tags.len; i++)
		if (b->done[i] && digest_eq(&b->digests[i], &of))
			return true;
	return false;
}

/* A signature may be younger than the copy of its image. */
static bool copy_signature(struct batch *b, const char *tag, struct err *err)
{
	struct place from = *b->q->from, to = *b->q->to;
	AUTO(auto_writer_close) struct writer *writer = NULL;
	AUTO(auto_reader_close) struct reader *reader = NULL;
	AUTO(copy_result_free) struct copy_result result = { 0 };
	AUTO(str_list_free) struct str_list name = { 0 };
	struct copy_options options = b->q->options;

	options.no_signatures = true;
	str_list_push(&name, tag);
	if (!reference_set_tag(&from.reference, tag, err) ||
	    !reference_set_tag(&to.reference, tag, err) ||
	    !copying_writer(&writer, b->s, &to, err) ||
	    !copying_reader(&reader, b->s, &from, err) ||
	    !copy_image(&result, reader, writer, &name, &options, b->s->events, err))
		return false;
	if (!result.unchanged)
		add_up(b, &result, &name);
	return true;
}

static bool copy_late_signatures(struct batch *b, struct err *err)
{
	if (b->q->options.no_signatures || !b->q->wants)
		return true; /* every tag is copied: theirs too */
	for (size_t i = 0; i < b->all.len; i++)
		if (speaks_of_done(b, b->all.items[i]) && !copy_signature(b, b->all.items[i], err))
			return err_wrap(err, "tag %s", b->all.items[i]);
	return true;
}

bool repository_copy(struct repository_report *out, struct session *s,
		     const struct repository_request *request, struct err *err)
{
	AUTO(batch_free) struct batch b = { .s = s, .q = request, .out = out };
	size_t jobs = request->options.jobs ? request->options.jobs : LIMIT_PARALLEL_TRANSFERS;

	*out = (struct repository_report){ .images = json_array() };
	/* A part of an index has another digest than the index: such tags are looked at one by one.
	 */
	if (!open_all(&b, err) || (!request->options.platform_count &&
				   !parallel_run(out->tags.len, jobs, is_done, &b, err)))
		return false;
	for (size_t i = 0; i < out->tags.len; i++)
		if (!copy_tag(&b, i, err))
			return false;
	return copy_late_signatures(&b, err);
}
