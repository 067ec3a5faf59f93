// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "net/aws_process.h"

/* What a credential_process printed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(aws_credential_free) struct aws_credential c = { 0 };
	struct err err = { 0 };

	if (verdict(aws_process_parse(&c, (const char *)data, len, "here", 1000000000, &err), &err))
		assert(c.key[0] && c.secret[0] && c.where);
	return 0;
}
