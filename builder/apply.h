// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_APPLY_H
#define BUILDER_APPLY_H

#include "builder/step.h"
#include "image/config.h"

/* The config changes of one step, its history entry apart: for FROM scratch and for a base, then
 * for each instruction. */

/* What BuildKit starts FROM scratch with: the default PATH and "/" as working directory. */
void apply_scratch(struct config *c);
/* A base: PATH when it has none; ONBUILD is taken out (its triggers are run by the stage). */
void apply_base(struct config *c);
void apply_step(struct config *c, const struct step *step, bool entrypoint_keeps_cmd);
/* History, and the layer if there is one. */
void apply_history(struct config *c, const struct step *step, int64_t created,
		   const struct digest *diff_id);

#endif
