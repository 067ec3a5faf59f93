// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_SCOPE_H
#define BUILDER_SCOPE_H

#include "base/arena.h"
#include "base/map.h"
#include "image/config.h"
#include "image/platform.h"

/* What holds for a whole build: arguments given, and the global ones (before FROM, and
 * TARGETPLATFORM and its kin). */
struct scope_globals {
	const struct map *build_args; /* text, as given; may be NULL */
	struct map args; /* text: ARGs before FROM and platform arguments, those with a value */
	struct platform target, build;
};
void scope_globals_init(struct scope_globals *g, const struct map *build_args,
			const struct platform *target, const char *target_stage);
void scope_globals_free(struct scope_globals *g);
const char *scope_build_arg(const struct scope_globals *g, const char *name); /* NULL: not given */
/* HTTP_PROXY and its kin, in upper and lower case: known without ARG, never in history or keys. */
bool scope_is_proxy(const char *name);

/* An ARG that was declared in a stage; value NULL: none known. */
struct scope_arg {
	const char *key, *value;
};

/*
 * The state that instructions of one stage read and change: variables, working directory, user,
 * shell. A stage FROM another starts with a copy of that one's.
 */
struct scope {
	const struct scope_globals *globals; /* borrowed */
	struct arena *arena;                 /* borrowed: results live there */
	struct map env;                      /* text: ENV of the image */
	struct map args;                     /* text: ARGs with a value */
	struct {
		struct scope_arg *items;
		size_t len, cap;
	} declared;          /* every ARG in order, for history */
	const char *workdir; /* absolute */
	const char *user;
	const char *const *shell;
	size_t shell_count;
	bool has_shell;  /* by SHELL, here or in the base; else it is the default one */
	bool cmd_set;    /* CMD was given in this stage */
	size_t expanded; /* bytes that expansions gave so far: bounded by interpret.c */
	bool base_known; /* false: the base image was not asked, so an unset variable may yet be set
			  */
};
/* From a base's config (NULL: not known). PATH gets its default when there is none. */
void scope_init(struct scope *s, const struct scope_globals *g, const struct config *base,
		struct arena *arena);
void scope_copy(struct scope *out, const struct scope *from, struct arena *arena);
void scope_free(struct scope *s);

void scope_declare(struct scope *s, const char *key, const char *value);
/* An ENV hides it. NULL: not set. */
const char *scope_value(const struct scope *s, const char *name);

#define SCOPE_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#endif
