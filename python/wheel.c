// SPDX-License-Identifier: Apache-2.0
#include "python/wheel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/mem.h"
#include "python/name.h"

/* Opening a wheel and checking that it is what its name says. Its files are wheel_entries.c's. */

void wheel_close(struct wheel *w)
{
	free(w->path);
	free(w->name);
	free(w->version);
	free(w->filename);
	free(w->info);
	free(w->summary);
	free(w->url);
	zip_close(w->zip);
	auto_close(&w->fd);
	*w = (struct wheel){ .fd = -1 };
}

/* Not a FIFO or device, and no waiting for one. */
static bool open_file(int *fd_out, int64_t *size_out, const char *path, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_set_errno(err, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, E_INPUT, "%s is not a file", path);
	*size_out = st.st_size;
	*fd_out = steal_fd(&fd);
	return true;
}

bool wheel_owns_folder(const struct wheel *w, struct slice folder, const char *suffix)
{
	AUTO(arena_free) struct arena a = { 0 };
	size_t suffix_len = strlen(suffix);
	struct err ignored = { 0 };
	struct version want, have;
	const char *dash;
	size_t name_len;

	if (folder.len <= suffix_len)
		return false;
	folder.len -= suffix_len;
	dash = memrchr(folder.ptr, '-', folder.len);
	if (!dash || memcmp(folder.ptr + folder.len, suffix, suffix_len) != 0)
		return false;
	name_len = (size_t)(dash - folder.ptr);
	if (!version_parse(&want, &a, slice_of(w->version), &ignored) ||
	    !version_parse(&have, &a,
			   (struct slice){ .ptr = dash + 1, .len = folder.len - name_len - 1 },
			   &ignored))
		return false;
	return version_cmp(&want, &have) == 0 &&
	       str_eq(name_normalize(&a, (struct slice){ .ptr = folder.ptr, .len = name_len }),
		      w->name);
}

static bool has_suffix(struct slice s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len > len && memcmp(s.ptr + s.len - len, suffix, len) == 0;
}

/* The one .dist-info folder at the root. */
static bool find_info(struct wheel *w, struct err *err)
{
	struct slice found = { 0 }, rest;

	for (size_t i = 0; i < zip_count(w->zip); i++) {
		struct slice top = slice_cut(slice_of(zip_at(w->zip, i)->name), '/', &rest);

		if (!rest.ptr || !has_suffix(top, ".dist-info"))
			continue;
		if (found.ptr && (found.len != top.len || memcmp(found.ptr, top.ptr, top.len)))
			return err_set(err, E_INPUT,
				       "it has two .dist-info folders, " SLICE_FMT
				       " and " SLICE_FMT,
				       SLICE_ARG(found), SLICE_ARG(top));
		found = top;
	}
	if (!found.ptr)
		return err_set(err, E_INPUT, "it has no .dist-info folder");
	if (!wheel_owns_folder(w, found, ".dist-info"))
		return err_set(err, E_INTEGRITY, "it holds " SLICE_FMT ", which is not %s %s",
			       SLICE_ARG(found), w->name, w->version);
	w->info = mem_strndup(found.ptr, found.len);
	return true;
}

bool wheel_read_member(struct buf *out, const struct wheel *w, const char *name, struct err *err)
{
	const struct zip_member *m = zip_find(w->zip, name);
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_buf to = sink_buf(out);

	if (!m || m->is_dir)
		return err_set(err, E_INPUT, "it has no %s", name);
	if (!zip_open_member(&from, w->zip, m, err) || !source_copy(from, &to.sink, NULL, err))
		return err_wrap(err, "%s", name);
	return true;
}

static bool read_info(struct buf *out, const struct wheel *w, const char *name, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", w->info, name);

	return wheel_read_member(out, w, path, err);
}

static bool read_documents(struct wheel *w, struct metadata *out, struct arena *a,
			   const struct wheel_name *name, struct err *err)
{
	AUTO(buf_free) struct buf wheel = BUF_INIT(LIMIT_WHEEL_METADATA);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_WHEEL_METADATA);
	AUTO(metadata_free) struct metadata m = { 0 };

	if (!find_info(w, err) || !read_info(&wheel, w, "WHEEL", err) ||
	    !metadata_check_wheel((struct slice){ wheel.ptr, wheel.len }, err) ||
	    !read_info(&text, w, "METADATA", err) ||
	    !metadata_parse(&m, a, (struct slice){ text.ptr, text.len }, err) ||
	    !metadata_check_name(&m, a, name, err))
		return false;
	w->summary = mem_strdup(m.summary);
	*out = m;
	m.requires_dist = m.extras = (struct str_list){ 0 };
	return true;
}

bool wheel_open(struct wheel *out, struct metadata *metadata_out, struct arena *a, const char *path,
		const struct wheel_name *name, struct err *err)
{
	AUTO(wheel_close) struct wheel w = { .fd = -1 };
	const char *slash = strrchr(path, '/');
	int zip_fd;

	if (!open_file(&w.fd, &w.size, path, err))
		return false;
	w.path = mem_strdup(path);
	w.filename = mem_strdup(slash ? slash + 1 : path);
	w.name = mem_strdup(name->key);
	w.version = mem_strdup(name->version.text);
	zip_fd = fcntl(w.fd, F_DUPFD_CLOEXEC, 0);
	if (zip_fd < 0)
		return err_set_errno(err, "open %s", path);
	if (!zip_open(&w.zip, zip_fd, w.filename, err))
		return false;
	if (!read_documents(&w, metadata_out, a, name, err))
		return err_wrap(err, "%s", path);
	*out = w;
	w = (struct wheel){ .fd = -1 };
	return true;
}

/* A sink for several hashes at once, SHA-256 the first. */
struct hash_sink {
	struct sink sink;
	struct sha256 own;
	struct hasher *others;
	size_t count;
};

static bool hash_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct hash_sink *s = (struct hash_sink *)self;

	(void)err;
	sha256_update(&s->own, data, len);
	for (size_t i = 0; i < s->count; i++)
		hasher_update(&s->others[i], data, len);
	return true;
}

bool wheel_read_hashes(struct wheel *w, const enum hash_kind *kinds, size_t count,
		       unsigned char (*hashes_out)[HASH_SIZE_MAX], struct err *err)
{
	AUTO(auto_free) struct hasher *others = mem_alloc((count + 1) * sizeof(*others));
	struct hash_sink s = { .sink = { .write = hash_write }, .others = others, .count = count };
	AUTO(auto_source_close) struct source *from = source_fd(steal_fd(&w->fd));
	unsigned char unused[HASH_SIZE_MAX];
	uint64_t size;
	bool ok;

	sha256_init(&s.own);
	for (size_t i = 0; i < count; i++)
		hasher_init(&others[i], kinds[i]);
	ok = source_copy(from, &s.sink, &size, err);
	sha256_final(&s.own, w->hash);
	for (size_t i = 0; i < count; i++)
		hasher_final(&others[i], hashes_out ? hashes_out[i] : unused);
	if (!ok)
		return err_wrap(err, "%s", w->path);
	if ((int64_t)size != w->size)
		return err_set(err, E_IO, "%s changed while it was read", w->path);
	return true;
}
