// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_BASE_VERSION_H
#define RUNTIME_BASE_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Versions that programs and libraries carry in their own bytes, which nobody vouches for: a number
 * of more than three digits is none, and what is not found is no error. */

/* "3.11", "3.11.9", "3.13.0rc1", as PYTHON_VERSION of the official images has it. -1: it says
 * nothing of that (also for NULL). */
void base_version_of_text(int *minor_out, int *patch_out, const char *text);

/* The patch level of an interpreter 3.`minor`, which has "3.11.2" as a text of its own; -1. */
int base_version_patch(struct slice program, int minor);

/* The minor of glibc 2: "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.", or else
 * the newest version of the symbols it defines. */
bool base_version_glibc(uint64_t *minor_out, struct slice library);

/* The minor of musl 1, which prints "Version %s" with a text of its own, "1.2.4_git20230717". */
bool base_version_musl(uint64_t *minor_out, struct slice library);

#endif
