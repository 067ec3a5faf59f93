// SPDX-License-Identifier: Apache-2.0
#include "registry/client.h"
#include "registry/learn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/digest.h"
#include "registry/problem.h"
#include "registry/pull.h"
#include "registry/token.h"
#include "registry/upload.h"
#include "tests/unit/net/server.h"

/*
 * The client against a registry that plays faults: the repository's name says which. What a real
 * registry does is tested from the command line, in tests/cli.
 */

static const char manifest[] =
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\"}";
#define MANIFEST_TYPE "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n"

enum { BLOB = 300000 };
static char blob[BLOB];

struct fixture {
	struct server server, other;
	struct fs_tmpdir dir;
	struct registry *r;
	char *authfile;
	int tokens; /* given out */
};

static bool has(const struct seen *req, const char *part)
{
	return strstr(req->target, part) != NULL;
}

static const char *header_of(const struct seen *req, const char *name)
{
	const char *at = strcasestr(req->head, name);

	return at ? at + strlen(name) : NULL;
}

static void send_range(int fd, const char *status, const char *headers, size_t from,
		       size_t announced, size_t sent)
{
	server_send(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status, announced, headers);
	server_send_bytes(fd, blob + from, sent);
}

#define EMPTY_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
static const char child[] =
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
	"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":"
	"\"" EMPTY_DIGEST "\",\"size\":0},\"layers\":[]}";

/* An index that has another type for its entry than the entry itself. */
static bool answer_index(int fd, const struct seen *req)
{
	struct digest d = digest_of(child, sizeof(child) - 1);
	AUTO(auto_free)
	char *index = mem_printf(
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
		"\"application/vnd.docker.distribution.manifest.v2+json\",\"digest\":\"%s\","
		"\"size\":%zu,\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}",
		digest_format(&d).text, sizeof(child) - 1);

	return server_reply(fd, "200 OK", "", has(req, "sha256:") ? child : index);
}

static bool answer_manifest(int fd, const struct seen *req)
{
	struct digest d = digest_of(manifest, sizeof(manifest) - 1);
	AUTO(auto_free)
	char *right =
		mem_printf(MANIFEST_TYPE "Docker-Content-Digest: %s\r\n", digest_format(&d).text);
	bool head = strcmp(req->method, "HEAD") == 0;

	if (has(req, "/two-types/"))
		return answer_index(fd, req);
	if (has(req, "/wrong-header/"))
		return server_reply(fd, "200 OK",
				    MANIFEST_TYPE "Docker-Content-Digest: sha256:"
						  "00000000000000000000000000000000"
						  "00000000000000000000000000000000\r\n",
				    manifest);
	if (has(req, "/no-header/"))
		return head ? (server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 78\r\n\r\n"),
			       true)
			    : server_reply(fd, "200 OK", MANIFEST_TYPE, manifest);
	if (has(req, "/huge/")) {
		server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
			    LIMIT_MANIFEST + 64);
		for (int i = 0; i <= LIMIT_MANIFEST / 64; i++)
			server_send(fd, "%064d", 0);
		return false;
	}
	if (has(req, "/denied/"))
		return server_reply(
			fd, "403 Forbidden", "",
			"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"not \\u001b[31myou\"}]}");
	if (has(req, "/html/"))
		return server_reply(fd, "404 Not Found", "Content-Type: text/html\r\n",
				    "<html><body>secret page</body></html>");
	if (has(req, "/plain-text/"))
		return server_reply(fd, "405 No", "Content-Type: text/plain\r\n",
				    "Method not allowed\nmore\n");
	if (has(req, "/warns/"))
		return server_reply(fd, "200 OK", MANIFEST_TYPE "Warning: 299 - \"old\"\r\n",
				    manifest);
	return server_reply(fd, "200 OK", right, manifest);
}

static bool answer_blob(struct server *s, int fd, const struct seen *req)
{
	struct fixture *f = s->arg;
	const char *range = header_of(req, "\r\nRange: bytes=");
	size_t from = range ? strtoul(range, NULL, 10) : 0;
	char headers[256] = "";

	if (has(req, "/absent/") || (has(req, "/lost-once/") && strcmp(req->method, "HEAD") == 0))
		return server_reply(fd, "404 Not Found", "",
				    strcmp(req->method, "HEAD") == 0
					    ? ""
					    : "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\"}]}");
	if (strcmp(req->method, "HEAD") == 0) {
		server_send(fd, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n",
			    has(req, "/redirect/")         ? "307 Go"
			    : has(req, "/proxy-says-403/") ? "403 No"
							   : "200 OK");
		return true;
	}
	snprintf(headers, sizeof(headers), "Content-Range: bytes %zu-%d/%d\r\n", from, BLOB - 1,
		 BLOB);
	if (has(req, "/corrupt/")) {
		send_range(fd, "200 OK", "", 1, BLOB, BLOB - 1);
		server_send_bytes(fd, "x", 1);
		return true;
	}
	if (has(req, "/small/")) {
		send_range(fd, "200 OK", "", 0, BLOB - 1, BLOB - 1);
		return true;
	}
	if (has(req, "/endless/")) {
		server_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
			    BLOB);
		server_send_bytes(fd, blob, BLOB);
		server_send(fd, "\r\n5\r\nextra\r\n0\r\n\r\n");
		return true;
	}
	if (has(req, "/early-end/")) { /* a whole answer, but too short */
		server_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
			    1000);
		server_send_bytes(fd, blob, 1000);
		server_send(fd, "\r\n0\r\n\r\n");
		return true;
	}
	if (has(req, "/cuts/")) { /* 100000 bytes at a time */
		size_t rest = BLOB - from, part = rest < 100000 ? rest : 100000;

		send_range(fd, range ? "206 Partial" : "200 OK", range ? headers : "", from, rest,
			   part);
		return part == rest;
	}
	if (has(req, "/no-ranges/")) {
		bool first = server_seen(s, "GET", "/no-ranges/") == 1;

		send_range(fd, "200 OK", "", 0, BLOB, first ? 70000 : BLOB);
		return !first;
	}
	if (has(req, "/wrong-range/")) {
		send_range(fd, range ? "206 Partial" : "200 OK",
			   range ? "Content-Range: bytes 0-9/10\r\n" : "", 0, BLOB, 70000);
		return false;
	}
	if (has(req, "/hopeless/")) {
		send_range(fd, range ? "206 Partial" : "200 OK", range ? headers : "", from,
			   BLOB - from, 0);
		return false;
	}
	if (has(req, "/redirect/")) {
		snprintf(headers, sizeof(headers),
			 "Location: http://127.0.0.1:%d/cdn?sig=a%%2Fb\r\n", f->other.port);
		return server_reply(fd, "307 Go", headers, "");
	}
	if (has(req, "/login-behind/")) {
		snprintf(headers, sizeof(headers), "Location: http://127.0.0.1:%d/members\r\n",
			 f->other.port);
		return server_reply(fd, "307 Go", headers, "");
	}
	if (has(req, "/basic/moved/"))
		return server_reply(fd, "307 Go", "Location: /v2/basic/here/blobs/x\r\n", "");
	if (has(req, "/circle/"))
		return server_reply(fd, "302 Go", "Location: ?again\r\n", "");
	if (has(req, "/metadata/"))
		return server_reply(fd, "307 Go", "Location: http://user@169.254.169.254/x\r\n",
				    "");
	if (has(req, "/broken-location/"))
		return server_reply(fd, "307 Go", "Location: ht!tp://[/\r\n", "");
	send_range(fd, "200 OK", "", 0, BLOB, BLOB);
	return true;
}

static bool answer_upload(struct server *s, int fd, const struct seen *req)
{
	struct fixture *f = s->arg;
	char headers[256];

	if (strcmp(req->method, "POST") == 0) {
		if (has(req, "?mount=") && has(req, "/mounts/"))
			return server_reply(fd, "201 Created", "", "");
		if (has(req, "?mount=") && has(req, "/no-mounts/"))
			return server_reply(fd, "400 Bad", "",
					    "{\"errors\":[{\"code\":\"NAME_INVALID\"}]}");
		if (has(req, "/no-location/"))
			return server_reply(fd, "202 Accepted", "", "");
		if (has(req, "/limited/"))
			return server_reply(fd, "429 Too Many",
					    "ratelimit-remaining: 0;w=21600\r\n", "");
		if (has(req, "/bad-location/"))
			return server_reply(fd, "202 Accepted", "Location: http://[::1\r\n", "");
		if (has(req, "/other-host/"))
			snprintf(headers, sizeof(headers),
				 "Location: http://127.0.0.1:%d/put?s=%%2F\r\n", f->other.port);
		else if (has(req, "/relative/"))
			snprintf(headers, sizeof(headers), "Location: session?_state=a%%2Fb==\r\n");
		else
			snprintf(headers, sizeof(headers),
				 "Location: http://127.0.0.1:%d/v2/%s/blobs/uploads/session\r\n",
				 s->port,
				 has(req, "/lost-once/")        ? "lost-once"
				 : has(req, "/lost-but-there/") ? "lost-but-there"
								: "x");
		return server_reply(fd, "202 Accepted", headers, "");
	}
	if (strcmp(req->method, "PUT") == 0) {
		if ((has(req, "/lost-once/") && server_seen(s, "PUT", "/lost-once/") == 1) ||
		    has(req, "/lost-but-there/"))
			return server_reply(fd, "404 Not Found", "",
					    "{\"errors\":[{\"code\":\"BLOB_UPLOAD_UNKNOWN\"}]}");
		return server_reply(fd, "201 Created", "", "");
	}
	return server_reply(fd, "204 No Content", "", "");
}

/* Bearer in the repositories "secret...", Basic in "basic..."; others need no login. */
static bool wants_login(struct server *s, int fd, const struct seen *req)
{
	struct fixture *f = s->arg;
	const char *token = header_of(req, "\r\nAuthorization: Bearer token-");
	char headers[512], realm[64];

	if (has(req, "/v2/basic")) {
		if (header_of(req, "\r\nAuthorization: Basic dTpwdw==\r\n"))
			return false;
		return server_reply(fd, "401 No", "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
	}
	if (!has(req, "/v2/secret"))
		return false;
	/* token-N-write is good for everything; of secret-expiring only tokens from the second on
	 */
	if (token && (!has(req, "/v2/secret-expiring") || token[0] > '1') &&
	    (!has(req, "uploads") || strncmp(token + 1, "-write", 6) == 0))
		return false;
	snprintf(realm, sizeof(realm), "http://127.0.0.1:%d", f->other.port);
	snprintf(headers, sizeof(headers),
		 "WWW-Authenticate: Basic realm=\"no\", Bearer realm=\"%s/token?x=1\","
		 "service=\"s v\",scope=\"repository:secret:%s\"%s\r\n",
		 has(req, "/v2/secret-elsewhere") ? "http://example.org"
		 : has(req, "/v2/secret-foreign") ? "https://evil.example"
						  : realm,
		 has(req, "uploads") ? "pull,push" : "pull",
		 token ? ",error=\"insufficient_scope\"" : "");
	return server_reply(fd, "401 No", headers, "");
}

static bool answer(struct server *s, int fd, const struct seen *req)
{
	if (wants_login(s, fd, req))
		return true;
	if (has(req, "/manifests/"))
		return answer_manifest(fd, req);
	if (has(req, "/uploads/"))
		return answer_upload(s, fd, req);
	return answer_blob(s, fd, req);
}

/* The other host: token server, object store, and a place for foreign uploads. */
static bool answer_other(struct server *s, int fd, const struct seen *req)
{
	struct fixture *f = s->arg;
	char body[128];

	if (has(req, "/gone")) {
		server_pause(s, 200); /* until all others wait for this */
		return server_reply(fd, "404 Not Found", "", "");
	}
	if (has(req, "/members"))
		return server_reply(fd, "401 No", "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
	if (has(req, "/token") && has(req, "forbidden")) {
		server_pause(s, 200);
		return server_reply(fd, "403 No", "", "");
	}
	if (has(req, "/token")) {
		pthread_mutex_lock(&s->lock);
		snprintf(body, sizeof(body), "{\"access_token\":\"token-%d-%s\"}", ++f->tokens,
			 has(req, "push") || strstr(req->body, "push") ? "write" : "read");
		pthread_mutex_unlock(&s->lock);
		return server_reply(fd, "200 OK", "", body);
	}
	if (has(req, "/cdn")) {
		send_range(fd, "200 OK", "", 0, BLOB, BLOB);
		return true;
	}
	return server_reply(fd, "201 Created", "", "");
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = { 0 };

	for (size_t i = 0; i < BLOB; i++)
		blob[i] = (char)(i * 2654435761u >> 13);
	f->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	if (!fs_tmpdir_open(&f->dir, &err))
		return -1;
	server_start(&f->server, answer, f);
	server_start(&f->other, answer_other, f);
	f->authfile = mem_printf("%s/auth.json", f->dir.path);
	struct registry_options opt = { .authfile = f->authfile };

	if (!registry_open(&f->r, &opt, &err))
		return -1;
	http_close(f->r->http);
	f->r->http = http_open(&(struct http_options){ .backoff_ms = 1, .stall_s = 2 });
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	registry_close(f->r);
	server_stop(&f->server);
	server_stop(&f->other);
	fs_tmpdir_close(&f->dir);
	free(f->authfile);
	free(f);
	return 0;
}

static struct reference at(const struct fixture *f, const char *repository)
{
	AUTO(auto_free) char *text = mem_printf("127.0.0.1:%d/%s:1", f->server.port, repository);
	struct reference ref;
	struct err err = { 0 };

	assert_true(reference_parse(&ref, text, &err));
	return ref;
}

static void log_in(struct fixture *f, const char *entry)
{
	AUTO(auto_free)
	char *text = mem_printf("{\"auths\":{\"127.0.0.1:%d\":%s}}", f->server.port, entry);
	struct err err = { 0 };

	assert_true(fs_write_path_atomic(f->authfile, text, strlen(text), 0600, &err));
}

static void manifests(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *repository;
		enum err_code want;
		const char *says, *not_says;
	} cases[] = {
		{ "right", E_NONE, NULL, NULL },
		{ "no-header", E_NONE, NULL, NULL },
		{ "warns", E_NONE, NULL, NULL },
		{ "wrong-header", E_INTEGRITY, "sha256:000000", NULL },
		{ "huge", E_INTEGRITY, "limit", NULL },
		{ "denied", E_AUTH, "HTTP 403: not \\x1b[31myou (DENIED)", "\033" },
		{ "html", E_NOT_FOUND, "HTTP 404", "secret page" },
		{ "plain-text", E_UNSUPPORTED, "HTTP 405: Method not allowed", "more" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(registry_document_free) struct registry_document d = { 0 };
		struct reference ref = at(f, cases[i].repository);
		struct err err = { 0 };
		bool ok = registry_get_manifest(&d, f->r, &ref, &err);

		if (ok != (cases[i].want == E_NONE) || err.code != cases[i].want ||
		    (cases[i].says && !strstr(err.msg, cases[i].says)) ||
		    (cases[i].not_says && strstr(err.msg, cases[i].not_says)))
			fail_msg("%s: %s", cases[i].repository, err.msg);
		if (ok)
			assert_string_equal(d.raw, manifest);
	}
	assert_non_null(
		strstr(server_at(&f->server, 0)->head, "application/vnd.oci.image.index.v1+json"));
	assert_non_null(strstr(server_at(&f->server, 0)->head, "manifest.v2+json"));
}

static void manifest_by_digest(void **state)
{
	struct fixture *f = *state;
	AUTO(registry_document_free) struct registry_document d = { 0 };
	struct reference ref = at(f, "right");
	struct err err = { 0 };
	struct digest head;

	ref.has_digest = true;
	ref.digest = digest_of(manifest, sizeof(manifest) - 1);
	assert_true(registry_get_manifest(&d, f->r, &ref, &err));
	registry_document_free(&d);
	ref.digest = digest_of("else", 4);
	assert_false(registry_get_manifest(&d, f->r, &ref, &err));
	assert_int_equal(err.code, E_INTEGRITY);

	ref = at(f, "no-header"); /* HEAD brings no digest: the bytes are fetched */
	assert_true(registry_head_manifest(&head, f->r, &ref, &err));
	struct digest want = digest_of(manifest, sizeof(manifest) - 1);

	assert_true(digest_eq(&head, &want));
}

static void entries_are_what_their_index_says(void **state)
{
	struct fixture *f = *state;
	struct platform want = { .os = "linux", .architecture = "amd64" };
	struct reference ref = at(f, "two-types");
	struct image img;
	struct err err = { 0 };

	assert_false(registry_pull(&img, NULL, f->r, NULL, &ref, &want, &err));
	assert_int_equal(err.code, E_INTEGRITY);
	if (!strstr(err.msg, "announced as 'application/vnd.docker"))
		fail_msg("%s", err.msg);
}

static bool get_blob(struct fixture *f, const char *repository, struct err *err)
{
	AUTO(buf_free) struct buf out = BUF_INIT(BLOB * 2);
	struct reference ref = at(f, repository);
	struct descriptor d = { .digest = digest_of(blob, BLOB), .size = BLOB };
	bool ok = registry_get_blob(&out, f->r, &ref, &d, err);

	if (ok)
		assert_true(out.len == BLOB && memcmp(out.ptr, blob, BLOB) == 0);
	return ok;
}

static void blobs(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *repository;
		enum err_code want;
		int requests;
	} cases[] = {
		{ "right", E_NONE, 1 },          { "absent", E_NOT_FOUND, 1 },
		{ "corrupt", E_INTEGRITY, 1 },   { "small", E_INTEGRITY, 1 },
		{ "endless", E_INTEGRITY, 1 },   { "early-end", E_INTEGRITY, 1 },
		{ "cuts", E_NONE, 3 },           { "no-ranges", E_NONE, 2 },
		{ "wrong-range", E_NETWORK, 2 }, { "hopeless", E_NETWORK, LIMIT_RETRIES + 1 },
		{ "redirect", E_NONE, 1 },       { "circle", E_NETWORK, LIMIT_REDIRECTS + 1 },
		{ "metadata", E_NETWORK, 1 },    { "broken-location", E_NETWORK, 1 },
		{ "login-behind", E_AUTH, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		int before = server_count(&f->server);
		bool ok = get_blob(f, cases[i].repository, &err);

		if (ok != (cases[i].want == E_NONE) || err.code != cases[i].want ||
		    server_count(&f->server) - before != cases[i].requests)
			fail_msg("%s: %d requests, %s %s", cases[i].repository,
				 server_count(&f->server) - before, err_name(err.code), err.msg);
	}
	assert_string_equal(server_at(&f->other, 0)->target, "/cdn?sig=a%2Fb"); /* not re-encoded */
}

static void credentials_stay_at_home(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	log_in(f, "{\"auth\":\"dTpwdw==\"}");
	assert_true(get_blob(f, "basic/redirect", &err));
	assert_int_equal(server_seen(&f->other, "GET", "/cdn"), 1);
	assert_null(header_of(server_at(&f->other, 0), "Authorization"));
	assert_true(get_blob(f, "basic/moved", &err)); /* within the registry they go along */
	for (int i = 0; i < server_count(&f->other); i++)
		assert_null(strstr(server_at(&f->other, i)->head, "dTpwdw"));
}

static bool push_blob(struct fixture *f, const char *repository, struct err *err)
{
	AUTO(auto_registry_upload_close) struct upload *u = NULL;
	AUTO(auto_source_close) struct source *body = source_mem(blob, BLOB);
	struct reference ref = at(f, repository);
	struct digest d = digest_of(blob, BLOB);

	return registry_upload_begin(&u, f->r, &ref, err) &&
	       registry_upload_finish(u, body, &d, BLOB, err);
}

static void uploads(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *repository;
		enum err_code want;
		int requests;
	} cases[] = {
		{ "absolute", E_NONE, 2 },       { "relative", E_NONE, 2 },
		{ "no-location", E_NETWORK, 1 }, { "bad-location", E_NETWORK, 1 },
		{ "lost-once", E_NONE, 5 },      /* POST PUT HEAD POST PUT */
		{ "lost-but-there", E_NONE, 3 }, /* POST PUT HEAD */
		{ "other-host", E_NONE, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		int before = server_count(&f->server);
		bool ok = push_blob(f, cases[i].repository, &err);
		int requests = server_count(&f->server) - before;

		if (ok != (cases[i].want == E_NONE) || err.code != cases[i].want ||
		    requests != cases[i].requests)
			fail_msg("%s: %d requests, %s", cases[i].repository, requests, err.msg);
	}
	AUTO(auto_free)
	char *want =
		mem_printf("/v2/relative/blobs/uploads/session?_state=a%%2Fb==&digest=sha256%%3A%s",
			   digest_hex(&(struct digest[]){ digest_of(blob, BLOB) }[0]).text);

	assert_int_equal(server_seen(&f->server, "PUT", want), 1);
	assert_int_equal(server_at(&f->server, 1)->body_len, BLOB);
	assert_int_equal(server_seen(&f->other, "PUT", "/put?s=%2F&digest=sha256%3A"), 1);
	assert_null(header_of(server_at(&f->other, 0), "Authorization"));
}

static void unused_sessions_are_given_back(void **state)
{
	struct fixture *f = *state;
	struct upload *u = NULL;
	struct reference ref = at(f, "absolute");
	struct err err = { 0 };

	assert_true(registry_upload_begin(&u, f->r, &ref, &err));
	registry_upload_close(u);
	assert_int_equal(server_seen(&f->server, "DELETE", "/uploads/session"), 1);
}

static void mounts(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *repository;
		bool mounted;
		int posts;
	} cases[] = { { "mounts", true, 1 },
		      { "ignores-mount", false, 1 },
		      { "no-mounts", false, 2 } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_registry_upload_close) struct upload *u = NULL;
		struct reference ref = at(f, cases[i].repository), from = at(f, "base");
		struct digest d = digest_of(blob, BLOB);
		struct err err = { 0 };
		bool mounted;

		assert_true(registry_mount(&mounted, &u, f->r, &ref, &d, &from, &err));
		assert_int_equal(mounted, cases[i].mounted);
		assert_int_equal(u == NULL, mounted);
		assert_int_equal(server_seen(&f->server, "POST", cases[i].repository),
				 cases[i].posts);
	}
	assert_int_equal(server_seen(&f->server, "POST", "&from=base"), 3);
}

/* A mount that may not be asked for now is not asked for in another way. */
static void limited_mount(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_registry_upload_close) struct upload *u = NULL;
	struct reference ref = at(f, "limited");
	struct digest d = digest_of(blob, BLOB);
	struct err err = { 0 };
	bool mounted;

	assert_false(registry_mount(&mounted, &u, f->r, &ref, &d, &ref, &err));
	assert_int_equal(err.code, E_NETWORK);
	assert_null(u);
	assert_int_equal(server_seen(&f->server, "POST", "/limited/"), 1);
	assert_int_equal(learn_recall(f->r, &ref).mount, KNOWN_NOTHING);
}

static void existence(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *repository;
		bool want;
	} cases[] = { { "right", true },
		      { "absent", false },
		      { "redirect", true },
		      { "proxy-says-403", false } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reference ref = at(f, cases[i].repository);
		struct digest d = digest_of(blob, BLOB);
		struct err err = { 0 };
		bool there;

		assert_true(registry_has_blob(&there, f->r, &ref, &d, &err));
		assert_int_equal(there, cases[i].want);
	}
}

/* --- logins --- */

static bool get_job(void *arg, size_t job, struct err *err)
{
	(void)job;
	return get_blob(arg, "secret", err);
}

static void one_probe_one_token(void **state)
{
	struct fixture *f = *state;
	struct reference ref = at(f, "secret");
	struct err err = { 0 };

	log_in(f, "{\"auth\":\"dTpwdw==\"}");
	registry_expect_push(f->r, &ref);
	if (!parallel_run(6, 6, get_job, f, &err))
		fail_msg("%s", err.msg);
	assert_true(push_blob(f, "secret", &err));
	assert_int_equal(f->tokens, 1);
	assert_int_equal(server_count(&f->server), 1 + 6 + 2);
	const struct seen *token = server_at(&f->other, 0);

	assert_string_equal(token->method, "GET");
	assert_string_equal(token->target, "/token?x=1&service=s%20v&scope=repository%3Asecret%3A"
					   "pull%2Cpush&account=u");
	assert_non_null(header_of(token, "\r\nAuthorization: Basic dTpwdw==\r\n"));
}

static void wider_token_when_needed(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	assert_true(get_blob(f, "secret", &err)); /* anonymous */
	assert_int_equal(f->tokens, 1);
	assert_null(header_of(server_at(&f->other, 0), "Authorization"));
	assert_true(push_blob(f, "secret", &err));
	assert_int_equal(f->tokens, 2);
}

/* What an earlier run remembered is wrong, and all find out at once. */
static void stale_memory(void **state)
{
	struct fixture *f = *state;
	struct reference ref = at(f, "secret");
	struct host *h = client_host(f->r, reference_api_host(&ref));
	struct login nobody = { 0 };
	AUTO(url_free) struct url url = { 0 };
	AUTO(scopes_free) struct scopes need = { 0 };
	struct err err = { 0 };
	char *value;

	h->scheme = SCHEME_HTTP;
	h->auth = AUTH_BEARER;
	h->realm = mem_printf("http://127.0.0.1:%d/gone", f->other.port);
	h->known = h->remembered = h->saved = true;
	if (!parallel_run(6, 6, get_job, f, &err))
		fail_msg("%s", err.msg);

	/* Unlearnt between the look at it and the question for a token. */
	host_unlearn(h);
	assert_true(url_parse(&url, "http://127.0.0.1/", &err));
	scopes_add(&need, "else", ACCESS_PULL);
	assert_true(token_get(&value, f->r, h, &url, &nobody, &need, &err));
	assert_null(value);
}

static bool mount_or_get(void *arg, size_t job, struct err *err)
{
	struct fixture *f = arg;
	AUTO(auto_registry_upload_close) struct upload *u = NULL;
	struct reference ref = at(f, "secret"), from = at(f, "forbidden");
	struct digest d = digest_of(blob, BLOB);
	bool mounted;

	if (job == 0)
		return registry_mount(&mounted, &u, f->r, &ref, &d, &from, err);
	clock_sleep_ms(60);
	return get_blob(f, "secret", err);
}

/* The first request of all asks for too much: that is no answer to the others. */
static void refused_mount_is_its_own(void **state)
{
	struct err err = { 0 };

	if (!parallel_run(6, 6, mount_or_get, *state, &err))
		fail_msg("%s", err.msg);
}

static void expired_token_is_renewed_once(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	assert_true(get_blob(f, "secret-expiring", &err));
	assert_int_equal(f->tokens, 2);
	assert_int_equal(server_count(&f->server), 3);
}

static void refused_for_good(void **state)
{
	struct fixture *f = *state;
	struct reference ref = at(f, "basic");
	struct registry_document d;
	struct err err = { 0 };

	assert_false(registry_get_manifest(&d, f->r, &ref, &err));
	assert_int_equal(err.code, E_AUTH);
	assert_non_null(strstr(err.hint, "rtbuild login"));
	assert_int_equal(server_count(&f->server), 1);
}

static void wrong_password(void **state)
{
	struct fixture *f = *state;
	struct reference ref = at(f, "basic");
	struct registry_document d;
	struct err err = { 0 };

	log_in(f, "{\"auth\":\"dTp3cm9uZw==\"}"); /* u:wrong */
	assert_false(registry_get_manifest(&d, f->r, &ref, &err));
	assert_int_equal(err.code, E_AUTH);
	assert_non_null(strstr(err.msg, "'u'"));
	assert_null(strstr(err.msg, "wrong"));
	assert_int_equal(server_count(&f->server), 2);
}

static void foreign_realms(void **state)
{
	struct fixture *f = *state;
	static const char *const repositories[] = { "secret-elsewhere", "secret-foreign" };

	log_in(f, "{\"auth\":\"dTpwdw==\"}");
	for (size_t i = 0; i < ARRAY_LEN(repositories); i++) {
		struct reference ref = at(f, repositories[i]);
		struct registry_document d;
		struct err err = { 0 };

		assert_false(registry_get_manifest(&d, f->r, &ref, &err));
		assert_int_equal(err.code, E_AUTH);
		if (!strstr(err.msg, "another party"))
			fail_msg("%s", err.msg);
		assert_non_null(strstr(err.hint, "--trust-realm"));
	}
}

static void identity_tokens_go_by_post(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	log_in(f, "{\"identitytoken\":\"T/+\"}");
	assert_true(push_blob(f, "secret", &err));
	assert_string_equal(server_at(&f->other, 0)->method, "POST");
	assert_string_equal(server_at(&f->other, 0)->target, "/token?x=1");
	assert_string_equal(server_at(&f->other, 0)->body,
			    "grant_type=refresh_token&refresh_token=T%2F%2B&service=s%20v&"
			    "client_id=rtbuild&scope=repository%3Asecret%3Apull%2Cpush");
}

static void registry_tokens_are_used_as_they_are(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	log_in(f, "{\"registrytoken\":\"token-7-write\"}");
	assert_true(push_blob(f, "secret", &err));
	assert_int_equal(f->tokens, 0);
}

static void status_codes(void **state)
{
	static const struct {
		int status;
		enum err_code want;
	} cases[] = {
		{ 400, E_INPUT },     { 401, E_AUTH },        { 403, E_AUTH },
		{ 404, E_NOT_FOUND }, { 405, E_UNSUPPORTED }, { 408, E_NETWORK },
		{ 409, E_INPUT },     { 413, E_UNSUPPORTED }, { 415, E_UNSUPPORTED },
		{ 416, E_NETWORK },   { 418, E_NETWORK },     { 429, E_NETWORK },
		{ 500, E_NETWORK },   { 501, E_UNSUPPORTED }, { 502, E_NETWORK },
		{ 503, E_NETWORK },   { 504, E_NETWORK },     { 302, E_NETWORK },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (problem_code(cases[i].status) != cases[i].want)
			fail_msg("%d: %s", cases[i].status,
				 err_name(problem_code(cases[i].status)));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(manifests),
		TEST(manifest_by_digest),
		TEST(entries_are_what_their_index_says),
		TEST(blobs),
		TEST(credentials_stay_at_home),
		TEST(uploads),
		TEST(unused_sessions_are_given_back),
		TEST(mounts),
		TEST(limited_mount),
		TEST(existence),
		TEST(one_probe_one_token),
		TEST(wider_token_when_needed),
		TEST(stale_memory),
		TEST(refused_mount_is_its_own),
		TEST(expired_token_is_renewed_once),
		TEST(refused_for_good),
		TEST(wrong_password),
		TEST(foreign_realms),
		TEST(identity_tokens_go_by_post),
		TEST(registry_tokens_are_used_as_they_are),
		cmocka_unit_test(status_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
