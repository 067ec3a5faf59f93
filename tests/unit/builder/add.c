// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/builder/world.h"

#include "builder/download.h"
#include "tests/unit/net/server.h"

/* ADD of URLs, from a web server inside the test. */

static bool answer(struct server *s, int fd, const struct seen *req)
{
	static const char body[] = "bytes";
	(void)s;

	if (strstr(req->target, "/moved"))
		server_send(fd, "HTTP/1.1 302 Found\r\nLocation: /real/file.bin\r\nContent-Length: "
				"0\r\n\r\n");
	else if (strstr(req->target, "/none"))
		server_send(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	else
		server_send(fd,
			    "HTTP/1.1 200 OK\r\nLast-Modified: Thu, 01 Jan 1970 00:01:17 GMT\r\n"
			    "Content-Length: %zu\r\n\r\n%s",
			    strlen(body), body);
	return true;
}

static struct server server;

static void urls(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	AUTO(image_free) struct image kept = { 0 };
	AUTO(auto_free) char *text = NULL;
	AUTO(auto_free) char *none = NULL;
	AUTO(auto_free) char *wrong = NULL;
	AUTO(auto_free) char *at = mem_printf("http://127.0.0.1:%d", server.port);
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	(void)state;

	sha256_of(hash, "bytes", 5);
	hex_format(hex, hash, sizeof(hash));
	world_open(&w);
	w.req.context_dir = NULL; /* URLs need none */
	text = mem_printf(
		"FROM scratch\nADD %s/a/tool.bin?x=1 %s/moved /d/\nADD --checksum=sha256:%s "
		"--chmod=755 %s/y /z\n",
		at, at, hex, at);
	build(&img, &w, text);
	layer_is(&w, &img, 0,
		 "d 755 0:0 d\nf 600 0:0 d/moved = bytes\nf 600 0:0 d/tool.bin = bytes\n");
	layer_is(&w, &img, 1, "f 755 0:0 z = bytes\n");
	none = mem_printf("FROM scratch\nADD %s/none /x\n", at);
	fails(&w, none, E_NOT_FOUND, "Dockerfile:2:5", "HTTP 404");
	wrong = mem_printf("FROM scratch\nADD --checksum=sha256:%064d %s/y /x\n", 0, at);
	fails(&w, wrong, E_INTEGRITY, "Dockerfile:2:88", "it is sha256:");
	w.req.keep_times = true;
	build(&kept, &w, text);
	layer_is(&w, &kept, 1, "f 755 0:0 z @77 = bytes\n");
}

static void kinds(void **state)
{
	(void)state;
	assert_true(download_is_url("http://x/y"));
	assert_true(download_is_url("https://x/y.git/z"));
	assert_false(download_is_url("https://x/y.git"));
	assert_true(download_is_git("https://x/y.git#v1:sub"));
	assert_true(download_is_git("git@github.com:a/b.git"));
	assert_true(download_is_git("git://x/y"));
	assert_false(download_is_git("y.git"));
	assert_false(download_is_url("ftp://x"));
}

static void names(void **state)
{
	static const char *const cases[][2] = {
		{ "http://x/a/b.bin?c=d#e", "b.bin" }, { "http://x/a/b//", "b" },
		{ "http://x", "__unnamed__" },         { "http://x/", "__unnamed__" },
		{ "http://x?a=/b", "__unnamed__" },    { "http://x/a%20b", "a b" },
		{ "http://x/..", "__unnamed__" },      { "http://x/%2e%2E", "__unnamed__" },
		{ "http://x/a%2Fb", "__unnamed__" },   { "http://x/a%00b", "__unnamed__" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *name = download_name(cases[i][0]);

		assert_string_equal(name, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(kinds),
		cmocka_unit_test(names),
	};
	int failed;

	server_start(&server, answer, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	server_stop(&server);
	return failed;
}
