// SPDX-License-Identifier: Apache-2.0
#include "python/index_credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"

/* Where credentials of package indexes come from. When they are sent is index_client.c's. */

struct given {
	struct url url;
	char *header;
};

struct index_credentials {
	struct {
		struct given *items;
		size_t len, cap;
	} given;
	struct lock lock; /* of netrc's text, which is read when it is first needed */
	bool has_netrc;
	struct buf netrc;
};

void index_credential_free(char **header)
{
	if (*header)
		explicit_bzero(*header, strlen(*header));
	free(*header);
	*header = NULL;
}

struct index_credentials *index_credentials_open(void)
{
	struct index_credentials *c = mem_alloc(sizeof(*c));

	lock_init(&c->lock);
	c->netrc = (struct buf)BUF_INIT(LIMIT_NETRC);
	return c;
}

void index_credentials_close(struct index_credentials *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->given.len; i++) {
		url_free(&c->given.items[i].url);
		index_credential_free(&c->given.items[i].header);
	}
	free(c->given.items);
	explicit_bzero(c->netrc.ptr, c->netrc.len);
	buf_free(&c->netrc);
	lock_free(&c->lock);
	free(c);
}

static char *basic(const char *user, const char *password)
{
	AUTO(index_credential_free) char *pair = mem_printf("%s:%s", user, password);
	AUTO(index_credential_free) char *encoded = str_base64_encode(pair, strlen(pair));

	return mem_printf("Basic %s", encoded);
}

/* "user:password" as it stands in a URL, percent-encoded. */
static char *basic_of_userinfo(struct slice info)
{
	struct slice rest;
	struct slice first = slice_cut(info, ':', &rest);
	AUTO(index_credential_free) char *user = mem_strndup(first.ptr, first.len);
	AUTO(index_credential_free)
	char *password = mem_strndup(rest.ptr ? rest.ptr : "", rest.len);

	str_urldecode(user);
	str_urldecode(password);
	return basic(user, password);
}

bool index_credentials_take(struct url *out, struct index_credentials *c, const char *text,
			    struct err *err)
{
	const char *mark = strstr(text, "://");
	const char *host = mark ? mark + 3 : text;
	const char *at = memrchr(host, '@', strcspn(host, "/?#"));
	AUTO(index_credential_free) char *plain = NULL;
	struct given *given;

	if (!at)
		return url_parse(out, text, err);
	plain = mem_printf("%.*s%s", (int)(host - text), text, at + 1);
	if (!url_parse(out, plain, err))
		return false;
	given = ARRAY_PUSH(&c->given);
	url_copy(&given->url, out);
	given->header = basic_of_userinfo((struct slice){ host, (size_t)(at - host) });
	return true;
}

/* The next word; netrc's "macdef" lines up to an empty one are passed over. */
static struct slice next_word(struct slice *rest)
{
	static const char blanks[] = " \t\r\n";
	struct slice word = { 0 };

	if (!rest->ptr)
		return word;
	while (rest->len && strchr(blanks, rest->ptr[0]) && rest->ptr[0])
		*rest = (struct slice){ rest->ptr + 1, rest->len - 1 };
	word = (struct slice){ rest->ptr, 0 };
	while (word.len < rest->len && !(word.ptr[word.len] && strchr(blanks, word.ptr[word.len])))
		word.len++;
	*rest = (struct slice){ rest->ptr + word.len, rest->len - word.len };
	return word;
}

static void skip_macro(struct slice *rest)
{
	const char *end = rest->len ? memmem(rest->ptr, rest->len, "\n\n", 2) : NULL;
	size_t len = end ? (size_t)(end - rest->ptr) : rest->len;

	*rest = (struct slice){ rest->ptr + len, rest->len - len };
}

static void replace(char **text, struct slice value)
{
	index_credential_free(text);
	*text = mem_strndup(value.ptr, value.len);
}

void netrc_find(char **user_out, char **password_out, struct slice text, const char *host)
{
	bool applies = false, done = false;

	*user_out = *password_out = NULL;
	for (struct slice word = next_word(&text); word.len; word = next_word(&text)) {
		bool begins = slice_eq(word, "machine") || slice_eq(word, "default");

		done = done || (begins && applies);
		if (done)
			break;
		if (slice_eq(word, "machine"))
			applies = slice_eq(next_word(&text), host);
		else if (slice_eq(word, "default"))
			applies = true;
		else if (slice_eq(word, "macdef"))
			skip_macro(&text);
		else if (word.ptr[0] == '#')
			slice_cut(text, '\n', &text);
		else if (slice_eq(word, "login") && applies)
			replace(user_out, next_word(&text));
		else if (slice_eq(word, "password") && applies)
			replace(password_out, next_word(&text));
		else
			next_word(&text); /* of another machine, or "account" */
	}
}

static bool read_netrc(struct index_credentials *c, struct err *err)
{
	const char *named = env_get("NETRC");
	AUTO(auto_free) char *own = mem_printf("%s/.netrc", env_home());
	struct err why = { 0 };

	if (c->has_netrc)
		return true;
	c->has_netrc = true;
	/* as curl and requests have it: a file that is not there says nothing */
	if (fs_read_path(&c->netrc, named ? named : own, LIMIT_NETRC, &why) ||
	    why.code == E_NOT_FOUND)
		return true;
	*err = why;
	return false;
}

static bool find_in_netrc(char **out, struct index_credentials *c, const struct url *url,
			  struct err *err)
{
	AUTO(index_credential_free) char *user = NULL;
	AUTO(index_credential_free) char *password = NULL;
	bool ok;

	lock_take(&c->lock);
	ok = read_netrc(c, err);
	lock_drop(&c->lock);
	if (!ok)
		return false;
	netrc_find(&user, &password, (struct slice){ c->netrc.ptr, c->netrc.len }, url->host);
	if (user || password)
		*out = basic(user ? user : "", password ? password : "");
	return true;
}

/* How many bytes of path two URLs share: the nearer of two on one host is the more alike. */
static size_t alike(const struct url *a, const struct url *b)
{
	size_t n = 0;

	while (a->target[n] && a->target[n] == b->target[n])
		n++;
	return n;
}

bool index_credentials_find(char **out, struct index_credentials *c, const struct url *url,
			    struct err *err)
{
	const struct given *best = NULL;

	*out = NULL;
	for (size_t i = 0; i < c->given.len; i++) {
		const struct given *g = &c->given.items[i];

		if (url_same_origin(&g->url, url) &&
		    (!best || alike(&g->url, url) > alike(&best->url, url)))
			best = g;
	}
	if (best)
		*out = mem_strdup(best->header);
	return best || find_in_netrc(out, c, url, err);
}
