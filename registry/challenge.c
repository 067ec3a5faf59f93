// SPDX-License-Identifier: Apache-2.0
#include "registry/challenge.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* The reader of WWW-Authenticate. What is done about a challenge is in client.c and token.c. */

void challenges_free(struct challenges *c)
{
	for (size_t i = 0; i < c->len; i++) {
		free(c->items[i].scheme);
		free(c->items[i].realm);
		free(c->items[i].service);
		free(c->items[i].scope);
		free(c->items[i].error);
	}
	free(c->items);
	*c = (struct challenges){ 0 };
}

static size_t token_len(const char *s)
{
	size_t len = 0;

	while (isalnum((unsigned char)s[len]) || (s[len] && strchr("!#$%&'*+-.^_`|~/", s[len])))
		len++;
	return len;
}

/* A quoted string or a bare value at *s, moved past it. */
static char *take_value(const char **s)
{
	struct buf out = BUF_INIT(SIZE_MAX);
	const char *p = *s;

	if (*p != '"') {
		size_t len = strcspn(p, ", \t");

		*s = p + len;
		return mem_strndup(p, len);
	}
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		buf_put_bytes(&out, p, 1);
	}
	*s = *p ? p + 1 : p;
	return buf_steal(&out);
}

static void set_param(struct challenge *c, struct slice key, char *value)
{
	const struct {
		const char *key;
		char **to;
	} known[] = {
		{ "realm", &c->realm },
		{ "service", &c->service },
		{ "scope", &c->scope },
		{ "error", &c->error },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (key.len == strlen(known[i].key) &&
		    strncasecmp(key.ptr, known[i].key, key.len) == 0 && !*known[i].to) {
			*known[i].to = value;
			return;
		}
	free(value);
}

static struct challenge *add_scheme(struct challenges *c, struct slice scheme)
{
	struct challenge *added = ARRAY_PUSH(c);

	added->scheme = mem_strndup(scheme.ptr, scheme.len);
	for (char *p = added->scheme; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (str_eq(added->scheme, "bearer"))
		added->kind = CHALLENGE_BEARER;
	else if (str_eq(added->scheme, "basic"))
		added->kind = CHALLENGE_BASIC;
	return added;
}

void challenges_add(struct challenges *c, const char *s)
{
	struct challenge *current = NULL;

	for (;;) {
		struct slice token;
		const char *behind;

		s += strspn(s, " \t,");
		token = (struct slice){ s, token_len(s) };
		if (token.len == 0 && !*s)
			return;
		if (token.len == 0) { /* nothing a header may hold here */
			s++;
			continue;
		}
		s += token.len;
		behind = s + strspn(s, " \t");
		if (*behind != '=') {
			current = add_scheme(c, token);
			continue;
		}
		s = behind + 1;
		if (!*s || *s == ',' || *s == '=') { /* a token68, as of Negotiate */
			s += strspn(s, "=");
			continue;
		}
		s += strspn(s, " \t");
		if (current)
			set_param(current, token, take_value(&s));
		else
			free(take_value(&s));
	}
}

const struct challenge *challenges_pick(const struct challenges *c)
{
	const struct challenge *basic = NULL;

	for (size_t i = 0; i < c->len; i++) {
		if (c->items[i].kind == CHALLENGE_BEARER && c->items[i].realm)
			return &c->items[i];
		if (c->items[i].kind == CHALLENGE_BASIC && !basic)
			basic = &c->items[i];
	}
	return basic;
}
