// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_VALUE_H
#define EXTEND_VALUE_H

#include "base/err.h"
#include "extend/locate.h"

/*
 * A function by value: closures, lambdas, whatever `__main__` holds. The user's own Python runs the
 * file (under its module name, so that what stands behind `if __name__ == "__main__"` does not run)
 * and cloudpickle writes the function with its code; the code says the file's name, not its place,
 * so that the bytes are those of every directory. `interpreter` NULL: python3 of PATH. *minor_out
 * "3.11": only that Python loads them; the caller frees.
 *
 * E_UNSUPPORTED: no such Python, no cloudpickle (2.0 or later). E_INPUT: the file does not run
 * (its last words are told), the name is bound to nothing that can be called or pickled.
 */
MUST_CHECK bool value_pickle(struct buf *out, char **minor_out, const struct target *target,
			     const char *interpreter, struct err *err);

#endif
