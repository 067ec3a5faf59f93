// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_OVERLAY_H
#define SANDBOX_OVERLAY_H

#include "sandbox/command.h"
#include "sandbox/space.h"

/*
 * Layers as one writable directory: an overlay of their trees (trees.h), highest on top, in
 * `dir`/root. What is written goes to `dir`/upper, which begins with the metadata of the highest
 * layer's root. `dir` is absolute, exists and becomes the working directory. *root_out is
 * "<dir>/root", the caller's. `devices`: device nodes in it open, else they are names.
 * E_UNSUPPORTED when there are too many layers or the kernel refuses.
 */
MUST_CHECK bool overlay_mount(char **root_out, const char *dir, const char *store,
			      const struct space *space, const struct sandbox_layer *layers,
			      size_t count, bool devices, struct err *err);

#endif
