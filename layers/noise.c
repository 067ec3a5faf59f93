// SPDX-License-Identifier: Apache-2.0
#include "layers/noise.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Telling noise from data, a unit at a time. */

enum {
	/* The sum over all byte values of their count, squared: 1024 * 1024 / 256 + 1024 = 5120 by
	   chance, with a standard deviation of 90. */
	SPREAD_LOW = 4600,
	SPREAD_HIGH = 5700,
	/* Of 64 bytes, those above 127: 32, 4. None in text, which is sorted out by that. */
	SAMPLES = 64,
	SAMPLES_LOW = 14,
	SAMPLES_HIGH = 50,
	WINDOW = 32768,
	ANCHOR = 0xa5, /* strings that begin with it are looked at: about four a unit */
	STRINGS = 1024,
};

/* The strings met last, by a hash. Positions count from 1; 0: none. */
struct strings {
	uint64_t bytes[STRINGS];
	size_t at[STRINGS];
};

static bool is_sampled(const unsigned char *unit)
{
	unsigned high = 0;

	for (size_t i = 0; i < SAMPLES; i++)
		high += unit[i * (NOISE_UNIT / SAMPLES)] >> 7;
	return high >= SAMPLES_LOW && high <= SAMPLES_HIGH;
}

static bool is_spread(const unsigned char *unit)
{
	uint16_t counts[2][256] = {
		{ 0 }
	}; /* two, or equal neighbours would wait for each other */
	uint32_t sum = 0;

	for (size_t i = 0; i < NOISE_UNIT; i += 2) {
		counts[0][unit[i]]++;
		counts[1][unit[i + 1]]++;
	}
	for (size_t i = 0; i < 256; i++) {
		uint32_t count = (uint32_t)counts[0][i] + counts[1][i];

		sum += count * count;
	}
	return sum >= SPREAD_LOW && sum <= SPREAD_HIGH;
}

/* Whether a string comes again; they are remembered. */
static bool repeats(struct strings *s, const unsigned char *data, size_t start, size_t len)
{
	const unsigned char *p = data + start, *end = p + NOISE_UNIT;
	bool found = false;

	while ((p = memchr(p, ANCHOR, (size_t)(end - p)))) {
		size_t at = (size_t)(p - data), slot;
		uint64_t bytes;

		if (len - at < sizeof(bytes))
			break;
		memcpy(&bytes, p, sizeof(bytes));
		bytes = le64toh(bytes);
		slot = (size_t)(bytes * 0x9e3779b97f4a7c15U >> 54);
		found |= s->at[slot] && s->bytes[slot] == bytes && at + 1 - s->at[slot] <= WINDOW;
		s->bytes[slot] = bytes;
		s->at[slot] = at + 1;
		p++;
	}
	return found;
}

struct noise_run noise_find(const void *data, size_t from, size_t len)
{
	const unsigned char *bytes = data;
	struct noise_run run = { from, from };
	struct strings seen = { .at = { 0 } };

	for (size_t at = from; len - at >= NOISE_UNIT; at += NOISE_UNIT) {
		if (is_sampled(bytes + at) && is_spread(bytes + at) &&
		    !repeats(&seen, bytes, at, len)) {
			run.end = at + NOISE_UNIT;
			continue;
		}
		if (run.end - run.start >= NOISE_MIN)
			return run;
		run.start = run.end = at + NOISE_UNIT;
	}
	return run.end - run.start >= NOISE_MIN ? run : (struct noise_run){ len, len };
}
