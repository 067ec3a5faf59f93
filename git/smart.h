// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_SMART_H
#define GIT_SMART_H

#include "base/arena.h"
#include "git/transport.h"

/*
 * A conversation with a server's git-upload-pack: gitprotocol-v2, or what older servers speak
 * (gitprotocol-pack, versions 0 and 1). Only SHA-1 repositories. Everything the server says is
 * checked for form here; whether objects are what they are called is checked where they are
 * indexed.
 */
struct git_ref {
	const char *name;
	char id[41];
	char peeled[41]; /* of an annotated tag: what it is of; else "" */
};

struct smart {
	struct git_transport *transport; /* borrowed */
	struct arena arena;
	int version; /* 0 or 2 */
	/* Version 0: deepen; wants that are no ref; packs that lean on what is here. */
	bool can_shallow, can_any, can_thin;
	bool names_format; /* version 2: the object format is to be said */
	struct {
		struct git_ref *items;
		size_t len, cap;
	} refs;           /* version 0: all that were announced; 2: those of the last look-up */
	const char *head; /* the default branch, when the server says it; else NULL */
};
void smart_free(struct smart *s);

/* The greeting. E_NETWORK for what is no git server, E_UNSUPPORTED for SHA-256. */
MUST_CHECK bool smart_open(struct smart *s, struct git_transport *t, struct err *err);

/*
 * What the ref means (NULL: the default branch), one round trip at most: "refs/REF", then a branch,
 * then a tag of that name, as BuildKit. E_NOT_FOUND. Borrowed until the next call.
 */
MUST_CHECK bool smart_find(const struct git_ref **out, struct smart *s, const char *ref,
			   struct err *err);
/* All branches and tags, in `refs`. */
MUST_CHECK bool smart_list(struct smart *s, struct err *err);

/* What there is already and what is wanted. */
struct smart_fetch {
	const char *const *wants; /* commit or tag ids */
	size_t want_count;
	const struct str_list *haves; /* commits that are whole here, shallow ones all */
	bool whole_history;           /* else the wanted commits alone */
};
/* The bytes of the pack, to `pack` (not finished): a thin one when there are `haves`. `shallow`
 * gets the commits whose parents are not sent. */
MUST_CHECK bool smart_fetch(struct smart *s, const struct smart_fetch *f, struct sink *pack,
			    struct str_list *shallow, struct err *err);

#endif
