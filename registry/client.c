// SPDX-License-Identifier: Apache-2.0
#include "registry/client.h"

#include <stdarg.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "registry/challenge.h"
#include "registry/logins.h"
#include "registry/problem.h"
#include "registry/realm.h"
#include "registry/route.h"
#include "registry/token.h"

/*
 * One call to a registry: which scheme, which login, what a 401 asks for, where a redirect may
 * lead. What an answer means for images is decided by the callers.
 */

enum { ATTEMPTS = 5 }; /* scheme, first challenge, renewed token, wider token, stale memory */

void client_reply_free(struct client_reply *r)
{
	http_reply_free(&r->http);
	url_free(&r->url);
}

struct host *client_host(struct registry *r, const char *name)
{
	struct host *h;

	lock_take(&r->lock);
	h = map_get(&r->hosts, name);
	if (!h) {
		h = host_new(name);
		host_recall(h, r->store);
		map_put(&r->hosts, name, h);
	}
	lock_drop(&r->lock);
	return h;
}

void client_expect(struct registry *r, const struct reference *repository, enum access access)
{
	struct host *h = client_host(r, reference_api_host(repository));

	lock_take(&h->lock);
	scopes_add(&h->wanted, repository->repository, access);
	lock_drop(&h->lock);
}

/* --- addresses --- */

/* What a call is made of while it goes on. */
struct talk {
	struct registry *r;
	struct host *h;
	const struct client_call *call;
	const struct login *login;
	struct url base; /* scheme, host and port of the registry */
	struct scopes need;
	bool tried_http;
	char *bearer; /* sent last */
	bool basic_sent;
	bool by_memory; /* what was sent last relied on what an earlier run remembered */
	int refusals;   /* of tokens that should have been good */
	bool renewed;   /* the login was, once */
};

static void talk_free(struct talk *t)
{
	url_free(&t->base);
	scopes_free(&t->need);
	secret_free(&t->bearer);
}

static bool may_be_plain(const struct talk *t)
{
	return t->h->loopback || t->r->plain_http || t->call->insecure;
}

static bool set_base(struct talk *t, bool https, struct err *err)
{
	AUTO(auto_free) char *text = mem_printf("%s://%s/", https ? "https" : "http", t->h->name);

	url_free(&t->base);
	return url_parse(&t->base, text, err) || err_wrap(err, "registry '%s'", t->h->name);
}

static void make_url(struct url *out, const struct talk *t)
{
	const struct client_call *c = t->call;

	if (c->url) {
		url_copy(out, c->url);
		return;
	}
	*out = t->base;
	out->target = c->root ? mem_strdup("/v2/")
			      : mem_printf("/v2/%s/%s", c->repository->repository, c->path);
}

/* --- logins --- */

/* A credential must not cross a network in the clear unless two flags say so. */
static bool check_plain(const struct talk *t, struct err *err)
{
	if (t->base.https || t->h->loopback || t->r->insecure)
		return true;
	err_set(err, E_AUTH,
		"%s speaks plain HTTP: the credential from %s would cross the network in the clear",
		t->h->name, t->login->where);
	return err_hint(err, "add --insecure to --plain-http to send it all the same");
}

static bool renew(struct talk *t)
{
	if (t->renewed || t->call->as)
		return false;
	t->renewed = true;
	t->refusals = 0;
	return logins_renew(&t->login, t->r, t->call->repository->repository);
}

/* A token for the login, or for the one that takes its place when it expired. */
static bool get_token(struct talk *t, struct err *err)
{
	struct err why = { 0 };

	if (token_get(&t->bearer, t->r, t->h, &t->base, t->login, &t->need, &why))
		return true;
	if (why.code == E_AUTH && renew(t))
		return token_get(&t->bearer, t->r, t->h, &t->base, t->login, &t->need, err);
	*err = why;
	return false;
}

/* The Authorization value for the next request; NULL when there is none to send yet. */
static bool authorize(char **header_out, struct talk *t, struct err *err)
{
	enum host_auth auth;

	*header_out = NULL;
	t->basic_sent = false;
	secret_free(&t->bearer);
	lock_take(&t->h->lock);
	auth = t->h->auth;
	t->by_memory = t->h->remembered;
	lock_drop(&t->h->lock);
	if (auth == AUTH_BASIC && t->login->credential.user) {
		if (!check_plain(t, err))
			return false;
		*header_out = credential_basic(&t->login->credential);
		t->basic_sent = true;
	}
	if (auth == AUTH_BEARER) {
		if (t->login->where && !check_plain(t, err))
			return false;
		if (t->login->credential.registry_token)
			t->bearer = mem_strdup(t->login->credential.registry_token);
		else if (!get_token(t, err))
			return false;
		*header_out = t->bearer ? mem_printf("Bearer %s", t->bearer) : NULL;
	}
	return true;
}

static bool no_credential(const struct talk *t, struct err *err)
{
	err_set(err, E_AUTH, "%s wants a login and there is no credential for it", t->h->name);
	return logins_hint(err, t->call->repository ? t->call->repository->host : t->h->name);
}

static bool wrong_credential(const struct talk *t, struct http_reply *reply, struct err *err)
{
	if (!t->login->where)
		return problem_error(err, reply, "%s refuses anonymous access", t->h->name) ||
		       err_hint(err, "rtbuild login %s", t->h->name);
	if (t->login->credential.user)
		problem_error(err, reply, "%s refuses the user '%s' (from %s)", t->h->name,
			      t->login->credential.user, t->login->where);
	else
		problem_error(err, reply, "%s refuses the token from %s", t->h->name,
			      t->login->where);
	return err_hint(err, "check the password, or rtbuild login %s again", t->h->name);
}

static bool accept_basic(struct talk *t, struct http_reply *reply, struct err *err)
{
	if (t->basic_sent)
		return renew(t) || wrong_credential(t, reply, err);
	if (!t->login->credential.user)
		return no_credential(t, err);
	lock_take(&t->h->lock);
	host_unlearn(t->h);
	t->h->auth = AUTH_BASIC;
	lock_drop(&t->h->lock);
	return true;
}

static bool accept_bearer(struct talk *t, const struct challenge *c, struct http_reply *reply,
			  struct err *err)
{
	struct host *h = t->h;

	if (t->bearer && (++t->refusals > 1 || t->login->credential.registry_token) && !renew(t))
		return wrong_credential(t, reply, err);
	if (t->bearer)
		token_drop(h, t->bearer);
	lock_take(&h->lock);
	if (h->auth != AUTH_BEARER || !str_eq(h->realm, c->realm) ||
	    (c->service && (!h->service || !str_eq(h->service, c->service)))) {
		host_unlearn(h);
		h->auth = AUTH_BEARER;
		h->realm = mem_strdup(c->realm);
		h->service = c->service ? mem_strdup(c->service) : NULL;
	}
	if (c->scope) {
		scopes_add_text(&t->need, c->scope);
		scopes_add_all(&h->wanted, &t->need);
	}
	lock_drop(&h->lock);
	return true;
}

/* A 401: learn how to log in, or say why that cannot be. True: try again. */
static bool accept_challenge(struct talk *t, struct http_reply *reply, struct err *err)
{
	AUTO(challenges_free) struct challenges all = { 0 };
	const struct challenge *c;
	const char *value;

	for (size_t i = 0; (value = http_header(reply, "WWW-Authenticate", i)); i++)
		challenges_add(&all, value);
	c = challenges_pick(&all);
	if (!c)
		return problem_error(err, reply,
				     "%s wants a login in a way that rtbuild does not know (%s)",
				     t->h->name, all.len ? all.items[0].scheme : "it does not say");
	return c->kind == CHALLENGE_BASIC ? accept_basic(t, reply, err)
					  : accept_bearer(t, c, reply, err);
}

/* ECR says 403 where others say 401: "denied: Your authorization token has expired". */
static bool is_expired(struct talk *t, struct http_reply *reply)
{
	return reply->status == 403 && (t->basic_sent || t->bearer) && !t->call->give_up_early &&
	       problem_says(reply, "expired") && renew(t);
}

/* --- one request --- */

void client_warn_once(struct registry *r, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	bool fresh;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	lock_take(&r->lock);
	fresh = !map_has(&r->warned, text);
	if (fresh)
		map_put(&r->warned, text, NULL);
	lock_drop(&r->lock);
	if (fresh)
		event_warn(r->events, "%s", text);
}

static void show_warnings(struct registry *r, const struct http_reply *reply)
{
	const char *value;

	for (size_t i = 0; (value = http_header(reply, "Warning", i)); i++) {
		AUTO(auto_free) char *shown = str_printable(value, strlen(value), 300);

		client_warn_once(r, "the registry says: %s", shown);
	}
}

static bool send(struct client_reply *out, struct registry *r, const struct client_call *c,
		 const struct url *url, const char *authorization, bool foreign, struct err *err)
{
	struct http_request req = { .method = c->method,
				    .url = url,
				    .body = c->body,
				    .body_size = c->body_size,
				    .once = c->once,
				    .insecure = c->insecure && !foreign,
				    .foreign = foreign };
	AUTO(auto_free) char *shown = url_shown(url);
	size_t n = 0;

	while (n < ARRAY_LEN(c->headers) && c->headers[n].name) {
		req.headers[n] = c->headers[n];
		n++;
	}
	if (authorization)
		req.headers[n] = (struct http_header){ "Authorization", authorization };
	if (!http_send(&out->http, r->http, &req, err))
		return false;
	url_free(&out->url);
	url_copy(&out->url, url);
	event_detail(r->events, "%s %s %d", c->method, shown, out->http.status);
	show_warnings(r, &out->http);
	return true;
}

/* Nothing listens at port 443 of this machine: http is elsewhere, at port 80. */
static bool is_portless_loopback(const struct talk *t)
{
	return t->h->loopback && t->base.port == 443 && !str_has_suffix(t->h->name, ":443");
}

/* https was tried first; only an answer that is not TLS at all leads to http, never a bad
 * certificate. */
static bool fall_to_http(struct talk *t, enum wire_trouble trouble, struct err *err)
{
	struct err ignored = { 0 };
	bool settled;

	lock_take(&t->h->lock);
	settled = t->h->scheme == SCHEME_HTTPS && !t->h->remembered;
	lock_drop(&t->h->lock);
	if (!t->base.https || t->tried_http || !may_be_plain(t) || settled)
		return false;
	if (trouble != WIRE_NOT_TLS &&
	    !(trouble == WIRE_REFUSED &&
	      (t->r->plain_http || t->call->insecure || is_portless_loopback(t))))
		return false;
	t->tried_http = true;
	err_clear(err);
	return set_base(t, false, &ignored);
}

/* The other way round: an earlier run met a plain server at this port, and now it answers as TLS
 * servers do. */
static bool rise_to_https(struct talk *t, int status)
{
	struct err ignored = { 0 };
	bool stale = status == 400 && !t->base.https && t->by_memory;

	lock_take(&t->h->lock);
	if (stale && t->h->remembered) /* else another request did it */
		host_unlearn(t->h);
	lock_drop(&t->h->lock);
	return stale && set_base(t, true, &ignored);
}

/* What an earlier run remembered does not work any more. */
static bool forget_memory(struct talk *t, const struct err *err)
{
	bool stale = t->by_memory && err->code != E_CANCELLED && err->code != E_AUTH;

	lock_take(&t->h->lock);
	if (stale && t->h->remembered)
		host_unlearn(t->h);
	lock_drop(&t->h->lock);
	return stale;
}

/* It answered, if only with a 401. */
static void set_scheme(struct talk *t)
{
	lock_take(&t->h->lock);
	t->h->scheme = t->base.https ? SCHEME_HTTPS : SCHEME_HTTP;
	lock_drop(&t->h->lock);
}

/* What the next run should know: only of answers that show that the login was right. */
static void learn(struct talk *t, int status)
{
	struct host *h = t->h;
	bool changed;

	lock_take(&h->lock);
	h->remembered = false;
	changed = !h->saved;
	if (h->auth == AUTH_UNKNOWN && status < 400)
		h->auth = AUTH_NONE;
	changed = changed && h->auth != AUTH_UNKNOWN;
	lock_drop(&h->lock);
	if (changed)
		host_remember(h, t->r->store);
}

enum step { STEP_DONE, STEP_AGAIN, STEP_FAILED };

static enum step step(struct client_reply *out, struct talk *t, bool first, struct err *err)
{
	AUTO(url_free) struct url url = { 0 };
	const struct client_call *c = t->call;
	char *authorization = NULL;
	bool own, ok;

	make_url(&url, t);
	own = url_same_origin(&url, &t->base);
	if (!first && c->body && (!c->body->rewind || !c->body->rewind(c->body, err)))
		return STEP_FAILED;
	if (own && !authorize(&authorization, t, err)) {
		if (!forget_memory(t, err))
			return STEP_FAILED;
		err_clear(err);
		return STEP_AGAIN;
	}
	ok = send(out, t->r, c, &url, authorization, !own, err);
	secret_free(&authorization);
	if (!ok)
		return fall_to_http(t, out->http.trouble, err) ? STEP_AGAIN : STEP_FAILED;
	if (!own)
		return STEP_DONE;
	if (rise_to_https(t, out->http.status)) {
		http_reply_free(&out->http);
		return STEP_AGAIN;
	}
	set_scheme(t);
	if (is_expired(t, &out->http)) {
		http_reply_free(&out->http);
		return STEP_AGAIN;
	}
	if (out->http.status != 401) {
		if (t->basic_sent || t->bearer)
			logins_worked(t->r, t->login);
		learn(t, out->http.status);
		return STEP_DONE;
	}
	if (c->give_up_early)
		return STEP_DONE;
	if (!accept_challenge(t, &out->http, err))
		return STEP_FAILED;
	http_reply_free(&out->http);
	return STEP_AGAIN;
}

static bool talk(struct client_reply *out, struct talk *t, struct err *err)
{
	enum step result = STEP_AGAIN;

	for (int i = 0; i < ATTEMPTS && result == STEP_AGAIN; i++)
		result = step(out, t, i == 0, err);
	if (result == STEP_AGAIN)
		err_set(err, E_AUTH, "%s keeps asking for another login", t->h->name);
	if (result != STEP_DONE) {
		enum wire_trouble trouble = out->http.trouble;

		client_reply_free(out);
		out->http.trouble = trouble;
	}
	return result == STEP_DONE;
}

/* --- redirects --- */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* A public store behind the registry may itself want an anonymous token. */
static bool foreign_token(char **header_out, struct registry *r, struct client_reply *reply,
			  struct err *err)
{
	AUTO(challenges_free) struct challenges all = { 0 };
	const struct challenge *c;
	const char *value;
	char *token = NULL;

	for (size_t i = 0; (value = http_header(&reply->http, "WWW-Authenticate", i)); i++)
		challenges_add(&all, value);
	c = challenges_pick(&all);
	if (!c || c->kind != CHALLENGE_BEARER)
		return problem_error(err, &reply->http, "%s wants a login", reply->url.host);
	if (!token_get_anonymous(&token, r, c->realm, c->service, c->scope, &reply->url, err))
		return false;
	*header_out = mem_printf("Bearer %s", token);
	secret_free(&token);
	return true;
}

static bool follow(struct client_reply *reply, struct talk *t, struct err *err)
{
	char *header = NULL;
	bool ok = true, asked = false;
	bool home = url_same_origin(&reply->url, &t->base); /* the registry itself, all the way */

	for (int hops = 0; ok; hops++) {
		AUTO(url_free) struct url next = { 0 };
		const char *location = http_header(&reply->http, "Location", 0);
		bool redirect = is_redirect(reply->http.status) && location;

		if (reply->http.status == 401 && hops > 0 && !asked && !home) {
			asked = true;
			ok = foreign_token(&header, t->r, reply, err);
			url_copy(&next, &reply->url);
		} else if (!redirect) {
			break;
		} else if (hops == LIMIT_REDIRECTS) {
			ok = err_set(err, E_NETWORK, "%s: more than %d redirects", reply->url.host,
				     LIMIT_REDIRECTS);
		} else {
			ok = url_follow(&next, &reply->url, location, err);
			home = ok && home && url_same_origin(&next, &t->base);
			if (ok && !url_same_origin(&next, &reply->url)) {
				secret_free(&header);
				asked = false;
			}
			if (home) {
				secret_free(&header);
				ok = authorize(&header, t, err);
			}
		}
		if (!ok)
			break;
		http_reply_free(&reply->http);
		ok = send(reply, t->r, t->call, &next, header, !home, err);
	}
	secret_free(&header);
	if (!ok)
		client_reply_free(reply);
	return ok;
}

static bool may_follow(const struct client_call *c)
{
	return c->follow && str_eq(c->method, "GET");
}

static bool call_at(struct client_reply *out, struct registry *r, const struct client_call *c,
		    struct err *err)
{
	const char *name = reference_api_host(c->repository);
	AUTO(talk_free) struct talk t = { .r = r, .call = c, .login = c->as };
	bool first, ok;

	*out = (struct client_reply){ 0 };
	t.h = client_host(r, name);
	scopes_add(&t.need, c->repository->repository, c->access);
	if (c->also)
		scopes_add(&t.need, c->also->repository, ACCESS_PULL);
	if (!c->as &&
	    !logins_find(&t.login, r, c->repository->host, c->repository->repository, err))
		return false;
	if (!host_enter(t.h, &first, t.login, &t.need, err))
		return false;
	lock_take(&t.h->lock);
	scopes_add_all(&t.h->wanted, &t.need);
	t.h->insecure = t.h->insecure || c->insecure;
	/* Plain HTTP that an earlier run was allowed may be forbidden now. */
	ok = set_base(&t, t.h->scheme != SCHEME_HTTP || !may_be_plain(&t), err);
	lock_drop(&t.h->lock);
	ok = ok && talk(out, &t, err);
	if (first)
		host_leave(t.h, ok, t.login, &t.need, err);
	return ok && (!may_follow(c) || follow(out, &t, err));
}

/* What the challenge asks for, in memory alone: nothing has shown yet that it works. */
static void note_challenge(struct host *h, const struct http_reply *reply)
{
	AUTO(challenges_free) struct challenges all = { 0 };
	const struct challenge *c;
	const char *value;

	for (size_t i = 0; (value = http_header(reply, "WWW-Authenticate", i)); i++)
		challenges_add(&all, value);
	c = challenges_pick(&all);
	if (!c)
		return;
	lock_take(&h->lock);
	host_unlearn(h);
	h->auth = c->kind == CHALLENGE_BEARER ? AUTH_BEARER : AUTH_BASIC;
	h->realm = c->realm && h->auth == AUTH_BEARER ? mem_strdup(c->realm) : NULL;
	h->service = c->service && h->realm ? mem_strdup(c->service) : NULL;
	lock_drop(&h->lock);
}

bool client_meet(struct registry *r, const struct reference *at, bool insecure, struct err *err)
{
	static const struct login nobody;
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	const struct client_call call = { .method = "GET",
					  .repository = at,
					  .root = true,
					  .path = "",
					  .give_up_early = true,
					  .insecure = insecure,
					  .as = &nobody };

	if (!call_at(&reply, r, &call, err))
		return false;
	if (reply.http.status == 401)
		note_challenge(client_host(r, reference_api_host(at)), &reply.http);
	return true;
}

static bool call_mirror(struct client_reply *out, struct registry *r, const struct client_call *c,
			struct err *err)
{
	const char *host = c->repository->host;
	struct err why = { 0 };
	bool ok = call_at(out, r, c, &why);

	if (ok && (out->http.status < 400 || out->http.status == 416))
		return true;
	if (why.code == E_CANCELLED) {
		*err = why;
		return false;
	}
	if (!ok || out->http.status >= 500)
		route_drop(r, c->repository, ok ? "it fails" : why.msg);
	else
		event_detail(r->events, "the mirror %s answers %d: on to the next", host,
			     out->http.status);
	client_reply_free(out);
	*out = (struct client_reply){ 0 };
	return false;
}

/* A repository this command writes to is read where it is written. */
static bool will_be_pushed(struct registry *r, const struct reference *ref)
{
	struct host *h = client_host(r, reference_api_host(ref));
	AUTO(scopes_free) struct scopes push = { 0 };
	bool will;

	scopes_add(&push, ref->repository, ACCESS_PUSH);
	lock_take(&h->lock);
	will = scopes_cover(&h->wanted, &push);
	lock_drop(&h->lock);
	return will;
}

static enum route_use use_of(struct registry *r, const struct client_call *c)
{
	bool pull = str_eq(c->method, "GET") && c->access == ACCESS_PULL && !c->url && !c->root &&
		    (str_has_prefix(c->path, "manifests/") || str_has_prefix(c->path, "blobs/"));

	if (!pull || will_be_pushed(r, c->repository))
		return ROUTE_HOME;
	return strchr(c->path, ':') ? ROUTE_PULL_BY_DIGEST : ROUTE_PULL_BY_TAG;
}

bool client_call(struct client_reply *out, struct registry *r, const struct client_call *c,
		 struct err *err)
{
	AUTO(routes_free) struct routes routes = { 0 };

	*out = (struct client_reply){ 0 };
	if (r->create_repositories && c->access == ACCESS_PUSH &&
	    !logins_create_repository(r, c->repository, err))
		return false;
	if (!routes_find(&routes, r, c->repository, use_of(r, c), err))
		return false;
	for (size_t i = 0; i < routes.len; i++) {
		struct client_call at = *c;

		at.repository = &routes.items[i].at;
		at.insecure = routes.items[i].insecure;
		if (!routes.items[i].mirror)
			return call_at(out, r, &at, err);
		if (call_mirror(out, r, &at, err))
			return true;
		if (err->code == E_CANCELLED)
			return false;
	}
	return err_set(err, E_NETWORK, "no location of %s answers", c->repository->host);
}
