// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_CONFIG_H
#define IMAGE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "image/digest.h"
#include "image/platform.h"

/*
 * The image configuration (OCI image-spec, config.md): a JSON document that is
 * patched in place, so that members we do not know, their order and their integers survive.
 * Docker's extra keys (Healthcheck, OnBuild, Shell) are kept as they are.
 */
struct config {
	json_t *doc; /* owned */
};

void config_free(struct config *c);
/* An empty one for `p`:
 * {"architecture","os",["variant"],"config":{},"rootfs":{"type":"layers","diff_ids":[]},"history":[]}.
 */
void config_init(struct config *c, const struct platform *p);
/* E_INTEGRITY when it is not an image configuration (rootfs.diff_ids must be digests, at most
 * LIMIT_LAYERS). */
MUST_CHECK bool config_parse(struct config *out, const char *raw, size_t len, struct err *err);
void config_copy(struct config *out, const struct config *from);
char *config_encode(const struct config *c, size_t *len_out); /* compact; the caller frees */

struct platform config_platform(const struct config *c);
size_t config_diff_id_count(const struct config *c);
struct digest config_diff_id(const struct config *c, size_t i);

/* Members of "config". Lists borrow from the document; NULL when absent. */
const char *config_text(const struct config *c,
			const char *key); /* "User", "WorkingDir", "StopSignal" */
void config_set_text(struct config *c, const char *key, const char *value); /* NULL or "" removes */
json_t *config_member(const struct config *c, const char *key);             /* borrowed */
void config_set_member(struct config *c, const char *key, json_t *value); /* takes; NULL removes */

/* Env is a list of "K=V"; replaced in place, new ones appended. */
const char *config_env(const struct config *c, const char *name);
void config_set_env(struct config *c, const char *name, const char *value);
const char *config_label(const struct config *c, const char *name);
/* NULL removes. Text that is no UTF-8 is written with U+FFFD, here and everywhere below. */
void config_set_label(struct config *c, const char *name, const char *value);

/*
 * One more step of history and, unless `diff_id` is NULL, one more layer. When the document's
 * history does not fit its layers, config_repair_history must have been called first.
 */
struct history_entry {
	int64_t created; /* seconds; written as RFC 3339 */
	const char *created_by;
	const char *comment; /* NULL: left out */
};
void config_append(struct config *c, const struct history_entry *entry,
		   const struct digest *diff_id);
/*
 * A missing or too short history (AWS base images have none) is synthesised so that the number of
 * non-empty entries equals the number of layers; true when something was done, so that it can be
 * said.
 */
bool config_repair_history(struct config *c);
void config_set_created(struct config *c, int64_t seconds);
int64_t
config_created(const struct config *c); /* seconds; 0 when it is not there or no RFC 3339 time */

#endif
