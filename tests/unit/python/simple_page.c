// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "python/index_credentials.h"
#include "python/simple_page.h"

/* Pages of package indexes, from the bytes to what they say of files; and who may see them. */

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HTML "text/html"
#define JSON "application/vnd.pypi.simple.v1+json"
#define FROM "https://idx.example/simple/foo/"

static void put_hashes(struct buf *out, const char *what, const struct file_hashes *h)
{
	for (size_t i = 0; i < ARRAY_LEN(h->known); i++) {
		if (!h->known[i])
			continue;
		buf_putf(out, " %s%s=", what, hash_kind_name((enum hash_kind)i));
		buf_put_hex(out, h->values[i], 2);
	}
}

/* One line a file, with what is said of it. */
static void put_page(struct buf *out, const struct simple_page *p)
{
	for (size_t i = 0; i < p->len; i++) {
		const struct simple_file *f = &p->items[i];

		buf_putf(out, "%s %s", f->filename, f->url);
		put_hashes(out, "", &f->hashes);
		if (f->requires_python)
			buf_putf(out, " py'%s'", f->requires_python);
		if (f->yanked)
			buf_putf(out, " yanked'%s'", f->yanked);
		if (f->has_metadata)
			buf_put(out, " metadata");
		put_hashes(out, "m-", &f->metadata_hashes);
		if (f->size >= 0)
			buf_putf(out, " %lld", (long long)f->size);
		if (f->upload_time)
			buf_putf(out, " at %s", f->upload_time);
		if (f->refused)
			buf_putf(out, " refused: %s", f->refused);
		buf_put(out, "\n");
	}
	if (p->status)
		buf_putf(out, "status %s '%s'\n", p->status,
			 p->status_reason ? p->status_reason : "");
	if (p->newer)
		buf_putf(out, "newer %s\n", p->newer);
}

/* clang-format off */
#define PAGE_FROM(url, n, t, x, w) { .name = (n), .type = (t), .text = (x), .want = (w), .from = (url) }
#define PAGE(n, t, x, w) PAGE_FROM(NULL, n, t, x, w)
static const struct page_case {
	const char *name, *type, *text;
	const char *want;       /* lines of put_page; NULL: it fails */
	enum err_code code;     /* then with this */
	const char *words;
	const char *from;       /* NULL: FROM */
} cases[] = {
	/* --- HTML --- */
	PAGE("nothing", HTML, "", ""),
	PAGE("a link", HTML, "<a href=\"foo-1-py3-none-any.whl\">foo</a>",
	  "foo-1-py3-none-any.whl https://idx.example/simple/foo/foo-1-py3-none-any.whl\n"),
	PAGE("its own type", "Application/vnd.pypi.simple.v1+HTML ; charset=utf-8", "<a href=/x.whl>", "x.whl https://idx.example/x.whl\n"),
	PAGE("other links", HTML, "<a href=../../f/a.whl#x><a href='//files.example/b.whl'><a href=?c.whl><a name=d.whl><a>",
	  "a.whl https://idx.example/f/a.whl\nb.whl https://files.example/b.whl\n"),
	PAGE("base", HTML, "<head><base target=_blank><base href=\"https://cdn.example/d/\"><base href=\"https://no.example/\"></head><a href=a.whl>",
	  "a.whl https://cdn.example/d/a.whl\n"),
	PAGE("hash", HTML, "<a href=\"a.whl#sha256=" HASH "\"><a href=\"b.whl#md5=00&sha256=" OTHER "&egg=b\">",
	  "a.whl https://idx.example/simple/foo/a.whl sha256=0123\nb.whl https://idx.example/simple/foo/b.whl sha256=0011\n"),
	PAGE("hash in capitals", HTML, "<a href=\"a.whl#sha256=ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\">",
	  "a.whl https://idx.example/simple/foo/a.whl sha256=abcd\n"),
	PAGE("hash that is cut", HTML, "<a href=\"a.whl#sha256=0123\">",
	  "a.whl https://idx.example/simple/foo/a.whl refused: has a malformed hash on its page\n"),
	PAGE("hash with a stranger", HTML, "<a href=\"a.whl#sha256=x123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\">",
	  "a.whl https://idx.example/simple/foo/a.whl refused: has a malformed hash on its page\n"),
	PAGE("Python", HTML, "<a href=a.whl data-requires-python=\"&gt;=3.7, &lt;4\"><a href=b.whl DATA-REQUIRES-PYTHON='&#62;=3&#x2C;&lt4'><a href=c.whl data-requires-python=>",
	  "a.whl https://idx.example/simple/foo/a.whl py'>=3.7, <4'\nb.whl https://idx.example/simple/foo/b.whl py'>=3,<4'\nc.whl https://idx.example/simple/foo/c.whl py''\n"),
	PAGE("yanked", HTML, "<a href=a.whl data-yanked><a href=b.whl data-yanked=\"\"><a href=c.whl data-yanked=\"broken &amp; bad\">",
	  "a.whl https://idx.example/simple/foo/a.whl yanked''\nb.whl https://idx.example/simple/foo/b.whl yanked''\nc.whl https://idx.example/simple/foo/c.whl yanked'broken & bad'\n"),
	PAGE("metadata", HTML, "<a href=a.whl data-core-metadata=true><a href=b.whl data-dist-info-metadata=\"sha256=" HASH "\"><a href=c.whl data-core-metadata=false>"
	  "<a href=d.whl data-dist-info-metadata=\"sha256=" HASH "\" data-core-metadata=\"sha256=" OTHER "\">",
	  "a.whl https://idx.example/simple/foo/a.whl metadata\nb.whl https://idx.example/simple/foo/b.whl metadata m-sha256=0123\nc.whl https://idx.example/simple/foo/c.whl\nd.whl https://idx.example/simple/foo/d.whl metadata m-sha256=0011\n"),
	PAGE("metadata with a bad hash", HTML, "<a href=a.whl data-core-metadata=\"sha256=1\">",
	  "a.whl https://idx.example/simple/foo/a.whl metadata refused: has a malformed hash of its metadata on its page\n"),
	PAGE("no tags but look like them", HTML, "<!-- <a href=a.whl> --><script>'<a href=b.whl>'</script><title><a href=c.whl></title><style><a href=d.whl></STYLE>"
	  "<abbr href=e.whl><p title=\"<a href=f.whl>\"><a title='>' href=g.whl></a>",
	  "g.whl https://idx.example/simple/foo/g.whl\n"),
	PAGE("odd attributes", HTML, "<A\n\thref\n=\n'a.whl'\n/><a =x href=b.whl/><a href=c.whl href=d.whl>",
	  "a.whl https://idx.example/simple/foo/a.whl\nc.whl https://idx.example/simple/foo/c.whl\n"),
	PAGE("quotes that are none", HTML, "<a ' >b' href=a.whl><a '='>' href=b.whl><a x = '>' href=c.whl>", "b.whl https://idx.example/simple/foo/b.whl\nc.whl https://idx.example/simple/foo/c.whl\n"),
	PAGE("cut off", HTML, "<a href=a.whl><a href=\"b.whl", "a.whl https://idx.example/simple/foo/a.whl\nb.whl https://idx.example/simple/foo/b.whl\n"),
	PAGE("cut in a comment", HTML, "<a href=a.whl><!-- <a href=b.whl>", "a.whl https://idx.example/simple/foo/a.whl\n"),
	PAGE("names", HTML, "<a href=torch-2.0%2Bcpu.whl><a href=a%2Fb.whl><a href=a%00.whl><a href=a%0a.whl><a href=a%20b.whl><a href=dir/><a href='a b.whl'><a href='\xc3\xa9.whl'>",
	  "torch-2.0+cpu.whl https://idx.example/simple/foo/torch-2.0%2Bcpu.whl\n"),
	PAGE("places nobody may send us to", HTML, "<a href=http://idx.example/a.whl><a href=https://127.0.0.1/b.whl><a href=https://169.254.169.254/c.whl><a href=ftp://x/d.whl><a href=javascript:e.whl><a href=https://u:p@x/f.whl><a href=https://ok.example/g.whl>",
	  "g.whl https://ok.example/g.whl\n"),
	PAGE_FROM("http://127.0.0.1:1/s/", "loopback may", HTML, "<a href=a.whl><a href=http://127.0.0.1:2/b.whl>", "a.whl http://127.0.0.1:1/s/a.whl\nb.whl http://127.0.0.1:2/b.whl\n"),
	PAGE("signed links", HTML, "<a href=\"a.whl?sig=1&amp;x=2#sha256=" HASH "\">", "a.whl https://idx.example/simple/foo/a.whl?sig=1&x=2 sha256=0123\n"),
	PAGE("version", HTML, "<meta name=\"pypi:repository-version\" content=\"1.4\"><a href=a.whl>", "a.whl https://idx.example/simple/foo/a.whl\n"),
	PAGE("newer version", HTML, "<meta content='1.9' name='pypi:repository-version'><a href=a.whl>", "a.whl https://idx.example/simple/foo/a.whl\nnewer 1.9\n"),
	{ "other version", HTML, "<meta name=\"pypi:repository-version\" content=\"2.0\"><a href=a.whl>", .code = E_UNSUPPORTED, .words = "2.0" },
	{ "no version", HTML, "<meta name=\"pypi:repository-version\" content=\"one\">", .code = E_INPUT, .words = "one" },
	PAGE("quarantined", HTML, "<meta name=pypi:project-status content=quarantined><meta name=pypi:project-status-reason content='it is malware'><a href=a.whl>",
	  "status quarantined 'it is malware'\n"),
	PAGE("archived", HTML, "<meta name=pypi:project-status content=archived><a href=a.whl>", "a.whl https://idx.example/simple/foo/a.whl\nstatus archived ''\n"),
	/* --- JSON --- */
	PAGE("json", JSON, "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"foo\",\"files\":[{\"filename\":\"a.whl\",\"url\":\"a.whl\",\"hashes\":{}}]}",
	  "a.whl https://idx.example/simple/foo/a.whl\n"),
	PAGE("json, all of it", JSON, "{\"meta\":{\"api-version\":\"1.4\"},\"files\":[{\"filename\":\"a.whl\",\"url\":\"https://f.example/xx\",\"hashes\":{\"sha256\":\"" HASH "\",\"md5\":\"1\"},"
	  "\"requires-python\":\">=3.7\",\"yanked\":\"why\",\"core-metadata\":{\"sha256\":\"" OTHER "\"},\"size\":12,\"upload-time\":\"2026-01-02T03:04:05Z\",\"gpg-sig\":true}]}",
	  "a.whl https://f.example/xx sha256=0123 py'>=3.7' yanked'why' metadata m-sha256=0011 12 at 2026-01-02T03:04:05Z\n"),
	PAGE("json, yanked or not", JSON, "{\"meta\":{\"api-version\":\"1.1\"},\"files\":[{\"filename\":\"a\",\"url\":\"a\",\"yanked\":true},{\"filename\":\"b\",\"url\":\"b\",\"yanked\":false},{\"filename\":\"c\",\"url\":\"c\",\"yanked\":\"\"},{\"filename\":\"d\",\"url\":\"d\",\"yanked\":null,\"requires-python\":null,\"size\":null,\"upload-time\":null}]}",
	  "a https://idx.example/simple/foo/a yanked''\nb https://idx.example/simple/foo/b\nc https://idx.example/simple/foo/c yanked''\nd https://idx.example/simple/foo/d\n"),
	PAGE("json, which metadata", JSON, "{\"meta\":{\"api-version\":\"1.0\"},\"files\":[{\"filename\":\"a\",\"url\":\"a\",\"core-metadata\":true,\"dist-info-metadata\":{\"sha256\":\"" HASH "\"}},{\"filename\":\"b\",\"url\":\"b\",\"dist-info-metadata\":{\"sha256\":\"" HASH "\"}},{\"filename\":\"c\",\"url\":\"c\",\"core-metadata\":false,\"dist-info-metadata\":true}]}",
	  "a https://idx.example/simple/foo/a metadata\nb https://idx.example/simple/foo/b metadata m-sha256=0123\nc https://idx.example/simple/foo/c\n"),
	PAGE("json, bad hashes", JSON, "{\"meta\":{\"api-version\":\"1.0\"},\"files\":[{\"filename\":\"a\",\"url\":\"a\",\"hashes\":{\"sha256\":1}},{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{\"sha512\":\"00\"}}]}",
	  "a https://idx.example/simple/foo/a refused: has a malformed hash on its page\nb https://idx.example/simple/foo/b refused: has a malformed hash on its page\n"),
	PAGE("json, no files of ours", JSON, "{\"meta\":{\"api-version\":\"1.0\"},\"files\":[{\"filename\":\"a\"},{\"url\":\"b\"},{\"filename\":\"../c\",\"url\":\"c\"},{\"filename\":\"d\\u0007\",\"url\":\"d\"},{\"filename\":\"\",\"url\":\"e\"},7,{\"filename\":\"f\",\"url\":\"http://127.0.0.1/f\"}]}", ""),
	PAGE("json, a negative size", JSON, "{\"meta\":{\"api-version\":\"1.0\"},\"files\":[{\"filename\":\"a\",\"url\":\"a\",\"size\":-5}]}", "a https://idx.example/simple/foo/a\n"),
	PAGE("json, quarantined", JSON, "{\"meta\":{\"api-version\":\"1.4\"},\"project-status\":{\"status\":\"quarantined\",\"reason\":\"x\"},\"files\":[{\"filename\":\"a\",\"url\":\"a\"}]}", "status quarantined 'x'\n"),
	PAGE("json, active", JSON, "{\"meta\":{\"api-version\":\"1.4\"},\"project-status\":{\"status\":\"active\"},\"files\":[]}", ""),
	PAGE("json, newer", JSON, "{\"meta\":{\"api-version\":\"1.99\"},\"files\":[]}", "newer 1.99\n"),
	{ "json, other", JSON, "{\"meta\":{\"api-version\":\"2.0\"},\"files\":[]}", .code = E_UNSUPPORTED, .words = "2.0" },
	{ "json, no version", JSON, "{\"meta\":{},\"files\":[]}", .code = E_INPUT, .words = "api-version" },
	{ "json, no list", JSON, "{\"meta\":{\"api-version\":\"1.0\"},\"files\":{}}", .code = E_INPUT, .words = "files" },
	{ "json, none", JSON, "<html>", .code = E_INPUT, .words = "page" },
	/* --- types --- */
	PAGE("json that says it is HTML", HTML, "{\"meta\":{\"api-version\":\"1.0\"},\"files\":[{\"filename\":\"a\",\"url\":\"a\"}]}", ""),
	{ "another type", "application/json", "{}", .code = E_INPUT, .words = "application/json" },
	{ "a type for terminals", "text/\033[31mplain", "", .code = E_INPUT, .words = "text/\\x1b[31mplain" },
	{ "no type", NULL, "", .code = E_INPUT, .words = "content type" },
	{ "a type to come", "application/vnd.pypi.simple.v2+json", "{}", .code = E_UNSUPPORTED, .words = "simple.v2+json" },
};
/* clang-format on */

static void pages_say_what_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct page_case *c = &cases[i];
		AUTO(simple_page_free) struct simple_page page = { 0 };
		AUTO(arena_free) struct arena a = { 0 };
		AUTO(url_free) struct url from = { 0 };
		AUTO(buf_free) struct buf got = BUF_INIT(1 << 16);
		struct err err = { 0 };
		bool ok;

		assert_true(url_parse(&from, c->from ? c->from : FROM, &err));
		ok = simple_page_parse(&page, &a, slice_of(c->text), c->type, &from, &err);
		if (ok)
			put_page(&got, &page);
		if (ok != !!c->want || (ok && !str_eq(got.ptr, c->want)) ||
		    (!ok && (err.code != c->code || !strstr(err.msg, c->words))))
			fail_msg("%s:\n%s%s", c->name, got.ptr, err.msg);
	}
}

static void pages_without_an_end_are_refused(void **state)
{
	AUTO(simple_page_free) struct simple_page page = { 0 };
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(url_free) struct url from = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SIMPLE_PAGE);
	struct err err = { 0 };

	(void)state;
	assert_true(url_parse(&from, FROM, &err));
	for (int i = 0; i <= LIMIT_SIMPLE_FILES; i++)
		buf_put(&text, "<a href=x>");
	assert_false(simple_page_parse(&page, &a, (struct slice){ text.ptr, text.len }, HTML, &from,
				       &err));
	assert_int_equal(err.code, E_INPUT);
	assert_non_null(strstr(err.msg, "LIMIT_SIMPLE_FILES"));
}

/* --- credentials --- */

static void netrc_is_read(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text, *host, *user, *password;
	} rows[] = {
		{ "machine h login u password p", "h", "u", "p" },
		{ "machine h login u password p", "other", NULL, NULL },
		{ "machine a login 1 password 2\nmachine h\n\tlogin u\n\tpassword p\n", "h", "u", "p" },
		{ "machine h login u password p\nmachine h login x password y", "h", "u", "p" },
		{ "default login d password e", "h", "d", "e" },
		{ "machine h login u password p\ndefault login d password e", "h", "u", "p" },
		{ "machine a login x password y\ndefault login d password e", "h", "d", "e" },
		{ "# machine h login no\nmachine h account z login u password p", "h", "u", "p" },
		{ "macdef m\nmachine h login no password no\n\nmachine h login u password p", "h", "u", "p" },
		{ "machine h password p", "h", NULL, "p" },
		{ "machine h login", "h", "", NULL },
		{ "machine", "h", NULL, NULL },
		{ "machine login login login", "login", "login", NULL },
		{ "machine x login default password machine machine h login u password p", "h", "u", "p" },
		{ "", "h", NULL, NULL },
	};
	/* clang-format on */
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *user, *password;

		netrc_find(&user, &password, slice_of(rows[i].text), rows[i].host);
		if (!user != !rows[i].user || !password != !rows[i].password ||
		    (user && !str_eq(user, rows[i].user)) ||
		    (password && !str_eq(password, rows[i].password)))
			fail_msg("%s: %s %s", rows[i].text, user, password);
		index_credential_free(&user);
		index_credential_free(&password);
	}
}

static void credentials_go_to_their_origin(void **state)
{
	/* clang-format off */
	static const char *const given[] = {
		"https://one:1@a.example/x/simple/", "https://two:2@a.example/y/simple/",
		"https://t%40ken:p%3a%2F@b.example:8443/", "https://only@c.example/",
	};
	static const struct {
		const char *url, *want;
	} rows[] = {
		{ "https://a.example/x/simple/foo/", "Basic b25lOjE=" },
		{ "https://a.example/y/f/foo.whl",   "Basic dHdvOjI=" },
		{ "https://a.example/",              "Basic b25lOjE=" },
		{ "https://a.example:444/x/simple/", NULL },
		{ "http://a.example/x/simple/",      NULL },
		{ "https://b.example/",              NULL },
		{ "https://b.example:8443/f",        "Basic dEBrZW46cDov" },
		{ "https://c.example/f",             "Basic b25seTo=" },
		{ "https://example/",                NULL },
	};
	/* clang-format on */
	struct index_credentials *c = index_credentials_open();
	struct err err = { 0 };

	(void)state;
	setenv("NETRC", "/nonexistent/netrc", 1);
	for (size_t i = 0; i < ARRAY_LEN(given); i++) {
		AUTO(url_free) struct url url = { 0 };

		assert_true(index_credentials_take(&url, c, given[i], &err));
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(url_free) struct url url = { 0 };
		AUTO(index_credential_free) char *got = NULL;
		struct err why = { 0 };

		assert_true(url_parse(&url, rows[i].url, &why));
		assert_true(index_credentials_find(&got, c, &url, &why));
		if (!got != !rows[i].want || (got && !str_eq(got, rows[i].want)))
			fail_msg("%s: %s", rows[i].url, got);
	}
	index_credentials_close(c);
}

static void secrets_are_in_no_error(void **state)
{
	struct index_credentials *c = index_credentials_open();
	static const char *const texts[] = { "https://u:s3cret@", "ftp://u:s3cret@h/",
					     "https://u:s3cret@h:99999/", "u:s3cret@h",
					     "https://u:s3cret@h /" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct url url = { 0 };
		struct err err = { 0 };

		assert_false(index_credentials_take(&url, c, texts[i], &err));
		assert_null(strstr(err.msg, "s3cret"));
		assert_null(strstr(err.hint, "s3cret"));
	}
	index_credentials_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_say_what_they_say),
		cmocka_unit_test(pages_without_an_end_are_refused),
		cmocka_unit_test(netrc_is_read),
		cmocka_unit_test(credentials_go_to_their_origin),
		cmocka_unit_test(secrets_are_in_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
