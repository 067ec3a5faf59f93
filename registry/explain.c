// SPDX-License-Identifier: Apache-2.0
#include "registry/explain.h"

#include <string.h>

#include "base/mem.h"
#include "net/certs.h"
#include "net/proxy.h"
#include "registry/client.h"
#include "registry/cloud.h"
#include "registry/logins.h"
#include "registry/realm.h"
#include "registry/route.h"

/* What the other files here would do, put into words. Nothing is decided in this one. */

static void set_text(json_t *to, const char *key, const char *value)
{
	if (value)
		json_object_set_new(to, key, json_string(value));
}

/* --- the registry --- */

/* How what is known of the host was learnt; NULL: it was not, see `why`. */
static const char *meet(struct registry *r, const struct route *route, struct host *h,
			struct err *why)
{
	bool known;

	lock_take(&h->lock);
	known = h->auth != AUTH_UNKNOWN;
	lock_drop(&h->lock);
	if (known)
		return "by an earlier run";
	return client_meet(r, &route->at, route->insecure, why) ? "now" : NULL;
}

static void add_realm(json_t *to, struct registry *r, const struct host *h, const struct url *base)
{
	AUTO(url_free) struct url realm = { 0 };
	AUTO(auto_free) char *shown = NULL;
	struct err why = { 0 };

	if (!h->realm)
		return;
	if (!url_parse(&realm, h->realm, &why)) {
		set_text(to, "realm", why.msg);
		return;
	}
	shown = url_shown(&realm);
	set_text(to, "realm", shown);
	set_text(to, "service", h->service);
	json_object_set_new(to, "realm_gets_password",
			    json_boolean(realm_may_send(&realm, base, &r->trusted_realms)));
}

/* Without user and password, which proxies' URLs may hold. */
static void add_proxy(json_t *to, const struct url *base)
{
	struct proxy_env env = proxy_env();
	const char *proxy = proxy_for(&env, base), *at;
	AUTO(auto_free) char *bare = NULL;

	if (!proxy)
		return;
	at = strrchr(proxy, '@');
	at = at ? at + 1 : strstr(proxy, "://") ? strstr(proxy, "://") + 3 : proxy;
	bare = mem_strndup(at, strcspn(at, "/"));
	set_text(to, "proxy", bare);
}

static bool add_certificates(json_t *to, const struct url *base, struct err *err)
{
	AUTO(certs_free) struct certs certs = { 0 };
	AUTO(str_list_free) struct str_list dirs = { 0 };
	AUTO(auto_free) char *authority = url_authority(base);
	json_t *out;

	if (!base->https)
		return true;
	certs_dirs(&dirs, authority);
	if (!certs_find(&certs, authority, NULL, err))
		return false;
	out = json_object();
	json_object_set_new(out, "directories", json_texts(&dirs));
	json_object_set_new(out, "authorities", json_boolean(certs.ca || certs.bundle));
	set_text(out, "client", certs.cert);
	json_object_set_new(to, "certificates", out);
	return true;
}

static bool add_registry(json_t *to, struct registry *r, const struct route *route, struct err *err)
{
	/* clang-format off */
	static const char *const logins[] = {
		[AUTH_UNKNOWN] = "unknown", [AUTH_NONE] = "none", [AUTH_BASIC] = "basic", [AUTH_BEARER] = "bearer",
	};
	/* clang-format on */
	struct host *h = client_host(r, reference_api_host(&route->at));
	struct err why = { 0 };
	const char *learnt = meet(r, route, h, &why);
	AUTO(auto_free) char *failure = mem_printf("not: %s", why.msg);
	AUTO(auto_free) char *text = NULL;
	AUTO(url_free) struct url base = { 0 };

	if (why.code == E_CANCELLED) {
		*err = why;
		return false;
	}
	lock_take(&h->lock);
	text = mem_printf("%s://%s/v2/", h->scheme == SCHEME_HTTP ? "http" : "https", h->name);
	lock_drop(&h->lock);
	if (!url_parse(&base, text, err))
		return false;
	set_text(to, "url", text);
	set_text(to, "learnt", learnt ? learnt : failure);
	lock_take(&h->lock);
	set_text(to, "login", logins[h->auth]);
	add_realm(to, r, h, &base);
	lock_drop(&h->lock);
	add_proxy(to, &base);
	return add_certificates(to, &base, err);
}

/* --- the credential --- */

static json_t *credential_json(const struct credential *c, const char *where)
{
	json_t *out = json_object();

	set_text(out, "kind",
		 c->registry_token   ? "registry token"
		 : c->identity_token ? "identity token"
		 : c->user           ? "password"
				     : "anonymous");
	set_text(out, "user", c->user);
	set_text(out, "from", where);
	return out;
}

static json_t *candidates_json(const struct credentials_report *all)
{
	json_t *out = json_array();

	for (size_t i = 0; i < all->len; i++) {
		json_t *one = json_object();

		set_text(one, "source", all->items[i].source);
		set_text(one, "key", all->items[i].key);
		set_text(one, "verdict", all->items[i].verdict);
		json_array_append_new(out, one);
	}
	return out;
}

/* How to come by one, where none was found. --authfile means that file alone. */
static void add_cure(json_t *to, const struct registry *r, const char *host)
{
	const char *cloud = r->authfile ? NULL : cloud_hint(host);
	AUTO(auto_free)
	char *cure =
		mem_printf("%s%srtbuild login %s", cloud ? cloud : "", cloud ? "; or " : "", host);

	set_text(to, "cure", cure);
}

/* That none can be had is part of the answer, not a failure. */
static bool add_credential(json_t *to, struct registry *r, const struct route *route,
			   struct err *err)
{
	AUTO(credential_free) struct credential c = { 0 };
	AUTO(credentials_report_free) struct credentials_report all = { 0 };
	AUTO(auto_free) char *where = NULL;
	const char *host = route->at.host;
	struct err why = { 0 };
	bool ok = credentials_explain(&c, &where, &all, r->authfile, host, route->at.repository,
				      r->events, &why);

	set_text(to, "cloud", cloud_name(host));
	if (ok && !where && !r->authfile)
		ok = cloud_login(&c, &where, r->http, host, r->events, &why);
	if (ok && !where && !r->authfile && r->fallback)
		ok = logins_fallback(&c, &where, r, host, &why);
	if (why.code == E_CANCELLED) {
		*err = why;
		return false;
	}
	if (ok)
		json_object_set_new(to, "credential", credential_json(&c, where));
	else
		set_text(to, "problem", why.msg);
	if (ok && !where)
		add_cure(to, r, host);
	json_object_set_new(to, "files", json_texts(&all.files));
	json_object_set_new(to, "candidates", candidates_json(&all));
	return true;
}

/* --- all of it --- */

/* Of a registry as a whole there is the host. */
static const char *name_of(const struct reference *ref, const char *full)
{
	return ref->repository[0] ? full : ref->host;
}

static bool add_route(json_t *to, struct registry *r, const struct route *route, struct err *err)
{
	json_t *out = json_object();

	json_array_append_new(to, out);
	set_text(out, "name", name_of(&route->at, reference_name(&route->at).text));
	json_object_set_new(out, "mirror", json_boolean(route->mirror));
	json_object_set_new(out, "insecure", json_boolean(route->insecure || r->insecure));
	return add_registry(out, r, route, err) && add_credential(out, r, route, err);
}

static bool add_registries(json_t *to, struct registry *r, const struct reference *ref,
			   struct err *err)
{
	const struct registries *all;
	const struct registries_entry *e;
	json_t *out;

	if (!route_registries(&all, r, err))
		return false;
	e = registries_find(all, reference_name(ref).text);
	out = json_object();
	json_object_set_new(out, "files", json_texts(&all->files));
	set_text(out, "file", e ? e->file : NULL);
	set_text(out, "prefix", e ? e->prefix : NULL);
	json_object_set_new(to, "registries_conf", out);
	return true;
}

bool registry_explain(json_t **out, struct registry *r, const struct reference *ref,
		      struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	AUTO(routes_free) struct routes routes = { 0 };
	json_t *list = json_array();
	enum route_use use = !ref->repository[0] ? ROUTE_HOME
			     : ref->has_digest   ? ROUTE_PULL_BY_DIGEST
						 : ROUTE_PULL_BY_TAG;

	set_text(doc, "reference", name_of(ref, reference_format(ref).text));
	json_object_set_new(doc, "places", list);
	if (!add_registries(doc, r, ref, err) || !routes_all(&routes, r, ref, use, err))
		return false;
	for (size_t i = 0; i < routes.len; i++)
		if (!add_route(list, r, &routes.items[i], err))
			return false;
	*out = STEAL(doc);
	return true;
}
