// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "sandbox/launch.h"
#include "sandbox/program.h"

/* A command beside another one: into its namespaces, then as builtin.c starts the first. */

/* A pidfd's process, as our own /proc numbers it. */
static bool pid_of(long *out, int pidfd, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("/proc/self/fdinfo/%d", pidfd);
	AUTO(buf_free) struct buf text = BUF_INIT(4 * KIB);
	const char *line;

	if (!fs_read_path(&text, path, 4 * KIB, err))
		return false;
	line = strstr(text.ptr, "\nPid:");
	*out = line ? strtol(line + strlen("\nPid:"), NULL, 10) : -1;
	return *out > 0 || err_set(err, E_NOT_FOUND, "the command beside which to run has ended");
}

/* Those of its namespaces that are not ours anyway: to join one's own takes rights over it, which
 * an ordinary user has none over the host's. */
static bool spaces_of(int *flags_out, long pid, struct err *err)
{
	static const struct {
		const char *name;
		int flag;
	} spaces[] = { { "mnt", CLONE_NEWNS },   { "pid", CLONE_NEWPID },
		       { "ipc", CLONE_NEWIPC },  { "uts", CLONE_NEWUTS },
		       { "net", CLONE_NEWNET },  { "cgroup", CLONE_NEWCGROUP },
		       { "user", CLONE_NEWUSER } };

	*flags_out = 0;
	for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
		AUTO(auto_free) char *own = mem_printf("/proc/self/ns/%s", spaces[i].name);
		AUTO(auto_free) char *its = mem_printf("/proc/%ld/ns/%s", pid, spaces[i].name);
		struct stat a, b;

		if (stat(own, &a) < 0 || stat(its, &b) < 0)
			return err_set_errno(err, "look at the namespaces of process %ld", pid);
		if (a.st_ino != b.st_ino)
			*flags_out |= spaces[i].flag;
	}
	return *flags_out & CLONE_NEWNS ||
	       err_set(err, E_UNSUPPORTED,
		       "a command without a root of its own cannot be joined here");
}

/* *below_out: it lives in a user namespace below ours, as the caller (own_ids). */
static bool join(bool *below_out, int target, struct err *err)
{
	long pid;
	int flags;

	if (!pid_of(&pid, target, err) || !spaces_of(&flags, pid, err))
		return false;
	*below_out = flags & CLONE_NEWUSER;
	flags &= ~CLONE_NEWUSER;
	return setns(target, flags) == 0 ||
	       err_set_errno(err, "enter the namespaces of process %ld", pid);
}

/* We are there already. */
static bool stay(const struct container *c, struct err *err)
{
	(void)c;
	(void)err;
	return true;
}

bool exec_run(int *status_out, struct container *c, int target, const char *user,
	      const struct buf *filter, struct err *err)
{
	AUTO(program_free) struct program program = { 0 };
	AUTO(str_list_free) struct str_list env = { 0 };
	AUTO(auto_close) int root = -1;
	struct user who;
	bool below;

	if (!join(&below, target, err) || !fs_open_dir(&root, "/", err) ||
	    !user_find(&who, root, user, err))
		return false;
	for (size_t i = 0; c->env[i]; i++)
		str_list_push(&env, c->env[i]);
	if (!program_env(c->env, "HOME"))
		str_list_push_take(&env, mem_printf("HOME=%s", who.home));
	c->env = (const char *const *)str_list_argv(&env);
	c->user = &who;
	c->own_ids = below && container_is_own(c->space, &who);
	if (!c->own_ids && !container_has_ids(c->space, &who, err))
		return err_wrap(err, "user '%s'", user);
	program_find(&program, root, c->argv[0], c->env, c->cwd);
	if (!program.path) {
		container_say(c, program.why);
		*status_out = program.status;
		return true;
	}
	c->program = program.path;
	return launch_run(status_out, c, fork, stay, filter, err);
}
