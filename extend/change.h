// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_CHANGE_H
#define EXTEND_CHANGE_H

#include "base/str.h"
#include "extend/tag.h"
#include "image/image.h"

/*
 * What an extension changes in an image's configuration, and taking it back, so that an image that
 *was extended before is extended from where that began. PYTHONPATH gets the added directories in
 *front (never an empty part: Python reads one as the current directory); labels io.rtbuild.extend.*
 *say what was baked:
 *
 *	format       1
 *	mode         native, modules, single-file or by-value (extend/spec.h)
 *	module       map                  function   f, Class.method; of several a comma-separated
 *	             list each, in the same order
 *	base.name    registry/repository  base.digest  of the manifest that was extended
 *	layers       diff ids of the added layers, comma-separated
 *	undo         {"pythonpath":..., "env":..., "labels":...} as they were
 *	hash         64 hex digits; the content tag is the first 32
 */
struct change_input {
	const char *functions;    /* "map:f,map:g" */
	const char *mode;         /* as spec_mode_name says it */
	const char *const *paths; /* to stand in front in PYTHONPATH; none: it stays */
	size_t path_count;
	struct reference_text base_name;
	struct digest base_digest;
	const struct digest *diff_ids; /* of the added layers, lowest first */
	size_t diff_id_count;
	int64_t created; /* of the history entries */
};

struct change {
	struct arena arena;
	struct {
		struct change_item {
			bool is_label; /* else an environment variable */
			const char *name, *value;
		} * items;
		size_t len, cap;
	} items;
	const struct change_input *input; /* borrowed */
};

#define CHANGE_LABEL "io.rtbuild.extend."

void change_plan(struct change *out, const struct config *base, const struct change_input *input);
void change_free(struct change *c);
void change_hash(struct tag_hash *h, const struct change *c);
/* The changed configuration with the layers' diff ids and history; a history that did not fit is
 * repaired first: *repaired_out. */
void change_apply(struct config *out, bool *repaired_out, const struct config *base,
		  const struct change *c, const char *hash);

/* Where an image that was extended before came from. */
struct change_origin {
	struct digest base_digest;
	struct reference base_name; /* host and repository */
};
/*
 * *undone_out false: `img` is not, at its top, an extension of ours (also when something was built
 * on one), and nothing else is set. Else *out is the image without it. E_INTEGRITY: labels of ours
 * that contradict the image.
 */
MUST_CHECK bool change_undo(bool *undone_out, struct image *out, struct change_origin *origin_out,
			    const struct image *img, struct err *err);

#endif
