// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_COPYING_H
#define CMD_COPYING_H

#include "cmd/cmd.h"
#include "registry/copy.h"

/* What the commands that move images share: opening places, options as text, and the report. */

MUST_CHECK bool copying_reader(struct reader **out, struct session *s, const struct place *from,
			       struct err *err);
/* The same of an archive that is open: `archive` is taken over. */
MUST_CHECK bool copying_archive_reader(struct reader **out, struct session *s,
				       const struct place *from, struct tar_file *archive,
				       struct err *err);
MUST_CHECK bool copying_writer(struct writer **out, struct session *s, const struct place *to,
			       struct err *err);

/* "linux/amd64,linux/arm64", several times. The caller frees *out. E_INPUT. */
MUST_CHECK bool copying_platforms(struct platform **out, size_t *count_out,
				  const struct str_list *texts, struct err *err);
/* 1..LIMIT_JOBS; NULL gives 0. E_USAGE. */
MUST_CHECK bool copying_jobs(size_t *out, const char *text, struct err *err);

/* One image, to all its names there; borrowed, all of it. */
struct copying {
	struct reader *reader;
	struct writer *writer;
	const struct place *from;      /* NULL: `joined` are the images it is made of */
	const struct str_list *joined; /* as they were written */
	const struct place *to;
	const struct str_list *tags; /* beside the destination's own name; NULL: none */
	const char *digestfile;      /* NULL: none */
	const struct copy_options *options;
	bool complete; /* no signatures are left that an option would look for */
};
/* Copy it and print what became of it, or with options.plan what would. */
MUST_CHECK bool copying_image(struct session *s, const struct copying *c, struct err *err);

/* "host/name@sha256:..." of registries and the store, else the place as it was written. */
char *copying_pinned(const struct place *to, const struct digest *digest);
/* What was moved, or with `plan` would be, as members of a result document. */
json_t *copying_json(const struct copy_result *r, const struct place *from, const struct place *to,
		     const struct str_list *names, bool plan);
/* What should be said on stderr about a copy: signatures that went along, a new digest. */
void copying_notes(struct session *s, const struct copy_result *r, const struct writer *to,
		   bool complete);

#endif
