// SPDX-License-Identifier: Apache-2.0
#include "cmd/copying.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/tar_file.h"

/* Shared by copy, push, pull, import, export and sync. */

static bool needs_registry(const struct place *p)
{
	return p->kind == PLACE_REGISTRY || p->kind == PLACE_STORE; /* of sparse images */
}

bool copying_reader(struct reader **out, struct session *s, const struct place *from,
		    struct err *err)
{
	struct reader_env env = { .events = s->events };

	return session_store(&env.store, s, err) &&
	       (!needs_registry(from) || session_registry(&env.registry, s, err)) &&
	       reader_open(out, from, &env, err);
}

bool copying_archive_reader(struct reader **out, struct session *s, const struct place *from,
			    struct tar_file *archive, struct err *err)
{
	struct reader_env env = { .events = s->events, .archive = archive };

	if (session_store(&env.store, s, err))
		return reader_open(out, from, &env, err);
	tar_file_close(archive);
	return false;
}

bool copying_writer(struct writer **out, struct session *s, const struct place *to, struct err *err)
{
	struct writer_env env = { .events = s->events };

	return session_store(&env.store, s, err) && session_registry(&env.registry, s, err) &&
	       writer_open(out, to, &env, err);
}

bool copying_platforms(struct platform **out, size_t *count_out, const struct str_list *texts,
		       struct err *err)
{
	struct {
		struct platform *items;
		size_t len, cap;
	} list = { 0 };

	for (size_t i = 0; i < texts->len; i++) {
		struct slice rest = slice_of(texts->items[i]);

		while (rest.ptr) {
			struct slice one = slice_trim(slice_cut(rest, ',', &rest), " ");
			AUTO(auto_free) char *text = mem_strndup(one.ptr, one.len);

			if (!platform_parse(ARRAY_PUSH(&list), text, err)) {
				free(list.items);
				return false;
			}
		}
	}
	*out = list.items;
	*count_out = list.len;
	return true;
}

bool copying_jobs(size_t *out, const char *text, struct err *err)
{
	uint64_t jobs = 0;

	if (text && (!str_to_u64(&jobs, slice_of(text), LIMIT_JOBS) || !jobs))
		return err_set(err, E_USAGE, "--jobs '%s' is not a number from 1 to %d", text,
			       LIMIT_JOBS);
	*out = (size_t)jobs;
	return true;
}

char *copying_pinned(const struct place *to, const struct digest *digest)
{
	struct reference ref = to->reference;

	if (to->kind > PLACE_STORE)
		return place_text(to);
	ref.tag[0] = '\0';
	ref.has_digest = true;
	ref.digest = *digest;
	return mem_strdup(reference_familiar(&ref).text);
}

/* "host/name:tag" */
static char *tagged(const struct place *to, const char *name)
{
	struct reference ref = to->reference;
	struct err ignored = { 0 };

	if (to->kind > PLACE_STORE || !reference_set_tag(&ref, name, &ignored))
		return place_text(to);
	ref.has_digest = false;
	return mem_strdup(reference_familiar(&ref).text);
}

static const char *const moved_names[] = {
	[MOVED_SKIPPED] = "skipped",
	[MOVED_MOUNTED] = "mounted",
	[MOVED_SENT] = "sent",
};

json_t *copying_json(const struct copy_result *r, const struct place *from, const struct place *to,
		     const struct str_list *names, bool plan)
{
	json_t *doc = json_object(), *list = json_array();
	json_t *moved = json_object();
	AUTO(auto_free) char *source = from ? place_text(from) : NULL;

	if (source)
		json_object_set_new(doc, "source", json_string(source));
	for (size_t i = 0; i < names->len; i++) {
		AUTO(auto_free) char *pinned = copying_pinned(to, &r->digest);
		AUTO(auto_free) char *tag = tagged(to, names->items[i]);
		json_t *item = json_object();

		json_object_set_new(item, "reference", json_string(pinned));
		json_object_set_new(item, "tag", json_string(tag));
		json_array_append_new(list, item);
	}
	json_object_set_new(doc, "references", list);
	json_object_set_new(doc, "digest", json_string(digest_format(&r->digest).text));
	/* buildx's name for it, as build says it too */
	json_object_set_new(doc, "containerimage.digest",
			    json_string(digest_format(&r->digest).text));
	json_object_set_new(doc, "platforms", json_texts(&r->platforms));
	json_object_set_new(doc, "unchanged", json_boolean(r->unchanged));
	json_object_set_new(doc, "subset", json_boolean(r->subset || r->unwrapped));
	json_object_set_new(doc, "documents", json_integer((json_int_t)r->documents));
	json_object_set_new(doc, "signatures", json_integer((json_int_t)r->signatures));
	json_object_set_new(doc, "referrers", json_integer((json_int_t)r->referrers));
	for (size_t i = 0; i < ARRAY_LEN(moved_names); i++) {
		json_t *item = json_object();

		json_object_set_new(item, "blobs", json_integer((json_int_t)r->blobs[i]));
		json_object_set_new(item, "bytes", json_integer((json_int_t)r->bytes[i]));
		json_object_set_new(moved, moved_names[i], item);
	}
	json_object_set_new(doc, "moved", moved);
	json_object_set_new(doc, "plan", json_boolean(plan));
	if (plan)
		json_object_set_new(doc, "requests_to_come",
				    json_integer((json_int_t)r->requests_to_come));
	return doc;
}

void copying_notes(struct session *s, const struct copy_result *r, const struct writer *to,
		   bool complete)
{
	if (r->unwrapped)
		event_note(s->events, "one platform of an index: a plain manifest, %s",
			   digest_format(&r->digest).text);
	if (r->subset)
		event_note(s->events, "some platforms of an index: a new index, %s",
			   digest_format(&r->digest).text);
	if (r->signatures + r->referrers)
		event_note(s->events, "with %zu signatures (cosign's tags) and %zu referrers",
			   r->signatures, r->referrers);
	if (r->unchanged && !r->signatures_looked_at)
		event_note(s->events, "it is there already%s",
			   complete || !to->takes_signatures
				   ? ""
				   : "; --referrers looks for new signatures too");
}

/* For people: some lines, without the last newline. */
static void put_page(struct buf *out, const struct copying *c, const struct copy_result *r,
		     const struct str_list *names, uint64_t requests)
{
	AUTO(auto_free) char *source = c->from ? place_text(c->from) : NULL;

	if (source)
		buf_putf(out, "%-10s %s\n", "from", source);
	for (size_t i = 0; !source && i < r->platforms.len; i++)
		buf_putf(out, "%-10s %s\n", i ? "" : "platforms", r->platforms.items[i]);
	for (size_t i = 0; i < names->len; i++) {
		AUTO(auto_free) char *tag = tagged(c->to, names->items[i]);

		buf_putf(out, "%-10s %s\n", i ? "" : "to", tag);
	}
	buf_putf(out, "%-10s %s", "digest", digest_format(&r->digest).text);
	if (r->unchanged && !r->documents) {
		buf_putf(out, "\n%-10s nothing: it is there already", "move");
		return;
	}
	buf_putf(out, "\n%-10s %llu blobs, %s\n", "send", (unsigned long long)r->blobs[MOVED_SENT],
		 str_format_size(r->bytes[MOVED_SENT]).text);
	buf_putf(out, "%-10s %llu blobs, %s\n", "mount",
		 (unsigned long long)r->blobs[MOVED_MOUNTED],
		 str_format_size(r->bytes[MOVED_MOUNTED]).text);
	buf_putf(out, "%-10s %llu blobs, %s\n", "skip", (unsigned long long)r->blobs[MOVED_SKIPPED],
		 str_format_size(r->bytes[MOVED_SKIPPED]).text);
	buf_putf(out, "%-10s %zu, with %zu signatures and %zu referrers\n", "documents",
		 r->documents + r->signatures + r->referrers, r->signatures, r->referrers);
	buf_putf(out, "%-10s %llu", "requests",
		 (unsigned long long)(requests + r->requests_to_come));
}

static json_t *document(const struct copying *c, const struct copy_result *r,
			const struct str_list *names)
{
	json_t *doc = copying_json(r, c->from, c->to, names, c->options->plan);

	if (c->joined)
		json_object_set_new(doc, "images", json_texts(c->joined));
	return doc;
}

static bool write_digest(const char *path, const struct digest *digest, struct err *err)
{
	struct digest_text text = digest_format(digest);

	return fs_write_path_atomic(path, text.text, strlen(text.text), 0644, err);
}

bool copying_image(struct session *s, const struct copying *c, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(copy_result_free) struct copy_result result = { 0 };
	AUTO(buf_free) struct buf page = BUF_INIT(1 * MIB);
	AUTO(auto_free) char *line = NULL;
	bool plan = c->options->plan;

	str_list_push(&names, c->writer->name ? c->writer->name : "");
	for (size_t i = 0; c->tags && i < c->tags->len; i++)
		str_list_push(&names, c->tags->items[i]);
	if (!copy_image(&result, c->reader, c->writer, &names, c->options, s->events, err) ||
	    (!plan && c->writer->finish && !c->writer->finish(c->writer, err)))
		return false;
	copying_notes(s, &result, c->writer, c->complete);
	if (c->digestfile && !plan && !write_digest(c->digestfile, &result.digest, err))
		return false;
	if (plan)
		put_page(&page, c, &result, &names, counter_get(s->counters, COUNTER_REQUESTS));
	line = copying_pinned(c->to, &result.digest);
	return session_result(s, s->options.json ? document(c, &result, &names) : NULL,
			      plan ? page.ptr : line, err);
}
