// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "registry/archive_file.h"
#include "registry/archive_names.h"
#include "registry/graph.h"

/* Whatever opened must be walked, and what is read must be what was promised. */
static void walk(const struct place *place, struct store *store, const struct tar_file *f)
{
	struct reader_env env = { .store = store };
	AUTO(auto_reader_close) struct reader *from = NULL;
	AUTO(registry_document_free) struct registry_document root = { 0 };
	AUTO(graph_free) struct graph graph = { 0 };
	struct err err = { 0 };

	assert(tar_file_again(&env.archive, f, &err));
	if (!verdict(reader_open(&from, place, &env, &err), &err) ||
	    !verdict(from->root(from, &root, &err), &err) ||
	    !verdict(graph_add_root(&graph, from, &root, 2, &err), &err))
		return;
	verdict(graph_add_signatures(&graph, from, NULL, 2, &err), &err);
	for (size_t i = 0; i < graph.blobs.len; i++) {
		AUTO(auto_source_close) struct source *blob = NULL;
		AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 20);
		struct sink_buf sink = sink_buf(&bytes);
		struct digest got;

		if (!verdict(from->blobs->open(from->blobs, &blob, &graph.blobs.items[i], &err),
			     &err) ||
		    !verdict(source_copy(blob, &sink.sink, NULL, &err), &err))
			continue;
		got = digest_of(bytes.ptr, bytes.len);
		assert(digest_eq(&got, &graph.blobs.items[i].digest));
	}
}

/* An image archive that is anything: as an OCI archive and as docker's, plain or compressed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_store_close) struct store *store = NULL;
	AUTO(auto_tar_file_close) struct tar_file *f = NULL;
	AUTO(auto_free) char *path = NULL;
	struct place place = { .kind = PLACE_OCI_ARCHIVE, .path = (char[]){ "fuzzed" } };
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err err = { 0 };
	size_t unnamed;

	assert(fs_tmpdir_open(&dir, &err) && store_open(&store, dir.path, &err));
	path = mem_printf("%s/archive", dir.path);
	assert(fs_write_path_atomic(path, data, len, 0600, &err));
	if (!verdict(archive_file_open(&f, path, store, &err), &err))
		return 0;
	verdict(archive_file_kind(&place.kind, f, &err), &err);
	for (int kind = PLACE_OCI_ARCHIVE; kind <= PLACE_DOCKER_ARCHIVE; kind++) {
		place.kind = (enum place_kind)kind;
		verdict(archive_file_names(&names, &unnamed, place.kind, f, &err), &err);
		walk(&place, store, f);
	}
	return 0;
}
