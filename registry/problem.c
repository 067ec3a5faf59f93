// SPDX-License-Identifier: Apache-2.0
#include "registry/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/* Refusals in words. The server's own are shown when they are text or JSON, never HTML. */

/* clang-format off */
static const struct {
	int status;
	enum err_code code;
	const char *hint;
} statuses[] = {
	{ 400, E_INPUT,       NULL },
	{ 401, E_AUTH,        NULL },
	{ 403, E_AUTH,        "is this user allowed to do that there?" },
	{ 404, E_NOT_FOUND,   NULL },
	{ 405, E_UNSUPPORTED, "the registry is read-only or a pull-through cache, or forbids this" },
	{ 408, E_NETWORK,     NULL },
	{ 409, E_INPUT,       NULL },
	{ 411, E_NETWORK,     NULL },
	{ 413, E_UNSUPPORTED, "a proxy in front of the registry limits the size of requests" },
	{ 415, E_UNSUPPORTED, NULL },
	{ 416, E_NETWORK,     NULL },
	{ 422, E_INPUT,       NULL },
	{ 429, E_NETWORK,     "the registry limits requests; wait, or log in for a higher limit" },
	{ 501, E_UNSUPPORTED, NULL },
};

/* errors[].code of the distribution specification, where it says more than the status. */
static const struct {
	const char *name;
	enum err_code code;
	const char *hint;
} names[] = {
	{ "BLOB_UNKNOWN",          E_NOT_FOUND,   NULL },
	{ "BLOB_UPLOAD_INVALID",   E_NETWORK,     NULL },
	{ "BLOB_UPLOAD_UNKNOWN",   E_NETWORK,     NULL },
	{ "DIGEST_INVALID",        E_INTEGRITY,   NULL },
	{ "SIZE_INVALID",          E_INTEGRITY,   NULL },
	{ "MANIFEST_BLOB_UNKNOWN", E_NOT_FOUND,   "a layer of the image is not in this repository" },
	{ "MANIFEST_INVALID",      E_INPUT,       NULL },
	{ "MANIFEST_UNKNOWN",      E_NOT_FOUND,   NULL },
	{ "NAME_INVALID",          E_INPUT,       NULL },
	{ "NAME_UNKNOWN",          E_NOT_FOUND,   NULL },
	{ "UNAUTHORIZED",          E_AUTH,        NULL },
	{ "DENIED",                E_AUTH,        "is this user allowed to do that there?" },
	{ "UNSUPPORTED",           E_UNSUPPORTED, "the registry is read-only or a pull-through cache, or forbids this" },
	{ "TOOMANYREQUESTS",       E_NETWORK,     "the registry limits requests; wait, or log in for a higher limit" },
};
/* clang-format on */

enum err_code problem_code(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].code;
	return E_NETWORK;
}

static const char *status_hint(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].hint;
	return NULL;
}

struct words {
	char name[64];  /* errors[].code */
	char text[600]; /* printable */
};

static void take_text(struct words *w, const char *text, size_t len)
{
	AUTO(auto_free) char *shown = str_printable(text, len, sizeof(w->text) - 8);

	snprintf(w->text, sizeof(w->text), "%s", shown);
}

/* {"errors":[{code,message,detail}]} of registries, and the forms of token servers and fronts. */
static bool take_json(struct words *w, const char *body, size_t len)
{
	static const char *const members[] = { "error_description", "message", "details", "detail",
					       "error" };
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct err ignored = { 0 };
	json_t *first;
	const char *text;

	if (!json_parse(&doc, body, len, "answer", &ignored))
		return false;
	first = json_array_get(json_object_get(doc, "errors"), 0);
	text = json_text_member(first, "code");
	if (text)
		snprintf(w->name, sizeof(w->name), "%s", text);
	if (!first)
		first = doc;
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		text = json_text_member(first, members[i]);
		if (text && text[0]) {
			take_text(w, text, strlen(text));
			return true;
		}
	}
	take_text(w, w->name, strlen(w->name));
	return true;
}

static void take_body(struct words *w, struct http_reply *reply)
{
	AUTO(buf_free) struct buf body = BUF_INIT(LIMIT_ERROR_BODY);
	const char *type = http_header(reply, "Content-Type", 0);
	struct err ignored = { 0 };
	size_t start;

	if (!http_read(&body, reply, LIMIT_ERROR_BODY, "error", &ignored) && body.len == 0)
		return;
	if (take_json(w, body.ptr, body.len))
		return;
	start = strspn(body.ptr, " \t\r\n");
	if (body.ptr[start] == '<' || body.ptr[start] == '{' || (type && strstr(type, "html")))
		return;
	take_text(w, body.ptr + start, strcspn(body.ptr + start, "\r\n"));
}

/* HEAD has no body, and fronts have HTML. */
static void default_words(struct words *w, int status)
{
	if (!w->text[0] && status == 404)
		take_text(w, "not found", strlen("not found"));
}

static void add_words(struct err *err, const struct words *w, int status)
{
	size_t len = strlen(err->msg);
	bool named = w->name[0] && !strstr(w->text, w->name);
	AUTO(auto_free) char *name = str_printable(w->name, strlen(w->name), sizeof(w->name));

	snprintf(err->msg + len, sizeof(err->msg) - len, ": HTTP %d%s%s%s%s%s", status,
		 w->text[0] ? ": " : "", w->text, named ? " (" : "", named ? name : "",
		 named ? ")" : "");
}

bool problem_error(struct err *err, struct http_reply *reply, const char *fmt, ...)
{
	enum err_code code = problem_code(reply->status);
	const char *hint = status_hint(reply->status);
	struct words w = { 0 };
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	take_body(&w, reply);
	default_words(&w, reply->status);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(names[i].name, w.name)) {
			code = reply->status >= 500 ? E_NETWORK : names[i].code;
			hint = names[i].hint ? names[i].hint : hint;
		}
	err_set(err, code, "%s", text);
	add_words(err, &w, reply->status);
	if (strstr(w.text, "HTTP request to an HTTPS server"))
		hint = "this registry speaks https: leave --plain-http away";
	if (hint)
		err_hint(err, "%s", hint);
	return false;
}

bool problem_says(struct http_reply *reply, const char *word)
{
	AUTO(buf_free) struct buf body = BUF_INIT(LIMIT_ERROR_BODY);
	struct err ignored = { 0 };
	bool says, whole = http_read(&body, reply, LIMIT_ERROR_BODY, "error", &ignored);
	size_t len = body.len;

	says = len && strcasestr(body.ptr, word);
	if (!whole && !len)
		return false; /* it still fails when it is read */
	source_close(reply->body);
	reply->body = source_mem_take(len ? buf_steal(&body) : mem_strdup(""), len);
	return says;
}

bool problem_is(const struct err *err, const char *code)
{
	return strstr(err->msg, code) != NULL;
}
