// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

/*
 * Taking URLs apart and joining them, and telling near hosts from far ones. Nothing is resolved or
 * connected here.
 */

enum { PORT_HTTP = 80, PORT_HTTPS = 443 };

void url_free(struct url *u)
{
	free(u->target);
	u->target = NULL;
}

void url_copy(struct url *out, const struct url *from)
{
	*out = *from;
	out->target = mem_strdup(from->target);
}

/* Everything a request line or a log could be tricked with is refused, not repaired. */
static bool check_bytes(const char *text, struct err *err)
{
	size_t len = strlen(text);

	if (len > LIMIT_URL)
		return err_set(err, E_INPUT, "URL of %zu bytes (limit %d)", len, LIMIT_URL);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > ' ' && c < 0x7f && c != '\\')
			continue;
		return err_set(err, E_INPUT, "URL has byte 0x%02x at position %zu", c, i);
	}
	return true;
}

static bool all_of(struct slice s, const char *set)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr(set, s.ptr[i]))
			return false;
	return s.len > 0;
}

/*
 * A last label that is a number makes the whole host an address to every resolver, in forms like
 * 127.1 and 0x7f000001 too: only the canonical form is let through, so that the reach of a host can
 * be told.
 */
static bool last_label_is_number(const char *host)
{
	const char *dot = strrchr(host, '.');
	struct slice label = slice_of(dot ? dot + 1 : host);

	if (all_of(label, "0123456789"))
		return true;
	return slice_has_prefix(label, "0x") &&
	       (label.len == 2 || all_of(slice_of(label.ptr + 2), "0123456789abcdef"));
}

static bool check_host(const char *host, struct err *err)
{
	struct in_addr v4;
	struct slice rest = slice_of(host);

	if (last_label_is_number(host)) {
		if (inet_pton(AF_INET, host, &v4) != 1)
			return err_set(err, E_INPUT, "'%s' is not a canonical IPv4 address", host);
		return true;
	}
	while (rest.ptr) {
		struct slice label = slice_cut(rest, '.', &rest);

		if (label.len == 0 || label.len > 63 ||
		    !all_of(label, "abcdefghijklmnopqrstuvwxyz0123456789-_"))
			return err_set(err, E_INPUT, "'%s' is not a host name", host);
	}
	return true;
}

/* "[::1]" with the brackets; zone ids are local business and refused. */
static bool check_host6(const char *host, struct err *err)
{
	char bare[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	size_t len = strlen(host);

	if (len >= 4 && len - 2 < sizeof(bare)) {
		memcpy(bare, host + 1, len - 2);
		bare[len - 2] = '\0';
		if (inet_pton(AF_INET6, bare, &v6) == 1)
			return true;
	}
	return err_set(err, E_INPUT, "'%s' is not an IPv6 address", host);
}

static bool parse_authority(struct url *out, struct slice authority, struct err *err)
{
	struct slice host = authority, port = { 0 };
	uint64_t number;

	if (memchr(authority.ptr, '@', authority.len))
		return err_set(err, E_INPUT, "URL contains a user name or password");
	if (authority.len && authority.ptr[0] == '[') {
		const char *close = memchr(authority.ptr, ']', authority.len);

		if (!close)
			return err_set(err, E_INPUT, "URL has '[' without ']'");
		host.len = (size_t)(close - authority.ptr) + 1;
		port.ptr = close + 1;
		port.len = authority.len - host.len;
		if (port.len && port.ptr[0] != ':')
			return err_set(err, E_INPUT, "URL has text behind ']'");
		port = port.len ? (struct slice){ port.ptr + 1, port.len - 1 }
				: (struct slice){ 0 };
	} else {
		host = slice_cut(authority, ':', &port);
	}
	if (host.len == 0 || host.len >= sizeof(out->host))
		return err_set(err, E_INPUT, "URL has a host name of %zu bytes", host.len);
	for (size_t i = 0; i < host.len; i++)
		out->host[i] = (char)tolower((unsigned char)host.ptr[i]);
	out->host[host.len] = '\0';
	out->port = out->https ? PORT_HTTPS : PORT_HTTP;
	if (port.ptr && port.len) {
		if (!str_to_u64(&number, port, 65535) || number == 0)
			return err_set(err, E_INPUT, "URL has the port '" SLICE_FMT "'",
				       SLICE_ARG(port));
		out->port = (uint16_t)number;
	}
	return out->host[0] == '[' ? check_host6(out->host, err) : check_host(out->host, err);
}

/* The part behind "scheme:": "//authority/path?query#fragment". */
static bool parse_hier(struct url *out, const char *text, struct err *err)
{
	size_t authority, target;

	text += 2;
	authority = strcspn(text, "/?#");
	if (!parse_authority(out, (struct slice){ text, authority }, err))
		return false;
	text += authority;
	target = strcspn(text, "#");
	out->target = mem_printf("%s%.*s", text[0] == '/' ? "" : "/", (int)target, text);
	return true;
}

bool url_parse(struct url *out, const char *text, struct err *err)
{
	struct url u = { 0 };

	if (!check_bytes(text, err))
		return false;
	if (strncasecmp(text, "https://", 8) == 0)
		u.https = true;
	else if (strncasecmp(text, "http://", 7) != 0)
		return err_set(err, E_INPUT, "not an http or https URL");
	if (!parse_hier(&u, strchr(text, ':') + 1, err))
		return false;
	*out = u;
	return true;
}

/* RFC 3986, 5.2.4, on the path alone; what is behind '?' stays. */
static char *remove_dot_segments(const char *target)
{
	size_t path_len = strcspn(target, "?");
	struct buf out = BUF_INIT(LIMIT_URL * 3);
	struct slice rest = { target + 1, path_len - 1 };

	while (rest.ptr) {
		struct slice segment = slice_cut(rest, '/', &rest);
		bool dots = slice_eq(segment, ".") || slice_eq(segment, "..");

		if (slice_eq(segment, "..")) {
			char *slash = out.len ? memrchr(out.ptr, '/', out.len) : NULL;

			out.len = slash ? (size_t)(slash - out.ptr) : 0;
		}
		if (dots && rest.ptr)
			continue;
		buf_put(&out, "/");
		if (!dots)
			buf_put_bytes(&out, segment.ptr, segment.len);
	}
	buf_put(&out, target + path_len);
	return buf_steal(&out);
}

static bool has_scheme(const char *text)
{
	size_t len = strcspn(text, ":/?#");

	return len > 0 && text[len] == ':';
}

bool url_resolve(struct url *out, const struct url *base, const char *reference, struct err *err)
{
	struct url u = { .https = base->https, .port = base->port };
	AUTO(auto_free) char *merged = NULL;
	size_t keep, len = strcspn(reference, "#");

	if (has_scheme(reference))
		return url_parse(out, reference, err);
	if (!check_bytes(reference, err))
		return false;
	if (str_has_prefix(reference, "//")) {
		if (!parse_hier(&u, reference, err))
			return false;
		*out = u;
		return true;
	}
	memcpy(u.host, base->host, sizeof(u.host));
	keep = strcspn(base->target, "?");
	if (len == 0) {
		u.target = mem_strdup(base->target);
	} else if (reference[0] == '/') {
		u.target = mem_strndup(reference, len);
	} else if (reference[0] == '?') {
		u.target = mem_printf("%.*s%.*s", (int)keep, base->target, (int)len, reference);
	} else {
		while (base->target[keep - 1] != '/')
			keep--;
		merged = mem_printf("%.*s%.*s", (int)keep, base->target, (int)len, reference);
		u.target = remove_dot_segments(merged);
	}
	if (strlen(u.target) > LIMIT_URL) { /* relative ones could make each other ever longer */
		url_free(&u);
		return err_set(err, E_INPUT, "URL beyond %d bytes", LIMIT_URL);
	}
	*out = u;
	return true;
}

static bool default_port(const struct url *u)
{
	return u->port == (u->https ? PORT_HTTPS : PORT_HTTP);
}

char *url_authority(const struct url *u)
{
	return default_port(u) ? mem_strdup(u->host) : mem_printf("%s:%u", u->host, u->port);
}

static char *format(const struct url *u, size_t target_len)
{
	AUTO(auto_free) char *authority = url_authority(u);

	return mem_printf("%s://%s%.*s", u->https ? "https" : "http", authority, (int)target_len,
			  u->target);
}

char *url_text(const struct url *u)
{
	return format(u, strlen(u->target));
}

char *url_shown(const struct url *u)
{
	return format(u, strcspn(u->target, "?"));
}

void url_add_query(struct url *u, const char *name, const char *value)
{
	struct buf out = BUF_INIT(SIZE_MAX);
	const char *query = strchr(u->target, '?');

	buf_put(&out, u->target);
	if (!query)
		buf_put(&out, "?");
	else if (query[1] && !str_has_suffix(query, "&"))
		buf_put(&out, "&");
	buf_put(&out, name);
	buf_put(&out, "=");
	buf_put_urlencoded(&out, value);
	free(u->target);
	u->target = buf_steal(&out);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port && str_eq(a->host, b->host);
}

static enum url_reach reach_v4(const unsigned char b[4])
{
	if (b[0] == 127 || b[0] == 0)
		return URL_LOOPBACK;
	if (b[0] == 169 && b[1] == 254)
		return URL_LINK_LOCAL;
	if (b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	    (b[0] == 100 && (b[1] & 0xc0) == 64))
		return URL_PRIVATE;
	return URL_PUBLIC;
}

static enum url_reach reach_v6(const struct in6_addr *a)
{
	static const unsigned char nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	if (IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a))
		return URL_LOOPBACK;
	if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a) ||
	    memcmp(a->s6_addr, nat64, sizeof(nat64)) == 0)
		return reach_v4(a->s6_addr + 12);
	if (IN6_IS_ADDR_LINKLOCAL(a))
		return URL_LINK_LOCAL;
	return (a->s6_addr[0] & 0xfe) == 0xfc ? URL_PRIVATE : URL_PUBLIC;
}

/* Fills one of the two: 4, 6, or 0 for a name. */
static int address_of(const struct url *u, struct in_addr *v4, struct in6_addr *v6)
{
	char bare[sizeof(u->host)];
	size_t len = strlen(u->host);

	if (inet_pton(AF_INET, u->host, v4) == 1)
		return 4;
	if (len < 2 || u->host[0] != '[')
		return 0;
	memcpy(bare, u->host + 1, len - 2);
	bare[len - 2] = '\0';
	return inet_pton(AF_INET6, bare, v6) == 1 ? 6 : 0;
}

enum url_reach url_reach(const struct url *u)
{
	struct in_addr v4;
	struct in6_addr v6;
	int family = address_of(u, &v4, &v6);
	unsigned char bytes[4];

	if (family == 6)
		return reach_v6(&v6);
	if (family == 4) {
		memcpy(bytes, &v4, sizeof(bytes));
		return reach_v4(bytes);
	}
	return str_eq(u->host, "localhost") || str_has_suffix(u->host, ".localhost") ? URL_LOOPBACK
										     : URL_PUBLIC;
}

bool url_is_address(const struct url *u)
{
	struct in_addr v4;
	struct in6_addr v6;

	return address_of(u, &v4, &v6) != 0;
}

/* A name may stand for a private host, so only a public address is known to have no business there.
 */
static bool leads_nearer(const struct url *from, const struct url *to)
{
	enum url_reach near = url_reach(to), far = url_reach(from);

	if (near <= far || str_eq(to->host, from->host))
		return false;
	return near > URL_PRIVATE || url_is_address(from);
}

bool url_follow(struct url *out, const struct url *from, const char *location, struct err *err)
{
	struct url to = { 0 };
	struct err why = { 0 };

	if (!url_resolve(&to, from, location, &why))
		return err_set(err, E_NETWORK, "%s sent us to a broken location: %s", from->host,
			       why.msg);
	if (from->https && !to.https)
		err_set(&why, E_NETWORK, "%s sent us from https to plain http", from->host);
	else if (leads_nearer(from, &to))
		err_set(&why, E_NETWORK, "%s sent us to the local address %s", from->host, to.host);
	if (why.code) {
		url_free(&to);
		*err = why;
		return false;
	}
	*out = to;
	return true;
}
