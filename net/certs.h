// SPDX-License-Identifier: Apache-2.0
#ifndef NET_CERTS_H
#define NET_CERTS_H

#include "base/err.h"
#include "base/str.h"

/* What TLS to one host needs beyond the system's authorities. Owned. */
struct certs {
	char *ca; /* PEM of additional authorities; NULL: none */
	size_t ca_len;
	char *bundle; /* path that replaces the system's bundle ($SSL_CERT_FILE); NULL: the system's
		       */
	char *dir;  /* path that replaces the system's directory ($SSL_CERT_DIR); NULL: the system's
		     */
	char *cert; /* paths of a client certificate and its key; both or none */
	char *key;
	bool key_exposed; /* others on this machine may read it */
};
void certs_free(struct certs *c);

/*
 * Collects, for "host" or "host:port": `ca_file` (NULL: none), *.crt as authorities and NAME.cert
 * with NAME.key as client certificate from the certs.d directories of containers and docker
 * (containers-certs.d(5)), the user's before /etc. A .cert without its .key is E_INPUT.
 */
MUST_CHECK bool certs_find(struct certs *out, const char *authority, const char *ca_file,
			   struct err *err);

/* The directories of that host which are there, in the order they are read. */
void certs_dirs(struct str_list *out, const char *authority);

/* The same from given certs.d directories: for tests and for mirrors of other trees. */
MUST_CHECK bool certs_find_in(struct certs *out, const struct str_list *dirs, const char *authority,
			      const char *ca_file, struct err *err);

#endif
