// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_FILES_H
#define TEMPLATES_FILES_H

#include "base/arena.h"
#include "base/err.h"
#include "git/files.h"

/*
 * Template files by name, "knative/Dockerfile": those inside the program, a user's directory, or a
 * git repository. Only <folder>/<file> counts; other depths are left alone. Text, held in memory.
 */
struct template_file {
	const char *name;  /* "knative/Dockerfile" */
	const char *shown; /* for messages: with the directory or URL it is from */
	const char *data;  /* NUL behind the last byte */
	size_t len;
};
struct template_files {
	struct template_file *items;
	size_t len, cap;
	struct arena arena;
};
void template_files_free(struct template_files *f);

void template_files_embedded(struct template_files *out);
/* E_NOT_FOUND, E_INPUT past LIMIT_TEMPLATE or LIMIT_TEMPLATE_FILES. */
MUST_CHECK bool template_files_dir(struct template_files *out, const char *dir, struct err *err);
MUST_CHECK bool template_files_git(struct template_files *out, const struct git_options *opt,
				   const struct git_location *at, struct err *err);

/* The last of that name, or NULL. */
const struct template_file *template_files_find(const struct template_files *f, const char *folder,
						const char *name);

#endif
