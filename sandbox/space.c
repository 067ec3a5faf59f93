// SPDX-License-Identifier: Apache-2.0
#include "sandbox/space.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"

/* Entering namespaces and mapping ids. What is mounted inside is run.c's. */

const char *space_mode_name(enum space_mode mode)
{
	switch (mode) {
	case SPACE_ROOT:
		return "root";
	case SPACE_USERNS:
		return "userns";
	case SPACE_SINGLE:
		return "single";
	case SPACE_PLAIN:
		return "plain";
	}
	return "";
}

bool space_has_owner(const struct space *s, uint64_t uid, uint64_t gid, struct err *err)
{
	if (uid < s->uid_count && gid < s->gid_count)
		return true;
	err_set(err, E_UNSUPPORTED, "%llu:%llu has no id here: the user namespace has %llu",
		(unsigned long long)uid, (unsigned long long)gid, (unsigned long long)s->uid_count);
	return err_hint(err, "give this user a range of 65536 ids in /etc/subuid and /etc/subgid");
}

/* The kernel takes 340 lines; nobody has more than a few. */
enum { RANGES_MAX = 32 };

static void map_add(struct space_map *m, uint64_t inside, uint64_t outside, uint64_t count)
{
	str_list_push_take(&m->args, mem_printf("%llu", (unsigned long long)inside));
	str_list_push_take(&m->args, mem_printf("%llu", (unsigned long long)outside));
	str_list_push_take(&m->args, mem_printf("%llu", (unsigned long long)count));
	m->count = inside + count;
}

void space_map_parse(struct space_map *out, struct slice file, const char *name, uint32_t uid,
		     uint32_t id)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", uid);
	map_add(out, 0, id, 1);
	while (file.ptr && out->args.len < 3 * RANGES_MAX) {
		struct slice line = slice_cut(file, '\n', &file), owner, rest;
		uint64_t start, count;

		owner = slice_cut(line, ':', &rest);
		if (!rest.ptr || !(slice_eq(owner, number) || (name && slice_eq(owner, name))))
			continue;
		line = slice_cut(rest, ':', &rest);
		if (rest.ptr && str_to_u64(&start, line, UINT32_MAX - 1) &&
		    str_to_u64(&count, rest, LIMIT_ID) && count)
			map_add(out, out->count, start, count);
	}
}

static void map_free(struct space_map *m)
{
	str_list_free(&m->args);
}

static void map_load(struct space_map *out, const char *path, uint32_t id)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	const struct passwd *pw = getpwuid(getuid());
	struct err ignored = { 0 };

	if (!fs_read_path(&text, path, LIMIT_SETTINGS_FILE, &ignored))
		buf_clear(&text);
	space_map_parse(out, slice_of(text.ptr), pw ? pw->pw_name : NULL, getuid(), id);
}

/* newuidmap and newgidmap are setuid or have file capabilities: they may map what /etc/subuid
 * grants. */
static bool map_by_tool(const char *tool, pid_t pid, const struct space_map *map, int report)
{
	AUTO(str_list_free) struct str_list argv = { 0 };
	struct proc_spec spec = { .stdin_fd = -1, .stdout_fd = report, .stderr_fd = report };
	struct err err = { 0 };
	int status;
	pid_t child;

	str_list_push(&argv, tool);
	str_list_push_take(&argv, mem_printf("%d", (int)pid));
	for (size_t i = 0; i < map->args.len; i++)
		str_list_push(&argv, map->args.items[i]);
	spec.argv = (const char *const *)str_list_argv(&argv);
	if (proc_start(&child, &spec, &err) && proc_wait(&status, child, &err))
		return status == 0;
	if (write(report, err.msg, strlen(err.msg)) < 0)
		return false; /* then it stays unsaid */
	return false;
}

/* The process outside that maps the ids of `pid`, once it has unshared; its exit status says
 * whether it did. */
static void __attribute__((noreturn))
mapper(pid_t pid, int go, int report, const struct space_map *uids, const struct space_map *gids)
{
	char byte;

	_exit(read(go, &byte, 1) == 1 && map_by_tool("newuidmap", pid, uids, report) &&
			      map_by_tool("newgidmap", pid, gids, report)
		      ? 0
		      : 1);
}

static bool write_file(const char *path, const char *text, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_set_errno(err, "%s", path);
	return true;
}

/* After the unshare: ours, `uid` and `gid` outside, are the only ids, and called so inside. */
static bool map_single(uid_t inside_uid, gid_t inside_gid, uid_t uid, gid_t gid, struct err *err)
{
	AUTO(auto_free) char *uid_line = mem_printf("%u %u 1\n", inside_uid, uid);
	AUTO(auto_free) char *gid_line = mem_printf("%u %u 1\n", inside_gid, gid);

	return write_file("/proc/self/setgroups", "deny", err) &&
	       write_file("/proc/self/uid_map", uid_line, err) &&
	       write_file("/proc/self/gid_map", gid_line, err);
}

static bool no_user_namespace(struct err *err)
{
	err_set_errno(err, "cannot make a user namespace");
	err->code = E_UNSUPPORTED;
	return err_hint(err, "run as root, or let users make user namespaces (sysctl "
			     "user.max_user_namespaces, kernel.unprivileged_userns_clone)");
}

bool space_enter_own(uint32_t uid, uint32_t gid, struct err *err)
{
	return unshare(CLONE_NEWUSER) == 0 ? map_single(uid, gid, 0, 0, err)
					   : no_user_namespace(err);
}

struct mapping {
	pid_t pid;
	int go, report;
};

static void mapping_close(struct mapping *m)
{
	auto_close(&m->go);
	auto_close(&m->report);
	if (m->pid > 0)
		waitpid(m->pid, NULL, 0);
	m->pid = -1;
}

static bool mapping_start(struct mapping *m, const struct space_map *uids,
			  const struct space_map *gids, struct err *err)
{
	int go[2], report[2];
	pid_t self = getpid();

	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
		return err_set_errno(err, "pipe");
	m->pid = fork();
	if (m->pid == 0) {
		close(go[1]);
		mapper(self, go[0], report[1], uids, gids);
	}
	close(go[0]);
	close(report[1]);
	m->go = go[1];
	m->report = report[0];
	return m->pid > 0 || err_set_errno(err, "fork");
}

/* After the unshare: let it map and wait. False when this host's tools refused; their words are in
 * `said`. */
static bool mapping_finish(struct mapping *m, struct buf *said)
{
	struct err ignored = { 0 };
	int status = 1;

	if (write(m->go, "", 1) != 1 || !fs_read_fd(said, m->report, ERR_MSG_MAX, &ignored))
		return false;
	while (said->len && said->ptr[said->len - 1] == '\n')
		said->ptr[--said->len] = '\0';
	while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR)
		;
	m->pid = -1;
	return status == 0;
}

static bool enter_user(struct space *out, struct err *err)
{
	AUTO(map_free) struct space_map uids = { 0 };
	AUTO(map_free) struct space_map gids = { 0 };
	AUTO(buf_free) struct buf said = BUF_INIT(2 * ERR_MSG_MAX);
	AUTO(mapping_close) struct mapping mapping = { .pid = -1, .go = -1, .report = -1 };
	uid_t uid = geteuid();
	gid_t gid = getegid();
	bool many;

	out->own_uid = uid;
	out->own_gid = gid;
	map_load(&uids, "/etc/subuid", uid);
	map_load(&gids, "/etc/subgid", gid);
	many = uids.count > 1 && gids.count > 1;
	if (many && !mapping_start(&mapping, &uids, &gids, err))
		return false;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return no_user_namespace(err);
	if (many && mapping_finish(&mapping, &said)) {
		out->mode = SPACE_USERNS;
		out->uid_count = uids.count;
		out->gid_count = gids.count;
		out->may_setgroups = true;
		buf_putf(&out->reason, "user namespace with %llu subordinate ids",
			 (unsigned long long)uids.count - 1);
		return setgroups(0, NULL) == 0 || err_set_errno(err, "setgroups");
	}
	if (!map_single(0, 0, uid, gid, err))
		return false;
	out->mode = SPACE_SINGLE;
	out->uid_count = out->gid_count = 1;
	buf_putf(&out->reason,
		 "user namespace with a single id (%s): commands that change owners fail, and "
		 "owners in "
		 "the base are shown as root",
		 said.len ? said.ptr : "no range in /etc/subuid and /etc/subgid");
	return true;
}

static void find_cgroups(struct space *out)
{
	struct statfs fs;

	out->pure_cgroup2 = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
	out->hybrid = !out->pure_cgroup2 && statfs("/sys/fs/cgroup/unified", &fs) == 0 &&
		      fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* The next number of a line whose columns are apart by blanks. */
static uint64_t next_number(struct slice *line)
{
	struct slice rest = slice_trim(*line, " ");
	struct slice word = slice_cut(rest, ' ', line);
	uint64_t n;

	return str_to_u64(&n, word, UINT32_MAX) ? n : 0;
}

/* How many ids, from 0, exist in the user namespace we are in; the host's own has all an uint32 can
 * hold. */
static uint64_t own_ids(const char *path)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * KIB);
	struct err ignored = { 0 };
	struct slice rest;
	uint64_t end = 0;

	if (!fs_read_path(&text, path, 64 * KIB, &ignored))
		return UINT32_MAX;
	rest = slice_of(text.ptr);
	while (rest.ptr) {
		struct slice line = slice_cut(rest, '\n', &rest);
		uint64_t inside = next_number(&line);

		next_number(&line); /* what it is outside */
		inside += next_number(&line);
		end = inside > end ? inside : end;
	}
	return end;
}

static void enter_root(struct space *out)
{
	out->uid_count = own_ids("/proc/self/uid_map");
	out->gid_count = own_ids("/proc/self/gid_map");
	out->mode = out->uid_count >= UINT32_MAX ? SPACE_ROOT
		    : out->uid_count > 1         ? SPACE_USERNS
						 : SPACE_SINGLE;
	out->may_setgroups = out->mode != SPACE_SINGLE;
	buf_put(&out->reason, out->mode == SPACE_ROOT
				      ? "root: a private mount namespace"
				      : "root of a user namespace: a private mount namespace");
}

/* Nothing is made, nothing is left. */
static void stay(struct space *out)
{
	out->bare = true;
	out->uid_count = own_ids("/proc/self/uid_map");
	out->gid_count = own_ids("/proc/self/gid_map");
	out->mode = out->uid_count > 1 ? SPACE_PLAIN : SPACE_SINGLE;
	out->may_setgroups = out->uid_count > 1;
	buf_put(&out->reason, "root without the right to make namespaces: the container's own");
}

/* In a child, since what it does cannot be undone. */
static bool works(bool (*attempt)(void))
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0)
		_exit(attempt() ? 0 : 1);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}

static bool may_unshare_user(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
}

/* The kernel gives one only to who sees all of another: not in a container that masks some of it.
 */
static bool may_mount_proc(void)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	pid = fork();
	if (pid == 0)
		_exit(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Nothing mounted from here on is seen outside. */
static void find_rights(struct space *out)
{
	out->may_mount = !out->bare && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	if (!out->may_mount) {
		buf_put(&out->reason, "; nothing can be mounted");
		return;
	}
	/* Root of the host is never refused one. */
	out->bind_proc = out->mode != SPACE_ROOT && !works(may_mount_proc);
	if (out->bind_proc)
		buf_put(&out->reason, "; no /proc of its own can be mounted: the one there is "
				      "shown, and processes are not hidden");
}

bool space_enter(struct space *out, struct err *err)
{
	*out = (struct space){ .reason = BUF_INIT(4 * ERR_MSG_MAX) };
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0)
		enter_root(out);
	else if (geteuid() == 0 && !works(may_unshare_user))
		stay(out);
	else if (!enter_user(out, err))
		return false;
	find_rights(out);
	find_cgroups(out);
	return true;
}
