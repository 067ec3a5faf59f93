// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_VERSION_H
#define PYTHON_VERSION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Versions (PEP 440; packaging.python.org, "Version specifiers"). Its numbers have no upper bound
 * (dates of 14 digits occur), so they stay digits: without leading zeros, "0" for zero.
 */
enum version_pre {
	VERSION_FINAL, /* no pre-release part */
	VERSION_ALPHA,
	VERSION_BETA,
	VERSION_CANDIDATE,
};

struct version {
	const char *text;     /* normal form, "1!2.0rc1.post2.dev3+ubuntu.1"; in the arena */
	struct slice epoch;   /* "0" when it is not written */
	struct slice release; /* "1.2.0" */
	enum version_pre pre_kind;
	struct slice pre, post, dev; /* digits; ptr NULL when the part is absent */
	struct slice local;          /* "ubuntu.1"; ptr NULL when absent */
};

/* Blanks around it are fine, as is every spelling PEP 440 normalises. E_INPUT. */
MUST_CHECK bool version_parse(struct version *out, struct arena *a, struct slice text,
			      struct err *err);

/* Below, equal, above zero: a sorts before, with, behind b. */
int version_cmp(const struct version *a, const struct version *b);
/* The same without the local part: what most specifiers look at. */
int version_cmp_public(const struct version *a, const struct version *b);
/* Epoch and release only: 1.0rc1, 1.0 and 1.0.0.post1 are the same. */
bool version_same_base(const struct version *a, const struct version *b);
/* v is in `prefix`.*: same epoch, and the release of `prefix` (its first `parts` numbers) starts
 * v's, zeros added. */
bool version_has_prefix(const struct version *v, const struct version *prefix, size_t parts);

size_t version_release_parts(const struct version *v); /* of 1.2.0: 3 */
bool version_is_prerelease(const struct version *v);   /* a, b, rc or dev */

#endif
