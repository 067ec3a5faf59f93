// SPDX-License-Identifier: Apache-2.0
#ifndef NET_RETRY_H
#define NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* When a request is worth repeating, and after how long. Pure: no clock, no waiting, no state. */

/*
 * By status: 408, 429, 502, 503 and 504 always (the server did not do it), 500 when doing it twice
 * is the same as once (GET, HEAD, PUT, DELETE).
 */
bool retry_status(int status, const char *method);

/*
 * A Retry-After header (RFC 9110, 10.2.3): seconds, or one of the three HTTP dates as seen at `now`
 * (seconds since 1970). -1 when absent or malformed; a date in the past is 0.
 */
int64_t retry_after(const char *value, int64_t now);

/*
 * Milliseconds before attempt number `attempt` (1 for the first repetition): `base_ms` doubled each
 * time, at most 16 s, times 0.5 to 1.5 by `random` (0 to 65535); never less than what the server
 * asked for
 * (`after_s`, -1: nothing), which counts up to LIMIT_RETRY_AFTER_S.
 */
int retry_delay_ms(unsigned attempt, unsigned base_ms, unsigned random, int64_t after_s);

#endif
