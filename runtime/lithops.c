// SPDX-License-Identifier: Apache-2.0
#include "runtime/lithops.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "python/version.h"

/* Lithops itself, from wherever it is. What is made of it is handler.c's. */

void lithops_free(struct lithops *l)
{
	entry_list_free(&l->files);
	wheel_list_free(&l->wheels);
	auto_close(&l->dir);
	l->dir = -1;
	free(l->version);
	free(l->identity);
	l->version = l->identity = NULL;
}

/* --- a wheel --- */

static bool take_wheel(struct lithops *out, struct err *err)
{
	static const struct wheel_layout layout = { .site = "site",
						    .interpreter = "/usr/bin/python3" };
	const struct wheel *w = &out->wheels.items[0];
	AUTO(entry_list_free) struct entry_list all = { 0 };
	char hex[2 * SHA256_SIZE + 1];

	if (!wheel_entries(&all, w, &layout, err))
		return false;
	for (size_t i = 0; i < all.len; i++) {
		const struct entry *e = &all.items[i];
		struct entry *own;

		if (e->kind != ENTRY_FILE || !str_has_prefix(e->path, "site/lithops/"))
			continue;
		own = ARRAY_PUSH(&out->files);
		*own = *e;
		own->path = e->path + strlen("site/");
	}
	arena_adopt(&out->files.arena, &all.arena);
	hex_format(hex, w->hash, sizeof(w->hash));
	out->identity = mem_printf("wheel %s", hex);
	out->version = mem_strdup(w->version);
	return entry_list_sort(&out->files, err);
}

static bool find_wheel(struct lithops *out, const char *requirement,
		       const struct wheel_request *wheels, struct events *events, struct err *err)
{
	struct wheel_request want = *wheels;
	struct wheel_indexes indexes;

	if (wheels->indexes) {
		indexes = *wheels->indexes;
		indexes.choice = NULL; /* it is of the user's files */
		want.indexes = &indexes;
	}
	want.requirements = &requirement;
	want.requirement_count = 1;
	want.files = NULL;
	want.file_count = 0;
	want.no_deps = true; /* what Lithops needs is in the backend's package list */
	return wheels_select(&out->wheels, &want, events, err) && take_wheel(out, err);
}

static bool open_wheel(struct lithops *out, const char *path, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct wheel *w = ARRAY_PUSH(&out->wheels);
	struct metadata metadata;
	struct wheel_name name;

	w->fd = -1;
	if (!wheel_name_parse(&name, &arena, fs_basename(path), err) ||
	    !wheel_open(w, &metadata, &arena, path, &name, err) ||
	    !wheel_read_hashes(w, NULL, 0, NULL, err))
		return err_wrap(err, "--lithops %s", path);
	if (!str_eq(w->name, "lithops"))
		return err_set(err, E_USAGE, "--lithops %s: this is %s", path, w->name);
	return take_wheel(out, err);
}

/* --- a directory --- */

struct walk {
	struct lithops *out;
	const char *root; /* of the package below `out->dir`: "lithops", or "." */
};

/* Beneath the package, a name of its own. */
static char *below(const char *dir, const char *name)
{
	return str_eq(dir, ".") ? mem_strdup(name) : mem_printf("%s/%s", dir, name);
}

static bool add_file(struct walk *w, const char *name, const char *path, const struct stat *st,
		     struct err *err)
{
	struct entry *e;

	if (w->out->files.len >= LIMIT_BAKED_FILES)
		return err_set(err, E_INPUT, "more than %d files", LIMIT_BAKED_FILES);
	e = entry_add_file(&w->out->files, path, w->out->dir, name, st->st_size);
	e->mode = st->st_mode & 0111 ? 0755 : 0644;
	return true;
}

static bool walk(struct walk *w, const char *dir, const char *as, int depth, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	if (depth > LIMIT_PACKAGE_DEPTH)
		return err_set(err, E_INPUT, "%s: deeper than %d directories", dir,
			       LIMIT_PACKAGE_DEPTH);
	if (!fs_list(&names, w->out->dir, dir, FS_BENEATH, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free) char *name = below(dir, names.items[i]);
		AUTO(auto_free) char *path = mem_printf("%s/%s", as, names.items[i]);
		struct stat st;

		if (str_eq(names.items[i], "__pycache__") || str_has_suffix(names.items[i], ".pyc"))
			continue;
		if (!fs_stat(&st, w->out->dir, name, FS_BENEATH, err))
			return false;
		if (S_ISDIR(st.st_mode) ? !walk(w, name, path, depth + 1, err)
		    : S_ISREG(st.st_mode)
			    ? !add_file(w, name, path, &st, err)
			    : !err_set(err, E_INPUT, "%s: neither file nor directory", name))
			return false;
	}
	return true;
}

/* The value of __version__ in lithops/version.py. */
static char *version_in(const char *text)
{
	const char *at = strstr(text, "__version__");
	const char *quote = at ? strpbrk(at, "'\"\n") : NULL;
	size_t len;

	if (!quote || *quote == '\n')
		return NULL;
	len = strcspn(quote + 1, "'\"\n");
	return quote[1 + len] == *quote ? mem_strndup(quote + 1, len) : NULL;
}

static bool read_version(struct lithops *out, const char *root, const char *what, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SOURCE_FILE);
	AUTO(auto_free) char *name = below(root, "version.py");
	AUTO(auto_free) char *version = NULL;
	AUTO(arena_free) struct arena arena = { 0 };
	struct version parsed;

	if (!fs_read(&text, out->dir, name, LIMIT_SOURCE_FILE, FS_BENEATH, err))
		return err_wrap(err, "--lithops %s", what);
	version = version_in(text.ptr);
	if (!version || !version_parse(&parsed, &arena, slice_of(version), err)) {
		err_clear(err);
		return err_set(err, E_INPUT, "--lithops %s: %s says no __version__", what, name);
	}
	out->version = STEAL(version);
	return true;
}

/* The bytes themselves stand for a directory: its times and place mean nothing. */
static bool hash_files(struct lithops *out, struct err *err)
{
	AUTO(sha256_free) struct sha256 all = { 0 };
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	sha256_init(&all);
	for (size_t i = 0; i < out->files.len; i++) {
		const struct entry *e = &out->files.items[i];
		AUTO(auto_source_close) struct source *from = NULL;
		AUTO(auto_free)
		char *head = mem_printf("%s %o %lld", e->path, (unsigned int)e->mode,
					(long long)e->size);

		sha256_update(&all, head, strlen(head) + 1);
		if (!e->open(e, &from, err))
			return false;
		for (size_t len = 1; len;) {
			char bytes[16 * KIB];

			if (!source_read(from, bytes, sizeof(bytes), &len, err))
				return false;
			sha256_update(&all, bytes, len);
		}
	}
	sha256_final(&all, hash);
	hex_format(hex, hash, sizeof(hash));
	out->identity = mem_printf("tree %s", hex);
	return true;
}

static bool open_directory(struct lithops *out, const char *what, struct err *err)
{
	struct walk w = { .out = out };

	if (!fs_open_dir(&out->dir, what, err))
		return err_wrap(err, "--lithops");
	w.root = fs_exists(out->dir, "lithops/__init__.py") ? "lithops" : ".";
	if (!fs_exists(out->dir, "lithops/__init__.py") &&
	    (!fs_exists(out->dir, "__init__.py") || !fs_exists(out->dir, "version.py"))) {
		err_set(err, E_INPUT, "--lithops %s: this is not Lithops", what);
		return err_hint(err, "its source tree, or the package itself: `python3 -c \"import "
				     "lithops; print(lithops.__path__[0])\"`");
	}
	return read_version(out, w.root, what, err) &&
	       (walk(&w, w.root, "lithops", 0, err) || err_wrap(err, "--lithops %s", what)) &&
	       entry_list_sort(&out->files, err) && hash_files(out, err);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool lithops_find(struct lithops *out, const char *what, const struct wheel_request *wheels,
		  struct events *events, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(auto_free) char *requirement = NULL;
	struct version version;

	if (!what)
		return find_wheel(out, "lithops", wheels, events, err);
	if (is_directory(what))
		return open_directory(out, what, err);
	if (str_has_suffix(what, ".whl"))
		return open_wheel(out, what, err);
	if (!version_parse(&version, &arena, slice_of(what), err)) {
		err_clear(err);
		err_set(err, E_USAGE, "--lithops '%s' is no version, wheel or directory", what);
		return err_hint(err, "3.7.1, lithops-3.7.1-py3-none-any.whl, or a source tree");
	}
	requirement = mem_printf("lithops==%s", what);
	return find_wheel(out, requirement, wheels, events, err);
}
