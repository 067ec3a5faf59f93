// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/err.h"
#include "base/event.h"
#include "base/sink.h"
#include "image/store.h"

/*
 * Run commands in a root tree made of layers. sandbox_start forks a single-threaded helper before
 * any thread exists; every unshare, mount, clone and tree unpack happens there, driven over a
 * socketpair with descriptors passed. The parent stays outside and alone touches network,
 * credentials and store documents. Thread-safe: several runs may be under way.
 */
struct sandbox;

enum sandbox_isolation { ISOLATION_AUTO, ISOLATION_OCI, ISOLATION_BUILTIN, ISOLATION_CHROOT };
MUST_CHECK bool sandbox_isolation_parse(enum sandbox_isolation *out, const char *text,
					struct err *err);
const char *sandbox_isolation_name(enum sandbox_isolation i);

/* Must be called while this process has one thread. Cheap: one fork, nothing else until it is
 * needed. */
MUST_CHECK bool sandbox_start(struct sandbox **out, struct err *err);
/* Everything that still runs is killed, mounts are gone with the helper's namespace. NULL is fine.
 */
void sandbox_stop(struct sandbox *s);
DEFINE_AUTO(struct sandbox, sandbox_stop)

/* What was chosen and why, one reason a line ("runc 1.1.5: probe ok", "crun 1.8.1: refused: ..."),
 * for -v. Probes at first use. E_UNSUPPORTED with the cure when nothing works. */
MUST_CHECK bool sandbox_probe(struct buf *reasons_out, struct sandbox *s, struct store *store,
			      enum sandbox_isolation want, struct err *err);

struct sandbox_layer {
	struct descriptor descriptor;
	struct digest diff_id;
};

struct sandbox_mount {
	enum { SANDBOX_BIND, SANDBOX_TMPFS } kind;
	const char *source; /* absolute host path; binds */
	const char *target; /* absolute inside the root */
	bool read_only;
};

struct sandbox_spec {
	struct store *store; /* layer blobs come from here; trees are kept in its cache/trees */
	const struct sandbox_layer *layers; /* lowest first; must all be in the store */
	size_t layer_count;
	enum sandbox_isolation isolation;
	const char *const *argv; /* NULL-terminated */
	const char *const *env;  /* NULL-terminated, the whole environment; HOME is added from the
				    image's passwd when unset */
	const char *cwd;         /* made (0755) when absent; "" is "/" */
	const char *user;        /* "name[:group]" or numeric; "" is root; looked up in the tree */
	const char *hostname;    /* NULL: "rtbuild" */
	bool network;            /* the host's; false: an own one with only lo */
	const struct sandbox_mount *mounts;
	size_t mount_count;
	int stdin_fd;        /* -1: /dev/null */
	int tty_fd;          /* unused: -1 */
	struct sink *output; /* stdout and stderr of the command, interleaved as they come; NULL:
				split_out/err */
	int stdout_fd, stderr_fd; /* used when output is NULL */
	struct sink
		*diff; /* NULL: throw changes away; else the changes as an uncompressed layer tar */
	int64_t timeout_ms; /* 0: none */
};

struct sandbox_result {
	int status; /* exit status, or 128 + signal */
	bool timed_out;
	bool diff_written; /* only when status is 0 */
};
/* False only when it could not be run at all or we were interrupted; a failing command is a result.
 */
MUST_CHECK bool sandbox_run(struct sandbox_result *out, struct sandbox *s,
			    const struct sandbox_spec *spec, struct err *err);

#endif
