// SPDX-License-Identifier: Apache-2.0
#include "registry/registries.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/toml.h"

/* Reading registries.conf and matching names with it. What is done with a match is mirrors.c's. */

void registries_free(struct registries *r)
{
	free(r->entries.items);
	str_list_free(&r->files);
	arena_free(&r->arena);
	*r = (struct registries){ 0 };
}

/* --- which files --- */

static const char system_file[] = "/etc/containers/registries.conf";
static const char system_dir[] = "/etc/containers/registries.conf.d";

static char *user_file(const char *name)
{
	const char *config = env_get("XDG_CONFIG_HOME");

	return config ? mem_printf("%s/containers/%s", config, name)
		      : mem_printf("%s/.config/containers/%s", env_home(), name);
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool add_drop_ins(struct str_list *out, const char *dir, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err absent = { 0 };

	if (!fs_open_dir(&fd, dir, &absent))
		return true;
	if (!fs_list(&names, fd, ".", FS_BENEATH, err))
		return err_wrap(err, "%s", dir);
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free) char *path = mem_printf("%s/%s", dir, names.items[i]);

		if (str_has_suffix(path, ".conf") && is_file(path))
			str_list_push(out, path);
	}
	return true;
}

bool registries_files(struct str_list *out, struct err *err)
{
	const char *named = env_get("CONTAINERS_REGISTRIES_CONF");
	AUTO(auto_free) char *user = user_file("registries.conf");
	AUTO(auto_free) char *user_dir = user_file("registries.conf.d");

	if (named && !is_file(named))
		return err_set(err, E_NOT_FOUND, "$CONTAINERS_REGISTRIES_CONF: no file %s", named);
	if (named)
		str_list_push(out, named);
	else if (is_file(user))
		str_list_push(out, user);
	else if (is_file(system_file))
		str_list_push(out, system_file);
	return add_drop_ins(out, system_dir, err) && add_drop_ins(out, user_dir, err);
}

/* --- shapes --- */

struct mirror_shape {
	const char *location, *use;
	bool insecure;
};
static const struct json_field mirror_fields[] = {
	JSON_REQUIRED(struct mirror_shape, location, "location", &json_type_text),
	JSON_OPTIONAL(struct mirror_shape, insecure, "insecure", &json_type_bool),
	JSON_OPTIONAL(struct mirror_shape, use, "pull-from-mirror", &json_type_text),
	{ 0 },
};
static const struct json_type mirror_type = JSON_OBJECT(struct mirror_shape, mirror_fields);
static const struct json_type mirrors_type = JSON_LIST(&mirror_type);

struct entry_shape {
	const char *prefix, *location;
	bool insecure, blocked, by_digest;
	struct json_list mirrors;
};
static const struct json_field entry_fields[] = {
	JSON_OPTIONAL(struct entry_shape, prefix, "prefix", &json_type_text),
	JSON_OPTIONAL(struct entry_shape, location, "location", &json_type_text),
	JSON_OPTIONAL(struct entry_shape, insecure, "insecure", &json_type_bool),
	JSON_OPTIONAL(struct entry_shape, blocked, "blocked", &json_type_bool),
	JSON_OPTIONAL(struct entry_shape, by_digest, "mirror-by-digest-only", &json_type_bool),
	JSON_OPTIONAL(struct entry_shape, mirrors, "mirror", &mirrors_type),
	{ 0 },
};
static const struct json_type entry_type = JSON_OBJECT(struct entry_shape, entry_fields);
static const struct json_type entries_type = JSON_LIST(&entry_type);

struct file_shape {
	struct json_list entries, search;
	json_t *version_1;
};
static const struct json_field file_fields[] = {
	JSON_OPTIONAL(struct file_shape, entries, "registry", &entries_type),
	JSON_OPTIONAL(struct file_shape, search, "unqualified-search-registries",
		      &json_type_text_list),
	JSON_OPTIONAL(struct file_shape, version_1, "registries", &json_type_any),
	{ 0 },
};
static const struct json_type file_type = JSON_OBJECT(struct file_shape, file_fields);

/* --- one entry --- */

static bool is_wildcard(const char *prefix)
{
	return str_has_prefix(prefix, "*.");
}

/* "host[:port][/path]" without a scheme; blanks and slashes at its end are people's habit. */
static bool check_location(char **location, const char *what, struct err *err)
{
	char *text = *location;
	size_t len = strlen(text);

	while (len && text[len - 1] == '/')
		text[--len] = '\0';
	if (!len)
		return err_set(err, E_INPUT, "%s is empty", what);
	if (strstr(text, "://")) {
		err_set(err, E_INPUT, "%s '%s' has a scheme", what, text);
		return err_hint(err, "write host[:port][/path]; plain HTTP is 'insecure = true'");
	}
	if (strpbrk(text, " @*\\?#"))
		return err_set(err, E_INPUT, "%s '%s' is not host[:port][/path]", what, text);
	return true;
}

static bool check_prefix(char **prefix, struct err *err)
{
	const char *domain = *prefix + 2;

	if (!is_wildcard(*prefix))
		return check_location(prefix, "prefix", err);
	if (!domain[0] || strpbrk(domain, "/@:* "))
		return err_set(err, E_INPUT, "prefix '%s' is not *.DOMAIN", *prefix);
	return true;
}

static bool parse_use(enum mirror_use *out, const char *text, struct err *err)
{
	/* clang-format off */
	static const char *const names[] = {
		[MIRROR_ALL] = "all", [MIRROR_DIGEST_ONLY] = "digest-only", [MIRROR_TAG_ONLY] = "tag-only",
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(names[i], text)) {
			*out = (enum mirror_use)i;
			return true;
		}
	return err_set(err, E_INPUT,
		       "pull-from-mirror '%s' is neither all, digest-only nor tag-only", text);
}

static bool take_mirror(struct registries_mirror *out, struct arena *arena,
			const struct mirror_shape *shape, bool by_digest, struct err *err)
{
	char *location = arena_strdup(arena, shape->location);

	if (shape->use && by_digest)
		return err_set(err, E_INPUT,
			       "pull-from-mirror beside mirror-by-digest-only says it twice");
	*out = (struct registries_mirror){ .location = location,
					   .insecure = shape->insecure,
					   .use = by_digest ? MIRROR_DIGEST_ONLY : MIRROR_ALL };
	return check_location(&location, "location", err) &&
	       (!shape->use || parse_use(&out->use, shape->use, err));
}

static bool take_mirrors(struct registries_entry *e, struct arena *arena,
			 const struct entry_shape *shape, struct err *err)
{
	const struct mirror_shape *mirrors = shape->mirrors.items;

	e->mirrors_len = shape->mirrors.len;
	e->mirrors = ARENA_ARRAY(arena, struct registries_mirror, e->mirrors_len + 1);
	for (size_t i = 0; i < e->mirrors_len; i++)
		if (!take_mirror(&e->mirrors[i], arena, &mirrors[i], shape->by_digest, err))
			return err_wrap(err, "mirror %zu", i + 1);
	return true;
}

static bool take_names(struct registries_entry *e, struct arena *arena,
		       const struct entry_shape *shape, struct err *err)
{
	const char *prefix = shape->prefix ? shape->prefix : shape->location;
	char *prefix_copy, *location;

	if (!prefix)
		return err_set(err, E_INPUT, "neither prefix nor location");
	prefix_copy = arena_strdup(arena, prefix);
	location = shape->location ? arena_strdup(arena, shape->location) : NULL;
	if (!location && !is_wildcard(prefix))
		return err_set(err, E_INPUT, "prefix '%s' has no location", prefix);
	e->prefix = prefix_copy;
	e->location = location;
	return check_prefix(&prefix_copy, err) &&
	       (!location || check_location(&location, "location", err));
}

/* The entry for the prefix: the one that is there is replaced. */
static struct registries_entry *place_for(struct registries *r, const char *prefix)
{
	for (size_t i = 0; i < r->entries.len; i++)
		if (str_eq(r->entries.items[i].prefix, prefix))
			return &r->entries.items[i];
	return ARRAY_PUSH(&r->entries);
}

static bool take_entry(struct registries *r, const char *file, const struct entry_shape *shape,
		       struct err *err)
{
	struct registries_entry e = { .file = file,
				      .insecure = shape->insecure,
				      .blocked = shape->blocked };

	if (!take_names(&e, &r->arena, shape, err) || !take_mirrors(&e, &r->arena, shape, err))
		return false;
	*place_for(r, e.prefix) = e;
	return true;
}

/* --- files --- */

static bool read_file(struct registries *r, const char *file, struct events *events,
		      struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct file_shape shape = { 0 };
	const struct entry_shape *entries;

	if (!fs_read_path(&text, file, LIMIT_SETTINGS_FILE, err) ||
	    !toml_parse(&doc, text.ptr, text.len, file, err))
		return false;
	if (!json_decode(&file_type, &shape, doc, &r->arena, err))
		return err_wrap(err, "%s", file);
	if (shape.version_1) {
		err_set(err, E_INPUT, "%s: [registries.*] is the format before version 2", file);
		return err_hint(err, "write [[registry]] tables: containers-registries.conf(5)");
	}
	if (shape.search.len)
		event_detail(events,
			     "%s: unqualified-search-registries is not used; short names "
			     "mean docker.io/library",
			     file);
	entries = shape.entries.items;
	for (size_t i = 0; i < shape.entries.len; i++)
		if (!take_entry(r, file, &entries[i], err))
			return err_wrap(err, "%s: registry %zu", file, i + 1);
	return true;
}

bool registries_read(struct registries *out, const struct str_list *files, struct events *events,
		     struct err *err)
{
	AUTO(registries_free) struct registries r = { 0 };

	for (size_t i = 0; i < files->len; i++)
		str_list_push(&r.files, files->items[i]);
	for (size_t i = 0; i < r.files.len; i++)
		if (!read_file(&r, r.files.items[i], events, err))
			return false;
	*out = r;
	r = (struct registries){ 0 };
	return true;
}

/* --- names --- */

/* How much of the name the prefix stands for; 0: none of it. */
static size_t covered(const char *prefix, const char *name)
{
	size_t host = strcspn(name, "/"), len = strlen(prefix);

	if (is_wildcard(prefix)) {
		size_t bare = strcspn(name, ":/"), domain = len - 1;

		return bare > domain && memcmp(name + bare - domain, prefix + 1, domain) == 0 ? bare
											      : 0;
	}
	if (!str_has_prefix(name, prefix) || len < host) /* "host" is not "host:5000" */
		return 0;
	return !name[len] || name[len] == '/' ? len : 0;
}

const struct registries_entry *registries_find(const struct registries *r, const char *name)
{
	const struct registries_entry *best = NULL;

	for (size_t i = 0; i < r->entries.len; i++) {
		const struct registries_entry *e = &r->entries.items[i];

		if (covered(e->prefix, name) && (!best || strlen(e->prefix) > strlen(best->prefix)))
			best = e;
	}
	return best;
}

bool registries_rewrite(struct reference *out, const struct registries_entry *e,
			const char *location, const struct reference *from, struct err *err)
{
	struct reference_text name = reference_name(from);
	AUTO(auto_free)
	char *text = mem_printf("%s%s", location, name.text + covered(e->prefix, name.text));
	struct err why = { 0 };

	if (!reference_parse(out, text, &why) || !str_eq(reference_name(out).text, text))
		return err_set(err, E_INPUT, "%s: location '%s' makes '%s' of %s, which is no name",
			       e->file, location, text, name.text);
	memcpy(out->tag, from->tag, sizeof(out->tag));
	out->has_digest = from->has_digest;
	out->digest = from->digest;
	return true;
}
