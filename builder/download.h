// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_DOWNLOAD_H
#define BUILDER_DOWNLOAD_H

#include "builder/spool.h"
#include "net/http.h"

/* ADD URL (facts/dockerfile.md row 21): one GET, redirects followed by net/url.h's rules, the body
 * to a spool file. */
struct download {
	struct spool_range range; /* the bytes, and their hash */
	int fd;
	int64_t modified; /* Last-Modified, seconds; -1: not said */
	char *name;       /* download_name of the URL */
};
void download_free(struct download *d);
/* `checksum` (NULL: none): "sha256:...", E_INTEGRITY when it is another. E_NOT_FOUND, E_AUTH,
 * E_NETWORK by status. */
MUST_CHECK bool download_get(struct download *out, struct http *http, struct spool *s,
			     const char *url, const char *checksum, struct err *err);

/* The answer to a GET, at last with status 200; its body fails past LIMIT_DOWNLOAD. */
MUST_CHECK bool download_open(struct http_reply *out, struct http *http, const char *url,
			      struct err *err);
int64_t download_modified(const struct http_reply *reply); /* Last-Modified; -1: not said */
/* The last part of the URL's path, decoded; "__unnamed__" when it has none that can name a file.
 * The caller frees. */
char *download_name(const char *url);

bool download_is_url(const char *source); /* http:// or https://, and no git repository */
bool download_is_git(const char *source);

#endif
