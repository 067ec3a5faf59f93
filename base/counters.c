// SPDX-License-Identifier: Apache-2.0
#include "base/counters.h"

#include <stddef.h>

static _Thread_local struct counters *used;

void counters_use(struct counters *c)
{
	used = c;
}

struct counters *counters_used(void)
{
	return used;
}

void counter_add(enum counter which, uint64_t n)
{
	if (used)
		atomic_fetch_add_explicit(&used->values[which], n, memory_order_relaxed);
}

uint64_t counter_get(const struct counters *c, enum counter which)
{
	return atomic_load_explicit(&c->values[which], memory_order_relaxed);
}

const char *counter_name(enum counter which)
{
	static const char *const names[COUNTERS] = {
		[COUNTER_REQUESTS] = "requests",
		[COUNTER_RETRIES] = "retries",
		[COUNTER_BYTES_SENT] = "bytes_sent",
		[COUNTER_BYTES_RECEIVED] = "bytes_received",
		[COUNTER_BLOBS_UPLOADED] = "blobs_uploaded",
		[COUNTER_BLOBS_MOUNTED] = "blobs_mounted",
		[COUNTER_BLOBS_SKIPPED] = "blobs_skipped",
	};

	return names[which];
}

void counters_add(struct counters *to, const struct counters *from)
{
	for (int i = 0; i < COUNTERS; i++)
		atomic_fetch_add(&to->values[i], counter_get(from, (enum counter)i));
}
