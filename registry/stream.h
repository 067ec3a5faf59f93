// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_STREAM_H
#define REGISTRY_STREAM_H

#include "image/blob_tail.h"
#include "image/image.h"
#include "registry/registry.h"
#include "registry/upload.h"

/*
 * Layers that go up while they are still being made: chunks (distribution-spec, "Pushing a blob in
 * chunks") follow the blob's file, and the closing PUT, which names the digest, is the push's. So
 * nothing is in the repository that was not pushed, and a build that fails leaves a cancelled
 * session.
 *
 * Only where the layer cannot be there already, since its digest is known last: the repository has
 * no tags; or the tag that is pushed holds `held` (borrowed for the call; NULL: nothing is known),
 * what the last push from this store left there, and the layer differs by now from each of that
 * image's which this store has. The registry is asked once. Whatever goes wrong, the push sends the
 * layer as any other.
 *
 * The follower of layers that will be pushed to `to` (which has a tag), for layer_options. Lives as
 * long as the registry.
 */
struct blob_follower *registry_stream(struct registry *r, const struct reference *to,
				      const struct image *held);

/* The session that has all of the blob, waited for; NULL: none has. The caller closes or finishes
 * it. */
struct upload *streams_take(struct registry *r, const struct reference *repository,
			    const struct digest *digest);

/* Ends all that are under way and cancels the sessions nobody took; for registry_close. */
void streams_close(struct registry *r);

#endif
