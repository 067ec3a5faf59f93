// SPDX-License-Identifier: Apache-2.0
#include "extend/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "extend/change.h"
#include "registry/pull.h"

/* Reads what is known of the base image. How it is changed is change.c's business. */

void base_free(struct base *b)
{
	for (size_t i = 0; b->items && i < b->len; i++)
		image_free(&b->items[i].image);
	free(b->items);
	*b = (struct base){ 0 };
}

/* One document by digest, or what the reference names. Owned raw bytes. */
struct document {
	struct buf raw;
	char *content_type; /* NULL: not known */
	struct digest digest;
};

static void document_free(struct document *d)
{
	buf_free(&d->raw);
	free(d->content_type);
	d->content_type = NULL;
}

struct loader {
	const struct base_request *req;
	struct base *out;
	struct index index;
	const struct descriptor **chosen; /* of the index; as many as out->len */
};

static bool fetch_manifest(struct document *out, const struct base_request *req,
			   const struct reference *ref, struct err *err)
{
	struct registry_document fetched = { 0 };

	if (!registry_get_manifest(&fetched, req->registry, ref, err))
		return false;
	buf_put_bytes(&out->raw, fetched.raw, fetched.len);
	out->content_type = STEAL(fetched.content_type);
	out->digest = fetched.digest;
	registry_document_free(&fetched);
	return true;
}

static bool load_root(struct document *out, const struct base_request *req, bool *local_out,
		      struct err *err)
{
	struct descriptor d;

	*local_out = store_has_image(req->store, &req->reference);
	if (!*local_out)
		return fetch_manifest(out, req, &req->reference, err);
	if (!store_find_root(&out->raw, &d, req->store, &req->reference, err))
		return false;
	out->digest = d.digest;
	out->content_type = mem_strdup(d.media_type);
	return true;
}

static bool load_child(struct document *out, const struct loader *l, const struct descriptor *d,
		       struct err *err)
{
	struct reference child = l->req->reference;

	if (store_has_blob(l->req->store, &d->digest, d->size)) {
		out->digest = d->digest;
		out->content_type = mem_strdup(d->media_type);
		return store_read_blob(&out->raw, l->req->store, &d->digest, LIMIT_MANIFEST, err);
	}
	child.tag[0] = '\0';
	child.has_digest = true;
	child.digest = d->digest;
	return fetch_manifest(out, l->req, &child, err);
}

static bool load_config(struct buf *out, const struct loader *l, const struct descriptor *d,
			struct err *err)
{
	return registry_get_config(out, l->req->registry, l->req->store, &l->req->reference, d,
				   err);
}

static struct blob_source *blobs_of(const struct loader *l)
{
	return l->out->is_local ? store_blobs(l->req->store)
				: registry_blobs(l->req->registry, &l->req->reference);
}

static bool open_image(struct base_image *out, const struct loader *l, const struct document *doc,
		       struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf config = BUF_INIT(LIMIT_CONFIG);
	struct manifest m;

	if (!manifest_parse(&m, doc->raw.ptr, doc->raw.len, doc->content_type, &arena, err))
		return false;
	if (media_find(m.config.media_type)->kind != MEDIA_CONFIG)
		return err_set(err, E_INPUT, "%s is no container image: its configuration is '%s'",
			       digest_format(&doc->digest).text, m.config.media_type);
	return load_config(&config, l, &m.config, err) &&
	       image_open(&out->image, doc->raw.ptr, doc->raw.len, doc->content_type, config.ptr,
			  config.len, blobs_of(l), err);
}

/* An earlier extension comes off, so that layers do not pile up and the tag does not depend on the
 * way. */
static bool begin_at_origin(struct base_image *b, const struct base_request *req, struct err *err)
{
	struct change_origin origin;
	struct image original;

	if (!change_undo(&b->is_undone, &original, &origin, &b->image, err))
		return false;
	if (!b->is_undone)
		return true;
	image_free(&b->image);
	b->image = original;
	b->digest = origin.base_digest;
	b->name = reference_name(&origin.base_name);
	event_note(req->events, "this image was extended before: starting again from %s@%s",
		   b->name.text, digest_format(&b->digest).text);
	return true;
}

static bool finish_image(struct base_image *b, const struct loader *l, const struct document *doc,
			 struct err *err)
{
	if (!open_image(b, l, doc, err))
		return false;
	b->digest = doc->digest;
	b->name = reference_name(&l->req->reference);
	if (!b->platform.os[0])
		b->platform = image_platform(&b->image);
	return begin_at_origin(b, l->req, err);
}

static bool load_one(void *arg, size_t job, struct err *err)
{
	struct loader *l = arg;
	const struct descriptor *d = l->chosen[job];
	struct base_image *b = &l->out->items[job];
	AUTO(document_free) struct document doc = { .raw = BUF_INIT(LIMIT_MANIFEST) };

	b->platform = d->platform;
	if (load_child(&doc, l, d, err) && finish_image(b, l, &doc, err))
		return true;
	return err_wrap(err, "%s", platform_format(&d->platform).text);
}

static bool refuse_platform(const struct index *x, const struct platform *want, struct err *err)
{
	AUTO(buf_free) struct buf list = BUF_INIT(SIZE_MAX / 2);

	for (size_t i = 0; i < x->manifest_count; i++)
		if (index_entry_is_image(&x->manifests[i]))
			buf_putf(&list, "%s%s", list.len ? ", " : "",
				 platform_format(&x->manifests[i].platform).text);
	err_set(err, E_NOT_FOUND, "no image for %s", platform_format(want).text);
	return err_hint(err, "it has: %s", list.len ? list.ptr : "none");
}

static bool choose(struct loader *l, struct err *err)
{
	const struct index *x = &l->index;
	const struct platform *want = l->req->platform;
	size_t left_out = 0;

	l->chosen = mem_alloc((x->manifest_count + 1) * sizeof(const struct descriptor *));
	if (want) {
		l->chosen[0] = index_select(x, want);
		l->out->len = 1;
		return l->chosen[0] || refuse_platform(x, want, err);
	}
	for (size_t i = 0; i < x->manifest_count; i++) {
		const struct descriptor *d = &x->manifests[i];

		if (!index_entry_is_image(d))
			left_out++;
		else if (media_find(d->media_type)->kind != MEDIA_MANIFEST)
			return err_set(err, E_UNSUPPORTED, "an index inside the index (%s)",
				       digest_format(&d->digest).text);
		else
			l->chosen[l->out->len++] = d;
	}
	if (!l->out->len)
		return err_set(err, E_INPUT, "the index holds no image");
	if (left_out)
		event_note(l->req->events,
			   "%zu attestation%s of the base left out: they speak of other images",
			   left_out, left_out == 1 ? "" : "s");
	return true;
}

static bool load_index(struct loader *l, const struct document *doc, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };

	if (!index_parse(&l->index, doc->raw.ptr, doc->raw.len, doc->content_type, &arena, err) ||
	    !choose(l, err))
		return false;
	l->out->is_index = l->out->len > 1;
	l->out->media_type = media_find(l->index.media_type)->text;
	l->out->items = mem_alloc(l->out->len * sizeof(*l->out->items));
	return parallel_run(l->out->len, LIMIT_PARALLEL_TRANSFERS, load_one, l, err);
}

static bool load_single(struct loader *l, const struct document *doc, struct err *err)
{
	const struct platform *want = l->req->platform;
	struct platform have;

	l->out->items = mem_alloc(sizeof(*l->out->items));
	l->out->len = 1;
	if (!finish_image(&l->out->items[0], l, doc, err))
		return false;
	have = l->out->items[0].platform;
	if (want && !platform_matches(&have, want))
		return err_set(err, E_NOT_FOUND, "no image for %s: it is for %s",
			       platform_format(want).text, platform_format(&have).text);
	return true;
}

bool base_load(struct base *out, const struct base_request *req, struct err *err)
{
	AUTO(document_free) struct document doc = { .raw = BUF_INIT(LIMIT_MANIFEST) };
	struct loader l = { .req = req, .out = out };
	enum media_kind kind;
	bool ok;

	*out = (struct base){ 0 };
	ok = load_root(&doc, req, &out->is_local, err) &&
	     manifest_sniff(&kind, doc.raw.ptr, doc.raw.len, doc.content_type, err) &&
	     (kind == MEDIA_INDEX ? load_index(&l, &doc, err) : load_single(&l, &doc, err));
	out->root = doc.digest;
	free(l.chosen);
	if (!ok)
		base_free(out);
	return ok || err_wrap(err, "base %s", reference_familiar(&req->reference).text);
}

/* --- its Python --- */

/* "3.11" of "3.11", "3.11.2" and "3.13.0rc1"; 0: no version of Python 3. */
static size_t minor_len(const char *version)
{
	size_t digits = str_has_prefix(version, "3.") ? strspn(version + 2, "0123456789") : 0;

	return digits > 0 && digits <= 2 && (!version[2 + digits] || version[2 + digits] == '.')
		       ? 2 + digits
		       : 0;
}

static bool is_version(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < sizeof((struct base_image *)0)->python &&
	       strspn(text, "0123456789.abrc") == len && text[0] != '.';
}

static bool same_minor(const char *a, const char *b)
{
	size_t len = minor_len(a);

	return len && len == minor_len(b) && strncmp(a, b, len) == 0;
}

/* What it says for itself, NULL when that is no version. */
static const char *python_said(const struct base_image *b)
{
	const char *said = config_env(&b->image.config, "PYTHON_VERSION");

	return said && is_version(said) ? said : NULL;
}

static bool check_said(const char *said, const char *asked, const char *platform, struct err *err)
{
	if (asked && !same_minor(said, asked)) {
		err_set(err, E_USAGE,
			"--python %s, but the base (%s) has Python %s (its PYTHON_VERSION)", asked,
			platform, said);
		return err_hint(err, "leave --python out, or name another base");
	}
	return minor_len(said) || err_set(err, E_INPUT,
					  "the base (%s) has Python %s, but a Lithops worker runs "
					  "on Python 3",
					  platform, said);
}

bool base_settle_python(struct base_image *b, const char *asked, struct events *events,
			struct err *err)
{
	const struct platform_text platform = platform_format(&b->platform);
	const char *said = python_said(b);

	if (asked && (!is_version(asked) || !minor_len(asked)))
		return err_set(err, E_USAGE, "--python '%s' is no version like 3.11", asked);
	if (!said && !asked) {
		err_set(err, E_INPUT,
			"the base (%s) does not say which Python it has (no PYTHON_VERSION)",
			platform.text);
		return err_hint(err, "if it has one, say which: --python X.Y");
	}
	if (said && !check_said(said, asked, platform.text, err))
		return false;
	snprintf(b->python, sizeof(b->python), "%s", said ? said : asked);
	event_note(events,
		   said ? "the base (%s) has Python %s"
			: "the base (%s) does not say which Python it has: %s, as you say",
		   platform.text, b->python);
	return true;
}
