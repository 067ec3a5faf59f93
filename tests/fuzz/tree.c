// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include <sys/stat.h>

#include "base/fs.h"
#include "layers/compress.h"
#include "layers/unpack.h"
#include "tests/fuzz/layers.h"

/* How much there is below a real directory. */
static size_t count_below(int root, const char *dir)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err err = { 0 };
	size_t count;

	assert(fs_list(&names, root, dir, FS_BENEATH_NOLINK, &err));
	count = names.len;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free) char *path = mem_printf("%s/%s", dir, names.items[i]);
		struct stat st;

		assert(fs_stat(&st, root, path, FS_BENEATH_NOLINK, &err));
		count += S_ISDIR(st.st_mode) ? count_below(root, path) : 0;
	}
	return count;
}

struct comparison {
	int root;
	size_t count;
};

static bool compare(void *arg, const struct entry *e)
{
	struct comparison *c = arg;
	struct err err = { 0 };
	struct stat st;

	assert(fs_stat(&st, c->root, e->path, FS_BENEATH_NOLINK, &err));
	assert(S_ISDIR(st.st_mode) == (e->kind == ENTRY_DIR));
	assert(S_ISLNK(st.st_mode) == (e->kind == ENTRY_SYMLINK));
	c->count++;
	return true;
}

/* Unpacking leaves devices out, and who links to one fails. */
static bool has_devices(struct slice lines)
{
	while (lines.ptr) {
		struct slice line = slice_cut(lines, '\n', &lines);

		if (line.len && (line.ptr[0] == '3' || line.ptr[0] == '4'))
			return true;
	}
	return false;
}

/* Layers (members.h): the tree that is made of them in memory is the one that unpacking makes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(layers_free) struct layers layers = { 0 };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_tree_close) struct tree *tree = NULL;
	struct unpack_options opt = { .whiteouts = UNPACK_APPLY };
	struct comparison c;
	struct err err = { 0 };
	bool ok = true;

	if (has_devices(rest))
		return 0;
	while (rest.ptr && layers.len < LAYERS_MAX)
		layers_add(&layers, next_part(&rest));
	/* A tar begins with a name, and a layer that begins like gzip is taken for it. */
	for (size_t i = 0; i < layers.len; i++)
		if (compression_detect(layers.tars[i].ptr, layers.tars[i].len) != COMPRESSION_NONE)
			return 0;
	assert(fs_tmpdir_open(&dir, &err));
	for (size_t i = 0; i < layers.len && ok; i++) {
		AUTO(auto_source_close)
		struct source *from = source_mem(layers.tars[i].ptr, layers.tars[i].len);

		ok = verdict(unpack_tar(dir.fd, from, &opt, &err), &err);
	}
	assert(ok ==
	       verdict(tree_open(&tree, &layers.source, layers.items, layers.len, -1, &err), &err));
	if (!ok)
		return 0;
	c = (struct comparison){ .root = dir.fd };
	tree_walk(tree, "", compare, &c);
	assert(c.count == count_below(dir.fd, "."));
	return 0;
}
