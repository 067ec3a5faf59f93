// SPDX-License-Identifier: Apache-2.0
#include "registry/logins.h"

#include "base/mem.h"
#include "registry/cloud.h"
#include "registry/ecr.h"

/* Each credential once, whoever asks first. Where one comes from is credentials.c's and cloud.c's.
 */

/* Equal credentials are one, so that tokens got with them can be shared. Holding the lock. */
static struct login *keep(struct registry *r, struct login *found)
{
	for (size_t i = 0; i < r->logins.len; i++) {
		struct login *have = r->logins.items[i];

		if (!have->where == !found->where &&
		    credential_eq(&have->credential, &found->credential)) {
			credential_free(&found->credential);
			free(found->where);
			return have;
		}
	}
	return *ARRAY_PUSH(&r->logins) = mem_dup(found, sizeof(*found));
}

const struct login *logins_keep(struct registry *r, struct login *found)
{
	const struct login *kept;

	lock_take(&r->lock);
	kept = keep(r, found);
	lock_drop(&r->lock);
	return kept;
}

typedef bool find_fn(struct login *out, struct registry *r, const char *host,
		     const char *repository, struct err *err);

/* What `find` gives for the key, called by the first only. */
static bool once(const struct login **out, struct registry *r, const char *key, find_fn *find,
		 const char *host, const char *repository, struct err *err)
{
	struct login found = { 0 }, *kept;
	bool ok;

	lock_take(&r->lock);
	while (!(kept = map_get(&r->credentials, key)) && map_has(&r->finding, key))
		cond_wait(&r->found, &r->lock);
	if (!kept)
		map_put(&r->finding, key, NULL);
	lock_drop(&r->lock);
	*out = kept;
	if (kept)
		return true;
	ok = find(&found, r, host, repository, err);
	lock_take(&r->lock);
	map_remove(&r->finding, key);
	if (ok) {
		kept = keep(r, &found);
		map_put(&r->credentials, key, kept);
	}
	cond_broadcast(&r->found);
	lock_drop(&r->lock);
	*out = kept;
	return ok;
}

static bool find_cloud(struct login *out, struct registry *r, const char *host,
		       const char *repository, struct err *err)
{
	(void)repository;
	return cloud_login(&out->credential, &out->where, r->http, host, r->events, err);
}

bool logins_fallback(struct credential *out, char **where_out, struct registry *r, const char *host,
		     struct err *err)
{
	bool ok;

	/* it reads a file or two at most, the first time */
	lock_take(&r->lock);
	ok = r->fallback(r->fallback_self, out, where_out, host, err);
	lock_drop(&r->lock);
	return ok;
}

static bool find_fallback(struct login *out, struct registry *r, const char *host,
			  const char *repository, struct err *err)
{
	(void)repository;
	return logins_fallback(&out->credential, &out->where, r, host, err);
}

static bool find_kept(struct login *out, struct registry *r, const char *host,
		      const char *repository, struct err *err)
{
	return credentials_find(&out->credential, &out->where, r->authfile, host, repository,
				r->events, err);
}

bool logins_find(const struct login **out, struct registry *r, const char *host,
		 const char *repository, struct err *err)
{
	AUTO(auto_free) char *key = mem_printf("%s/%s", host, repository);
	AUTO(auto_free) char *fallback = NULL;

	if (!once(out, r, key, find_kept, host, repository, err))
		return false;
	/* --authfile means that file alone. */
	if ((*out)->where || r->authfile)
		return true;
	if (cloud_knows(host) && !once(out, r, host, find_cloud, host, NULL, err))
		return false;
	fallback = mem_printf("%s (fallback)", host);
	return (*out)->where || !r->fallback ||
	       once(out, r, fallback, find_fallback, host, NULL, err);
}

static void set_worked(struct registry *r, const struct login *login, bool worked)
{
	if (atomic_load(&login->worked) == worked)
		return;
	lock_take(&r->lock);
	for (size_t i = 0; i < r->logins.len; i++)
		if (r->logins.items[i] == login)
			atomic_store(&r->logins.items[i]->worked, worked);
	lock_drop(&r->lock);
}

void logins_worked(struct registry *r, const struct login *login)
{
	set_worked(r, login, true);
}

/* Whoever asks next looks for it again. */
static void forget(struct registry *r, const struct login *login)
{
	AUTO(str_list_free) struct str_list keys = { 0 };

	lock_take(&r->lock);
	for (size_t i = 0; i < r->credentials.len; i++)
		if (r->credentials.items[i].value == login)
			str_list_push(&keys, r->credentials.items[i].key);
	for (size_t i = 0; i < keys.len; i++)
		map_remove(&r->credentials, keys.items[i]);
	lock_drop(&r->lock);
}

bool logins_renew(const struct login **login, struct registry *r, const char *host,
		  const char *repository)
{
	const struct login *next;
	struct err why = { 0 };

	if (!(*login)->where || !atomic_load(&(*login)->worked))
		return false;
	forget(r, *login);
	if (!logins_find(&next, r, host, repository, &why)) {
		event_detail(r->events, "%s: the login is not renewed: %s", host, why.msg);
		return false;
	}
	if (next == *login) /* the others need not ask, too */
		set_worked(r, next, false);
	if (next == *login || !next->where)
		return false;
	event_detail(r->events, "%s: the login expired, going on with another from %s", host,
		     next->where);
	*login = next;
	return true;
}

bool logins_create_repository(struct registry *r, const struct reference *repository,
			      struct err *err)
{
	AUTO(auto_free)
	char *key = mem_printf("create %s/%s", repository->host, repository->repository);
	struct err why = { 0 };
	bool made = false, ok, first;

	lock_take(&r->lock);
	first = !map_has(&r->warned, key);
	if (first)
		map_put(&r->warned, key, NULL);
	lock_drop(&r->lock);
	if (!first)
		return true;
	ok = ecr_create_repository(&made, r->http, repository->host, repository->repository, &why);
	if (made)
		event_note(r->events, "created the repository %s/%s", repository->host,
			   repository->repository);
	if (!ok && why.code == E_AUTH) {
		event_warn(r->events, "%s", why.msg);
		return true;
	}
	if (!ok)
		*err = why;
	return ok;
}

bool logins_hint(struct err *err, const char *host)
{
	const char *cloud = cloud_hint(host);

	return err_hint(err, "%s%srtbuild login %s", cloud ? cloud : "", cloud ? "; or " : "",
			host);
}
