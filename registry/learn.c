// SPDX-License-Identifier: Apache-2.0
#include "registry/learn.h"

#include <string.h>

#include "base/clock.h"

/* Strategies of the hosts in use: read, changed and written back. */

struct strategy learn_recall(struct registry *r, const struct reference *repository)
{
	struct host *h = client_host(r, reference_api_host(repository));
	struct strategy s;

	lock_take(&h->lock);
	s = h->strategy;
	lock_drop(&h->lock);
	return s;
}

static void apply(struct strategy *s, enum learn what, uint64_t value, int64_t now)
{
	enum known fact = (enum known)value;

	switch (what) {
	case LEARN_SINGLE_REFUSED:
		strategy_single_refused(s, value, now);
		break;
	case LEARN_CHUNK_REFUSED:
		strategy_chunk_refused(s, value, now);
		break;
	case LEARN_CHUNK_MIN:
		s->chunk_min = value;
		break;
	case LEARN_CHUNKS:
		s->chunks = fact;
		break;
	case LEARN_MOUNT:
		s->mount = fact;
		break;
	case LEARN_HEAD:
		s->head = fact;
		break;
	case LEARN_RANGE:
		s->range = fact;
		break;
	case LEARN_MANY_TAGS:
		s->many_tags = fact;
		break;
	case LEARN_PAGE:
		s->page = value;
		break;
	}
	if (!s->learnt)
		s->learnt = now;
}

void learn(struct registry *r, const struct reference *repository, enum learn what, uint64_t value)
{
	struct host *h = client_host(r, reference_api_host(repository));
	struct strategy before;
	bool changed;

	lock_take(&h->lock);
	before = h->strategy;
	apply(&h->strategy, what, value, clock_wall());
	before.learnt = h->strategy.learnt;
	changed = memcmp(&before, &h->strategy, sizeof(before)) != 0;
	lock_drop(&h->lock);
	if (changed)
		host_remember(h, r->store);
}
