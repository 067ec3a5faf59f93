// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_ROOTFS_H
#define BUILDER_ROOTFS_H

#include "base/sink.h"
#include "image/image.h"
#include "image/store.h"

/*
 * The files of an image as a container would see them: all layers merged, whiteouts applied, names
 * of one file still hard links. The layers must be in the store.
 */
struct rootfs_part {
	const struct image *image;
	const char *prefix; /* a directory for it, "linux_arm64"; "" none */
};

/* A tar, sorted by path within each part. `to` is not finished. */
MUST_CHECK bool rootfs_write_tar(struct sink *to, struct store *s, const struct rootfs_part *parts,
				 size_t count, struct err *err);
/*
 * Into a directory, made when absent; what is there and not in the image stays. Owners are kept by
 * root alone; devices are not made.
 */
MUST_CHECK bool rootfs_write_dir(const char *path, struct store *s, const struct rootfs_part *parts,
				 size_t count, struct err *err);

#endif
