// SPDX-License-Identifier: Apache-2.0
#include "extend/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "extend/bake.h"

/* The configuration of an extended image. Layers and tags are made elsewhere. */

/* Every directory an extension may have put into PYTHONPATH. */
static const char *const our_dirs[] = { "/" BAKE_MODULES, "/" BAKE_PACKAGES };
static const char format_version[] = "1";
static const char history_prefix[] = "rtbuild extend ";

enum label {
	LABEL_FORMAT,
	LABEL_MODE,
	LABEL_MODULE,
	LABEL_FUNCTION,
	LABEL_BASE_NAME,
	LABEL_BASE_DIGEST,
	LABEL_LAYERS,
	LABEL_UNDO,
	LABEL_HASH,
};

static const char *const label_names[] = {
	[LABEL_FORMAT] = CHANGE_LABEL "format",
	[LABEL_MODE] = CHANGE_LABEL "mode",
	[LABEL_MODULE] = CHANGE_LABEL "module",
	[LABEL_FUNCTION] = CHANGE_LABEL "function",
	[LABEL_BASE_NAME] = CHANGE_LABEL "base.name",
	[LABEL_BASE_DIGEST] = CHANGE_LABEL "base.digest",
	[LABEL_LAYERS] = CHANGE_LABEL "layers",
	[LABEL_UNDO] = CHANGE_LABEL "undo",
	[LABEL_HASH] = CHANGE_LABEL "hash",
};

/* What the configuration had before. */
struct undo {
	const char *pythonpath; /* NULL: was not set */
	bool env, labels;       /* the members were there */
};

static const struct json_field undo_fields[] = {
	JSON_OPTIONAL(struct undo, pythonpath, "pythonpath", &json_type_text),
	JSON_REQUIRED(struct undo, env, "env", &json_type_bool),
	JSON_REQUIRED(struct undo, labels, "labels", &json_type_bool),
	{ 0 },
};
static const struct json_type undo_type = JSON_OBJECT(struct undo, undo_fields);

/* --- planning --- */

static void add(struct change *c, bool is_label, const char *name, const char *value)
{
	*ARRAY_PUSH(&c->items) = (struct change_item){ .is_label = is_label,
						       .name = name,
						       .value = arena_strdup(&c->arena, value) };
}

static bool is_our_dir(struct slice part)
{
	for (size_t i = 0; i < ARRAY_LEN(our_dirs); i++)
		if (slice_eq(part, our_dirs[i]))
			return true;
	return false;
}

static void put_pythonpath(struct change *c, const char *old)
{
	AUTO(buf_free) struct buf path = BUF_INIT(SIZE_MAX / 2);
	struct slice rest = slice_of(old);

	for (size_t i = 0; i < c->input->path_count; i++)
		buf_putf(&path, "%s%s", i ? ":" : "", c->input->paths[i]);
	while (rest.ptr) {
		struct slice part = slice_cut(rest, ':', &rest);

		if (!part.len || is_our_dir(part))
			continue;
		buf_put(&path, ":");
		buf_put_bytes(&path, part.ptr, part.len);
	}
	add(c, false, "PYTHONPATH", path.ptr);
}

/* One half of each "module:function" of the list. */
static void put_half(struct change *c, enum label label, bool second)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
	struct slice rest = slice_of(c->input->functions);

	while (rest.ptr) {
		struct slice behind, one = slice_cut(rest, ',', &rest);
		struct slice module = slice_cut(one, ':', &behind);

		buf_put(&text, text.len ? "," : "");
		buf_putf(&text, SLICE_FMT, SLICE_ARG(second ? behind : module));
	}
	add(c, true, label_names[label], text.ptr);
}

static void put_undo(struct change *c, const struct config *base)
{
	const struct undo undo = {
		.pythonpath = config_env(base, "PYTHONPATH"),
		.env = config_member(base, "Env") != NULL,
		.labels = config_member(base, "Labels") != NULL,
	};
	AUTO(auto_json_decref) json_t *doc = json_encode(&undo_type, &undo);
	AUTO(auto_free) char *text = NULL;
	size_t len;

	text = json_text(doc, &len);
	add(c, true, label_names[LABEL_UNDO], text);
}

void change_plan(struct change *out, const struct config *base, const struct change_input *in)
{
	AUTO(buf_free) struct buf layers = BUF_INIT(SIZE_MAX / 2);

	*out = (struct change){ .input = in };
	if (in->path_count)
		put_pythonpath(out, config_env(base, "PYTHONPATH"));
	for (size_t i = 0; i < in->diff_id_count; i++)
		buf_putf(&layers, "%s%s", i ? "," : "", digest_format(&in->diff_ids[i]).text);
	add(out, true, label_names[LABEL_FORMAT], format_version);
	add(out, true, label_names[LABEL_MODE], in->mode);
	put_half(out, LABEL_MODULE, false);
	put_half(out, LABEL_FUNCTION, true);
	add(out, true, label_names[LABEL_BASE_NAME], in->base_name.text);
	add(out, true, label_names[LABEL_BASE_DIGEST], digest_format(&in->base_digest).text);
	add(out, true, label_names[LABEL_LAYERS], layers.ptr);
	put_undo(out, base);
}

void change_free(struct change *c)
{
	arena_free(&c->arena);
	free(c->items.items);
	*c = (struct change){ 0 };
}

void change_hash(struct tag_hash *h, const struct change *c)
{
	for (size_t i = 0; i < c->items.len; i++) {
		const struct change_item *item = &c->items.items[i];
		AUTO(auto_free) char *text = mem_printf("%s=%s", item->name, item->value);

		tag_hash_field(h, item->is_label ? "label" : "env", text);
	}
}

void change_apply(struct config *out, bool *repaired_out, const struct config *base,
		  const struct change *c, const char *hash)
{
	AUTO(auto_free) char *by = mem_printf("%s%s", history_prefix, c->input->functions);
	struct history_entry entry = { .created = c->input->created, .created_by = by };

	config_copy(out, base);
	*repaired_out = config_repair_history(out);
	for (size_t i = 0; i < c->items.len; i++) {
		const struct change_item *item = &c->items.items[i];

		if (item->is_label)
			config_set_label(out, item->name, item->value);
		else
			config_set_env(out, item->name, item->value);
	}
	config_set_label(out, label_names[LABEL_HASH], hash);
	for (size_t i = 0; i < c->input->diff_id_count; i++)
		config_append(out, &entry, &c->input->diff_ids[i]);
}

/* --- taking back --- */

/* How many layers at the top are ours by the label; 0 when they are not there (any more). */
static size_t count_ours(const struct config *c, const char *layers)
{
	struct slice rest = slice_of(layers), list = rest;
	size_t count = 1, have = config_diff_id_count(c), at;

	for (size_t i = 0; i < list.len; i++)
		count += list.ptr[i] == ',';
	if (!list.len || count > have)
		return 0;
	for (at = have - count; rest.ptr; at++) {
		struct slice part = slice_cut(rest, ',', &rest);
		struct digest d = config_diff_id(c, at);

		if (!slice_eq(part, digest_format(&d).text))
			return 0;
	}
	return count;
}

/* The last `count` history entries with a layer must be ours; an image built on an extended one
 * inherits its labels. */
static bool history_is_ours(const struct config *c, size_t count)
{
	json_t *history = json_object_get(c->doc, "history");
	size_t have = json_array_size(history);

	if (count > have)
		return false;
	for (size_t i = have - count; i < have; i++) {
		const char *by = json_text_member(json_array_get(history, i), "created_by");

		if (!by || !str_has_prefix(by, history_prefix))
			return false;
	}
	return true;
}

static void drop_last(json_t *list, size_t count)
{
	while (count-- && json_array_size(list))
		json_array_remove(list, json_array_size(list) - 1);
}

static void remove_env(struct config *c, const char *name)
{
	json_t *env = config_member(c, "Env"), *item;
	size_t len = strlen(name), i;

	json_array_foreach(env, i, item)
	{
		const char *text = json_string_value(item);

		if (strncmp(text, name, len) == 0 && text[len] == '=') {
			json_array_remove(env, i);
			return;
		}
	}
}

static void take_back(struct config *c, const struct undo *undo, size_t layers)
{
	if (undo->pythonpath)
		config_set_env(c, "PYTHONPATH", undo->pythonpath);
	else
		remove_env(c, "PYTHONPATH");
	for (size_t i = 0; i < ARRAY_LEN(label_names); i++)
		config_set_label(c, label_names[i], NULL);
	if (!undo->env && !json_array_size(config_member(c, "Env")))
		config_set_member(c, "Env", NULL);
	if (!undo->labels && !json_object_size(config_member(c, "Labels")))
		config_set_member(c, "Labels", NULL);
	drop_last(json_object_get(json_object_get(c->doc, "rootfs"), "diff_ids"), layers);
	drop_last(json_object_get(c->doc, "history"), layers);
}

/* The manifest without its last layers and for another configuration; everything else stays. */
static bool remake(struct image *out, const struct image *img, const struct config *config,
		   size_t layers, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *config_raw = NULL, *raw = NULL;
	size_t config_len, len;
	struct digest digest;
	json_t *descriptor;

	if (!json_parse(&doc, img->manifest.raw, img->manifest.raw_len, "manifest", err))
		return false;
	config_raw = config_encode(config, &config_len);
	digest = digest_of(config_raw, config_len);
	descriptor = json_object_get(doc, "config");
	json_object_set_new(descriptor, "digest", json_string(digest_format(&digest).text));
	json_object_set_new(descriptor, "size", json_integer((json_int_t)config_len));
	drop_last(json_object_get(doc, "layers"), layers);
	raw = json_text(doc, &len);
	return image_open(out, raw, len, img->manifest.media_type, config_raw, config_len,
			  img->blobs, err);
}

static bool read_origin(struct change_origin *out, struct undo *undo, const struct config *c,
			struct arena *arena, struct err *err)
{
	const char *digest = config_label(c, label_names[LABEL_BASE_DIGEST]);
	const char *name = config_label(c, label_names[LABEL_BASE_NAME]);
	const char *text = config_label(c, label_names[LABEL_UNDO]);
	AUTO(auto_json_decref) json_t *doc = NULL;

	if (!digest || !name || !text)
		return err_set(err, E_INTEGRITY,
			       "some of the labels " CHANGE_LABEL "* are missing");
	return digest_parse(&out->base_digest, digest, err) &&
	       reference_parse(&out->base_name, name, err) &&
	       json_parse(&doc, text, strlen(text), "label", err) &&
	       json_decode(&undo_type, undo, doc, arena, err);
}

bool change_undo(bool *undone_out, struct image *out, struct change_origin *origin_out,
		 const struct image *img, struct err *err)
{
	const char *format = config_label(&img->config, label_names[LABEL_FORMAT]);
	const char *layers = config_label(&img->config, label_names[LABEL_LAYERS]);
	size_t count = layers ? count_ours(&img->config, layers) : 0;
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(config_free) struct config config = { 0 };
	struct undo undo = { 0 };

	*undone_out = false;
	if (!format || !str_eq(format, format_version) || !count ||
	    count > img->manifest.layer_count || !history_is_ours(&img->config, count))
		return true;
	if (!read_origin(origin_out, &undo, &img->config, &arena, err)) {
		err->code = E_INTEGRITY;
		return err_wrap(err, "labels of an earlier extend");
	}
	config_copy(&config, &img->config);
	take_back(&config, &undo, count);
	if (!remake(out, img, &config, count, err))
		return false;
	*undone_out = true;
	return true;
}
