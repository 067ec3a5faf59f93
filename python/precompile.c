// SPDX-License-Identifier: Apache-2.0
#include "python/precompile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "base/proc.h"

/*
 * One interpreter for all modules: a question is a line "PATH-LENGTH SOURCE-LENGTH" and both; the
 * answer a line with a length and the bytes, or -1.
 */

static const char program[] =
	"import sys, importlib.util as u\n"
	"from importlib import _bootstrap_external as b\n"
	"i, o = sys.stdin.buffer, sys.stdout.buffer\n"
	"v = sys.version_info\n"
	"print(sys.implementation.name, v[0], v[1], sys.implementation.cache_tag,\n"
	"      '.'.join(map(str, v[:3])), u.MAGIC_NUMBER.hex(), flush=True)\n"
	"for line in iter(i.readline, b''):\n"
	"    n, m = map(int, line.split())\n"
	"    path, source = i.read(n).decode('utf-8', 'surrogateescape'), i.read(m)\n"
	"    try:\n"
	"        code = compile(source, path, 'exec', dont_inherit=True, optimize=0)\n"
	"        pyc = bytes(b._code_to_hash_pyc(code, u.source_hash(source), False))\n"
	"    except Exception:\n"
	"        pyc = None\n"
	"    o.write(b'-1\\n' if pyc is None else b'%d\\n' % len(pyc))\n"
	"    o.write(pyc or b'')\n"
	"    o.flush()\n";

struct precompiled {
	size_t modules, failed;     /* compiled, and not */
	uint64_t source_size, size; /* of those compiled, and what came of them */
};

struct precompiler {
	struct lock lock;
	pid_t pid;
	int to, from;
	char *interpreter;
	const char *argv[10];
	struct precompiler_host host; /* start NULL: a process of our own */
	bool is_hosted;               /* it was started there */
	char tag[64], identity[128];
	struct arena arena;
	struct map known; /* key -> struct slice * */
	struct precompiled count;
	char line[256]; /* of an answer */
};

void precompiler_close(struct precompiler *p)
{
	struct err ignored = { 0 };
	int status;

	if (!p)
		return;
	if (p->to >= 0)
		close(p->to); /* the end of its questions: it ends */
	if (p->from >= 0)
		close(p->from);
	if (p->is_hosted && !p->host.end(p->host.arg, &ignored))
		err_clear(&ignored);
	if (p->pid > 0 && !proc_wait(&status, p->pid, &ignored))
		err_clear(&ignored);
	map_free(&p->known);
	arena_free(&p->arena);
	lock_free(&p->lock);
	free(p->interpreter);
	free(p);
}

static bool died(const struct precompiler *p, struct err *err)
{
	err_set(err, E_UNSUPPORTED, "%s ended without an answer", p->interpreter);
	return err_hint(err, "--precompile takes a Python that runs on this machine");
}

/* Waits for more of an answer; an interruption ends that. */
static bool read_some(struct precompiler *p, char *out, size_t cap, size_t *len_out,
		      struct err *err)
{
	struct pollfd fds[2] = { { .fd = p->from, .events = POLLIN },
				 { .fd = cancel_fd(), .events = POLLIN } };
	int ready = poll(fds, 2, LIMIT_PRECOMPILE_MS);
	ssize_t len;

	if (!cancel_check(err))
		return false;
	if (ready == 0)
		return err_set(err, E_UNSUPPORTED, "%s takes too long", p->interpreter);
	len = read(p->from, out, cap);
	if (len < 0 && errno != EINTR)
		return err_set_errno(err, "%s", p->interpreter);
	if (len == 0)
		return died(p, err);
	*len_out = len < 0 ? 0 : (size_t)len;
	return true;
}

static bool read_exactly(struct precompiler *p, char *out, size_t want, struct err *err)
{
	while (want) {
		size_t len = 0;

		if (!read_some(p, out, want, &len, err))
			return false;
		out += len;
		want -= len;
	}
	return true;
}

/* A byte at a time: what follows the line is not ours to take. Lines are short. */
static bool read_line(struct precompiler *p, struct err *err)
{
	for (size_t i = 0; i + 1 < sizeof(p->line); i++) {
		if (!read_exactly(p, &p->line[i], 1, err))
			return false;
		if (p->line[i] == '\n') {
			p->line[i] = '\0';
			return true;
		}
	}
	return err_set(err, E_UNSUPPORTED, "%s does not answer as a Python does", p->interpreter);
}

static bool start(struct precompiler *p, struct err *err)
{
	/* -E would drop the hash seed with the rest; the environment is ours alone. */
	static const char *const env[] = { "PYTHONHASHSEED=0", "LC_ALL=C.UTF-8",
					   "PATH=/usr/local/bin:/usr/bin:/bin", NULL };
	static const char *const options[] = { "-s", "-S", "-B", "-W", "ignore", "-c", program };
	AUTO(auto_close) int child_in = -1;
	AUTO(auto_close) int child_out = -1;
	struct proc_spec spec = { .argv = p->argv, .env = env, .cwd = "/", .stderr_fd = -1 };
	int in[2], out[2];

	p->argv[0] = p->interpreter;
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		p->argv[1 + i] = options[i];
	if (pipe2(in, O_CLOEXEC) < 0)
		return err_set_errno(err, "make a pipe");
	child_in = in[0];
	p->to = in[1];
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set_errno(err, "make a pipe");
	p->from = out[0];
	child_out = out[1];
	if (p->host.start) {
		p->is_hosted = p->host.start(p->host.arg, p->argv, env, child_in, child_out, err);
		return p->is_hosted;
	}
	spec.stdin_fd = child_in;
	spec.stdout_fd = child_out;
	return proc_start(&p->pid, &spec, err);
}

/* "cpython 3 11 cpython-311 3.11.2 a70d0d0a" */
static bool check_answer(struct precompiler *p, int minor, struct err *err)
{
	enum { NAME, MAJOR, MINOR, TAG, VERSION, MAGIC, WORDS };
	struct slice words[WORDS] = { { 0 } }, rest = slice_of(p->line);
	size_t count = 0;
	uint64_t have;

	while (rest.ptr && count < WORDS)
		words[count++] = slice_cut(rest, ' ', &rest);
	if (count < WORDS || rest.ptr || !str_to_u64(&have, words[MINOR], 999) || !words[TAG].len)
		return err_set(err, E_UNSUPPORTED, "%s does not answer as a Python does",
			       p->interpreter);
	if (!slice_eq(words[NAME], "cpython") || !slice_eq(words[MAJOR], "3") ||
	    have != (uint64_t)minor) {
		err_set(err, E_INPUT,
			"%s is " SLICE_FMT " " SLICE_FMT ", the packages are for CPython 3.%d",
			p->interpreter, SLICE_ARG(words[NAME]), SLICE_ARG(words[VERSION]), minor);
		return err_hint(err, "bytecode is of one minor version: name a python3.%d", minor);
	}
	snprintf(p->tag, sizeof(p->tag), SLICE_FMT, SLICE_ARG(words[TAG]));
	snprintf(p->identity, sizeof(p->identity), SLICE_FMT " " SLICE_FMT,
		 SLICE_ARG(words[VERSION]), SLICE_ARG(words[MAGIC]));
	return true;
}

/* Where it ended unasked, its host knows why. */
static bool explain(struct precompiler *p, struct err *err)
{
	struct err why = { 0 };

	if (!p->is_hosted || err->code == E_CANCELLED)
		return false;
	close(p->to);
	close(p->from);
	p->to = p->from = -1;
	p->is_hosted = false;
	if (!p->host.end(p->host.arg, &why))
		*err = why;
	return false;
}

static bool open_by(struct precompiler **out, struct precompiler *p, int minor, struct err *err)
{
	if (minor < 7) {
		precompiler_close(p);
		return err_set(err, E_INPUT, "Python 3.%d has no bytecode by hash (PEP 552)",
			       minor);
	}
	if (!start(p, err) || !read_line(p, err) || !check_answer(p, minor, err)) {
		(void)explain(p, err);
		precompiler_close(p);
		return err_wrap(err, "--precompile");
	}
	*out = p;
	return true;
}

static struct precompiler *make(char *interpreter)
{
	struct precompiler *p = mem_alloc(sizeof(*p));

	lock_init(&p->lock);
	p->to = p->from = -1;
	p->interpreter = interpreter;
	return p;
}

bool precompiler_open(struct precompiler **out, const char *interpreter, int minor, struct err *err)
{
	AUTO(auto_free)
	char *path = strchr(interpreter, '/') ? fs_absolute(interpreter) : proc_find(interpreter);

	if (!path && str_eq(interpreter, "base")) {
		err_set(err, E_USAGE,
			"--precompile base: there is no base image whose Python the packages are "
			"for");
		return err_hint(err, "name a Python that runs on this machine by its path");
	}
	if (!path)
		return err_set(err, E_NOT_FOUND, "--precompile: there is no %s", interpreter);
	return open_by(out, make(STEAL(path)), minor, err);
}

bool precompiler_open_in(struct precompiler **out, const struct precompiler_host *host, int minor,
			 struct err *err)
{
	struct precompiler *p = make(mem_strdup(host->interpreter));

	p->host = *host;
	return open_by(out, p, minor, err);
}

const char *precompiler_tag(const struct precompiler *p)
{
	return p->tag;
}

const char *precompiler_identity(const struct precompiler *p)
{
	return p->identity;
}

static bool ask(struct slice *out, struct precompiler *p, const char *path, struct slice source,
		struct err *err)
{
	AUTO(auto_free) char *head = mem_printf("%zu %zu\n%s", strlen(path), source.len, path);
	uint64_t len;
	char *bytes;

	*out = (struct slice){ 0 };
	if (!fs_write_all(p->to, head, strlen(head), err) ||
	    !fs_write_all(p->to, source.ptr, source.len, err)) {
		err_clear(err);
		return died(p, err);
	}
	if (!read_line(p, err))
		return false;
	if (str_eq(p->line, "-1")) {
		p->count.failed++;
		return true;
	}
	if (!str_to_u64(&len, slice_of(p->line), LIMIT_BYTECODE))
		return err_set(err, E_UNSUPPORTED, "%s: bytecode of '%s' bytes", path, p->line);
	bytes = arena_alloc(&p->arena, (size_t)len + 1);
	if (!read_exactly(p, bytes, (size_t)len, err))
		return false;
	*out = (struct slice){ bytes, (size_t)len };
	p->count.modules++;
	p->count.source_size += source.len;
	p->count.size += len;
	return true;
}

static bool compile_once(struct slice *out, struct precompiler *p, const char *path,
			 struct slice source, struct err *err)
{
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	AUTO(auto_free) char *key = NULL;
	struct slice *known;

	sha256_of(hash, source.ptr, source.len);
	hex_format(hex, hash, sizeof(hash));
	key = mem_printf("%s %s", hex, path);
	known = map_get(&p->known, key);
	if (!known) {
		known = ARENA_NEW(&p->arena, struct slice);
		if (!ask(known, p, path, source, err))
			return false;
		map_put(&p->known, key, known);
	}
	*out = *known;
	return true;
}

bool precompiler_compile(struct slice *out, struct precompiler *p, const char *path,
			 struct slice source, struct err *err)
{
	bool ok;

	lock_take(&p->lock);
	ok = compile_once(out, p, path, source, err);
	lock_drop(&p->lock);
	return ok || err_wrap(err, "--precompile: %s", path);
}

void precompiler_report(struct precompiler *p, struct events *events)
{
	struct precompiled count;

	if (!p)
		return;
	lock_take(&p->lock);
	count = p->count;
	lock_drop(&p->lock);
	event_note(events, "%zu modules precompiled: %s of bytecode beside %s of source",
		   count.modules, str_format_size(count.size).text,
		   str_format_size(count.source_size).text);
	if (count.failed)
		event_note(events, "%zu files named .py are no Python 3 and have none",
			   count.failed);
}
