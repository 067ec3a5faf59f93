// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

int64_t clock_wall(void);    /* seconds since 1970, UTC */
int64_t clock_wall_us(void); /* microseconds */
uint64_t clock_monotonic_ms(void);
void clock_sleep_ms(int ms); /* returns early when the user interrupts */

/* RFC 3339, UTC, whole seconds: "2026-11-21T11:01:29Z". */
struct clock_text {
	char text[32];
};
struct clock_text clock_format(int64_t seconds);

/* 1980-01-01T00:00:00Z: the date of everything rtbuild adds, since zip knows no earlier one. */
#define CLOCK_EPOCH_1980 315532800LL

/* $SOURCE_DATE_EPOCH, a whole number of seconds >= 0; *has_out false when unset; E_USAGE when
 * malformed. */
MUST_CHECK bool clock_source_date_epoch(int64_t *out, bool *has_out, struct err *err);

#endif
