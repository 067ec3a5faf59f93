// SPDX-License-Identifier: Apache-2.0
#include "sandbox/probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"

/* Choosing an engine by trying it. */

enum { CANDIDATE_CRUN, CANDIDATE_RUNC, CANDIDATE_BUILTIN, CANDIDATE_CHROOT, CANDIDATES };
static const char *const candidate_names[CANDIDATES] = { "crun", "runc", "built-in", "chroot" };

static bool is_wanted(int candidate, enum sandbox_isolation want)
{
	switch (want) {
	case ISOLATION_AUTO:
		return true;
	case ISOLATION_OCI:
		return candidate < CANDIDATE_BUILTIN;
	case ISOLATION_BUILTIN:
		return candidate == CANDIDATE_BUILTIN;
	case ISOLATION_CHROOT:
		return candidate == CANDIDATE_CHROOT;
	}
	return false;
}

void probe_init(struct probe *p)
{
	*p = (struct probe){ .reasons = BUF_INIT(64 * KIB) };
}

static char *find_candidate(int candidate)
{
	return candidate >= CANDIDATE_BUILTIN ? NULL : proc_find(candidate_names[candidate]);
}

/* What a result holds for: kernel, ids, and the binaries by their times. */
static void put_key(struct buf *out, const struct space *space, enum sandbox_isolation want)
{
	struct utsname kernel;

	if (uname(&kernel) < 0)
		return;
	buf_putf(out, "5 %s %s %s %s %llu %d %d", kernel.release, kernel.version,
		 sandbox_isolation_name(want), space_mode_name(space->mode),
		 (unsigned long long)space->uid_count, space->may_mount, space->bind_proc);
	for (int i = 0; i < CANDIDATE_BUILTIN; i++) {
		AUTO(auto_free) char *path = find_candidate(i);
		struct stat st;

		if (path && stat(path, &st) == 0)
			buf_putf(out, " %s %lld %lld", path, (long long)st.st_mtime,
				 (long long)st.st_size);
	}
	buf_put(out, "\n");
}

static char *record_name(enum sandbox_isolation want)
{
	return mem_printf("cache/sandbox-%s-%u", sandbox_isolation_name(want), geteuid());
}

/* The record: key, engine ("built-in" or a path), reasons. */
static bool recall(struct probe *p, const char *key, const char *store)
{
	AUTO(auto_free) char *name = record_name(p->want);
	AUTO(auto_free) char *path = mem_printf("%s/%s", store, name);
	AUTO(buf_free) struct buf text = BUF_INIT(64 * KIB);
	struct err ignored = { 0 };
	struct slice rest, line;

	if (!fs_read_path(&text, path, 64 * KIB, &ignored) || !str_has_prefix(text.ptr, key))
		return false;
	line = slice_cut(slice_of(text.ptr + strlen(key)), '\n', &rest);
	if (!line.len || !rest.ptr)
		return false;
	if (slice_eq(line, candidate_names[CANDIDATE_BUILTIN])) {
		p->engine.kind = ENGINE_BUILTIN;
	} else if (slice_eq(line, candidate_names[CANDIDATE_CHROOT])) {
		p->engine.kind = ENGINE_CHROOT;
	} else {
		p->engine.kind = ENGINE_OCI;
		p->engine.runtime = mem_strndup(line.ptr, line.len);
	}
	buf_put_bytes(&p->reasons, rest.ptr, rest.len);
	return true;
}

static void remember(const struct probe *p, const char *key, const char *store)
{
	AUTO(auto_free) char *name = record_name(p->want);
	AUTO(auto_free) char *path = mem_printf("%s/%s", store, name);
	AUTO(auto_free)
	char *text =
		mem_printf("%s%s\n%s", key,
			   p->engine.runtime                 ? p->engine.runtime
			   : p->engine.kind == ENGINE_CHROOT ? candidate_names[CANDIDATE_CHROOT]
							     : candidate_names[CANDIDATE_BUILTIN],
			   p->reasons.ptr);
	struct err ignored = { 0 };

	if (!fs_write_path_lossy(path, text, strlen(text), 0600, &ignored))
		err_clear(&ignored); /* then the next process probes again */
}

/* True when this one works. */
static bool try_candidate(struct probe *p, int candidate, const struct space *space,
			  probe_run_fn *run, void *arg)
{
	AUTO(auto_free) char *path = find_candidate(candidate);
	struct engine engine = { .kind = candidate == CANDIDATE_CHROOT    ? ENGINE_CHROOT
					 : candidate == CANDIDATE_BUILTIN ? ENGINE_BUILTIN
									  : ENGINE_OCI,
				 .runtime = path };
	struct sandbox_result result = { 0 };
	struct err err = { 0 };
	const char *name = candidate_names[candidate];

	if (engine.kind == ENGINE_OCI && !path) {
		buf_putf(&p->reasons, "%s: not installed\n", name);
		return false;
	}
	if (engine.kind != ENGINE_CHROOT && !space->may_mount) {
		buf_putf(&p->reasons, "%s: nothing can be mounted\n", name);
		return false;
	}
	if (!run(arg, &result, &engine, &err)) {
		buf_putf(&p->reasons, "%s: refused: %s\n", name, err.msg);
		if (!p->err.code)
			p->err = err;
		return false;
	}
	if (result.status) {
		buf_putf(&p->reasons, "%s: refused: the probe ended with status %d\n", name,
			 result.status);
		return false;
	}
	buf_putf(&p->reasons, "%s%s%s: probe ok\n", name, path ? " " : "", path ? path : "");
	if (engine.kind == ENGINE_CHROOT && space->bare)
		buf_put(&p->reasons, "no network namespace can be made: --network none is a system "
				     "call filter, without a loopback interface\n");
	p->engine = engine;
	path = NULL;
	return true;
}

static void nothing_works(struct probe *p)
{
	struct err first = p->err;

	err_clear(&p->err);
	err_set(&p->err, E_UNSUPPORTED, "no way to isolate a command works here: %s",
		p->reasons.len ? p->reasons.ptr : "nothing was tried");
	for (char *at = p->err.msg; *at; at++)
		*at = *at == '\n' ? ';' : *at;
	err_hint(&p->err, "%s",
		 first.hint[0] ? first.hint
			       : "install runc or crun, or run where namespaces may be made");
}

static void find_out(struct probe *p, const struct space *space, const char *store,
		     const struct buf *key, probe_run_fn *run, void *arg)
{
	/* Ours first: nothing to install, and half the time of a runtime (ADR 0012). */
	static const int order[] = { CANDIDATE_BUILTIN, CANDIDATE_CRUN, CANDIDATE_RUNC,
				     CANDIDATE_CHROOT };

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (is_wanted(order[i], p->want) && try_candidate(p, order[i], space, run, arg)) {
			err_clear(&p->err);
			remember(p, key->ptr, store);
			return;
		}
	nothing_works(p);
}

void probe_ensure(struct probe *p, const struct space *space, const char *store,
		  enum sandbox_isolation want, probe_run_fn *run, void *arg)
{
	AUTO(buf_free) struct buf key = BUF_INIT(64 * KIB);

	if (p->done && p->want == want)
		return;
	free(p->engine.runtime);
	buf_free(&p->reasons);
	probe_init(p);
	p->want = want;
	put_key(&key, space, want);
	if (!recall(p, key.ptr, store))
		find_out(p, space, store, &key, run, arg);
	p->done = true;
}
