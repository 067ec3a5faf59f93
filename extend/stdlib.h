// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_STDLIB_H
#define EXTEND_STDLIB_H

#include <stdbool.h>

/*
 * Top-level modules of the standard library of any CPython from 3.8 to 3.14
 * (sys.stdlib_module_names; for 3.8 and 3.9 its Lib directory). /opt/lithops/modules stands in
 * front of them on sys.path, so a baked module of such a name would break the worker.
 */
bool stdlib_has(const char *name);

#endif
