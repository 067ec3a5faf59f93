// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_TAR_SCAN_H
#define LAYERS_TAR_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * A second look at the raw blocks of a tar while libarchive reads them (POSIX.1-2017, pax; GNU
 * tar's extensions). It refuses, E_INTEGRITY, what readers are known to take differently, which is
 * how two tools come to see two archives in one file (CVE-2025-62518): bad checksums, sizes on
 * members that have no data, global or repeated names and sizes, extended headers that are
 * repeated, mixed or lead nowhere, unknown types, bytes behind the end. And it says where members
 * start, so that the reader can prove that libarchive saw the same ones.
 */
enum tar_scan_state {
	TAR_SCAN_HEADER,
	TAR_SCAN_SPARSE, /* continuation of a GNU sparse map */
	TAR_SCAN_DATA,
	TAR_SCAN_END, /* behind two zero blocks */
};

struct tar_scan {
	enum tar_scan_state state;
	unsigned char block[512];
	size_t have;      /* bytes in block */
	uint64_t at;      /* bytes seen */
	uint64_t left;    /* TAR_SCAN_DATA: with padding */
	uint64_t padding; /* the part of `left` that is not data */
	uint64_t size;    /* of the member whose sparse map goes on */
	unsigned zeros;   /* zero blocks in a row */
	unsigned seen;    /* extended headers before the next member */
	uint64_t start;   /* of the first of them */
	bool has_size;    /* a pax header said one */
	uint64_t pax_size;
	char collecting; /* type of the extended header whose body is being read; 0: none */
	uint64_t body_left;
	struct buf body;
	uint64_t *starts; /* members found and not yet taken: a queue */
	size_t first, len, cap;
};

void tar_scan_init(struct tar_scan *s);
void tar_scan_free(struct tar_scan *s);
MUST_CHECK bool tar_scan_feed(struct tar_scan *s, const void *data, size_t len, struct err *err);
/* The input ended. */
MUST_CHECK bool tar_scan_finish(struct tar_scan *s, struct err *err);
/* The offset of the next member (its first extended header); false when none was found yet. */
bool tar_scan_take(struct tar_scan *s, uint64_t *start_out);

#endif
