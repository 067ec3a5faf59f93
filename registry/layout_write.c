// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/archive_parts.h"
#include "registry/archive_write.h"

/* Images as a directory: an OCI image layout. The interface is in archive_write.h. */

struct layout {
	int dir, blobs;
};

static void layout_close(struct layout *l)
{
	auto_close(&l->dir); /* and with it the lock */
	auto_close(&l->blobs);
}

/* Two writers of one layout would lose each other's names. The directory is locked itself, so that
 * nothing is left in it. */
static bool lock(int dir, struct err *err)
{
	while (flock(dir, LOCK_EX) < 0) {
		if (errno != EINTR)
			return err_set_errno(err, "lock the directory");
		if (!cancel_check(err))
			return false;
	}
	return true;
}

/* What a copy left that broke off: whole blobs and no index yet, for the next try to go on with. */
static bool is_begun(const struct str_list *names)
{
	return names->len == 1 && str_eq(names->items[0], "blobs");
}

/* Empty or begun, or a layout of version 1 that is nobody's store. */
static bool check_directory(int dir, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(str_list_free) struct str_list names = { 0 };
	const char *version;

	if (!fs_list(&names, dir, ".", FS_BENEATH, err))
		return false;
	if (!names.len || is_begun(&names))
		return true;
	if (!fs_exists(dir, "oci-layout")) {
		err_set(err, E_INPUT, "the directory is not empty and no image layout");
		return err_hint(err, "name a new directory");
	}
	if (fs_exists(dir, "locks")) {
		err_set(err, E_INPUT, "the directory is a store of rtbuild's");
		return err_hint(err, "an image gets there by --store DIR");
	}
	if (!fs_read(&text, dir, "oci-layout", text.max, FS_BENEATH, err) ||
	    !json_parse(&doc, text.ptr, text.len, "oci-layout", err))
		return false;
	version = json_text_member(doc, "imageLayoutVersion");
	return (version && str_has_prefix(version, "1.")) ||
	       err_set(err, E_UNSUPPORTED, "image layout version '%s'", version ? version : "");
}

static bool layout_open(struct layout *out, const char *path, struct err *err)
{
	return fs_open_dir_p(&out->dir, path, 0755, err) && lock(out->dir, err) &&
	       check_directory(out->dir, err) &&
	       fs_mkdir_p(out->dir, "blobs/sha256", 0755, FS_BENEATH, err) &&
	       fs_open(&out->blobs, out->dir, "blobs/sha256", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH,
		       err);
}

static bool is_there(const struct layout *l, const char *name, int64_t size)
{
	struct stat st;

	return fstatat(l->blobs, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size == size;
}

static bool write_part(const struct layout *l, const struct archive_part *part, struct err *err)
{
	struct digest_text hex = digest_hex(&part->descriptor.digest);
	AUTO(fs_tmp_close) struct fs_tmp tmp = FS_TMP_INIT;
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_fd to;

	if (is_there(l, hex.text, part->descriptor.size))
		return true;
	if (!fs_tmp_open(&tmp, l->blobs, err) || !archive_part_open(&from, part, err))
		return false;
	to = sink_fd(tmp.fd);
	return (source_copy(from, &to.sink, NULL, err) &&
		fs_tmp_commit(&tmp, l->blobs, hex.text, 0644, err)) ||
	       err_wrap(err, "blob %.12s", hex.text);
}

static bool load_index(json_t **out, int dir, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_INDEX_JSON);
	json_t *list;

	if (!fs_exists(dir, "index.json")) {
		*out = json_object();
		json_object_set_new(*out, "schemaVersion", json_integer(2));
		json_object_set_new(
			*out, "mediaType",
			json_string(media_text(MEDIA_INDEX, FAMILY_OCI, COMPRESSION_NONE)));
		json_object_set_new(*out, "manifests", json_array());
		return true;
	}
	if (!fs_read(&text, dir, "index.json", text.max, FS_BENEATH, err) ||
	    !json_parse(out, text.ptr, text.len, "index.json", err))
		return false;
	list = json_object_get(*out, "manifests");
	return json_is_array(list) || err_set(err, E_INPUT, "index.json has no list of manifests");
}

static const char *annotation(const json_t *entry, const char *key)
{
	return json_text_member(json_object_get(entry, "annotations"), key);
}

/* An older entry makes way for one of its name; a tag alone is a name only where nothing says more.
 * What has no name is there once. */
static bool same_name(const json_t *a, const json_t *b)
{
	const char *name_a = annotation(a, ARCHIVE_NAME), *name_b = annotation(b, ARCHIVE_NAME);
	const char *tag_a = annotation(a, ARCHIVE_TAG), *tag_b = annotation(b, ARCHIVE_TAG);

	if (name_a && name_b)
		return str_eq(name_a, name_b);
	if (tag_a && tag_b)
		return str_eq(tag_a, tag_b);
	return !tag_a && !tag_b &&
	       str_eq(json_text_member(a, "digest"), json_text_member(b, "digest"));
}

static void merge(json_t *list, json_t *added)
{
	size_t i, k;
	json_t *fresh;

	json_array_foreach(added, i, fresh)
	{
		for (k = json_array_size(list); k-- > 0;)
			if (same_name(json_array_get(list, k), fresh))
				json_array_remove(list, k);
		json_array_append(list, fresh);
	}
}

static bool write_index(const struct layout *l, const struct archive_request *r, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_json_decref) json_t *added = json_array();
	AUTO(auto_free) char *text = NULL;
	size_t len;

	if (!load_index(&doc, l->dir, err))
		return false;
	archive_index_entries(added, r);
	merge(json_object_get(doc, "manifests"), added);
	text = json_text(doc, &len);
	return fs_write_atomic(l->dir, "oci-layout", archive_layout_text,
			       strlen(archive_layout_text), 0644, err) &&
	       fs_write_atomic(l->dir, "index.json", text, len, 0644, err);
}

bool archive_write_layout(const char *path, const struct archive_request *r, struct err *err)
{
	AUTO(archive_parts_free) struct archive_parts parts = { 0 };
	AUTO(layout_close) struct layout l = { -1, -1 };

	if (!archive_parts_collect(&parts, r, err) || !layout_open(&l, path, err))
		return err_wrap(err, "%s", path);
	for (size_t i = 0; i < parts.blobs.len; i++)
		if (!write_part(&l, &parts.blobs.items[i], err))
			return err_wrap(err, "%s", path);
	return write_index(&l, r, err) || err_wrap(err, "%s", path);
}
