// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_CLIENT_H
#define EXTEND_CLIENT_H

#include "extend/locate.h"

/*
 * Which modules an unmodified Lithops client takes along with a function, by their top-level names,
 * each once: those its tag is made of (extend/tag.h). The client looks at the function object
 * (lithops/job/serialize.py, SerializeIndependent): at the modules of what its code names, of the
 * functions of the script that it names, and at what these import when they are called. So a
 * script's own imports count only when the function needs them; a constant taken from a module has
 * none. What these modules import in turn is modules.h's business.
 *
 * Told from the source, without running it: comprehensions count as Python 3.12 and later compile
 * them; of a value that a module assigns it is not known whether its class has a module, and it is
 * taken for a constant.
 */
MUST_CHECK bool client_modules(struct str_list *out, const struct target *t, struct err *err);

#endif
