// SPDX-License-Identifier: Apache-2.0
#include "sandbox/program.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

/* Finding a program in a tree that is not ours. */

void program_free(struct program *p)
{
	free(STEAL(p->path));
	free(STEAL(p->why));
}

const char *program_env(const char *const *env, const char *name)
{
	size_t len = strlen(name);
	const char *found = NULL;

	for (size_t i = 0; env[i]; i++)
		if (strncmp(env[i], name, len) == 0 && env[i][len] == '=')
			found = env[i] + len + 1;
	return found;
}

/* A script whose interpreter is not there cannot be executed either, and execve blames the script.
 */
static bool has_interpreter(int root, const char *path)
{
	AUTO(auto_close) int fd = -1;
	AUTO(auto_close) int interpreter = -1;
	AUTO(auto_free) char *name = NULL;
	struct err ignored = { 0 };
	char head[256];
	struct slice line, rest;
	ssize_t n;

	if (!fs_open(&fd, root, path, O_RDONLY | O_NONBLOCK, 0, FS_IN_ROOT, &ignored))
		return true; /* execute-only: execve will tell */
	n = read(fd, head, sizeof(head));
	if (n < 2 || memcmp(head, "#!", 2) != 0)
		return true;
	line = slice_cut((struct slice){ head + 2, (size_t)n - 2 }, '\n', &rest);
	line = slice_trim(line, " \t");
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] == ' ' || line.ptr[i] == '\t')
			line.len = i;
	name = mem_strndup(line.ptr, line.len);
	return *name != '/' || fs_open(&interpreter, root, name, O_PATH, 0, FS_IN_ROOT, &ignored);
}

/* 0: may be run; else the status a shell gives. */
static int look(int root, const char *path)
{
	AUTO(auto_close) int fd = -1;
	struct err ignored = { 0 };
	struct stat st;

	if (!fs_open(&fd, root, path, O_PATH, 0, FS_IN_ROOT, &ignored) || fstat(fd, &st) < 0)
		return 127;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return 126;
	return has_interpreter(root, path) ? 0 : 127;
}

static void find_on_path(struct program *out, int root, const char *name, const char *path,
			 const char *cwd)
{
	struct slice rest = slice_of(path);

	out->status = 127;
	while (rest.ptr) {
		struct slice dir = slice_cut(rest, ':', &rest);
		AUTO(auto_free) char *under = mem_strndup(dir.ptr, dir.len);
		AUTO(auto_free) char *from = fs_join(cwd, under);
		char *full = fs_join(from, name);
		int status = look(root, full);

		if (!status) {
			out->path = full;
			out->status = 0;
			return;
		}
		if (status == 126 && out->status == 127) {
			free(out->why);
			out->why = mem_printf("exec: \"%s\": permission denied", full);
			out->status = 126;
		}
		free(full);
	}
	if (!out->why)
		out->why = mem_printf("exec: \"%s\": executable file not found in $PATH", name);
}

void program_find(struct program *out, int root, const char *name, const char *const *env,
		  const char *cwd)
{
	const char *path = program_env(env, "PATH");
	char *full;

	*out = (struct program){ 0 };
	if (!strchr(name, '/')) {
		find_on_path(out, root, name, path ? path : PROGRAM_DEFAULT_PATH, cwd);
		return;
	}
	full = fs_join(cwd, name);
	out->status = look(root, full);
	if (!out->status) {
		out->path = full;
		return;
	}
	out->why =
		mem_printf("exec: \"%s\": %s", full,
			   out->status == 127 ? "no such file or directory" : "permission denied");
	free(full);
}
