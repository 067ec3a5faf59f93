// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_ARCHIVE_ROOTS_H
#define REGISTRY_ARCHIVE_ROOTS_H

#include "image/blob_source.h"
#include "image/reference.h"

/*
 * Images as one tar file or one directory that other tools read, byte for byte as they are: no
 * document is rewritten and no layer recompressed, so every digest stays.
 *
 * ARCHIVE_OCI: an OCI image layout (image-layout.md): oci-layout, index.json, blobs/sha256/. A name
 * stands in index.json as BuildKit and containerd write it: the tag in
 * org.opencontainers.image.ref.name, the whole name in io.containerd.image.name.
 * ARCHIVE_DOCKER: the same layout, and manifest.json for `docker load` (image-spec v1.2 of moby)
 * naming the blobs of it. So it holds images only: a root that is an index is E_UNSUPPORTED.
 *
 * The same roots give the same bytes: oci-layout, index.json, manifest.json, then each root's
 * documents before its layers, each blob once; owner 0:0, times 1980-01-01. A reader of a pipe
 * knows what comes before it comes. Layers whose media type forbids distribution are left out, as a
 * push leaves them out.
 */
enum archive_format { ARCHIVE_OCI, ARCHIVE_DOCKER };

struct archive_root {
	const char *media_type; /* of a manifest or an index */
	const char *raw;        /* its bytes */
	size_t raw_len;
	struct platform platform;      /* for index.json; os "": not said */
	const struct reference *names; /* with their tags; none is fine */
	size_t name_count;
	const char *const *labels; /* names that are no references: a tag alone, as skopeo has it */
	size_t label_count;
};

struct archive_request {
	enum archive_format format;
	const struct archive_root *roots;
	size_t root_count;
	/* Everything below the roots: an index's manifests, configurations, layers. What the source
	 * has to fetch is streamed through. */
	struct blob_source *blobs;
};

#endif
