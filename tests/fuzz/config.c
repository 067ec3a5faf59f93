// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "image/config.h"

/* An image configuration: read, changed and written as extend does it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(config_free) struct config c = { 0 };
	AUTO(config_free) struct config again = { 0 };
	AUTO(auto_free) char *text = NULL;
	struct history_entry entry = { .created = 1, .created_by = "fuzz" };
	struct digest digest = digest_of("", 0);
	struct err err = { 0 };
	size_t count, text_len;

	if (!verdict(config_parse(&c, (const char *)data, len, &err), &err))
		return 0;
	count = config_diff_id_count(&c);
	for (size_t i = 0; i < count; i++)
		config_diff_id(&c, i);
	config_platform(&c);
	config_created(&c);
	config_text(&c, "User");
	config_repair_history(&c);
	assert(!config_repair_history(&c));
	config_append(&c, &entry, &digest);
	config_set_env(&c, "PYTHONPATH", "/opt");
	config_set_label(&c, "label", "\xff");
	config_set_created(&c, 0);
	text = config_encode(&c, &text_len);
	assert(config_parse(&again, text, text_len, &err));
	assert(config_diff_id_count(&again) == count + 1 && !config_repair_history(&again));
	assert(str_eq(config_env(&again, "PYTHONPATH"), "/opt"));
	assert(str_eq(config_label(&again, "label"), "\xef\xbf\xbd"));
	return 0;
}
