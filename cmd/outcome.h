// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_OUTCOME_H
#define CMD_OUTCOME_H

#include "cmd/artifact.h"
#include "cmd/cmd.h"

/* What a verb that makes images says on stdout and into files (docker's, skopeo's, ko's and
 * buildx's names for them). NULL: not asked for. */
struct outcome_files {
	const char *iidfile, *digestfile, *image_refs, *metadata_file;
};
/* Before the work: the files can be written. E_USAGE, E_NOT_FOUND, E_IO. */
MUST_CHECK bool outcome_files_check(const struct outcome_files *files, struct err *err);

/* "ref" (also NULL), "tag" or "digest"; E_USAGE otherwise. */
MUST_CHECK bool outcome_print_check(const char *print, struct err *err);

/*
 * stdout: the first reference as `print` says (without one, the digest), or with --json one
 * document, unless stdout is taken; and the files.
 */
struct outcome {
	const struct artifact *artifact;
	const struct reference *refs;
	size_t ref_count;
	const struct outcome_files *files;
	const char *print;
	const char *verified; /* of a backend's runtime: "static", or "executed" when its Python
				 ran; NULL: not said */
	bool stdout_taken;
	json_t *extension; /* of --json: what the image was extended by; NULL: it was not */
};
MUST_CHECK bool outcome_write(struct session *s, const struct outcome *o, struct err *err);
/* The same for one image. */
MUST_CHECK bool outcome_write_image(struct session *s, const struct image *img,
				    const struct reference *ref, const struct outcome_files *files,
				    struct err *err);

#endif
