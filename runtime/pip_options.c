// SPDX-License-Identifier: Apache-2.0
#include "runtime/pip_options.h"

#include <string.h>

#include "base/mem.h"
#include "python/location.h"

/* Options that become words of a RUN. */

/* It stands in a Dockerfile's line, in single quotes at most. */
static bool is_one_word(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '\'' || *p == 0x7f)
			return false;
	return true;
}

static bool add(struct str_list *out, const char *option, const char *url, struct err *err)
{
	AUTO(auto_free) char *shown = mem_strdup(url);

	location_mask(shown);
	if (!location_is_remote(url) || !is_one_word(url)) {
		err_set(err, E_USAGE, "%s '%s' is no URL that pip could ask in the image", option,
			shown);
		return err_hint(err, "http:// or https://; --installer wheels takes places of this "
				     "machine");
	}
	if (location_has_password(url)) {
		err_set(err, E_UNSUPPORTED,
			"%s '%s': a password in a URL would stay in the image's history", option,
			shown);
		return err_hint(err, "--installer wheels leaves it here; or a Dockerfile of yours "
				     "with RUN --mount=type=secret");
	}
	str_list_push(out, option);
	str_list_push(out, url);
	return true;
}

bool pip_options_make(struct str_list *out, const struct pip_places *places, struct err *err)
{
	const struct str_list *extra = places->extra_index_urls, *links = places->find_links;

	if (places->no_index)
		str_list_push(out, "--no-index");
	if (places->index_url && !add(out, "--index-url", places->index_url, err))
		return false;
	for (size_t i = 0; i < extra->len; i++)
		if (!add(out, "--extra-index-url", extra->items[i], err))
			return false;
	for (size_t i = 0; i < links->len; i++)
		if (location_is_remote(links->items[i]) &&
		    !add(out, "--find-links", links->items[i], err))
			return false;
	return true;
}
