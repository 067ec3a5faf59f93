// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_SERVERS_SCRIPTED_SCRIPTED_H
#define TESTS_SERVERS_SCRIPTED_SCRIPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The scripted registry: a registry in memory for tests, honest unless a script says otherwise. It
 * listens on two ports, so that a test can see what reaches another host; main.c has the manual.
 */

/* --- script.c: what to play --- */

/*
 * A rule is one line: METHODS PATTERN WHEN ACTION[=VALUE]...
 *	METHODS  GET|HEAD or *
 *	PATTERN  of fnmatch(3) over path and query, '*' takes '/' too
 *	WHEN     which of the requests that match: *, 2, 2-4, 3+
 * In a value %XX is a byte (%20 a blank). script.c lists the actions.
 */
struct script;
MUST_CHECK bool script_parse(struct script **out, const char *text, struct err *err);
void script_free(struct script *s);

/* The actions of all rules that match a request; one of a later rule counts more. */
struct play {
	struct {
		const char *name; /* of script.c's table */
		char *value;
	} * items;
	size_t len, cap;
};
void play_free(struct play *p);
/* Counts the request for each rule that it matches. */
void script_match(struct play *out, struct script *s, const char *method, const char *target);
const char *play_get(const struct play *p, const char *name); /* NULL: not to be done */
bool play_has(const struct play *p, const char *name);
bool play_is(const struct play *p, const char *name, const char *value);
uint64_t play_number(const struct play *p, const char *name, uint64_t otherwise);
/* Value n of an action that may be given many times, the first rule's first; NULL past the last. */
const char *play_nth(const struct play *p, const char *name, size_t n);

/* --- conn.c: bytes --- */

struct conn {
	int fd;
	void *tls; /* SSL, NULL on plain ports */
	bool other;
	char *in; /* read but not taken */
	size_t in_len;
};
MUST_CHECK bool conn_tls_init(const char *dir, struct err *err); /* server.crt and server.key */
MUST_CHECK bool conn_start(struct conn *c, int fd, bool tls, bool other);
void conn_end(struct conn *c, bool reset);
MUST_CHECK bool conn_write(struct conn *c, const void *data, size_t len);

struct request {
	char method[16];
	char *target; /* path and query as sent */
	char *head;   /* all header lines */
	char *body;
	size_t body_len, announced;
	bool has_length, broken; /* broken: the body ended early, or the script cut it off */
	bool other;              /* came in at the other port */
	uint64_t at_ms;          /* of clock_monotonic_ms, when its head was read */
	struct play play;
};
void request_free(struct request *r);
/* Request line and headers; false at the end of the connection. */
MUST_CHECK bool request_read_head(struct request *r, struct conn *c);
/* At most `max` bytes of the body. */
void request_read_body(struct request *r, struct conn *c, uint64_t max);
/* The value of a header, NULL when absent; the caller frees. */
char *request_header(const struct request *r, const char *name);
/* A member of the query, decoded; NULL when absent; the caller frees. */
char *request_query(const struct request *r, const char *name, size_t n);

struct reply {
	int status;
	struct str_list headers; /* "Name: value" */
	char *body;
	size_t len;
};
void reply_free(struct reply *r);
void reply_header(struct reply *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
void reply_text(struct reply *r, int status, const char *type, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* {"errors":[{"code":...}]} */
void reply_error(struct reply *r, int status, const char *code, const char *message);
/* As the script wants it; false: the connection is over. */
MUST_CHECK bool reply_send(struct reply *r, const struct request *req, struct conn *c);

/* --- answer.c, uploads.c, documents.c: what a registry does --- */

/* Ports as "127.0.0.1:1234"; set before the first request. */
extern char authority_main[64], authority_other[64];
extern bool tls_main, tls_other;

void answer(struct reply *out, const struct request *req);

/* "{self}", "{other}" and "{digest}" of a script's value filled in. The caller frees. */
char *fill_in(const char *value, const char *digest);

struct repo;
struct repo *repo_get(const char *name);
struct blob_data {
	const char *data;
	size_t len;
};
/* What all requests share, taken by answer() for the whole of one. */
bool repo_blob(struct blob_data *out, const struct repo *r, const char *digest);
bool any_blob(struct blob_data *out, const char *digest);
void repo_put_blob(struct repo *r, const char *digest, const char *data, size_t len);
void repo_drop_blob(struct repo *r, const char *digest);
char *digest_text(const void *data, size_t len); /* sha256:..., the caller frees */

/* `rest` is what follows /v2/NAME/. */
void answer_upload(struct reply *out, const struct request *req, struct repo *r, const char *name,
		   const char *rest);
void answer_manifest(struct reply *out, const struct request *req, const char *name,
		     const char *ref);
void answer_tags(struct reply *out, const struct request *req, const char *name);
void answer_referrers(struct reply *out, const struct request *req, const char *name,
		      const char *digest);

#endif
