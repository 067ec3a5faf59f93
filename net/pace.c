// SPDX-License-Identifier: Apache-2.0
#include "net/pace.h"

#include <stdlib.h>

#include "base/mem.h"

/* Who is to be left alone until when. The waiting is http.c's. */

void pace_init(struct pace *p)
{
	*p = (struct pace){ .until = { .free_value = free } };
	lock_init(&p->lock);
}

void pace_free(struct pace *p)
{
	map_free(&p->until);
	lock_free(&p->lock);
}

void pace_hold(struct pace *p, const char *authority, uint64_t now_ms, int ms)
{
	uint64_t until = now_ms + (uint64_t)(ms > 0 ? ms : 0), *have;

	lock_take(&p->lock);
	have = map_get(&p->until, authority);
	if (!have)
		map_put(&p->until, authority, mem_dup(&until, sizeof(until)));
	else if (until > *have)
		*have = until;
	lock_drop(&p->lock);
}

int pace_wait_ms(struct pace *p, const char *authority, uint64_t now_ms, int spread_ms,
		 unsigned random)
{
	uint64_t until;
	const uint64_t *have;

	lock_take(&p->lock);
	have = map_get(&p->until, authority);
	until = have ? *have : 0;
	lock_drop(&p->lock);
	if (until <= now_ms)
		return 0;
	return (int)(until - now_ms) + (int)((uint64_t)spread_ms * (random & 0xffff) / 0xffff);
}
