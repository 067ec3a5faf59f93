// SPDX-License-Identifier: Apache-2.0
#include "sandbox/overlay.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "sandbox/points.h"
#include "sandbox/trees.h"

/* From trees to a mounted root. The mount itself is points.c's. */

static bool make_dirs(int dir, const char *path, struct err *err)
{
	static const char *const names[] = { "root", "upper", "work" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (mkdirat(dir, names[i], 0755) < 0)
			return err_set_errno(err, "make directory %s/%s", path, names[i]);
	return true;
}

/* The merged root is the upper directory's own inode: it must look like the highest layer's. */
static bool copy_root_metadata(int dir, const char *top, struct err *err)
{
	AUTO(auto_close) int upper = -1;
	struct stat st;

	if (!fs_open(&upper, dir, "upper", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err))
		return false;
	if (stat(top, &st) < 0)
		return err_set_errno(err, "%s", top);
	if (fchown(upper, st.st_uid, st.st_gid) < 0 || fchmod(upper, st.st_mode & 07777) < 0 ||
	    futimens(upper, (struct timespec[2]){ st.st_atim, st.st_mtim }) < 0)
		return err_set_errno(err, "prepare the upper directory");
	return true;
}

/* Highest first. A layer that is there twice (two steps that change nothing) is taken once, since
 * overlayfs refuses a directory that occurs again: what the lower one holds, the higher one holds
 * above it. */
static void list_trees(struct str_list *out, const char *store, const struct space *space,
		       const struct sandbox_layer *layers, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		char *path = trees_path(store, space->mode, digest_hex(&layers[i].diff_id).text);

		if (str_list_has(out, path))
			free(path);
		else
			str_list_push_take(out, path);
	}
}

bool overlay_mount(char **root_out, const char *dir, const char *store, const struct space *space,
		   const struct sandbox_layer *layers, size_t count, bool devices, struct err *err)
{
	AUTO(str_list_free) struct str_list lowers = { 0 };
	AUTO(auto_close) int fd = -1;

	if (count > LIMIT_LAYERS)
		return err_set(err, E_UNSUPPORTED,
			       "%zu layers are more than the %d an overlay can have", count,
			       LIMIT_LAYERS);
	list_trees(&lowers, store, space, layers, count);
	if (!fs_open_dir(&fd, dir, err) || !make_dirs(fd, dir, err) ||
	    (count && !copy_root_metadata(fd, lowers.items[0], err)) ||
	    !points_overlay(dir, (const char *const *)str_list_argv(&lowers), lowers.len,
			    space->mode != SPACE_ROOT, devices, err))
		return false;
	*root_out = mem_printf("%s/root", dir);
	return true;
}
