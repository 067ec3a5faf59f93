// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_FOREIGN_H
#define BUILDER_FOREIGN_H

#include <limits.h>

#include "builder/plan.h"

/* How programs of a platform run here (Linux' Documentation/admin-guide/binfmt-misc.rst). */
struct foreign {
	enum {
		FOREIGN_NOT,     /* they do not */
		FOREIGN_NATIVE,  /* the processor does it */
		FOREIGN_HANDLER, /* a registered handler that is open already (flag F) */
		FOREIGN_INSIDE,  /* a handler that must lie in the image itself, at `interpreter` */
	} how;
	char interpreter[PATH_MAX];
};
/* `binfmt`: where binfmt_misc is mounted; NULL: /proc/sys/fs/binfmt_misc. */
void foreign_find(struct foreign *out, const struct platform *want, const char *binfmt);

/* E_UNSUPPORTED with the place of the first RUN of a stage in use that cannot run here. */
MUST_CHECK bool foreign_check(const struct plan *p, struct err *err);
/* That error, for one RUN; returns false. */
bool foreign_refuse(const struct dockerfile *file, const struct instruction *in,
		    const struct platform *platform, struct err *err);

#endif
