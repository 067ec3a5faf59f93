// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "python/query.h"

/* Questions of `rtbuild python query`, one a line; each answer is JSON again, and the same twice.
 */
static void ask(const char *line, size_t len)
{
	AUTO(auto_json_decref) json_t *question = NULL;
	AUTO(auto_json_decref) json_t *answer = NULL;
	AUTO(auto_json_decref) json_t *again = NULL;
	AUTO(auto_json_decref) json_t *parsed = NULL;
	AUTO(auto_free) char *text = NULL;
	struct err err = { 0 };
	const char *op;
	size_t text_len;

	if (!verdict(json_parse(&question, line, len, "question", &err), &err))
		return;
	op = json_text_member(question, "op");
	/* what is a path would be one of this machine */
	if (op && str_eq(op, "requirements_file"))
		return;
	if (!verdict(query_answer(&answer, question, &err), &err))
		return;
	text = json_text(answer, &text_len);
	assert(json_parse(&parsed, text, text_len, "answer", &err) && json_equal(parsed, answer));
	assert(query_answer(&again, question, &err) && json_equal(again, answer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };

	while (rest.ptr) {
		struct slice line = slice_cut(rest, '\n', &rest);

		ask(line.ptr, line.len);
	}
	return 0;
}
