// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_REQUIREMENTS_OPTION_H
#define PYTHON_REQUIREMENTS_OPTION_H

#include "python/logical_line.h"

/* The options of requirements files (pip documentation, "Requirements File Format"), those of all
 * pip versions from 20 on. What they do is requirements.c's. */
enum requirements_option_kind {
	OPTION_INDEX,
	OPTION_EXTRA_INDEX,
	OPTION_NO_INDEX,
	OPTION_CONSTRAINT,
	OPTION_REQUIREMENT,
	OPTION_EDITABLE,
	OPTION_FIND_LINKS,
	OPTION_NO_BINARY,
	OPTION_ONLY_BINARY,
	OPTION_PREFER_BINARY,
	OPTION_REQUIRE_HASHES,
	OPTION_NO_REQUIRE_HASHES,
	OPTION_PRE,
	OPTION_ALL_RELEASES,
	OPTION_ONLY_FINAL,
	OPTION_TRUSTED_HOST,
	OPTION_USE_FEATURE,
	OPTION_HASH,
	OPTION_BUILD, /* for a build from source */
};

struct requirements_option {
	enum requirements_option_kind kind;
	const char *name;    /* "--hash" */
	bool of_requirement; /* stands behind a requirement; the others on a line of their own */
	const char *value;   /* NULL when it takes none */
	size_t offset;       /* of the value in the line, else of the option */
};

/*
 * The next option and its value from words[*i] on: "--name=value", "--name value", "-n value",
 * "-nvalue", and beginnings of long names that fit only one (as Python's optparse takes them).
 * E_INPUT; *at is the place then.
 */
MUST_CHECK bool requirements_option_take(struct requirements_option *out,
					 const struct line_word *words, size_t count, size_t *i,
					 size_t *at, struct err *err);

/* A value of --use-feature that some pip knows. E_INPUT. */
MUST_CHECK bool requirements_option_check_feature(const char *name, struct err *err);

#endif
