// SPDX-License-Identifier: Apache-2.0
#include "registry/token.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/logins.h"
#include "registry/oauth.h"
#include "registry/problem.h"
#include "registry/realm.h"

/* Getting tokens and keeping them while they last. */

enum { EXPIRY_DEFAULT_S = 60, EXPIRY_MAX_S = 24 * 3600 };

struct token_request {
	struct registry *r;
	const char *realm_text, *service; /* as the challenge has them; service may be NULL */
	const struct url *registry;
	const struct credential *credential; /* NULL: none */
	bool insecure;                       /* as the registry, if it is the same host */
	bool offline; /* for a login: a refresh token is welcome instead of the password */
	struct url realm;
	struct str_list scopes;
};

/* What is granted on: an identity token, or user and password. */
static void add_grant(struct buf *form, const struct token_request *t)
{
	const struct credential *c = t->credential;

	if (c->identity_token) {
		oauth_add(form, "grant_type", "refresh_token");
		oauth_add(form, "refresh_token", c->identity_token);
		return;
	}
	oauth_add(form, "grant_type", "password");
	oauth_add(form, "username", c->user);
	oauth_add(form, "password", c->password);
	if (t->offline)
		oauth_add(form, "access_type", "offline");
}

/* OAuth2, since an identity token must not travel in a URL. */
static bool ask_by_post(struct http_reply *out, const struct token_request *t, struct err *err)
{
	AUTO(secret_buf_free) struct buf form = BUF_INIT(SIZE_MAX);
	AUTO(buf_free) struct buf scopes = BUF_INIT(SIZE_MAX);
	AUTO(auto_source_close) struct source *body = NULL;
	struct http_request req = {
		.method = "POST",
		.url = &t->realm,
		.headers = { { "Content-Type", "application/x-www-form-urlencoded" } },
		.insecure = t->insecure,
		.foreign = true,
	};

	for (size_t i = 0; i < t->scopes.len; i++)
		buf_putf(&scopes, "%s%s", i ? " " : "", t->scopes.items[i]);
	add_grant(&form, t);
	if (t->service)
		oauth_add(&form, "service", t->service);
	oauth_add(&form, "client_id", "rtbuild");
	if (scopes.len)
		oauth_add(&form, "scope", scopes.ptr);
	body = source_mem(form.ptr, form.len);
	req.body = body;
	req.body_size = form.len;
	return http_send(out, t->r->http, &req, err);
}

static bool ask_by_get(struct http_reply *out, const struct token_request *t, struct err *err)
{
	AUTO(url_free) struct url url = { 0 };
	const struct credential *c = t->credential;
	char *header = c && c->user ? credential_basic(c) : NULL;
	struct http_request req = { .method = "GET",
				    .url = &url,
				    .headers = { { "Authorization", header } },
				    .insecure = t->insecure,
				    .foreign = true };
	bool ok;

	url_copy(&url, &t->realm);
	if (t->service)
		url_add_query(&url, "service", t->service);
	for (size_t i = 0; i < t->scopes.len; i++)
		url_add_query(&url, "scope", t->scopes.items[i]);
	if (c && c->user)
		url_add_query(&url, "account", c->user);
	if (t->offline) {
		url_add_query(&url, "offline_token", "true");
		url_add_query(&url, "client_id", "rtbuild");
	}
	ok = http_send(out, t->r->http, &req, err);
	secret_free(&header);
	return ok;
}

static bool read_answer(struct token *out, struct http_reply *reply, struct err *err)
{
	AUTO(secret_buf_free) struct buf answer = BUF_INIT(LIMIT_TOKEN_ANSWER);
	AUTO(auto_json_decref) json_t *doc = NULL;
	const char *value;
	json_int_t life;

	if (!http_read(&answer, reply, LIMIT_TOKEN_ANSWER, "the token answer", err))
		return false;
	if (!json_parse(&doc, answer.ptr, answer.len, "the token answer", err)) {
		err->code = E_NETWORK; /* not the user's input */
		return false;
	}
	value = json_text_member(doc, "token");
	if (!value || !value[0])
		value = json_text_member(doc, "access_token");
	if (!value || !value[0])
		return err_set(err, E_NETWORK, "the token answer holds no token");
	life = json_integer_value(json_object_get(doc, "expires_in"));
	if (life < EXPIRY_DEFAULT_S) /* absent, or too short to be meant */
		life = EXPIRY_DEFAULT_S;
	if (life > EXPIRY_MAX_S)
		life = EXPIRY_MAX_S;
	out->value = mem_strdup(value);
	value = json_text_member(doc, "refresh_token");
	out->refresh = value && value[0] ? mem_strdup(value) : NULL;
	out->expires_ms = clock_monotonic_ms() + (uint64_t)life * 800;
	return true;
}

static bool refused(const struct token_request *t, struct http_reply *reply, struct err *err)
{
	AUTO(auto_free) char *realm = url_shown(&t->realm);

	if (!t->credential || !t->credential->user)
		return problem_error(err, reply, "no token from %s%s", realm,
				     t->credential ? "" : " without a credential");
	problem_error(err, reply, "the user '%s' gets no token from %s", t->credential->user,
		      realm);
	return err_hint(err, "check the password and log in again");
}

static bool send(struct http_reply *out, const struct token_request *t, bool post, struct err *err)
{
	AUTO(auto_free) char *shown = url_shown(&t->realm);

	if (!(post ? ask_by_post(out, t, err) : ask_by_get(out, t, err)))
		return err_wrap(err, "token from %s", shown);
	event_detail(t->r->events, "%s %s %d", post ? "POST" : "GET", shown, out->status);
	return true;
}

/* Answers of a server that has only the other one of the two forms. */
static bool is_wrong_form(int status)
{
	return status == 404 || status == 405 || status == 501;
}

static bool fetch(struct token *out, const struct token_request *t, struct err *err)
{
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	bool post = t->credential && t->credential->identity_token;

	if (!send(&reply, t, post, err))
		return false;
	if (!post && t->credential && t->credential->user && is_wrong_form(reply.status)) {
		http_reply_free(&reply);
		if (!send(&reply, t, true, err))
			return false;
	}
	if (reply.status != 200)
		return refused(t, &reply, err);
	return read_answer(out, &reply, err) || err_wrap(err, "token from %s", t->realm.host);
}

static void request_free(struct token_request *t)
{
	url_free(&t->realm);
	str_list_free(&t->scopes);
}

/* The realm, checked against the rule before anything is sent there. */
static bool check_realm(struct token_request *t, struct err *err)
{
	AUTO(auto_free) char *shown = NULL;
	struct err why = { 0 };

	if (!url_parse(&t->realm, t->realm_text, &why))
		return err_set(err, E_AUTH, "%s names a broken token realm: %s", t->registry->host,
			       why.msg);
	shown = url_shown(&t->realm);
	if (!realm_may_ask(&t->realm, t->registry))
		return err_set(err, E_AUTH, "%s wants tokens from %s, which is not allowed to it",
			       t->registry->host, shown);
	if (t->credential && !realm_may_send(&t->realm, t->registry, &t->r->trusted_realms)) {
		err_set(err, E_AUTH, "%s wants its password sent to %s, another party",
			t->registry->host, shown);
		return err_hint(err, "if you trust that host, pass --trust-realm %s",
				t->realm.host);
	}
	t->insecure = t->insecure && str_eq(t->realm.host, t->registry->host);
	return true;
}

static bool fetch_for(struct token *out, const struct token_request *model,
		      const struct scopes *scopes, struct err *err)
{
	AUTO(request_free) struct token_request t = *model;

	scopes_text(&t.scopes, scopes);
	return check_realm(&t, err) && fetch(out, &t, err);
}

/* Holding the lock. */
static const struct token *find(struct host *h, const struct credential *c,
				const struct scopes *need)
{
	uint64_t now = clock_monotonic_ms();

	for (size_t i = h->tokens.len; i-- > 0;) {
		const struct token *t = &h->tokens.items[i];

		if (t->credential == c && t->expires_ms > now && scopes_cover(&t->scopes, need))
			return t;
	}
	return NULL;
}

/* All scopes wanted by now at once; a server that refuses the sum may still grant what is needed.
 */
static bool fetch_widest(struct token *out, const struct token_request *model,
			 const struct scopes *wanted, const struct scopes *need, struct err *err)
{
	struct err why = { 0 };

	if (fetch_for(out, model, wanted, &why)) {
		scopes_add_all(&out->scopes, wanted);
		return true;
	}
	if (why.code == E_CANCELLED || scopes_cover(need, wanted)) {
		*err = why;
		return false;
	}
	if (!fetch_for(out, model, need, err))
		return false;
	scopes_add_all(&out->scopes, need);
	return true;
}

static void scopes_wanted(struct scopes *out, const struct host *h, const struct scopes *need)
{
	enum { MOST = 10 }; /* beyond it the URL grows past what servers take */

	if (h->wanted.len <= MOST)
		scopes_add_all(out, &h->wanted);
	scopes_add_all(out, need);
}

bool token_get(char **value_out, struct registry *r, struct host *h, const struct url *registry,
	       const struct login *login, const struct scopes *need, struct err *err)
{
	const struct credential *c = login->where ? &login->credential : NULL;
	AUTO(scopes_free) struct scopes wanted = { 0 };
	AUTO(auto_free) char *realm = NULL;
	AUTO(auto_free) char *service = NULL;
	struct token_request model = {
		.r = r, .registry = registry, .credential = c, .offline = login->offline
	};
	struct token fresh = { .credential = c };
	const struct token *have;
	uint64_t before;
	bool ok;

	lock_take(&h->lock);
	before = h->token_failure.count;
	while (!(have = find(h, c, need)) && h->fetching &&
	       !host_has_failed(&h->token_failure, before, login, need))
		cond_wait(&h->cond, &h->lock);
	ok = have || !host_has_failed(&h->token_failure, before, login, need);
	*value_out = have ? mem_strdup(have->value) : NULL;
	if (!ok)
		*err = h->token_failure.err;
	if (have || !ok || !h->realm) {
		lock_drop(&h->lock);
		return ok;
	}
	h->fetching = true;
	scopes_wanted(&wanted, h, need);
	realm = mem_strdup(h->realm);
	service = h->service ? mem_strdup(h->service) : NULL;
	model.insecure = h->insecure;
	lock_drop(&h->lock);

	model.realm_text = realm;
	model.service = service;
	ok = fetch_widest(&fresh, &model, &wanted, need, err);

	lock_take(&h->lock);
	h->fetching = false;
	if (ok) {
		*ARRAY_PUSH(&h->tokens) = fresh;
		*value_out = mem_strdup(fresh.value);
	} else {
		if (!c && err->code == E_AUTH)
			logins_hint(err, h->name);
		host_fail(&h->token_failure, login, need, err);
	}
	cond_broadcast(&h->cond);
	lock_drop(&h->lock);
	return ok;
}

void token_drop(struct host *h, const char *value)
{
	lock_take(&h->lock);
	for (size_t i = 0; i < h->tokens.len; i++)
		if (str_eq(h->tokens.items[i].value, value))
			h->tokens.items[i].expires_ms = 0;
	lock_drop(&h->lock);
}

bool token_get_anonymous(char **value_out, struct registry *r, const char *realm,
			 const char *service, const char *scope, const struct url *registry,
			 struct err *err)
{
	AUTO(scopes_free) struct scopes scopes = { 0 };
	struct token_request model = {
		.r = r, .realm_text = realm, .service = service, .registry = registry
	};
	struct token token = { 0 };

	if (scope)
		scopes_add_text(&scopes, scope);
	if (!fetch_for(&token, &model, &scopes, err))
		return false;
	secret_free(&token.refresh);
	*value_out = token.value;
	return true;
}
