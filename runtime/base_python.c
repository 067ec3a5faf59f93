// SPDX-License-Identifier: Apache-2.0
#include "runtime/base_python.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/base_image.h"
#include "python/elf.h"
#include "runtime/base_version.h"

/* From the files of a base image to the Python it has. */

/* Where Pythons are: the official images', conda's, AWS Lambda's, a distribution's. */
static const struct place {
	const char *bin, *prefix, *packages;
} places[] = {
	/* clang-format off */
	{ "usr/local/bin", "usr/local", "site-packages" },
	{ "opt/conda/bin", "opt/conda", "site-packages" },
	{ "var/lang/bin",  "var/lang",  "site-packages" },
	{ "usr/bin",       "usr",       "site-packages" },
	{ "usr/bin",       "usr/local", "dist-packages" }, /* Debian's, see place_of */
	/* clang-format on */
};
enum { PLACE_DISTRIBUTION = 3, PLACE_DEBIAN = 4, PLACES = 4 /* to look at */ };

/* What a machine is called in the names of C libraries. */
static const struct machine {
	const char *architecture, *triple, *musl;
} machines[] = {
	/* clang-format off */
	{ "amd64",   "x86_64-linux-gnu",          "x86_64" },
	{ "arm64",   "aarch64-linux-gnu",         "aarch64" },
	{ "arm",     "arm-linux-gnueabihf",       "armhf" },
	{ "386",     "i386-linux-gnu",            "i386" },
	{ "ppc64le", "powerpc64le-linux-gnu",     "powerpc64le" },
	{ "s390x",   "s390x-linux-gnu",           "s390x" },
	{ "riscv64", "riscv64-linux-gnu",         "riscv64" },
	/* clang-format on */
};

/* An image being looked at, and what it told so far. */
struct look {
	const struct base_python_request *req;
	struct base_image *base;
	const struct image *image;
	int want;             /* minor; -1: any */
	int minor;            /* found; -1: none */
	int patch;            /* -1: not said */
	size_t place;         /* of places */
	struct str_list seen; /* interpreters, wanted or not: "/usr/bin/python3.9" */
	struct buf program;   /* the interpreter */
	char libc[32];        /* "" until found */
	char *libc_path;
};

static void look_free(struct look *l)
{
	str_list_free(&l->seen);
	buf_free(&l->program);
	free(l->libc_path);
	base_image_close(l->base);
}

void base_python_free(struct base_python *p)
{
	arena_free(&p->arena);
	*p = (struct base_python){ 0 };
}

/* --- files --- */

static bool is_file(const struct tree *t, const char *path, bool *found_out, struct err *err)
{
	const struct entry *e;

	if (!tree_find(&e, NULL, t, path, true, err))
		return false;
	*found_out = e && e->kind == ENTRY_FILE;
	return true;
}

/* The whole of a file that may be too large to be what it is called: then nothing. */
static bool read_file(struct buf *out, const struct tree *t, const char *path, size_t max,
		      struct err *err)
{
	const struct entry *e;

	*out = (struct buf)BUF_INIT(max);
	if (!tree_find(&e, NULL, t, path, true, err))
		return false;
	return !e || e->kind != ENTRY_FILE || e->size > (int64_t)max ||
	       tree_read(out, t, path, max, err);
}

/* One Python that is there. */
static bool take_python(struct look *l, size_t place, int minor, const char *path, struct err *err)
{
	str_list_push(&l->seen, path);
	if (l->want >= 0 && minor != l->want)
		return true;
	if (l->minor >= 0 && l->minor != minor) {
		err_set(err, E_INPUT, "%s has two Pythons, %s and %s", l->req->base,
			l->seen.items[0], path);
		return err_hint(err, "--python 3.%d, or 3.%d", l->minor, minor);
	}
	if (l->minor < 0) {
		l->minor = minor;
		l->place = place;
	}
	return true;
}

/* bin/python3.N of one place. */
static bool look_in(struct look *l, const struct tree *t, size_t place, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	const struct entry *dir;

	if (!tree_find(&dir, NULL, t, places[place].bin, true, err))
		return false;
	if (!dir || dir->kind != ENTRY_DIR)
		return true;
	if (!tree_list(&names, t, places[place].bin, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		const char *name = names.items[i];
		AUTO(auto_free) char *path = mem_printf("/%s/%s", places[place].bin, name);
		uint64_t minor;
		bool found = false;

		if (!str_has_prefix(name, "python3.") ||
		    !str_to_u64(&minor, slice_of(name + strlen("python3.")), 99))
			continue;
		if (!is_file(t, path, &found, err) ||
		    (found && !take_python(l, place, (int)minor, path, err)))
			return false;
	}
	return true;
}

static char *interpreter_of(const struct look *l)
{
	return mem_printf("/%s/python3.%d", places[l->place].bin, l->minor);
}

/* Debian's own Python looks for packages in dist-packages, other distributions' do not. Debian's C
 * library is in a directory of its architecture. */
static void settle_place(struct look *l)
{
	if (l->place == PLACE_DISTRIBUTION && l->libc_path && strstr(l->libc_path, "-linux-gnu"))
		l->place = PLACE_DEBIAN;
}

/* Its patch level is in it where it is not in the environment. */
static bool settle_patch(struct look *l, const struct tree *t, struct err *err)
{
	AUTO(auto_free) char *path = interpreter_of(l);

	if (!read_file(&l->program, t, path, LIMIT_INTERPRETER, err))
		return false;
	if (l->patch < 0)
		l->patch = base_version_patch((struct slice){ l->program.ptr, l->program.len },
					      l->minor);
	return true;
}

static bool python_in(struct look *l, const struct tree *t, struct err *err)
{
	for (size_t i = 0; i < PLACES; i++)
		if (!look_in(l, t, i, err))
			return false;
	return l->minor < 0 || settle_patch(l, t, err);
}

/* --- C libraries --- */

struct library {
	char *path; /* NULL: not there */
	uint64_t minor;
};

static bool take_library(struct library *out, const struct tree *t, const char *path,
			 bool (*version)(uint64_t *out, struct slice bytes), struct err *err)
{
	AUTO(buf_free) struct buf bytes = { 0 };

	if (out->path)
		return true;
	if (!read_file(&bytes, t, path, LIMIT_LIBC, err))
		return false;
	if (bytes.len && version(&out->minor, (struct slice){ bytes.ptr, bytes.len }))
		out->path = mem_printf("/%s", path);
	return true;
}

static bool libraries_in(struct library *glibc, struct library *musl, const struct tree *t,
			 const struct machine *m, struct err *err)
{
	static const char *const dirs[] = { "lib", "usr/lib", "lib64", "usr/lib64" };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		AUTO(auto_free)
		char *multi = mem_printf("%s/%s/libc.so.6", dirs[i], m->triple);
		AUTO(auto_free) char *plain = mem_printf("%s/libc.so.6", dirs[i]);
		AUTO(auto_free) char *ld = mem_printf("%s/ld-musl-%s.so.1", dirs[i], m->musl);

		if (!take_library(glibc, t, multi, base_version_glibc, err) ||
		    !take_library(glibc, t, plain, base_version_glibc, err) ||
		    !take_library(musl, t, ld, base_version_musl, err))
			return false;
	}
	return true;
}

static bool open_program(void *arg, struct source **out, struct err *err)
{
	const struct buf *b = arg;

	(void)err;
	*out = source_mem(b->ptr, b->len);
	return true;
}

/* The C library the interpreter itself asks for counts; one that asks for none, or for what cannot
 * be told, takes what there is. */
static bool choose_library(const struct library **out, struct look *l, const struct library *glibc,
			   const struct library *musl, struct err *err)
{
	const struct elf_input in = { open_program, &l->program, l->program.len };
	AUTO(elf_free) struct elf elf = { 0 };

	if (l->program.len && !elf_read(&elf, &in, "", err))
		return false;
	if (elf.needs_glibc != elf.needs_musl) {
		*out = elf.needs_musl ? musl : glibc;
		return true;
	}
	*out = glibc->path ? glibc : musl;
	if (!glibc->path || !musl->path)
		return true;
	err_set(err, E_INPUT, "%s has two C libraries, %s and %s", l->req->base, glibc->path,
		musl->path);
	return err_hint(err, "--libc glibc-2.%d, or musl-1.%d", (int)glibc->minor,
			(int)musl->minor);
}

static const struct machine *machine_of(const struct image *img)
{
	struct platform p = image_platform(img);

	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (str_eq(machines[i].architecture, p.architecture))
			return &machines[i];
	return NULL;
}

static bool libc_in(struct look *l, const struct tree *t, struct err *err)
{
	const struct machine *m = machine_of(l->image);
	struct library glibc = { 0 }, musl = { 0 };
	const struct library *chosen = NULL;
	bool ok = !m || (libraries_in(&glibc, &musl, t, m, err) &&
			 choose_library(&chosen, l, &glibc, &musl, err));

	if (ok && chosen && chosen->path) {
		snprintf(l->libc, sizeof(l->libc), chosen == &musl ? "musl-1.%d" : "glibc-2.%d",
			 (int)chosen->minor);
		l->libc_path = mem_strdup(chosen->path);
	}
	free(glibc.path);
	free(musl.path);
	return ok;
}

/* --- layers --- */

/* From the top down until there is a Python; *first_out: the lowest layer looked at. */
static bool find_python(struct look *l, size_t *first_out, struct err *err)
{
	size_t first = l->image->manifest.layer_count;

	while (first > 0 && l->minor < 0) {
		AUTO(auto_tree_close) struct tree *t = NULL;

		first--;
		str_list_free(&l->seen);
		if (!base_image_upper(&t, l->base, first, err))
			return false;
		if (t && (!python_in(l, t, err) || (l->minor >= 0 && !libc_in(l, t, err))))
			return false;
	}
	*first_out = first;
	return true;
}

/* From the lowest up. */
static bool find_libc(struct look *l, struct err *err)
{
	for (size_t n = 1; n <= l->image->manifest.layer_count && !l->libc[0]; n++) {
		AUTO(auto_tree_close) struct tree *t = NULL;

		if (!base_image_lower(&t, l->base, n, err) || !libc_in(l, t, err))
			return false;
	}
	return true;
}

static bool fail_without_python(const struct look *l, struct err *err)
{
	if (l->seen.len) {
		err_set(err, E_USAGE, "%s has no Python 3.%d, but %s", l->req->base, l->want,
			l->seen.items[0]);
		return l->req->python ? err_hint(err, "leave --python out") : false;
	}
	err_set(err, E_INPUT, "%s has no Python", l->req->base);
	return err_hint(err, "there is no bin/python3.N in /usr/local, /opt/conda, /var/lang or "
			     "/usr; --python-target NAME says what it will have");
}

static bool examine(struct look *l, struct err *err)
{
	size_t first = 1;

	if (!l->req->libc_only) {
		if (!find_python(l, &first, err))
			return false;
		if (l->minor < 0)
			return fail_without_python(l, err);
	}
	/* What a user says of it needs no more layers, unless they tell whose Python it is. */
	if (!l->libc[0] && first && (!l->req->libc || l->place == PLACE_DISTRIBUTION) &&
	    !find_libc(l, err))
		return false;
	settle_place(l);
	return true;
}

/* --- what a store remembers --- */

#define MEMO_DIR "cache/bases"
#define MEMO_FORMAT "rtbuild base 1"

static char *memo_name(const struct look *l)
{
	AUTO(auto_free)
	char *key = mem_printf("%s\n%s\n%d %d %d", MEMO_FORMAT,
			       digest_format(&l->image->manifest.digest).text, l->want,
			       l->req->libc_only, l->req->libc != NULL);
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	sha256_of(hash, key, strlen(key));
	hex_format(hex, hash, sizeof(hash));
	return mem_strdup(hex);
}

/* Numbers are written one more than they are: -1 is "not known". */
static bool remember(const struct look *l, struct err *err)
{
	AUTO(auto_free) char *name = memo_name(l);
	AUTO(auto_free)
	char *text = mem_printf(MEMO_FORMAT "\n%d\n%d\n%zu\n%s\n%s\n", l->minor + 1, l->patch + 1,
				l->place, l->libc, l->libc_path ? l->libc_path : "");

	return store_put_file(l->req->env->store, MEMO_DIR, name, text, strlen(text), 0644, err);
}

static bool recall(struct look *l)
{
	enum { FORMAT, MINOR, PATCH, PLACE, LIBC, PATH, END, LINES };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_BASE_MEMO);
	AUTO(auto_free) char *name = memo_name(l);
	AUTO(auto_close) int dir = -1;
	struct err ignored = { 0 };
	struct slice lines[LINES] = { { 0 } }, rest;
	uint64_t minor, patch, place;
	size_t count = 0;

	if (!store_subdir(&dir, l->req->env->store, MEMO_DIR, &ignored) ||
	    !fs_read(&text, dir, name, LIMIT_BASE_MEMO, FS_BENEATH_NOLINK, &ignored))
		return false;
	rest = (struct slice){ text.ptr, text.len };
	while (rest.ptr && count < LINES)
		lines[count++] = slice_cut(rest, '\n', &rest);
	if (count != LINES || rest.ptr || !slice_eq(lines[FORMAT], MEMO_FORMAT) ||
	    !str_to_u64(&minor, lines[MINOR], 100) || !str_to_u64(&patch, lines[PATCH], 100) ||
	    !str_to_u64(&place, lines[PLACE], PLACE_DEBIAN) || lines[LIBC].len >= sizeof(l->libc))
		return false;
	l->minor = (int)minor - 1;
	l->patch = (int)patch - 1;
	l->place = (size_t)place;
	snprintf(l->libc, sizeof(l->libc), SLICE_FMT, SLICE_ARG(lines[LIBC]));
	l->libc_path = mem_strndup(lines[PATH].ptr, lines[PATH].len);
	return true;
}

/* --- the whole --- */

/* What the environment and the user say of the minor must agree. */
static bool settle_wanted(struct look *l, struct err *err)
{
	const char *said = config_env(&l->image->config, "PYTHON_VERSION");
	int minor, ignored;

	if (l->req->libc_only)
		return true;
	base_version_of_text(&l->want, &ignored, l->req->python);
	base_version_of_text(&minor, &l->patch, said);
	if (minor < 0)
		return true;
	if (l->want >= 0 && l->want != minor) {
		err_set(err, E_USAGE, "--python %s, but %s has Python %s (its PYTHON_VERSION)",
			l->req->python, l->req->base, said);
		return err_hint(err, "leave --python out, or name another base");
	}
	l->want = minor;
	return true;
}

static void give(struct base_python *out, const struct look *l)
{
	const struct place *p = &places[l->place];
	struct arena *a = &out->arena;

	out->platform = image_platform(l->image);
	out->minor = l->minor;
	out->libc = l->libc[0] ? arena_strdup(a, l->libc) : NULL;
	if (l->minor < 0)
		return;
	out->patch = l->patch < 0 ? 0 : l->patch;
	out->interpreter = arena_printf(a, "/%s/python3.%d", p->bin, l->minor);
	out->site = arena_printf(a, "%s/lib/python3.%d/%s", p->prefix, l->minor, p->packages);
	out->scripts = arena_printf(a, "%s/bin", p->prefix);
	out->data = p->prefix;
	out->headers = arena_printf(a, "%s/include/python3.%d", p->prefix, l->minor);
}

static void report(const struct base_python *p, const struct look *l)
{
	struct events *events = l->req->env->events;

	if (p->minor >= 0)
		event_detail(events, "%s has Python 3.%d.%d at %s; packages go to /%s",
			     l->req->base, p->minor, p->patch, p->interpreter, p->site);
	if (p->libc)
		event_detail(events, "%s has %s at %s", l->req->base, p->libc, l->libc_path);
	if (p->libc && l->req->libc && !str_eq(p->libc, l->req->libc))
		event_note(events, "--libc %s is obeyed; %s has %s", l->req->libc, l->req->base,
			   p->libc);
}

bool base_python_find(struct base_python *out, const struct base_python_request *req,
		      struct err *err)
{
	AUTO(look_free) struct look l = { .req = req, .want = -1, .minor = -1, .patch = -1 };

	if (!base_image_open(&l.base, req->env, req->base, &req->platform, req->pull, err))
		return false;
	l.image = base_image_get(l.base);
	if (!settle_wanted(&l, err))
		return false;
	if (!recall(&l) && (!examine(&l, err) || !remember(&l, err)))
		return false;
	if (!l.libc[0] && !req->libc) {
		err_set(err, E_INPUT, "%s has no C library that is known", req->base);
		return err_hint(err, "--libc glibc-2.NN or musl-1.N says what its wheels are for");
	}
	*out = (struct base_python){ 0 };
	give(out, &l);
	report(out, &l);
	return true;
}
