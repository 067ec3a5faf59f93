// SPDX-License-Identifier: Apache-2.0
#include "image/media.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"

/* The one table of media types; everything else asks it. */

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

/* clang-format off */
static const struct media table[] = {
	{ OCI "manifest.v1+json",   MEDIA_MANIFEST, FAMILY_OCI, COMPRESSION_NONE, false },
	{ OCI "index.v1+json",      MEDIA_INDEX,    FAMILY_OCI, COMPRESSION_NONE, false },
	{ OCI "config.v1+json",     MEDIA_CONFIG,   FAMILY_OCI, COMPRESSION_NONE, false },
	{ OCI "layer.v1.tar",       MEDIA_LAYER,    FAMILY_OCI, COMPRESSION_NONE, false },
	{ OCI "layer.v1.tar+gzip",  MEDIA_LAYER,    FAMILY_OCI, COMPRESSION_GZIP, false },
	{ OCI "layer.v1.tar+zstd",  MEDIA_LAYER,    FAMILY_OCI, COMPRESSION_ZSTD, false },
	{ OCI "layer.nondistributable.v1.tar",      MEDIA_LAYER, FAMILY_OCI, COMPRESSION_NONE, true },
	{ OCI "layer.nondistributable.v1.tar+gzip", MEDIA_LAYER, FAMILY_OCI, COMPRESSION_GZIP, true },
	{ OCI "layer.nondistributable.v1.tar+zstd", MEDIA_LAYER, FAMILY_OCI, COMPRESSION_ZSTD, true },

	/* Docker's schema 2 has no zstd: BuildKit and containers/image refuse it there too. */
	{ DOCKER "distribution.manifest.v2+json",      MEDIA_MANIFEST, FAMILY_DOCKER, COMPRESSION_NONE, false },
	{ DOCKER "distribution.manifest.list.v2+json", MEDIA_INDEX,    FAMILY_DOCKER, COMPRESSION_NONE, false },
	{ DOCKER "container.image.v1+json",            MEDIA_CONFIG,   FAMILY_DOCKER, COMPRESSION_NONE, false },
	{ DOCKER "image.rootfs.diff.tar",              MEDIA_LAYER,    FAMILY_DOCKER, COMPRESSION_NONE, false },
	{ DOCKER "image.rootfs.diff.tar.gzip",         MEDIA_LAYER,    FAMILY_DOCKER, COMPRESSION_GZIP, false },
	{ DOCKER "image.rootfs.foreign.diff.tar",      MEDIA_LAYER,    FAMILY_DOCKER, COMPRESSION_NONE, true },
	{ DOCKER "image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER,    FAMILY_DOCKER, COMPRESSION_GZIP, true },

	{ DOCKER "distribution.manifest.v1+json",      MEDIA_SCHEMA1,  FAMILY_DOCKER, COMPRESSION_NONE, false },
	{ DOCKER "distribution.manifest.v1+prettyjws", MEDIA_SCHEMA1,  FAMILY_DOCKER, COMPRESSION_NONE, false },
};
/* clang-format on */

static const struct media unknown = { .text = "", .kind = MEDIA_UNKNOWN };

/* Length of "type/subtype" in "type/subtype ; parameters". */
static size_t essence_len(const char *text)
{
	size_t len = strcspn(text, ";");

	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return len;
}

const struct media *media_find(const char *text)
{
	size_t len;

	if (!text)
		return &unknown;
	text += strspn(text, " \t");
	len = essence_len(text);
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strlen(table[i].text) == len && strncasecmp(table[i].text, text, len) == 0)
			return &table[i];
	return &unknown;
}

bool media_same(const char *a, const char *b)
{
	size_t len;

	a += strspn(a, " \t");
	b += strspn(b, " \t");
	len = essence_len(a);
	return len == essence_len(b) && strncasecmp(a, b, len) == 0;
}

/* RFC 6838, 4.2: restricted-name = first alphanumeric, then at most 126 of these. */
static size_t restricted_name(const char *text)
{
	static const char alphanumeric[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strspn(text, alphanumeric);

	if (!len)
		return 0;
	for (size_t more = 1; more;) {
		more = strspn(text + len, alphanumeric);
		more += strspn(text + len + more, "!#$&-^_.+");
		len += more;
	}
	return len <= 127 ? len : 0;
}

bool media_is_well_formed(const char *text)
{
	size_t type = restricted_name(text);
	size_t subtype = type && text[type] == '/' ? restricted_name(text + type + 1) : 0;

	return subtype && !text[type + 1 + subtype];
}

const char *media_text(enum media_kind kind, enum media_family family, enum compression c)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct media *m = &table[i];

		if (m->kind == kind && m->family == family && m->compression == c && !m->foreign)
			return m->text;
	}
	return NULL;
}

const char *media_accept_manifests(void)
{
	return OCI "manifest.v1+json, " OCI "index.v1+json, " DOCKER
		   "distribution.manifest.v2+json, " DOCKER "distribution.manifest.list.v2+json";
}

const char *compression_name(enum compression c)
{
	switch (c) {
	case COMPRESSION_NONE:
		return "none";
	case COMPRESSION_GZIP:
		return "gzip";
	case COMPRESSION_ZSTD:
		return "zstd";
	}
	return "none";
}
