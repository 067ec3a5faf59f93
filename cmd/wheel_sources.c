// SPDX-License-Identifier: Apache-2.0
#include "cmd/wheel_sources.h"

#include <strings.h>

#include "base/env.h"
#include "base/mem.h"
#include "runtime/inputs.h"

/* Options and variables as one answer to where wheels are. */

void wheel_sources_free(struct wheel_sources *w)
{
	str_list_free(&w->find_links);
	str_list_free(&w->extra);
}

/* What was given, else the words of a variable. */
static void take_list(struct str_list *out, const struct str_list *given, const char *variable)
{
	struct slice rest = slice_of(given->len ? NULL : env_get(variable));

	for (size_t i = 0; i < given->len; i++)
		str_list_push(out, given->items[i]);
	while (rest.ptr) {
		struct slice word = slice_trim(slice_cut(rest, ' ', &rest), "\t\r\n");

		if (word.len)
			str_list_push_take(out, mem_strndup(word.ptr, word.len));
	}
}

/* pip's words for yes. */
static bool is_set(const char *variable)
{
	static const char *const words[] = { "1", "true", "yes", "y", "t", "on" };
	const char *value = env_get(variable);

	for (size_t i = 0; value && i < ARRAY_LEN(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

static struct index_client *client_of(struct session *s, struct store *store, bool offline)
{
	const struct index_client_options opt = { .events = s->events,
						  .store = store,
						  .ca_file = s->options.ca_file,
						  .insecure = s->options.insecure,
						  .plain_http = s->options.plain_http,
						  .trace = s->options.debug,
						  .offline = offline };

	if (!s->index_client)
		s->index_client = index_client_open(&opt);
	return s->index_client;
}

bool wheel_sources_make(struct wheel_sources *out, struct session *s, const struct wheel_args *args,
			struct err *err)
{
	struct store *store;

	if (!session_store(&store, s, err))
		return false;
	take_list(&out->find_links, &args->find_links, "PIP_FIND_LINKS");
	if (!args->find_links.len)
		runtime_default_find_links(&out->find_links, store_path(store));
	take_list(&out->extra, &args->extra_index_urls, "PIP_EXTRA_INDEX_URL");
	out->indexes = (struct wheel_indexes){
		.client = client_of(s, store, args->offline),
		.url = args->index_url ? args->index_url : env_get("PIP_INDEX_URL"),
		.extra = &out->extra,
		.none = args->no_index || is_set("PIP_NO_INDEX"),
		.choice = &args->choice,
	};
	return true;
}
