// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Allocation that aborts on exhaustion (ADR 0002), and the two generic scope releases. */

static void __attribute__((noreturn)) out_of_memory(void)
{
	static const char text[] = "rtbuild: out of memory\n";
	ssize_t ignored = write(2, text, sizeof(text) - 1);

	(void)ignored;
	abort();
}

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *mem_realloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

char *mem_strndup(const char *s, size_t len)
{
	char *copy = mem_alloc(len + 1);

	if (len) /* the empty slice may have no pointer */
		memcpy(copy, s, len);
	return copy;
}

void *mem_dup(const void *p, size_t size)
{
	void *copy = mem_alloc(size);

	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *mem_printf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0 || !text)
		out_of_memory();
	return text;
}

void mem_prepare(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

void mem_trim(void)
{
	malloc_trim(0);
}

void *mem_grow(void *items, size_t *cap, size_t len, size_t size)
{
	if (len == *cap) {
		size_t bytes;

		*cap = *cap ? *cap * 2 : 8;
		if (__builtin_mul_overflow(*cap, size, &bytes))
			out_of_memory();
		items = mem_realloc(items, bytes);
	}
	memset((char *)items + len * size, 0, size);
	return items;
}

void auto_free(void *pp)
{
	void **p = pp;

	free(*p);
	*p = NULL;
}

void auto_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}
