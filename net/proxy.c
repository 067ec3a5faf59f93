// SPDX-License-Identifier: Apache-2.0
#include "net/proxy.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "base/str.h"

/* Which proxy a URL goes through. libcurl is told the answer and never reads the environment
 * itself. */

static const char *either(const char *lower, const char *upper)
{
	const char *value = env_get(lower);

	return value ? value : env_get(upper);
}

struct proxy_env proxy_env(void)
{
	return (struct proxy_env){
		.http = either("http_proxy", "HTTP_PROXY"),
		.https = either("https_proxy", "HTTPS_PROXY"),
		.all = either("all_proxy", "ALL_PROXY"),
		.none = either("no_proxy", "NO_PROXY"),
	};
}

struct address {
	size_t len; /* 4, 16, or 0 for none */
	unsigned char bytes[16];
};

static struct address address_of(struct slice text)
{
	struct address a = { 0 };
	char bare[64];

	text = slice_trim(text, "[]");
	if (text.len == 0 || text.len >= sizeof(bare))
		return a;
	memcpy(bare, text.ptr, text.len);
	bare[text.len] = '\0';
	if (inet_pton(AF_INET, bare, a.bytes) == 1)
		a.len = 4;
	else if (inet_pton(AF_INET6, bare, a.bytes) == 1)
		a.len = 16;
	return a;
}

static bool in_range(const struct address *a, struct slice range)
{
	struct slice bits_text;
	struct address net = address_of(slice_cut(range, '/', &bits_text));
	uint64_t bits;

	if (net.len == 0 || net.len != a->len || !bits_text.ptr ||
	    !str_to_u64(&bits, bits_text, net.len * 8))
		return false;
	for (size_t i = 0; i < net.len && bits > 0; i++) {
		unsigned take = bits >= 8 ? 8 : (unsigned)bits;
		unsigned char mask = (unsigned char)(0xff << (8 - take));

		if ((net.bytes[i] ^ a->bytes[i]) & mask)
			return false;
		bits -= take;
	}
	return true;
}

/* "host:port" without taking an IPv6 address apart. */
static struct slice cut_port(struct slice entry, struct slice *port)
{
	const char *colon = entry.len ? memrchr(entry.ptr, ':', entry.len) : NULL;
	struct slice host = entry;

	*port = (struct slice){ 0 };
	if (!colon || (memchr(entry.ptr, ':', (size_t)(colon - entry.ptr)) &&
		       (colon == entry.ptr || colon[-1] != ']')))
		return host;
	host.len = (size_t)(colon - entry.ptr);
	*port = (struct slice){ colon + 1, entry.len - host.len - 1 };
	return host;
}

static bool name_covers(struct slice name, const char *host)
{
	size_t host_len = strlen(host);

	if (name.len && name.ptr[0] == '*')
		name = (struct slice){ name.ptr + 1, name.len - 1 };
	if (name.len && name.ptr[0] == '.')
		name = (struct slice){ name.ptr + 1, name.len - 1 };
	if (name.len == 0 || name.len > host_len)
		return false;
	if (strncasecmp(host + host_len - name.len, name.ptr, name.len) != 0)
		return false;
	return name.len == host_len || host[host_len - name.len - 1] == '.';
}

static bool entry_covers(struct slice entry, const struct url *u)
{
	struct address host = address_of(slice_of(u->host)), named;
	struct slice port, name;
	uint64_t number;

	if (slice_eq(entry, "*"))
		return true;
	if (host.len && memchr(entry.ptr, '/', entry.len))
		return in_range(&host, entry);
	name = cut_port(entry, &port);
	if (port.ptr && (!str_to_u64(&number, port, 65535) || number != u->port))
		return false;
	named = address_of(name);
	if (host.len || named.len)
		return host.len == named.len && memcmp(host.bytes, named.bytes, host.len) == 0;
	return name_covers(name, u->host);
}

const char *proxy_for(const struct proxy_env *env, const struct url *u)
{
	const char *own = u->https ? env->https : env->http;
	struct slice rest = slice_of(env->none);

	if (url_reach(u) == URL_LOOPBACK)
		return NULL;
	while (rest.ptr && rest.len) {
		struct slice entry = slice_trim(slice_cut(rest, ',', &rest), " \t");

		if (entry.len && entry_covers(entry, u))
			return NULL;
	}
	return own ? own : env->all;
}
