// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_CHECK_H
#define RUNTIME_CHECK_H

#include "base/str.h"
#include "image/image.h"
#include "image/store.h"
#include "layers/zip.h"
#include "templates/backend.h"

/*
 * Whether an artifact keeps the rules of its backend, before the platform is asked. A rule is a row
 * of runtime/check_rules.c; tests/checks has for each an artifact that breaks it alone, and one
 * that keeps it. Nothing is run: an interpreter's version, Lithops and the start command are found
 * by where files lie.
 */
enum check_severity { CHECK_ERROR, CHECK_WARNING };

/* How far a rule has to look. */
enum check_need {
	CHECK_MANIFEST,  /* the manifest; the size of a zip */
	CHECK_DOCUMENTS, /* the configuration, too */
	CHECK_LISTING,   /* names, kinds and modes of files: the layers' file indexes */
	CHECK_CONTENTS,  /* bytes of files */
};

struct rule_check;
struct check_rule {
	const char *id;
	bool (*applies)(const struct backend *b);
	enum check_severity severity;
	enum check_need need;
	const char *about, *source, *cure;
	bool (*run)(struct rule_check *c, struct err *err); /* findings by check_say */
};
extern const struct check_rule check_rules[];
extern const size_t check_rule_count;
/* NULL when there is none of that name. */
const struct check_rule *check_rule_find(const char *id);

struct check_request {
	const struct backend *backend;
	/* Either an image ... */
	enum media_kind root;      /* what its name stands for: MEDIA_INDEX or MEDIA_MANIFEST */
	const struct image *image; /* for the platform that was chosen */
	/* ... or a zip. */
	struct zip *zip;
	int64_t zip_size;

	const char *python, *lithops;         /* what must be there; NULL: what the backend takes */
	const struct platform *platform;      /* NULL: any of the backend's */
	const struct str_list *only, *except; /* ids of rules; `only` empty: all */
	enum check_need depth;                /* rules that have to look further are left out */
	/* Layers that the store has not are not read: what needs them is left out. */
	bool local;
	struct store *store; /* keeps the file indexes; not for a zip */
};

struct check_finding {
	const struct check_rule *rule;
	char *message;
};

struct check_report {
	struct {
		struct check_finding *items;
		size_t len, cap;
	} findings;                       /* in the order of the table */
	size_t errors;                    /* of them */
	struct str_list passed, left_out; /* ids of rules */
	struct str_list layers_read;      /* digests */
	char *python, *lithops; /* versions that were found; NULL: none, or not looked for */
	bool executed;          /* its Python ran, too (check_start.h): else all this is static */
};
void check_report_free(struct check_report *r);

/* E_USAGE for a rule that there is not, or one of another kind of artifact than the backend's;
 * other failures are of reading. What a rule finds is no failure. */
MUST_CHECK bool check_run(struct check_report *out, const struct check_request *req,
			  struct err *err);

#endif
