// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_RENDER_H
#define TEMPLATES_RENDER_H

#include "base/map.h"
#include "templates/backend.h"

/*
 * Text with {{name}}, and sections {{#name}}...{{/name}} that stay when `name`
 * has a value: the part of mustache that Dockerfiles need. A line that holds only a section tag
 * goes with its newline. Values are put in as they are, not expanded again. E_INPUT with
 * file:line:col for an unknown name or an open section.
 */
MUST_CHECK bool render_text(struct buf *out, const char *file, const char *text, size_t len,
			    const struct map *values, struct err *err);

enum installer { INSTALLER_WHEELS, INSTALLER_PIP };
MUST_CHECK bool installer_parse(enum installer *out, const char *text, struct err *err);

/* The same for a backend; `text` NULL is its own default. E_USAGE when it is no way of the
 * backend. */
MUST_CHECK bool installer_of(enum installer *out, const struct backend *b, const char *text,
			     struct err *err);

struct render_options {
	const char *python;          /* checked by backend_python */
	const char *base;            /* NULL: the backend's */
	const char *lithops_version; /* for default names; NULL: "unknown" */
	enum installer installer;
	const struct str_list *packages;    /* NULL: the backend's */
	const struct str_list *pip_options; /* words without white space or '; NULL: none */
	/* Files of the context python-requirements for pip to read; NULL: none. `hashed`: they have
	 * hashes, which the backend's packages have not. */
	const struct str_list *requirement_files;
	bool hashed;
};
/*
 * The values a backend's texts may use. In every text: title, python ("3.11"), python_flat ("311"),
 * debian (of the official base), lithops_version, batch_revision, wheels ("yes" or ""), workdir,
 * handler (its zip), user, chown ("--chown=USER "). In files also base, packages, pip (the program,
 * or ""), install (the call of it), requirements ("yes" or ""), environment, system, setup,
 * downloads, start: whole instructions or shell commands. The map is the caller's to free
 * (MAP_TEXT), also on failure.
 */
MUST_CHECK bool render_values(struct map *out, const struct backend *b,
			      const struct render_options *opt, struct err *err);

/* A short text of the backend (`naming.def`, `layout.site`, `base`) with its placeholders filled;
 * the caller frees. */
MUST_CHECK bool render_field(char **out, const struct backend *b, const char *field,
			     const struct render_options *opt, struct err *err);
/* A template file with `values` filled in: of the backend's own folder, else of
 * templates/<artifact>/, else of templates/image/. */
MUST_CHECK bool render_file(struct buf *out, const struct backend_table *t, const struct backend *b,
			    const char *name, const struct map *values, struct err *err);
/* The backend's Dockerfile: standard, any builder takes it. Its own, or the one of
 * templates/image/, which the row alone decides. E_UNSUPPORTED for a backend that is no image. */
MUST_CHECK bool render_dockerfile(struct buf *out, const struct backend_table *t,
				  const struct backend *b, const struct render_options *opt,
				  struct err *err);

#endif
