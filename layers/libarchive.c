// SPDX-License-Identifier: Apache-2.0
#include "layers/libarchive.h"

#include <stddef.h>

#include "base/dynlib.h"
#include "base/parallel.h"

/* Loads libarchive once. What is done with it is layers/tar.c's business. */

bool libarchive_load(const struct libarchive **out, struct err *err)
{
#define SYMBOL(name) { #name, offsetof(struct libarchive, name) },
	static const struct dynlib_symbol symbols[] = { LIBARCHIVE_FUNCTIONS(SYMBOL){ 0 } };
#undef SYMBOL
	static struct libarchive table;
	static struct lock lock = LOCK_INIT;
	static bool is_loaded;
	bool ok;

	lock_take(&lock);
	if (!is_loaded)
		is_loaded = dynlib_load(&table, "libarchive.so.13", symbols, "libarchive13", err);
	ok = is_loaded;
	lock_drop(&lock);
	*out = &table;
	return ok;
}
