// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_FSCK_H
#define IMAGE_FSCK_H

#include "image/store.h"

/*
 * Prove a store: re-hash every blob, parse every reachable document, check
 * names, sizes and modes. Findings are data; nothing is repaired unless asked.
 */
enum fsck_kind {
	FSCK_CORRUPT,      /* bytes do not match the name */
	FSCK_MISSING,      /* reachable, absent, and no origin known */
	FSCK_REMOTE,       /* reachable, absent, origin known: fine, counted */
	FSCK_BAD_DOCUMENT, /* layout, index, manifest or config cannot be read */
	FSCK_BAD_NAME,     /* a file in blobs/ that is no blob */
	FSCK_UNREFERENCED, /* fine, counted: gc takes it */
	FSCK_LEFTOVER,     /* file of a process that died: fine, counted; repair and gc take it */
};

struct fsck_finding {
	enum fsck_kind kind;
	char *what; /* the blob or file */
	char *why;
};
struct fsck_report {
	struct fsck_finding *items;
	size_t len, cap;
	size_t blobs, images;
	uint64_t bytes;
	size_t counts[FSCK_LEFTOVER + 1];
};

const char *fsck_kind_name(enum fsck_kind kind);
/* `repair`: leftovers are removed and corrupt blobs are moved aside to partial/corrupt. */
MUST_CHECK bool store_fsck(struct fsck_report *out, struct store *s, bool repair, struct err *err);
bool fsck_is_clean(const struct fsck_report *r); /* nothing corrupt, missing or malformed */
void fsck_report_free(struct fsck_report *r);

#endif
