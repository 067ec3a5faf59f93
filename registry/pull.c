// SPDX-License-Identifier: Apache-2.0
#include "registry/pull.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "registry/client.h"
#include "registry/standby.h"
#include "registry/transfer.h"

/* Images from a registry: the two documents first, layers when someone needs them. */

static bool no_platform(const struct index *x, const struct platform *want, struct err *err)
{
	char have[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < x->manifest_count && len < sizeof(have) - 1; i++) {
		const struct platform *p = &x->manifests[i].platform;

		if (p->os[0] && !str_eq(p->os, "unknown"))
			len += (size_t)snprintf(have + len, sizeof(have) - len, "%s%s",
						len ? ", " : "", platform_format(p).text);
	}
	err_set(err, E_NOT_FOUND, "it has no image for %s", platform_format(want).text);
	return have[0] ? err_hint(err, "it has %s", have) : false;
}

/* From what the reference names down to one image manifest. */
static bool resolve(struct registry_document *doc, struct registry *r, const struct reference *ref,
		    const struct platform *want, struct err *err)
{
	struct reference at = *ref;

	for (int depth = 0;; depth++) {
		AUTO(arena_free) struct arena arena = { 0 };
		const struct descriptor *entry;
		enum media_kind kind, said;
		struct index x;

		if (!manifest_sniff(&kind, doc->raw, doc->len, doc->content_type, err))
			return false;
		if (kind != MEDIA_INDEX)
			return true;
		if (depth == LIMIT_INDEX_DEPTH)
			return err_set(err, E_INTEGRITY, "indexes nested deeper than %d",
				       LIMIT_INDEX_DEPTH);
		if (!index_parse(&x, doc->raw, doc->len, doc->content_type, &arena, err))
			return false;
		entry = index_select(&x, want);
		if (!entry)
			return no_platform(&x, want, err);
		at.has_digest = true;
		at.digest = entry->digest;
		int64_t size = entry->size;

		registry_document_free(doc);
		if (!registry_get_manifest(doc, r, &at, err))
			return false;
		if (size != (int64_t)doc->len)
			return err_set(err, E_INTEGRITY,
				       "manifest %s has %zu bytes where %lld were promised",
				       digest_format(&at.digest).text, doc->len, (long long)size);
		/* The index's word for it must be the document's too (CVE-2021-41190). */
		if (!manifest_sniff(&said, doc->raw, doc->len, entry->media_type, err))
			return false;
	}
}

/* Best effort: it is only a request saved, and gc takes what nothing refers to. */
static void keep_config(struct store *store, const struct buf *config)
{
	struct digest ignored;
	struct err why = { 0 };
	bool kept = store && store_put_bytes(&ignored, store, config->ptr, config->len, &why);

	(void)kept;
}

struct config_request {
	struct buf *out;
	struct registry *r;
	const struct reference *ref;
	const struct descriptor *d;
};

static bool get_or_open(void *arg, size_t job, struct err *err)
{
	struct config_request *q = arg;

	if (!job)
		return registry_get_blob(q->out, q->r, q->ref, q->d, err);
	standby_open(q->r, job - 1);
	return true;
}

bool registry_get_config(struct buf *out, struct registry *r, struct store *store,
			 const struct reference *ref, const struct descriptor *d, struct err *err)
{
	struct config_request request = { out, r, ref, d };
	size_t jobs = 1;

	if (store && store_has_blob(store, &d->digest, d->size))
		return store_read_blob(out, store, &d->digest, LIMIT_CONFIG, err);
	if (standby_begins(r))
		jobs += STANDBY_SESSIONS;
	if (!parallel_run(jobs, jobs, get_or_open, &request, err))
		return false;
	keep_config(store, out);
	return true;
}

static bool get_config(struct buf *out, struct registry *r, struct store *store,
		       const struct reference *ref, const struct registry_document *doc,
		       struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct manifest m;

	return manifest_parse(&m, doc->raw, doc->len, doc->content_type, &arena, err) &&
	       registry_get_config(out, r, store, ref, &m.config, err);
}

bool registry_pull(struct image *out, struct digest *digest_out, struct registry *r,
		   struct store *store, const struct reference *ref, const struct platform *want,
		   struct err *err)
{
	AUTO(registry_document_free) struct registry_document doc = { 0 };
	AUTO(buf_free) struct buf config = BUF_INIT(LIMIT_CONFIG);
	struct platform platform = want ? *want : platform_host();
	struct reference_text name = reference_familiar(ref);

	if (!registry_get_manifest(&doc, r, ref, err))
		return false;
	if (digest_out)
		*digest_out = doc.digest;
	if (!resolve(&doc, r, ref, &platform, err) ||
	    !get_config(&config, r, store, ref, &doc, err) ||
	    !image_open(out, doc.raw, doc.len, doc.content_type, config.ptr, config.len,
			registry_blobs(r, ref), err))
		return err_wrap(err, "%s", name.text);
	return true;
}

/* --- layers --- */

struct fetch {
	struct registry *r;
	struct store *store;
	const struct image *img;
	struct {
		const struct descriptor **items;
		size_t len, cap;
	} missing;
};

static bool fetch_job(void *arg, size_t job, struct err *err)
{
	struct fetch *f = arg;

	return transfer_keep(f->store, f->r, f->img->blobs, f->missing.items[job], f->r->events,
			     err);
}

static bool listed(const struct fetch *f, const struct descriptor *d)
{
	for (size_t i = 0; i < f->missing.len; i++)
		if (digest_eq(&f->missing.items[i]->digest, &d->digest))
			return true;
	return false;
}

bool registry_fetch_layers(struct registry *r, struct store *store, const struct image *img,
			   size_t jobs, struct err *err)
{
	struct fetch f = { .r = r, .store = store, .img = img };
	bool ok;

	for (size_t i = 0; i < img->manifest.layer_count; i++) {
		const struct descriptor *d = &img->manifest.layers[i];

		if (!store_has_blob(store, &d->digest, d->size) && !listed(&f, d))
			*ARRAY_PUSH(&f.missing) = d;
	}
	ok = parallel_run(f.missing.len, jobs ? jobs : LIMIT_PARALLEL_TRANSFERS, fetch_job, &f,
			  err);
	free(f.missing.items);
	return ok;
}
