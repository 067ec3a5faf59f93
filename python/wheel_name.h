// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_WHEEL_NAME_H
#define PYTHON_WHEEL_NAME_H

#include "base/map.h"
#include "python/target.h"
#include "python/version.h"

/*
 * What a wheel's file name says (PEP 427, "File name convention"):
 * name-version(-build)?-python-abi-platform.whl, tags as compressed sets ("py2.py3"). In the arena.
 */
struct wheel_name {
	const char *name; /* as in the file name */
	const char *key;  /* normalised */
	struct version version;
	struct slice build;                 /* "1abc"; ptr NULL: none */
	struct slice build_number;          /* "1" */
	struct slice python, abi, platform; /* sets separated by dots */
};

/* A bare file name, no folder. E_INPUT. */
MUST_CHECK bool wheel_name_parse(struct wheel_name *out, struct arena *a, const char *filename,
				 struct err *err);

/* The tags of a target with their rank, to ask many wheels about. */
struct tag_ranks {
	struct map ranks;
};
void tag_ranks_make(struct tag_ranks *out, const struct python_target *t);
void tag_ranks_free(struct tag_ranks *r);

/* The best rank of the wheel's tags, 0 is the best of all; false when the target takes none of
 * them. */
bool wheel_name_rank(size_t *rank_out, const struct wheel_name *n, const struct tag_ranks *ranks);

/* Every tag of it, "cp311-abi3-linux_x86_64", sorted, each once. */
void wheel_name_tags(struct str_list *out, const struct wheel_name *n);

/* Below, equal, above zero. No build tag sorts lowest; then the number, then the rest as text. */
int wheel_name_cmp_build(const struct wheel_name *a, const struct wheel_name *b);

#endif
