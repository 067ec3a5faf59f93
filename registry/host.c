// SPDX-License-Identifier: Apache-2.0
#include "registry/host.h"

#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/reference.h"
#include "registry/credentials.h"

/* The state of a host and its memory on disk. How to get a token is token.c's. */

enum { HOST_FILE_MAX = 16 * KIB };

struct host *host_new(const char *name)
{
	struct host *h = mem_alloc(sizeof(*h));

	h->name = mem_strdup(name);
	h->loopback = reference_host_is_loopback(name);
	lock_init(&h->lock);
	cond_init(&h->cond);
	return h;
}

void host_free(void *host)
{
	struct host *h = host;

	for (size_t i = 0; i < h->tokens.len; i++) {
		scopes_free(&h->tokens.items[i].scopes);
		secret_free(&h->tokens.items[i].value);
		secret_free(&h->tokens.items[i].refresh);
	}
	free(h->tokens.items);
	scopes_free(&h->wanted);
	scopes_free(&h->failure.need);
	scopes_free(&h->token_failure.need);
	cond_free(&h->cond);
	lock_free(&h->lock);
	free(h->realm);
	free(h->service);
	free(h->name);
	free(h);
}

/* clang-format off */
static const char *const scheme_names[] = {
	[SCHEME_UNKNOWN] = "", [SCHEME_HTTPS] = "https", [SCHEME_HTTP] = "http",
};
static const char *const auth_names[] = {
	[AUTH_UNKNOWN] = "", [AUTH_NONE] = "none", [AUTH_BASIC] = "basic", [AUTH_BEARER] = "bearer",
};
/* clang-format on */

static size_t name_index(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 1; name && i < count; i++)
		if (str_eq(names[i], name))
			return i;
	return 0;
}

static const char hosts_dir[] = "cache/hosts";

static bool open_dir(int *fd_out, struct store *store)
{
	struct err ignored = { 0 };

	return store && store_subdir(fd_out, store, hosts_dir, &ignored);
}

void host_recall(struct host *h, struct store *store)
{
	AUTO(auto_close) int dir = -1;
	AUTO(buf_free) struct buf text = BUF_INIT(HOST_FILE_MAX);
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *file = mem_printf("%s.json", h->name);
	const char *realm, *service;
	struct err ignored = { 0 };

	if (!open_dir(&dir, store) ||
	    !fs_read(&text, dir, file, HOST_FILE_MAX, FS_BENEATH_NOLINK, &ignored) ||
	    !json_parse(&doc, text.ptr, text.len, file, &ignored))
		return;
	strategy_read(&h->strategy, json_object_get(doc, "strategy"), clock_wall());
	h->scheme = (enum host_scheme)name_index(scheme_names, ARRAY_LEN(scheme_names),
						 json_text_member(doc, "scheme"));
	h->auth = (enum host_auth)name_index(auth_names, ARRAY_LEN(auth_names),
					     json_text_member(doc, "auth"));
	realm = json_text_member(doc, "realm");
	service = json_text_member(doc, "service");
	if (h->scheme == SCHEME_UNKNOWN || h->auth == AUTH_UNKNOWN ||
	    (h->auth == AUTH_BEARER && !realm)) {
		host_unlearn(h);
		h->scheme = SCHEME_UNKNOWN;
		return;
	}
	h->realm = realm ? mem_strdup(realm) : NULL;
	h->service = service ? mem_strdup(service) : NULL;
	h->remembered = h->saved = h->known = true;
}

void host_remember(struct host *h, struct store *store)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	AUTO(auto_free) char *file = mem_printf("%s.json", h->name);
	AUTO(auto_free) char *text = NULL;
	struct err ignored = { 0 };
	json_t *strategy;
	size_t len;

	lock_take(&h->lock);
	json_object_set_new(doc, "scheme", json_string(scheme_names[h->scheme]));
	json_object_set_new(doc, "auth", json_string(auth_names[h->auth]));
	if (h->realm)
		json_object_set_new(doc, "realm", json_string(h->realm));
	if (h->service)
		json_object_set_new(doc, "service", json_string(h->service));
	strategy = strategy_write(&h->strategy);
	if (strategy)
		json_object_set_new(doc, "strategy", strategy);
	h->saved = true;
	lock_drop(&h->lock);
	text = json_text(doc, &len);
	if (store && !store_put_file(store, hosts_dir, file, text, len, 0600, &ignored))
		err_clear(&ignored);
}

void host_unlearn(struct host *h)
{
	free(h->realm);
	free(h->service);
	h->realm = h->service = NULL;
	h->auth = AUTH_UNKNOWN;
	h->remembered = h->saved = false;
	h->token_failure.login = NULL; /* another realm may decide otherwise */
}

void host_fail(struct host_failure *f, const struct login *login, const struct scopes *need,
	       const struct err *why)
{
	f->count++;
	f->err = *why;
	f->login = login;
	scopes_free(&f->need);
	scopes_add_all(&f->need, need);
}

bool host_has_failed(const struct host_failure *f, uint64_t before, const struct login *login,
		     const struct scopes *need)
{
	if (f->err.code == E_AUTH)
		return f->login == login && scopes_cover(need, &f->need);
	return f->count != before;
}

bool host_enter(struct host *h, bool *first_out, const struct login *login,
		const struct scopes *need, struct err *err)
{
	bool ok = true;
	uint64_t before;

	lock_take(&h->lock);
	before = h->failure.count;
	while (!h->known && h->probing && !host_has_failed(&h->failure, before, login, need))
		cond_wait(&h->cond, &h->lock);
	*first_out = false;
	if (!h->known && host_has_failed(&h->failure, before, login, need)) {
		*err = h->failure.err;
		ok = false;
	} else if (!h->known) {
		h->probing = *first_out = true;
	}
	lock_drop(&h->lock);
	return ok;
}

void host_leave(struct host *h, bool ok, const struct login *login, const struct scopes *need,
		const struct err *why)
{
	lock_take(&h->lock);
	h->probing = false;
	if (ok)
		h->known = true;
	else
		host_fail(&h->failure, login, need, why);
	cond_broadcast(&h->cond);
	lock_drop(&h->lock);
}
