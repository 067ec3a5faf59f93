// SPDX-License-Identifier: Apache-2.0
#include "registry/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"

enum { MIB_ = MIB, NOW = 1000000000 };

static void choices(void **state)
{
	static const struct {
		const char *what;
		struct strategy s;
		uint64_t size, wanted, chunk;
	} rows[] = {
		{ "small", { 0 }, MIB_, 0, 0 },
		{ "at the limit", { 0 }, LIMIT_SINGLE_PUT, 0, 0 },
		{ "past it", { 0 }, LIMIT_SINGLE_PUT + 1, 0, LIMIT_CHUNK },
		{ "the user's", { 0 }, 3 * MIB_, MIB_, MIB_ },
		{ "not above it", { 0 }, MIB_, MIB_, 0 },
		{ "no chunks", { .chunks = KNOWN_NO }, 200 * MIB_, 0, 0 },
		{ "no chunks, though asked", { .chunks = KNOWN_NO }, 200 * MIB_, MIB_, 0 },
		{ "one PUT refused", { .single_limit = 20 * MIB_ }, 30 * MIB_, 0, 10 * MIB_ },
		{ "that size exactly", { .single_limit = 20 * MIB_ }, 20 * MIB_, 0, 10 * MIB_ },
		{ "below it", { .single_limit = 20 * MIB_ }, 19 * MIB_, 0, 0 },
		{ "GHCR: chunks refused, PUT not", { .chunk_limit = 4 * MIB_ }, 200 * MIB_, 0, 0 },
		{ "both refused",
		  { .single_limit = 20 * MIB_, .chunk_limit = 5 * MIB_ },
		  200 * MIB_,
		  0,
		  5 * MIB_ / 2 },
		{ "a minimum", { .chunk_min = 40 * MIB_ }, 200 * MIB_, 0, 40 * MIB_ },
		{ "a minimum past the blob", { .chunk_min = 5 * MIB_ }, 3 * MIB_, MIB_, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t got = strategy_chunk(&rows[i].s, rows[i].size, rows[i].wanted);

		if (got != rows[i].chunk)
			fail_msg("%s: %llu", rows[i].what, (unsigned long long)got);
	}
}

static void streams(void **state)
{
	static const struct {
		const char *what;
		struct strategy s;
		uint64_t wanted, chunk;
	} rows[] = {
		{ "nothing known", { 0 }, 0, LIMIT_CHUNK },
		{ "the user's", { 0 }, MIB_, MIB_ },
		{ "no chunks", { .chunks = KNOWN_NO }, MIB_, 0 },
		{ "GHCR: small chunks only", { .chunk_limit = LIMIT_STREAM_LEAST }, 0, 0 },
		{ "half of what was refused", { .chunk_limit = LIMIT_CHUNK }, 0, LIMIT_CHUNK / 2 },
		{ "a front", { .single_limit = LIMIT_CHUNK }, 0, LIMIT_CHUNK / 2 },
		{ "a front for less than is waited for", { .single_limit = 20 * MIB_ }, 0, 0 },
		{ "the user's is refused", { .chunk_limit = MIB_ }, MIB_, 0 },
		{ "a minimum", { .chunk_min = 5 * MIB_ }, MIB_, 5 * MIB_ },
		{ "a minimum past what is waited for",
		  { .chunk_min = LIMIT_STREAM_LEAST + 1 },
		  0,
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t got = strategy_stream(&rows[i].s, rows[i].wanted);

		if (got != rows[i].chunk)
			fail_msg("%s: %llu", rows[i].what, (unsigned long long)got);
	}
}

/* Refusal after refusal ends, whatever the sizes. */
static void ends(void **state)
{
	static const uint64_t sizes[] = { 1000, 100 * KIB, MIB, 64 * MIB, 65 * MIB, 10 * GIB };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct strategy s = { 0 };
		uint64_t tried;
		int tries = 0;

		do {
			tried = strategy_chunk(&s, sizes[i], 0);
			if (tried)
				strategy_chunk_refused(&s, tried, NOW);
			else
				strategy_single_refused(&s, sizes[i], NOW);
			assert_true(++tries < LIMIT_UPLOAD_TRIES);
		} while (strategy_has_way(&s, sizes[i], 0, tried));
	}
}

static void forgets_that_chunks_failed(void **state)
{
	struct strategy s = { .chunks = KNOWN_NO };

	(void)state;
	strategy_single_refused(&s, 10 * MIB, NOW);
	assert_int_equal(s.chunks, KNOWN_NOTHING);
	assert_true(strategy_has_way(&s, 10 * MIB, 0, 0));
	s.chunks = KNOWN_NO; /* they do not work */
	assert_false(strategy_has_way(&s, 10 * MIB, 0, 5 * MIB));
}

static void lasts(void **state)
{
	struct strategy s = {
		.single_limit = 7, .chunks = KNOWN_NO, .range = KNOWN_YES, .learnt = NOW
	};
	struct strategy read;
	json_t *doc = strategy_write(&s);

	(void)state;
	strategy_read(&read, doc, NOW + LIMIT_STRATEGY_AGE_S);
	assert_memory_equal(&read, &s, sizeof(s));
	strategy_read(&read, doc, NOW + LIMIT_STRATEGY_AGE_S + 1);
	assert_int_equal(read.learnt, 0);
	assert_int_equal(read.single_limit, 0);
	strategy_read(&read, doc, NOW - 1); /* from the future: a clock was set back */
	assert_int_equal(read.learnt, 0);
	strategy_read(&read, NULL, NOW);
	assert_int_equal(read.learnt, 0);
	assert_null(strategy_write(&read));
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choices), cmocka_unit_test(streams),
		cmocka_unit_test(ends),    cmocka_unit_test(forgets_that_chunks_failed),
		cmocka_unit_test(lasts),
	};

	return cmocka_run_group_tests_name("strategy", tests, NULL, NULL);
}
