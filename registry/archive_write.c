// SPDX-License-Identifier: Apache-2.0
#include "registry/archive_write.h"

#include <stdlib.h>

#include "base/destination.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/tar.h"
#include "registry/archive_parts.h"

/* Images as a tar. */

static bool add_text(struct tar_writer *tar, const char *name, const char *text, struct err *err)
{
	AUTO(entry_list_free) struct entry_list list = { 0 };

	return tar_writer_add(tar, entry_add_bytes(&list, name, text, strlen(text)), err);
}

static bool add_json(struct tar_writer *tar, const char *name, const json_t *doc, struct err *err)
{
	AUTO(auto_free) char *text = json_text(doc, NULL);

	return add_text(tar, name, text, err);
}

static bool add_index(struct tar_writer *tar, const struct archive_request *r, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	json_t *list = json_array();

	archive_index_entries(list, r);
	json_object_set_new(doc, "schemaVersion", json_integer(2));
	json_object_set_new(doc, "mediaType",
			    json_string(media_text(MEDIA_INDEX, FAMILY_OCI, COMPRESSION_NONE)));
	json_object_set_new(doc, "manifests", list);
	return add_json(tar, "index.json", doc, err);
}

static bool open_part(const struct entry *e, struct source **out, struct err *err)
{
	return archive_part_open(out, e->data, err);
}

static bool add_part(struct tar_writer *tar, const struct archive_part *part, struct err *err)
{
	AUTO(entry_list_free) struct entry_list list = { 0 };
	struct digest_text hex = digest_hex(&part->descriptor.digest);
	AUTO(auto_free) char *name = mem_printf("blobs/sha256/%s", hex.text);
	struct entry *e = entry_add(&list, ENTRY_FILE, name);

	e->size = part->descriptor.size;
	e->open = open_part;
	e->data = part;
	return tar_writer_add(tar, e, err) || err_wrap(err, "blob %.12s", hex.text);
}

static bool add_directories(struct tar_writer *tar, struct err *err)
{
	AUTO(entry_list_free) struct entry_list list = { 0 };

	return tar_writer_add(tar, entry_add(&list, ENTRY_DIR, "blobs"), err) &&
	       tar_writer_add(tar, entry_add(&list, ENTRY_DIR, "blobs/sha256"), err);
}

bool archive_write(struct sink *to, const struct archive_request *r, struct err *err)
{
	AUTO(archive_parts_free) struct archive_parts parts = { 0 };
	AUTO(auto_tar_writer_close) struct tar_writer *tar = NULL;

	if (!archive_parts_collect(&parts, r, err) || !tar_writer_open(&tar, to, err) ||
	    !add_text(tar, "oci-layout", archive_layout_text, err) || !add_index(tar, r, err) ||
	    (parts.images && !add_json(tar, "manifest.json", parts.images, err)) ||
	    !add_directories(tar, err))
		return false;
	for (size_t i = 0; i < parts.blobs.len; i++)
		if (!add_part(tar, &parts.blobs.items[i], err))
			return false;
	return tar_writer_finish(tar, err);
}

bool archive_write_file(const char *path, const struct archive_request *r, struct err *err)
{
	AUTO(destination_close) struct destination to = DESTINATION_INIT;

	return destination_open(&to, path, err) &&
	       (archive_write(&to.sink.sink, r, err) || err_wrap(err, "%s", path)) &&
	       destination_commit(&to, err);
}
