// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_SHELLFORM_H
#define BUILDER_SHELLFORM_H

#include "builder/maker.h"

/* Instructions that hold a command, in shell or exec form: CMD and ENTRYPOINT, SHELL, RUN,
 * HEALTHCHECK. */
MUST_CHECK bool shellform_command(struct maker *m);
MUST_CHECK bool shellform_shell(struct maker *m);
MUST_CHECK bool shellform_run(struct maker *m, struct err *err);
MUST_CHECK bool shellform_health(struct maker *m, struct err *err);

#endif
