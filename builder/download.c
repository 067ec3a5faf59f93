// SPDX-License-Identifier: Apache-2.0
#include "builder/download.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "git/location.h"
#include "image/digest.h"
#include "net/retry.h"

/* Files from the web. How requests are made and repeated is net/'s business. */

bool download_is_git(const char *source)
{
	return git_location_is(source, false);
}

bool download_is_url(const char *source)
{
	return (str_has_prefix(source, "http://") || str_has_prefix(source, "https://")) &&
	       !download_is_git(source);
}

void download_free(struct download *d)
{
	auto_close(&d->fd);
	d->fd = -1;
	free(d->name);
	d->name = NULL;
}

/* What cannot be a file's name: BuildKit's name for a URL without one. */
static bool is_no_name(const char *name, size_t len)
{
	return !len || len > LIMIT_COMPONENT || strlen(name) != len || strchr(name, '/') ||
	       str_eq(name, ".") || str_eq(name, "..");
}

char *download_name(const char *url)
{
	const char *path = strstr(url, "://") + 3;
	AUTO(auto_free) char *text = NULL;
	AUTO(auto_free) char *name = NULL;
	size_t len;

	path += strcspn(path, "/?#");
	text = mem_strndup(path, strcspn(path, "?#"));
	for (len = strlen(text); len && text[len - 1] == '/'; len--)
		text[len - 1] = '\0';
	name = mem_strdup(fs_basename(text));
	len = str_urldecode(name);
	return is_no_name(name, len) ? mem_strdup("__unnamed__") : STEAL(name);
}

static bool bad_status(const struct http_reply *reply, const char *shown, struct err *err)
{
	enum err_code code = reply->status == 404 || reply->status == 410   ? E_NOT_FOUND
			     : reply->status == 401 || reply->status == 403 ? E_AUTH
									    : E_NETWORK;

	return err_set(err, code, "GET %s: HTTP %d", shown, reply->status);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool download_open(struct http_reply *reply, struct http *http, const char *text, struct err *err)
{
	AUTO(url_free) struct url url = { 0 };
	bool foreign = false;

	if (!url_parse(&url, text, err))
		return false;
	for (int i = 0; i <= LIMIT_REDIRECTS; i++) {
		AUTO(auto_free) char *shown = url_shown(&url);
		struct http_request req = { .method = "GET", .url = &url, .foreign = foreign };
		const char *location;
		struct url next = { 0 };

		if (!http_send(reply, http, &req, err))
			return false;
		if (reply->status == 200) {
			reply->body = source_capped(reply->body, LIMIT_DOWNLOAD, "LIMIT_DOWNLOAD");
			return true;
		}
		location = http_header(reply, "Location", 0);
		if (!is_redirect(reply->status) || !location) {
			bad_status(reply, shown, err);
			http_reply_free(reply);
			return false;
		}
		if (!url_follow(&next, &url, location, err)) {
			http_reply_free(reply);
			return false;
		}
		http_reply_free(reply);
		url_free(&url);
		url = next;
		foreign = true;
	}
	return err_set(err, E_NETWORK, "%s: more than %d redirects", text, LIMIT_REDIRECTS);
}

int64_t download_modified(const struct http_reply *reply)
{
	const char *text = http_header(reply, "Last-Modified", 0);

	/* an HTTP date as seen from 1970 is its seconds */
	return text ? retry_after(text, 0) : -1;
}

static bool save(struct download *d, struct http_reply *reply, struct err *err)
{
	struct sink_fd file = sink_fd(d->fd);
	struct sink_hash hash;
	bool ok;

	sink_hash_init(&hash, &file.sink);
	ok = source_copy(reply->body, &hash.sink, &d->range.len, err) &&
	     sink_finish(&hash.sink, err);
	if (ok)
		memcpy(d->range.hash, hash.hash, SHA256_SIZE);
	sink_hash_free(&hash);
	d->modified = download_modified(reply);
	return ok;
}

static bool check(const struct download *d, const char *checksum, struct err *err)
{
	struct digest want, have = digest_from_hash(d->range.hash);

	if (!checksum || !*checksum)
		return true;
	if (!digest_parse(&want, checksum, err))
		return err_wrap(err, "--checksum");
	return digest_eq(&want, &have) ||
	       err_set(err, E_INTEGRITY, "it is %s, not %s", digest_format(&have).text, checksum);
}

bool download_get(struct download *out, struct http *http, struct spool *s, const char *url,
		  const char *checksum, struct err *err)
{
	struct http_reply reply = { 0 };
	bool ok;

	*out = (struct download){ .fd = -1, .name = download_name(url) };
	if (!spool_file(&out->fd, s, err) || !download_open(&reply, http, url, err))
		return false;
	out->range.fd = out->fd;
	ok = save(out, &reply, err) && check(out, checksum, err);
	http_reply_free(&reply);
	return ok || err_wrap(err, "%s", url);
}
