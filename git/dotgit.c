// SPDX-License-Identifier: Apache-2.0
#include "git/dotgit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

/* A .git directory as files. gitrepository-layout(5), gitformat-index(5). */

void dotgit_free(struct dotgit *d)
{
	free(d->index.items);
	free(d->modules.items);
	free(d->objects.items);
	free(d->files.items);
}

void dotgit_add_object(struct dotgit *d, const git_oid *id)
{
	*ARRAY_PUSH(&d->objects) = *id;
}

void dotgit_add_entry(struct dotgit *d, const char *path, unsigned mode, const git_oid *id)
{
	*ARRAY_PUSH(&d->index) = (struct dotgit_entry){ .path = path, .mode = mode, .id = *id };
}

/* Each part of it is a directory (CVE-2018-11235). */
static bool name_is_safe(const char *name)
{
	struct slice rest = slice_of(name);

	while (rest.ptr) {
		struct slice part = slice_cut(rest, '/', &rest);

		if (!part.len || part.len > LIMIT_COMPONENT || slice_eq(part, ".") ||
		    slice_eq(part, ".."))
			return false;
	}
	return strlen(name) <= LIMIT_PATH && !strpbrk(name, "\n\r");
}

/* Whether one lies in the other: "a/objects" would be written into "a". */
static bool is_inside(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (!path[len] || path[len] == '/');
}

bool dotgit_add_module(struct dotgit *d, struct arena *arena, const char *name, const char *url,
		       struct err *err)
{
	bool ok = name_is_safe(name);

	for (size_t i = 0; ok && i < d->modules.len; i++)
		ok = !is_inside(name, d->modules.items[i].name) &&
		     !is_inside(d->modules.items[i].name, name);
	if (!ok) {
		err_set(err, E_INTEGRITY, "a submodule cannot have the name '%s'", name);
		return err_hint(err, "without keep-git-dir its name is of no importance");
	}
	*ARRAY_PUSH(&d->modules) = (struct dotgit_module){ .name = arena_strdup(arena, name),
							   .url = arena_strdup(arena, url) };
	return true;
}

/* --- loose objects: a zlib stream (RFC 1950) of stored blocks, which no compressor changes --- */

enum { BLOCK_MAX = 65535, BLOCK_HEAD = 5, ZLIB_HEAD = 2, ZLIB_TAIL = 4, ADLER_MOD = 65521 };

struct loose {
	struct source source;
	const struct libgit2 *lib;
	git_odb_object *object;
	char head[32]; /* "blob 12" and a NUL */
	size_t head_len, size, at;
	size_t block_left;
	unsigned char small[BLOCK_HEAD]; /* what stands between the data */
	size_t small_len, small_at;
	uint32_t a, b; /* Adler-32 */
	bool is_done;
};

static const char *type_name(git_object_t type)
{
	return type == GIT_OBJECT_COMMIT ? "commit"
	       : type == GIT_OBJECT_TREE ? "tree"
	       : type == GIT_OBJECT_TAG  ? "tag"
					 : "blob";
}

static size_t object_head(char out[32], git_object_t type, size_t size)
{
	return (size_t)snprintf(out, 32, "%s %zu", type_name(type), size) + 1;
}

int64_t dotgit_loose_size(git_object_t type, size_t size)
{
	char head[32];
	size_t all = object_head(head, type, size) + size;

	return (int64_t)(ZLIB_HEAD + all + (all + BLOCK_MAX - 1) / BLOCK_MAX * BLOCK_HEAD +
			 ZLIB_TAIL);
}

static void say(struct loose *l, const unsigned char *bytes, size_t len)
{
	memcpy(l->small, bytes, len);
	l->small_len = len;
	l->small_at = 0;
}

/* What comes when nothing is under way: a block, the check sum, or the end. */
static void advance(struct loose *l)
{
	size_t left = l->size - l->at;
	size_t len = left < BLOCK_MAX ? left : BLOCK_MAX;

	if (left) {
		say(l,
		    (unsigned char[]){ left == len, len & 0xff, (unsigned char)(len >> 8),
				       ~len & 0xff, (unsigned char)(~len >> 8) },
		    BLOCK_HEAD);
		l->block_left = len;
		return;
	}
	say(l,
	    (unsigned char[]){ (unsigned char)(l->b >> 8), l->b & 0xff, (unsigned char)(l->a >> 8),
			       l->a & 0xff },
	    ZLIB_TAIL);
	l->is_done = true;
}

static size_t take_data(struct loose *l, unsigned char *to, size_t cap)
{
	const char *from = l->at < l->head_len
				   ? l->head + l->at
				   : (const char *)l->lib->git_odb_object_data(l->object) +
					     (l->at - l->head_len);
	size_t whole = l->at < l->head_len ? l->head_len - l->at : l->size - l->at;
	size_t len = whole < l->block_left ? whole : l->block_left;

	len = len < cap ? len : cap;
	memcpy(to, from, len);
	for (size_t i = 0; i < len; i++) {
		l->a = (l->a + to[i]) % ADLER_MOD;
		l->b = (l->b + l->a) % ADLER_MOD;
	}
	l->at += len;
	l->block_left -= len;
	return len;
}

static bool loose_read(struct source *self, void *data, size_t cap, size_t *len_out,
		       struct err *err)
{
	struct loose *l = (struct loose *)self;
	size_t left = l->small_len - l->small_at;

	(void)err;
	if (!left && !l->block_left && !l->is_done) {
		advance(l);
		left = l->small_len;
	}
	if (left) {
		*len_out = left < cap ? left : cap;
		memcpy(data, l->small + l->small_at, *len_out);
		l->small_at += *len_out;
		return true;
	}
	*len_out = l->block_left ? take_data(l, data, cap) : 0;
	return true;
}

static void loose_close(struct source *self)
{
	struct loose *l = (struct loose *)self;

	l->lib->git_odb_object_free(l->object);
	free(l);
}

struct source *dotgit_open_loose(const struct libgit2 *lib, git_odb_object *object)
{
	struct loose *l = mem_alloc(sizeof(*l));
	size_t size = lib->git_odb_object_size(object);

	l->source = (struct source){ .read = loose_read, .close = loose_close };
	l->lib = lib;
	l->object = object;
	l->head_len = object_head(l->head, lib->git_odb_object_type(object), size);
	l->size = l->head_len + size;
	l->a = 1;
	say(l, (const unsigned char *)"\x78\x01", ZLIB_HEAD);
	return &l->source;
}

/* --- files --- */

static struct dotgit_file *add(struct dotgit *d, struct arena *arena, const char *name)
{
	struct dotgit_file *file = ARRAY_PUSH(&d->files);

	file->path = arena_printf(arena, "%s/%s", d->dir, name);
	return file;
}

static void add_bytes(struct dotgit *d, struct arena *arena, const char *name, struct slice bytes)
{
	struct dotgit_file *file = add(d, arena, name);

	file->bytes = arena_slice(arena, bytes);
	file->size = (int64_t)bytes.len;
}

static void add_text(struct dotgit *d, struct arena *arena, const char *name, const char *line)
{
	AUTO(auto_free) char *text = mem_printf("%s\n", line);

	add_bytes(d, arena, name, slice_of(text));
}

/* From a submodule's directory to its files, and the other way round. */
static char *way_up(const char *from, const char *to)
{
	AUTO(buf_free) struct buf out = BUF_INIT(SIZE_MAX / 2);

	for (const char *c = from; c; c = strchr(c + 1, '/'))
		buf_put(&out, "../");
	buf_put(&out, to);
	return buf_steal(&out);
}

/* The name of a section, between its quotes. */
static void put_quoted(struct buf *out, const char *name)
{
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			buf_put_byte(out, '\\');
		buf_put_byte(out, (unsigned char)*name);
	}
}

static void add_config(struct dotgit *d, struct arena *arena, const char *remote)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
	AUTO(auto_free) char *url = git_config_value(remote);

	buf_put(&text, "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n"
		       "\tbare = false\n\tlogallrefupdates = true\n");
	if (*d->work) {
		AUTO(auto_free) char *up = way_up(d->dir, d->work);
		AUTO(auto_free) char *value = git_config_value(up);

		buf_putf(&text, "\tworktree = %s\n", value);
	}
	buf_putf(&text,
		 "[remote \"origin\"]\n"
		 "\turl = %s\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
		 url);
	for (size_t i = 0; i < d->modules.len; i++) {
		AUTO(auto_free) char *from = git_config_value(d->modules.items[i].url);

		buf_put(&text, "[submodule \"");
		put_quoted(&text, d->modules.items[i].name);
		buf_putf(&text, "\"]\n\tactive = true\n\turl = %s\n", from);
	}
	add_bytes(d, arena, "config", (struct slice){ text.ptr, text.len });
}

/* Of a submodule: the file that says where its directory is. */
static void add_pointer(struct dotgit *d, struct arena *arena)
{
	struct dotgit_file *file = ARRAY_PUSH(&d->files);
	AUTO(auto_free) char *up = way_up(d->work, d->dir);

	file->path = arena_printf(arena, "%s/.git", d->work);
	file->bytes = arena_printf(arena, "gitdir: %s\n", up);
	file->size = (int64_t)strlen(file->bytes);
}

static bool add_object(struct dotgit *d, struct arena *arena, const struct git_repo *repo,
		       const git_oid *id, struct err *err)
{
	const struct libgit2 *lib = repo->lib;
	char hex[41] = "", name[64];
	struct dotgit_file *file;
	git_object_t type;
	size_t size;

	lib->git_oid_nfmt(hex, sizeof(hex), id);
	if (lib->git_odb_read_header(&size, &type, repo->odb, id) < 0)
		return libgit2_failed(lib, E_INTEGRITY, hex, err);
	snprintf(name, sizeof(name), "objects/%.2s/%s", hex, hex + 2);
	file = add(d, arena, name);
	file->size = dotgit_loose_size(type, size);
	file->id = *id;
	return true;
}

static bool add_named(struct dotgit *d, struct arena *arena, const struct git_repo *repo,
		      const char *hex, struct err *err)
{
	git_oid id;

	return (repo->lib->git_oid_fromstrn(&id, hex, 40) == 0 ||
		libgit2_failed(repo->lib, E_INTEGRITY, hex, err)) &&
	       add_object(d, arena, repo, &id, err);
}

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(git_oid));
}

static bool add_objects(struct dotgit *d, struct arena *arena, const struct git_repo *repo,
			struct err *err)
{
	if (!add_named(d, arena, repo, repo->commit, err) ||
	    (repo->tag[0] && !add_named(d, arena, repo, repo->tag, err)))
		return false;
	if (d->objects.len)
		qsort(d->objects.items, d->objects.len, sizeof(git_oid), by_id);
	for (size_t i = 0; i < d->objects.len; i++)
		if ((!i || by_id(&d->objects.items[i - 1], &d->objects.items[i]) != 0) &&
		    !add_object(d, arena, repo, &d->objects.items[i], err))
			return false;
	return true;
}

/* --- the index --- */

static void put_u32(struct buf *out, uint32_t n)
{
	buf_put_bytes(out,
		      (unsigned char[]){ (unsigned char)(n >> 24), (unsigned char)(n >> 16),
					 (unsigned char)(n >> 8), (unsigned char)n },
		      4);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct dotgit_entry *)a)->path,
		      ((const struct dotgit_entry *)b)->path);
}

static unsigned index_mode(unsigned mode)
{
	if ((mode & 0170000) != 0100000)
		return mode & 0170000;
	return mode & 0100 ? 0100755 : 0100644;
}

/* Times, device, inode, owner and size are zero: git looks at the file then. */
static void put_entry(struct buf *out, const struct dotgit_entry *e)
{
	enum { FIXED = 62, STAT_BEFORE_MODE = 24, STAT_BEHIND = 12, NAME_MAX_FLAG = 0xfff };
	static const char zeros[STAT_BEFORE_MODE];
	size_t len = strlen(e->path);
	size_t flag = len < NAME_MAX_FLAG ? len : NAME_MAX_FLAG;

	buf_put_bytes(out, zeros, STAT_BEFORE_MODE);
	put_u32(out, index_mode(e->mode));
	buf_put_bytes(out, zeros, STAT_BEHIND);
	buf_put_bytes(out, e->id.id, sizeof(e->id.id));
	buf_put_byte(out, (unsigned char)(flag >> 8));
	buf_put_byte(out, flag & 0xff);
	buf_put_bytes(out, e->path, len);
	buf_put_bytes(out, zeros, 8 - (FIXED + len) % 8);
}

static void add_index(struct dotgit *d, struct arena *arena)
{
	AUTO(buf_free) struct buf out = BUF_INIT(SIZE_MAX / 2);
	unsigned char hash[SHA1_SIZE];

	if (d->index.len)
		qsort(d->index.items, d->index.len, sizeof(*d->index.items), by_path);
	buf_put(&out, "DIRC");
	put_u32(&out, 2);
	put_u32(&out, (uint32_t)d->index.len);
	for (size_t i = 0; i < d->index.len; i++)
		put_entry(&out, &d->index.items[i]);
	sha1_of(hash, out.ptr, out.len);
	buf_put_bytes(&out, hash, sizeof(hash));
	add_bytes(d, arena, "index", (struct slice){ out.ptr, out.len });
}

bool dotgit_make(struct dotgit *d, struct arena *arena, const struct git_repo *repo,
		 const struct git_location *at, struct err *err)
{
	add_text(d, arena, "HEAD", repo->commit);
	add_text(d, arena, "shallow", repo->commit);
	add_config(d, arena, at->remote);
	/* "HEAD" itself is no branch; without any a directory must be there to be a repository */
	add_text(d, arena,
		 repo->branch && str_has_prefix(repo->branch, "refs/") ? repo->branch
								       : "refs/rtbuild",
		 repo->tag[0] ? repo->tag : repo->commit);
	add_index(d, arena);
	if (*d->work)
		add_pointer(d, arena);
	return add_objects(d, arena, repo, err);
}
