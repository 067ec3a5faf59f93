// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_STEP_H
#define BUILDER_STEP_H

#include "builder/dockerfile.h"
#include "builder/scope.h"

/*
 * An instruction with everything expanded: what is to be done, as data, and the history line
 * BuildKit would write for it. Const once made; everything lives in the arena of the scope.
 */
struct step_pair {
	const char *key, *value; /* ARG: value NULL when none is known */
};

struct step_inline { /* a here-document as a source */
	const char *name, *content;
};

struct step_copy {
	bool is_add;
	bool link;
	bool has_unpack, unpack;
	const char *from; /* stage, number, context or image; NULL: the context */
	struct place from_place;
	const char *chown, *chmod; /* NULL: not given */
	const char *checksum;
	const char *const *excludes;
	size_t exclude_count;
	const char *const *sources;
	const struct place *source_places;
	size_t source_count;
	const struct step_inline *inlines;
	size_t inline_count;
	const char *dest; /* absolute; a final "/" says that it is a directory */
	struct place dest_place;
};

struct step_run {
	const char *const *argv;    /* NULL-terminated */
	const char *const *env;     /* NULL-terminated, "K=V": ENV and ARG */
	const char *const *proxies; /* the same: those outside keys and history */
	const char *cwd;
	const char *user;
	bool no_network;
	const char
		*script; /* a here-document that begins with "#!": mounted as argv[0]; NULL: none */
};

struct step_health {
	bool none;
	const char *const *test; /* with its leading CMD or CMD-SHELL */
	size_t test_count;
	int64_t interval, timeout, start_period, start_interval; /* nanoseconds */
	int64_t retries;
};

struct step {
	enum instruction_kind kind;
	const struct instruction *in;
	const struct dockerfile *file; /* for messages */
	const char *history;           /* NULL: none */
	bool has_layer;
	const char *text;        /* USER, WORKDIR (absolute), STOPSIGNAL, MAINTAINER, ONBUILD */
	const char *const *list; /* CMD, ENTRYPOINT, SHELL, VOLUME, EXPOSE; NULL-terminated */
	size_t list_count;
	const struct step_pair *pairs; /* ENV, LABEL, ARG */
	size_t pair_count;
	const char *user; /* WORKDIR: who shall own what is made */
	struct step_copy copy;
	struct step_run run;
	struct step_health health;
	const struct str_list *unset; /* variables that were asked for and not set, or NULL */
};

#endif
