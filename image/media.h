// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_MEDIA_H
#define IMAGE_MEDIA_H

#include <stdbool.h>

/* Media types of images: OCI image-spec media-types.md and Docker's schema 2, one table for both.
 */
enum media_kind {
	MEDIA_UNKNOWN,
	MEDIA_MANIFEST,
	MEDIA_INDEX,
	MEDIA_CONFIG,
	MEDIA_LAYER,
	MEDIA_SCHEMA1, /* recognised only to be refused by name */
};

enum media_family { FAMILY_OCI, FAMILY_DOCKER };

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

struct media {
	const char *text;
	enum media_kind kind;
	enum media_family family;
	enum compression compression; /* layers */
	bool foreign;                 /* non-distributable layers */
};

/* The table's row, parameters ("; charset=") ignored; never NULL: an unknown type gives a row of
 * MEDIA_UNKNOWN. */
const struct media *media_find(const char *text);
/* Same type and subtype, parameters ignored: a Content-Type against a body's mediaType. */
bool media_same(const char *a, const char *b);
/* RFC 6838, 4.2, as descriptor.md asks: "type/subtype" of restricted names, no parameters. */
bool media_is_well_formed(const char *text);
/* The type's text in a family: media_text(MEDIA_LAYER, FAMILY_OCI, COMPRESSION_GZIP). NULL when the
 * family has none. */
const char *media_text(enum media_kind kind, enum media_family family, enum compression c);
/* For an Accept header: every manifest and index type, comma separated. */
const char *media_accept_manifests(void);
const char *compression_name(enum compression c); /* "none", "gzip", "zstd" */

#endif
