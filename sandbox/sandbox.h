// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/err.h"
#include "base/event.h"
#include "base/sink.h"
#include "image/descriptor.h"
#include "image/store.h"
#include "sandbox/command.h"

/*
 * Run commands in a root tree made of layers. sandbox_start forks a single-threaded helper before
 * any thread exists; every unshare, mount, clone and tree unpack happens there, driven over a
 * socketpair with descriptors passed. The parent stays outside and alone touches network,
 * credentials and store documents. Thread-safe: several runs may be under way. However the parent
 * ends, all that runs ends with it, and nothing stays mounted.
 */
struct sandbox;

/* Must be called while this process has one thread. Cheap: one fork, nothing else until it is
 * needed. */
MUST_CHECK bool sandbox_start(struct sandbox **out, struct err *err);
/* Everything that still runs is killed, mounts are gone with the helper's namespace. NULL is fine.
 */
void sandbox_stop(struct sandbox *s);
DEFINE_AUTO(struct sandbox, sandbox_stop)

/*
 * What was chosen and why, one reason a line ("user namespace with 65536 subordinate ids", "crun:
 * refused: ...", "runc /usr/sbin/runc: probe ok"), for -v. Probes at first use. E_UNSUPPORTED with
 * the cure when nothing works; reasons are filled then too.
 */
MUST_CHECK bool sandbox_probe(struct buf *reasons_out, struct sandbox *s, struct store *store,
			      enum sandbox_isolation want, struct err *err);

struct sandbox_spec {
	struct store *store; /* layer blobs come from here; trees are kept in its cache/trees */
	const struct sandbox_layer *layers; /* lowest first; must all be in the store */
	size_t layer_count;
	enum sandbox_isolation isolation;
	const char *const *argv; /* NULL-terminated */
	const char *const *env;  /* NULL-terminated, the whole environment; HOME is added from the
				    image's passwd when unset */
	const char *cwd;  /* made (0755, root's) when absent, and in the diff only if the command
			     then uses it; "" is "/" */
	const char *user; /* "name[:group]" or numeric; "" is root; looked up in the tree */
	/*
	 * For an ordinary user: when `user` has the caller's own numbers and files of the host are
	 * mounted, the command is the caller to the host, so that such files are its own and what
	 * it makes there is the caller's (podman's keep-id). The image's files all seem its own or
	 * nobody's then. The built-in engine's; for root numbers are the host's anyway.
	 */
	bool own_ids;
	const char *hostname; /* NULL: "rtbuild" */
	bool network;         /* the host's; false: an own one with only lo */
	/*
	 * BuildKit's security.insecure, a privileged container of docker's: all capabilities this
	 * process has, whatever the user; no system call filter; nothing of /proc and /sys hidden
	 * or read-only; device nodes open. Root gets the host's nodes for loop devices, FUSE, CUSE,
	 * KVM, TUN and the kernel's log as well, as far as the host has them. No cgroups are
	 * mounted: the command may.
	 */
	bool insecure;
	const char *hosts; /* more lines of /etc/hosts; NULL: none */
	uint64_t shm_size; /* of /dev/shm, bytes; 0: docker's 64 MiB */
	const struct sandbox_limit *limits;
	size_t limit_count;
	const struct sandbox_mount *mounts;
	size_t mount_count;
	int stdin_fd;             /* -1: /dev/null */
	int tty_fd;               /* unused: -1 */
	struct sink *output;      /* stdout and stderr of the command, interleaved as they come (not
				     finished); NULL: split_out/err */
	int stdout_fd, stderr_fd; /* used when output is NULL; -1: /dev/null */
	struct sink *diff;  /* NULL: throw changes away; else the changes as an uncompressed layer
			       tar (not finished) */
	int64_t timeout_ms; /* 0: none */
	/* Where the built-in engine reports that the command executes: one end of a SOCK_SEQPACKET
	 * pair, which is sent a message (sandbox/message.h) with its pidfd. `reports` false: nobody
	 * listens. */
	bool reports;
	int started_fd;
};

/*
 * False only when it could not be run at all or we were interrupted (E_CANCELLED); a failing
 * command is a result. Errors: E_NOT_FOUND an unknown user or a layer that is not in the store,
 * E_INPUT, E_INTEGRITY a layer that is not its diff id, E_UNSUPPORTED this host. When it returns,
 * nothing of the command runs, is mounted or left on the disk.
 */
MUST_CHECK bool sandbox_run(struct sandbox_result *out, struct sandbox *s,
			    const struct sandbox_spec *spec, struct err *err);

/* A further command beside one that runs: in its namespaces and its root; as the caller where that
 * one is (own_ids) and the numbers are the same. */
struct sandbox_exec {
	int target; /* its pidfd, as reported */
	const char *const *argv, *const *env;
	const char *cwd, *user;
	int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null */
};
/* As sandbox_run. What it leaves running ends with the command beside which it ran. */
MUST_CHECK bool sandbox_exec(struct sandbox_result *out, struct sandbox *s, struct store *store,
			     const struct sandbox_exec *e, struct err *err);

/*
 * rm -rf of an absolute path by the helper: trees and whatever commands wrote can belong to
 * subordinate ids, which an ordinary user cannot remove from outside. For gc of the store's
 * cache/trees and cache/work.
 */
MUST_CHECK bool sandbox_remove(struct sandbox *s, struct store *store, const char *path,
			       struct err *err);

/*
 * Trees of layers are in use as long as a command runs: runs hold this lock shared. Alone it is
 * taken only when nobody has it; *fd_out -1 otherwise.
 */
MUST_CHECK bool sandbox_lock_trees(int *fd_out, struct store *store, bool alone, struct err *err);

#endif
