// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "base/proc.h"
#include "layers/layer.h"
#include "layers/tar.h"

/*
 * Commands in real sandboxes: one group of tests per engine (crun, runc, built-in). Run as root it
 * runs itself again as an ordinary user without subordinate ids, and as $RT_TEST_USER (default
 * "rttest"), when there is such a user, with them. The image is busybox on nothing: no /proc, /sys,
 * /dev or /etc/hosts, so that stubs are made.
 */

enum ids { IDS_ROOT, IDS_MANY, IDS_SINGLE };

static struct fixture {
	struct fs_tmpdir dir;
	struct store *store;
	struct sandbox_layer layers[2];
	struct sandbox *sandbox;
	enum sandbox_isolation isolation;
	enum ids ids;
	char *store_path;
} fx;

/* --- the image --- */

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "app:x:1000:1001::/home/app:/bin/sh\n";
static const char group[] = "root:x:0:\nwheel:x:10:app\nstaff:x:50:app\napps:x:1001:\n";

/* security.capability, version 2, effective, cap_net_raw+p: what setcap writes. */
static const unsigned char capability[20] = { 0x01, 0, 0, 2, 0, 0x20 };
static const struct entry_xattr capability_xattr = { "security.capability", capability,
						     sizeof(capability) };

static const char *const applets[] = { "sh",    "cat",      "id",     "ls",      "mount",
				       "sleep", "env",      "pwd",    "true",    "false",
				       "echo",  "touch",    "rm",     "mkdir",   "ln",
				       "chmod", "chown",    "mknod",  "stat",    "hostname",
				       "grep",  "ifconfig", "wc",     "sed",     "readlink",
				       "tr",    "head",     "chroot", "unshare", "sort" };

static struct entry *own(struct entry *e, mode_t mode, int64_t uid, int64_t gid)
{
	e->mode = mode;
	e->uid = uid;
	e->gid = gid;
	return e;
}

static void fill_base(struct entry_list *l, int bin)
{
	struct stat st;

	assert_int_equal(fstatat(bin, "busybox", &st, 0), 0);
	entry_add_file(l, "bin/busybox", bin, "busybox", st.st_size)->mode = 0755;
	for (size_t i = 0; i < ARRAY_LEN(applets); i++) {
		AUTO(auto_free) char *path = mem_printf("bin/%s", applets[i]);

		entry_add(l, ENTRY_SYMLINK, path)->link = "busybox";
	}
	entry_add_bytes(l, "etc/passwd", passwd, strlen(passwd));
	entry_add_bytes(l, "etc/group", group, strlen(group));
	own(entry_add(l, ENTRY_DIR, "root"), 0700, 0, 0);
	own(entry_add(l, ENTRY_DIR, "home/app"), 0755, 1000, 1001);
	own(entry_add_bytes(l, "home/app/mine", "app's\n", 6), 0640, 1000, 1001);
	own(entry_add(l, ENTRY_DIR, "tmp"), 01777, 0, 0);
	entry_add_bytes(l, "data/a", "a\n", 2);
	entry_add_bytes(l, "data/b", "b\n", 2);
	entry_add_bytes(l, "data/sub/x", "x\n", 2);
	entry_add_bytes(l, "data/sub/y", "y\n", 2);
	entry_add_bytes(l, "data/plain", "not a program\n", 14);
	entry_add_bytes(l, "data/badshebang", "#!/no/such/interpreter\n", 23)->mode = 0755;
	entry_add_bytes(l, "data/garbage",
			"\x7f"
			"garbage\n",
			9)
		->mode = 0755;
	entry_add_bytes(l, "order", "first\n", 6);
	entry_add_bytes(l, "gone", "gone\n", 5);
	entry_add_bytes(l, "hidden/old", "old\n", 4);
}

static void fill_second(struct entry_list *l)
{
	struct entry *e;

	entry_add_bytes(l, "order", "second\n", 7);
	entry_add(l, ENTRY_FILE, ".wh.gone");
	entry_add(l, ENTRY_FILE, "hidden/.wh..wh..opq");
	entry_add_bytes(l, "hidden/new", "new\n", 4);
	e = own(entry_add_bytes(l, "bin/capped", "#!/bin/sh\n", 10), 0700, 0, 0);
	e->xattrs = mem_dup(&capability_xattr, sizeof(capability_xattr));
	e->xattr_count = 1;
}

static void write_layer(struct sandbox_layer *out, struct entry_list *l)
{
	struct layer_options opt = layer_options_default();
	struct err err = { 0 };
	struct layer layer;

	if (!entry_list_add_parents(l, &err) || !layer_write(&layer, fx.store, l, &opt, &err))
		fail_msg("%s", err.msg);
	*out = (struct sandbox_layer){ layer.descriptor, layer.diff_id };
}

static void make_image(void)
{
	struct entry_list base = { 0 }, second = { 0 };
	struct err err = { 0 };
	int bin = -1;

	if (!fs_open_dir(&bin, "/bin", &err))
		fail_msg("%s", err.msg);
	fill_base(&base, bin);
	fill_second(&second);
	write_layer(&fx.layers[0], &base);
	write_layer(&fx.layers[1], &second);
	for (size_t i = 0; i < second.len; i++)
		free(second.items[i].xattrs);
	entry_list_free(&base);
	entry_list_free(&second);
	close(bin);
}

/* --- running --- */

struct outcome {
	bool ok;
	struct err err;
	struct sandbox_result result;
	struct buf out;
	struct buf tar;
	struct buf diff; /* a line each: kind mode uid:gid path [-> link] [=content] [+xattr] */
};

static void outcome_free(struct outcome *o)
{
	buf_free(&o->out);
	buf_free(&o->tar);
	buf_free(&o->diff);
}
#define OUTCOME_INIT                                                                           \
	{                                                                                      \
		.out = BUF_INIT(4 * MIB), .tar = BUF_INIT(64 * MIB), .diff = BUF_INIT(4 * MIB) \
	}

static const char *const default_env[] = { "PATH=/bin", NULL };

static struct sandbox_spec spec_of(const char *const *argv)
{
	return (struct sandbox_spec){ .store = fx.store,
				      .layers = fx.layers,
				      .layer_count = 2,
				      .isolation = fx.isolation,
				      .argv = argv,
				      .env = default_env,
				      .cwd = "",
				      .user = "",
				      .network = true,
				      .stdin_fd = -1,
				      .tty_fd = -1,
				      .stdout_fd = -1,
				      .stderr_fd = -1 };
}

static void put_content(struct buf *out, struct tar_reader *reader)
{
	struct err err = { 0 };
	const void *data;
	size_t len;

	do {
		if (!tar_reader_data(reader, &data, &len, &err))
			fail_msg("%s", err.msg);
		for (size_t i = 0; i < len && i < 32; i++)
			buf_put_byte(out, ((const unsigned char *)data)[i] == '\n'
						  ? ';'
						  : ((const unsigned char *)data)[i]);
	} while (len);
}

static void list_diff(struct outcome *o)
{
	static const char kinds[] = "fdlhcbp";
	struct source *from = source_mem(o->tar.ptr, o->tar.len);
	struct tar_reader *reader = NULL;
	struct err err = { 0 };
	struct entry e;
	bool more = true;

	if (!tar_reader_open(&reader, from, &err))
		fail_msg("%s", err.msg);
	for (;;) {
		if (!tar_reader_next(&e, &more, reader, &err))
			fail_msg("%s", err.msg);
		if (!more)
			break;
		buf_putf(&o->diff, "%c %04o %d:%d %s", kinds[e.kind], (unsigned)e.mode, (int)e.uid,
			 (int)e.gid, e.path);
		if (e.link && (e.kind == ENTRY_SYMLINK || e.kind == ENTRY_HARDLINK))
			buf_putf(&o->diff, " -> %s", e.link);
		for (size_t i = 0; i < e.xattr_count; i++)
			buf_putf(&o->diff, " +%s", e.xattrs[i].name);
		if (e.kind == ENTRY_FILE && e.size) {
			buf_put(&o->diff, " =");
			put_content(&o->diff, reader);
		}
		buf_put(&o->diff, "\n");
	}
	tar_reader_close(reader);
	source_close(from);
}

static void run_spec(struct outcome *o, struct sandbox_spec *spec, bool want_diff)
{
	struct sink_buf out = sink_buf(&o->out), diff = sink_buf(&o->tar);

	spec->output = &out.sink;
	spec->diff = want_diff ? &diff.sink : NULL;
	o->ok = sandbox_run(&o->result, fx.sandbox, spec, &o->err);
	if (o->ok && o->result.diff_written)
		list_diff(o);
}

/* A shell script; fails the test unless it ends with `status`. */
static void run_sh(struct outcome *o, const char *script, int status, bool want_diff)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct sandbox_spec spec = spec_of(argv);

	run_spec(o, &spec, want_diff);
	if (!o->ok || o->result.status != status)
		fail_msg("'%s': %s status %d, output '%s'", script, o->err.msg, o->result.status,
			 o->out.ptr);
}

static void expect_out(const char *script, const char *want)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;

	run_sh(&o, script, 0, false);
	if (!str_eq(o.out.ptr, want))
		fail_msg("'%s': '%s' instead of '%s'", script, o.out.ptr, want);
}

static void expect_diff(const char *script, const char *want)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;

	run_sh(&o, script, 0, true);
	assert_true(o.result.diff_written);
	if (!str_eq(o.diff.ptr, want))
		fail_msg("'%s': diff\n%sinstead of\n%s(output '%s')", script, o.diff.ptr, want,
			 o.out.ptr);
}

/* --- what ends how --- */

static void exit_statuses(void **state)
{
	static const struct {
		const char *argv[4];
		int status;
		const char *out;
	} cases[] = {
		{ { "true" }, 0, "" },
		{ { "sh", "-c", "exit 7" }, 7, "" },
		{ { "sh", "-c", "exit 127" }, 127, "" },
		{ { "sh", "-c", "sh -c 'kill -9 $$'; exit $?" }, 137, "Killed\n" },
		{ { "sh", "-c", "echo out; echo err >&2" }, 0, "out\nerr\n" },
		{ { "nosuch" },
		  127,
		  "rtbuild: exec: \"nosuch\": executable file not found in $PATH\n" },
		{ { "/no/such" }, 127, "rtbuild: exec: \"/no/such\": no such file or directory\n" },
		{ { "/data/plain" }, 126, "rtbuild: exec: \"/data/plain\": permission denied\n" },
		{ { "/data" }, 126, "rtbuild: exec: \"/data\": permission denied\n" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
		struct sandbox_spec spec = spec_of(cases[i].argv);

		run_spec(&o, &spec, true);
		if (!o.ok || o.result.status != cases[i].status || !str_eq(o.out.ptr, cases[i].out))
			fail_msg("%s: %s status %d '%s'", cases[i].argv[0], o.err.msg,
				 o.result.status, o.out.ptr);
		assert_int_equal(o.result.diff_written, cases[i].status == 0);
		assert_int_equal(o.tar.len != 0, cases[i].status == 0);
	}
}

/* Found and executable, but the kernel cannot execute it. */
static void not_executable(void **state)
{
	static const struct {
		const char *path, *why;
		int status, oci_status; /* where the runtime calls execve, it has the say */
	} cases[] = {
		{ "/data/badshebang", "o such file or directory", 127, 127 },
		{ "/data/garbage", "xec format error", 126, 1 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
		const char *const argv[] = { cases[i].path, NULL };
		struct sandbox_spec spec = spec_of(argv);

		run_spec(&o, &spec, true);
		if (!o.ok || !strstr(o.out.ptr, cases[i].why) ||
		    o.result.status != (fx.isolation == ISOLATION_BUILTIN ? cases[i].status
									  : cases[i].oci_status))
			fail_msg("%s: %s status %d '%s'", cases[i].path, o.err.msg, o.result.status,
				 o.out.ptr);
	}
}

/* Bytes that are no UTF-8 reach the command, unless a runtime's JSON stands between. */
static void odd_bytes(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "echo", "\xff\n\t\"'\\", NULL };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	run_spec(&o, &spec, false);
	if (fx.isolation == ISOLATION_BUILTIN) {
		assert_true(o.ok);
		assert_string_equal(o.out.ptr, "\xff\n\t\"'\\\n");
		return;
	}
	assert_false(o.ok);
	assert_int_equal(o.err.code, E_INPUT);
	assert_non_null(strstr(o.err.hint, "builtin"));
}

static void refused(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const none[] = { NULL }, *const ok[] = { "true", NULL };
	const struct sandbox_mount relative = {
		.kind = SANDBOX_BIND, .source = "/etc", .target = "x", .read_only = true
	};
	const struct sandbox_mount absent = {
		.kind = SANDBOX_BIND, .source = "/no/such/file", .target = "/x", .read_only = true
	};
	const struct sandbox_mount root = { .kind = SANDBOX_TMPFS, .target = "/" };
	const struct sandbox_mount wrong = {
		.kind = SANDBOX_BIND, .source = "/etc", .target = "/order", .read_only = true
	};
	struct {
		const char *const *argv;
		const char *user, *cwd;
		const struct sandbox_mount *mount;
		enum err_code code;
	} cases[] = {
		{ none, "", "", NULL, E_INPUT },
		{ ok, "nosuchuser", "", NULL, E_NOT_FOUND },
		{ ok, "root:nosuchgroup", "", NULL, E_NOT_FOUND },
		{ ok, "", "/order/x", NULL, E_INPUT },
		{ ok, "", "", &relative, E_INPUT },
		{ ok, "", "", &absent, E_NOT_FOUND },
		{ ok, "", "", &root, E_INPUT },
		{ ok, "", "", &wrong, E_INPUT },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sandbox_spec spec = spec_of(cases[i].argv);

		spec.user = cases[i].user;
		spec.cwd = cases[i].cwd;
		spec.mounts = cases[i].mount;
		spec.mount_count = cases[i].mount != NULL;
		memset(&o.err, 0, sizeof(o.err));
		run_spec(&o, &spec, false);
		if (o.ok || o.err.code != cases[i].code)
			fail_msg("case %zu: %s '%s'", i, err_name(o.err.code), o.err.msg);
	}
}

/* A layer that is not in the store, and one whose bytes are not its diff id's. */
static void bad_layers(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "true", NULL };
	struct sandbox_layer layers[2] = { fx.layers[0], fx.layers[1] };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	spec.layers = layers;
	layers[1].diff_id = digest_of("x", 1);
	run_spec(&o, &spec, false);
	assert_false(o.ok);
	assert_int_equal(o.err.code, E_INTEGRITY);
	memset(&o.err, 0, sizeof(o.err));
	layers[1].diff_id = digest_of("y", 1);
	layers[1].descriptor.digest = digest_of("z", 1);
	run_spec(&o, &spec, false);
	assert_false(o.ok);
	assert_int_equal(o.err.code, E_NOT_FOUND);
	assert_non_null(strstr(o.err.msg, digest_format(&layers[1].descriptor.digest).text));
}

/* --- what a command sees --- */

static void users(void **state)
{
	static const struct {
		const char *user, *out;
	} cases[] = {
		{ "", "0:0:0:/root" },
		{ "root", "0:0:0:/root" },
		{ "app", "1000:1001:1001 10 50:/home/app" },
		{ "1000", "1000:1001:1001 10 50:/home/app" },
		{ "app:wheel", "1000:10:10:/home/app" },
		{ "4242", "4242:0:0:/" },
		{ "4242:17", "4242:17:17:/" },
	};
	const char *const argv[] = { "sh", "-c", "echo $(id -u):$(id -g):$(id -G):$HOME", NULL };
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
		AUTO(auto_free) char *want = mem_printf("%s\n", cases[i].out);
		struct sandbox_spec spec = spec_of(argv);

		spec.user = cases[i].user;
		run_spec(&o, &spec, false);
		if (fx.ids == IDS_SINGLE && cases[i].out[0] != '0') {
			assert_false(o.ok);
			assert_int_equal(o.err.code, E_UNSUPPORTED);
			assert_non_null(strstr(o.err.hint, "/etc/subuid"));
		} else if (!o.ok || !str_eq(o.out.ptr, want)) {
			fail_msg("'%s': %s '%s'", cases[i].user, o.err.msg, o.out.ptr);
		}
	}
}

static void environment(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = {
		"sh", "-c",
		"pwd; umask; hostname; env | grep -v ^PWD= | grep -v ^SHLVL= | sort; "
		"head -c 1 | wc -c",
		NULL
	};
	const char *const env[] = { "PATH=/bin", "A=1 2\t3", "HOME=/own", "EMPTY=", NULL };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	spec.env = env;
	spec.cwd = "/data/sub";
	spec.hostname = "builder";
	run_spec(&o, &spec, false);
	assert_true(o.ok);
	assert_string_equal(o.out.ptr, "/data/sub\n0022\nbuilder\nA=1 2\t3\n"
				       "EMPTY=\nHOME=/own\nPATH=/bin\n0\n");
}

static void layers_are_merged(void **state)
{
	(void)state;
	expect_out("cat /order; ls /hidden; ls -d /gone 2>&1 | wc -l; ls /data",
		   "second\nnew\n1\na\nb\nbadshebang\ngarbage\nplain\nsub\n");
}

/* A tree with nothing of what Linux programs expect, but what the sandbox gives. */
static void surroundings(void **state)
{
	(void)state;
	expect_out("cat /etc/hosts; echo x > /dev/null && ls /dev/pts/ptmx /dev/ptmx /dev/shm -d; "
		   "readlink /dev/fd; head -c 3 /dev/zero | wc -c",
		   "127.0.0.1\tlocalhost rtbuild\n::1\tlocalhost ip6-localhost ip6-loopback\n"
		   "/dev/ptmx\n/dev/pts/ptmx\n/dev/shm\n/proc/self/fd\n3\n");
	expect_out("echo x 2>/dev/null > /etc/hosts || echo read-only", "read-only\n");
	expect_out("echo 1 2>/dev/null > /proc/sys/kernel/panic || echo read-only", "read-only\n");
	expect_out("cat /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls /sys/firmware | wc -l",
		   "0\n0\n");
	expect_out("echo x 2>/dev/null > /sys/kernel/x || echo read-only", "read-only\n");
}

/* No descriptor of ours, no process of the host, pid 1 is the command. */
static void isolated(void **state)
{
	(void)state;
	expect_out("echo $$ /proc/[0-9]*; ls /proc/1/fd; true", "1 /proc/1\n0\n1\n2\n");
}

static void privileges(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "grep", "-E", "^(Cap(Inh|Eff|Bnd|Amb)|Seccomp|NoNewPrivs):",
				     "/proc/self/status", NULL };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	expect_out(
		"tr '\\t' ' ' < /proc/self/status | grep -E "
		"'^(Cap(Inh|Prm|Eff|Bnd|Amb)|Seccomp|NoNewPrivs):'",
		"CapInh: 0000000000000000\nCapPrm: 00000000a80425fb\nCapEff: 00000000a80425fb\n"
		"CapBnd: 00000000a80425fb\nCapAmb: 0000000000000000\nNoNewPrivs: 0\nSeccomp: 2\n");
	expect_out("mount -t tmpfs none /tmp 2>/dev/null || echo refused", "refused\n");
	expect_out("unshare -U true 2>/dev/null || echo refused", "refused\n");
	if (fx.ids == IDS_SINGLE)
		return;
	spec.user = "app";
	run_spec(&o, &spec, false);
	assert_true(o.ok);
	assert_non_null(strstr(o.out.ptr, "CapEff:\t0000000000000000\n"));
	assert_non_null(strstr(o.out.ptr, "CapBnd:\t00000000a80425fb\n"));
	assert_non_null(strstr(o.out.ptr, "Seccomp:\t2\n"));
}

/* Root may make device nodes, where the kernel lets it; they open nothing. */
static void devices(void **state)
{
	(void)state;
	if (fx.ids == IDS_ROOT)
		expect_out("for d in /tmp /dev; do mknod $d/disk b 254 0 && head -c 1 $d/disk "
			   "2>/dev/null "
			   "|| echo refused; done",
			   "refused\nrefused\n");
	else
		expect_out("mknod /tmp/disk b 254 0 2>/dev/null || echo refused", "refused\n");
}

/* Nor where a directory of the host is bound: /dev/zero by another name, which exists everywhere.
 */
static void devices_in_mounts(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	AUTO(auto_free) char *dir = mem_printf("%s/devdir", fx.dir.path);
	const char *const argv[] = { "sh", "-c",
				     "for d in /tmp /v; do mknod $d/zero c 1 5; "
				     "head -c 1 $d/zero 2>/dev/null | wc -c; rm $d/zero; done",
				     NULL };
	const struct sandbox_mount bind = { .kind = SANDBOX_BIND, .source = dir, .target = "/v" };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	if (fx.ids != IDS_ROOT)
		return; /* only root can mknod */
	assert_true(mkdir(dir, 0777) == 0 || errno == EEXIST);
	spec.mounts = &bind;
	spec.mount_count = 1;
	run_spec(&o, &spec, false);
	if (!o.ok || !str_eq(o.out.ptr, "0\n0\n"))
		fail_msg("%s '%s'", o.err.msg, o.out.ptr);
}

/* CVE-2024-21626: a path of the image must not lead through /proc/self/fd to what we have open. */
static void descriptors_are_closed(void **state)
{
	const char *const argv[] = { "true", NULL };
	(void)state;

	for (int fd = 3; fd < 24; fd++) {
		AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
		AUTO(auto_free) char *cwd = mem_printf("/proc/self/fd/%d", fd);
		struct sandbox_spec spec = spec_of(argv);

		spec.cwd = cwd;
		run_spec(&o, &spec, false);
		if (o.ok && o.result.status == 0)
			fail_msg("%s is a directory", cwd);
	}
}

static void networks(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "sh", "-c",
				     "grep -c : /proc/net/dev; ifconfig lo | grep -c 127.0.0.1; "
				     "wc -c < /etc/resolv.conf; ls /sys/class/net",
				     NULL };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	spec.network = false;
	run_spec(&o, &spec, false);
	if (!o.ok || !str_eq(o.out.ptr, "1\n1\n0\nlo\n"))
		fail_msg("%s '%s'", o.err.msg, o.out.ptr);
	expect_out("cmp() { [ \"$(cat /proc/net/dev | wc -l)\" -ge 3 ]; }; cmp && echo host",
		   "host\n");
}

/* --- changes --- */

static void nothing_changed(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "sh", "-c", "cat /run/secrets/a/token >/dev/null; ls /x/y",
				     NULL };
	const struct sandbox_mount mounts[] = {
		{ .kind = SANDBOX_BIND,
		  .source = "/etc/passwd",
		  .target = "/run/secrets/a/token",
		  .read_only = true },
		{ .kind = SANDBOX_TMPFS, .target = "/x/y" },
		{ .kind = SANDBOX_TMPFS, .target = "/data/sub/deep/er" },
		{ .kind = SANDBOX_BIND, .source = "/etc", .target = "/tmp/etc", .read_only = true },
	};
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	expect_diff("true", "");
	spec.mounts = mounts;
	spec.mount_count = ARRAY_LEN(mounts);
	spec.cwd = "/very/deep/er";
	run_spec(&o, &spec, true);
	if (!o.ok || o.result.status || !str_eq(o.diff.ptr, ""))
		fail_msg("%s %d '%s' diff:\n%s", o.err.msg, o.result.status, o.out.ptr, o.diff.ptr);
	assert_true(o.result.diff_written);
}

/* Mount points go, what the command made beside them stays; the working directory stays when it is
 * used. */
static void stubs_and_changes(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "sh", "-c",
				     "echo 1 > /etc/new; echo 2 > file; chmod 711 /data/sub",
				     NULL };
	const struct sandbox_mount mounts[] = { { .kind = SANDBOX_TMPFS,
						  .target = "/data/sub/mnt" } };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	spec.mounts = mounts;
	spec.mount_count = ARRAY_LEN(mounts);
	spec.cwd = "/very/deep";
	run_spec(&o, &spec, true);
	assert_true(o.ok);
	assert_string_equal(o.diff.ptr, "d 0755 0:0 data\n"
					"d 0711 0:0 data/sub\n"
					"d 0755 0:0 etc\n"
					"f 0644 0:0 etc/new =1;\n"
					"d 0755 0:0 very\n"
					"d 0755 0:0 very/deep\n"
					"f 0644 0:0 very/deep/file =2;\n");
}

/* The times of directories that only held a mount point are as before. */
static void times_restored(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "sh", "-c", "chmod 750 /data/sub /etc", NULL };
	const struct sandbox_mount mounts[] = { { .kind = SANDBOX_TMPFS,
						  .target = "/data/sub/mnt" } };
	struct sandbox_spec spec = spec_of(argv);
	struct source *from;
	struct tar_reader *reader = NULL;
	struct entry e;
	bool more;
	int seen = 0;
	(void)state;

	spec.mounts = mounts;
	spec.mount_count = ARRAY_LEN(mounts);
	run_spec(&o, &spec, true);
	assert_true(o.ok);
	from = source_mem(o.tar.ptr, o.tar.len);
	assert_true(tar_reader_open(&reader, from, &o.err));
	for (; tar_reader_next(&e, &more, reader, &o.err) && more; seen++)
		if (e.mtime != CLOCK_EPOCH_1980)
			fail_msg("%s has time %lld", e.path, (long long)e.mtime);
	assert_int_equal(seen, 3);
	tar_reader_close(reader);
	source_close(from);
}

static void changes(void **state)
{
	(void)state;
	expect_diff("rm /data/a; echo more >> /data/b",
		    "d 0755 0:0 data\nf 0644 0:0 data/.wh.a\nf 0644 0:0 data/b =b;more;\n");
	expect_diff("rm -r /data/sub; mkdir /data/sub; echo z > /data/sub/z",
		    "d 0755 0:0 data\nd 0755 0:0 data/sub\nf 0644 0:0 data/sub/.wh..wh..opq\n"
		    "f 0644 0:0 data/sub/z =z;\n");
	expect_diff("cd /tmp; echo 1 > one; ln one two; ln -s one three",
		    "d 1777 0:0 tmp\nf 0644 0:0 tmp/one =1;\nl 0777 0:0 tmp/three -> one\n"
		    "h 0644 0:0 tmp/two -> tmp/one\n");
	expect_diff("cd /tmp; touch s; chmod 4755 s; mkdir d; chmod 2775 d",
		    "d 1777 0:0 tmp\nd 2775 0:0 tmp/d\nf 4755 0:0 tmp/s\n");
	expect_diff("chmod 0755 /bin/capped",
		    "d 0755 0:0 bin\nf 0755 0:0 bin/capped +security.capability =#!/bin/sh;\n");
	/* A file of another owner keeps it, also where that owner has no id. */
	expect_diff("chmod 0600 /home/app/mine", "d 0755 0:0 home\nd 0755 1000:1001 home/app\nf "
						 "0600 1000:1001 home/app/mine =app's;\n");
}

static void owners(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "sh", "-c", "echo 1 > ~/new; echo 2 > /tmp/t", NULL };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	if (fx.ids == IDS_SINGLE) {
		expect_out("chown 1000 /data/a 2>/dev/null || echo refused", "refused\n");
		return;
	}
	expect_diff("chown 1000:50 /data/a; chown 65534 /data/b",
		    "d 0755 0:0 data\nf 0644 1000:50 data/a =a;\nf 0644 65534:0 data/b =b;\n");
	spec.user = "app";
	run_spec(&o, &spec, true);
	assert_true(o.ok);
	assert_string_equal(o.diff.ptr, "d 0755 0:0 home\nd 0755 1000:1001 home/app\n"
					"f 0644 1000:1001 home/app/new =1;\nd 1777 0:0 tmp\n"
					"f 0644 1000:1001 tmp/t =2;\n");
}

/* One run's changes are not in the next one's tree. */
static void runs_are_apart(void **state)
{
	(void)state;
	expect_diff("echo x > /left", "f 0644 0:0 left =x;\n");
	expect_out("ls -d /left 2>/dev/null || echo absent", "absent\n");
}

static void without_layers(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "/bin/sh", NULL };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	spec.layer_count = 0;
	run_spec(&o, &spec, true);
	assert_true(o.ok);
	assert_int_equal(o.result.status, 127);
	assert_string_equal(o.out.ptr, "rtbuild: exec: \"/bin/sh\": no such file or directory\n");
}

static void mounts(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	AUTO(auto_free) char *file = mem_printf("%s/shared", fx.dir.path);
	AUTO(auto_free) char *cache = mem_printf("%s/cachedir", fx.dir.path);
	AUTO(auto_free) char *result = mem_printf("%s/made", cache);
	const char *const argv[] = {
		"sh", "-c",
		"cat /run/secrets/token; echo x 2>/dev/null > /run/secrets/token || echo ro; "
		"echo made > /cache/made; echo t > /scratch/t; "
		"cat /link/token",
		NULL
	};
	const struct sandbox_mount list[] = {
		{ .kind = SANDBOX_BIND,
		  .source = file,
		  .target = "/run/secrets/token",
		  .read_only = true },
		{ .kind = SANDBOX_BIND, .source = cache, .target = "/cache" },
		{ .kind = SANDBOX_TMPFS, .target = "/scratch" },
		{ .kind = SANDBOX_BIND,
		  .source = file,
		  .target = "/link/token",
		  .read_only = true },
	};
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	assert_true(fs_write_path_atomic(file, "secret\n", 7, 0644, &o.err));
	assert_true(mkdir(cache, 0777) == 0 || errno == EEXIST);
	spec.mounts = list;
	spec.mount_count = ARRAY_LEN(list);
	run_spec(&o, &spec, true);
	if (!o.ok || !str_eq(o.out.ptr, "secret\nro\nsecret\n") || !str_eq(o.diff.ptr, ""))
		fail_msg("%s '%s' '%s'", o.err.msg, o.out.ptr, o.diff.ptr);
	assert_int_equal(unlink(result), 0);
}

/* --- time and death --- */

static void background_process_dies(void **state)
{
	(void)state;
	expect_out("sleep 100000 & echo done", "done\n"); /* it would hold the output open */
}

/* Each of four ends only when all of them have begun, in a directory that they share. */
static bool one_of_four(void *arg, size_t job, struct err *err)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	AUTO(auto_free)
	char *script = mem_printf(
		"echo x > /mine; echo > /shared/%zu; "
		"until [ -e /shared/0 -a -e /shared/1 -a -e /shared/2 -a -e /shared/3 ]; "
		"do sleep 0.1; done; ls /mine",
		job);
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct sandbox_mount shared = { .kind = SANDBOX_BIND,
					      .source = arg,
					      .target = "/shared" };
	struct sandbox_spec spec = spec_of(argv);

	spec.mounts = &shared;
	spec.mount_count = 1;
	spec.timeout_ms = 300000;
	run_spec(&o, &spec, true);
	if (o.ok && str_eq(o.out.ptr, "/mine\n") && str_eq(o.diff.ptr, "f 0644 0:0 mine =x;\n"))
		return true;
	return err_set(err, E_IO, "%s '%s'", o.err.msg, o.out.ptr);
}

static void at_the_same_time(void **state)
{
	AUTO(auto_free) char *shared = mem_printf("%s/together", fx.dir.path);
	AUTO(auto_close) int dir = -1;
	struct err err = { 0 };
	(void)state;

	assert_int_equal(mkdir(shared, 0777), 0);
	if (!parallel_run(4, 4, one_of_four, shared, &err))
		fail_msg("%s", err.msg);
	assert_true(fs_open_dir(&dir, fx.dir.path, &err) && fs_remove_tree(dir, "together", &err));
}

/* A process anywhere on this machine with `needle` among its arguments. */
static int count_processes(const char *needle)
{
	struct str_list pids = { 0 };
	struct err err = { 0 };
	int count = 0, proc = -1;

	assert_true(fs_open_dir(&proc, "/proc", &err));
	assert_true(fs_list(&pids, proc, ".", FS_BENEATH_NOLINK, &err));
	for (size_t i = 0; i < pids.len; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(1 * MIB);
		AUTO(auto_free) char *path = mem_printf("/proc/%s/cmdline", pids.items[i]);

		err_clear(&err);
		if (pids.items[i][0] < '0' || pids.items[i][0] > '9' ||
		    !fs_read_path(&text, path, 1 * MIB, &err) || !text.len)
			continue;
		count += memmem(text.ptr, text.len, needle, strlen(needle)) != NULL;
	}
	str_list_free(&pids);
	close(proc);
	return count;
}

/* Seconds that no other process on this machine sleeps. */
static const char *seconds(int n)
{
	static char text[32];
	static pid_t owner; /* before it forks */

	if (!owner)
		owner = getpid();
	snprintf(text, sizeof(text), "%d.%d", n, (int)owner);
	return text;
}

static bool wait_processes(const char *needle, bool want)
{
	for (int i = 0; i < 6000; i++) {
		if ((count_processes(needle) > 0) == want)
			return true;
		clock_sleep_ms(50);
	}
	return false;
}

static size_t count_in(const char *path)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_free) char *full = mem_printf("%s/%s", fx.store_path, path);
	struct err err = { 0 };
	int fd = -1;

	if (!fs_open_dir(&fd, full, &err) || !fs_list(&names, fd, ".", FS_BENEATH_NOLINK, &err))
		fail_msg("%s", err.msg);
	close(fd);
	return names.len;
}

/* Nothing of a run is left anywhere. */
static void assert_clean(const char *needle)
{
	AUTO(buf_free) struct buf mounts_text = BUF_INIT(4 * MIB);
	struct err err = { 0 };

	if (count_processes(needle))
		fail_msg("'%s' still runs", needle);
	assert_true(fs_read_path(&mounts_text, "/proc/self/mounts", 4 * MIB, &err));
	if (strstr(mounts_text.ptr, fx.store_path))
		fail_msg("something is mounted in %s", fx.store_path);
	assert_int_equal(count_in("cache/work"), 0);
}

static void timeout(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	AUTO(auto_free)
	char *script = mem_printf("echo begun; sleep %s & sleep %s", seconds(4712), seconds(4712));
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct sandbox_spec spec = spec_of(argv);
	(void)state;

	spec.timeout_ms = 1000;
	run_spec(&o, &spec, true);
	assert_true(o.ok);
	assert_true(o.result.timed_out);
	assert_int_equal(o.result.status, 137);
	assert_false(o.result.diff_written);
	assert_string_equal(o.out.ptr, "begun\n");
	assert_clean(seconds(4712));
}

/* A sink that fails: the command is stopped, and the sink's reason is told. */
static bool refuse(struct sink *self, const void *data, size_t len, struct err *err)
{
	(void)self;
	(void)data;
	(void)len;
	return err_set(err, E_IO, "disk full");
}

static void sink_failure(void **state)
{
	AUTO(auto_free) char *script = mem_printf("echo x; sleep %s", seconds(4713));
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct sandbox_spec spec = spec_of(argv);
	struct sink sink = { .write = refuse };
	struct sandbox_result result;
	struct err err = { 0 };
	(void)state;

	spec.output = &sink;
	assert_false(sandbox_run(&result, fx.sandbox, &spec, &err));
	assert_string_equal(err.msg, "disk full");
	assert_clean(seconds(4713));
}

/* Megabytes through output and diff at the same time. */
static void much_output(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	(void)state;

	run_sh(&o, "head -c 3000000 /dev/zero; head -c 20000000 /dev/zero > /tmp/big", 0, true);
	assert_int_equal(o.out.len, 3000000);
	assert_true(o.tar.len > 20000000);
}

/* In a process of its own, since cancellation is for good. It has its own helper, and exits with 0
 * when all went well. */
static void interrupted_child(const char *long_time)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	const char *const argv[] = { "sleep", long_time, NULL };
	struct sandbox_spec spec = spec_of(argv);
	struct err err = { 0 };

	cancel_init();
	signal(SIGUSR1, (void (*)(int))(uintptr_t)cancel_request);
	if (!sandbox_start(&fx.sandbox, &err))
		_exit(10);
	run_spec(&o, &spec, true);
	sandbox_stop(fx.sandbox);
	_exit(!o.ok && o.err.code == E_CANCELLED ? 0 : 11);
}

static void interruption(void **state)
{
	int status;
	pid_t pid = fork();
	(void)state;

	if (pid == 0)
		interrupted_child(seconds(4714));
	assert_true(wait_processes(seconds(4714), true));
	kill(pid, SIGUSR1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_clean(seconds(4714));
}

static void parent_killed(void **state)
{
	pid_t pid = fork();
	(void)state;

	if (pid == 0)
		interrupted_child(seconds(4715));
	assert_true(wait_processes(seconds(4715), true));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(wait_processes(seconds(4715), false));
	for (int i = 0; i < 6000 && count_in("cache/work"); i++)
		clock_sleep_ms(50);
	assert_clean(seconds(4715));
}

static pid_t find_child(pid_t parent)
{
	AUTO(auto_free)
	char *path = mem_printf("/proc/%d/task/%d/children", (int)parent, (int)parent);
	AUTO(buf_free) struct buf text = BUF_INIT(4096);
	struct err err = { 0 };
	struct slice rest;
	uint64_t pid = 0;

	if (!fs_read_path(&text, path, 4096, &err) ||
	    !str_to_u64(&pid, slice_cut(slice_of(text.ptr), ' ', &rest), INT32_MAX))
		fail_msg("no child of %d: '%s' %s", (int)parent, text.ptr, err.msg);
	return (pid_t)pid;
}

/* The helper itself dies: what ran dies, the parent is told, and the next helper removes what is
 * left. */
static void helper_killed(void **state)
{
	AUTO(outcome_free) struct outcome o = OUTCOME_INIT;
	struct sandbox *mine = fx.sandbox;
	pid_t pid = fork();
	int status;
	(void)state;

	if (pid == 0)
		interrupted_child(seconds(4716));
	assert_true(wait_processes(seconds(4716), true));
	kill(find_child(pid), SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 11 << 8);
	assert_true(wait_processes(seconds(4716), false));
	fx.sandbox = NULL;
	assert_true(sandbox_start(&fx.sandbox, &o.err));
	run_sh(&o, "true", 0, false);
	sandbox_stop(fx.sandbox);
	fx.sandbox = mine;
	assert_clean(seconds(4716));
}

static void trees_are_kept(void **state)
{
	AUTO(auto_free) char *path = NULL;
	AUTO(auto_free) char *tree = NULL;
	static const char *const modes[] = { "root", "userns", "single" };
	struct stat st;
	struct err err = { 0 };
	(void)state;

	tree = mem_printf("%s/cache/trees/%s", fx.store_path, modes[fx.ids]);
	assert_int_equal(stat(tree, &st), 0);
	assert_int_equal(st.st_mode & 0777,
			 0700); /* setuid files of images are not for other users */
	path = mem_printf("%s/%s", tree, digest_hex(&fx.layers[0].diff_id).text);
	assert_int_equal(stat(path, &st), 0);

	/* One of another boot is made anew; one that is removed as well. */
	free(path);
	path = mem_printf("%s/%s.boot", tree, digest_hex(&fx.layers[0].diff_id).text);
	assert_true(fs_write_path_atomic(path, "another", 7, 0600, &err));
	expect_out("cat /order", "second\n");
	free(path);
	path = mem_printf("%s/%s", tree, digest_hex(&fx.layers[1].diff_id).text);
	if (!sandbox_remove(fx.sandbox, fx.store, path, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(stat(path, &st), -1);
	expect_out("cat /order", "second\n");
	assert_int_equal(stat(path, &st), 0);
}

static void probe_tells(void **state)
{
	AUTO(buf_free) struct buf reasons = BUF_INIT(64 * KIB);
	struct err err = { 0 };
	const char *engine = *state;

	if (!sandbox_probe(&reasons, fx.sandbox, fx.store, fx.isolation, &err))
		fail_msg("%s", err.msg);
	/* As root crun wants to load a device filter, which takes a capability that containers
	 * lack: then the next one is it. */
	if (fx.ids == IDS_ROOT && fx.isolation == ISOLATION_OCI &&
	    strstr(reasons.ptr, "crun: refused: "))
		engine = "runc /usr/sbin/runc";
	if (!strstr(reasons.ptr, engine) || !strstr(reasons.ptr, ": probe ok\n"))
		fail_msg("%s is not chosen: %s", engine, reasons.ptr);
	assert_non_null(strstr(reasons.ptr, fx.ids == IDS_ROOT     ? "root: "
					    : fx.ids == IDS_SINGLE ? "single id"
								   : "subordinate ids"));
	/* Ours before any runtime; a copied root when asked for. */
	buf_clear(&reasons);
	assert_true(sandbox_probe(&reasons, fx.sandbox, fx.store, ISOLATION_AUTO, &err));
	assert_non_null(strstr(reasons.ptr, "built-in: probe ok\n"));
	buf_clear(&reasons);
	assert_true(sandbox_probe(&reasons, fx.sandbox, fx.store, ISOLATION_CHROOT, &err));
	assert_non_null(strstr(reasons.ptr, "chroot: probe ok\n"));
}

/* --- groups --- */

/* A runtime that refuses: it is passed over. */
static void put_fake(const char *dir, const char *name)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", dir, name);
	struct err err = { 0 };

	assert_true(fs_write_path_atomic(path, "#!/bin/sh\nexit 1\n", 17, 0755, &err));
}

static int start_group(const char *fakes, enum sandbox_isolation isolation)
{
	AUTO(auto_free) char *dir = mem_printf("%s/fakes-%s", fx.dir.path, fakes);
	AUTO(auto_free) char *path = mem_printf("%s:/usr/sbin:/usr/bin:/sbin:/bin", dir);
	struct err err = { 0 };

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -1;
	if (strstr(fakes, "crun"))
		put_fake(dir, "crun");
	setenv("PATH", path, 1);
	fx.isolation = isolation;
	return sandbox_start(&fx.sandbox, &err) ? 0 : -1;
}

static int setup_builtin(void **state)
{
	*state = (void *)(uintptr_t) "built-in";
	return start_group("none", ISOLATION_BUILTIN);
}

static int setup_runc(void **state)
{
	*state = (void *)(uintptr_t) "runc /usr/sbin/runc";
	return start_group("crun", ISOLATION_OCI);
}

static int setup_crun(void **state)
{
	*state = (void *)(uintptr_t) "crun /usr/bin/crun";
	return start_group("none", ISOLATION_OCI);
}

static int teardown(void **state)
{
	(void)state;
	sandbox_stop(fx.sandbox);
	fx.sandbox = NULL;
	/* The helper was our only child. */
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static enum ids which_ids(void)
{
	AUTO(buf_free) struct buf subuid = BUF_INIT(1 * MIB);
	const struct passwd *pw = getpwuid(getuid());
	struct err ignored = { 0 };
	char *line;

	if (getuid() == 0)
		return IDS_ROOT;
	if (!pw || !fs_read_path(&subuid, "/etc/subuid", 1 * MIB, &ignored))
		return IDS_SINGLE;
	line = mem_printf("%s:", pw->pw_name);
	if (!strstr(subuid.ptr, line)) {
		free(line);
		return IDS_SINGLE;
	}
	free(line);
	return IDS_MANY;
}

static void make_fixture(void)
{
	struct err err = { 0 };

	fx.ids = which_ids();
	if (!fs_tmpdir_open(&fx.dir, &err))
		fail_msg("%s", err.msg);
	fx.store_path = mem_printf("%s/store", fx.dir.path);
	/* Files that commands of other ids must reach. */
	chmod(fx.dir.path, 0711);
	if (!store_open(&fx.store, fx.store_path, &err))
		fail_msg("%s", err.msg);
	make_image();
}

static void free_fixture(void)
{
	struct err err = { 0 };

	store_close(fx.store);
	fx.store = NULL;
	/* Trees can belong to subordinate ids: the helper removes them. */
	if (sandbox_start(&fx.sandbox, &err)) {
		struct store *store = NULL;
		AUTO(auto_free) char *cache = mem_printf("%s/cache", fx.store_path);

		if (store_open(&store, fx.store_path, &err) &&
		    !sandbox_remove(fx.sandbox, store, cache, &err))
			fprintf(stderr, "%s\n", err.msg);
		store_close(store);
		sandbox_stop(fx.sandbox);
	}
	fs_tmpdir_close(&fx.dir);
	free(fx.store_path);
}

#define TESTS                                                                                     \
	cmocka_unit_test(probe_tells), cmocka_unit_test(exit_statuses),                           \
		cmocka_unit_test(not_executable), cmocka_unit_test(odd_bytes),                    \
		cmocka_unit_test(refused), cmocka_unit_test(bad_layers), cmocka_unit_test(users), \
		cmocka_unit_test(environment), cmocka_unit_test(layers_are_merged),               \
		cmocka_unit_test(surroundings), cmocka_unit_test(isolated),                       \
		cmocka_unit_test(privileges), cmocka_unit_test(devices),                          \
		cmocka_unit_test(devices_in_mounts), cmocka_unit_test(descriptors_are_closed),    \
		cmocka_unit_test(networks), cmocka_unit_test(nothing_changed),                    \
		cmocka_unit_test(stubs_and_changes), cmocka_unit_test(times_restored),            \
		cmocka_unit_test(changes), cmocka_unit_test(owners),                              \
		cmocka_unit_test(runs_are_apart), cmocka_unit_test(without_layers),               \
		cmocka_unit_test(mounts), cmocka_unit_test(background_process_dies),              \
		cmocka_unit_test(at_the_same_time), cmocka_unit_test(timeout),                    \
		cmocka_unit_test(sink_failure), cmocka_unit_test(much_output),                    \
		cmocka_unit_test(interruption), cmocka_unit_test(parent_killed),                  \
		cmocka_unit_test(helper_killed), cmocka_unit_test(trees_are_kept),

static int run_groups(void)
{
	const struct CMUnitTest builtin[] = { TESTS };
	const struct CMUnitTest runc[] = { TESTS };
	const struct CMUnitTest crun[] = { TESTS };

	return cmocka_run_group_tests_name("sandbox/run built-in", builtin, setup_builtin,
					   teardown) +
	       cmocka_run_group_tests_name("sandbox/run runc", runc, setup_runc, teardown) +
	       cmocka_run_group_tests_name("sandbox/run crun", crun, setup_crun, teardown);
}

/* This program again, as another user. */
static int run_as(uid_t uid, gid_t gid, const char *name)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setenv("HOME", "/", 1);
		if ((name ? initgroups(name, gid) : setgroups(0, NULL)) < 0 ||
		    setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(100);
		execl("/proc/self/exe", "run", (char *)NULL);
		_exit(101);
	}
	waitpid(pid, &status, 0);
	return status;
}

int main(void)
{
	const char *name = env_get("RT_TEST_USER");
	const struct passwd *pw = getpwnam(name ? name : "rttest");
	enum { NOBODY_WITH_RANGES = 54321 };
	int failed;

	make_fixture();
	failed = run_groups();
	free_fixture();
	if (getuid() == 0)
		failed += run_as(NOBODY_WITH_RANGES, NOBODY_WITH_RANGES, NULL);
	if (getuid() == 0 && pw)
		failed += run_as(pw->pw_uid, pw->pw_gid, pw->pw_name);
	return failed != 0;
}
