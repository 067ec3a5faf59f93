// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_LEFTOVER_H
#define SANDBOX_LEFTOVER_H

/*
 * Where no process namespace ends everything at once: whoever adopts orphans (subreaper) kills what
 * is left of a command, children and children's children, until nobody is.
 */
void leftover_adopt(void);
void leftover_kill(void);

#endif
