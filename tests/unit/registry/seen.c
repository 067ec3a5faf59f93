// SPDX-License-Identifier: Apache-2.0
#include "registry/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/media.h"

/* Where layers were pushed to, over several pushes. */

static struct descriptor layer(unsigned number)
{
	struct descriptor d = { .media_type =
					media_text(MEDIA_LAYER, FAMILY_OCI, COMPRESSION_GZIP) };

	d.digest = digest_of(&number, sizeof(number));
	return d;
}

static struct reference repository(const char *text)
{
	struct reference r;
	struct err err = { 0 };

	assert_true(reference_parse(&r, text, &err));
	return r;
}

static void push(struct store *store, const char *to, unsigned first, unsigned end)
{
	struct reference r = repository(to);
	struct seen s;

	seen_open(&s, store, &r);
	for (unsigned i = first; i < end; i++) {
		struct descriptor d = layer(i);

		seen_add(&s, &d);
		seen_add(&s, &d); /* once is enough */
	}
	seen_save(&s);
	seen_close(&s);
}

/* The repository to mount layer `number` from when `to` is pushed to; "" for none. */
static const char *found(struct store *store, const char *to, unsigned number)
{
	static struct reference from;
	struct reference r = repository(to);
	struct descriptor d = layer(number);
	struct seen s;
	bool ok;

	seen_open(&s, store, &r);
	ok = seen_find(&from, &s, &d);
	seen_close(&s);
	if (ok)
		assert_string_equal(from.host, r.host);
	return ok ? from.repository : "";
}

static void what_was_pushed_is_found(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_store_close) struct store *store = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	assert_true(store_open(&store, dir.path, &err));
	assert_string_equal(found(store, "host:5000/b", 1), "");
	push(store, "host:5000/a/one", 1, 3);
	push(store, "host:5000/a/two", 2, 4);
	push(store, "other/c", 9, 10);
	assert_string_equal(found(store, "host:5000/b", 1), "a/one");
	assert_string_equal(found(store, "host:5000/b", 2), "a/two"); /* the last */
	assert_string_equal(found(store, "host:5000/b", 3), "a/two");
	assert_string_equal(found(store, "host:5000/a/one", 2), ""); /* it has it */
	assert_string_equal(found(store, "host:5000/a/one", 3), "a/two");
	assert_string_equal(found(store, "host:5000/b", 9), ""); /* another registry */
	assert_string_equal(found(store, "host:5001/b", 1), "");
	push(store, "host:5000/a/three", 100, 100 + LIMIT_SEEN_LAYERS);
	assert_string_equal(found(store, "host:5000/b", 1), ""); /* forgotten */
	assert_string_equal(found(store, "host:5000/b", 100), "a/three");
	assert_string_equal(found(store, "host:5000/b", 99 + LIMIT_SEEN_LAYERS), "a/three");
}

static void only_layers_count(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_store_close) struct store *store = NULL;
	struct reference to = repository("host/a"), from;
	struct descriptor config = { .media_type = media_text(MEDIA_CONFIG, FAMILY_OCI,
							      COMPRESSION_NONE) };
	struct err err = { 0 };
	struct seen s;

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	assert_true(store_open(&store, dir.path, &err));
	seen_open(&s, store, &to);
	seen_add(&s, &config);
	assert_false(s.changed);
	assert_false(seen_find(&from, &s, &config));
	seen_close(&s);
	seen_open(&s, NULL, &to); /* without a store nothing is kept, and nothing breaks */
	seen_add(&s, &config);
	seen_save(&s);
	seen_close(&s);
	seen_close(&(struct seen){ 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_pushed_is_found),
		cmocka_unit_test(only_layers_count),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
