// SPDX-License-Identifier: Apache-2.0
#include "base/destination.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* Files that commands write streams to. */

static bool open_stdout(struct destination *out, struct err *err)
{
	if (isatty(STDOUT_FILENO)) {
		err_set(err, E_USAGE, "an archive is not written to a terminal");
		return err_hint(err, "name a file, or send standard output into a pipe");
	}
	out->sink = sink_fd(STDOUT_FILENO);
	return true;
}

/* A FIFO or a device must stay what it is; a link is followed, as the shell's > does. */
static bool open_special(struct destination *out, const char *path, struct err *err)
{
	out->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (out->fd < 0)
		return err_set_errno(err, "%s", path);
	out->sink = sink_fd(out->fd);
	return true;
}

static bool open_file(struct destination *out, const char *path, struct err *err)
{
	AUTO(auto_free) char *real = fs_absolute(path);
	AUTO(auto_free) char *copy = mem_strdup(real ? real : path);
	char *slash = strrchr(copy, '/');
	const char *name = slash ? slash + 1 : copy;

	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return err_set(err, E_USAGE, "'%s' names a directory, not a file", path);
	if (strlen(name) > NAME_MAX)
		return err_set(err, E_USAGE, "'%s': the name is too long", path);
	snprintf(out->name, sizeof(out->name), "%s", name);
	if (slash)
		*slash = '\0';
	if (!fs_open_dir(&out->dir, slash ? (*copy ? copy : "/") : ".", err) ||
	    !fs_tmp_open(&out->tmp, out->dir, err))
		return err_wrap(err, "%s", path);
	out->sink = sink_fd(out->tmp.fd);
	return true;
}

/* What it lies in, which must be there and may be written to. */
static bool check_above(const char *path, struct err *err)
{
	AUTO(auto_free) char *real = fs_absolute(path);
	AUTO(auto_free) char *copy = mem_strdup(real ? real : path);
	char *slash = strrchr(copy, '/');
	const char *above = !slash ? "." : slash == copy ? "/" : copy;

	if (slash)
		*slash = '\0';
	return faccessat(AT_FDCWD, above, W_OK, AT_EACCESS) == 0 || err_set_errno(err, "%s", path);
}

bool destination_check(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, E_USAGE, "'%s' is a directory, not a file", path);
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ||
		       err_set_errno(err, "%s", path);
	return check_above(path, err);
}

bool destination_open(struct destination *out, const char *path, struct err *err)
{
	struct stat st;

	*out = (struct destination)DESTINATION_INIT;
	if (str_eq(path, "-"))
		return open_stdout(out, err);
	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return open_file(out, path, err);
	if (S_ISDIR(st.st_mode))
		return err_set(err, E_USAGE, "'%s' is a directory, not a file", path);
	return open_special(out, path, err);
}

bool destination_commit(struct destination *d, struct err *err)
{
	return d->dir < 0 || fs_tmp_commit(&d->tmp, d->dir, d->name, d->mode, err);
}

void destination_close(struct destination *d)
{
	fs_tmp_close(&d->tmp);
	auto_close(&d->dir);
	auto_close(&d->fd);
	d->dir = d->fd = -1;
}
