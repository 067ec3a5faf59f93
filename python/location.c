// SPDX-License-Identifier: Apache-2.0
#include "python/location.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* Kinds of URLs in requirements, by their scheme alone; nothing is opened here. */

static bool has_scheme(const char *text, const char *scheme)
{
	size_t len = strlen(scheme);

	return strncasecmp(text, scheme, len) == 0 && text[len] == ':';
}

bool location_is_remote(const char *text)
{
	return has_scheme(text, "http") || has_scheme(text, "https") || has_scheme(text, "ftp");
}

bool location_is_vcs(const char *text)
{
	static const char *const kinds[] = { "git+", "hg+", "svn+", "bzr+" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strncasecmp(text, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

bool location_is_file(const char *text)
{
	return has_scheme(text, "file");
}

int location_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *location_path(struct arena *a, struct slice url)
{
	char *out = arena_alloc(a, url.len + 1), *at = out;
	struct slice path = url;

	path.ptr += strlen("file:");
	path.len -= strlen("file:");
	if (slice_has_prefix(path, "//")) {
		const char *slash = memchr(path.ptr + 2, '/', path.len - 2);
		struct slice host = { .ptr = path.ptr + 2 };

		if (!slash)
			return NULL;
		host.len = (size_t)(slash - host.ptr);
		if (host.len && !slice_eq(host, "localhost"))
			return NULL;
		path.len -= (size_t)(slash - path.ptr);
		path.ptr = slash;
	}
	for (size_t i = 0; i < path.len; i++) {
		int high = i + 2 < path.len ? location_hex_value(path.ptr[i + 1]) : -1;
		int low = i + 2 < path.len ? location_hex_value(path.ptr[i + 2]) : -1;

		if (path.ptr[i] != '%' || high < 0 || low < 0) {
			*at++ = path.ptr[i];
			continue;
		}
		if (!high && !low)
			return NULL;
		*at++ = (char)(high << 4 | low);
		i += 2;
	}
	return out[0] == '/' ? out : NULL;
}

void location_mask(char *text)
{
	char *at = text;

	while ((at = strstr(at, "://"))) {
		char *host = at + 3;
		size_t len = strcspn(host, "/?# \t\"'");
		char *end = memrchr(host, '@', len);

		while (end && host < end)
			*host++ = '*';
		at += 3 + strcspn(at + 3, "?# \t\"'");
		if (*at == '?')
			for (at++; *at && !strchr("# \t\"'", *at); at++)
				*at = '*';
	}
}

static bool ends_with(const char *text, const char *end, const char *suffix)
{
	size_t len = strlen(suffix);

	return (size_t)(end - text) >= len && memcmp(end - len, suffix, len) == 0;
}

bool location_has_password(const char *text)
{
	for (const char *at = strstr(text, "://"); at; at = strstr(at + 3, "://")) {
		size_t len = strcspn(at + 3, "/?# \t");
		const char *user_end = memchr(at + 3, '@', len);

		if (user_end && (memchr(at + 3, ':', (size_t)(user_end - at - 3)) ||
				 ends_with(text, at, "http") || ends_with(text, at, "https")))
			return true;
	}
	return false;
}

bool location_refuse_build(const char *what, const char *text, struct err *err)
{
	AUTO(auto_free) char *shown = mem_strdup(text);

	location_mask(shown);
	err_set(err, E_UNSUPPORTED, "'%s' is %s: rtbuild installs wheels and builds nothing", shown,
		what);
	return err_hint(err, "make a wheel of it (pip wheel) and give its folder by --find-links");
}

bool location_refuse_remote(const char *text, struct err *err)
{
	/* a query may hold a signature */
	AUTO(auto_free) char *shown = mem_strndup(text, strcspn(text, "?#"));

	location_mask(shown);
	err_set(err, E_UNSUPPORTED, "'%s' is not fetched", shown);
	return err_hint(err, "download the wheel and give its folder by --find-links");
}
