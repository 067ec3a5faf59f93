// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/find.h"

/* rtbuild inspect: what an image is, as a page or as JSON. */

struct inspect_args {
	const char *image, *platform;
	bool raw, config;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",                     struct inspect_args, image,    "a name of the store, or of a registry"),
	OPT_TEXT(0,   "platform", "OS/ARCH", struct inspect_args, platform, "which image of an index (default: this machine's)"),
	OPT_FLAG(0,   "raw",                 struct inspect_args, raw,      "the manifest, byte for byte"),
	OPT_FLAG(0,   "config",              struct inspect_args, config,   "the config, byte for byte"),
	OPT_END
};
/* clang-format on */

static json_t *layers_json(const struct image *img)
{
	json_t *list = json_array();

	for (size_t i = 0; i < img->manifest.layer_count; i++) {
		const struct descriptor *d = &img->manifest.layers[i];
		json_t *item = json_object();

		json_object_set_new(item, "mediaType", json_string(d->media_type));
		json_object_set_new(item, "digest", json_string(digest_format(&d->digest).text));
		json_object_set_new(item, "size", json_integer(d->size));
		if (i < config_diff_id_count(&img->config)) {
			struct digest id = config_diff_id(&img->config, i);

			json_object_set_new(item, "diffId", json_string(digest_format(&id).text));
		}
		json_array_append_new(list, item);
	}
	return list;
}

static int64_t total_size(const struct image *img)
{
	int64_t size = 0;

	for (size_t i = 0; i < img->manifest.layer_count; i++)
		size += img->manifest.layers[i].size;
	return size;
}

static json_t *document(const struct image *img, const char *name)
{
	struct platform platform = image_platform(img);
	json_t *doc = json_object();

	json_object_set_new(doc, "reference", json_string(name));
	json_object_set_new(doc, "digest", json_string(digest_format(&img->manifest.digest).text));
	json_object_set_new(doc, "mediaType", json_string(img->manifest.media_type));
	json_object_set_new(doc, "platform", json_string(platform_format(&platform).text));
	json_object_set_new(doc, "size", json_integer(total_size(img)));
	json_object_set_new(doc, "layers", layers_json(img));
	json_object_set_new(doc, "annotations",
			    json_type_pairs.encode(&json_type_pairs, &img->manifest.annotations));
	json_object_set(doc, "config", json_object_get(img->config.doc, "config"));
	json_object_set(doc, "created", json_object_get(img->config.doc, "created"));
	json_object_set(doc, "history", json_object_get(img->config.doc, "history"));
	return doc;
}

/* "  key        value": one value, or each of a list or object on a line of its own. */
static void put_value(struct buf *out, const char *key, const json_t *value)
{
	const char *name;
	json_t *item;
	size_t i;

	if (json_is_string(value)) {
		const char *text = json_string_value(value);
		AUTO(auto_free) char *safe = str_printable(text, strlen(text), 1000);

		buf_putf(out, "%-12s %s\n", key, safe);
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, item) put_value(out, i ? "" : key, item);
	} else if (json_is_object(value)) {
		bool first = true;
		json_object_foreach((json_t *)(uintptr_t)value, name, item)
		{
			const char *text = json_is_string(item) ? json_string_value(item) : "";
			AUTO(auto_free)
			char *pair = mem_printf("%s%s%s", name, *text ? "=" : "", text);
			AUTO(auto_free) char *safe = str_printable(pair, strlen(pair), 1000);

			buf_putf(out, "%-12s %s\n", first ? key : "", safe);
			first = false;
		}
	}
}

static void put_page(struct buf *out, const struct image *img, const char *name)
{
	static const struct {
		const char *title, *key;
	} members[] = {
		{ "entrypoint", "Entrypoint" },
		{ "cmd", "Cmd" },
		{ "workdir", "WorkingDir" },
		{ "user", "User" },
		{ "env", "Env" },
		{ "ports", "ExposedPorts" },
		{ "volumes", "Volumes" },
		{ "stop signal", "StopSignal" },
		{ "labels", "Labels" },
	};
	struct platform platform = image_platform(img);

	buf_putf(out, "%-12s %s\n", "name", name);
	buf_putf(out, "%-12s %s\n", "digest", digest_format(&img->manifest.digest).text);
	buf_putf(out, "%-12s %s\n", "type", img->manifest.media_type);
	buf_putf(out, "%-12s %s\n", "platform", platform_format(&platform).text);
	put_value(out, "created", json_object_get(img->config.doc, "created"));
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		put_value(out, members[i].title, config_member(&img->config, members[i].key));
	for (size_t i = 0; i < img->manifest.layer_count; i++) {
		const struct descriptor *d = &img->manifest.layers[i];

		buf_putf(out, "%-12s %s %9s  %s\n", i ? "" : "layers",
			 digest_format(&d->digest).text, str_format_size((uint64_t)d->size).text,
			 compression_name(media_find(d->media_type)->compression));
	}
	buf_putf(out, "%-12s %s", "size", str_format_size((uint64_t)total_size(img)).text);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct inspect_args *args = arg;
	AUTO(image_free) struct image img = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(buf_free) struct buf page = BUF_INIT((size_t)1 << 28);
	struct reference ref;

	if (!reference_parse(&ref, args->image, err) ||
	    !find_image(&img, s, args->image, args->platform, err))
		return false;
	reference_default_tag(&ref);
	if (args->raw)
		return session_print_raw(img.manifest.raw, img.manifest.raw_len, err);
	if (args->config)
		return session_print_raw(img.config_raw, img.config_raw_len, err);
	if (s->options.json) {
		doc = document(&img, reference_familiar(&ref).text);
		return session_print_json(doc, err);
	}
	put_page(&page, &img, reference_familiar(&ref).text);
	return session_print(page.ptr, err);
}

const struct cmd cmd_inspect = {
	.name = "inspect",
	.summary = "show an image: config, layers, labels",
	.opts = opts,
	.args_size = sizeof(struct inspect_args),
	.run = run,
};
