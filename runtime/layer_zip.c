// SPDX-License-Identifier: Apache-2.0
#include "runtime/layer_zip.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/zip.h"

/* Lambda layer zips: packages under python/, checked against the platform's limit before a byte is written. */

static uint64_t unpacked_size(const struct entry_list *entries)
{
	uint64_t size = 0;

	for (size_t i = 0; i < entries->len; i++)
		if (entries->items[i].kind == ENTRY_FILE)
			size += (uint64_t)entries->items[i].size;
	return size;
}

struct share {
	const char *name;
	uint64_t size;
};

static int larger_first(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return x->size < y->size ? 1 : x->size > y->size ? -1 : strcmp(x->name, y->name);
}

/* What each wheel brings, largest first: what a user can leave out. */
static bool shares_of(struct share *out, const struct wheel_list *wheels, struct err *err)
{
	static const struct wheel_layout layout = { .site = "python",
						    .interpreter = "/usr/bin/python3" };

	for (size_t i = 0; i < wheels->len; i++) {
		AUTO(entry_list_free) struct entry_list own = { 0 };

		if (!wheel_entries(&own, &wheels->items[i], &layout, err))
			return false;
		out[i] = (struct share){ wheels->items[i].name, unpacked_size(&own) };
	}
	qsort(out, wheels->len, sizeof(*out), larger_first);
	return true;
}

static bool refuse_size(const struct runtime_inputs *in, uint64_t size, uint64_t max,
			struct err *err)
{
	enum { SHOWN = 5 };
	AUTO(auto_free) struct share *shares = mem_alloc((in->wheels.len + 1) * sizeof(*shares));
	AUTO(buf_free) struct buf text = BUF_INIT(4096);

	if (!shares_of(shares, &in->wheels, err))
		return false;
	for (size_t i = 0; i < in->wheels.len && i < SHOWN; i++)
		buf_putf(&text, "%s%s %s", i ? ", " : "", shares[i].name,
			 str_format_size(shares[i].size).text);
	err_set(err, E_NEGATIVE,
		"the layer unpacks to %llu bytes; the platform takes %llu with the function. Largest: %s",
		(unsigned long long)size, (unsigned long long)max, text.ptr);
	return err_hint(err, "leave packages out, or use the container image: rtbuild build "
			     "--backend aws_lambda");
}

/* Paths, modes and bytes, whatever compressor made the zip. Reads each file once more, so only after writing. */
static bool hash_content(struct digest *out, const struct entry_list *entries, struct err *err)
{
	AUTO(sink_hash_free) struct sink_hash hash = { 0 };

	sink_hash_init(&hash, NULL);
	for (size_t i = 0; i < entries->len; i++) {
		const struct entry *e = &entries->items[i];
		AUTO(auto_source_close) struct source *from = NULL;
		AUTO(auto_free) char *head =
			mem_printf("%s%c%o %lld\n", e->path, 0, (unsigned int)e->mode,
				   (long long)e->size);

		if (e->kind != ENTRY_FILE)
			continue;
		if (!sink_write(&hash.sink, head, strlen(e->path) + 1, err) ||
		    !sink_write(&hash.sink, head + strlen(e->path) + 1,
				strlen(head + strlen(e->path) + 1), err))
			return false;
		if (e->open && (!e->open(e, &from, err) ||
				!source_copy(from, &hash.sink, NULL, err)))
			return err_wrap(err, "%s", e->path);
	}
	if (!sink_finish(&hash.sink, err))
		return false;
	*out = digest_from_hash(hash.hash);
	return true;
}

static bool write_zip(struct layer_zip *out, const struct entry_list *entries, const char *path,
		      struct err *err)
{
	AUTO(auto_free) char *copy = mem_strdup(path);
	AUTO(auto_close) int dir = -1;
	AUTO(fs_tmp_close) struct fs_tmp tmp = FS_TMP_INIT;
	AUTO(sink_hash_free) struct sink_hash hash = { 0 };
	char *slash = strrchr(copy, '/');
	struct sink_fd file;

	if (!*fs_basename(path))
		return err_set(err, E_USAGE, "'%s' names a directory, not a file", path);
	if (slash)
		*slash = '\0';
	if (!fs_open_dir(&dir, slash ? (*copy ? copy : "/") : ".", err) ||
	    !fs_tmp_open(&tmp, dir, err))
		return false;
	file = sink_fd(tmp.fd);
	sink_hash_init(&hash, &file.sink);
	if (!zip_write(&hash.sink, entries, err) || !sink_finish(&hash.sink, err))
		return err_wrap(err, "%s", path);
	out->packed = hash.size;
	out->digest = digest_from_hash(hash.hash);
	return fs_tmp_commit(&tmp, dir, fs_basename(path), 0644, err);
}

bool layer_zip_write(struct layer_zip *out, const struct runtime_request *req, const char *path,
		     struct events *events, struct err *err)
{
	AUTO(runtime_inputs_free) struct runtime_inputs in = { 0 };
	uint64_t max = (uint64_t)req->backend->unpacked_max;
	uint64_t task;

	*out = (struct layer_zip){ 0 };
	if (!runtime_inputs_make(&in, req, events, err))
		return false;
	out->unpacked = unpacked_size(&in.packages);
	if (max && out->unpacked > max)
		return refuse_size(&in, out->unpacked, max, err);
	for (size_t i = 0; i < in.packages.len; i++)
		out->files += in.packages.items[i].kind == ENTRY_FILE;
	task = event_start(events, "zip %zu packages", in.wheels.len);
	if (!write_zip(out, &in.packages, path, err) ||
	    !hash_content(&out->content_digest, &in.packages, err)) {
		event_failed(events, task);
		return false;
	}
	event_done(events, task, "%zu files, %s", out->files, str_format_size(out->packed).text);
	return true;
}
