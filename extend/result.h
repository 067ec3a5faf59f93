// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_RESULT_H
#define EXTEND_RESULT_H

#include "extend/extension.h"

/*
 * The base and the layers, made into one image for each platform and their index: x->added,
 * packages, hash, images, blobs, index. Layers are written to the store, documents are not.
 *
 * Errors of base_settle_python, packages.h and image_make; E_UNSUPPORTED: not for linux; E_INPUT: a
 * function by value, written by another Python than the base's.
 */
MUST_CHECK bool result_make(struct extension *x, struct err *err);
/* Of the index or the one manifest: what the target will hold. */
struct digest result_digest(const struct extension *x);

#endif
