// SPDX-License-Identifier: Apache-2.0
#include "base/dynlib.h"

#include <dlfcn.h>
#include <string.h>

/* Libraries at first use. The only dlopen. */

bool dynlib_load(void *table_out, const char *soname, const struct dynlib_symbol *symbols,
		 const char *package, struct err *err)
{
	void *lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (!lib) {
		err_set(err, E_UNSUPPORTED, "cannot load %s: %s", soname, dlerror());
		return err_hint(err, "install the package %s", package);
	}
	for (const struct dynlib_symbol *s = symbols; s->name; s++) {
		void *address = dlsym(lib, s->name);

		if (!address) {
			err_set(err, E_UNSUPPORTED, "%s has no %s", soname, s->name);
			return err_hint(err, "a newer %s is needed", package);
		}
		memcpy((char *)table_out + s->offset, &address, sizeof(address));
	}
	return true;
}
