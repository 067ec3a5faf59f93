// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "python/elf.h"

struct input {
	const uint8_t *data;
	size_t len;
};

static bool open_input(void *arg, struct source **out, struct err *err)
{
	const struct input *in = arg;

	(void)err;
	*out = source_mem(in->data, in->len);
	return true;
}

/* Any bytes as a shared object: always an answer, and one that holds together. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(elf_free) struct elf e = { 0 };
	struct input memory = { data, len };
	struct elf_input in = { .open = open_input, .arg = &memory, .size = len };
	struct err err = { 0 };

	assert(verdict(elf_read(&e, &in, "mod", &err), &err));
	if (!e.is_elf || e.bad)
		return 0;
	assert(e.bits == 32 || e.bits == 64);
	assert(e.glibc_minor >= -1 && e.glibc_minor <= 999);
	for (size_t i = 0; i < e.needed.len; i++)
		assert(strlen(e.needed.items[i]) < len);
	return 0;
}
