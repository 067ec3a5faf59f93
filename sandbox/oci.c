// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "sandbox/caps.h"
#include "sandbox/container.h"
#include "sandbox/limit.h"
#include "sandbox/seccomp.h"

/* A command through runc or crun: a bundle (OCI runtime-spec 1.0.2) and one process. */

/* NULL when one of them is not UTF-8: JSON has no way to say it. */
static json_t *texts(const char *const *items)
{
	AUTO(auto_json_decref) json_t *list = json_array();

	for (size_t i = 0; items[i]; i++)
		if (json_array_append_new(list, json_string(items[i])) < 0)
			return NULL;
	return STEAL(list);
}

static json_t *user_json(const struct container *c)
{
	json_t *user = json_pack("{s:I,s:I,s:i}", "uid", (json_int_t)c->user->uid, "gid",
				 (json_int_t)c->user->gid, "umask", 022);
	json_t *groups = json_array();

	for (size_t i = 0; c->space->may_setgroups && i < c->user->group_count; i++)
		json_array_append_new(groups, json_integer(c->user->groups[i]));
	json_object_set_new(user, "additionalGids", groups);
	return user;
}

/* JSON's integers end below "none": such a limit the runtime inherits, and hands on. */
static bool is_inherited(const struct sandbox_limit *l)
{
	return l->hard > INT64_MAX;
}

static json_t *limits_json(const struct container *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->limit_count; i++) {
		const struct sandbox_limit *l = &c->limits[i];

		if (!is_inherited(l))
			json_array_append_new(
				list, json_pack("{s:o,s:I,s:I}", "type",
						json_sprintf("RLIMIT_%s", limit_name(l->resource)),
						"soft", (json_int_t)l->soft, "hard",
						(json_int_t)l->hard));
	}
	return list;
}

static json_t *process_json(const struct container *c)
{
	return json_pack("{s:b,s:o,s:o,s:o,s:s,s:o,s:b,s:o}", "terminal", 0, "user", user_json(c),
			 "args", texts(c->argv), "env", texts(c->env), "cwd", c->cwd,
			 "capabilities", c->insecure ? caps_oci_all() : caps_oci(c->user->uid == 0),
			 "noNewPrivileges", 0, "rlimits", limits_json(c));
}

static json_t *linux_json(const struct container *c)
{
	json_t *doc = json_object(), *spaces = json_array();
	const char *kinds[] = { "mount",
				c->space->bind_proc ? NULL : "pid",
				"ipc",
				"uts",
				c->network ? NULL : "network",
				c->space->pure_cgroup2 ? "cgroup" : NULL };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i])
			json_array_append_new(spaces, json_pack("{s:s}", "type", kinds[i]));
	json_object_set_new(doc, "namespaces", spaces);
	if (!c->insecure) {
		json_object_set_new(doc, "maskedPaths", texts(points_masked));
		json_object_set_new(doc, "readonlyPaths", texts(points_readonly));
		json_object_set_new(doc, "seccomp", seccomp_oci());
	}
	if (c->space->mode != SPACE_ROOT)
		return doc;
	/* Root may mknod: the device cgroup keeps it from the host's disks. The name lets us find
	 * what a killed runtime leaves. */
	json_object_set_new(doc, "cgroupsPath", json_sprintf("/rtbuild-%s", c->id));
	json_object_set_new(
		doc, "resources",
		json_pack("{s:[{s:b,s:s}]}", "devices", "allow", c->insecure, "access", "rwm"));
	return doc;
}

static bool write_bundle(const struct container *c, struct err *err)
{
	AUTO(auto_json_decref)
	json_t *doc =
		json_pack("{s:s,s:s,s:o,s:{s:s,s:b},s:o,s:o}", "ociVersion", "1.0.2", "hostname",
			  c->hostname, "process", process_json(c), "root", "path", c->root,
			  "readonly", 0, "mounts", points_oci(c->points), "linux", linux_json(c));
	AUTO(auto_free) char *path = mem_printf("%s/config.json", c->scratch);
	AUTO(auto_free) char *text = NULL;
	size_t len;

	if (!doc)
		return err_set(err, E_INPUT,
			       "arguments or environment are not UTF-8, which an OCI runtime "
			       "cannot "
			       "be told") ||
		       err_hint(err, "use --isolation builtin");
	text = json_text(doc, &len);
	return fs_write_path_lossy(path, text, len, 0600, err);
}

/* The last error a runtime logged, in lines of JSON; NULL when it logged none: warnings are noise.
 */
static char *logged_error(const char *path)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_RUNTIME_LOG);
	struct err ignored = { 0 };
	struct slice rest;
	char *found = NULL;

	if (!fs_read_path(&text, path, LIMIT_RUNTIME_LOG, &ignored))
		return NULL;
	rest = slice_of(text.ptr);
	while (rest.ptr) {
		struct slice line = slice_cut(rest, '\n', &rest);
		AUTO(auto_json_decref) json_t *doc = NULL;
		const char *level, *msg;

		err_clear(&ignored);
		if (!line.len || !json_parse(&doc, line.ptr, line.len, "runtime log", &ignored))
			continue;
		level = json_text_member(doc, "level");
		msg = json_text_member(doc, "msg");
		if (!level || !msg || !(str_eq(level, "error") || str_eq(level, "fatal")))
			continue;
		free(found);
		found = str_printable(msg, strlen(msg), ERR_MSG_MAX / 2);
	}
	return found;
}

/*
 * crun 1.8.1 takes v1 cgroups beside v2 for an error; shown the unified hierarchy alone it works.
 * Only this process's mount namespace sees that.
 */
static void show_unified_cgroup(const struct container *c)
{
	if (c->space->hybrid &&
	    mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL, MS_BIND | MS_REC, NULL) < 0)
		return; /* crun will say so */
}

static bool is_crun(const char *runtime)
{
	return str_eq(fs_basename(runtime), "crun");
}

/*
 * In the foreground runc gives the command pipes and copies from them, so that output and errors
 * lose their order; detached it gives our own descriptors. crun always does, and when detached it
 * may reap a quick command itself.
 */
static bool is_detached(const char *runtime)
{
	return !is_crun(runtime);
}

static void runtime_args(struct str_list *out, const struct container *c, const char *runtime)
{
	str_list_push(out, runtime);
	str_list_push_take(out, mem_printf("--root=%s/state", c->scratch));
	str_list_push_take(out, mem_printf("--log=%s/log", c->scratch));
	str_list_push(out, "--log-format=json");
	/* Without privilege there is no cgroup to manage; runc finds that out itself. */
	if (is_crun(runtime))
		str_list_push(out, c->space->mode == SPACE_ROOT ? "--cgroup-manager=cgroupfs"
								: "--cgroup-manager=disabled");
	str_list_push(out, "run");
	if (is_detached(runtime)) {
		str_list_push(out, "--detach");
		str_list_push_take(out, mem_printf("--pid-file=%s/pid", c->scratch));
	}
	str_list_push_take(out, mem_printf("--bundle=%s", c->scratch));
	str_list_push(out, c->id);
}

/* It did not get as far as the command: the command's fault or the isolation's? */
static bool not_started(int *status_out, const struct container *c, const char *runtime,
			const char *why, struct err *err)
{
	bool exec = strstr(why, "exec");

	if (exec && strstr(why, "o such file or directory"))
		*status_out = 127;
	else if (exec && (strstr(why, "ermission denied") || strstr(why, "xec format error")))
		*status_out = 126;
	else
		return err_set(err, E_UNSUPPORTED, "%s: %s", fs_basename(runtime), why);
	container_say(c, why);
	return true;
}

/* The command's own process: with its runtime gone it is ours, since we are the first of this pid
 * namespace. */
static bool wait_command(int *status_out, const struct container *c, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/pid", c->scratch);
	AUTO(buf_free) struct buf text = BUF_INIT(64);
	uint64_t pid;

	if (!fs_read_path(&text, path, 64, err))
		return false;
	if (!str_to_u64(&pid, slice_trim(slice_of(text.ptr), "\n"), INT32_MAX) || !pid)
		return err_set(err, E_IO, "the runtime names no process: '%s'", text.ptr);
	return proc_wait(status_out, (pid_t)pid, err);
}

/* With the limits it inherits, which are not ours to keep. */
static bool start_limited(pid_t *pid_out, const struct container *c, const struct proc_spec *spec,
			  struct err *err)
{
	struct rlimit before[RLIM_NLIMITS];
	bool ok = true;

	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &before[i]) < 0)
			return err_set_errno(err, "getrlimit");
	for (size_t i = 0; ok && i < c->limit_count; i++)
		ok = !is_inherited(&c->limits[i]) || limit_set(&c->limits[i], err);
	ok = ok && proc_start(pid_out, spec, err);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (setrlimit((__rlimit_resource_t)i, &before[i]) < 0 && ok)
			return err_set_errno(err, "setrlimit");
	return ok;
}

static bool run_runtime(int *status_out, const struct container *c, const char *runtime,
			struct err *err)
{
	/* Nothing of ours but a PATH: runtimes look for little, and the command's environment is in
	 * the bundle. */
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	AUTO(str_list_free) struct str_list argv = { 0 };
	struct proc_spec spec = { .env = env,
				  .stdin_fd = c->stdin_fd,
				  .stdout_fd = c->stdout_fd,
				  .stderr_fd = c->stderr_fd };
	pid_t pid;

	runtime_args(&argv, c, runtime);
	spec.argv = (const char *const *)str_list_argv(&argv);
	return start_limited(&pid, c, &spec, err) && proc_wait(status_out, pid, err);
}

bool oci_run(int *status_out, const struct container *c, const char *runtime, struct err *err)
{
	AUTO(auto_free) char *log = mem_printf("%s/log", c->scratch);
	AUTO(auto_free) char *why = NULL;

	if (!write_bundle(c, err))
		return false;
	if (is_crun(runtime))
		show_unified_cgroup(c);
	/* Runtimes tell their children's pids by /proc. */
	if (!c->space->bind_proc &&
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		err_set_errno(err, "mount /proc");
		err->code = E_UNSUPPORTED;
		return err_hint(err, "this looks like a container with a masked /proc; a "
				     "sandbox inside it needs more rights");
	}
	if (!run_runtime(status_out, c, runtime, err))
		return false;
	if (*status_out == 0)
		return !is_detached(runtime) || wait_command(status_out, c, err);
	why = logged_error(log);
	if (why)
		return not_started(status_out, c, runtime, why, err);
	return !is_detached(runtime) ||
	       err_set(err, E_UNSUPPORTED, "%s ended with status %d and no reason",
		       fs_basename(runtime), *status_out);
}

void oci_sweep(const char *id)
{
	static const char *const base = "/sys/fs/cgroup";
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_free) char *own = mem_printf("%s/rtbuild-%s", base, id);
	AUTO(auto_close) int dir = -1;
	struct err ignored = { 0 };

	rmdir(own);
	if (!fs_open_dir(&dir, base, &ignored) ||
	    !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, &ignored))
		return;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free)
		char *path = mem_printf("%s/%s/rtbuild-%s", base, names.items[i], id);

		rmdir(path);
	}
}
