// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "extend/identifier.h"
#include "extend/pickle.h"

/* Names of a module and a function to a pickle, which holds them and nothing else that varies. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(auto_free) char *module = next_text(&rest);
	AUTO(auto_free) char *function = next_text(&rest);
	AUTO(auto_free) char *near = identifier_suggest(slice_of(module));
	AUTO(buf_free) struct buf pickle = BUF_INIT(1 << 20);
	struct err err = { 0 };

	assert(!near || identifier_is(slice_of(near)));
	if (!verdict(pickle_function(&pickle, module, function, &err), &err))
		return 0;
	assert(!strpbrk(module, "\n\r /'\"") && !strpbrk(function, "\n\r /'\""));
	assert(memmem(pickle.ptr, pickle.len, module, strlen(module)));
	assert(memmem(pickle.ptr, pickle.len, function, strlen(function)));
	assert(pickle.len <= strlen(module) + strlen(function) + 48);
	return 0;
}
