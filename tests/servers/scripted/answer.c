// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "tests/servers/scripted/scripted.h"

/* Which request is for what, blobs by GET and HEAD, logins. */

char authority_main[64], authority_other[64];
bool tls_main, tls_other;

struct repo {
	struct map blobs; /* digest -> struct blob_data */
};

static struct map repos;

struct repo *repo_get(const char *name)
{
	struct repo *r = map_get(&repos, name);

	if (!r) {
		r = mem_alloc(sizeof(*r));
		map_put(&repos, name, r);
	}
	return r;
}

bool repo_blob(struct blob_data *out, const struct repo *r, const char *digest)
{
	const struct blob_data *b = map_get(&r->blobs, digest);

	if (b)
		*out = *b;
	return b != NULL;
}

bool any_blob(struct blob_data *out, const char *digest)
{
	for (size_t i = 0; i < repos.len; i++)
		if (repo_blob(out, repos.items[i].value, digest))
			return true;
	return false;
}

/* Bytes that were given out once stay: another thread may be sending them. */
void repo_put_blob(struct repo *r, const char *digest, const char *data, size_t len)
{
	struct blob_data b = { .data = mem_dup(data, len + 1), .len = len };

	map_put(&r->blobs, digest, mem_dup(&b, sizeof(b)));
}

void repo_drop_blob(struct repo *r, const char *digest)
{
	map_remove(&r->blobs, digest);
}

char *digest_text(const void *data, size_t len)
{
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	sha256_of(hash, data, len);
	hex_format(hex, hash, sizeof(hash));
	return mem_printf("sha256:%s", hex);
}

char *fill_in(const char *value, const char *digest)
{
	AUTO(auto_free) char *self = mem_printf("http%s://%s", tls_main ? "s" : "", authority_main);
	AUTO(auto_free)
	char *other = mem_printf("http%s://%s", tls_other ? "s" : "", authority_other);
	const struct {
		const char *name, *text;
	} places[] = { { "{self}", self },
		       { "{other}", other },
		       { "{main}", authority_main },
		       { "{digest}", digest ? digest : "" } };
	AUTO(buf_free) struct buf out = BUF_INIT(64 * KIB);

	while (*value) {
		size_t i = 0;

		while (i < ARRAY_LEN(places) && !str_has_prefix(value, places[i].name))
			i++;
		if (i < ARRAY_LEN(places)) {
			buf_put(&out, places[i].text);
			value += strlen(places[i].name);
		} else {
			buf_put_byte(&out, (unsigned char)*value++);
		}
	}
	return buf_steal(&out);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
}

char *request_query(const struct request *r, const char *name, size_t n)
{
	const char *query = strchr(r->target, '?');
	struct slice rest = slice_of(query ? query + 1 : NULL);

	while (rest.ptr) {
		struct slice value, pair = slice_cut(rest, '&', &rest);
		struct slice key = slice_cut(pair, '=', &value);
		char *out;
		size_t len = 0;

		if (!slice_eq(key, name) || n-- > 0)
			continue;
		out = mem_alloc(value.len + 1);
		for (size_t i = 0; i < value.len; i++) {
			bool coded = value.ptr[i] == '%' && i + 2 < value.len;

			out[len++] = !coded ? value.ptr[i]
					    : (char)(hex_value(value.ptr[i + 1]) * 16 +
						     hex_value(value.ptr[i + 2]));
			i += coded ? 2 : 0;
		}
		return out;
	}
	return NULL;
}

/* --- blobs --- */

/* "bytes=5-" or "bytes=5-9"; false when there is none to be honoured. */
static bool asked_range(size_t *from, size_t *to, const struct request *req, size_t len)
{
	AUTO(auto_free) char *range = request_header(req, "Range");
	char *end;

	if (!range || !str_has_prefix(range, "bytes=") || play_is(&req->play, "range", "ignore"))
		return false;
	*from = strtoull(range + 6, &end, 10);
	*to = *end == '-' && end[1] ? strtoull(end + 1, NULL, 10) : len - 1;
	return true;
}

static void answer_bytes(struct reply *out, const struct request *req, const char *digest,
			 const struct blob_data *b)
{
	size_t from = 0, to = b->len - 1;
	bool part = asked_range(&from, &to, req, b->len);

	reply_header(out, "Content-Type: application/octet-stream");
	reply_header(out, "Docker-Content-Digest: %s", digest);
	reply_header(out, "ETag: \"%s\"", digest);
	out->status = part ? 206 : 200;
	if (part && (play_is(&req->play, "range", "416") || from >= b->len)) {
		out->status = 416;
		reply_header(out, "Content-Range: bytes */%zu", b->len);
		return;
	}
	if (play_is(&req->play, "range", "wrong"))
		from++;
	if (part)
		reply_header(out, "Content-Range: bytes %zu-%zu/%zu", from, to, b->len);
	out->len = part ? to - from + 1 : b->len;
	out->body = mem_dup(b->data + (part ? from : 0), out->len + 1);
}

static void answer_blob(struct reply *out, const struct request *req, struct repo *r,
			const char *digest)
{
	struct blob_data b;

	if (str_eq(req->method, "DELETE")) {
		repo_drop_blob(r, digest);
		out->status = 202;
	} else if (repo_blob(&b, r, digest)) {
		answer_bytes(out, req, digest, &b);
	} else {
		reply_error(out, 404, "BLOB_UNKNOWN", "blob unknown to registry");
	}
}

/* --- logins --- */

static struct map tokens; /* text -> "" */

static bool is_user(const char *header, const char *user)
{
	AUTO(auto_free) char *coded = str_base64_encode(user, strlen(user));
	AUTO(auto_free) char *wanted = mem_printf("Basic %s", coded);

	return header && str_eq(header, wanted);
}

static void challenge(struct reply *out, const struct request *req)
{
	AUTO(auto_free) char *realm = fill_in("{self}/token", NULL);
	const char *text;

	reply_error(out, 401, "UNAUTHORIZED", "authentication required");
	for (size_t i = 0; (text = play_nth(&req->play, "challenge", i)); i++) {
		AUTO(auto_free) char *filled = fill_in(text, NULL);

		reply_header(out, "WWW-Authenticate: %s", filled);
	}
	if (play_has(&req->play, "challenge"))
		return;
	if (play_has(&req->play, "basic"))
		reply_header(out, "WWW-Authenticate: Basic realm=\"scripted\"");
	else
		reply_header(out,
			     "WWW-Authenticate: Bearer realm=\"%s\",service=\"scripted\","
			     "scope=\"repository:a/b:pull\"",
			     realm);
}

static bool answer_login(struct reply *out, const struct request *req)
{
	AUTO(auto_free) char *given = request_header(req, "Authorization");
	const char *basic = play_get(&req->play, "basic");

	if (!basic && !play_has(&req->play, "bearer"))
		return true;
	if (basic && is_user(given, basic))
		return true;
	if (!basic && given && str_has_prefix(given, "Bearer ") && map_has(&tokens, given + 7))
		return true;
	if (play_has(&req->play, "expired"))
		reply_error(out, 403, "DENIED",
			    "Your authorization token has expired. Reauthenticate and try again.");
	else
		challenge(out, req);
	return false;
}

static void answer_token(struct reply *out, const struct request *req)
{
	AUTO(auto_free) char *given = request_header(req, "Authorization");
	AUTO(auto_free) char *token = mem_printf("token-%zu-of-scripted", tokens.len + 1);
	AUTO(auto_free) char *user = NULL;
	const char *field = play_get(&req->play, "token-field");
	uint64_t expires = play_number(&req->play, "expires", 300);
	const char *body = play_get(&req->play, "body");

	if (!str_eq(req->method, "GET")) {
		reply_text(out, 404, "text/plain", "not found\n");
		return;
	}
	if (given && play_has(&req->play, "bearer") &&
	    !is_user(given, play_get(&req->play, "bearer"))) {
		reply_text(out, 401, "application/json", "{\"details\":\"wrong password\"}");
		return;
	}
	map_put(&tokens, token, NULL);
	if (body)
		reply_text(out, 200, "application/json", "%s", body);
	else if (expires)
		reply_text(out, 200, "application/json", "{\"%s\":\"%s\",\"expires_in\":%llu}",
			   field ? field : "token", token, (unsigned long long)expires);
	else
		reply_text(out, 200, "application/json", "{\"%s\":\"%s\"}", field ? field : "token",
			   token);
}

/* --- which --- */

/* "/v2/NAME/KIND/REST" at the last KIND. */
static bool cut_at(char **name, char **rest, const char *path, const char *kind)
{
	const char *found = NULL, *at = path;

	while ((at = strstr(at + 1, kind)))
		found = at;
	if (!found || !str_has_prefix(path, "/v2/") || found <= path + 3)
		return false;
	*name = mem_strndup(path + 4, (size_t)(found - path - 4));
	*rest = mem_strdup(found + strlen(kind));
	return true;
}

static void route(struct reply *out, const struct request *req)
{
	AUTO(auto_free) char *path = mem_strndup(req->target, strcspn(req->target, "?"));
	AUTO(auto_free) char *name = NULL;
	AUTO(auto_free) char *rest = NULL;
	struct blob_data b;

	if (str_eq(path, "/token"))
		answer_token(out, req);
	else if (str_has_prefix(path, "/cdn/") && any_blob(&b, path + 5))
		answer_bytes(out, req, path + 5, &b);
	else if (str_has_prefix(path, "/v2/") && !answer_login(out, req))
		return;
	else if (str_eq(path, "/v2/"))
		reply_text(out, 200, "application/json", "{}");
	else if (cut_at(&name, &rest, path, "/blobs/uploads/"))
		answer_upload(out, req, repo_get(name), name, rest);
	else if (cut_at(&name, &rest, path, "/blobs/"))
		answer_blob(out, req, repo_get(name), rest);
	else if (cut_at(&name, &rest, path, "/manifests/"))
		answer_manifest(out, req, name, rest);
	else if (cut_at(&name, &rest, path, "/tags/list"))
		answer_tags(out, req, name);
	else if (cut_at(&name, &rest, path, "/referrers/"))
		answer_referrers(out, req, name, rest);
	else
		reply_text(out, 404, "text/plain; charset=utf-8", "404 page not found\n");
}

static void redirect(struct reply *out, const struct request *req)
{
	const char *digest = strstr(req->target, "sha256:");
	AUTO(auto_free) char *to = fill_in(play_get(&req->play, "redirect"), digest);

	out->status = 307;
	reply_header(out, "Location: %s", to);
}

/* `status` without doing anything. */
static void refuse(struct reply *out, const struct request *req, int status)
{
	const char *code = play_get(&req->play, "code"), *body = play_get(&req->play, "body");

	if (code)
		reply_error(out, status, code, body ? body : "as scripted");
	else
		reply_text(out, status,
			   body && strchr(body, '<') == body ? "text/html" : "text/plain", "%s",
			   body ? body : "as scripted\n");
}

void answer(struct reply *out, const struct request *req)
{
	const struct play *p = &req->play;
	bool writes = str_eq(req->method, "PUT") || str_eq(req->method, "POST");

	if (play_has(p, "status"))
		refuse(out, req, (int)play_number(p, "status", 0));
	else if (req->announced > play_number(p, "body-max", UINT64_MAX))
		reply_text(out, 413, "text/html", "<html>413 Request Entity Too Large</html>\n");
	else if (writes && !req->has_length)
		reply_text(out, 411, "text/plain", "length required\n");
	else if (play_has(p, "redirect"))
		redirect(out, req);
	else
		route(out, req);
	if (play_has(p, "as"))
		out->status = (int)play_number(p, "as", 0);
}
