// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_UPLOAD_H
#define REGISTRY_UPLOAD_H

#include "base/sink.h"
#include "registry/registry.h"

/*
 * Blob uploads (distribution-spec, "Pushing blobs"): POST, then one PUT, or chunks where the blob
 * is large or the registry wants them (registry/strategy.h). A session can be opened before the
 * digest, or even the content, is known, which saves a round trip; or it is opened when it is
 * needed, so that what an earlier run began can be gone on with (registry/journal.h).
 */
struct upload;
struct upload *registry_upload_new(struct registry *r, const struct reference *repository);
MUST_CHECK bool registry_upload_begin(struct upload **out, struct registry *r,
				      const struct reference *repository, struct err *err);
/* Send the bytes and commit. A session that was lost, and a way that was refused, is replaced by
 * another, LIMIT_RETRIES times. `body` is borrowed and should be able to rewind. */
MUST_CHECK bool registry_upload_finish(struct upload *u, struct source *body,
				       const struct digest *digest, int64_t size, struct err *err);
/* Frees it; one that was not finished is cancelled at the server, best effort, unless a later run
 * may go on with it. NULL is fine. */
void registry_upload_close(struct upload *u);
DEFINE_AUTO(struct upload, registry_upload_close)

/* HEAD: whether the repository has the blob. A redirect means yes; 403 of proxies that hide what is
 * missing means no. */
MUST_CHECK bool registry_has_blob(bool *out, struct registry *r, const struct reference *repository,
				  const struct digest *digest, struct err *err);

/*
 * Mount a blob of a repository of the same registry. *mounted_out false: it was not, and
 * *session_out is an upload session instead. A registry that refuses mounts is asked again without.
 * With `from` the repository itself this is HEAD and POST in one request: it is there, or here is
 * where to send it.
 */
MUST_CHECK bool registry_mount(bool *mounted_out, struct upload **session_out, struct registry *r,
			       const struct reference *repository, const struct digest *digest,
			       const struct reference *from, struct err *err);

#endif
