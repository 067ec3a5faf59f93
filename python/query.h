// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_QUERY_H
#define PYTHON_QUERY_H

#include "base/json.h"

/*
 * Questions about versions, specifiers, markers, requirements and wheels, as JSON: what scripts and
 * tests ask of this room. The object `ask` names one in "op"; the answer is a new object.
 */
/* clang-format off */
/*
 *	version_parse      version                          valid, normalized
 *	version_cmp        a, b                             cmp: -1, 0, 1
 *	specifier_parse    spec                             valid
 *	specifier          spec, version, prereleases       contains
 *	filter             spec, versions, prereleases      versions
 *	marker_parse       marker                           valid
 *	marker             marker, env                      value
 *	requirement        requirement                      valid, name, extras, specifier, url, marker
 *	name               name                             normalized
 *	wheel_filename     filename                         valid, name, version, build, tags
 *	wheel_rank         python, platform, glibc (or      order: best first, unusable ones left out
 *	                   libc: "musl-1.2"), wheels
 *	requirements_file  path                             valid, error, lines (requirement, marker,
 *	                                                    path, url, constraint, line, hashes),
 *	                                                    index_url, extra_index_urls, find_links,
 *	                                                    no_index, require_hashes, pre
 */
/* clang-format on */
/*
 * `prereleases` is true, false or null (as the specifier has it); `env` replaces variables of
 * CPython 3.11 on linux/amd64 (null: does not). Where the question has no answer (a text that is no
 * version, a marker that compares what cannot be) the answer is null. E_INPUT: an unknown op, a
 * member that is missing or of another type.
 */
MUST_CHECK bool query_answer(json_t **out, json_t *ask, struct err *err);

#endif
