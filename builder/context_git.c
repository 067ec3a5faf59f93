// SPDX-License-Identifier: Apache-2.0
#include "builder/context_git.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* git's files as entries. What git is asked for is git/'s business. */

struct held {
	struct git_files *files;
	struct entry_list entries;
};

static void held_free(void *held)
{
	struct held *h = held;

	git_files_close(h->files);
	entry_list_free(&h->entries);
	free(h);
}

static void auto_held_free(struct held **h)
{
	if (*h)
		held_free(*h);
}

static char *find_secret(void *arg, const char *id)
{
	const struct build_request *req = arg;

	for (size_t i = 0; i < req->secret_count; i++)
		if (str_eq(req->secrets[i].id, id))
			return mem_strndup(req->secrets[i].data, req->secrets[i].len);
	return NULL;
}

struct git_options context_git_options(const struct build_request *req, struct store *store,
				       struct events *events, struct http *http)
{
	union {
		const struct build_request *in;
		void *out;
	} arg = { .in = req };
	struct git_options opt = { .store = store,
				   .http = http,
				   .events = events,
				   .allow = req->git_allow,
				   .secret = find_secret,
				   .secret_arg = arg.out };

	for (size_t i = 0; i < req->ssh_count; i++)
		if (str_eq(req->ssh[i].id, "default"))
			opt.ssh_auth_sock = req->ssh[i].socket;
	return opt;
}

static bool open_file(const struct entry *e, struct source **out, struct err *err)
{
	return git_file_open(out, e->data, err);
}

bool context_is_git(const struct entry *e)
{
	return e->open == open_file;
}

const unsigned char *context_git_id(const struct entry *e)
{
	return ((const struct git_file *)e->data)->id;
}

/* clang-format off */
static const struct {
	enum entry_kind kind;
	mode_t mode;
} kinds[] = {
	[GIT_KIND_FILE]    = { ENTRY_FILE,    0644 },
	[GIT_KIND_PROGRAM] = { ENTRY_FILE,    0755 },
	[GIT_KIND_LINK]    = { ENTRY_SYMLINK, 0777 },
	[GIT_KIND_DIR]     = { ENTRY_DIR,     0755 },
};
/* clang-format on */

static void add(struct held *h, const struct git_file *f)
{
	struct entry *e = entry_add(&h->entries, kinds[f->kind].kind, f->path);

	e->mode = kinds[f->kind].mode;
	e->mtime = h->files->time;
	e->size = f->size;
	e->link = f->link;
	if (e->kind != ENTRY_FILE)
		return;
	e->open = f->bytes ? entry_open_bytes : open_file;
	e->data = f->bytes ? (const void *)f->bytes : f;
}

bool context_open_git(struct context **out, const struct git_options *opt,
		      const struct git_location *at, int64_t *time_out, struct err *err)
{
	AUTO(auto_held_free) struct held *h = mem_alloc(sizeof(*h));
	struct files files = { .keeps_times = at->mtime_commit };

	if (!git_files_open(&h->files, opt, at, err))
		return false;
	if (time_out)
		*time_out = h->files->time;
	for (size_t i = 0; i < h->files->len; i++)
		add(h, &h->files->items[i]);
	if (!entry_list_add_parents(&h->entries, err))
		return false;
	for (size_t i = 0; i < h->entries.len; i++)
		files_add(&files, &h->entries.items[i]);
	files_sort(&files);
	*out = context_of_files(&files, STEAL(h), held_free);
	return true;
}
