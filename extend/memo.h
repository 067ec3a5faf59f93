// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_MEMO_H
#define EXTEND_MEMO_H

#include "base/arena.h"
#include "base/json.h"
#include "extend/tag.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/store.h"

/*
 * What an extension led to, in the store's cache/extend: asked for again, two requests tell whether
 * it still holds (the base is what it was, the target is what we put there). A hint alone: without
 * it, or when anything differs, the whole way is gone.
 */
struct memo {
	struct arena arena;
	struct digest base;   /* of what the base reference named */
	struct digest result; /* of what the target held */
	struct reference target;
	char hash[TAG_HASH_LEN + 1];
	struct json_list packages; /* of struct memo_packages: of each image of the base */
};
void memo_free(struct memo *m);

/* Which packages an image got: chosen again for that Python, the same must come out. */
struct memo_packages {
	struct platform platform;
	const char *python;
	const char *identity; /* packages_identity */
};

/* The file's name for a request: 64 hex digits over fields as in tag.h. */
struct memo_key {
	char text[TAG_HASH_LEN + 1];
};

/* Whether anything is remembered at all: then it is worth knowing the layer before asking. */
bool memo_any(struct store *s);
/* False when there is none, or it cannot be read; then nothing is to be freed. */
bool memo_find(struct memo *out, struct store *s, const struct memo_key *key);
MUST_CHECK bool memo_put(struct store *s, const struct memo_key *key, const struct memo *m,
			 struct err *err);

#endif
