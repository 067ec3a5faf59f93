// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"

/* rtbuild shim install: this program as `docker`, for clients that look for one on PATH. */

struct shim_args {
	const char *dir;
	bool force;
};

/* clang-format off */
static const struct opt install_opts[] = {
	OPT_ARG("DIR",          struct shim_args, dir,   "a directory that is on PATH before docker's own"),
	OPT_FLAG('f', "force",  struct shim_args, force, "replace what is there under that name"),
	OPT_END
};
/* clang-format on */

static bool self_path(char **out, struct err *err)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path));

	if (len < 0 || (size_t)len >= sizeof(path))
		return err_set_errno(err, "find out where this program is");
	*out = mem_strndup(path, (size_t)len);
	return true;
}

/* Replaced by rename, so that a docker is there at every moment. */
static bool link_to(int dir, const char *self, const char *link, struct err *err)
{
	AUTO(auto_free) char *fresh = mem_printf(".docker.%ld", (long)getpid());

	if (symlinkat(self, dir, fresh) != 0)
		return err_set_errno(err, "make %s", link);
	if (renameat(dir, fresh, dir, "docker") == 0)
		return true;
	err_set_errno(err, "make %s", link);
	unlinkat(dir, fresh, 0);
	return false;
}

static bool install(struct session *s, void *arg, struct err *err)
{
	const struct shim_args *args = arg;
	AUTO(auto_free) char *self = NULL, *absolute = NULL, *link = NULL;
	AUTO(auto_close) int dir = -1;
	char held[PATH_MAX];
	ssize_t len;

	if (!self_path(&self, err) || !fs_open_dir_p(&dir, args->dir, 0755, err))
		return false;
	absolute = fs_absolute(args->dir);
	if (!absolute)
		return err_set_errno(err, "find %s", args->dir);
	link = mem_printf("%s/docker", absolute);
	len = readlinkat(dir, "docker", held, sizeof(held));
	if (len >= 0 && (size_t)len == strlen(self) && strncmp(held, self, (size_t)len) == 0)
		return session_print(link, err);
	if (!args->force && (len >= 0 || errno != ENOENT)) {
		err_set(err, E_USAGE, "%s is there already, and is not this program", link);
		return err_hint(err, "--force replaces it");
	}
	if (!link_to(dir, self, link, err))
		return false;
	event_note(s->events, "put it first: PATH=%s:$PATH", absolute);
	return session_print(link, err);
}

static const struct cmd shim_install = {
	.name = "install",
	.summary = "link this program as DIR/docker",
	.about = "Clients that call docker then build, push and run with rtbuild: `rtbuild docker "
		 "--help` lists the verbs.",
	.example = "  rtbuild shim install ~/.local/bin",
	.opts = install_opts,
	.args_size = sizeof(struct shim_args),
	.run = install,
};

static const struct cmd *const subs[] = { &shim_install, NULL };

const struct cmd cmd_shim = {
	.name = "shim",
	.summary = "stand in for docker on PATH",
	.subs = subs,
};
