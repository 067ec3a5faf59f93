// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_EXTEND_H
#define EXTEND_EXTEND_H

#include "extend/moves.h"
#include "extend/request.h"

/*
 * Bake map functions into an image: modules below /opt/lithops/modules, /opt/lithops/func.pickle
 * (facts/lithops.md section 2; which of its plans: extend/spec.h), PYTHONPATH in front, labels that
 * say what was baked and on which base digest; one layer, another one for packages, one config
 * change, one unique tag.
 */
struct extend_result {
	struct reference reference; /* with tag and digest */
	char *function;             /* "mod:f" as baked; several comma-separated */
	enum spec_mode mode;
	char *filepath;           /* the file that was used */
	struct str_list baked;    /* paths in the image, sorted; those of packages are not listed */
	struct str_list dirs;     /* on this machine, that files were taken from; some twice */
	struct str_list packages; /* "numpy 1.26.4"; of several platforms each */
	bool existed;             /* the very same was there already: nothing was pushed */
	char *full_hash;          /* 64 hex; the tag is its first 32 */
	struct extend_moves moves; /* of a plan */
};
void extend_result_free(struct extend_result *r);

/*
 * The whole verb. Nothing is pushed before everything is checked. E_USAGE: function not found or
 * several (listed); E_INPUT: not a top-level function, name shadows, bad identifier, with
 * file:line:col; E_INTEGRITY: the tag exists with other content. Also E_USAGE: to Docker Hub and
 * not `is_public`.
 */
MUST_CHECK bool extend_run(struct extend_result *out, const struct extend_env *env,
			   const struct extend_request *req, struct err *err);

#endif
