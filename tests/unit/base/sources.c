// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/dynlib.h"
#include "base/env.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sink.h"

/* Descriptors as sources and sinks; libraries at first use; the environment; randomness. */

static void files_rewind(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(buf_free) struct buf out = BUF_INIT(1000);
	struct sink_buf to = sink_buf(&out);
	struct err err = { 0 };
	struct source *from;
	char piece[4];
	size_t len;
	int fd;

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	assert_true(fs_write_atomic(dir.fd, "f", "0123456789", 10, 0600, &err));
	fd = openat(dir.fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5); /* read from the start all the same */
	from = source_fd(fd);
	assert_true(source_read(from, piece, sizeof(piece), &len, &err));
	assert_memory_equal(piece, "0123", 4);
	assert_true(from->rewind(from, &err));
	assert_true(source_copy(from, &to.sink, NULL, &err));
	assert_string_equal(out.ptr, "0123456789");
	assert_true(
		source_read(from, piece, sizeof(piece), &len, &err)); /* the end stays the end */
	assert_int_equal(len, 0);
	source_close(from);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* it was the source's */
}

static void pipes_do_not_rewind(void **state)
{
	AUTO(buf_free) struct buf out = BUF_INIT(1000);
	struct sink_buf to = sink_buf(&out);
	struct err err = { 0 };
	struct source *from;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	from = source_fd(fds[0]);
	assert_null(from->rewind);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	close(fds[1]);
	assert_true(source_copy(from, &to.sink, NULL, &err));
	assert_string_equal(out.ptr, "abc");
	source_close(from);
}

static void failures_come_through(void **state)
{
	AUTO(buf_free) struct buf small = BUF_INIT(3);
	struct sink_buf to = sink_buf(&small);
	struct sink_fd full = sink_fd(open("/dev/full", O_WRONLY | O_CLOEXEC));
	struct sink_tee tee = sink_tee(&full.sink, &to.sink);
	struct source *from = source_mem("abcd", 4),
		      *folder = source_fd(open("/", O_RDONLY | O_CLOEXEC));
	struct err err = { 0 };
	char byte;
	size_t len;

	(void)state;
	assert_false(source_copy(from, &to.sink, NULL, &err));
	assert_int_equal(err.code, E_INPUT);
	err_clear(&err);
	assert_true(from->rewind(from, &err));
	assert_false(source_copy(from, &tee.sink, NULL, &err));
	assert_int_equal(err.code, E_IO);
	assert_non_null(strstr(err.hint, "space"));
	err_clear(&err);
	assert_false(source_read(folder, &byte, 1, &len, &err));
	assert_int_equal(err.code, E_IO);
	source_close(from);
	source_close(folder);
	source_close(NULL);
	close(full.fd);
}

static void empty_sources(void **state)
{
	struct source *sources[] = { source_mem(NULL, 0), source_mem_take(mem_strdup(""), 0),
				     source_fd(open("/dev/null", O_RDONLY | O_CLOEXEC)) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		struct sink_hash hash;
		struct err err = { 0 };
		uint64_t size = 1;
		char hex[2 * SHA256_SIZE + 1];

		sink_hash_init(&hash, NULL);
		assert_true(source_copy(sources[i], &hash.sink, &size, &err));
		assert_true(sink_finish(&hash.sink, &err));
		assert_int_equal(size, 0);
		hex_format(hex, hash.hash, sizeof(hash.hash));
		assert_string_equal(
			hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
		source_close(sources[i]);
	}
}

struct zlib {
	const char *(*version)(void);
	int (*absent)(void);
};

static void libraries(void **state)
{
	static const struct dynlib_symbol good[] = {
		{ "zlibVersion", offsetof(struct zlib, version) }, { 0 }
	};
	static const struct dynlib_symbol bad[] = {
		{ "zlibVersion", offsetof(struct zlib, version) },
		{ "no_such_symbol", offsetof(struct zlib, absent) },
		{ 0 }
	};
	struct zlib z = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(dynlib_load(&z, "libz.so.1", good, "zlib1g", &err));
	assert_int_equal(z.version()[0], '1');
	assert_true(dynlib_load(&z, "libz.so.1", good, "zlib1g", &err)); /* twice is fine */
	assert_false(dynlib_load(&z, "libz.so.1", bad, "zlib1g", &err));
	assert_int_equal(err.code, E_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "no_such_symbol"));
	assert_non_null(strstr(err.hint, "zlib1g"));
	err_clear(&err);
	assert_false(dynlib_load(&z, "libnothing-of-the-kind.so.9", good, "a-package", &err));
	assert_int_equal(err.code, E_UNSUPPORTED);
	assert_string_equal(err.hint, "install the package a-package");
}

static void environment(void **state)
{
	AUTO(auto_free) char *home = getenv("HOME") ? mem_strdup(getenv("HOME")) : NULL;

	(void)state;
	setenv("RTBUILD_TEST_VARIABLE", "x", 1);
	assert_string_equal(env_get("RTBUILD_TEST_VARIABLE"), "x");
	setenv("RTBUILD_TEST_VARIABLE", "", 1);
	assert_null(env_get("RTBUILD_TEST_VARIABLE"));
	unsetenv("RTBUILD_TEST_VARIABLE");
	assert_null(env_get("RTBUILD_TEST_VARIABLE"));
	setenv("HOME", "/somewhere", 1);
	assert_string_equal(env_home(), "/somewhere");
	unsetenv("HOME");
	assert_int_equal(env_home()[0], '/');
	if (home)
		setenv("HOME", home, 1);
}

static void longer_hashes(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *hex; /* of "abc": FIPS 180-4; hex NULL: not known */
	} cases[] = {
		{ "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "sha384", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
		{ "sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
		{ "md5", NULL }, { "", NULL }, { "sha25", NULL }, { "sha2567", NULL }, { "SHA256", NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned char out[HASH_SIZE_MAX];
		char hex[2 * HASH_SIZE_MAX + 1];
		struct hasher h;
		enum hash_kind kind;

		assert_int_equal(hash_kind_find(&kind, cases[i].name, strlen(cases[i].name)),
				 cases[i].hex != NULL);
		if (!cases[i].hex)
			continue;
		assert_string_equal(hash_kind_name(kind), cases[i].name);
		hasher_init(&h, kind);
		hasher_update(&h, "a", 1);
		hasher_update(&h, "bc", 2);
		hasher_final(&h, out);
		hasher_free(&h);
		hex_format(hex, out, hash_kind_size(kind));
		assert_string_equal(hex, cases[i].hex);
	}
}

static void randomness(void **state)
{
	unsigned char a[70000], b[70000];

	(void)state;
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	random_bytes(a, sizeof(a)); /* more than getrandom gives at once may be asked for */
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + sizeof(a) - 32, b + sizeof(b) - 32, 32);
	random_bytes(a, 0);
}

static void capped(void **state)
{
	AUTO(buf_free) struct buf out = BUF_INIT(1000);
	struct sink_buf to = sink_buf(&out);
	struct err err = { 0 };
	struct source *from = source_capped(source_mem("12345", 5), 5, "LIMIT_X");

	(void)state;
	assert_true(source_copy(from, &to.sink, NULL, &err));
	assert_int_equal(out.len, 5);
	source_close(from);
	from = source_capped(source_mem("123456", 6), 5, "LIMIT_X");
	assert_false(source_copy(from, &to.sink, NULL, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_string_equal(err.msg, "more than 5 bytes (limit LIMIT_X)");
	source_close(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_rewind),
		cmocka_unit_test(pipes_do_not_rewind),
		cmocka_unit_test(failures_come_through),
		cmocka_unit_test(empty_sources),
		cmocka_unit_test(libraries),
		cmocka_unit_test(environment),
		cmocka_unit_test(longer_hashes),
		cmocka_unit_test(randomness),
		cmocka_unit_test(capped),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
