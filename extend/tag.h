// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_TAG_H
#define EXTEND_TAG_H

#include <stddef.h>

#include "base/hash.h"
#include "base/str.h"

/*
 * The name of an extended image: 32 hex digits of a SHA-256 over everything that makes it what it
 *is. What is hashed is a sequence of fields, each "<name> <bytes>:<value>\n" with the value's
 *length in decimal, so that no two different sequences have the same bytes:
 *
 *	rtbuild-extend 1:1            the format of this very list
 *	compression 4:gzip            of the added layers
 *	created 9:315532800           of the history entries
 *	platform 11:linux/amd64       one section a platform, in the order of the text:
 *	output 3:oci                  media-type family
 *	manifest 71:sha256:...        the manifest that is extended
 *	layer 71:sha256:...           diff id of each added layer, lowest first
 *	env 30:PYTHONPATH=...         each change of the configuration
 *	label 28:name=value
 *
 * Compressed digests are left out: they depend on the compressor, the tag does not.
 */
enum { TAG_LEN = 32, TAG_HASH_LEN = 64 };

struct tag_hash {
	struct sha256 state;
};
void tag_hash_init(struct tag_hash *h);
void tag_hash_field(struct tag_hash *h, const char *name, const char *value);
/* 64 hex digits; the tag is the first TAG_LEN of them. Releases the state. */
void tag_hash_final(struct tag_hash *h, char out[TAG_HASH_LEN + 1]);

/*
 * Lithops' own rule (facts/lithops.md, 2a): half of the MD5 of the file that holds the function,
 * half of the MD5 of Python's repr of the sorted list of module paths; "d751713988987e93" without
 * modules.
 */
void tag_lithops(char out[TAG_LEN + 1], const void *file, size_t len,
		 const struct str_list *modules);

#endif
