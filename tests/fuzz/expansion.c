// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "builder/expand.h"

/* A byte of options, a word of a Dockerfile, and the value of its variable v. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data + (len > 0), len - (len > 0) };
	unsigned bits = len ? data[0] : 0;
	AUTO(auto_free) char *word = next_text(&rest);
	AUTO(auto_free) char *value = next_text(&rest);
	AUTO(map_free) struct map env = MAP_TEXT;
	AUTO(str_list_free) struct str_list unset = { 0 };
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_free) char *whole = NULL;
	struct expand_options opt = {
		.env = &env,
		.escape = bits & 1 ? '`' : '\\',
		.raw_quotes = bits & 2,
		.raw_escapes = bits & 4,
		.no_quotes = bits & 8,
		.keep_unset = bits & 16,
		.unset_out = &unset,
	};
	struct err err = { 0 };
	size_t bad_at = 0;

	map_put_text(&env, "v", value);
	map_put_text(&env, "empty", "");
	if (verdict(expand_word(&whole, word, &opt, &bad_at, &err), &err))
		assert(strlen(whole) <= LIMIT_EXPANSION);
	assert(bad_at <= strlen(word));
	verdict(expand_words(&words, word, &opt, &bad_at, &err), &err);
	return 0;
}
