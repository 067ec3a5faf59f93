// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
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
	const struct tree *tree;
	int root;
	size_t count;
};

/* What a path leads to, links followed, is what it leads to on disk. */
static void compare_target(const struct comparison *c, const char *path)
{
	AUTO(auto_close) int fd = -1;
	const struct entry *found = NULL;
	struct err err = { 0 };
	struct stat st;
	bool is_there = fs_open(&fd, c->root, path, O_PATH, 0, FS_IN_ROOT, &err);

	err_clear(&err);
	if (!verdict(tree_find(&found, NULL, c->tree, path, true, &err), &err))
		found = NULL;
	assert(is_there == (found != NULL));
	assert(!is_there || fstat(fd, &st) == 0);
	assert(!is_there || S_ISDIR(st.st_mode) == (found->kind == ENTRY_DIR));
}

static bool compare(void *arg, const struct entry *e)
{
	struct comparison *c = arg;
	struct err err = { 0 };
	struct stat st;

	assert(fs_stat(&st, c->root, e->path, FS_BENEATH_NOLINK, &err));
	assert(S_ISDIR(st.st_mode) == (e->kind == ENTRY_DIR));
	assert(S_ISLNK(st.st_mode) == (e->kind == ENTRY_SYMLINK));
	compare_target(c, e->path);
	c->count++;
	return true;
}

/*
 * What need not be the same: unpacking leaves devices out, and who links to one fails; a link to
 * "file/" leads to the file in memory, as BuildKit has it, and nowhere on disk.
 */
static bool may_differ(struct slice lines)
{
	while (lines.ptr) {
		struct slice line = slice_cut(lines, '\n', &lines), link;

		if (line.len && strchr("34", line.ptr[0]))
			return true;
		slice_cut(line, '\t', &link);
		link.len = link.ptr ? strnlen(link.ptr, link.len < 100 ? link.len : 100) : 0;
		if (link.len && link.ptr[link.len - 1] == '/')
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

	if (may_differ(rest))
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
	c = (struct comparison){ .tree = tree, .root = dir.fd };
	tree_walk(tree, "", compare, &c);
	assert(c.count == count_below(dir.fd, "."));
	return 0;
}
