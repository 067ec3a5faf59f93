// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_DOCUMENT_H
#define IMAGE_DOCUMENT_H

#include "base/err.h"
#include "base/json.h"
#include "image/media.h"

/*
 * What manifests, indexes and configurations have in common: JSON objects from
 * outside, refused (E_INTEGRITY) rather than guessed at. Private to image/.
 */

/* A JSON object of at most `max` bytes; `what` names it in messages. */
MUST_CHECK bool document_parse(json_t **out, const char *raw, size_t len, size_t max,
			       const char *what, struct err *err);
/* Turns the E_INPUT of a reader of user files into the E_INTEGRITY of a document; returns false. */
bool document_refuse(struct err *err, const char *what);
/*
 * MEDIA_MANIFEST or MEDIA_INDEX by the rules of manifest_sniff. *media_type_out (may be NULL) is
 * the body's type, else the server's, else OCI's; it points into the media table.
 */
MUST_CHECK bool document_kind(enum media_kind *out, const char **media_type_out, const json_t *doc,
			      const char *content_type, struct err *err);
/* A list member has at most `max` elements, and is a list or null when it is there. */
MUST_CHECK bool document_list_fits(const json_t *doc, const char *key, size_t max, struct err *err);
/* `text` with invalid UTF-8 replaced by U+FFFD, as Go's JSON writer does; the caller frees. */
char *document_utf8(const char *text);
json_t *document_text(const char *text); /* a JSON string of it */

#endif
