// SPDX-License-Identifier: Apache-2.0
#include "registry/standby.h"

#include "base/mem.h"
#include "registry/session.h"
#include "registry/state.h"

/* Sessions that wait for their blobs. */

void registry_standby_for(struct registry *r, const struct reference *to)
{
	struct standby *a = &r->standby;

	lock_take(&r->lock);
	a->several = a->several || (a->wanted && !reference_same_repository(&a->to, to));
	a->wanted = true;
	a->to = *to;
	lock_drop(&r->lock);
}

void registry_standby_soon(struct registry *r)
{
	lock_take(&r->lock);
	r->standby.soon = true;
	lock_drop(&r->lock);
}

bool standby_begins(struct registry *r)
{
	struct standby *a = &r->standby;
	bool begins;

	lock_take(&r->lock);
	begins = a->wanted && a->soon && !a->several && !a->begun;
	a->begun = a->begun || begins;
	lock_drop(&r->lock);
	return begins;
}

void standby_open(struct registry *r, size_t i)
{
	AUTO(auto_registry_upload_close)
	struct upload *u = registry_upload_new(r, &r->standby.to);
	struct err ignored = { 0 };

	u->once = true;
	if (!session_begin(u, &ignored))
		return;
	lock_take(&r->lock);
	r->standby.sessions[i] = STEAL(u);
	lock_drop(&r->lock);
}

struct upload *standby_take(struct registry *r, const struct reference *to)
{
	struct upload *taken = NULL;

	lock_take(&r->lock);
	for (size_t i = 0; !taken && i < STANDBY_SESSIONS; i++)
		if (r->standby.sessions[i] && reference_same_repository(&r->standby.to, to))
			taken = STEAL(r->standby.sessions[i]);
	lock_drop(&r->lock);
	return taken;
}

void standby_close(struct registry *r)
{
	for (size_t i = 0; i < STANDBY_SESSIONS; i++)
		registry_upload_close(STEAL(r->standby.sessions[i]));
}
