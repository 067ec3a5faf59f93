// SPDX-License-Identifier: Apache-2.0
#include "python/wheel_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Large files are never held: they are hashed while they pass. */

/* What an entry needs to read itself. */
struct wheel_file {
	struct zip *zip;
	const struct zip_member *member;
	const char *wheel;
	enum hash_kind kind;
	unsigned char hash[HASH_SIZE_MAX];
};

static bool hash_differs(const struct wheel_file *f, const unsigned char *hash, struct err *err)
{
	if (memcmp(hash, f->hash, hash_kind_size(f->kind)) == 0)
		return false;
	err_set(err, E_INTEGRITY, "%s: %s does not have the %s hash that RECORD promises", f->wheel,
		f->member->name, hash_kind_name(f->kind));
	return true;
}

struct file_source {
	struct source source;
	const struct wheel_file *file;
	struct source *from;
	struct hasher hasher;
	uint64_t left;
};

/* The last byte is out: nobody need ask for more, so the verdict comes with it. */
static bool check_end(struct file_source *s, struct err *err)
{
	unsigned char hash[HASH_SIZE_MAX];
	char beyond;
	size_t len;

	hasher_final(&s->hasher, hash);
	if (!source_read(s->from, &beyond, 1, &len, err))
		return false;
	if (len)
		return err_set(err, E_INTEGRITY, "%s: %s is longer than it says", s->file->wheel,
			       s->file->member->name);
	return !hash_differs(s->file, hash, err);
}

static bool file_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct file_source *s = (struct file_source *)self;
	size_t want = cap < s->left ? cap : (size_t)s->left;

	*len_out = 0;
	if (!want)
		return true;
	if (!source_read(s->from, data, want, len_out, err))
		return false;
	if (!*len_out)
		return err_set(err, E_INTEGRITY, "%s: %s ends early", s->file->wheel,
			       s->file->member->name);
	hasher_update(&s->hasher, data, *len_out);
	s->left -= *len_out;
	return s->left || check_end(s, err);
}

static bool file_start(struct file_source *s, struct err *err)
{
	if (!zip_open_member(&s->from, s->file->zip, s->file->member, err))
		return err_wrap(err, "%s", s->file->wheel);
	s->left = s->file->member->size;
	hasher_init(&s->hasher, s->file->kind);
	return true;
}

static void file_stop(struct file_source *s)
{
	source_close(s->from);
	s->from = NULL;
	hasher_free(&s->hasher);
}

static bool file_rewind(struct source *self, struct err *err)
{
	struct file_source *s = (struct file_source *)self;

	file_stop(s);
	return file_start(s, err);
}

static void file_close(struct source *self)
{
	file_stop((struct file_source *)self);
	free(self);
}

static bool file_open(const struct entry *e, struct source **out, struct err *err)
{
	struct file_source *s = mem_alloc(sizeof(*s));

	s->source =
		(struct source){ .read = file_read, .rewind = file_rewind, .close = file_close };
	s->file = e->data;
	if (!file_start(s, err)) {
		free(s);
		return false;
	}
	*out = &s->source;
	return true;
}

struct entry *wheel_file_add(struct entry_list *out, const char *path, const struct wheel *w,
			     const struct zip_member *m, const struct record_row *row,
			     bool executable)
{
	struct wheel_file *f = ARENA_NEW(&out->arena, struct wheel_file);
	struct entry *e = entry_add(out, ENTRY_FILE, path);

	f->zip = w->zip;
	f->member = m;
	f->wheel = arena_strdup(&out->arena, w->filename);
	f->kind = row->kind;
	memcpy(f->hash, row->hash, sizeof(f->hash));
	e->mode = executable ? 0755 : 0644;
	e->size = (int64_t)m->size;
	e->open = file_open;
	e->data = f;
	return e;
}

bool wheel_entry_hash(unsigned char out[SHA256_SIZE], const struct entry *e, struct err *err)
{
	const struct wheel_file *f = e->data;
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_hash to;
	bool ok;

	if (!e->open || e->open == entry_open_bytes) {
		sha256_of(out, e->data, (size_t)e->size);
		return true;
	}
	if (f->kind == HASH_SHA256) {
		memcpy(out, f->hash, SHA256_SIZE);
		return true;
	}
	if (!e->open(e, &from, err))
		return false;
	sink_hash_init(&to, NULL);
	ok = source_copy(from, &to.sink, NULL, err) && sink_finish(&to.sink, err);
	memcpy(out, to.hash, SHA256_SIZE);
	sink_hash_free(&to);
	return ok;
}
