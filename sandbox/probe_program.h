// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_PROBE_PROGRAM_H
#define SANDBOX_PROBE_PROGRAM_H

#include "base/err.h"

/* A program of a few bytes that needs nothing and exits with 0, put into a root as this path. */
#define PROBE_PROGRAM "/probe"
MUST_CHECK bool probe_program_plant(int root, struct err *err);

#endif
