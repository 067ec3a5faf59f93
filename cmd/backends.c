// SPDX-License-Identifier: Apache-2.0
#include "cmd/backends.h"

#include <sys/stat.h>

#include "base/mem.h"
#include "cmd/configuration.h"
#include "net/http.h"
#include "templates/table.h"

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool add_git(struct template_files *out, struct session *s, const char *word,
		    const struct str_list *allow, struct err *err)
{
	const struct http_options http_options = { .ca_file = s->options.ca_file,
						   .insecure = s->options.insecure,
						   .events = s->events };
	AUTO(auto_http_close) struct http *http = http_open(&http_options);
	AUTO(git_location_free) struct git_location at = { 0 };
	/* the user named it: file:// is fine */
	struct git_options opt = { .http = http, .events = s->events, .allow = allow };

	return git_location_parse(&at, word, err) && session_store(&opt.store, s, err) &&
	       template_files_git(out, &opt, &at, err);
}

bool backends_load(struct backend_table *out, struct session *s, const struct str_list *templates,
		   struct err *err)
{
	if (!backend_table_load(out, err))
		return false;
	for (size_t i = 0; i < templates->len; i++) {
		const char *word = templates->items[i];
		AUTO(template_files_free) struct template_files files = { 0 };
		bool is_git = !is_directory(word) && git_location_is(word, true);

		if (!(is_git ? add_git(&files, s, word, templates, err)
			     : template_files_dir(&files, word, err)) ||
		    !backend_table_add(out, &files, err))
			return err_wrap(err, "--templates %s", word);
	}
	return true;
}

bool backends_choose(const struct backend **out, struct session *s,
		     const struct backend_table *table, const char *name, struct err *err)
{
	if (name)
		return backend_find(out, table, name, err);
	if (!configuration_backend(out, s, table, err))
		return false;
	if (*out)
		return true;
	err_set(err, E_USAGE, "which backend?");
	return err_hint(err, "-b NAME, one of `rtbuild template list`");
}

bool backends_settings(struct map *out, const struct str_list *texts, struct err *err)
{
	for (size_t i = 0; i < texts->len; i++) {
		struct slice value, key = slice_cut(slice_of(texts->items[i]), '=', &value);
		AUTO(auto_free) char *name = mem_strndup(key.ptr, key.len);

		if (!key.len || !value.ptr)
			return err_set(err, E_USAGE, "--setting '%s' is not KEY=VALUE",
				       texts->items[i]);
		map_put_text(out, name, value.ptr);
	}
	return true;
}
