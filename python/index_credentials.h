// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_INDEX_CREDENTIALS_H
#define PYTHON_INDEX_CREDENTIALS_H

#include "base/err.h"
#include "base/str.h"
#include "net/url.h"

/*
 * Who may see a package index, as Basic credentials (RFC 7617): user and password written into an
 * index's URL, else those of the host in netrc ($NETRC, else ~/.netrc; curl's and requests'
 * format). Each belongs to one origin (scheme, host, port) and is sent nowhere else.
 */
struct index_credentials;
struct index_credentials *index_credentials_open(void);
void index_credentials_close(struct index_credentials *c); /* wipes; NULL is fine */

/*
 * An URL as users write it, "https://user:secret@host/simple/": the credentials are kept, the URL
 * without them is given. E_INPUT, never naming the secret. Not thread-safe; asking is.
 */
MUST_CHECK bool index_credentials_take(struct url *out, struct index_credentials *c,
				       const char *text, struct err *err);

/* The value of an Authorization header for a request to `url`, NULL: none; the caller's to
 * index_credential_free. Of several for the origin, the one whose URL is nearest. E_INPUT for a
 * netrc that cannot be read. */
MUST_CHECK bool index_credentials_find(char **out, struct index_credentials *c,
				       const struct url *url, struct err *err);
void index_credential_free(char **header); /* wipe and free; for AUTO */

/* Text of a netrc file: user and password of `host`, or of "default" (both NULL: neither). Owned by
 * the caller. */
void netrc_find(char **user_out, char **password_out, struct slice text, const char *host);

#endif
