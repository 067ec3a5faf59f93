// SPDX-License-Identifier: Apache-2.0
#include "image/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/document.h"

/* The store as a directory: where it is, making it, opening it. What lies in it is store_*.c's. */

#define LAYOUT_FILE "oci-layout"
#define LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define EMPTY_INDEX                                                                       \
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\"," \
	"\"manifests\":[]}"

static const char *const own_dirs[] = { STORE_BLOBS, STORE_TMP, STORE_USERS, STORE_SPARSE,
					"partial" };
/* What may be found where a store is being made: ours, from another process or a death on the way.
 */
static const char *const own_names[] = {
	"blobs", "cache",      "containers", "index.json", "locks",
	"logs",  "oci-layout", "partial",    "tmp",        "wheels"
};

static char *default_path(void)
{
	const char *path = env_get("RTBUILD_STORE");
	const char *data = env_get("XDG_DATA_HOME");

	if (path)
		return mem_strdup(path);
	/* XDG base directory specification: a relative path is to be ignored. */
	if (data && data[0] == '/')
		return fs_join(data, "rtbuild");
	return fs_join(env_home(), ".local/share/rtbuild");
}

static bool absolute(char **out, const char *path, struct err *err)
{
	AUTO(auto_free) char *cwd = NULL;

	if (path[0] == '/') {
		*out = fs_clean(path);
		return true;
	}
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return err_set_errno(err, "working directory");
	*out = fs_join(cwd, path);
	return true;
}

/* A directory of other things does not become a store by a slip of --store. */
static bool may_become_store(struct store *s, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	if (!fs_list(&names, s->dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		bool own = false;

		for (size_t k = 0; k < ARRAY_LEN(own_names); k++)
			own = own || str_eq(names.items[i], own_names[k]);
		if (own)
			continue;
		err_set(err, E_INPUT, "%s is no image layout and not empty: it holds '%s'", s->path,
			names.items[i]);
		return err_hint(err, "name an empty or new directory by --store or $RTBUILD_STORE");
	}
	return true;
}

typedef bool commit_fn(struct fs_tmp *tmp, int to_dir, const char *name, mode_t mode,
		       struct err *err);

static bool write_file(struct store *s, const char *dir, const char *name, const void *data,
		       size_t len, mode_t mode, commit_fn *commit, struct err *err)
{
	AUTO(fs_tmp_close) struct fs_tmp tmp = FS_TMP_INIT;
	AUTO(auto_close) int from = -1;
	AUTO(auto_close) int to = -1;

	return store_subdir(&from, s, STORE_TMP, err) && store_subdir(&to, s, dir, err) &&
	       fs_tmp_open(&tmp, from, err) && fs_write_all(tmp.fd, data, len, err) &&
	       commit(&tmp, to, name, mode, err);
}

bool store_write_file(struct store *s, const char *dir, const char *name, const void *data,
		      size_t len, struct err *err)
{
	return write_file(s, dir, name, data, len, 0644, fs_tmp_commit, err);
}

bool store_put_file(struct store *s, const char *dir, const char *name, const void *data,
		    size_t len, mode_t mode, struct err *err)
{
	AUTO(auto_close) int lock = -1;

	return store_enter(&lock, s, err) &&
	       write_file(s, dir, name, data, len, mode, fs_tmp_commit_lossy, err);
}

static bool make(struct store *s, struct err *err)
{
	AUTO(auto_close) int index_lock = -1;
	AUTO(auto_close) int lock = -1;

	if (!may_become_store(s, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(own_dirs); i++)
		if (!fs_mkdir_p(s->dir, own_dirs[i], 0755, FS_BENEATH_NOLINK, err))
			return false;
	if (!store_lock_index(&index_lock, s, err) || !store_enter(&lock, s, err))
		return false;
	if (!fs_exists(s->dir, STORE_INDEX) &&
	    !store_write_file(s, ".", STORE_INDEX, EMPTY_INDEX, strlen(EMPTY_INDEX), err))
		return false;
	return fs_exists(s->dir, LAYOUT_FILE) ||
	       store_write_file(s, ".", LAYOUT_FILE, LAYOUT_TEXT, strlen(LAYOUT_TEXT), err);
}

static bool check_layout(struct store *s, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_json_decref) json_t *doc = NULL;
	const char *version;

	if (!fs_read(&text, s->dir, LAYOUT_FILE, text.max, FS_BENEATH_NOLINK, err))
		return false;
	if (!document_parse(&doc, text.ptr, text.len, text.max, LAYOUT_FILE, err))
		return false;
	version = json_text_member(doc, "imageLayoutVersion");
	if (!version)
		return err_set(err, E_INTEGRITY, LAYOUT_FILE ": imageLayoutVersion is missing");
	if (!str_eq(version, "1.0.0"))
		return err_set(err, E_UNSUPPORTED,
			       LAYOUT_FILE ": layout version '%s', only 1.0.0 is known", version);
	return true;
}

static bool open_or_make(struct store *s, bool make_it, struct err *err)
{
	bool opened = make_it ? fs_open_dir_p(&s->dir, s->path, 0755, err)
			      : fs_open_dir(&s->dir, s->path, err);

	if (!opened)
		return err_wrap(err, "store");
	if (!fs_exists(s->dir, LAYOUT_FILE)) {
		if (!make_it)
			return err_set(err, E_NOT_FOUND, "%s is no image layout", s->path);
		if (!make(s, err))
			return err_wrap(err, "make store %s", s->path);
	}
	return check_layout(s, err) || err_wrap(err, "store %s", s->path);
}

static bool open_path(struct store **out, const char *path, bool make_it, struct err *err)
{
	AUTO(auto_store_close) struct store *s = mem_alloc(sizeof(*s));

	s->dir = -1;
	s->claims = -1;
	s->origins.free_value = free;
	lock_init(&s->lock);
	store_init_source(s);
	if (!absolute(&s->path, path, err) || !open_or_make(s, make_it, err))
		return false;
	*out = STEAL(s);
	return true;
}

bool store_open(struct store **out, const char *path, struct err *err)
{
	AUTO(auto_free) char *chosen = path ? mem_strdup(path) : default_path();

	return open_path(out, chosen, true, err);
}

bool store_open_layout(struct store **out, const char *path, struct err *err)
{
	return open_path(out, path, false, err);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_leave(s);
	auto_close(&s->dir);
	map_free(&s->claimed);
	map_free(&s->origins);
	lock_free(&s->lock);
	free(s->path);
	free(s);
}

int store_dir(const struct store *s)
{
	return s->dir;
}

const char *store_path(const struct store *s)
{
	return s->path;
}

bool store_subdir(int *fd_out, struct store *s, const char *path, struct err *err)
{
	struct err absent = { 0 };

	if (fs_open(fd_out, s->dir, path, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, &absent))
		return true;
	return (fs_mkdir_p(s->dir, path, 0755, FS_BENEATH_NOLINK, err) &&
		fs_open(fd_out, s->dir, path, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err)) ||
	       err_wrap(err, "store %s", s->path);
}

bool store_lock_index(int *lock_out, struct store *s, struct err *err)
{
	AUTO(auto_close) int locks = -1;

	return store_subdir(&locks, s, "locks", err) &&
	       fs_lock(lock_out, locks, "index", true, err);
}
