// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_DEPLOYMENT_VALUES_H
#define RUNTIME_DEPLOYMENT_VALUES_H

#include "base/err.h"
#include "base/map.h"
#include "base/str.h"

/* What a descriptor's file is written in: it decides how values are escaped. */
struct deployment_form {
	const char *suffix;
	const char *escaped; /* these get `escape` before them */
	char escape;
	const char *doubled; /* these are written twice */
	bool is_document;    /* JSON or YAML: escaped by JSON's rules, which are YAML's */
	bool takes_controls; /* newlines and the like can be in a value */
};
/* By the file's name; one of them, for a row that templates/backend_shape.c let pass. */
const struct deployment_form *deployment_form_find(const char *file);

/* `text` for the inside of double quotes; the caller frees. E_USAGE: `what` holds characters the
 * form has no way to write. */
MUST_CHECK bool deployment_escape(char **out, const struct deployment_form *form, const char *what,
				  const char *text, struct err *err);

/* A value put under its name, escaped. NULL is "". */
MUST_CHECK bool deployment_put(struct map *out, const struct deployment_form *form,
			       const char *name, const char *text, struct err *err);

/* env and env_*: E_USAGE for what is not NAME=VALUE. */
MUST_CHECK bool deployment_put_env(struct map *out, const struct deployment_form *form,
				   const struct str_list *env, struct err *err);
/* args, args_words and entry_args. */
MUST_CHECK bool deployment_put_args(struct map *out, const struct deployment_form *form,
				    const char *entry, const struct str_list *args,
				    struct err *err);

#endif
