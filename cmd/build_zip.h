// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_ZIP_H
#define CMD_BUILD_ZIP_H

#include "cmd/wheel_sources.h"
#include "runtime/zip_file.h"
#include "templates/backend.h"

/* `build --backend B` of a backend whose artifact is a zip. Everything is borrowed. */
struct zip_build {
	const struct backend_table *table;
	const struct backend *backend;         /* of that table */
	const char *python, *libc, *installer; /* NULL: the backend's */
	const char *lithops;                   /* NULL: the best there is */
	const char *precompile;                /* an interpreter; NULL: no bytecode */
	const char *python_target;             /* instead of Python, platform and C library */
	const struct str_list *names[2];       /* positionals and -t: at most one name in all */
	const struct str_list *requirements, *platforms;
	const struct wheel_args *wheels;
	const struct str_list *outputs;  /* -o: at most one path */
	const struct str_list *settings; /* KEY=VALUE */
};
/* Of a backend whose artifact is a function zip, or Lambda's layer. */
bool build_zip_is_made(const struct backend *b);
/* Writes the file and prints its path, or the document of --json. */
MUST_CHECK bool build_zip(struct session *s, const struct zip_build *want, struct err *err);

/* What --json says of a zip. */
json_t *build_zip_document(const struct zip_file *zip, const char *path);

#endif
