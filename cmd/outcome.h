// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_OUTCOME_H
#define CMD_OUTCOME_H

#include "cmd/cmd.h"
#include "image/image.h"

/* What a verb that makes images says on stdout and into files (docker's, skopeo's, ko's and
 * buildx's names for them). NULL: not asked for. */
struct outcome_files {
	const char *iidfile, *digestfile, *image_refs, *metadata_file;
};

/* "ref" (also NULL), "tag" or "digest"; E_USAGE otherwise. */
MUST_CHECK bool outcome_print_check(const char *print, struct err *err);

/* stdout: the first reference as `print` says, or with --json one document; and the files. */
MUST_CHECK bool outcome_write(struct session *s, const struct image *img,
			      const struct reference *refs, size_t count,
			      const struct outcome_files *files, const char *print,
			      struct err *err);

#endif
