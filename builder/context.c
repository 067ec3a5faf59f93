// SPDX-License-Identifier: Apache-2.0
#include "builder/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "builder/dockerignore.h"
#include "builder/statindex.h"
#include "layers/xattr.h"

/* Walking a context and reading its files. What is copied where is copy.c's business. */

enum { LEARN_BUFFER = 128 * KIB };

struct context_file {
	struct context *context;
	struct file_record known; /* its hash once it is `hashed` */
	bool has_links;           /* other names */
	bool hashed;
};

struct context {
	struct arena arena;
	int dir;
	struct dockerignore *ignore;
	struct statindex *index; /* NULL: none */
	struct lock lock;        /* stages read files side by side: guards what was learnt */
	struct files files;
	bool walked;
	size_t count;
	const struct entry_list *over;
	void *held; /* what a listed tree's entries live in */
	void (*release)(void *held);
};

bool context_open(struct context **out, struct store *store, const char *dir,
		  const char *dockerfile, struct err *err)
{
	AUTO(auto_context_close) struct context *c = mem_alloc(sizeof(*c));

	c->dir = -1;
	lock_init(&c->lock);
	if (!fs_open_dir(&c->dir, dir, err))
		return err_wrap(err, "build context");
	if (!dockerignore_load(&c->ignore, c->dir, dir, dockerfile, err))
		return false;
	if (store && !statindex_open(&c->index, store, c->dir, err))
		return false;
	*out = STEAL(c);
	return true;
}

void context_close(struct context *c)
{
	if (!c)
		return;
	auto_close(&c->dir);
	dockerignore_free(c->ignore);
	statindex_close(c->index);
	files_free(&c->files);
	arena_free(&c->arena);
	if (c->release)
		c->release(c->held);
	lock_free(&c->lock);
	free(c);
}

/* --- trees that are listed already --- */

struct context *context_of_files(struct files *files, void *held, void (*release)(void *held))
{
	struct context *c = mem_alloc(sizeof(*c));

	c->dir = -1;
	lock_init(&c->lock);
	c->walked = true;
	c->files = *files;
	*files = (struct files){ 0 };
	c->held = held;
	c->release = release;
	return c;
}

bool context_read(struct buf *out, struct context *c, const char *path, size_t max, struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;
	AUTO(auto_free) char *clean = fs_join("/", path);
	struct sink_buf to = sink_buf(out);
	const struct entry *e;

	if (!files_follow(&e, &c->files, clean + 1, err))
		return false;
	if (!e)
		return err_set(err, E_NOT_FOUND, "the context has no '%s'", path);
	if (e->kind != ENTRY_FILE)
		return err_set(err, E_INPUT, "'%s' is no regular file", path);
	if (e->size > (int64_t)max)
		return err_set(err, E_INPUT, "'%s' has more than %zu bytes", path, max);
	return !e->open || (e->open(e, &from, err) && source_copy(from, &to.sink, NULL, err));
}

static bool find_ignore(struct context *c, const char *dockerfile, struct err *err)
{
	AUTO(auto_free) char *own = mem_printf("%s.dockerignore", dockerfile ? dockerfile : "");
	const char *names[] = { dockerfile ? own : ".dockerignore", ".dockerignore" };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_IGNORE_FILE);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (context_read(&text, c, names[i], LIMIT_IGNORE_FILE, err))
			return dockerignore_parse(&c->ignore, names[i], text.ptr, text.len, err);
		if (err->code != E_NOT_FOUND)
			return false;
		err_clear(err);
	}
	return true;
}

/* Keep `e` and the directories that lead to it. */
static void keep_with_parents(bool *kept, const struct files *f, const char *path)
{
	AUTO(auto_free) char *part = mem_strdup(path);

	for (;;) {
		char *slash = strrchr(part, '/');
		size_t at = files_index(f, part);

		if (at == SIZE_MAX || kept[at])
			return;
		kept[at] = true;
		if (!slash)
			return;
		*slash = '\0';
	}
}

bool context_ignore(struct context *c, const char *dockerfile, struct err *err)
{
	AUTO(auto_free) bool *kept = NULL;
	size_t len = 0;

	if (!find_ignore(c, dockerfile, err) || !dockerignore_count(c->ignore))
		return err->code == E_NONE;
	kept = mem_alloc(c->files.len + 1);
	for (size_t i = 0; i < c->files.len; i++)
		if (!dockerignore_matches(c->ignore, c->files.items[i]->path))
			keep_with_parents(kept, &c->files, c->files.items[i]->path);
	for (size_t i = 0; i < c->files.len; i++)
		if (kept[i])
			c->files.items[len++] = c->files.items[i];
	c->files.len = len;
	c->files.ignored = c->ignore;
	return true;
}

/* --- reading one file --- */

struct file_source {
	struct source source;
	struct context_file *file;
	int fd;
	off_t at;
	int64_t started_ns;
	bool hashing; /* nobody knew the hash when it was opened */
	struct sha256 hash;
	const char *name;
};

static bool changed(const char *name, struct err *err)
{
	err_set(err, E_IO, "%s: the file changed while the image was built", name);
	return err_hint(err, "build again when nothing writes to the context");
}

/* The first to have read the file says what is in it. */
static void learn(struct file_source *s)
{
	struct context_file *file = s->file;
	struct context *c = file->context;
	unsigned char hash[SHA256_SIZE];

	sha256_final(&s->hash, hash);
	s->hashing = false;
	lock_take(&c->lock);
	if (!file->hashed) {
		memcpy(file->known.hash, hash, sizeof(hash));
		file->hashed = true;
		if (c->index)
			statindex_put(c->index, &file->known, s->started_ns);
	}
	lock_drop(&c->lock);
}

static bool source_end(struct file_source *s, struct err *err)
{
	struct context_file *file = s->file;
	struct file_state now;
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return err_set_errno(err, "%s", s->name);
	now = file_state_of(&st);
	if (!file_state_same(&now, &file->known.state) || (uint64_t)s->at != file->known.state.size)
		return changed(s->name, err);
	if (s->hashing)
		learn(s);
	return true;
}

static bool file_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct file_source *s = (struct file_source *)self;
	ssize_t len;

	do {
		len = pread(s->fd, data, cap, s->at);
	} while (len < 0 && errno == EINTR);
	if (len < 0)
		return err_set_errno(err, "read %s", s->name);
	*len_out = (size_t)len;
	if (!len)
		return source_end(s, err);
	s->at += len;
	if ((uint64_t)s->at > s->file->known.state.size)
		return changed(s->name, err);
	if (s->hashing)
		sha256_update(&s->hash, data, (size_t)len);
	return true;
}

static void file_close(struct source *self)
{
	struct file_source *s = (struct file_source *)self;

	auto_close(&s->fd);
	sha256_free(&s->hash);
	free(s);
}

static struct context_file *file_of(const struct entry *e)
{
	union {
		const void *in;
		struct context_file *out;
	} data = { .in = e->data };

	return data.out;
}

static bool open_same(int *fd_out, const struct entry *e, struct err *err)
{
	struct context_file *file = file_of(e);
	AUTO(auto_close) int fd = -1;
	struct file_state now;
	struct stat st;

	if (!fs_open(&fd, file->context->dir, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0,
		     FS_BENEATH, err))
		return false;
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", e->name);
	now = file_state_of(&st);
	if (!file_state_same(&now, &file->known.state))
		return changed(e->name, err);
	*fd_out = steal_fd(&fd);
	return true;
}

static bool open_file(const struct entry *e, struct source **out, struct err *err)
{
	struct file_source *s;
	int fd = -1;

	if (!open_same(&fd, e, err))
		return false;
	s = mem_alloc(sizeof(*s));
	s->source = (struct source){ .read = file_read, .close = file_close };
	s->file = file_of(e);
	s->fd = fd;
	s->name = e->name;
	s->started_ns = statindex_now_ns();
	s->hashing = !context_hash(e);
	sha256_init(&s->hash);
	*out = &s->source;
	return true;
}

bool context_is_file(const struct entry *e)
{
	return e->open == open_file;
}

const unsigned char *context_hash(const struct entry *e)
{
	struct context_file *file = file_of(e);
	bool known;

	lock_take(&file->context->lock);
	known = file->hashed;
	lock_drop(&file->context->lock);
	return known ? file->known.hash : NULL; /* once there it does not change */
}

bool context_learn(const struct entry *e, struct err *err)
{
	AUTO(auto_source_close) struct source *bytes = NULL;
	AUTO(auto_free) char *buffer = NULL;
	size_t len = 1;

	if (context_hash(e))
		return true;
	buffer = mem_alloc(LEARN_BUFFER);
	if (!cancel_check(err) || !open_file(e, &bytes, err))
		return false;
	while (len)
		if (!source_read(bytes, buffer, LEARN_BUFFER, &len, err))
			return false;
	return true;
}

bool context_has_links(const struct entry *e)
{
	return file_of(e)->has_links;
}

char *context_identity(const struct entry *e)
{
	const struct file_state *state = &file_of(e)->known.state;

	return mem_printf("%llx-%llx", (unsigned long long)state->dev,
			  (unsigned long long)state->ino);
}

/* --- the walk --- */

static bool walk(struct context *c, int dir, const char *prefix, const bool *parent, bool *kept_out,
		 size_t depth, struct err *err);

static const char *read_link(struct context *c, int dir, const char *name, const char *path,
			     struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir, name, target, sizeof(target) - 1);

	if (len < 0) {
		err_set_errno(err, "read the link %s", path);
		return NULL;
	}
	target[len] = '\0';
	return arena_strdup(&c->arena, target);
}

static struct entry *new_entry(struct context *c, const char *path, const struct stat *st)
{
	struct entry *e = ARENA_NEW(&c->arena, struct entry);

	e->path = arena_strdup(&c->arena, path);
	e->name = e->path;
	e->mode = st->st_mode & 07777;
	e->mtime = st->st_mtim.tv_sec;
	e->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
	return e;
}

/* An unchanged file costs its stat alone: that it had no attributes is known as its bytes are. */
static bool add_regular(struct context *c, struct entry *e, int dir, const char *name,
			const struct stat *st, struct err *err)
{
	struct context_file *file = ARENA_NEW(&c->arena, struct context_file);
	const unsigned char *known = NULL;
	bool plain = false;

	file->context = c;
	file->known.state = file_state_of(st);
	file->has_links = st->st_nlink > 1;
	if (c->index)
		known = statindex_find(c->index, &file->known.state, &plain);
	if (known) {
		memcpy(file->known.hash, known, SHA256_SIZE);
		file->hashed = true;
	}
	if (!plain && !xattr_read(e, &c->arena, dir, name, err))
		return false;
	file->known.plain = !e->xattr_count;
	e->kind = ENTRY_FILE;
	e->size = st->st_size;
	e->open = open_file;
	e->data = file;
	e->dir = c->dir;
	return true;
}

/* Everything but directories; sockets cannot be in a layer. */
static bool add_other(struct context *c, int dir, const char *name, const char *path,
		      const struct stat *st, struct err *err)
{
	struct entry *e = new_entry(c, path, st);

	if (S_ISREG(st->st_mode)) {
		if (!add_regular(c, e, dir, name, st, err))
			return false;
	} else if (S_ISLNK(st->st_mode)) {
		e->kind = ENTRY_SYMLINK;
		e->mode = 0777;
		e->link = read_link(c, dir, name, path, err);
		if (!e->link)
			return false;
	} else if (S_ISFIFO(st->st_mode)) {
		e->kind = ENTRY_FIFO;
	} else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		e->kind = S_ISCHR(st->st_mode) ? ENTRY_CHAR : ENTRY_BLOCK;
		e->dev_major = major(st->st_rdev);
		e->dev_minor = minor(st->st_rdev);
	} else {
		return true;
	}
	files_add(&c->files, e);
	return true;
}

static bool add_directory(struct context *c, int dir, const char *name, const char *path,
			  const struct stat *st, const bool *own, bool excluded, bool *kept_out,
			  size_t depth, struct err *err)
{
	struct entry *e = new_entry(c, path, st);
	AUTO(auto_close) int fd = -1;
	bool kept = false;
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

	if (depth >= LIMIT_PATH_DEPTH)
		return err_set(err, E_INPUT, "%s: deeper than %d directories", path,
			       LIMIT_PATH_DEPTH);
	if (!fs_open(&fd, dir, name, flags, 0, FS_BENEATH_NOLINK, err))
		return err_wrap(err, "%s", path);
	if (!walk(c, fd, path, own, &kept, depth + 1, err))
		return false;
	/* an excluded directory is there only as the way to what was taken back */
	if (excluded && !kept)
		return true;
	if (!xattr_read(e, &c->arena, dir, name, err))
		return false;
	e->kind = ENTRY_DIR;
	files_add(&c->files, e);
	*kept_out = true;
	return true;
}

static bool visit(struct context *c, int dir, const char *name, const char *prefix,
		  const bool *parent, bool *kept_out, size_t depth, struct err *err)
{
	AUTO(auto_free) char *path = *prefix ? mem_printf("%s/%s", prefix, name) : mem_strdup(name);
	AUTO(auto_free) bool *own = mem_alloc(dockerignore_count(c->ignore) + 1);
	bool excluded = dockerignore_step(c->ignore, path, parent, own);
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return true; /* gone since it was listed */
		return err_set_errno(err, "%s", path);
	}
	if (++c->count > LIMIT_CONTEXT_FILES)
		return err_set(err, E_INPUT, "the context holds more than %d files",
			       LIMIT_CONTEXT_FILES);
	if (S_ISDIR(st.st_mode)) {
		if (excluded && !dockerignore_may_return(c->ignore, path))
			return true;
		return add_directory(c, dir, name, path, &st, own, excluded, kept_out, depth, err);
	}
	if (excluded)
		return true;
	*kept_out = true;
	return add_other(c, dir, name, path, &st, err);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static bool walk(struct context *c, int dir, const char *prefix, const bool *parent, bool *kept_out,
		 size_t depth, struct err *err)
{
	AUTO(auto_close) int copy = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	AUTO(close_dir) DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *item;

	if (!cancel_check(err))
		return false;
	if (!d)
		return err_set_errno(err, "read the directory '%s'", *prefix ? prefix : ".");
	copy = -1; /* closedir closes it */
	while (errno = 0, (item = readdir(d))) {
		if (str_eq(item->d_name, ".") || str_eq(item->d_name, ".."))
			continue;
		if (!visit(c, dir, item->d_name, prefix, parent, kept_out, depth, err))
			return false;
	}
	if (errno)
		return err_set_errno(err, "read the directory '%s'", *prefix ? prefix : ".");
	return true;
}

static bool is_over(const struct entry_list *over, const char *path)
{
	for (size_t i = 0; i < over->len; i++)
		if (str_eq(over->items[i].path, path))
			return true;
	return false;
}

/* Lists are walked for each: there is one file, or two. */
static void put_over(struct context *c)
{
	struct files *f = &c->files;
	size_t kept = 0;

	if (!c->over || !c->over->len)
		return;
	for (size_t i = 0; i < f->len; i++)
		if (!is_over(c->over, f->items[i]->path))
			f->items[kept++] = f->items[i];
	f->len = kept;
	for (size_t i = 0; i < c->over->len; i++)
		files_add(f, &c->over->items[i]);
	files_sort(f);
}

void context_overlay(struct context *c, const struct entry_list *over)
{
	lock_take(&c->lock);
	if (c->over != over) {
		c->over = over;
		if (c->walked)
			put_over(c);
	}
	lock_drop(&c->lock);
}

static bool walk_once(struct context *c, struct err *err)
{
	bool kept = false;

	if (c->walked)
		return true;
	/* of a walk that failed nothing is kept */
	files_free(&c->files);
	c->files = (struct files){ 0 };
	if (!walk(c, c->dir, "", NULL, &kept, 0, err))
		return err_wrap(err, "build context");
	files_sort(&c->files);
	put_over(c);
	c->files.ignored = c->ignore;
	c->walked = true;
	return true;
}

bool context_files(const struct files **out, struct context *c, struct err *err)
{
	bool ok;

	lock_take(&c->lock);
	ok = walk_once(c, err);
	lock_drop(&c->lock);
	*out = &c->files;
	return ok;
}

bool context_save(struct context *c, struct err *err)
{
	return !c->index || statindex_save(c->index, err);
}
