// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_ZIP_FORMAT_H
#define LAYERS_ZIP_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The records of a zip (PKWARE APPNOTE 6.3.10, section 4.3), for its writer and its reader.
 * Little-endian. */
enum {
	ZIP_LOCAL_SIZE = 30,
	ZIP_CENTRAL_SIZE = 46,
	ZIP_END_SIZE = 22,
	ZIP64_END_SIZE = 56,
	ZIP64_LOCATOR_SIZE = 20,

	ZIP_FLAG_OPTIONS = 0x0006, /* how hard deflate tried */
	ZIP_FLAG_DESCRIPTOR = 0x0008,
	ZIP_FLAG_UTF8 = 0x0800,

	ZIP_STORED = 0,
	ZIP_DEFLATED = 8,

	ZIP_MADE_BY_UNIX = 3,
	ZIP_MADE_BY_DARWIN = 19,

	ZIP_EXTRA_ZIP64 = 0x0001,
	ZIP_EXTRA_UNICODE_PATH = 0x7075,
};
#define ZIP_LOCAL_MAGIC 0x04034b50U
#define ZIP_CENTRAL_MAGIC 0x02014b50U
#define ZIP_END_MAGIC 0x06054b50U
#define ZIP64_END_MAGIC 0x06064b50U
#define ZIP64_LOCATOR_MAGIC 0x07064b50U
#define ZIP_DESCRIPTOR_MAGIC 0x08074b50U
#define ZIP_MAX16 0xffffU
#define ZIP_MAX32 0xffffffffU

static inline uint16_t zip_get16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t zip_get32(const unsigned char *p)
{
	return zip_get16(p) | (uint32_t)zip_get16(p + 2) << 16;
}

static inline uint64_t zip_get64(const unsigned char *p)
{
	return zip_get32(p) | (uint64_t)zip_get32(p + 4) << 32;
}

/*
 * A name both sides accept: relative, canonical (fs_clean_member changes nothing but one trailing
 * slash), no backslash, drive letter or control character, and UTF-8. E_INTEGRITY otherwise.
 * *ascii_out: no byte above 0x7f.
 */
MUST_CHECK bool zip_check_name(bool *ascii_out, const char *name, size_t len, struct err *err);

#endif
