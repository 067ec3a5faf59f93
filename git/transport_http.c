// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "git/transport.h"

/* Smart HTTP (gitprotocol-http), through net/. */

static const char info_refs[] = "/info/refs?service=git-upload-pack";

struct http_transport {
	struct git_transport transport;
	struct http *http;
	struct url origin; /* as given: where credentials belong */
	char *base;        /* of the repository, after redirects */
	char *authorization;
	struct http_reply reply;
};

void git_transport_close(struct git_transport *t)
{
	if (t)
		t->close(t);
}

static void http_transport_close(struct git_transport *self)
{
	struct http_transport *t = (struct http_transport *)self;

	http_reply_free(&t->reply);
	url_free(&t->origin);
	free(t->base);
	if (t->authorization)
		explicit_bzero(t->authorization, strlen(t->authorization));
	free(t->authorization);
	free(t);
}

/* The header's value for a URL, or NULL (net/http.h leaves out such a header). */
static const char *authorization_for(const struct http_transport *t, const struct url *u)
{
	bool is_safe = u->https || url_reach(u) == URL_LOOPBACK;

	return is_safe && url_same_origin(&t->origin, u) ? t->authorization : NULL;
}

static bool bad_status(const struct http_transport *t, const struct url *u, struct err *err)
{
	int status = t->reply.status;
	bool refused = status == 401 || status == 403;
	AUTO(auto_free) char *shown = url_shown(u);

	err_set(err,
		refused                          ? E_AUTH
		: status == 404 || status == 410 ? E_NOT_FOUND
						 : E_NETWORK,
		"%s: HTTP %d", shown, status);
	if (!refused)
		return false;
	if (!t->authorization)
		return err_hint(err, "give a token: --secret id=GIT_AUTH_TOKEN,env=VARIABLE");
	return authorization_for(t, u) ? err_hint(err, "it does not take the secret given for it")
				       : err_hint(err, "secrets are only sent over https, to the "
						       "host they are for");
}

static bool check_type(const struct http_transport *t, const char *wanted, const struct url *u,
		       struct err *err)
{
	const char *type = http_header(&t->reply, "Content-Type", 0);
	AUTO(auto_free) char *shown = NULL;

	if (type && str_eq(type, wanted))
		return true;
	shown = url_shown(u);
	err_set(err, E_NETWORK,
		"%s: this is no git repository (or its server only speaks the dumb protocol)",
		shown);
	return false;
}

static bool send_request(struct http_transport *t, const struct url *u, struct source *body,
			 size_t size, const char *kind, bool foreign, struct err *err)
{
	AUTO(auto_free) char *accept = mem_printf("application/x-git-upload-pack-%s", kind);
	struct http_request req = {
		.method = body ? "POST" : "GET",
		.url = u,
		.headers = { { "Git-Protocol", "version=2" },
			     { "Accept", accept },
			     { "Content-Type",
			       body ? "application/x-git-upload-pack-request" : NULL },
			     { "Authorization", NULL } },
		.body = body,
		.body_size = size,
		.foreign = foreign,
	};
	const char *authorization = authorization_for(t, u);

	/* headers end at the first without a value */
	req.headers[body ? 3 : 2] =
		(struct http_header){ authorization ? "Authorization" : NULL, authorization };
	http_reply_free(&t->reply);
	return http_send(&t->reply, t->http, &req, err);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Where the first request ended up is where the repository is (http.followRedirects=initial). */
static bool take_base(struct http_transport *t, const struct url *u, struct err *err)
{
	AUTO(auto_free) char *text = url_text(u);
	char *end = strstr(text, "/info/refs?");

	if (!end)
		return err_set(err, E_NETWORK, "%s sent us to what is no repository",
			       t->origin.host);
	*end = '\0';
	free(t->base);
	t->base = STEAL(text);
	return true;
}

static bool http_greet(struct git_transport *self, struct source **out, struct err *err)
{
	struct http_transport *t = (struct http_transport *)self;
	AUTO(auto_free) char *text = mem_printf("%s%s", t->base, info_refs);
	AUTO(url_free) struct url u = { 0 };

	if (!url_parse(&u, text, err))
		return false;
	for (int i = 0; i <= LIMIT_REDIRECTS; i++) {
		struct url next = { 0 };
		const char *location;

		if (!send_request(t, &u, NULL, 0, "advertisement", i > 0, err))
			return false;
		location = http_header(&t->reply, "Location", 0);
		if (t->reply.status == 200) {
			*out = t->reply.body;
			return check_type(t, "application/x-git-upload-pack-advertisement", &u,
					  err) &&
			       take_base(t, &u, err);
		}
		if (!is_redirect(t->reply.status) || !location)
			return bad_status(t, &u, err);
		if (!url_follow(&next, &u, location, err))
			return false;
		url_free(&u);
		u = next;
	}
	return err_set(err, E_NETWORK, "%s: more than %d redirects", t->base, LIMIT_REDIRECTS);
}

static bool http_ask(struct git_transport *self, struct source **out, const struct buf *request,
		     struct err *err)
{
	struct http_transport *t = (struct http_transport *)self;
	AUTO(auto_free) char *text = mem_printf("%s/git-upload-pack", t->base);
	AUTO(auto_source_close) struct source *body = source_mem(request->ptr, request->len);
	AUTO(url_free) struct url u = { 0 };

	if (!url_parse(&u, text, err) ||
	    !send_request(t, &u, body, request->len, "result", false, err))
		return false;
	*out = t->reply.body;
	return t->reply.status == 200
		       ? check_type(t, "application/x-git-upload-pack-result", &u, err)
		       : bad_status(t, &u, err);
}

static void nothing_to_add(struct git_transport *self, struct err *err)
{
	(void)self;
	(void)err;
}

bool git_http_open(struct git_transport **out, struct http *http, const struct git_location *at,
		   const char *authorization, struct err *err)
{
	struct http_transport *t = mem_alloc(sizeof(*t));

	t->transport = (struct git_transport){ .is_stateless = true,
					       .greet = http_greet,
					       .ask = http_ask,
					       .explain = nothing_to_add,
					       .close = http_transport_close };
	t->http = http;
	t->base = mem_strdup(at->remote);
	t->authorization = authorization ? mem_strdup(authorization) : NULL;
	*out = &t->transport;
	if (url_parse(&t->origin, at->remote, err))
		return true;
	git_transport_close(&t->transport);
	*out = NULL;
	return false;
}
