// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_LAYER_PUBLISH_H
#define CMD_LAYER_PUBLISH_H

#include "cmd/cmd.h"
#include "runtime/layer_zip.h"
#include "runtime/publish.h"

/* `layer --publish`: its options, and what they come to. */
struct publish_args {
	bool publish;
	const char *name, *bucket, *region, *description, *license;
	const char *space, *lithops_version; /* of Lithops' own name for the layer */
};

/* clang-format off */
/* Rows of an option table; `member` of `st` is a struct publish_args. */
#define OPTS_PUBLISH(st, member) \
	OPT_GROUP("Publishing to AWS Lambda"), \
	OPT_FLAG(0,   "publish",                 st, member.publish,         "publish it, unless its newest version has the same bytes already"), \
	OPT_TEXT(0,   "name", "NAME",            st, member.name,            "of the layer (default: the one Lithops looks for)"), \
	OPT_TEXT(0,   "bucket", "NAME",          st, member.bucket,          "of S3, for zips of more than 50 MiB"), \
	OPT_TEXT(0,   "region", "NAME",          st, member.region,          "AWS region (default: $AWS_REGION, else the profile's)"), \
	OPT_TEXT(0,   "description", "TEXT",     st, member.description,     "shown beside the layer (default: its content digest)"), \
	OPT_TEXT(0,   "license", "TEXT",         st, member.license,         "its license: an SPDX expression, a URL or a text"), \
	OPT_TEXT(0,   "namespace", "NAME",       st, member.space,           "`namespace` of Lithops' aws_lambda configuration, for the default name"), \
	OPT_TEXT(0,   "lithops-version", "VERSION", st, member.lithops_version, "for the default name (default: of the lithops wheel)")
/* clang-format on */

/* Who publishes what where; made before a byte of the zip. */
struct layer_publisher {
	const struct publish_args *args;
	struct http *http;
	struct aws_credential credential;
	char *region, *name, *arch;
};
void layer_publisher_free(struct layer_publisher *p);
/* E_USAGE for options of publishing without --publish; E_AUTH without a credential. */
MUST_CHECK bool layer_publisher_make(struct layer_publisher *out, struct session *s,
				     const struct publish_args *args,
				     const struct runtime_request *runtime, struct err *err);

/* One version for each zip, in order; the caller frees each and the list. */
MUST_CHECK bool layer_publisher_run(struct published **out, const struct layer_publisher *p,
				    const struct layer_zips *zips, struct events *events,
				    struct err *err);

#endif
