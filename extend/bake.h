// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_BAKE_H
#define EXTEND_BAKE_H

#include "base/err.h"
#include "extend/spec.h"
#include "layers/entry.h"

/* Where a Lithops worker (3.1.2 and later) looks: facts/lithops.md, 2a and 2b. */
#define BAKE_ROOT "opt/lithops"
#define BAKE_MODULES BAKE_ROOT "/modules"
#define BAKE_PICKLE BAKE_ROOT "/func.pickle"

/*
 * The layer of a spec, sorted: /opt/lithops/modules with all files, /opt/lithops/func.pickle and
 * the directories around them, 0755 and 0644, 0:0, 1980-01-01, whatever the files on disk have.
 * Files are read when the layer is written, so the spec must stay.
 */
MUST_CHECK bool bake_entries(struct entry_list *out, const struct spec *spec, struct err *err);

#endif
