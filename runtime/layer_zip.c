// SPDX-License-Identifier: Apache-2.0
#include "runtime/layer_zip.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/zip.h"

/* Lambda layer zips: packages under python/, checked against the platform's limit before a byte is
 * written. */

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
		"the layer unpacks to %llu bytes; the platform takes %llu with the function. "
		"Largest: %s",
		(unsigned long long)size, (unsigned long long)max, text.ptr);
	return err_hint(err, "leave packages out, or use the container image: rtbuild build "
			     "--backend aws_lambda");
}

/*
 * The content digest is made while the zip is written, so that each file is read
 * once: every entry's bytes pass a hash on their way. It covers paths, modes and bytes, whatever
 * compressor made the zip.
 */
struct hashed {
	struct entry_list entries; /* the given ones, opened through us */
	const struct entry_list *given;
	unsigned char (*hashes)[SHA256_SIZE]; /* one for each entry */
};

struct hashing_source {
	struct source source;
	struct source *from;
	struct sha256 state;
	unsigned char *hash_out;
};

static bool hashing_read(struct source *self, void *data, size_t cap, size_t *len_out,
			 struct err *err)
{
	struct hashing_source *s = (struct hashing_source *)self;

	if (!source_read(s->from, data, cap, len_out, err))
		return false;
	if (*len_out)
		sha256_update(&s->state, data, *len_out);
	else if (s->state.ctx)
		sha256_final(&s->state, s->hash_out);
	return true;
}

static void hashing_close(struct source *self)
{
	struct hashing_source *s = (struct hashing_source *)self;

	sha256_free(&s->state);
	source_close(s->from);
	free(s);
}

static bool open_hashing(const struct entry *e, struct source **out, struct err *err)
{
	const struct hashed *h = e->data;
	size_t i = (size_t)(e - h->entries.items);
	AUTO(auto_source_close) struct source *from = NULL;
	struct hashing_source *s;

	if (!h->given->items[i].open(&h->given->items[i], &from, err))
		return false;
	s = mem_alloc(sizeof(*s));
	*s = (struct hashing_source){ .source = { .read = hashing_read, .close = hashing_close },
				      .from = STEAL(from),
				      .hash_out = h->hashes[i] };
	sha256_init(&s->state);
	*out = &s->source;
	return true;
}

static void hashed_free(struct hashed *h)
{
	entry_list_free(&h->entries);
	free(h->hashes);
}

static void hashed_init(struct hashed *h, const struct entry_list *given)
{
	h->given = given;
	h->hashes = mem_alloc((given->len + 1) * sizeof(*h->hashes));
	for (size_t i = 0; i < given->len; i++) {
		struct entry *e = ARRAY_PUSH(&h->entries);

		*e = given->items[i];
		sha256_of(h->hashes[i], "", 0);
		if (!e->open)
			continue;
		e->open = open_hashing;
		e->data = h;
	}
}

/* sha256 over "PATH NUL MODE SHA256-OF-BYTES LF" of each file, in order of path. */
static struct digest content_digest(const struct hashed *h)
{
	struct sha256 state;
	unsigned char out[SHA256_SIZE];

	sha256_init(&state);
	for (size_t i = 0; i < h->given->len; i++) {
		const struct entry *e = &h->given->items[i];
		char hex[2 * SHA256_SIZE + 1];
		AUTO(auto_free) char *rest = NULL;

		if (e->kind != ENTRY_FILE)
			continue;
		hex_format(hex, h->hashes[i], SHA256_SIZE);
		rest = mem_printf("%o %s\n", (unsigned int)e->mode, hex);
		sha256_update(&state, e->path, strlen(e->path) + 1);
		sha256_update(&state, rest, strlen(rest));
	}
	sha256_final(&state, out);
	return digest_from_hash(out);
}

static bool write_zip(struct layer_zip *out, const struct entry_list *entries, const char *path,
		      struct err *err)
{
	AUTO(auto_free) char *copy = mem_strdup(path);
	AUTO(auto_close) int dir = -1;
	AUTO(fs_tmp_close) struct fs_tmp tmp = FS_TMP_INIT;
	AUTO(sink_hash_free) struct sink_hash hash = { 0 };
	AUTO(hashed_free) struct hashed files = { 0 };
	char *slash = strrchr(copy, '/');
	struct sink_fd file;

	if (!*fs_basename(path))
		return err_set(err, E_USAGE, "'%s' names a directory, not a file", path);
	if (slash)
		*slash = '\0';
	if (!fs_open_dir(&dir, slash ? (*copy ? copy : "/") : ".", err) ||
	    !fs_tmp_open(&tmp, dir, err))
		return err_wrap(err, "write %s", path);
	file = sink_fd(tmp.fd);
	sink_hash_init(&hash, &file.sink);
	hashed_init(&files, entries);
	if (!zip_write(&hash.sink, &files.entries, err) || !sink_finish(&hash.sink, err))
		return err_wrap(err, "%s", path);
	out->packed = hash.size;
	out->digest = digest_from_hash(hash.hash);
	out->content_digest = content_digest(&files);
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
	if (!write_zip(out, &in.packages, path, err)) {
		event_failed(events, task);
		return false;
	}
	event_done(events, task, "%zu files, %s", out->files, str_format_size(out->packed).text);
	return true;
}
