// SPDX-License-Identifier: Apache-2.0
#include "cmd/find.h"

#include "registry/pull.h"

/* Images by name, from the store or a registry. */

bool find_image(struct image *out, struct session *s, const char *text, const char *platform,
		struct err *err)
{
	struct platform want;
	struct reference ref;
	struct registry *registry;
	struct store *store;

	if (!reference_parse(&ref, text, err) || !session_platform(&want, platform, err) ||
	    !session_store(&store, s, err))
		return false;
	if (store_has_image(store, &ref))
		return store_find_image(out, store, &ref, &want, err);
	return session_registry(&registry, s, err) &&
	       registry_pull(out, NULL, registry, store, &ref, &want, err);
}

bool fetch_layers(struct session *s, const struct image *img, struct err *err)
{
	struct registry *registry;
	struct store *store;

	return session_store(&store, s, err) && session_registry(&registry, s, err) &&
	       registry_fetch_layers(registry, store, img, 0, err);
}

bool fetch_image(struct session *s, const struct image *img, const char *text, struct err *err)
{
	struct reference ref;
	struct store *store;
	bool complete;

	if (!fetch_layers(s, img, err) || !reference_parse(&ref, text, err) ||
	    !session_store(&store, s, err))
		return false;
	if (store_has_image(store, &ref))
		return store_complete(&complete, store, &ref, err);
	if (ref.has_digest)
		return true; /* no name to list it under */
	reference_default_tag(&ref);
	return store_put_image(store, img, &ref, err);
}
