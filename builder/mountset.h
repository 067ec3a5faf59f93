// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_MOUNTSET_H
#define BUILDER_MOUNTSET_H

#include "builder/mountfiles.h"

/*
 * The mounts of one RUN: what its step names (step.h) found among stages, images, contexts and the
 * command line, and handed to the sandbox. In two parts, since a step that is cached needs no files
 * and no secrets: mountset_find for the key, mountset_ready for the command.
 */
struct mount_set {
	struct arena arena;
	struct mount_source *sources; /* one a mount of the step */
	struct {
		struct sandbox_mount *items;
		size_t len, cap;
	} list;
	struct str_list env; /* "NAME=VALUE" of secrets and SSH_AUTH_SOCK; never in a key */
};
void mountset_free(struct mount_set *m);

/* Executes the stages that are mounted from. Errors carry the place of `from`, or of the mount. */
MUST_CHECK bool mountset_find(struct mount_set *out, struct build *b, size_t stage,
			      const struct step *step, struct err *err);
/* Row 64: everything but a cache's id and sharing, and what a secret says (row 63). Nothing for a
 * step without mounts. */
void mountset_key(struct cache_key *k, const struct mount_set *m, const struct step *step);
/*
 * From now on the key holds the content of what bind mounts show of stages and images, not their
 * layers: what was not known by those may be known by it. *learnt_out false: it says nothing new.
 */
MUST_CHECK bool mountset_learn(bool *learnt_out, struct mount_set *m, struct build *b,
			       const struct step *step, struct err *err);
/* Fills `list` and `env`. E_NOT_FOUND when something required was not given on the command line. */
MUST_CHECK bool mountset_ready(struct mount_set *m, struct build *b, const struct step *step,
			       struct err *err);

#endif
