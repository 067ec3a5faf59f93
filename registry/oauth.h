// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_OAUTH_H
#define REGISTRY_OAUTH_H

#include "base/str.h"
#include "net/http.h"

/*
 * Asking for a token with what a cloud knows us by (RFC 6749, sections 4 and 5; the metadata
 * servers of clouds answer the same way). What a registry's own token server is asked is token.c's.
 */

/* name=value behind what the form has, percent-encoded. Forms hold secrets: secret_buf_free. */
void oauth_add(struct buf *form, const char *name, const char *value);

/*
 * Send the request, with `form` (NULL: none) as the body; *value_out is the text `member` of the
 * answer, the caller's to secret_free. E_AUTH with the server's words when it refuses, E_NETWORK
 * when it does not work; both name the endpoint.
 */
MUST_CHECK bool oauth_ask(char **value_out, struct http *http, const struct http_request *req,
			  const struct buf *form, const char *member, struct err *err);

/* E_INPUT unless the URL is https or leads no farther than this machine: secrets go there. `what`
 * names who gave it. */
MUST_CHECK bool oauth_check_plain(const struct url *u, const char *what, struct err *err);

#endif
