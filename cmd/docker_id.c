// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/mem.h"
#include "cmd/docker.h"

/* Images by the ID that docker build -q and docker images -q print: that of the configuration. */

enum { ID_LEAST = 4 }; /* hex digits; fewer are more likely a name */

/* The hex digits of "sha256:..." or of its beginning; NULL when it is none. */
static const char *id_digits(const char *text)
{
	static const char algorithm[] = "sha256:";
	size_t len;

	text += str_has_prefix(text, algorithm) ? sizeof(algorithm) - 1 : 0;
	len = strlen(text);
	return len >= ID_LEAST && len <= (size_t)2 * SHA256_SIZE &&
			       strspn(text, "0123456789abcdef") == len
		       ? text
		       : NULL;
}

bool docker_id_names(struct str_list *out, struct store *store, const char *text, struct err *err)
{
	AUTO(store_list_free) struct store_list list = { 0 };
	const char *digits = id_digits(text);
	struct digest found = { 0 };

	if (!digits)
		return true;
	if (!store_images(&list, store, err))
		return false;
	for (size_t i = 0; i < list.len; i++) {
		AUTO(image_free) struct image img = { 0 };
		struct err other = {
			0
		}; /* an index without this machine's platform has no ID here */
		struct digest_text id;

		if (!store_find_image(&img, store, &list.items[i].reference, NULL, &other))
			continue;
		id = digest_format(&img.manifest.config.digest);
		if (!str_has_prefix(strchr(id.text, ':') + 1, digits))
			continue;
		if (out->len && !digest_eq(&found, &img.manifest.config.digest))
			return err_set(err, E_INPUT, "more than one image has an ID like %s", text);
		found = img.manifest.config.digest;
		str_list_push(out, reference_familiar(&list.items[i].reference).text);
	}
	return true;
}

bool docker_image_name(char **out, struct session *s, const char *text, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err none = { 0 };
	struct reference ref;
	struct store *store;
	bool is_name;

	if (!session_store(&store, s, err))
		return false;
	is_name = reference_parse(&ref, text, &none) && store_has_image(store, &ref);
	if (!is_name && !docker_id_names(&names, store, text, err))
		return false;
	*out = mem_strdup(names.len ? names.items[0] : text);
	return true;
}
