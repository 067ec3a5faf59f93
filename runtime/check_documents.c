// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/mem.h"
#include "extend/change.h"
#include "runtime/check_facts.h"

/* Rules that manifest and configuration answer, and sizes. */

static bool has_text(const struct json_list *list, const char *text)
{
	const char *const *items = list->items;

	for (size_t i = 0; i < list->len; i++)
		if (str_eq(items[i], text))
			return true;
	return false;
}

bool rule_manifest_single(struct rule_check *c, struct err *err)
{
	(void)err;
	if (c->req->root == MEDIA_INDEX)
		check_say(c, "it is an index, and %s takes the manifest of one image",
			  c->req->backend->name);
	return true;
}

bool rule_manifest_type(struct rule_check *c, struct err *err)
{
	const struct media *m = media_find(c->req->image->manifest.media_type);
	const char *family = m->family == FAMILY_DOCKER ? "docker" : "oci";

	(void)err;
	if (m->kind != MEDIA_MANIFEST || !has_text(&c->req->backend->formats, family))
		check_say(c, "the manifest is of type %s", c->req->image->manifest.media_type);
	return true;
}

bool rule_config_type(struct rule_check *c, struct err *err)
{
	const struct manifest *m = &c->req->image->manifest;

	(void)err;
	if (media_find(m->config.media_type)->kind != MEDIA_CONFIG)
		check_say(c, "the configuration is of type %s: this is no image",
			  m->config.media_type);
	return true;
}

bool rule_layer_type(struct rule_check *c, struct err *err)
{
	const struct manifest *m = &c->req->image->manifest;

	(void)err;
	for (size_t i = 0; i < m->layer_count; i++) {
		const struct media *media = media_find(m->layers[i].media_type);

		if (media->kind != MEDIA_LAYER ||
		    !has_text(&c->req->backend->compressions, compression_name(media->compression)))
			check_say(c, "layer %zu is of type %s", i + 1, m->layers[i].media_type);
	}
	return true;
}

bool rule_layer_foreign(struct rule_check *c, struct err *err)
{
	const struct manifest *m = &c->req->image->manifest;

	(void)err;
	for (size_t i = 0; i < m->layer_count; i++)
		if (media_find(m->layers[i].media_type)->foreign)
			check_say(c,
				  "layer %zu is not for distribution (%s): the registry need not "
				  "have it",
				  i + 1, m->layers[i].media_type);
	return true;
}

/* moby, layer/layer_store.go: maxLayerDepth; containerd's and podman's overlay take more. */
enum { LAYERS_MOST = 125 };

bool rule_layer_count(struct rule_check *c, struct err *err)
{
	size_t count = c->req->image->manifest.layer_count;

	(void)err;
	if (count > LAYERS_MOST)
		check_say(c, "it has %zu layers, and runtimes take %d", count, LAYERS_MOST);
	return true;
}

bool rule_history(struct rule_check *c, struct err *err)
{
	const struct image *img = c->req->image;
	const json_t *history = json_object_get(img->config.doc, "history");
	size_t i, layers = 0;
	json_t *entry;

	(void)err;
	json_array_foreach(history, i, entry) layers +=
		!json_is_true(json_object_get(entry, "empty_layer"));
	if (layers != img->manifest.layer_count)
		check_say(c, "its history tells of %zu layers, and it has %zu", layers,
			  img->manifest.layer_count);
	return true;
}

bool rule_size_packed(struct rule_check *c, struct err *err)
{
	const struct backend *b = c->req->backend;
	int64_t most = b->packed_max ? b->packed_max : b->zip.packed_max, size = c->req->zip_size;

	(void)err;
	for (size_t i = 0; c->req->image && i < c->req->image->manifest.layer_count; i++)
		size += c->req->image->manifest.layers[i].size;
	if (most && size > most)
		check_say(c, "it has %s, and %s takes %s", str_format_size((uint64_t)size).text,
			  b->name, str_format_size((uint64_t)most).text);
	return true;
}

static bool add_size(void *arg, const struct entry *e)
{
	if (e->kind == ENTRY_FILE)
		*(int64_t *)arg += e->size;
	return true;
}

bool rule_size_unpacked(struct rule_check *c, struct err *err)
{
	const struct backend *b = c->req->backend;
	int64_t size = 0;

	(void)err;
	contents_walk(&c->contents, "", add_size, &size);
	if (b->unpacked_max && size > b->unpacked_max)
		check_say(c, "its files have %s, and %s takes %s",
			  str_format_size((uint64_t)size).text, b->name,
			  str_format_size((uint64_t)b->unpacked_max).text);
	return true;
}

bool rule_platform(struct rule_check *c, struct err *err)
{
	struct platform have = image_platform(c->req->image);
	const char *const *all = c->req->backend->platforms.items;
	bool fits = false;

	(void)err;
	for (size_t i = 0; i < c->req->backend->platforms.len; i++) {
		struct err ignored = { 0 };
		struct platform p;

		fits = fits ||
		       (platform_parse(&p, all[i], &ignored) && platform_matches(&have, &p));
	}
	if (!fits)
		check_say(c, "it is for %s, where %s does not run", platform_format(&have).text,
			  c->req->backend->name);
	else if (c->req->platform && !platform_matches(&have, c->req->platform))
		check_say(c, "it is for %s, not for %s", platform_format(&have).text,
			  platform_format(c->req->platform).text);
	return true;
}

static const char *user_of(const struct rule_check *c)
{
	const char *user = config_text(&c->req->image->config, "User");

	return user ? user : "";
}

bool rule_user(struct rule_check *c, struct err *err)
{
	const char *user = user_of(c);
	size_t digits = strspn(user, "0123456789");

	(void)err;
	if (!*user || str_eq(user, "root") || str_has_prefix(user, "root:") ||
	    (digits && strspn(user, "0") == digits && (!user[digits] || user[digits] == ':')))
		check_say(c, "it runs as root, and %s's own runtimes run as %s",
			  c->req->backend->name, c->req->backend->user);
	return true;
}

/* A line "NAME:..." of a file; absent files have none. */
static bool has_name(bool *out, struct rule_check *c, const char *file, struct slice name,
		     struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT((size_t)1 << 20);
	const struct entry *e;
	struct slice rest;

	*out = false;
	if (!contents_find(&e, NULL, &c->contents, file, err) || !e ||
	    !contents_read(&text, &c->contents, e, text.max, err))
		return !err->code;
	rest = (struct slice){ text.ptr, text.len };
	while (rest.ptr && !*out) {
		struct slice line = slice_cut(rest, '\n', &rest), behind;
		struct slice have = slice_cut(line, ':', &behind);

		*out = have.len == name.len && behind.ptr &&
		       memcmp(have.ptr, name.ptr, name.len) == 0;
	}
	return true;
}

bool rule_user_known(struct rule_check *c, struct err *err)
{
	static const char *const files[] = { "etc/passwd", "etc/group" };
	struct slice parts[2];

	parts[0] = slice_cut(slice_of(user_of(c)), ':', &parts[1]);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		uint64_t id;
		bool known;

		if (!parts[i].len || str_to_u64(&id, parts[i], UINT32_MAX) ||
		    slice_eq(parts[i], "root"))
			continue;
		if (!has_name(&known, c, files[i], parts[i], err))
			return false;
		if (!known)
			check_say(c, "'" SLICE_FMT "' is not in its /%s", SLICE_ARG(parts[i]),
				  files[i]);
	}
	return true;
}

/* The variable by which a row tells its server the port it listens on. */
bool rule_port(struct rule_check *c, struct err *err)
{
	const struct backend *b = c->req->backend;
	AUTO(auto_free) char *port = mem_printf("%lld", (long long)b->port);

	(void)err;
	for (size_t i = 0; i < b->environment.len; i++) {
		const struct json_pair *p = &b->environment.items[i];
		const char *have = check_env(c, p->key);

		if (str_eq(p->value, port) && have && !str_eq(have, port))
			check_say(c, "%s is %s, and %s asks on port %s", p->key, have, b->name,
				  port);
	}
	return true;
}

bool rule_environment(struct rule_check *c, struct err *err)
{
	const struct backend *b = c->req->backend;

	(void)err;
	for (size_t i = 0; i < b->environment.len; i++)
		if (!check_env(c, b->environment.items[i].key))
			check_say(c, "%s is not set; %s's own runtimes have %s",
				  b->environment.items[i].key, b->name,
				  b->environment.items[i].value);
	return true;
}

/* Variables by which libraries are told where to write. */
bool rule_read_only(struct rule_check *c, struct err *err)
{
	static const char *const names[] = {
		"TMPDIR",  "XDG_CACHE_HOME",     "MPLCONFIGDIR",        "NUMBA_CACHE_DIR",
		"HF_HOME", "TRANSFORMERS_CACHE", "PYTHONPYCACHEPREFIX", "JOBLIB_TEMP_FOLDER"
	};

	(void)err;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = check_env(c, names[i]);

		if (value && *value && !str_eq(value, "/tmp") && !str_has_prefix(value, "/tmp/"))
			check_say(c, "%s is %s, which cannot be written to", names[i], value);
	}
	return true;
}

bool rule_baked_hidden(struct rule_check *c, struct err *err)
{
	const char *function = config_label(&c->req->image->config, CHANGE_LABEL "function");

	(void)err;
	if (function)
		check_say(c,
			  "the function %s was baked into /opt/lithops, and Lithops mounts its own "
			  "over it",
			  function);
	return true;
}
