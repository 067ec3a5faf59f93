// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_REFERENCE_H
#define IMAGE_REFERENCE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "image/digest.h"

/*
 * Image references by the grammar of distribution/reference (v2.8) and Docker's
 * familiar-name rules: host[:port]/repo[:tag][@digest]. The first path element is a host only if
 * it has "." or ":", or is "localhost", or has an upper-case letter; otherwise the host is
 * docker.io, and a one-element name gets "library/". index.docker.io is docker.io.
 */
struct reference {
	char host[264];       /* "docker.io", "127.0.0.1:5000", "[::1]:5000"; never empty */
	char repository[256]; /* "library/python" */
	char tag[129];        /* "" when none was given */
	bool has_digest;
	struct digest digest;
};

enum { REFERENCE_TEXT_MAX = 264 + 256 + 129 + DIGEST_TEXT_MAX + 3 };
struct reference_text {
	char text[REFERENCE_TEXT_MAX];
};

/* No tag and no digest: the tag stays "" (see reference_with_default_tag). E_INPUT with what is
 * wrong and where. */
MUST_CHECK bool reference_parse(struct reference *out, const char *text, struct err *err);
/* tag = "latest" when neither tag nor digest is there. */
void reference_default_tag(struct reference *r);
/* Whole: "docker.io/library/python:3.11@sha256:..." as far as known. */
struct reference_text reference_format(const struct reference *r);
/* As people write it: docker.io and library/ left out. */
struct reference_text reference_familiar(const struct reference *r);
/* host/repository alone. */
struct reference_text reference_name(const struct reference *r);
MUST_CHECK bool reference_set_tag(struct reference *r, const char *tag, struct err *err);
bool reference_same_repository(const struct reference *a, const struct reference *b);
/* Host of the registry API: docker.io -> registry-1.docker.io; else the host itself. */
const char *reference_api_host(const struct reference *r);
/* 127/8, ::1 or localhost: the only hosts plain HTTP may be used for unasked. */
bool reference_host_is_loopback(const char *host);

#endif
