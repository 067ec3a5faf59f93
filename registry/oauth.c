// SPDX-License-Identifier: Apache-2.0
#include "registry/oauth.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/credential.h"
#include "registry/problem.h"

/* The request and its answer. What is asked with is each cloud's own. */

void oauth_add(struct buf *form, const char *name, const char *value)
{
	buf_putf(form, "%s%s=", form->len ? "&" : "", name);
	buf_put_urlencoded(form, value);
}

bool oauth_check_plain(const struct url *u, const char *what, struct err *err)
{
	return u->https || url_reach(u) == URL_LOOPBACK ||
	       err_set(err, E_INPUT, "%s is plain HTTP", what);
}

static bool refused(struct http_reply *reply, const char *endpoint, struct err *err)
{
	problem_error(err, reply, "no token from %s", endpoint);
	if (err->code != E_NETWORK)
		err->code = E_AUTH; /* whatever it does not like: it is who we say we are */
	return false;
}

static bool take(char **value_out, struct http_reply *reply, const char *member, struct err *err)
{
	AUTO(secret_buf_free) struct buf text = BUF_INIT(LIMIT_TOKEN_ANSWER);
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct err why = { 0 };
	const char *value;

	if (!http_read(&text, reply, LIMIT_TOKEN_ANSWER, "the token answer", err))
		return false;
	/* What is wrong with it may quote it. */
	value = json_parse(&doc, text.ptr, text.len, "the token answer", &why)
			? json_text_member(doc, member)
			: NULL;
	if (!value || !value[0])
		return err_set(err, E_NETWORK, "the answer holds no token");
	*value_out = mem_strdup(value);
	return true;
}

bool oauth_ask(char **value_out, struct http *http, const struct http_request *req,
	       const struct buf *form, const char *member, struct err *err)
{
	AUTO(auto_source_close)
	struct source *body = form ? source_mem(form->ptr, form->len) : NULL;
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(auto_free) char *endpoint = url_shown(req->url);
	struct http_request whole = *req;

	if (form) {
		whole.headers[0] =
			(struct http_header){ "Content-Type", "application/x-www-form-urlencoded" };
		whole.body = body;
		whole.body_size = form->len;
	}
	if (!http_send(&reply, http, &whole, err))
		return err_wrap(err, "token from %s", endpoint);
	if (reply.status != 200)
		return refused(&reply, endpoint, err);
	return take(value_out, &reply, member, err) || err_wrap(err, "token from %s", endpoint);
}
