// SPDX-License-Identifier: Apache-2.0
#include "templates/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/sink.h"
#include "templates/embedded.h"

/* Where template files come from. */

void template_files_free(struct template_files *f)
{
	free(f->items);
	arena_free(&f->arena);
	*f = (struct template_files){ 0 };
}

void template_files_embedded(struct template_files *out)
{
	for (size_t i = 0; i < embedded_count; i++)
		*ARRAY_PUSH(out) = (struct template_file){
			.name = embedded_files[i].name,
			.shown = arena_printf(&out->arena, "templates/%s", embedded_files[i].name),
			.data = embedded_files[i].data,
			.len = embedded_files[i].len,
		};
}

static bool add(struct template_files *out, const char *from, const char *name,
		const struct buf *text, struct err *err)
{
	if (out->len >= LIMIT_TEMPLATE_FILES)
		return err_set(err, E_INPUT, "%s has more than %d template files", from,
			       LIMIT_TEMPLATE_FILES);
	*ARRAY_PUSH(out) = (struct template_file){
		.name = arena_strdup(&out->arena, name),
		.shown = arena_printf(&out->arena, "%s/%s", from, name),
		.data = arena_slice(&out->arena, (struct slice){ text->ptr, text->len }),
		.len = text->len,
	};
	return true;
}

static bool add_folder(struct template_files *out, const char *dir, int fd, const char *folder,
		       struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct stat st;

	if (!fs_stat(&st, fd, folder, FS_BENEATH, err))
		return false;
	if (folder[0] == '.' || !S_ISDIR(st.st_mode))
		return true;
	if (!fs_list(&names, fd, folder, FS_BENEATH, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
		AUTO(auto_free) char *name = mem_printf("%s/%s", folder, names.items[i]);

		if (!fs_stat(&st, fd, name, FS_BENEATH, err))
			return false;
		if (S_ISREG(st.st_mode) &&
		    (!fs_read(&text, fd, name, LIMIT_TEMPLATE, FS_BENEATH, err) ||
		     !add(out, dir, name, &text, err)))
			return err_wrap(err, "%s/%s", dir, name);
	}
	return true;
}

bool template_files_dir(struct template_files *out, const char *dir, struct err *err)
{
	AUTO(str_list_free) struct str_list folders = { 0 };
	AUTO(auto_close) int fd = -1;

	if (!fs_open_dir(&fd, dir, err) || !fs_list(&folders, fd, ".", FS_BENEATH, err))
		return err_wrap(err, "templates");
	for (size_t i = 0; i < folders.len; i++)
		if (!add_folder(out, dir, fd, folders.items[i], err))
			return false;
	return true;
}

static bool is_template_path(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash && path[0] != '.' && !strchr(slash + 1, '/');
}

bool template_files_git(struct template_files *out, const struct git_options *opt,
			const struct git_location *at, struct err *err)
{
	AUTO(auto_git_files_close) struct git_files *files = NULL;

	if (!git_files_open(&files, opt, at, err))
		return err_wrap(err, "templates");
	for (size_t i = 0; i < files->len; i++) {
		const struct git_file *f = &files->items[i];
		AUTO(auto_source_close) struct source *from = NULL;
		AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
		struct sink_buf to = sink_buf(&text);

		if ((f->kind != GIT_KIND_FILE && f->kind != GIT_KIND_PROGRAM) ||
		    !is_template_path(f->path))
			continue;
		if (!git_file_open(&from, f, err) || !source_copy(from, &to.sink, NULL, err) ||
		    !add(out, at->remote, f->path, &text, err))
			return err_wrap(err, "%s: %s", at->remote, f->path);
	}
	return true;
}

const struct template_file *template_files_find(const struct template_files *f, const char *folder,
						const char *name)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", folder, name);

	for (size_t i = f->len; i; i--)
		if (str_eq(f->items[i - 1].name, path))
			return &f->items[i - 1];
	return NULL;
}
