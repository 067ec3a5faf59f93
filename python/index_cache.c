// SPDX-License-Identifier: Apache-2.0
#include "python/index_cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "python/downloads.h"

/* A file is one line of JSON, then the body as it was. */

void index_answer_free(struct index_answer *a)
{
	free(a->location);
	free(a->content_type);
	free(a->etag);
	free(a->last_modified);
	buf_free(&a->body);
	*a = (struct index_answer){ 0 };
}

static char *path_of(const char *url)
{
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	sha256_of(hash, url, strlen(url));
	hex_format(hex, hash, sizeof(hash));
	return mem_strdup(hex);
}

static char *copy_member(const json_t *doc, const char *key)
{
	const char *text = json_text_member(doc, key);

	return text ? mem_strdup(text) : NULL;
}

static bool parse(struct index_answer *a, struct slice text, const char *url)
{
	struct slice body;
	struct slice line = slice_cut(text, '\n', &body);
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct err ignored = { 0 };

	if (!body.ptr || !json_parse(&doc, line.ptr, line.len, "answer", &ignored))
		return false;
	a->status = (int)json_integer_value(json_object_get(doc, "status"));
	a->checked = json_integer_value(json_object_get(doc, "checked"));
	a->fresh_s = json_integer_value(json_object_get(doc, "fresh"));
	a->location = copy_member(doc, "location");
	a->content_type = copy_member(doc, "type");
	a->etag = copy_member(doc, "etag");
	a->last_modified = copy_member(doc, "modified");
	if (!json_text_member(doc, "url") || !str_eq(json_text_member(doc, "url"), url) ||
	    !a->location ||
	    json_integer_value(json_object_get(doc, "size")) != (json_int_t)body.len)
		return false;
	buf_put_bytes(&a->body, body.ptr, body.len);
	return true;
}

bool index_cache_read(struct index_answer *out, struct store *s, const char *url)
{
	AUTO(auto_free) char *name = path_of(url);
	AUTO(auto_free) char *path = mem_printf("%s/%s", DOWNLOADS_PAGES, name);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SIMPLE_PAGE + LIMIT_HTTP_HEADERS);
	struct index_answer a = { .body = BUF_INIT(LIMIT_SIMPLE_PAGE) };
	struct err ignored = { 0 };

	if (!fs_read(&text, store_dir(s), path, text.max, FS_BENEATH_NOLINK, &ignored) ||
	    !parse(&a, (struct slice){ text.ptr, text.len }, url)) {
		index_answer_free(&a);
		return false;
	}
	/* gc goes by the time of use */
	utimensat(store_dir(s), path, NULL, AT_SYMLINK_NOFOLLOW);
	*out = a;
	return true;
}

static void put_text(json_t *doc, const char *key, const char *text)
{
	if (text)
		json_object_set_new(doc, key, json_string(text));
}

void index_cache_write(struct store *s, const char *url, const struct index_answer *a)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	AUTO(auto_free) char *line = NULL;
	AUTO(auto_free) char *name = path_of(url);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SIMPLE_PAGE + LIMIT_HTTP_HEADERS);
	struct err ignored = { 0 };

	put_text(doc, "url", url);
	put_text(doc, "location", a->location);
	put_text(doc, "type", a->content_type);
	put_text(doc, "etag", a->etag);
	put_text(doc, "modified", a->last_modified);
	json_object_set_new(doc, "status", json_integer(a->status));
	json_object_set_new(doc, "checked", json_integer(a->checked));
	json_object_set_new(doc, "fresh", json_integer(a->fresh_s));
	json_object_set_new(doc, "size", json_integer((json_int_t)a->body.len));
	line = json_text(doc, NULL);
	buf_put(&text, line);
	buf_put(&text, "\n");
	buf_put_bytes(&text, a->body.ptr, a->body.len);
	if (!store_put_file(s, DOWNLOADS_PAGES, name, text.ptr, text.len, 0600, &ignored))
		return; /* then it is asked for again */
}

bool index_answer_is_fresh(const struct index_answer *a)
{
	int64_t age = clock_wall() - a->checked;

	return age >= 0 && age < a->fresh_s;
}

static char *copy_header(const struct http_reply *reply, const char *name)
{
	const char *value = http_header(reply, name, 0);

	return value ? mem_strdup(value) : NULL;
}

/* Cache-Control (RFC 9111, 5.2.2), as far as a private cache goes by it. */
static bool take_control(struct index_answer *a, const char *control)
{
	struct slice rest = slice_of(control);

	a->fresh_s = 0;
	while (rest.ptr) {
		struct slice item = slice_trim(slice_cut(rest, ',', &rest), " \t");
		uint64_t seconds;

		if (item.len == 8 && strncasecmp(item.ptr, "no-store", 8) == 0)
			return false;
		if (item.len == 8 && strncasecmp(item.ptr, "no-cache", 8) == 0) {
			a->fresh_s = 0;
			return true;
		}
		if (item.len > 8 && strncasecmp(item.ptr, "max-age=", 8) == 0 &&
		    str_to_u64(&seconds, (struct slice){ item.ptr + 8, item.len - 8 }, UINT32_MAX))
			a->fresh_s = (int64_t)seconds;
	}
	if (a->fresh_s > LIMIT_PAGE_FRESH_S)
		a->fresh_s = LIMIT_PAGE_FRESH_S;
	return true;
}

bool index_answer_take_headers(struct index_answer *a, const struct http_reply *reply)
{
	a->checked = clock_wall();
	if (!a->etag || http_header(reply, "ETag", 0)) {
		free(a->etag);
		a->etag = copy_header(reply, "ETag");
	}
	if (!a->last_modified || http_header(reply, "Last-Modified", 0)) {
		free(a->last_modified);
		a->last_modified = copy_header(reply, "Last-Modified");
	}
	return take_control(a, http_header(reply, "Cache-Control", 0));
}
