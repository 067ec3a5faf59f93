// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_UNPACK_H
#define LAYERS_UNPACK_H

#include "base/sink.h"
#include "layers/entry.h"

/*
 * A layer's tar into a directory, safely: parents resolved by openat2 in the
 * root, last components never followed, hard links by descriptors, content then owner, mode,
 * xattrs, times; directory times set last.
 */
enum unpack_whiteouts {
	UNPACK_APPLY,   /* delete what they name: one tree from many layers */
	UNPACK_OVERLAY, /* character device 0:0 and trusted.overlay.opaque: one directory per layer,
			   as root */
	UNPACK_OVERLAY_USERXATTR, /* the same with user.overlay.opaque, inside a user namespace */
};
struct unpack_options {
	enum unpack_whiteouts whiteouts;
	bool keep_owner;   /* chown; false: files belong to us, whatever the tar says */
	bool keep_devices; /* mknod character and block devices; else they are skipped (never made
			      on the host by default) */
};
MUST_CHECK bool unpack_tar(int root, struct source *tar, const struct unpack_options *opt,
			   struct err *err);

#endif
