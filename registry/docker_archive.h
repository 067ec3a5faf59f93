// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_DOCKER_ARCHIVE_H
#define REGISTRY_DOCKER_ARCHIVE_H

#include "base/event.h"
#include "image/image.h"
#include "image/store.h"
#include "layers/tar_file.h"
#include "registry/place.h"

/*
 * What `docker save` writes (moby image/spec v1.2, "Combined image JSON and filesystem changeset
 * format"): manifest.json names a configuration and layers, in the old form (LAYER/layer.tar, links
 * between equal ones) or the new (blobs/sha256/). Its layers are plain tars without a digest of
 * their own, which no registry should be given, so they are compressed into the store, as docker
 * and skopeo do on the way to a registry; each is checked against its diff id. The same archive
 * gives the same image on every machine.
 */

/* One image of it: `place` names it by tag, by digest of its configuration, or not at all when it
 * is the only one. `f` NULL: place's file is opened, else it is taken over. out->blobs is the
 * store's. */
MUST_CHECK bool docker_archive_read(struct image *out, struct tar_file *f,
				    const struct place *place, struct store *store,
				    struct events *events, struct err *err);

/* Every name in it ("me/rt:1"), and how many images have none. */
MUST_CHECK bool docker_archive_names(struct str_list *out, size_t *unnamed_out, struct tar_file *f,
				     struct err *err);

#endif
