// SPDX-License-Identifier: Apache-2.0
#include "cmd/lookup.h"

#include "cmd/copying.h"
#include "image/manifest.h"
#include "registry/subset.h"

/* Finding what was named. */

bool lookup_open(struct reader **out, struct place *place, struct session *s, const char *text,
		 bool store_first, struct err *err)
{
	struct store *store;

	if (!place_parse(place, text, err) || !session_store(&store, s, err))
		return false;
	if (store_first && place->kind == PLACE_REGISTRY && !place->is_explicit)
		place->is_short = true;
	place_settle(place, store);
	return copying_reader(out, s, place, err);
}

bool lookup_platform(struct registry_document *doc, struct reader *from, const char *platform,
		     struct session *s, struct err *err)
{
	struct subset_result ignored;
	struct platform want;
	enum media_kind kind;

	(void)s;
	if (!manifest_sniff(&kind, doc->raw, doc->len, doc->content_type, err) ||
	    !session_platform(&want, platform, err))
		return false;
	return (kind != MEDIA_INDEX && !platform) || subset_of(&ignored, doc, from, &want, 1, err);
}

bool lookup_repository(struct reference *out, const char *text, struct err *err)
{
	AUTO(place_free) struct place place = { 0 };

	if (!place_parse(&place, text, err))
		return false;
	if (place.kind != PLACE_REGISTRY || place.reference.tag[0] || place.reference.has_digest)
		return err_set(err, E_USAGE, "'%s': name a repository, HOST/NAME without a tag",
			       text);
	*out = place.reference;
	return true;
}
