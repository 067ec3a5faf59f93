// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_WHEEL_FILE_H
#define PYTHON_WHEEL_FILE_H

#include "python/record.h"
#include "python/wheel.h"

/*
 * A member of a wheel as an entry, 0644 or 0755: its bytes are read out of the zip when their turn
 * comes, and must have the hash of `row` then (E_INTEGRITY). The wheel must be open as long.
 */
struct entry *wheel_file_add(struct entry_list *out, const char *path, const struct wheel *w,
			     const struct zip_member *m, const struct record_row *row,
			     bool executable);

#endif
