// SPDX-License-Identifier: Apache-2.0
#include "sandbox/run.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/diff.h"
#include "layers/tar.h"
#include "sandbox/container.h"
#include "sandbox/copied.h"
#include "sandbox/leftover.h"
#include "sandbox/mounts.h"
#include "sandbox/overlay.h"
#include "sandbox/probe_program.h"
#include "sandbox/program.h"
#include "sandbox/stubs.h"
#include "sandbox/trees.h"

/* From a request to a mounted root, a finished command and its changes. */

/* Everything that lives for one run. */
struct state {
	const struct run *run;
	int root;        /* the merged tree */
	char *root_path; /* its host path */
	struct stubs stubs;
	struct points points;
	struct mounts mounts;
	struct copied copied;
	struct user user;
	bool own_ids; /* of container.h */
	struct program program;
	struct str_list env;
	char *cwd; /* where it really is */
};

static void state_free(struct state *s)
{
	auto_close(&s->root);
	free(STEAL(s->root_path));
	free(STEAL(s->cwd));
	stubs_free(&s->stubs);
	points_free(&s->points);
	mounts_free(&s->mounts);
	copied_free(&s->copied);
	program_free(&s->program);
	str_list_free(&s->env);
}

static bool is_copied(const struct state *s)
{
	return s->run->engine->kind == ENGINE_CHROOT;
}

/* Overlay of the request's trees, in a mount namespace of this process. */
static bool mount_root(struct state *s, struct err *err)
{
	const struct request *req = s->run->request;

	if (!workdir_mkdir(s->run->work, "bundle", 0700, err))
		return false;
	if (is_copied(s)) {
		s->root_path = mem_printf("%s/root", s->run->work->path);
		return copied_make(&s->root, &s->copied, err);
	}
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set_errno(err, "make a mount namespace");
	return overlay_mount(&s->root_path, s->run->work->path, req->store, s->run->space,
			     req->layers, req->layer_count, req->insecure, err) &&
	       fs_open_dir(&s->root, s->root_path, err);
}

/* Files for the runtime live in memory: the environment may hold secrets, which never reach the
 * disk. */
static bool mount_scratch(const struct state *s, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/bundle", s->run->work->path);

	return is_copied(s) ||
	       mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700") == 0 ||
	       err_set_errno(err, "mount a tmpfs on %s", path);
}

bool container_is_own(const struct space *space, const struct user *user)
{
	return (space->mode == SPACE_USERNS || space->mode == SPACE_SINGLE) &&
	       user->uid == space->own_uid && (user->gid == space->own_gid || user->gid == 0);
}

/* With nothing of the host's mounted the image's owners matter more, unless there is but one. */
static bool wants_own_ids(const struct state *s)
{
	const struct request *r = s->run->request;

	return r->own_ids && s->run->engine->kind == ENGINE_BUILTIN &&
	       (r->mount_count || s->run->space->mode == SPACE_SINGLE) &&
	       container_is_own(s->run->space, &s->user);
}

bool container_has_ids(const struct space *space, const struct user *user, struct err *err)
{
	uint64_t highest = user->gid;

	for (size_t i = 0; space->may_setgroups && i < user->group_count; i++)
		if (user->groups[i] > highest)
			highest = user->groups[i];
	return space_has_owner(space, user->uid, highest, err);
}

static bool find_user(struct state *s, struct err *err)
{
	if (!user_find(&s->user, s->root, s->run->request->user, err))
		return false;
	s->own_ids = wants_own_ids(s);
	return s->own_ids || container_has_ids(s->run->space, &s->user, err) ||
	       err_wrap(err, "user '%s'", s->run->request->user);
}

static void make_env(struct state *s)
{
	const char *const *env = s->run->request->env;

	for (size_t i = 0; env[i]; i++)
		str_list_push(&s->env, env[i]);
	if (!program_env(env, "HOME"))
		str_list_push_take(&s->env, mem_printf("HOME=%s", s->user.home));
	str_list_argv(&s->env);
}

static bool write_scratch(const struct state *s, const char *name, const void *data, size_t len,
			  struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/bundle/%s", s->run->work->path, name);

	return fs_write_path_lossy(path, data, len, 0644, err);
}

/* The host's resolver for the host's network; names that are always known. */
static bool write_network_files(const struct state *s, struct err *err)
{
	AUTO(buf_free) struct buf resolv = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_free)
	char *hosts =
		mem_printf("127.0.0.1\tlocalhost %s\n::1\tlocalhost ip6-localhost ip6-loopback\n%s",
			   s->run->request->hostname, s->run->request->hosts);

	if (s->run->request->network &&
	    !fs_read_path(&resolv, "/etc/resolv.conf", LIMIT_SETTINGS_FILE, err)) {
		if (err->code != E_NOT_FOUND)
			return false;
		err_clear(err);
	}
	return write_scratch(s, "resolv.conf", resolv.ptr, resolv.len, err) &&
	       write_scratch(s, "hosts", hosts, strlen(hosts), err);
}

/* The mount points of the kernel's own file systems; in an image they are directories, never links
 * elsewhere. */
static bool add_standard(struct state *s, struct err *err)
{
	static const char *const targets[] = { "/proc", "/dev", "/sys" };

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		AUTO(auto_free) char *real = NULL;

		if (!stubs_make(&real, &s->stubs, targets[i], true, err))
			return false;
		if (!str_eq(real, targets[i]))
			return err_set(err, E_INPUT, "%s of the image is a link to %s", targets[i],
				       real);
	}
	points_add_standard(&s->points, s->run->space, s->run->request->network,
			    s->run->request->shm_size, s->run->request->insecure);
	return true;
}

static bool put_file(struct state *s, const char *source, const char *target, struct err *err)
{
	return is_copied(s) ? copied_put(&s->copied, source, target, err)
			    : mounts_bind(&s->mounts, source, target, true, err);
}

static bool add_points(struct state *s, struct err *err)
{
	static const struct {
		const char *name, *target;
	} files[] = { { "resolv.conf", "/etc/resolv.conf" }, { "hosts", "/etc/hosts" } };

	s->mounts = (struct mounts){ .space = s->run->space,
				     .request = s->run->request,
				     .work = s->run->work,
				     .stubs = &s->stubs,
				     .points = &s->points };
	if (!add_standard(s, err) || !write_network_files(s, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		AUTO(auto_free)
		char *source = mem_printf("%s/bundle/%s", s->run->work->path, files[i].name);

		if (!put_file(s, source, files[i].target, err))
			return false;
	}
	return is_copied(s) ? copied_mount(&s->copied, err) : mounts_add(&s->mounts, err);
}

static bool make_cwd(struct state *s, struct err *err)
{
	AUTO(auto_free) char *path = fs_join("/", s->run->request->cwd);

	if (mounts_in_ours(path)) {
		s->cwd = STEAL(path);
		return true;
	}
	return stubs_make(&s->cwd, &s->stubs, path, true, err) ||
	       err_wrap(err, "working directory");
}

static bool prepare(struct state *s, struct err *err)
{
	if (!mount_root(s, err) || !mount_scratch(s, err))
		return false;
	if (s->run->probe && !probe_program_plant(s->root, err))
		return false;
	if (!find_user(s, err) || !stubs_init(&s->stubs, s->root, err))
		return false;
	make_env(s);
	if (!add_points(s, err) || !make_cwd(s, err))
		return false;
	return is_copied(s) ? copied_settle(&s->copied, err) : stubs_settle(&s->stubs, err);
}

void container_say(const struct container *c, const char *why)
{
	AUTO(auto_free) char *text = mem_printf("rtbuild: %s\n", why);
	struct err ignored = { 0 };

	if (!fs_write_all(c->stderr_fd, text, strlen(text), &ignored))
		err_clear(&ignored); /* nobody reads: the status says it too */
}

static bool execute(int *status_out, struct state *s, struct err *err)
{
	const struct run *r = s->run;
	AUTO(auto_free) char *scratch = mem_printf("%s/bundle", r->work->path);
	/* The probe found out whether a chroot can have one. */
	const struct buf *filter = r->request->insecure || !r->filter->len ? NULL : r->filter;
	struct container c = {
		.space = r->space,
		.id = r->work->name,
		.root = s->root_path,
		.scratch = scratch,
		.argv = r->request->argv,
		.env = (const char *const *)str_list_argv(&s->env),
		.cwd = s->cwd,
		.hostname = r->request->hostname,
		.user = &s->user,
		.own_ids = s->own_ids,
		.points = &s->points,
		.network = r->request->network,
		.insecure = r->request->insecure,
		.limits = r->request->limits,
		.limit_count = r->request->limit_count,
		.stdin_fd = r->fds[REQUEST_STDIN_FD],
		.stdout_fd = r->fds[REQUEST_STDOUT_FD],
		.stderr_fd = r->fds[REQUEST_STDERR_FD],
		.started_fd = r->fds[REQUEST_STARTED_FD],
	};

	program_find(&s->program, s->root, c.argv[0], c.env, s->cwd);
	if (!s->program.path) {
		container_say(&c, s->program.why);
		*status_out = s->program.status;
		return true;
	}
	c.program = s->program.path;
	switch (r->engine->kind) {
	case ENGINE_OCI:
		return oci_run(status_out, &c, r->engine->runtime, err);
	case ENGINE_BUILTIN:
		return builtin_run(status_out, &c, filter, err);
	case ENGINE_CHROOT:
		return chroot_run(status_out, &c, filter, err);
	case ENGINE_NONE:
		break;
	}
	return err_set(err, E_UNSUPPORTED, "there is no way to isolate a command here");
}

/* With one id everything is root's in the tree; what a layer said of a file's owner stands beside
 * it. */
static void restore_owner(struct entry *e)
{
	for (size_t i = 0; i < e->xattr_count; i++) {
		struct slice gid, text = { e->xattrs[i].value, e->xattrs[i].len };
		struct slice uid = slice_cut(text, ':', &gid);
		uint64_t u, g;

		if (!str_eq(e->xattrs[i].name, TREES_OWNER_XATTR))
			continue;
		if (gid.ptr && str_to_u64(&u, uid, LIMIT_ID) && str_to_u64(&g, gid, LIMIT_ID)) {
			e->uid = (int64_t)u;
			e->gid = (int64_t)g;
		}
		memmove(&e->xattrs[i], &e->xattrs[i + 1],
			(e->xattr_count - i - 1) * sizeof(e->xattrs[0]));
		e->xattr_count--;
		return;
	}
}

static bool write_diff(const struct run *r, int upper, struct err *err)
{
	AUTO(entry_list_free) struct entry_list entries = { 0 };
	AUTO(auto_tar_writer_close) struct tar_writer *tar = NULL;
	struct sink_fd to = sink_fd(r->fds[REQUEST_DIFF_FD]);

	if (!diff_overlay(&entries, upper, NULL, err) || !tar_writer_open(&tar, &to.sink, err))
		return false;
	for (size_t i = 0; i < entries.len; i++) {
		if (r->space->mode == SPACE_SINGLE)
			restore_owner(&entries.items[i]);
		if (!tar_writer_add(tar, &entries.items[i], err))
			return false;
	}
	return tar_writer_finish(tar, err);
}

/* The overlay goes first: its upper directory is only ours to change when it is not mounted. */
static bool collect(struct state *s, struct err *err)
{
	AUTO(auto_close) int upper = -1;

	if (is_copied(s))
		return copied_upper(&upper, &s->copied, err) && write_diff(s->run, upper, err);
	auto_close(&s->root);
	if (umount2(s->root_path, 0) < 0)
		return err_set_errno(err, "unmount %s", s->root_path);
	return fs_open(&upper, s->run->work->fd, "upper", O_RDONLY | O_DIRECTORY, 0,
		       FS_BENEATH_NOLINK, err) &&
	       stubs_remove(&s->stubs, upper, err) && write_diff(s->run, upper, err);
}

bool run_command(struct sandbox_result *out, const struct run *r, struct err *err)
{
	AUTO(state_free) struct state s = { .run = r, .root = -1, .copied = COPIED_INIT };
	bool ok;

	*out = (struct sandbox_result){ 0 };
	s.copied.space = r->space;
	s.copied.request = r->request;
	s.copied.work = r->work;
	s.copied.stubs = &s.stubs;
	leftover_adopt();
	ok = prepare(&s, err) && execute(&out->status, &s, err);
	/* Its own namespace ended what it left, where it had one. */
	leftover_kill();
	if (!ok)
		return false;
	if (out->status || !r->request->want_diff)
		return true;
	out->diff_written = true;
	return collect(&s, err);
}
