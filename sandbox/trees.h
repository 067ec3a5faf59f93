// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_TREES_H
#define SANDBOX_TREES_H

#include "image/media.h"
#include "sandbox/space.h"
#include "sandbox/workdir.h"

/*
 * Layers as directories, each unpacked once: <store>/cache/trees/<mode>/<diff id, hex>, whiteouts
 * in overlayfs' form. One that was made under another boot counts as absent, since trees are not
 * synced to the disk.
 */
MUST_CHECK bool trees_have(bool *out, const char *store, enum space_mode mode, const char *hex,
			   struct err *err);
char *trees_path(const char *store, enum space_mode mode, const char *hex);

/*
 * Unpack `blob` (the compressed layer; owned) in `work` and move it into place when its plain bytes
 * hash to the diff id `hex`; E_INTEGRITY otherwise. Another process that unpacks the same is waited
 * for, and its tree is taken.
 */
MUST_CHECK bool trees_unpack(const char *store, const struct space *space, const char *hex,
			     enum compression compression, int blob, const struct workdir *work,
			     struct err *err);

/*
 * With a single id the owners a layer names cannot exist; they are kept in this attribute
 * ("uid:gid") of files and directories, so that a diff can carry them.
 */
#define TREES_OWNER_XATTR "user.rtbuild.owner"

#endif
