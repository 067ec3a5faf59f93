// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "layers/compress.h"

/* Compressed bytes of any kind. More than a megabyte need not come out to know how it is done. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(auto_source_close) struct source *plain = NULL;
	enum compression kind;
	struct err err = { 0 };
	static char piece[1 << 16];
	size_t piece_len = 1;

	if (!verdict(decompressor_detect(&plain, &kind, source_mem(data, len), &err), &err))
		return 0;
	for (size_t total = 0; piece_len && total < 1 << 20; total += piece_len)
		if (!verdict(source_read(plain, piece, sizeof(piece), &piece_len, &err), &err))
			return 0;
	return 0;
}
