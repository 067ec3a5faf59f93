// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_PUBLISH_H
#define RUNTIME_PUBLISH_H

#include "base/event.h"
#include "net/aws.h"
#include "runtime/zip_file.h"

/* A layer zip to AWS Lambda (API 2015-03-31, PublishLayerVersion), past S3 when it is large. */
struct publish_request {
	const char *path; /* of the zip */
	const struct zip_file *zip;
	const char *name; /* of the layer */
	const char *region;
	const char *bucket; /* for zips of more than LIMIT_LAMBDA_UPLOAD; NULL: none */
	const char *python; /* "3.11": what it is compatible with */
	const char *arch;   /* "x86_64" or "arm64" */
	const char *description, *license; /* NULL: none */
};

struct published {
	char *arn; /* of the version: "arn:aws:lambda:REGION:ACCOUNT:layer:NAME:7" */
	int64_t version;
	bool unchanged; /* the newest version has these very bytes: nothing was sent */
};
void published_free(struct published *p);

/* What can be refused before anything is sent: E_USAGE for a name that AWS does not take, a text
 * that is too long, and a zip that is too large without a bucket. */
MUST_CHECK bool publish_check(const struct publish_request *req, struct err *err);

/*
 * The newest version is left as it is when its bytes, Python and architecture are the same. E_AUTH
 * when there is no credential or it may not do it; E_INTEGRITY when AWS says it got other bytes.
 * The object in the bucket is removed again, whatever comes of it.
 */
MUST_CHECK bool publish_layer(struct published *out, struct http *http,
			      const struct aws_credential *c, const struct publish_request *req,
			      struct events *events, struct err *err);

#endif
