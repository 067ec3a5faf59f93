// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_BAKE_H
#define EXTEND_BAKE_H

#include "base/err.h"
#include "extend/spec.h"
#include "layers/entry.h"

/* Where a Lithops worker (3.1.2 and later) looks: facts/lithops.md, 2a and 2b. */
#define BAKE_ROOT "opt/lithops"
#define BAKE_MODULES BAKE_ROOT "/modules"
#define BAKE_PACKAGES BAKE_ROOT "/packages"
#define BAKE_PICKLE BAKE_ROOT "/func.pickle"

/* The directory of modules is there and on PYTHONPATH. */
bool bake_has_modules(const struct spec *spec);

/*
 * The layer of a spec, sorted: /opt/lithops/modules with all files unless they are inside the
 * pickle, /opt/lithops/func.pickle unless a worker needs none, and the directories around them,
 * 0755 and 0644, 0:0, 1980-01-01, whatever the files on disk have. Files are read when the layer is
 * written, so the spec must stay.
 */
MUST_CHECK bool bake_entries(struct entry_list *out, const struct spec *spec, struct err *err);
/* The same files by their paths in the image, sorted, with a leading slash. */
void bake_list(struct str_list *out, const struct spec *spec);

#endif
