// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/toml.h"

/* A TOML document as JSON: what is taken is an object that JSON can say and read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_json_decref) json_t *again = NULL;
	AUTO(auto_free) char *text = NULL;
	struct err err = { 0 };
	size_t text_len;

	if (!verdict(toml_parse(&doc, (const char *)data, len, "document.toml", &err), &err))
		return 0;
	assert(json_is_object(doc));
	text = json_text(doc, &text_len);
	assert(json_parse(&again, text, text_len, "document", &err) && json_equal(doc, again));
	return 0;
}
