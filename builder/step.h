// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_STEP_H
#define BUILDER_STEP_H

#include "builder/dockerfile.h"
#include "builder/scope.h"
#include "sandbox/command.h"

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

struct build_group;

struct step_copy {
	bool is_add;
	bool link;
	bool parents; /* COPY: directories of a source are kept, from its "/./" on */
	bool has_unpack, unpack;
	bool has_keep_git_dir, keep_git_dir; /* ADD of git repositories */
	const char *from; /* stage, number, context or image; NULL: the context */
	struct place from_place;
	const struct build_group *group; /* this part of it alone; NULL: the whole */
	const char *chown, *chmod;       /* NULL: not given */
	const char *checksum; /* ADD: of the one URL or git repository; NULL: not given */
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

/* RUN --mount (facts/dockerfile.md section 1.2), every default filled in. */
enum step_mount_kind { MOUNT_BIND, MOUNT_CACHE, MOUNT_TMPFS, MOUNT_SECRET, MOUNT_SSH };

struct step_mount {
	enum step_mount_kind kind;
	struct place place; /* of the flag, for messages */
	const char *target; /* absolute and clean, never "/"; NULL: a secret that is only `env` */
	bool read_only;     /* bind: unless it says rw, and then what is written is thrown away */
	const char *from;   /* bind, cache: stage, number, context or image, for plan_source; NULL:
			       the context (bind) or an empty directory (cache) */
	struct place from_place;
	const char *source; /* bind, cache: what of `from`, absolute and clean; "/" is all of it */
	const char *id;     /* cache: its name (the target as written, when none is given);
			       secret, ssh: which of the command line's */
	enum sandbox_sharing sharing; /* cache; like the id of no meaning to a cache key */
	uint64_t size;                /* tmpfs, bytes; 0: the kernel's default */
	const char *env;              /* secret: the variable that holds it; NULL: none */
	bool required;                /* secret, ssh: absent is an error, else no mount */
	uint32_t mode, uid, gid;      /* cache (of its directory), secret, ssh */
};

struct step_run {
	const char *const *argv;    /* NULL-terminated */
	const char *const *env;     /* NULL-terminated, "K=V": ENV and ARG */
	const char *const *proxies; /* the same: those outside keys and history */
	const char *cwd;
	const char *user;
	bool no_network;                 /* --network=none */
	bool host_network;               /* --network=host, whatever the build's default is */
	bool insecure;                   /* --security=insecure */
	const struct step_mount *mounts; /* in order; a later one covers an earlier one */
	size_t mount_count;
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
	const char *user;     /* WORKDIR: who shall own what is made */
	const char *relative; /* WORKDIR: as given, when that is known and no absolute path */
	struct step_copy copy;
	struct step_run run;
	struct step_health health;
	const struct str_list *unset; /* variables that were asked for and not set, or NULL */
};

#endif
