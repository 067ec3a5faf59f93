// SPDX-License-Identifier: Apache-2.0
#include "registry/subset.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/config.h"
#include "image/manifest.h"

/* An index as a document whose list gets shorter; what stays keeps its members. */

static bool not_for(const char *have, const struct platform *want, struct err *err)
{
	err_set(err, E_NOT_FOUND, "it has no image for %s", platform_format(want).text);
	return have[0] ? err_hint(err, "it has %s", have) : false;
}

/* A plain manifest says its platform in the configuration. */
static bool check_plain(const struct registry_document *root, struct reader *from,
			const struct platform *wanted, size_t count, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO(config_free) struct config config = { 0 };
	struct platform have;
	struct manifest m;

	if (!manifest_parse(&m, root->raw, root->len, root->content_type, &arena, err) ||
	    !reader_config(&text, from, &m.config, err) ||
	    !config_parse(&config, text.ptr, text.len, err))
		return false;
	have = config_platform(&config);
	for (size_t i = 0; i < count; i++)
		if (!platform_rank(&have, &wanted[i]))
			return not_for(platform_format(&have).text, &wanted[i], err);
	return true;
}

/* The digest an attestation speaks of (BuildKit's annotation); NULL: it is none. */
static const char *speaks_of(const struct descriptor *d)
{
	for (size_t i = 0; i < d->annotations.len; i++)
		if (str_eq(d->annotations.items[i].key, "vnd.docker.reference.digest"))
			return d->annotations.items[i].value;
	return NULL;
}

static bool choose(bool *keep, const struct index *x, const struct platform *wanted, size_t count,
		   struct err *err)
{
	char have[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < x->manifest_count && len < sizeof(have) - 1; i++)
		if (index_entry_is_image(&x->manifests[i]))
			len += (size_t)snprintf(have + len, sizeof(have) - len, "%s%s",
						len ? ", " : "",
						platform_format(&x->manifests[i].platform).text);
	for (size_t i = 0; i < count; i++) {
		const struct descriptor *found = index_select(x, &wanted[i]);

		if (!found)
			return not_for(have, &wanted[i], err);
		keep[found - x->manifests] = true;
	}
	return true;
}

static void keep_attestations(bool *keep, const struct index *x)
{
	for (size_t i = 0; i < x->manifest_count; i++) {
		const char *of = speaks_of(&x->manifests[i]);

		for (size_t k = 0; of && k < x->manifest_count; k++)
			if (keep[k] && str_eq(digest_format(&x->manifests[k].digest).text, of))
				keep[i] = true;
	}
}

static void replace(struct registry_document *root, char *raw, size_t len)
{
	free(root->raw);
	root->raw = raw;
	root->len = len;
	root->digest = digest_of(raw, len);
}

static bool make_index(struct registry_document *root, const bool *keep, size_t count,
		       struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	json_t *list;
	char *text;
	size_t len;

	if (!json_parse(&doc, root->raw, root->len, "index", err))
		return false;
	list = json_object_get(doc, "manifests");
	for (size_t i = count; i-- > 0;)
		if (!keep[i])
			json_array_remove(list, i);
	text = json_text(doc, &len);
	replace(root, text, len);
	return true;
}

static bool unwrap(struct registry_document *root, struct reader *from, const struct descriptor *d,
		   struct err *err)
{
	struct registry_document child = { 0 };

	if (!from->document(from, &child, d, err))
		return false;
	registry_document_free(root);
	*root = child;
	return true;
}

static bool shorten(struct subset_result *out, struct registry_document *root, struct reader *from,
		    const struct platform *wanted, size_t count, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(auto_free) bool *keep = NULL;
	const struct descriptor *only = NULL;
	struct index x;
	size_t kept = 0, images = 0;

	if (!index_parse(&x, root->raw, root->len, root->content_type, &arena, err))
		return false;
	keep = mem_alloc((x.manifest_count + 1) * sizeof(*keep));
	if (!choose(keep, &x, wanted, count, err))
		return false;
	for (size_t i = 0; i < x.manifest_count; i++)
		if (keep[i]) {
			only = &x.manifests[i];
			images++;
		}
	if (images == 1) {
		out->unwrapped = true;
		return unwrap(root, from, only, err);
	}
	keep_attestations(keep, &x);
	for (size_t i = 0; i < x.manifest_count; i++)
		kept += keep[i];
	out->made = kept < x.manifest_count;
	return !out->made || make_index(root, keep, x.manifest_count, err);
}

bool subset_of(struct subset_result *out, struct registry_document *root, struct reader *from,
	       const struct platform *wanted, size_t count, struct err *err)
{
	enum media_kind kind;

	*out = (struct subset_result){ 0 };
	if (!manifest_sniff(&kind, root->raw, root->len, root->content_type, err))
		return false;
	return kind == MEDIA_INDEX ? shorten(out, root, from, wanted, count, err)
				   : check_plain(root, from, wanted, count, err);
}
