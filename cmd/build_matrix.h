// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_MATRIX_H
#define CMD_BUILD_MATRIX_H

#include "cmd/cmd.h"
#include "runtime/matrix.h"

/*
 * `build --matrix FILE`: every cell in this process, `jobs` of them side by side, each in a session
 * of its own: its counters and its result are its own, store, clients and sandbox are shared.
 * What cells have in common is done once: bases are asked for, packages resolved, layers made and
 * blobs moved by whoever comes first, and the others wait for it and take it.
 *
 * `build` makes one cell and gives its document by session_result. A cell that fails does not
 * hinder the others; when all were tried, the error of the highest exit status is the command's.
 * stdout: a line a cell in the order of the file, or with --json one document, {"cells": [...],
 * "built", "skipped", "failed", and the counters of all}: a cell has backend, python, platform,
 * state (built, skipped, failed), its build's document or `reason`, or `error`, `cure` and
 * `exit_status`, and its own counters.
 */
struct build_matrix {
	const char *file;
	const struct str_list *templates;
	const char *jobs; /* a number; NULL: as many as processors, at most LIMIT_PARALLEL_CELLS */
	bool (*build)(const void *arg, struct session *s, const struct matrix_cell *cell, bool push,
		      struct err *err);
	const void *arg;
};
MUST_CHECK bool build_matrix(struct session *s, const struct build_matrix *how, struct err *err);

#endif
