// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_AHEAD_H
#define LAYERS_AHEAD_H

#include "base/sink.h"

/*
 * A source that reads another one ahead, on a thread of its own and into a bounded ring of buffers:
 * the mirror of layers/stage.h. The thread starts after the first MiB, so that small things stay on
 * the caller's. Failures come when their turn comes.
 */
struct source *ahead_open(struct source *from); /* owned */

#endif
