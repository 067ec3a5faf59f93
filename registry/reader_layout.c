// SPDX-License-Identifier: Apache-2.0
#include "registry/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "image/manifest.h"
#include "layers/tar_file.h"
#include "registry/archive_file.h"
#include "registry/archive_parts.h"
#include "registry/tags.h"

/*
 * OCI image layouts (image-layout.md) as places to read from: a directory, or a tar of one. What
 * differs is how a file is had by its name.
 */

struct layout_reader {
	struct reader reader;
	struct blob_source blobs; /* what reader.blobs points at */
	int dir;                  /* of a directory; -1 */
	struct tar_file *tar;     /* of an archive; NULL */
	json_t *entries;          /* index.json's manifests */
	struct descriptor root;
	struct lock lock; /* of the arena: several ask at once */
	struct arena arena;
};

static struct layout_reader *of_blobs(struct blob_source *self)
{
	return (struct layout_reader *)((char *)self - offsetof(struct layout_reader, blobs));
}

/* --- files --- */

static bool read_file(struct buf *out, struct layout_reader *x, const char *name, size_t max,
		      struct err *err)
{
	return x->tar ? tar_file_read(out, x->tar, name, max, err)
		      : fs_read(out, x->dir, name, max, FS_BENEATH_NOLINK, err);
}

static bool open_file(struct source **out, struct layout_reader *x, const char *name,
		      struct err *err)
{
	const struct tar_member *m = x->tar ? tar_file_find(x->tar, name) : NULL;
	AUTO(auto_close) int fd = -1;
	struct stat st;

	if (x->tar)
		return m ? tar_file_source(out, x->tar, m, err)
			 : err_set(err, E_NOT_FOUND, "the archive has no %s", name);
	/* O_NONBLOCK: there may be a FIFO in a blob's place. */
	if (!fs_open(&fd, x->dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, FS_BENEATH_NOLINK,
		     err))
		return false;
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, E_INTEGRITY, "%s is no regular file", name);
	*out = source_fd(steal_fd(&fd));
	return true;
}

static char *blob_name(const struct digest *d)
{
	return mem_printf("blobs/sha256/%s", digest_hex(d).text);
}

static bool open_blob(struct blob_source *self, struct source **out, const struct descriptor *d,
		      struct err *err)
{
	AUTO(auto_free) char *name = blob_name(&d->digest);
	struct source *plain;

	if (!open_file(&plain, of_blobs(self), name, err)) {
		if (err->code == E_NOT_FOUND) /* something lists it: the layout is broken */
			err->code = E_INTEGRITY;
		return false;
	}
	*out = blob_verified(plain, d);
	return true;
}

static uint64_t place_of(struct reader *self, const struct digest *d)
{
	struct layout_reader *x = (struct layout_reader *)self;
	AUTO(auto_free) char *name = blob_name(d);
	const struct tar_member *m = tar_file_find(x->tar, name);

	return m ? m->offset : 0;
}

/* --- documents --- */

static bool document(struct reader *self, struct registry_document *out, const struct descriptor *d,
		     struct err *err)
{
	AUTO(auto_source_close) struct source *source = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_MANIFEST);
	struct sink_buf sink = sink_buf(&text);
	uint64_t size;

	if (d->size > LIMIT_MANIFEST)
		return err_set(err, E_INTEGRITY, "document %s has %lld bytes, %d are allowed",
			       digest_format(&d->digest).text, (long long)d->size, LIMIT_MANIFEST);
	if (!self->blobs->open(self->blobs, &source, d, err) ||
	    !source_copy(source, &sink.sink, &size, err))
		return false;
	*out = (struct registry_document){ .len = text.len,
					   .content_type = mem_strdup(d->media_type),
					   .digest = d->digest };
	out->raw = buf_steal(&text);
	return true;
}

static const char *annotation(const json_t *entry, const char *key)
{
	return json_text_member(json_object_get(entry, "annotations"), key);
}

/* A tag as skopeo writes it, or the whole name as containerd does. */
static bool is_named(const json_t *entry, const char *name)
{
	const char *tag = annotation(entry, ARCHIVE_TAG), *whole = annotation(entry, ARCHIVE_NAME);
	struct reference a, b;
	struct err ignored = { 0 };

	if ((tag && str_eq(tag, name)) || (whole && str_eq(whole, name)))
		return true;
	/* "python:3.11" for "docker.io/library/python:3.11" */
	whole = whole ? whole : tag;
	if (!whole || !strchr(name, ':') || !reference_parse(&a, whole, &ignored) ||
	    !reference_parse(&b, name, &ignored))
		return false;
	return str_eq(reference_format(&a).text, reference_format(&b).text);
}

static bool decode(struct descriptor *out, struct layout_reader *x, json_t *entry, struct err *err)
{
	bool ok;

	*out = (struct descriptor){ 0 };
	lock_take(&x->lock);
	ok = json_decode(&descriptor_type, out, entry, &x->arena, err);
	lock_drop(&x->lock);
	if (ok)
		return true;
	err->code = E_INTEGRITY;
	return err_wrap(err, "index.json");
}

static bool say_names(struct layout_reader *x, struct err *err)
{
	AUTO(buf_free) struct buf list = BUF_INIT(ERR_HINT_MAX);
	struct err full = { 0 };
	json_t *entry;
	size_t i;

	json_array_foreach(x->entries, i, entry)
	{
		const char *name = annotation(entry, ARCHIVE_NAME);
		AUTO(auto_free) char *safe = NULL;

		name = name ? name : annotation(entry, ARCHIVE_TAG);
		if (!name)
			continue;
		safe = str_printable(name, strlen(name), 100);
		if (!buf_printf(&list, &full, "%s%s", list.len ? ", " : "", safe))
			break;
	}
	return list.len ? err_hint(err, "it holds %s", list.ptr) : false;
}

static bool find_named(struct descriptor *out, struct layout_reader *x, const char *name,
		       struct err *err)
{
	json_t *entry;
	size_t i;

	json_array_foreach(x->entries, i, entry)
	{
		if (is_named(entry, name))
			return decode(out, x, entry, err);
	}
	err_set(err, E_NOT_FOUND, "it holds no image named '%s'", name);
	return say_names(x, err);
}

static bool find_digest(struct descriptor *out, struct layout_reader *x, const struct digest *d,
			struct err *err)
{
	struct digest_text text = digest_format(d);
	json_t *entry;
	size_t i;

	json_array_foreach(x->entries, i, entry)
	{
		const char *have = json_text_member(entry, "digest");

		if (have && str_eq(have, text.text))
			return decode(out, x, entry, err);
	}
	return err_set(err, E_NOT_FOUND, "it does not list %s", text.text);
}

/* Signatures and the like stand beside the images: they are not what somebody means who names
 * nothing. */
static bool is_image_entry(const json_t *entry)
{
	const char *tag = annotation(entry, ARCHIVE_TAG), *suffix;
	struct digest ignored;

	return !json_object_get(entry, "artifactType") &&
	       !(tag && tags_is_of_digest(&ignored, &suffix, tag));
}

/* Without a name: the only image, however many names it has. */
static bool find_only(struct descriptor *out, struct layout_reader *x, struct err *err)
{
	const char *first = NULL;
	json_t *entry, *found = NULL;
	size_t i;

	json_array_foreach(x->entries, i, entry)
	{
		const char *digest = json_text_member(entry, "digest");

		if (!is_image_entry(entry) || !digest)
			continue;
		if (first && !str_eq(first, digest)) {
			err_set(err, E_USAGE, "it holds several images; say which");
			return say_names(x, err);
		}
		found = found ? found : entry;
		first = digest;
	}
	if (!found)
		return err_set(err, E_NOT_FOUND, "it holds no image");
	return decode(out, x, found, err);
}

static bool root(struct reader *self, struct registry_document *out, struct err *err)
{
	struct layout_reader *x = (struct layout_reader *)self;

	return document(self, out, &x->root, err);
}

static bool root_digest(struct reader *self, struct digest *out, struct err *err)
{
	(void)err;
	*out = ((struct layout_reader *)self)->root.digest;
	return true;
}

static bool named(struct reader *self, struct registry_document *out, const char *name,
		  struct err *err)
{
	struct layout_reader *x = (struct layout_reader *)self;
	struct descriptor d;

	return find_named(&d, x, name, err) && document(self, out, &d, err);
}

static bool names(struct reader *self, struct str_list *out, bool all, bool *whole_out,
		  struct err *err)
{
	struct layout_reader *x = (struct layout_reader *)self;
	json_t *entry;
	size_t i;

	(void)all;
	(void)err;
	json_array_foreach(x->entries, i, entry)
	{
		const char *tag = annotation(entry, ARCHIVE_TAG);

		if (tag && !str_list_has(out, tag))
			str_list_push(out, tag);
	}
	*whole_out = true;
	return true;
}

static bool refers_to(struct layout_reader *x, json_t *entry, const struct digest *subject)
{
	AUTO(registry_document_free) struct registry_document doc = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };
	struct err ignored = { 0 };
	struct descriptor d;
	struct manifest m;

	return decode(&d, x, entry, &ignored) && media_find(d.media_type)->kind == MEDIA_MANIFEST &&
	       document(&x->reader, &doc, &d, &ignored) &&
	       manifest_parse(&m, doc.raw, doc.len, d.media_type, &arena, &ignored) && m.subject &&
	       digest_eq(&m.subject->digest, subject);
}

/* Layouts have no such list: every entry is looked at, which are few. */
static bool referrers(struct reader *self, struct registry_document *out,
		      const struct digest *subject, struct err *err)
{
	struct layout_reader *x = (struct layout_reader *)self;
	AUTO(auto_json_decref) json_t *index = json_object();
	json_t *list = json_array(), *entry;
	size_t i;

	(void)err;
	json_object_set_new(index, "schemaVersion", json_integer(2));
	json_object_set_new(index, "manifests", list);
	json_array_foreach(x->entries, i, entry)
	{
		if (refers_to(x, entry, subject))
			json_array_append(list, entry);
	}
	*out = (struct registry_document){ 0 };
	out->raw = json_text(index, &out->len);
	return true;
}

static void close_reader(struct reader *self)
{
	struct layout_reader *x = (struct layout_reader *)self;

	json_decref(x->entries);
	tar_file_close(x->tar);
	auto_close(&x->dir);
	arena_free(&x->arena);
	lock_free(&x->lock);
	free(x);
}

/* --- opening --- */

static bool load(struct layout_reader *x, struct err *err)
{
	AUTO(buf_free) struct buf version = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_INDEX_JSON);
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_json_decref) json_t *layout = NULL;
	const char *said;

	if (!read_file(&version, x, "oci-layout", version.max, err)) {
		if (err->code == E_NOT_FOUND)
			err_set(err, E_NOT_FOUND, "it is no image layout: there is no oci-layout");
		return false;
	}
	if (!json_parse(&layout, version.ptr, version.len, "oci-layout", err) ||
	    !read_file(&text, x, "index.json", text.max, err) ||
	    !json_parse(&doc, text.ptr, text.len, "index.json", err)) {
		if (err->code == E_INPUT)
			err->code = E_INTEGRITY;
		return false;
	}
	said = json_text_member(layout, "imageLayoutVersion");
	if (!said || !str_has_prefix(said, "1."))
		return err_set(err, E_UNSUPPORTED, "image layout version '%s'", said ? said : "");
	if (!json_is_array(json_object_get(doc, "manifests")))
		return err_set(err, E_INTEGRITY, "index.json has no list of manifests");
	x->entries = json_incref(json_object_get(doc, "manifests"));
	return true;
}

static bool find_root(struct layout_reader *x, const struct place *place, struct err *err)
{
	if (place->has_digest)
		return find_digest(&x->root, x, &place->digest, err);
	return place->name ? find_named(&x->root, x, place->name, err)
			   : find_only(&x->root, x, err);
}

static bool finish(struct reader **out, struct layout_reader *x, const struct place *place,
		   struct err *err)
{
	lock_init(&x->lock);
	x->blobs = (struct blob_source){ .open = open_blob };
	x->reader = (struct reader){ .root = root,
				     .root_digest = root_digest,
				     .document = document,
				     .named = named,
				     .names = names,
				     .referrers = referrers,
				     .close = close_reader,
				     .blobs = &x->blobs,
				     .has_signatures = true };
	if (x->tar && tar_file_is_serial(x->tar))
		x->reader.place_of = place_of;
	if (load(x, err) && find_root(x, place, err)) {
		*out = &x->reader;
		return true;
	}
	close_reader(&x->reader);
	return false;
}

bool reader_of_layout(struct reader **out, const struct place *place, const struct reader_env *env,
		      struct err *err)
{
	struct layout_reader *x = mem_alloc(sizeof(*x));

	(void)env;
	x->dir = -1;
	if (!fs_open_dir(&x->dir, place->path, err)) {
		free(x);
		return false;
	}
	return finish(out, x, place, err);
}

bool reader_of_oci_archive(struct reader **out, const struct place *place,
			   const struct reader_env *env, struct err *err)
{
	struct layout_reader *x = mem_alloc(sizeof(*x));

	x->dir = -1;
	x->tar = env->archive;
	if (!x->tar && !archive_file_open(&x->tar, place->path, env->store, err)) {
		free(x);
		return false;
	}
	return finish(out, x, place, err);
}
