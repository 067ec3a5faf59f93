// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_WHEEL_H
#define PYTHON_WHEEL_H

#include "base/hash.h"
#include "layers/entry.h"
#include "layers/zip.h"
#include "python/metadata.h"
#include "python/precompile.h"
#include "python/wheel_name.h"

/* One wheel: opened and looked at, then laid out as files (PEP 427, "Binary distribution format").
 */
struct wheel {
	char *path; /* of the file */
	char *name; /* normalised (PEP 503) */
	char *version;
	char *filename;
	char *info;                      /* its .dist-info folder */
	unsigned char hash[SHA256_SIZE]; /* of the file; wheel_read_hashes */
	int64_t size;
	char *url;       /* it was asked for by, for direct_url.json; NULL: by name or path */
	bool requested;  /* named by the user, not only by another wheel */
	char *summary;   /* METADATA Summary; stand-ins say so here; "" when it has none */
	struct zip *zip; /* open; entries read from it */
	int fd;          /* of the file, -1 once its hashes are known */
};
void wheel_close(struct wheel *w);

/*
 * Open a file and read its WHEEL and METADATA; what they say must agree with `name` (its parsed
 * file name). E_INTEGRITY when it does not, or when the zip is not sound; E_UNSUPPORTED for a newer
 * major Wheel-Version or Metadata-Version. The metadata's texts are in the arena.
 */
MUST_CHECK bool wheel_open(struct wheel *out, struct metadata *metadata_out, struct arena *a,
			   const char *path, const struct wheel_name *name, struct err *err);

/* Read the whole file once: w->hash, and the hashes of `kinds` into hashes_out. The descriptor is
 * closed then. */
MUST_CHECK bool wheel_read_hashes(struct wheel *w, const enum hash_kind *kinds, size_t count,
				  unsigned char (*hashes_out)[HASH_SIZE_MAX], struct err *err);

/* `folder` is name-version + suffix, in whatever spelling, of this wheel. */
bool wheel_owns_folder(const struct wheel *w, struct slice folder, const char *suffix);

/* A whole member, appended to `out` within its maximum; E_INPUT when it is not there. */
MUST_CHECK bool wheel_read_member(struct buf *out, const struct wheel *w, const char *name,
				  struct err *err);

/* Where wheel parts go, as canonical member paths. */
struct wheel_layout {
	const char
		*site; /* "usr/local/lib/python3.11/site-packages", or "python" in a Lambda layer */
	const char *scripts; /* "usr/local/bin"; NULL: scripts and entry points are left out */
	const char *data; /* "usr/local": the .data/data prefix; NULL: under `site` as pip --target
			     does */
	const char *headers; /* "usr/local/include/python3.11", the name is added; NULL: left out */
	const char *interpreter; /* for shebangs: "/usr/local/bin/python3.11", "/usr/bin/env
				    python3"; needed with `scripts` */
	int minor; /* of the target's Python 3, for pip's own pip3.11; 0: only pip and pip3 */
	struct precompiler *precompiler; /* modules get their bytecode, too; NULL: none */
};

/*
 * The files of a wheel: RECORD verified both ways (each listed file is there, each file is listed,
 * hashes and sizes while the files are read), .data mapped, console_scripts wrappers made,
 * INSTALLER, REQUESTED and RECORD written; .pyc files with a source left out, and made anew with a
 * precompiler, whose memory they are in. Modes 0644/0755,
 * owner 0:0, 1980-01-01. Entries read from w->zip, so the list must be written before the wheel is
 * closed. Appends to `out`, unsorted. E_INTEGRITY where the wheel breaks its own promises, E_INPUT
 * where it is malformed.
 */
MUST_CHECK bool wheel_entries(struct entry_list *out, const struct wheel *w,
			      const struct wheel_layout *layout, struct err *err);

/* SHA-256 of the bytes of an entry made by wheel_entries: from RECORD when it tells, else by
 * reading. */
MUST_CHECK bool wheel_entry_hash(unsigned char out[SHA256_SIZE], const struct entry *e,
				 struct err *err);

#endif
