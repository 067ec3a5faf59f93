// SPDX-License-Identifier: Apache-2.0
#include "builder/cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/* Keys and records. What goes into a key is decided where the step is done. */

static const char steps_dir[] = "cache/steps";

void cache_key_bytes(struct cache_key *k, const void *data, size_t len)
{
	uint64_t size = len;
	unsigned char prefix[8];

	for (size_t i = 0; i < sizeof(prefix); i++)
		prefix[i] = (unsigned char)(size >> (8 * i));
	sha256_update(&k->state, prefix, sizeof(prefix));
	if (len)
		sha256_update(&k->state, data, len);
}

void cache_key_begin(struct cache_key *k, const char *kind, const struct layer_options *opt)
{
	sha256_init(&k->state);
	cache_key_text(k, "rtbuild step 1");
	cache_key_text(k, kind);
	cache_key_text(k, compressor_id(&opt->compress).text);
	cache_key_number(k, opt->family);
}

void cache_key_text(struct cache_key *k, const char *text)
{
	if (text)
		cache_key_bytes(k, text, strlen(text));
	else
		cache_key_number(k, -1);
}

void cache_key_number(struct cache_key *k, int64_t n)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "#%lld", (long long)n);

	cache_key_bytes(k, text, (size_t)len);
}

void cache_key_list(struct cache_key *k, const char *const *list)
{
	int64_t count = 0;

	for (const char *const *p = list; *p; p++)
		count++;
	cache_key_number(k, count);
	for (const char *const *p = list; *p; p++)
		cache_key_text(k, *p);
}

void cache_key_sorted(struct cache_key *k, const char *const *list)
{
	AUTO(str_list_free) struct str_list sorted = { 0 };

	for (const char *const *p = list; *p; p++)
		str_list_push(&sorted, *p);
	str_list_sort(&sorted);
	cache_key_number(k, (int64_t)sorted.len);
	for (size_t i = 0; i < sorted.len; i++)
		cache_key_text(k, sorted.items[i]);
}

void cache_key_entry(struct cache_key *k, const struct entry *e)
{
	cache_key_number(k, e->kind);
	cache_key_number(k, e->mode);
	cache_key_number(k, e->uid);
	cache_key_number(k, e->gid);
	cache_key_number(k, e->size);
	cache_key_text(k, e->link);
	cache_key_number(k, e->dev_major);
	cache_key_number(k, e->dev_minor);
	cache_key_number(k, (int64_t)e->xattr_count);
	for (size_t i = 0; i < e->xattr_count; i++) {
		cache_key_text(k, e->xattrs[i].name);
		cache_key_bytes(k, e->xattrs[i].value, e->xattrs[i].len);
	}
}

struct digest cache_key_end(struct cache_key *k)
{
	unsigned char hash[SHA256_SIZE];

	sha256_final(&k->state, hash);
	return digest_from_hash(hash);
}

void cache_key_free(struct cache_key *k)
{
	sha256_free(&k->state);
}

struct digest cache_chain(const struct digest *diff_ids, size_t count)
{
	struct cache_key k;

	sha256_init(&k.state);
	cache_key_text(&k, "rtbuild layers 1");
	for (size_t i = 0; i < count; i++)
		cache_key_bytes(&k, diff_ids[i].bytes, sizeof(diff_ids[i].bytes));
	return cache_key_end(&k);
}

struct record {
	struct descriptor descriptor;
	struct digest diff_id;
	int64_t unpacked_size;
	const char *what;
};

static const struct json_field record_fields[] = {
	JSON_REQUIRED(struct record, descriptor, "layer", &descriptor_type),
	JSON_REQUIRED(struct record, diff_id, "diffId", &digest_type),
	JSON_REQUIRED(struct record, unpacked_size, "unpackedSize", &json_type_int),
	JSON_OPTIONAL(struct record, what, "step", &json_type_text),
	{ 0 },
};
static const struct json_type record_type = JSON_OBJECT(struct record, record_fields);

static bool parse_record(struct layer *out, const struct buf *text, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct slice rest = { .ptr = text->ptr, .len = text->len };
	struct record record = { 0 };
	const struct media *media;

	while (slice_has_prefix(rest, "pin "))
		slice_cut(rest, '\n', &rest);
	if (!rest.ptr || !json_parse(&doc, rest.ptr, rest.len, "cache record", err) ||
	    !json_decode(&record_type, &record, doc, &arena, err))
		return false;
	media = media_find(record.descriptor.media_type);
	if (media->kind != MEDIA_LAYER)
		return false;
	*out = (struct layer){ .descriptor = { .media_type = media->text,
					       .digest = record.descriptor.digest,
					       .size = record.descriptor.size },
			       .diff_id = record.diff_id,
			       .unpacked_size = record.unpacked_size };
	return true;
}

bool cache_find(struct layer *out, bool *hit_out, struct store *s, const struct digest *key,
		struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO(auto_close) int dir = -1;
	struct err ignored = { 0 };

	*hit_out = false;
	if (!store_subdir(&dir, s, steps_dir, err))
		return false;
	/* a record that is absent or damaged is no failure: the step is done again */
	if (!fs_read(&text, dir, digest_hex(key).text, LIMIT_CONFIG, FS_BENEATH_NOLINK, &ignored) ||
	    !parse_record(out, &text, &ignored) ||
	    !store_has_blob(s, &out->descriptor.digest, out->descriptor.size))
		return true;
	/* its time of last use, for gc */
	utimensat(dir, digest_hex(key).text, NULL, AT_SYMLINK_NOFOLLOW);
	*hit_out = true;
	return true;
}

bool cache_put(struct store *s, const struct digest *key, const struct layer *layer,
	       const char *what, struct err *err)
{
	struct record record = { .descriptor = layer->descriptor,
				 .diff_id = layer->diff_id,
				 .unpacked_size = layer->unpacked_size };
	AUTO(auto_free) char *shown = str_printable(what, strlen(what), 200);
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *json = NULL;
	AUTO(auto_free) char *text = NULL;

	record.what = shown;
	doc = json_encode(&record_type, &record);
	json = json_text(doc, NULL);
	text = mem_printf("pin %s\n%s\n", digest_format(&layer->descriptor.digest).text, json);
	return store_put_file(s, steps_dir, digest_hex(key).text, text, strlen(text), 0600, err);
}
