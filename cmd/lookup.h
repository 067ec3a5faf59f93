// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_LOOKUP_H
#define CMD_LOOKUP_H

#include "cmd/cmd.h"
#include "registry/reader.h"

/* What a user named, in any place: opened, and its document. */

/* `store_first`: also a name with a host is the store's when the store has it. */
MUST_CHECK bool lookup_open(struct reader **out, struct place *place, struct session *s,
			    const char *text, bool store_first, struct err *err);

/* From an index in `doc` down to the manifest for a platform, NULL: this machine's. A manifest
 * stays as it is. E_NOT_FOUND says what there is. */
MUST_CHECK bool lookup_platform(struct registry_document *doc, struct reader *from,
				const char *platform, struct session *s, struct err *err);

/* A repository of a registry: no tag, no digest. E_USAGE. */
MUST_CHECK bool lookup_repository(struct reference *out, const char *text, struct err *err);

#endif
