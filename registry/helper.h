// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_HELPER_H
#define REGISTRY_HELPER_H

#include "base/err.h"
#include "registry/credential.h"

/*
 * Credential helpers: programs docker-credential-SUFFIX by the protocol of
 * github.com/docker/docker-credential-helpers. The secret crosses pipes only. A helper sees the
 * environment variables it may need (the table in helper.c) and no others, has LIMIT_HELPER_S
 * ($RTBUILD_HELPER_TIMEOUT), and may answer LIMIT_TOKEN_ANSWER bytes; its stderr is ours.
 */
enum helper_answer { HELPER_FOUND, HELPER_NONE, HELPER_MISSING /* not installed */ };

/* `server` as the settings file or docker calls it. E_AUTH with the helper's words when it fails.
 */
MUST_CHECK bool helper_get(struct credential *out, enum helper_answer *answer_out,
			   const char *suffix, const char *server, struct err *err);
MUST_CHECK bool helper_store(const char *suffix, const char *server, const struct credential *c,
			     struct err *err);
MUST_CHECK bool helper_erase(const char *suffix, const char *server, struct err *err);

/* Whether a helper sees "NAME=value" of our environment. */
bool helper_sees(const char *variable);

#endif
