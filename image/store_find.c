// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/store_private.h"

/* Finding images by reference or digest, through indexes, down to one manifest. */

/* The better of two entries of one name: who lists several platforms so says which is which. */
static const struct catalog_entry *
better(const struct catalog_entry *a, const struct catalog_entry *b, const struct platform *want)
{
	if (!a)
		return b;
	return platform_rank(&b->descriptor.platform, want) >
			       platform_rank(&a->descriptor.platform, want)
		       ? b
		       : a;
}

static const struct catalog_entry *
find_by_name(const struct catalog *c, const struct reference *ref, const struct platform *want)
{
	const struct catalog_entry *found = NULL;
	struct reference name = reference_listed(ref);

	for (size_t i = 0; i < c->len; i++) {
		const struct catalog_entry *e = &c->items[i];

		/* An image that was completed meanwhile may stand in both lists: the first is the
		 * newer. */
		if (found && found->sparse != e->sparse)
			break;
		if (e->is_reference && reference_same_name(&e->reference, &name))
			found = better(found, e, want);
	}
	return found;
}

/* A digest decides, whatever the tag says; an entry of the same repository goes first. */
static const struct catalog_entry *find_by_digest(const struct catalog *c,
						  const struct reference *ref)
{
	const struct catalog_entry *other = NULL;
	struct reference untagged = *ref;

	untagged.tag[0] = '\0';
	for (size_t i = 0; i < c->len; i++) {
		const struct catalog_entry *e = &c->items[i];

		if (e->is_reference &&
		    reference_selects(&untagged, &e->reference, &e->descriptor.digest))
			return e;
		if (!other && digest_eq(&e->descriptor.digest, &ref->digest))
			other = e;
	}
	return other;
}

const struct catalog_entry *catalog_find(const struct catalog *c, const struct reference *ref,
					 const struct platform *want)
{
	return ref->has_digest ? find_by_digest(c, ref) : find_by_name(c, ref, want);
}

static bool read_document(struct buf *out, enum media_kind *kind_out, struct store *s,
			  const struct descriptor *d, struct err *err)
{
	return store_read_blob(out, s, &d->digest, LIMIT_MANIFEST, err) &&
	       (manifest_sniff(kind_out, out->ptr, out->len, d->media_type, err) ||
		err_wrap(err, "document %s", digest_format(&d->digest).text));
}

/* A platform's manifest by its own digest, inside the indexes that are listed. */
static bool find_child(struct descriptor *out, struct store *s, const struct catalog *c,
		       const struct digest *digest, struct arena *arena)
{
	for (size_t i = 0; i < c->len; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_MANIFEST);
		const struct descriptor *d = &c->items[i].descriptor;
		struct err ignored = { 0 };
		enum media_kind kind;
		struct index x;

		if (media_find(d->media_type)->kind != MEDIA_INDEX ||
		    !read_document(&text, &kind, s, d, &ignored) ||
		    !index_parse(&x, text.ptr, text.len, d->media_type, arena, &ignored))
			continue;
		for (size_t k = 0; k < x.manifest_count; k++) {
			if (!digest_eq(&x.manifests[k].digest, digest))
				continue;
			*out = x.manifests[k];
			return true;
		}
	}
	return false;
}

static bool find_root(struct descriptor *out, struct store *s, const struct reference *ref,
		      const struct platform *want, struct arena *arena, struct err *err)
{
	AUTO(catalog_free) struct catalog c = { 0 };
	const struct catalog_entry *found;

	if (!catalog_load(&c, s, err))
		return false;
	found = catalog_find(&c, ref, want);
	if (found) {
		*out = found->descriptor;
		out->media_type = arena_strdup(arena, out->media_type);
		return true;
	}
	return (ref->has_digest && find_child(out, s, &c, &ref->digest, arena)) ||
	       catalog_not_found(&c, ref, err);
}

static bool no_such_platform(const struct index *x, const struct platform *want, struct err *err)
{
	AUTO(buf_free) struct buf list = BUF_INIT(ERR_HINT_MAX);
	struct err full = { 0 };

	for (size_t i = 0; i < x->manifest_count; i++)
		if (index_entry_is_image(&x->manifests[i]) &&
		    !buf_printf(&list, &full, "%s%s", list.len ? ", " : "",
				platform_format(&x->manifests[i].platform).text))
			break;
	err_set(err, E_NOT_FOUND, "no image for platform %s", platform_format(want).text);
	return err_hint(err, "there is %s", list.len ? list.ptr : "none at all");
}

static bool open_manifest(struct image *out, struct store *s, const struct descriptor *d,
			  const struct buf *text, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf config = BUF_INIT(LIMIT_CONFIG);
	struct manifest m;

	if (!manifest_parse(&m, text->ptr, text->len, d->media_type, &arena, err) ||
	    !store_read_blob(&config, s, &m.config.digest, config.max, err) ||
	    !image_open(out, text->ptr, text->len, d->media_type, config.ptr, config.len,
			store_blobs(s), err))
		return err_wrap(err, "manifest %s", digest_format(&d->digest).text);
	return true;
}

/* From a root down to one manifest. */
static bool open_root(struct image *out, struct store *s, struct descriptor d,
		      const struct platform *want, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };

	for (int depth = 0; depth <= LIMIT_INDEX_DEPTH; depth++) {
		AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_MANIFEST);
		const struct descriptor *entry;
		enum media_kind kind;
		struct index x;

		if (!read_document(&text, &kind, s, &d, err))
			return false;
		if (kind == MEDIA_MANIFEST)
			return open_manifest(out, s, &d, &text, err);
		if (!index_parse(&x, text.ptr, text.len, d.media_type, &arena, err))
			return false;
		entry = index_select(&x, want);
		if (!entry)
			return no_such_platform(&x, want, err);
		d = *entry;
	}
	return err_set(err, E_INTEGRITY, "indexes nested deeper than %d", LIMIT_INDEX_DEPTH);
}

/* What was found stays here until we are done with it. */
static void claim_image(struct store *s, const struct image *img)
{
	store_claim_present(s, &img->manifest.digest, -1);
	store_claim_present(s, &img->manifest.config.digest, -1);
	for (size_t i = 0; i < img->manifest.layer_count; i++)
		store_claim_present(s, &img->manifest.layers[i].digest, -1);
}

bool store_find_image(struct image *out, struct store *s, const struct reference *ref,
		      const struct platform *want, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct platform platform = want ? *want : platform_host();
	struct descriptor root = { 0 };

	if (!find_root(&root, s, ref, &platform, &arena, err))
		return false;
	if (!open_root(out, s, root, &platform, err))
		return err_wrap(err, "image %s", reference_familiar(ref).text);
	claim_image(s, out);
	return true;
}

bool store_has_image(struct store *s, const struct reference *ref)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct platform host = platform_host();
	struct descriptor root;
	struct err ignored = { 0 };

	return find_root(&root, s, ref, &host, &arena, &ignored);
}

bool store_is_complete(struct store *s, const struct reference *ref)
{
	AUTO(catalog_free) struct catalog c = { 0 };
	struct platform host = platform_host();
	const struct catalog_entry *found;
	struct err ignored = { 0 };

	if (!catalog_load(&c, s, &ignored))
		return false;
	found = catalog_find(&c, ref, &host);
	return found && !found->sparse;
}

bool store_find_root(struct buf *raw_out, struct descriptor *out, struct store *s,
		     const struct reference *ref, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct platform host = platform_host();
	struct descriptor found = { 0 };

	if (!find_root(&found, s, ref, &host, &arena, err))
		return false;
	if (!store_read_blob(raw_out, s, &found.digest, LIMIT_MANIFEST, err))
		return err_wrap(err, "image %s", reference_familiar(ref).text);
	*out = (struct descriptor){ .media_type = media_find(found.media_type)->text,
				    .digest = found.digest,
				    .size = found.size,
				    .platform = found.platform };
	return true;
}
