// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/lookup.h"
#include "extend/change.h"
#include "image/image.h"

/* rtbuild inspect: what an image is, as a page or as JSON. */

struct inspect_args {
	const char *image, *platform;
	bool raw, config;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",                     struct inspect_args, image,    "a name of the store, else of a registry (docker://NAME: in any case), oci:DIR, oci-archive:FILE, docker-archive:FILE"),
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
		json_object_set_new(item, "annotations",
				    json_type_pairs.encode(&json_type_pairs, &d->annotations));
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

/* What an index lists, images and attestations alike. */
static json_t *index_json(const struct index *x)
{
	json_t *list = json_array();

	for (size_t i = 0; i < x->manifest_count; i++) {
		const struct descriptor *d = &x->manifests[i];
		json_t *item = json_object();

		json_object_set_new(item, "mediaType", json_string(d->media_type));
		json_object_set_new(item, "digest", json_string(digest_format(&d->digest).text));
		json_object_set_new(item, "size", json_integer(d->size));
		if (d->platform.os[0])
			json_object_set_new(item, "platform",
					    json_string(platform_format(&d->platform).text));
		json_object_set_new(item, "image", json_boolean(index_entry_is_image(d)));
		json_array_append_new(list, item);
	}
	return list;
}

/* By the labels that extend leaves; NULL: nothing was baked. */
static json_t *baked_json(const struct image *img)
{
	static const char *const keys[] = { "module", "function", "base.name", "base.digest" };
	json_t *doc = json_object();

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		AUTO(auto_free) char *label = mem_printf("%s%s", CHANGE_LABEL, keys[i]);
		const char *value = config_label(&img->config, label);

		if (value)
			json_object_set_new(doc, keys[i], json_string(value));
	}
	if (json_object_size(doc))
		return doc;
	json_decref(doc);
	return NULL;
}

static json_t *image_json(const struct image *img, const char *name)
{
	struct platform platform = image_platform(img);
	json_t *doc = json_object();

	json_object_set_new(doc, "reference", json_string(name));
	json_object_set_new(doc, "digest", json_string(digest_format(&img->manifest.digest).text));
	json_object_set_new(doc, "mediaType", json_string(img->manifest.media_type));
	if (img->manifest.artifact_type)
		json_object_set_new(doc, "artifactType", json_string(img->manifest.artifact_type));
	if (platform.os[0])
		json_object_set_new(doc, "platform", json_string(platform_format(&platform).text));
	json_object_set_new(doc, "size", json_integer(total_size(img)));
	json_object_set_new(doc, "layers", layers_json(img));
	json_object_set_new(doc, "annotations",
			    json_type_pairs.encode(&json_type_pairs, &img->manifest.annotations));
	json_object_set(doc, "config", json_object_get(img->config.doc, "config"));
	json_object_set(doc, "created", json_object_get(img->config.doc, "created"));
	json_object_set(doc, "history", json_object_get(img->config.doc, "history"));
	json_object_set_new(doc, "baked", baked_json(img));
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

static void put_baked(struct buf *out, const struct image *img)
{
	AUTO(auto_json_decref) json_t *baked = baked_json(img);
	const char *module = json_text_member(baked, "module");
	const char *function = json_text_member(baked, "function");
	const char *base = json_text_member(baked, "base.name");
	const char *digest = json_text_member(baked, "base.digest");
	AUTO(auto_free) char *text = NULL;
	AUTO(auto_free) char *safe = NULL;

	if (!baked)
		return;
	text = mem_printf("%s:%s on %s%s%s", module ? module : "?", function ? function : "?",
			  base ? base : "?", digest ? "@" : "", digest ? digest : "");
	safe = str_printable(text, strlen(text), 1000);
	buf_putf(out, "%-12s %s\n", "baked", safe);
}

static void put_index(struct buf *out, const struct index *x, const char *name)
{
	buf_putf(out, "%-12s %s\n", "index", name);
	buf_putf(out, "%-12s %s\n", "digest", digest_format(&x->digest).text);
	buf_putf(out, "%-12s %s\n", "type", x->media_type);
	for (size_t i = 0; i < x->manifest_count; i++) {
		const struct descriptor *d = &x->manifests[i];

		buf_putf(out, "%-12s %s  %s%s\n", i ? "" : "holds", digest_format(&d->digest).text,
			 d->platform.os[0] ? platform_format(&d->platform).text : "no platform",
			 index_entry_is_image(d) ? "" : "  (no image)");
	}
}

static const char *pair_of(const struct json_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->len; i++)
		if (str_eq(pairs->items[i].key, key))
			return pairs->items[i].value;
	return NULL;
}

/* Of an artifact what is in it matters, and the file it was made of, as ORAS notes it. */
static void put_layer(struct buf *out, const char *key, const struct descriptor *d)
{
	const struct media *media = media_find(d->media_type);
	const char *title = pair_of(&d->annotations, "org.opencontainers.image.title");
	AUTO(auto_free)
	char *what = media->kind == MEDIA_LAYER ? mem_strdup(compression_name(media->compression))
						: mem_printf("%s%s%s", d->media_type,
							     title ? "  " : "", title ? title : "");
	AUTO(auto_free) char *safe = str_printable(what, strlen(what), 1000);

	buf_putf(out, "%-12s %s %9s  %s\n", key, digest_format(&d->digest).text,
		 str_format_size((uint64_t)d->size).text, safe);
}

static void put_annotations(struct buf *out, const struct manifest *m)
{
	AUTO(auto_json_decref)
	json_t *pairs = json_type_pairs.encode(&json_type_pairs, &m->annotations);

	put_value(out, "annotations", pairs);
}

static void put_text(struct buf *out, const char *key, const char *text)
{
	AUTO(auto_free) char *safe = str_printable(text, strlen(text), 1000);

	buf_putf(out, "%-12s %s\n", key, safe);
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
	if (img->manifest.artifact_type)
		put_text(out, "artifact", img->manifest.artifact_type);
	if (platform.os[0])
		put_text(out, "platform", platform_format(&platform).text);
	put_value(out, "created", json_object_get(img->config.doc, "created"));
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		put_value(out, members[i].title, config_member(&img->config, members[i].key));
	put_baked(out, img);
	put_annotations(out, &img->manifest);
	for (size_t i = 0; i < img->manifest.layer_count; i++)
		put_layer(out, i ? "" : "layers", &img->manifest.layers[i]);
	buf_putf(out, "%-12s %s", "size", str_format_size((uint64_t)total_size(img)).text);
}

/* What was asked for, as far as it could be found. */
struct found {
	struct registry_document doc; /* of one image; or the index when there is none for it */
	struct arena arena;
	struct index index; /* manifest_count 0: there was none */
	bool has_image;
	struct image image;
};

static void found_free(struct found *f)
{
	registry_document_free(&f->doc);
	arena_free(&f->arena);
	if (f->has_image)
		image_free(&f->image);
}

static bool open_image(struct found *f, struct reader *from, struct err *err)
{
	AUTO(buf_free) struct buf config = BUF_INIT(LIMIT_CONFIG);
	AUTO(auto_source_close) struct source *source = NULL;
	struct sink_buf sink = sink_buf(&config);
	struct manifest m;

	if (!manifest_parse(&m, f->doc.raw, f->doc.len, f->doc.content_type, &f->arena, err))
		return false;
	if (m.config.size > LIMIT_CONFIG)
		return err_set(err, E_INTEGRITY, "the configuration has %lld bytes, %d are allowed",
			       (long long)m.config.size, LIMIT_CONFIG);
	f->has_image = from->blobs->open(from->blobs, &source, &m.config, err) &&
		       source_copy(source, &sink.sink, NULL, err) &&
		       image_open(&f->image, f->doc.raw, f->doc.len, f->doc.content_type,
				  config.ptr, config.len, from->blobs, err);
	return f->has_image;
}

static bool find(struct found *f, struct session *s, struct reader *from,
		 const struct inspect_args *args, struct err *err)
{
	enum media_kind kind;
	struct err why = { 0 };

	if (!from->root(from, &f->doc, err) ||
	    !manifest_sniff(&kind, f->doc.raw, f->doc.len, f->doc.content_type, err))
		return false;
	if (kind == MEDIA_INDEX &&
	    !index_parse(&f->index, f->doc.raw, f->doc.len, f->doc.content_type, &f->arena, err))
		return false;
	if (lookup_platform(&f->doc, from, args->platform, s, &why))
		return open_image(f, from, err);
	/* An index without an image for this machine is still worth a look. */
	if (why.code == E_NOT_FOUND && f->index.manifest_count && !args->platform && !args->raw &&
	    !args->config)
		return true;
	*err = why;
	return false;
}

static json_t *document(const struct found *f, const char *name)
{
	json_t *doc = f->has_image ? image_json(&f->image, name) : json_object();

	if (!f->has_image)
		json_object_set_new(doc, "reference", json_string(name));
	if (!f->index.manifest_count)
		return doc;
	json_object_set_new(doc, "index", json_string(digest_format(&f->index.digest).text));
	json_object_set_new(doc, "manifests", index_json(&f->index));
	return doc;
}

static bool print(struct session *s, const struct found *f, const char *name, struct err *err)
{
	AUTO(buf_free) struct buf page = BUF_INIT((size_t)1 << 28);
	AUTO(auto_json_decref) json_t *doc = NULL;

	if (s->options.json) {
		doc = document(f, name);
		return session_print_json(doc, err);
	}
	if (f->index.manifest_count)
		put_index(&page, &f->index, name);
	if (f->has_image)
		put_page(&page, &f->image, name);
	else
		page.ptr[page.len - 1] = '\0'; /* session_print ends the line */
	return session_print(page.ptr, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct inspect_args *args = arg;
	AUTO(place_free) struct place place = { 0 };
	AUTO(auto_reader_close) struct reader *from = NULL;
	AUTO(found_free) struct found f = { 0 };
	AUTO(auto_free) char *name = NULL;

	if (args->raw && args->config)
		return err_set(err, E_USAGE,
			       "--raw is the manifest, --config the config: one of them");
	if (!lookup_open(&from, &place, s, args->image, true, err) || !find(&f, s, from, args, err))
		return false;
	if (args->raw)
		return session_print_raw(f.image.manifest.raw, f.image.manifest.raw_len, err);
	if (args->config)
		return session_print_raw(f.image.config_raw, f.image.config_raw_len, err);
	if (place.kind <= PLACE_STORE)
		reference_default_tag(&place.reference);
	name = place.kind <= PLACE_STORE ? mem_strdup(reference_familiar(&place.reference).text)
					 : place_text(&place);
	return print(s, &f, name, err);
}

const struct cmd cmd_inspect = {
	.name = "inspect",
	.summary = "show an image: platforms, layers, config, labels, what was baked",
	.example = "  rtbuild inspect me/rt:1\n"
		   "  rtbuild inspect --platform linux/arm64 --json docker://python:3.11-slim",
	.opts = opts,
	.args_size = sizeof(struct inspect_args),
	.run = run,
};
