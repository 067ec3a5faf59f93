// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_ELF_H
#define PYTHON_ELF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/sink.h"
#include "base/str.h"

/*
 * What a shared object asks of the machine that loads it, from its program headers alone (System V
 * ABI, "Program Loading and Dynamic Linking"; LSB, "Symbol Versioning"). Everything in it is
 * hostile: offsets, counts and links are bounded by the file and by base/limits.h.
 */

/* Bytes that can be had from the start more than once: members of zips are streams. */
struct elf_input {
	bool (*open)(void *arg, struct source **out, struct err *err);
	void *arg;
	uint64_t size;
};

enum elf_machine {
	ELF_386 = 3,
	ELF_MIPS = 8,
	ELF_PPC64 = 21,
	ELF_S390 = 22,
	ELF_ARM = 40,
	ELF_X86_64 = 62,
	ELF_AARCH64 = 183,
	ELF_RISCV = 243,
	ELF_LOONGARCH = 258,
};

struct elf {
	bool is_elf;     /* false: not even the magic; the rest says nothing */
	const char *bad; /* it is ELF, but not sound: why; the rest says nothing. NULL: it is */
	int machine;     /* enum elf_machine, or any other */
	int bits;        /* 32 or 64 */
	bool is_big_endian;
	struct str_list needed; /* DT_NEEDED, in order */
	bool needs_glibc, needs_musl;
	int glibc_minor; /* of the highest GLIBC_2.x asked for; -1: none */
	bool has_init;   /* it has the name PyInit_`module` among its symbols' */
};
void elf_free(struct elf *e);

/* `module`: what Python would import it as ("_speedups"), for has_init. False only where reading
 * fails. */
MUST_CHECK bool elf_read(struct elf *out, const struct elf_input *in, const char *module,
			 struct err *err);

#endif
