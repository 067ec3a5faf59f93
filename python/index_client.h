// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_INDEX_CLIENT_H
#define PYTHON_INDEX_CLIENT_H

#include "base/event.h"
#include "image/store.h"
#include "net/http.h"
#include "python/simple_page.h"

/*
 * Asks package indexes: pages, metadata, wheels. What they answer is kept in the store
 * (cache/pages, cache/metadata, cache/wheels) and asked for again only when it may have changed.
 * Thread-safe but for index_client_take. Opening costs nothing: no connection is made before the
 * first request.
 */
struct index_client;

struct index_client_options {
	struct events *events;
	struct store *store; /* must outlive the client */
	const char *ca_file; /* additional authorities, PEM; NULL: none */
	bool insecure;       /* certificates are not verified */
	bool plain_http;     /* http is fine beyond loopback, for credentials too */
	bool trace;
	bool offline; /* only what the store keeps */
};
struct index_client *index_client_open(const struct index_client_options *opt);
void index_client_close(struct index_client *x); /* NULL is fine */
DEFINE_AUTO(struct index_client, index_client_close)
bool index_client_is_offline(const struct index_client *x);

/* A host that is believed without a certificate, as pip's --trusted-host: "NAME" or "NAME:PORT".
 * Before the first request. */
void index_client_trust(struct index_client *x, const char *host);

/*
 * An index or a page as users name it: the URL without its credentials, which are kept for that
 * origin. The caller frees. E_INPUT; E_UNSUPPORTED for plain http beyond loopback.
 */
MUST_CHECK bool index_client_take(char **url_out, struct index_client *x, const char *text,
				  struct err *err);

/*
 * The page at `url`, its texts in the arena. *found_out false: the index has none (404), or the
 * store has none and it is offline. E_AUTH, E_NETWORK, E_INPUT, E_UNSUPPORTED, E_INTEGRITY.
 */
MUST_CHECK bool index_client_page(struct simple_page *out, bool *found_out, struct index_client *x,
				  struct arena *a, const char *url, struct err *err);
/* The same for a project of an index, whose URL may lack its final slash. */
MUST_CHECK bool index_client_project(struct simple_page *out, bool *found_out,
				     struct index_client *x, struct arena *a, const char *index,
				     const char *key, struct err *err);

/* What is at a URL as users name it, at most out->max bytes: a requirements file. */
MUST_CHECK bool index_client_text(struct buf *out, struct index_client *x, const char *url,
				  struct err *err);

/*
 * METADATA of a wheel without fetching all of it: from beside it (PEP 658), verified against the
 * page's hash, else out of it. *found_out false: the server offers neither, so that it must be
 * fetched. E_NOT_FOUND when offline.
 */
MUST_CHECK bool index_client_metadata(struct buf *out, bool *found_out, struct index_client *x,
				      const struct simple_file *f, struct err *err);

/*
 * The file itself: its path in the store (the caller frees) and SHA-256, which was verified when
 * the page knows it. *fresh_out: it was fetched just now, so that its bytes are known to be these.
 * E_INTEGRITY, E_NOT_FOUND when offline.
 */
MUST_CHECK bool index_client_wheel(char **path_out, unsigned char hash_out[SHA256_SIZE],
				   bool *fresh_out, struct index_client *x,
				   const struct simple_file *f, struct err *err);
/* What index_client_wheel gave proved damaged: the next call fetches it again. */
void index_client_forget_wheel(struct index_client *x, const char *path);

#endif
