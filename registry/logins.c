// SPDX-License-Identifier: Apache-2.0
#include "registry/logins.h"

#include "base/limits.h"
#include "base/mem.h"
#include "registry/cloud.h"
#include "registry/ecr.h"

/* Each credential once, whoever asks first. Where one comes from is credentials.c's and cloud.c's.
 */

/* Equal credentials for one host are one, so that tokens got with them can be shared. Holding the
 * lock. */
static struct login *keep(struct registry *r, const char *host, struct login *found)
{
	for (size_t i = 0; i < r->logins.len; i++) {
		struct login *have = r->logins.items[i];

		if (str_eq(have->host, host) && !have->where == !found->where &&
		    credential_eq(&have->credential, &found->credential)) {
			credential_free(&found->credential);
			free(found->where);
			return have;
		}
	}
	found->host = mem_strdup(host);
	return *ARRAY_PUSH(&r->logins) = mem_dup(found, sizeof(*found));
}

const struct login *logins_keep(struct registry *r, const char *host, struct login *found)
{
	const struct login *kept;

	lock_take(&r->lock);
	kept = keep(r, host, found);
	lock_drop(&r->lock);
	return kept;
}

/* The last of those that took its place, waited for while it is looked for. Holding the lock. */
static struct login *current(struct registry *r, struct login *login)
{
	for (;; login = login->next) {
		while (login->state == LOGIN_RENEWING)
			cond_wait(&r->found, &r->lock);
		if (!login->next)
			return login;
	}
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
	if (kept)
		kept = current(r, kept);
	else
		map_put(&r->finding, key, NULL);
	lock_drop(&r->lock);
	*out = kept;
	if (kept)
		return true;
	ok = find(&found, r, host, repository, err);
	lock_take(&r->lock);
	map_remove(&r->finding, key);
	if (ok) {
		kept = keep(r, host, &found);
		map_put(&r->credentials, key, kept);
	}
	cond_broadcast(&r->found);
	if (ok)
		kept = current(r, kept);
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

/* --- those that expire --- */

/* Holding the lock. */
static struct login *own(struct registry *r, const struct login *login)
{
	for (size_t i = 0; i < r->logins.len; i++)
		if (r->logins.items[i] == login)
			return r->logins.items[i];
	return NULL;
}

void logins_worked(struct registry *r, const struct login *login)
{
	if (atomic_load(&login->worked))
		return;
	lock_take(&r->lock);
	if (own(r, login))
		atomic_store(&own(r, login)->worked, true);
	lock_drop(&r->lock);
}

/* As logins_find does it, with nothing that an earlier look has left. */
static bool look(struct login *out, struct registry *r, const char *host, const char *repository,
		 struct err *err)
{
	if (!find_kept(out, r, host, repository, err))
		return false;
	if (!out->where && !r->authfile && !find_cloud(out, r, host, NULL, err))
		return false;
	return out->where || r->authfile || !r->fallback || find_fallback(out, r, host, NULL, err);
}

/* Look for the one that takes the place of `old`, which is the caller's to renew. */
static void succeed(struct registry *r, struct login *old, const char *repository)
{
	struct login found = { 0 }, *next;
	struct err why = { 0 };
	bool ok = look(&found, r, old->host, repository, &why);

	lock_take(&r->lock);
	old->state = LOGIN_SPENT;
	next = ok ? keep(r, old->host, &found) : NULL;
	if (next && next->where && next->state != LOGIN_SPENT) {
		next->forebears = old->forebears + 1;
		old->next = next;
	}
	cond_broadcast(&r->found);
	lock_drop(&r->lock);
	if (!ok)
		event_detail(r->events, "%s: the login is not renewed: %s", old->host, why.msg);
	else if (old->next)
		event_detail(r->events, "%s: the login expired, going on with another from %s",
			     old->host, next->where);
}

bool logins_renew(const struct login **login, struct registry *r, const char *repository)
{
	struct login *old, *now;
	bool mine;

	lock_take(&r->lock);
	old = own(r, *login);
	now = current(r, old);
	mine = now == old && old->where && old->state == LOGIN_GOOD && atomic_load(&old->worked) &&
	       old->forebears < LIMIT_LOGINS;
	if (mine)
		old->state = LOGIN_RENEWING;
	lock_drop(&r->lock);
	if (mine) {
		succeed(r, old, repository);
		now = old->next ? old->next : old;
	}
	*login = now;
	return now != old;
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
