// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_EXTEND_WATCH_H
#define CMD_EXTEND_WATCH_H

#include "base/event.h"
#include "base/str.h"

/*
 * Again and again: `make` at once, and whenever something in `dirs` or the directories it named
 * changed. The first failure is the command's own; later ones are told as warnings, the directories
 * before stay watched, and the next change is another try. Ends by an interruption alone,
 * E_CANCELLED.
 *
 * `make` gives the directories that hold what it used.
 */
MUST_CHECK bool extend_watch(bool (*make)(void *arg, struct str_list *dirs_out, struct err *err),
			     void *arg, const struct str_list *dirs, struct events *events,
			     struct err *err);

#endif
