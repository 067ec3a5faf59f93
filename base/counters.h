// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_COUNTERS_H
#define BASE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * What work cost, for who asked for it. A thread counts into the counters it was told, and the
 * threads it starts do so too (base/parallel.c): so commands that run side by side on one client
 * each know their own share. The counters outlive these threads' work.
 */
enum counter {
	COUNTER_REQUESTS,       /* HTTP requests that were sent, repeated ones too */
	COUNTER_RETRIES,        /* of them */
	COUNTER_BYTES_SENT,     /* of bodies */
	COUNTER_BYTES_RECEIVED, /* of bodies */
	COUNTER_BLOBS_UPLOADED, /* to registries */
	COUNTER_BLOBS_MOUNTED,  /* instead of uploaded */
	COUNTER_BLOBS_SKIPPED,  /* were there */
	COUNTERS,
};
struct counters {
	_Atomic uint64_t values[COUNTERS];
};

/* For the calling thread; NULL: nobody asks. */
void counters_use(struct counters *c);
struct counters *counters_used(void);

void counter_add(enum counter which, uint64_t n);
uint64_t counter_get(const struct counters *c, enum counter which);
const char *counter_name(enum counter which); /* "blobs_uploaded", as --json has it */
void counters_add(struct counters *to, const struct counters *from);

#endif
