// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_STAGE_H
#define LAYERS_STAGE_H

#include "base/sink.h"

/*
 * A sink whose next one runs on a thread of its own, behind a bounded ring of buffers, so that the
 * two sides of a pipeline work at once. The thread starts when the first buffer is full: what is
 * small passes on the caller's thread, in finish. A failure of the next sink comes back from a
 * later write or from finish.
 */
struct stage;
struct stage *stage_open(struct sink *next); /* borrowed */
struct sink *stage_sink(struct stage *s);
/* Without finish before: what is still in the ring is thrown away. NULL is fine. */
void stage_close(struct stage *s);
DEFINE_AUTO(struct stage, stage_close)

#endif
