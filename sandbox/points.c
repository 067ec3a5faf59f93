// SPDX-License-Identifier: Apache-2.0
#include "sandbox/points.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Mounts as data, and the few functions that perform them. <linux/mount.h> and <sys/mount.h>
 * exclude each other. */
int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data);

const char *const points_masked[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	NULL,
};

const char *const points_readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

void points_free(struct points *p)
{
	free(STEAL(p->items));
	arena_free(&p->arena);
	p->len = p->cap = 0;
}

static void add(struct points *p, struct point point)
{
	*ARRAY_PUSH(p) = point;
}

/* Those of BuildKit's WithInsecureSpec (util/entitlements/security), as far as the host has them.
 */
static void add_devices(struct points *p)
{
	static const char *const nodes[] = { "kmsg", "cuse", "fuse", "kvm", "net/tun" };
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dev = -1;
	struct err ignored = { 0 };

	if (!fs_open_dir(&dev, "/dev", &ignored) ||
	    !fs_list(&names, dev, ".", FS_BENEATH_NOLINK, &ignored))
		err_clear(&ignored); /* a host without device nodes */
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
		str_list_push(&names, nodes[i]);
	for (size_t i = 0; i < names.len; i++) {
		const char *path = arena_printf(&p->arena, "/dev/%s", names.items[i]);
		bool is_wanted =
			i >= names.len - ARRAY_LEN(nodes) || str_has_prefix(names.items[i], "loop");

		if (is_wanted && access(path, F_OK) == 0)
			add(p, (struct point){ "bind", path, path, MS_BIND, NULL, false });
	}
}

void points_add_standard(struct points *p, const struct space *space, bool network,
			 uint64_t shm_size, bool insecure)
{
	/* Group tty is 5 in every distribution; an id that is not mapped must not be named. */
	bool has_tty = space->gid_count > 5;
	/* A fresh sysfs shows a network namespace; the kernel gives it only to who owns that one.
	 */
	bool own_sysfs = space->mode == SPACE_ROOT || !network;
	const unsigned long quiet = MS_NOSUID | MS_NOEXEC | MS_NODEV;
	const unsigned long sys = quiet | (insecure ? 0 : MS_RDONLY);

	if (space->bind_proc)
		add(p, (struct point){ "bind", "/proc", "/proc", MS_BIND | MS_REC | quiet, NULL,
				       false });
	else
		add(p, (struct point){ "proc", "proc", "/proc", quiet, NULL, false });
	add(p, (struct point){ "tmpfs", "tmpfs", "/dev", MS_NOSUID | MS_STRICTATIME,
			       "mode=755,size=65536k", false });
	add(p, (struct point){ "devpts", "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
			       has_tty ? "newinstance,ptmxmode=0666,mode=0620,gid=5"
				       : "newinstance,ptmxmode=0666,mode=0620",
			       false });
	add(p, (struct point){ "tmpfs", "shm", "/dev/shm", quiet,
			       arena_printf(&p->arena, "mode=1777,size=%llu",
					    (unsigned long long)(shm_size ? shm_size : 64 * MIB)),
			       false });
	add(p, (struct point){ "mqueue", "mqueue", "/dev/mqueue", quiet, NULL, false });
	if (own_sysfs)
		add(p, (struct point){ "sysfs", "sysfs", "/sys", sys, NULL, false });
	else
		add(p,
		    (struct point){ "bind", "/sys", "/sys", MS_BIND | MS_REC | sys, NULL, false });
	if (insecure && space->mode == SPACE_ROOT)
		add_devices(p);
}

void points_add_bind(struct points *p, const char *source, const char *target, bool read_only,
		     bool ours)
{
	/* A command may mknod, and what is bound outlives it: no device opens there. */
	unsigned long flags = MS_BIND | MS_REC | MS_NODEV | (read_only ? MS_RDONLY : 0);

	add(p, (struct point){ "bind", arena_strdup(&p->arena, source),
			       arena_strdup(&p->arena, target), flags, NULL, ours });
}

static const struct {
	unsigned long flag;
	const char *name;
} flag_names[] = {
	{ MS_RDONLY, "ro" },     { MS_NOSUID, "nosuid" },           { MS_NODEV, "nodev" },
	{ MS_NOEXEC, "noexec" }, { MS_STRICTATIME, "strictatime" },
};

static json_t *oci_options(const struct point *p)
{
	struct slice rest = slice_of(p->data);
	json_t *list = json_array();

	if (p->flags & MS_BIND)
		json_array_append_new(list, json_string(p->flags & MS_REC ? "rbind" : "bind"));
	for (size_t i = 0; i < ARRAY_LEN(flag_names); i++)
		if (p->flags & flag_names[i].flag)
			json_array_append_new(list, json_string(flag_names[i].name));
	while (rest.ptr) {
		struct slice option = slice_cut(rest, ',', &rest);

		if (option.len)
			json_array_append_new(list, json_stringn(option.ptr, option.len));
	}
	return list;
}

json_t *points_oci(const struct points *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->len; i++) {
		json_t *item = json_object();

		json_object_set_new(item, "destination", json_string(p->items[i].target));
		json_object_set_new(item, "type", json_string(p->items[i].type));
		json_object_set_new(item, "source", json_string(p->items[i].source));
		json_object_set_new(item, "options", oci_options(&p->items[i]));
		json_array_append_new(list, item);
	}
	return list;
}

/* mount(2) wants a path; this one names the file we hold, whatever is renamed meanwhile. */
struct fd_name {
	char text[32];
};

static struct fd_name fd_name(int fd)
{
	struct fd_name name;

	snprintf(name.text, sizeof(name.text), "/proc/self/fd/%d", fd);
	return name;
}

/* Flags of a bind mount; those the source has and a user namespace may not take away stay as they
 * are. */
static bool set_attributes(int root, const char *target, unsigned long flags, struct err *err)
{
	struct mount_attr attr = { .attr_set = (flags & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0) |
					       (flags & MS_NOSUID ? MOUNT_ATTR_NOSUID : 0) |
					       (flags & MS_NODEV ? MOUNT_ATTR_NODEV : 0) |
					       (flags & MS_NOEXEC ? MOUNT_ATTR_NOEXEC : 0) };
	AUTO(auto_close) int fd = -1;

	if (!attr.attr_set)
		return true;
	/* Opened again: the descriptor from before lies under the new mount. */
	if (!fs_open(&fd, root, target, O_PATH, 0, FS_IN_ROOT, err))
		return false;
	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) <
	    0)
		return err_set_errno(err, "protect %s", target);
	return true;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool make_target(const struct point *p, int root, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent parent = { .fd = -1 };
	AUTO(auto_free) char *above = fs_join(p->target, "..");
	AUTO(auto_close) int fd = -1;

	if (!(p->flags & MS_BIND) || is_dir(p->source))
		return fs_mkdir_p(root, p->target, 0755, FS_IN_ROOT, err);
	if (!fs_mkdir_p(root, above, 0755, FS_IN_ROOT, err) ||
	    !fs_open_parent(&parent, root, p->target, FS_IN_ROOT, err))
		return false;
	fd = openat(parent.fd, parent.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0644);
	return fd >= 0 || errno == EEXIST || err_set_errno(err, "make %s", p->target);
}

bool point_mount(const struct point *p, int root, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	bool bind = p->flags & MS_BIND;
	unsigned long flags = bind ? p->flags & (MS_BIND | MS_REC) : p->flags;

	if (!fs_open(&fd, root, p->target, O_PATH, 0, FS_IN_ROOT, err)) {
		err_clear(err);
		if (!make_target(p, root, err) ||
		    !fs_open(&fd, root, p->target, O_PATH, 0, FS_IN_ROOT, err))
			return err_wrap(err, "mount point");
	}
	if (mount(p->source, fd_name(fd).text, p->type, flags, p->data) < 0) {
		err_set_errno(err, "mount %s on %s", p->source, p->target);
		err->code = E_UNSUPPORTED;
		return false;
	}
	return !bind || set_attributes(root, p->target, p->flags, err);
}

/* An absent path needs no mask. */
static bool open_if_there(int *fd_out, int root, const char *path, struct err *err)
{
	if (fs_open(fd_out, root, path, O_PATH, 0, FS_IN_ROOT, err))
		return true;
	if (err->code != E_NOT_FOUND)
		return false;
	err_clear(err);
	*fd_out = -1;
	return true;
}

bool point_mask(int root, const char *path, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	struct stat st;
	int rc;

	if (!open_if_there(&fd, root, path, err))
		return false;
	if (fd < 0)
		return true;
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", path);
	rc = S_ISDIR(st.st_mode) ? mount("tmpfs", fd_name(fd).text, "tmpfs",
					 MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0")
				 : mount("/dev/null", fd_name(fd).text, NULL, MS_BIND, NULL);
	return rc == 0 || err_set_errno(err, "hide %s", path);
}

bool point_protect(int root, const char *path, struct err *err)
{
	AUTO(auto_close) int fd = -1;

	if (!open_if_there(&fd, root, path, err))
		return false;
	if (fd < 0)
		return true;
	if (mount(fd_name(fd).text, fd_name(fd).text, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_set_errno(err, "protect %s", path);
	return set_attributes(root, path, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, err);
}

static char *overlay_options(const char *const *lowers, size_t count, bool userxattr,
			     struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * 1024);

	buf_put(&text, "lowerdir=");
	for (size_t i = 0; i < count; i++) {
		char name[24];

		snprintf(name, sizeof(name), "l%zu", i);
		if (symlink(lowers[i], name) < 0) {
			err_set_errno(err, "link %s", lowers[i]);
			return NULL;
		}
		buf_putf(&text, "%s%s", i ? ":" : "", name);
	}
	if (!count) {
		if (mkdir("empty", 0755) < 0) {
			err_set_errno(err, "make an empty directory");
			return NULL;
		}
		buf_put(&text, "empty");
	}
	buf_put(&text, ",upperdir=upper,workdir=work,index=off");
	/* Plain copies, whatever the module's defaults: an upper directory must be readable on its
	 * own. userxattr implies that. */
	buf_put(&text, userxattr ? ",userxattr" : ",metacopy=off,redirect_dir=off");
	return buf_steal(&text);
}

bool points_overlay(const char *dir, const char *const *lowers, size_t count, bool userxattr,
		    bool devices, struct err *err)
{
	/* Without fsync where the kernel can (5.10): the upper directory does not outlive the run.
	 */
	static const char *const extras[] = { ",volatile", "" };
	AUTO(auto_free) char *options = NULL;

	if (chdir(dir) < 0)
		return err_set_errno(err, "%s", dir);
	options = overlay_options(lowers, count, userxattr, err);
	if (!options)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(extras); i++) {
		AUTO(auto_free)
		char *data = mem_printf("%s%s", options, extras[i]);

		/* No device of an image opens unasked: what it says is data, not our hardware. */
		if (mount("overlay", "root", "overlay", devices ? 0 : MS_NODEV, data) == 0)
			return true;
	}
	err_set_errno(err, "mount an overlay of %zu layers in %s", count, dir);
	err->code = E_UNSUPPORTED;
	return err_hint(err, "overlayfs needs a file system with d_type and user xattrs under the "
			     "store; move it with --store");
}
