// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "base/env.h"
#include "base/event.h"
#include "base/str.h"

/* Time: wall clock, monotonic clock, and the reproducible-builds clock. */

int64_t clock_wall(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

int64_t clock_wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t clock_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void clock_sleep_ms(int ms)
{
	struct pollfd wake = { .fd = cancel_fd(), .events = POLLIN };

	poll(&wake, 1, ms);
}

struct clock_text clock_format(int64_t seconds)
{
	struct clock_text out = { "1970-01-01T00:00:00Z" };
	time_t at = seconds;
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(out.text, sizeof(out.text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

bool clock_source_date_epoch(int64_t *out, bool *has_out, struct err *err)
{
	const char *text = env_get("SOURCE_DATE_EPOCH");
	uint64_t value;

	*has_out = false;
	if (!text)
		return true;
	/* 253402300799 is the last second of the year 9999, the last one RFC 3339 can say. */
	if (!str_to_u64(&value, slice_of(text), 253402300799)) {
		err_set(err, E_USAGE, "SOURCE_DATE_EPOCH='%s' is not a number of seconds", text);
		return err_hint(err, "set it to seconds since 1970, e.g. the output of `git log -1 "
				     "--format=%%ct`, or unset it");
	}
	*out = (int64_t)value;
	*has_out = true;
	return true;
}
