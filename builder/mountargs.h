// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_MOUNTARGS_H
#define BUILDER_MOUNTARGS_H

#include "builder/maker.h"

/*
 * The --mount flags of a RUN to step.run.mounts (facts/dockerfile.md section 1.2; BuildKit's
 * commands_runmount.go and convert_runmount.go). E_INPUT with the place of the option. As with
 * BuildKit an option that has no meaning for a type (id of bind, from of tmpfs) passes.
 */
MUST_CHECK bool mountargs_make(struct maker *m, struct err *err);

/*
 * What a mount takes files from, as written, before anything is expanded: for the stage graph.
 * NULL: nothing, or it does not read (mountargs_make says why). *at_out is its offset in the value.
 * In the arena.
 */
const char *mountargs_from(size_t *at_out, struct arena *arena, const struct flag *flag);

/* As one would write it, defaults left out: "type=cache,target=/c,id=pip". */
void mountargs_describe(struct buf *out, const struct step_mount *mount);
const char *mountargs_kind_name(enum step_mount_kind kind);
const char *mountargs_sharing_name(enum sandbox_sharing sharing);

#endif
