// SPDX-License-Identifier: Apache-2.0
#include "sandbox/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"

/*
 * Which system calls a command may make: Docker's default profile (github.com/moby/profiles,
 * seccomp/default.json) for Docker's default capabilities, as one table for libseccomp and for OCI
 * runtimes. What Docker forbids by name answers EPERM; what the table does not know answers ENOSYS,
 * as if the kernel were older, so that a new libc falls back.
 */

/* clang-format off */
static const char *const allowed[] = {
	"_llseek", "_newselect", "accept", "accept4", "access", "adjtimex", "alarm",
	"arch_prctl", "arm_fadvise64_64", "arm_sync_file_range", "bind", "breakpoint", "brk",
	"cacheflush", "cachestat", "capget", "capset", "chdir", "chmod", "chown", "chown32",
	"chroot", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64",
	"clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64",
	"close", "close_range", "connect", "copy_file_range", "creat", "dup", "dup2", "dup3",
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait",
	"epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "execve",
	"execveat", "exit", "exit_group", "faccessat", "faccessat2", "fadvise64",
	"fadvise64_64", "fallocate", "fanotify_mark", "fchdir", "fchmod", "fchmodat",
	"fchmodat2", "fchown", "fchown32", "fchownat", "fcntl", "fcntl64", "fdatasync",
	"fgetxattr", "flistxattr", "flock", "fork", "fremovexattr", "fsetxattr", "fstat",
	"fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64",
	"futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv", "futex_wake",
	"futimesat", "get_robust_list", "get_thread_area", "getcpu", "getcwd", "getdents",
	"getdents64", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32",
	"getgroups", "getgroups32", "getitimer", "getpeername", "getpgid", "getpgrp",
	"getpid", "getppid", "getpriority", "getrandom", "getresgid", "getresgid32",
	"getresuid", "getresuid32", "getrlimit", "getrusage", "getsid", "getsockname",
	"getsockopt", "gettid", "gettimeofday", "getuid", "getuid32", "getxattr",
	"getxattrat", "inotify_add_watch", "inotify_init", "inotify_init1",
	"inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
	"io_pgetevents_time64", "io_setup", "io_submit", "ioctl", "ioprio_get", "ioprio_set",
	"ipc", "kill", "landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "lchown", "lchown32", "lgetxattr", "link", "linkat",
	"listen", "listmount", "listxattr", "listxattrat", "llistxattr", "lremovexattr",
	"lseek", "lsetxattr", "lstat", "lstat64", "madvise", "map_shadow_stack",
	"membarrier", "memfd_create", "memfd_secret", "mincore", "mkdir", "mkdirat", "mknod",
	"mknodat", "mlock", "mlock2", "mlockall", "mmap", "mmap2", "modify_ldt", "mprotect",
	"mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64",
	"mq_timedsend", "mq_timedsend_time64", "mq_unlink", "mremap", "mseal", "msgctl",
	"msgget", "msgrcv", "msgsnd", "msync", "munlock", "munlockall", "munmap",
	"name_to_handle_at", "nanosleep", "newfstatat", "open", "openat", "openat2", "pause",
	"pidfd_open", "pidfd_send_signal", "pipe", "pipe2", "pkey_alloc", "pkey_free",
	"pkey_mprotect", "poll", "ppoll", "ppoll_time64", "prctl", "pread64", "preadv",
	"preadv2", "prlimit64", "process_mrelease", "process_vm_readv", "process_vm_writev",
	"pselect6", "pselect6_time64", "ptrace", "pwrite64", "pwritev", "pwritev2", "read",
	"readahead", "readlink", "readlinkat", "readv", "recv", "recvfrom", "recvmmsg",
	"recvmmsg_time64", "recvmsg", "remap_file_pages", "removexattr", "removexattrat",
	"rename", "renameat", "renameat2", "restart_syscall", "riscv_flush_icache",
	"riscv_hwprobe", "rmdir", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
	"rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_rr_get_interval", "sched_rr_get_interval_time64",
	"sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
	"sched_yield", "seccomp", "select", "semctl", "semget", "semop", "semtimedop",
	"semtimedop_time64", "send", "sendfile", "sendfile64", "sendmmsg", "sendmsg",
	"sendto", "set_robust_list", "set_thread_area", "set_tid_address", "set_tls",
	"setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32",
	"setgroups", "setgroups32", "setitimer", "setpgid", "setpriority", "setregid",
	"setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid",
	"setreuid32", "setrlimit", "setsid", "setsockopt", "setuid", "setuid32", "setxattr",
	"setxattrat", "shmat", "shmctl", "shmdt", "shmget", "shutdown", "sigaltstack",
	"signalfd", "signalfd4", "sigprocmask", "sigreturn", "socketcall", "socketpair",
	"splice", "stat", "stat64", "statfs", "statfs64", "statmount", "statx", "symlink",
	"symlinkat", "sync", "sync_file_range", "sync_file_range2", "syncfs", "sysinfo",
	"tee", "tgkill", "time", "timer_create", "timer_delete", "timer_getoverrun",
	"timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64",
	"timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime",
	"timerfd_settime64", "times", "tkill", "truncate", "truncate64", "ugetrlimit",
	"umask", "uname", "unlink", "unlinkat", "uretprobe", "utime", "utimensat",
	"utimensat_time64", "utimes", "vfork", "vmsplice", "wait4", "waitid", "waitpid",
	"write", "writev",
};

static const char *const forbidden[] = {
	"_sysctl", "acct", "add_key", "bdflush", "bpf", "clock_settime", "clock_settime64",
	"create_module", "delete_module", "fanotify_init", "finit_module", "fsconfig",
	"fsmount", "fsopen", "fspick", "get_kernel_syms", "get_mempolicy", "init_module",
	"io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp",
	"kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "lsm_get_self_attr",
	"lsm_list_modules", "lsm_set_self_attr", "mbind", "migrate_pages", "mount",
	"mount_setattr", "move_mount", "move_pages", "nfsservctl", "open_by_handle_at",
	"open_tree", "perf_event_open", "pidfd_getfd", "pivot_root", "process_madvise",
	"query_module", "quotactl", "quotactl_fd", "reboot", "request_key", "set_mempolicy",
	"set_mempolicy_home_node", "setdomainname", "sethostname", "setns", "settimeofday",
	"stime", "swapoff", "swapon", "sysfs", "syslog", "umount", "umount2", "unshare",
	"uselib", "userfaultfd", "ustat", "vhangup", "vm86", "vm86old",
};
/* clang-format on */

/* Calls that depend on an argument. `op` by libseccomp's meaning; MASKED_EQ: (arg & value) ==
 * value2. */
static const struct call_rule {
	const char *name;
	const char *op_name;
	enum scmp_compare op;
	unsigned int arg;
	uint64_t value, value2;
} rules[] = {
	/* Everything but AF_ALG (38) and AF_VSOCK (40). */
	{ "socket", "SCMP_CMP_LT", SCMP_CMP_LT, 0, AF_ALG, 0 },
	{ "socket", "SCMP_CMP_EQ", SCMP_CMP_EQ, 0, AF_NFC, 0 },
	{ "socket", "SCMP_CMP_GT", SCMP_CMP_GT, 0, AF_VSOCK, 0 },
	/* Linux, UNAME26 and the question which it is. */
	{ "personality", "SCMP_CMP_EQ", SCMP_CMP_EQ, 0, 0x0, 0 },
	{ "personality", "SCMP_CMP_EQ", SCMP_CMP_EQ, 0, 0x8, 0 },
	{ "personality", "SCMP_CMP_EQ", SCMP_CMP_EQ, 0, 0x20000, 0 },
	{ "personality", "SCMP_CMP_EQ", SCMP_CMP_EQ, 0, 0x20008, 0 },
	{ "personality", "SCMP_CMP_EQ", SCMP_CMP_EQ, 0, 0xffffffff, 0 },
	/* No new namespaces: none of the CLONE_NEW* flags. */
	{ "clone", "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ, 0,
	  CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		  CLONE_NEWPID | CLONE_NEWNET,
	  0 },
};

/* 32-bit programs run where the machine runs them. */
static const struct call_arch {
	uint32_t native;
	const char *names[3];
	uint32_t others[2];
} archs[] = {
	{ SCMP_ARCH_X86_64,
	  { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" },
	  { SCMP_ARCH_X86, SCMP_ARCH_X32 } },
	{ SCMP_ARCH_AARCH64, { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", NULL }, { SCMP_ARCH_ARM, 0 } },
};

static const struct call_arch *native_arch(void)
{
	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (archs[i].native == seccomp_arch_native())
			return &archs[i];
	return NULL;
}

static bool failed(int rc, const char *what, struct err *err)
{
	errno = -rc;
	return err_set_errno(err, "seccomp filter: %s", what);
}

/* A call this libseccomp has not heard of is left to the default. */
static bool add_calls(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t count,
		      struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		int rc = nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(ctx, action, nr, 0);

		if (rc < 0)
			return failed(rc, names[i], err);
	}
	return true;
}

static bool add_rules(scmp_filter_ctx ctx, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct scmp_arg_cmp cmp = { .arg = rules[i].arg,
					    .op = rules[i].op,
					    .datum_a = rules[i].value,
					    .datum_b = rules[i].value2 };
		int rc = seccomp_rule_add_array(
			ctx, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(rules[i].name), 1, &cmp);

		if (rc < 0)
			return failed(rc, rules[i].name, err);
	}
	return true;
}

static bool add_archs(scmp_filter_ctx ctx, struct err *err)
{
	const struct call_arch *arch = native_arch();

	for (size_t i = 0; arch && i < ARRAY_LEN(arch->others); i++) {
		int rc = arch->others[i] ? seccomp_arch_add(ctx, arch->others[i]) : 0;

		if (rc < 0)
			return failed(rc, arch->names[i + 1], err);
	}
	return true;
}

static bool fill(scmp_filter_ctx ctx, struct err *err)
{
	if (!add_archs(ctx, err))
		return false;
	/* A binary tree: a call costs a few comparisons, not hundreds. */
	if (seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		return err_set(err, E_UNSUPPORTED, "libseccomp 2.5 or newer is needed");
	return add_calls(ctx, SCMP_ACT_ALLOW, allowed, ARRAY_LEN(allowed), err) &&
	       add_calls(ctx, SCMP_ACT_ERRNO(EPERM), forbidden, ARRAY_LEN(forbidden), err) &&
	       add_rules(ctx, err);
}

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static bool export(struct buf *out, scmp_filter_ctx ctx, struct err *err)
{
	AUTO(auto_close) int fd = memfd_create("rtbuild-seccomp", MFD_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set_errno(err, "seccomp filter");
	rc = seccomp_export_bpf(ctx, fd);
	if (rc < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return failed(rc, "export", err);
	return fs_read_fd(out, fd, 1 * MIB, err);
}

bool seccomp_program(struct buf *out, struct err *err)
{
	AUTO(release) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

	if (!ctx)
		return err_set_errno(err, "seccomp filter");
	return fill(ctx, err) && export(out, ctx, err);
}

/* io_uring makes and uses sockets past any filter; the others take those of another process. */
static const char *const ways_around[] = {
	"io_uring_setup",    "pidfd_getfd", "process_vm_readv",
	"process_vm_writev", "ptrace",      "socketcall",
};

bool seccomp_no_network(struct buf *out, struct err *err)
{
	static const char *const makers[] = { "socket", "socketpair" };
	AUTO(release) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	const struct scmp_arg_cmp others = { .arg = 0, .op = SCMP_CMP_NE, .datum_a = AF_UNIX };

	if (!ctx)
		return err_set_errno(err, "seccomp filter");
	if (!add_archs(ctx, err) ||
	    !add_calls(ctx, SCMP_ACT_ERRNO(EPERM), ways_around, ARRAY_LEN(ways_around), err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
		int rc =
			seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT),
					       seccomp_syscall_resolve_name(makers[i]), 1, &others);

		if (rc < 0)
			return failed(rc, makers[i], err);
	}
	return export(out, ctx, err);
}

static void hash_names(struct sha256 *state, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sha256_update(state, names[i], strlen(names[i]) + 1);
}

void seccomp_identity(struct buf *out)
{
	const struct scmp_version *v = seccomp_version();
	unsigned char hash[SHA256_SIZE];
	struct sha256 state;

	sha256_init(&state);
	hash_names(&state, allowed, ARRAY_LEN(allowed));
	hash_names(&state, forbidden, ARRAY_LEN(forbidden));
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		uint64_t numbers[] = { (uint64_t)rules[i].op, rules[i].arg, rules[i].value,
				       rules[i].value2 };

		hash_names(&state, &rules[i].name, 1);
		sha256_update(&state, numbers, sizeof(numbers));
	}
	sha256_final(&state, hash);
	buf_putf(out, "filter 1 libseccomp %u.%u.%u arch %x ", v->major, v->minor, v->micro,
		 seccomp_arch_native());
	buf_put_hex(out, hash, sizeof(hash));
	buf_put(out, "\n");
}

bool seccomp_apply(const struct buf *program, struct err *err)
{
	struct sock_fprog prog = {
		.len = (unsigned short)(program->len / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(void *)program->ptr,
	};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		return err_set_errno(err, "set the seccomp filter");
	return true;
}

static json_t *oci_row(const char *action)
{
	json_t *row = json_object();

	json_object_set_new(row, "names", json_array());
	json_object_set_new(row, "action", json_string(action));
	return row;
}

static json_t *oci_calls(const char *const *names, size_t count, const char *action)
{
	json_t *row = oci_row(action);

	for (size_t i = 0; i < count; i++)
		if (seccomp_syscall_resolve_name(names[i]) != __NR_SCMP_ERROR)
			json_array_append_new(json_object_get(row, "names"), json_string(names[i]));
	return row;
}

static json_t *oci_rule(const struct call_rule *rule)
{
	json_t *row = oci_row("SCMP_ACT_ALLOW"), *arg = json_object();

	json_array_append_new(json_object_get(row, "names"), json_string(rule->name));
	json_object_set_new(arg, "index", json_integer(rule->arg));
	json_object_set_new(arg, "value", json_integer((json_int_t)rule->value));
	json_object_set_new(arg, "valueTwo", json_integer((json_int_t)rule->value2));
	json_object_set_new(arg, "op", json_string(rule->op_name));
	json_object_set_new(row, "args", json_pack("[o]", arg));
	return row;
}

json_t *seccomp_oci(void)
{
	const struct call_arch *arch = native_arch();
	json_t *doc = json_object(), *calls = json_array(), *list = json_array(), *deny;

	json_object_set_new(doc, "defaultAction", json_string("SCMP_ACT_ERRNO"));
	json_object_set_new(doc, "defaultErrnoRet", json_integer(ENOSYS));
	for (size_t i = 0; arch && i < ARRAY_LEN(arch->names) && arch->names[i]; i++)
		json_array_append_new(list, json_string(arch->names[i]));
	json_object_set_new(doc, "architectures", list);
	json_array_append_new(calls, oci_calls(allowed, ARRAY_LEN(allowed), "SCMP_ACT_ALLOW"));
	deny = oci_calls(forbidden, ARRAY_LEN(forbidden), "SCMP_ACT_ERRNO");
	json_object_set_new(deny, "errnoRet", json_integer(EPERM));
	json_array_append_new(calls, deny);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		json_array_append_new(calls, oci_rule(&rules[i]));
	json_object_set_new(doc, "syscalls", calls);
	return doc;
}
