// SPDX-License-Identifier: Apache-2.0
#include "python/index_client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/mem.h"
#include "layers/compress.h"
#include "python/index_cache.h"
#include "python/index_private.h"

/* Pages: what an index has, asked as rarely as its answers allow. Files are index_files.c's. */

struct index_client *index_client_open(const struct index_client_options *opt)
{
	const struct http_options http = { .events = opt->events,
					   .ca_file = opt->ca_file,
					   .insecure = opt->insecure,
					   .trace = opt->trace };
	struct index_client *x = mem_alloc(sizeof(*x));

	x->http = http_open(&http);
	x->credentials = index_credentials_open();
	x->events = opt->events;
	x->store = opt->store;
	x->plain_http = opt->plain_http;
	x->offline = opt->offline;
	lock_init(&x->lock);
	return x;
}

void index_client_close(struct index_client *x)
{
	if (!x)
		return;
	http_close(x->http);
	index_credentials_close(x->credentials);
	map_free(&x->no_ranges);
	str_list_free(&x->trusted);
	lock_free(&x->lock);
	free(x);
}

bool index_client_is_offline(const struct index_client *x)
{
	return x->offline;
}

void index_client_trust(struct index_client *x, const char *host)
{
	str_list_push(&x->trusted, host);
}

/* By its name alone, or with the port that is written in the URL. */
static bool is_trusted(const struct index_client *x, const struct url *url)
{
	AUTO(auto_free) char *with_port = mem_printf("%s:%u", url->host, url->port);

	for (size_t i = 0; i < x->trusted.len; i++)
		if (strcasecmp(x->trusted.items[i], url->host) == 0 ||
		    strcasecmp(x->trusted.items[i], with_port) == 0)
			return true;
	return false;
}

/* Whether what it says may be believed, and it may be told a password. */
static bool is_safe(const struct index_client *x, const struct url *url)
{
	return url->https || x->plain_http || url_reach(url) == URL_LOOPBACK || is_trusted(x, url);
}

bool index_client_take(char **url_out, struct index_client *x, const char *text, struct err *err)
{
	AUTO(url_free) struct url url = { 0 };

	if (!index_credentials_take(&url, x->credentials, text, err))
		return err_wrap(err, "package URL");
	if (!is_safe(x, &url)) {
		AUTO(auto_free) char *shown = url_shown(&url);

		err_set(err, E_UNSUPPORTED, "%s: plain http is not trusted", shown);
		return err_hint(err,
				"use https, or --plain-http to allow it (in a requirements "
				"file: --trusted-host %s)",
				url.host);
	}
	*url_out = url_text(&url);
	return true;
}

/* --- requests --- */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* One request, with the credentials of its own origin and no other. */
static bool send_once(struct http_reply *reply, struct index_client *x, const struct url *url,
		      const struct index_ask *ask, bool foreign, struct err *err)
{
	AUTO(index_credential_free) char *authorization = NULL;
	struct http_request req = {
		.method = "GET", .url = url, .foreign = foreign, .insecure = is_trusted(x, url)
	};
	size_t n = 0;

	if (is_safe(x, url) && !index_credentials_find(&authorization, x->credentials, url, err))
		return false;
	for (size_t i = 0; i < INDEX_ASK_HEADERS && ask->headers[i].name; i++)
		if (ask->headers[i].value)
			req.headers[n++] = ask->headers[i];
	if (authorization)
		req.headers[n] = (struct http_header){ "Authorization", authorization };
	return http_send(reply, x->http, &req, err);
}

bool index_send(struct http_reply *reply, struct url *final_out, struct index_client *x,
		const struct index_ask *ask, struct err *err)
{
	AUTO(url_free) struct url url = { 0 };
	bool foreign = ask->foreign;

	if (!url_parse(&url, ask->url, err))
		return false;
	for (int i = 0; i <= LIMIT_REDIRECTS; i++) {
		const char *location;
		struct url next = { 0 };
		bool ok;

		if (!send_once(reply, x, &url, ask, foreign, err))
			return false;
		location = http_header(reply, "Location", 0);
		if (!is_redirect(reply->status) || !location) {
			if (final_out) {
				*final_out = url;
				url = (struct url){ 0 };
			}
			return true;
		}
		ok = url_follow(&next, &url, location, err);
		http_reply_free(reply);
		if (!ok)
			return false;
		url_free(&url);
		url = next;
		foreign = true;
	}
	return err_set(err, E_NETWORK, "more than %d redirects", LIMIT_REDIRECTS);
}

bool index_refused(const struct http_reply *reply, struct err *err)
{
	if (reply->status == 401 || reply->status == 403) {
		err_set(err, E_AUTH, "HTTP %d: the index refused us", reply->status);
		return err_hint(err, "put user and password into the index's URL or into ~/.netrc; "
				     "keyring is not asked");
	}
	return err_set(err, reply->status == 404 || reply->status == 410 ? E_NOT_FOUND : E_NETWORK,
		       "HTTP %d", reply->status);
}

char *index_shown(const char *url)
{
	struct url u = { 0 };
	struct err ignored = { 0 };
	char *text;

	if (!url_parse(&u, url, &ignored))
		return mem_strndup(url, strcspn(url, "?#"));
	text = url_shown(&u);
	url_free(&u);
	return text;
}

/* "https://host:443" */
static char *origin_of(const char *url)
{
	const char *mark = strstr(url, "://");
	size_t scheme = mark ? (size_t)(mark + 3 - url) : 0;

	return mem_strndup(url, scheme + strcspn(url + scheme, "/?#"));
}

bool index_refuses_ranges(struct index_client *x, const char *url)
{
	AUTO(auto_free) char *origin = origin_of(url);
	bool refuses;

	lock_take(&x->lock);
	refuses = map_has(&x->no_ranges, origin);
	lock_drop(&x->lock);
	return refuses;
}

void index_note_no_ranges(struct index_client *x, const char *url)
{
	AUTO(auto_free) char *origin = origin_of(url);

	lock_take(&x->lock);
	map_put(&x->no_ranges, origin, NULL);
	lock_drop(&x->lock);
}

/* --- pages --- */

/* Unpacked, when it came packed: JSON pages shrink to a tenth. */
static bool read_page(struct buf *out, struct http_reply *reply, struct err *err)
{
	const char *coding = http_header(reply, "Content-Encoding", 0);

	if (coding && (strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "x-gzip") == 0)) {
		if (!decompressor_open(&reply->body, STEAL(reply->body), COMPRESSION_GZIP, err))
			return err_wrap(err, "the page");
	} else if (coding && strcasecmp(coding, "identity") != 0) {
		return err_set(err, E_UNSUPPORTED,
			       "the page comes in the coding '%s', which nobody asked for", coding);
	}
	return http_read(out, reply, LIMIT_SIMPLE_PAGE, "the page", err);
}

/* The reply to a question for a page, into `a`, which is the kept one or empty. */
static bool take_reply(struct index_answer *a, bool *keep, struct http_reply *reply,
		       const struct url *final, struct err *err)
{
	bool gone = reply->status == 404 || reply->status == 410;

	if (reply->status == 304 && a->location) {
		*keep = index_answer_take_headers(a, reply);
		return true;
	}
	if (reply->status != 200 && !gone)
		return index_refused(reply, err);
	index_answer_free(a);
	a->body = (struct buf)BUF_INIT(LIMIT_SIMPLE_PAGE);
	a->status = gone ? 404 : 200;
	a->location = url_text(final);
	if (http_header(reply, "Content-Type", 0))
		a->content_type = mem_strdup(http_header(reply, "Content-Type", 0));
	*keep = index_answer_take_headers(a, reply);
	return gone || read_page(&a->body, reply, err);
}

/* Ask for the page, or whether the kept one is still current. */
static bool ask_page(struct index_answer *a, struct index_client *x, const char *url,
		     struct err *err)
{
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(url_free) struct url final = { 0 };
	bool keep = false;
	const struct index_ask ask = {
		.url = url,
		.headers = { { "Accept", SIMPLE_ACCEPT },
			     { "Accept-Encoding", "gzip" },
			     { "If-None-Match", a->etag },
			     { "If-Modified-Since", a->etag ? NULL : a->last_modified } },
	};

	if (!index_send(&reply, &final, x, &ask, err) || !take_reply(a, &keep, &reply, &final, err))
		return false;
	if (keep)
		index_cache_write(x->store, url, a);
	return true;
}

static bool get_page(struct index_answer *a, struct index_client *x, const char *url,
		     struct err *err)
{
	bool kept = index_cache_read(a, x->store, url);

	if (x->offline) {
		if (!kept)
			a->status = 404;
		return true;
	}
	if (kept && a->status == 200 && index_answer_is_fresh(a))
		return true;
	if (ask_page(a, x, url, err))
		return true;
	if (kept && err->code == E_NETWORK)
		err_hint(err, "with --offline, what was fetched before is used");
	return false;
}

bool index_client_page(struct simple_page *out, bool *found_out, struct index_client *x,
		       struct arena *a, const char *url, struct err *err)
{
	AUTO(index_answer_free) struct index_answer answer = { 0 };
	AUTO(auto_free) char *shown = index_shown(url);
	AUTO(url_free) struct url from = { 0 };

	if (!get_page(&answer, x, url, err))
		return err_wrap(err, "%s", shown);
	*found_out = answer.status == 200;
	if (!*found_out)
		return true;
	if (!url_parse(&from, answer.location, err) ||
	    !simple_page_parse(out, a, (struct slice){ answer.body.ptr, answer.body.len },
			       answer.content_type, &from, err))
		return err_wrap(err, "%s", shown);
	return true;
}

bool index_client_project(struct simple_page *out, bool *found_out, struct index_client *x,
			  struct arena *a, const char *index, const char *key, struct err *err)
{
	bool slash = str_has_suffix(index, "/");
	AUTO(auto_free) char *url = mem_printf("%s%s%s/", index, slash ? "" : "/", key);

	return index_client_page(out, found_out, x, a, url, err);
}

bool index_client_text(struct buf *out, struct index_client *x, const char *url, struct err *err)
{
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(auto_free) char *plain = NULL;
	AUTO(auto_free) char *shown = NULL;
	struct index_ask ask = { 0 };

	if (!index_client_take(&plain, x, url, err))
		return false;
	shown = index_shown(plain);
	if (x->offline) {
		err_set(err, E_NOT_FOUND, "%s is not kept, and --offline asks nobody", shown);
		return err_hint(err, "download it, and name the file");
	}
	ask.url = plain;
	if (!index_send(&reply, NULL, x, &ask, err))
		return err_wrap(err, "%s", shown);
	if (reply.status != 200) {
		index_refused(&reply, err);
		return err_wrap(err, "%s", shown);
	}
	return http_read(out, &reply, out->max, shown, err);
}
