// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stddef.h>

/* The compiler's attributes under readable names, and release by scope. */

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/*
 * AUTO(fn) T x = ...;  calls fn(&x) when x goes out of scope. The variable is
 * always initialised on its declaration line.
 */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* DEFINE_AUTO(json_t, json_decref) makes auto_json_decref for a `json_t *`. */
#define DEFINE_AUTO(type, fn)                                          \
	static inline __attribute__((unused)) void auto_##fn(type **p) \
	{                                                              \
		if (*p)                                                \
			fn(*p);                                        \
	}

/* Hand the value on and leave NULL behind: ownership changes here. */
#define STEAL(p)                             \
	__extension__({                      \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})

/* The same for a file descriptor, leaving -1. */
static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

void auto_free(void *pp); /* char *p, or any pointer from malloc */
void auto_close(int *fd); /* closes when >= 0; keeps errno */

#endif
