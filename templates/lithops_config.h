// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_LITHOPS_CONFIG_H
#define TEMPLATES_LITHOPS_CONFIG_H

#include "base/json.h"

/*
 * The configuration of Lithops, read as its client reads it (lithops/config.py: load_config,
 * default_config) and never written: which backend, and what it is told. A backend's section
 * inherits from its cloud's: aws_lambda from aws, ibm_cf from ibm.
 */
struct lithops_config {
	json_t *root; /* an object; NULL: there is no configuration, or it is empty */
	char *source; /* "/home/me/.lithops/config", "$LITHOPS_CONFIG"; NULL: there is none */
	struct arena arena;
};
void lithops_config_free(struct lithops_config *c);
DEFINE_AUTO(struct lithops_config, lithops_config_free)

/*
 * The first of: `file` (when not NULL; "~/" is the home), $LITHOPS_CONFIG (the text of it, JSON),
 * $LITHOPS_CONFIG_FILE, ./.lithops_config, ~/.lithops/config, /etc/lithops/config. None is fine.
 * E_NOT_FOUND for a named file that is absent, where Lithops would silently go on without one;
 * E_INPUT with file:line:col.
 */
MUST_CHECK bool lithops_config_read(struct lithops_config *out, const char *file, struct err *err);

/*
 * The backend as Lithops decides it: lithops.backend, else the one of lithops.mode's section, else
 * the mode's default. NULL without a configuration. Borrowed. E_INPUT for an unknown mode.
 */
MUST_CHECK bool lithops_config_backend(const char **out, const struct lithops_config *c,
				       struct err *err);

/*
 * What `backend` is told about `key`: its own section first, then its cloud's, and the names a key
 * had before (region_name, location). Numbers and booleans as text ("512", "true"). NULL: nothing.
 * Borrowed from `c`.
 */
const char *lithops_config_text(struct lithops_config *c, const char *backend, const char *key);
/* The same as a switch: true, and the words YAML 1.1 takes for it (yes, on). */
bool lithops_config_flag(struct lithops_config *c, const char *backend, const char *key);

/* Whether the configuration asks for the map function inside the image, by today's key
 * (BACKEND.runtime_include_function) or one of before (customized_runtime). */
bool lithops_config_includes_function(struct lithops_config *c, const char *backend);

/* The function that keys of 2021 name: serverless.map_func_mod and map_func. NULL: not said. */
void lithops_config_function(const char **module, const char **function, struct lithops_config *c);

/* A sentence for each key of before that is set, saying today's. `backend` may be NULL. */
void lithops_config_explain(struct str_list *out, const struct lithops_config *c,
			    const char *backend);

#endif
