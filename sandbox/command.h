// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_COMMAND_H
#define SANDBOX_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/descriptor.h"

/* What both sides, rtbuild and its helper, say of a command: how it is isolated, what is mounted,
 * how it ended. */

enum sandbox_isolation { ISOLATION_AUTO, ISOLATION_OCI, ISOLATION_BUILTIN, ISOLATION_CHROOT };
/* "auto", "oci", "builtin", "chroot"; E_USAGE otherwise. */
MUST_CHECK bool sandbox_isolation_parse(enum sandbox_isolation *out, const char *text,
					struct err *err);
const char *sandbox_isolation_name(enum sandbox_isolation i);

/* A layer of a tree, for the command's root or a mount. */
struct sandbox_layer {
	struct descriptor descriptor; /* the parent's alone: where the bytes are */
	struct digest diff_id;
};

/* Of a cache that several commands want at once. */
enum sandbox_sharing {
	SHARING_SHARED,  /* all have the same directory */
	SHARING_PRIVATE, /* each has one of its own: another is made when none is free */
	SHARING_LOCKED,  /* one after the other */
};

/*
 * What is mounted for one command, in this order: of two on one target the later one is seen. What
 * has to be made for a target to exist is taken away afterwards.
 */
struct sandbox_mount {
	enum {
		SANDBOX_BIND,   /* `source`, an absolute path of the host, as it is */
		SANDBOX_TMPFS,  /* an empty file system in memory, at most `size` bytes */
		SANDBOX_TREE,   /* `source` inside `layers`; what is written there is thrown away */
		SANDBOX_CACHE,  /* a directory the store keeps under `name` */
		SANDBOX_FILE,   /* a file of `data`, in memory alone */
		SANDBOX_SOCKET, /* a socket that leads to the one at `source`, a path of the host */
	} kind;
	const char *source;
	const char *target; /* absolute inside the root */
	bool read_only;
	const struct sandbox_layer *layers; /* lowest first; of a tree, or what a new cache begins
					       with (its directory `source`) */
	size_t layer_count;
	const char *name; /* of a cache, any text */
	enum sandbox_sharing sharing;
	uint64_t size;           /* of a tmpfs; 0: the kernel's default, half the memory */
	uint32_t mode, uid, gid; /* of a new cache's root, a file, a socket */
	const void *data;
	size_t len;
	bool secret; /* a file that must never touch a disk */
};

/* A limit of the command's process, as setrlimit(2) has it. */
struct sandbox_limit {
	int resource;
	uint64_t soft, hard; /* UINT64_MAX: none */
};

struct sandbox_result {
	int status; /* exit status, or 128 + signal; 127 no such program, 126 not executable (said
		       on the output) */
	bool timed_out;    /* status is 137 then */
	bool diff_written; /* only when status is 0 */
};

#endif
