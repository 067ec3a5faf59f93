// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "runtime/matrix.h"
#include "templates/table.h"

/* A file of --matrix: what is read has a backend, a Python and a platform in each cell, and a place
 * for what the cell makes, which no other cell has. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct backend_table table;
	AUTO(matrix_free) struct matrix m = { 0 };
	struct err err = { 0 };

	if (!table.len)
		assert(backend_table_load(&table, &err));
	if (!verdict(matrix_read(&m, &table, (const char *)data, len, "m.yaml", &err), &err))
		return 0;
	assert(m.len);
	for (size_t i = 0; i < m.len; i++) {
		const struct matrix_cell *c = &m.items[i];

		assert(c->backend && c->python && c->platform);
		assert(c->output || backend_is_image(c->backend));
		for (size_t k = 0; k < i && c->output && !c->skipped; k++)
			assert(m.items[k].skipped || !m.items[k].output ||
			       !str_eq(m.items[k].output, c->output));
	}
	return 0;
}
