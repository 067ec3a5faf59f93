// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_UPLOAD_H
#define REGISTRY_UPLOAD_H

#include "base/sink.h"
#include "registry/registry.h"

/*
 * Blob uploads (distribution-spec, "Pushing blobs"): POST, then one PUT. A session can be opened
 * before the digest, or even the content, is known, which saves a round trip.
 */
struct upload;
MUST_CHECK bool registry_upload_begin(struct upload **out, struct registry *r,
				      const struct reference *repository, struct err *err);
/* Send the bytes and commit. A session that was lost is replaced by a new one. `body` is borrowed
 * and must be able to rewind. */
MUST_CHECK bool registry_upload_finish(struct upload *u, struct source *body,
				       const struct digest *digest, int64_t size, struct err *err);
/* Frees it; one that was not finished is cancelled at the server, best effort. NULL is fine. */
void registry_upload_close(struct upload *u);
DEFINE_AUTO(struct upload, registry_upload_close)

/* HEAD: whether the repository has the blob. A redirect means yes; 403 of proxies that hide what is
 * missing means no. */
MUST_CHECK bool registry_has_blob(bool *out, struct registry *r, const struct reference *repository,
				  const struct digest *digest, struct err *err);

/*
 * Mount a blob of another repository of the same registry. *mounted_out false: it was not, and
 * *session_out is an upload session instead. A registry that refuses mounts is asked again without.
 */
MUST_CHECK bool registry_mount(bool *mounted_out, struct upload **session_out, struct registry *r,
			       const struct reference *repository, const struct digest *digest,
			       const struct reference *from, struct err *err);

#endif
