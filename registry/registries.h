// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_REGISTRIES_H
#define REGISTRY_REGISTRIES_H

#include "base/event.h"
#include "base/json.h"
#include "image/reference.h"

/*
 * containers-registries.conf(5), version 2: where a name is really pulled from, whether its
 * registry may be spoken to without verified TLS, and what is blocked. Of the file's keys this
 * reads [[registry]] with prefix ("host[:port][/path]" or "*.domain"), location, insecure, blocked,
 * mirror-by-digest-only and [[registry.mirror]] with location, insecure, pull-from-mirror.
 * unqualified-search-registries and aliases are not used: a short name always means
 * docker.io/library, so that one name is one image on every machine. What is said of them is a
 * detail (-v).
 */
enum mirror_use { MIRROR_ALL, MIRROR_DIGEST_ONLY, MIRROR_TAG_ONLY };

struct registries_mirror {
	const char *location;
	bool insecure;
	enum mirror_use use;
};

struct registries_entry {
	const char *prefix;   /* of "host/repository" */
	const char *location; /* stands in for the prefix; NULL: the name stays ("*.domain") */
	bool insecure, blocked;
	struct registries_mirror *mirrors; /* in the order they are tried */
	size_t mirrors_len;
	const char *file;
};

/* Texts are borrowed from the documents, which it keeps. */
struct registries {
	struct arena arena;
	struct str_list files; /* that were read */
	struct {
		struct registries_entry *items;
		size_t len, cap;
	} entries;
};
void registries_free(struct registries *r);

/*
 * The files that apply: $CONTAINERS_REGISTRIES_CONF, else the user's registries.conf
 * ($XDG_CONFIG_HOME or ~/.config, /containers), else /etc/containers/registries.conf; then *.conf
 * of /etc/containers/registries.conf.d and of the user's, each in order of names. A named file that
 * is absent is E_NOT_FOUND.
 */
MUST_CHECK bool registries_files(struct str_list *out, struct err *err);

/* Read them; a later entry for the same prefix replaces an earlier one. E_INPUT with the place. */
MUST_CHECK bool registries_read(struct registries *out, const struct str_list *files,
				struct events *events, struct err *err);

/* The entry with the longest prefix of "host/repository", or NULL. Borrowed. */
const struct registries_entry *registries_find(const struct registries *r, const char *name);

/* `from` with the prefix replaced by a location of the same entry; tag and digest stay. E_INPUT
 * when that is no name. */
MUST_CHECK bool registries_rewrite(struct reference *out, const struct registries_entry *e,
				   const char *location, const struct reference *from,
				   struct err *err);

#endif
