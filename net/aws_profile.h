// SPDX-License-Identifier: Apache-2.0
#ifndef NET_AWS_PROFILE_H
#define NET_AWS_PROFILE_H

#include "base/err.h"
#include "base/map.h"

/*
 * The shared files of the AWS SDKs (docs.aws.amazon.com/sdkref, "Shared config and credentials
 * files"): sections [NAME] in credentials, [default] and [profile NAME] in config; `key = value`
 * lines; comments by # and ;. Where both files say a key, credentials wins. Nested settings
 * (indented lines) are passed over. A file that is absent is empty.
 */
struct aws_profile {
	struct map settings; /* lower-case key -> text */
	char *where;         /* the file that named it first, and its name; NULL: nowhere */
};
void aws_profile_free(struct aws_profile *p);
/* E_INPUT with the place for what is no section and no setting. */
MUST_CHECK bool aws_profile_read(struct aws_profile *out, const char *name, struct err *err);
/* Of one file's text, on top of what `out` has already; `config`: with "profile " before names. */
MUST_CHECK bool aws_profile_parse(struct aws_profile *out, const char *text, size_t len,
				  const char *file, const char *name, bool config, struct err *err);
const char *aws_profile_get(const struct aws_profile *p, const char *key); /* NULL: not there */

#endif
