// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_EXTEND_CONFIG_H
#define CMD_EXTEND_CONFIG_H

#include "base/str.h"
#include "extend/extend.h"

/* What a Lithops client has to be told to use an extended image. */
struct extend_config {
	const char *backend; /* NULL: "<backend>" stands for it */
	bool style_2021;     /* keys of Lithops 2.2 to 2.3 instead of today's */
	bool lithops_tag;    /* the client finds the tag by itself */
	struct reference base;
};

/*
 * Lines to paste: the configuration as YAML, and what has to be run before or after. A tag of
 * Lithops' own scheme leaves the base's name in the configuration, and needs `lithops runtime
 * deploy` once; any other is the runtime itself.
 */
void extend_config_lines(struct str_list *out, const struct extend_config *c,
			 const struct extend_result *r);

/* "current" or "2021"; E_USAGE. */
MUST_CHECK bool extend_config_style(bool *is_2021_out, const char *text, struct err *err);

#endif
