// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_PORTS_H
#define BUILDER_PORTS_H

#include "base/err.h"
#include "base/str.h"

/* "80", "80-90/udp", "[ip:][host:]80/tcp" as "80/tcp" each; a host part is checked and dropped.
 * Appends. E_INPUT. */
MUST_CHECK bool ports_parse(struct str_list *out, const char *spec, struct err *err);

/* A signal by number or name, with or without SIG. */
bool signal_is_known(const char *text);
/* The name without SIG nearest to it, or NULL. */
const char *signal_nearest(const char *text);

#endif
