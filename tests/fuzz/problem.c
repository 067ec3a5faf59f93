// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "net/retry.h"
#include "registry/problem.h"

/* A server's refusal: header lines, then the body. What is shown of it is safe for a terminal. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const int statuses[] = { 400, 401, 403, 404, 429, 500 };
	struct slice rest = { (const char *)data, len };
	struct slice lines = next_part(&rest);
	AUTO(http_reply_free) struct http_reply reply = { .status = statuses[len % 6] };
	struct err err = { 0 };
	const char *value;

	while (lines.ptr) {
		struct slice line = slice_cut(lines, '\n', &lines);

		str_list_push_take(&reply.headers, mem_strndup(line.ptr, line.len));
	}
	reply.body = source_mem(rest.ptr, rest.len);
	value = http_header(&reply, "Retry-After", 0);
	assert(retry_after(value, 1000000000) >= -1);
	problem_error(&err, &reply, "push");
	assert(str_has_prefix(err.msg, "push: HTTP "));
	for (const char *c = err.msg; *c; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
	verdict(false, &err);
	return 0;
}
