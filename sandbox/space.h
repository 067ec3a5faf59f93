// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_SPACE_H
#define SANDBOX_SPACE_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * The namespaces the helper lives in, entered once: as root a private mount namespace; as an
 * ordinary user also a user namespace, with subordinate ids where /etc/subuid grants them, else
 * with the user's own id alone.
 */
enum space_mode {
	SPACE_ROOT,   /* ids are the host's */
	SPACE_USERNS, /* 0 is the user, 1.. are the subordinate ids */
	SPACE_SINGLE, /* 0 is the user, there is nobody else */
	SPACE_PLAIN,  /* root of a container without the right to make namespaces: none is made */
};

struct space {
	enum space_mode mode;
	uint64_t uid_count, gid_count; /* ids 0 .. count-1 exist inside */
	uint32_t own_uid, own_gid;     /* the user's, outside */
	bool may_setgroups;
	bool bare;         /* no namespace was made, and there is no CAP_SYS_ADMIN */
	bool may_mount;    /* else only a copied root works */
	bool bind_proc;    /* a /proc of one's own is refused: the one there is bound, and processes
			      are not hidden from each other */
	bool pure_cgroup2; /* /sys/fs/cgroup is cgroup2 itself */
	bool hybrid;       /* v1 there, cgroup2 at /sys/fs/cgroup/unified */
	struct buf reason; /* a line for -v: what it is and why */
};

/* Enter; what is refused (namespaces, mounts, a /proc) is found out here. Single-threaded callers
 * only. E_UNSUPPORTED with the cure when the kernel does not let us.
 */
MUST_CHECK bool space_enter(struct space *out, struct err *err);
/* Whether both ids exist here; E_UNSUPPORTED with the cure otherwise. */
MUST_CHECK bool space_has_owner(const struct space *s, uint64_t uid, uint64_t gid, struct err *err);
/*
 * Leave for a user namespace below this one in which our own ids, 0, are called `uid` and `gid` and
 * nobody else exists. For a process with one thread.
 */
MUST_CHECK bool space_enter_own(uint32_t uid, uint32_t gid, struct err *err);
/* Where the layer trees of this kind are kept, below cache/trees: files there belong to the ids of
 * the mode. */
const char *space_mode_name(enum space_mode mode);

/*
 * The ranges that a file like /etc/subuid ("name-or-uid:start:count" a line) grants, first come
 * first mapped, as lines for newuidmap behind "0 <id> 1". Returns how many ids there are inside, 1
 * when nothing is granted.
 */
struct space_map {
	struct str_list args; /* of newuidmap behind the pid */
	uint64_t count;
};
void space_map_parse(struct space_map *out, struct slice file, const char *name, uint32_t uid,
		     uint32_t id);

#endif
