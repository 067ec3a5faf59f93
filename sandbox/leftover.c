// SPDX-License-Identifier: Apache-2.0
#include "sandbox/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

/* The end of processes that have no namespace of their own. */

void leftover_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* The fourth word of /proc/PID/stat, behind the name in parentheses. */
static pid_t parent_of(const char *pid)
{
	AUTO(buf_free) struct buf text = BUF_INIT(4 * KIB);
	char path[64];
	struct err ignored = { 0 };
	const char *at;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	if (!fs_read_path(&text, path, 4 * KIB, &ignored))
		return -1;
	at = strrchr(text.ptr, ')');
	return at && strlen(at) > 4 ? (pid_t)strtol(at + 4, NULL, 10) : -1;
}

/* Everybody is asked for his parent: not every kernel lists children. */
static void kill_children(void)
{
	AUTO(str_list_free) struct str_list all = { 0 };
	AUTO(auto_close) int proc = -1;
	struct err ignored = { 0 };

	if (!fs_open_dir(&proc, "/proc", &ignored) ||
	    !fs_list(&all, proc, ".", FS_BENEATH_NOLINK, &ignored))
		return;
	for (size_t i = 0; i < all.len; i++) {
		uint64_t pid;

		if (str_to_u64(&pid, slice_of(all.items[i]), INT32_MAX) &&
		    parent_of(all.items[i]) == getpid())
			kill((pid_t)pid, SIGKILL);
	}
}

static void kill_all(void)
{
	/* The first of a process namespace: everybody in it is ours, and /proc may show another. */
	if (getpid() == 1)
		kill(-1, SIGKILL);
	else
		kill_children();
}

void leftover_kill(void)
{
	/* Who is killed leaves its children to us: again, until none is left. */
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno != EINTR)
			return;
		if (pid)
			continue;
		kill_all();
		if (waitpid(-1, NULL, 0) < 0 && errno != EINTR)
			return;
	}
}
