// SPDX-License-Identifier: Apache-2.0
#include "runtime/publish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "runtime/upload_body.h"

/* Refusals and bodies of what is sent to AWS; the calls themselves: tests/cli/publish.sh. */

static void refused_before_sending(void **state)
{
	static const struct zip_file small = { .packed = LIMIT_LAMBDA_UPLOAD };
	static const struct zip_file large = { .packed = LIMIT_LAMBDA_UPLOAD + 1 };
	char text[600] = "";
	const struct {
		struct publish_request req;
		bool ok;
	} cases[] = {
		{ { .name = "a-B_9", .zip = &small }, true },
		{ { .name = "a", .zip = &large }, false },
		{ { .name = "a", .zip = &large, .bucket = "my.bucket-1" }, true },
		{ { .name = "" }, false },
		{ { .name = "a/b" }, false },
		{ { .name = "a b" }, false },
		{ { .name = text }, false },
		{ { .name = "a", .bucket = "A" }, false },
		{ { .name = "a", .bucket = "ab" }, false },
		{ { .name = "a", .bucket = "a..b" }, false },
		{ { .name = "a", .bucket = "../x" }, false },
		{ { .name = "a", .description = text }, false },
		{ { .name = "a", .license = text }, false },
		{ { .name = "a", .description = text + 350, .license = text + 100 }, true },
	};

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };

		if (publish_check(&cases[i].req, &err) != cases[i].ok)
			fail_msg("case %zu: %s", i, err.msg);
		assert_int_equal(err.code, cases[i].ok ? E_NONE : E_USAGE);
	}
}

/* All of a body, by reads of odd sizes; twice, since a repetition rewinds it. */
static void read_body(struct upload_body *b, struct buf *out)
{
	struct err err = { 0 };
	char data[1001];
	size_t len = 1;

	while (len) {
		if (!source_read(&b->source, data, sizeof(data), &len, &err) ||
		    !buf_append(out, data, len, &err))
			fail_msg("%s", err.msg);
	}
}

static void bodies_are_what_was_promised(void **state)
{
	/* around the piece's size, and each way base64 can end */
	static const size_t sizes[] = { 0, 1, 2, 3, 49151, 49152, 49153, 49154, 200000 };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_free) char *path = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	path = mem_printf("%s/zip", dir.path);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO(auto_free) unsigned char *data = mem_alloc(sizes[i] + 1);
		AUTO(upload_body_close) struct upload_body body = { 0 };
		unsigned char hash[SHA256_SIZE];

		for (size_t k = 0; k < sizes[i]; k++)
			data[k] = (unsigned char)(k * 7 + k / 256);
		assert_true(fs_write_path_atomic(path, data, sizes[i], 0644, &err));
		assert_true(upload_body_open(&body, path, mem_strdup("{\"Z\":\""),
					     mem_strdup("\"}"), &err));
		for (int round = 0; round < 2; round++) {
			AUTO(buf_free) struct buf got = BUF_INIT(1 << 20);
			AUTO(auto_free) char *encoded = str_base64_encode(data, sizes[i]);
			AUTO(auto_free) char *want = mem_printf("{\"Z\":\"%s\"}", encoded);

			read_body(&body, &got);
			assert_string_equal(got.ptr, want);
			assert_int_equal(got.len, body.size);
			sha256_of(hash, got.ptr, got.len);
			assert_memory_equal(hash, body.hash, sizeof(hash));
			assert_true(body.source.rewind(&body.source, &err));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_before_sending),
		cmocka_unit_test(bodies_are_what_was_promised),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
