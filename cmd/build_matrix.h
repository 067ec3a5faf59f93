// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_MATRIX_H
#define CMD_BUILD_MATRIX_H

#include "cmd/cmd.h"
#include "runtime/matrix.h"

/*
 * `build --matrix FILE`: every cell in this process, one after another, so that wheels, layers,
 * bases and what registries were told are found where the cell before left them. `build` makes one
 * cell and gives its document by session_result. A cell that fails does not hinder the others; when
 * all were tried, the error of the highest exit status is the command's. stdout: a line a cell, or
 * with --json one document.
 */
struct build_matrix {
	bool (*build)(void *arg, struct session *s, const struct matrix_cell *cell, bool push,
		      struct err *err);
	void *arg;
};
MUST_CHECK bool build_matrix(struct session *s, const char *file, const struct str_list *templates,
			     const struct build_matrix *how, struct err *err);

#endif
