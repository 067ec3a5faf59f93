// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/mem.h"
#include "builder/driver.h"

/* What stages and platforms share: contexts, the HTTP client, room to work in, the first failure.
 */

static void free_context(void *c)
{
	context_close(c);
}

void shared_init(struct shared *s, const struct build_env *env, const struct build_request *req)
{
	*s = (struct shared){ .env = env, .req = req, .slots = parallel_cpus() };
	lock_init(&s->lock);
	lock_init(&s->sources_lock);
	cond_init(&s->changed);
	s->company = env->company ? env->company : build_company_open();
	s->commits.free_value = free_context;
	s->contexts = mem_alloc((req->context_count + 1) * sizeof(struct context *));
	s->entry_files = mem_alloc((req->context_count + 1) * sizeof(struct files));
}

void shared_free(struct shared *s)
{
	for (size_t i = 0; i < s->req->context_count; i++) {
		context_close(s->contexts[i]);
		files_free(&s->entry_files[i]);
	}
	free(s->contexts);
	free(s->entry_files);
	context_close(s->context);
	map_free(&s->commits);
	http_close(s->http);
	if (s->company != s->env->company)
		build_company_close(s->company);
	cond_free(&s->changed);
	lock_free(&s->lock);
	lock_free(&s->sources_lock);
}

static void save(struct shared *s, struct context *c)
{
	struct err ignored = { 0 };

	if (c && !context_save(c, &ignored))
		event_detail(s->env->events, "%s", ignored.msg);
}

void shared_save_contexts(struct shared *s)
{
	save(s, s->context);
	for (size_t i = 0; i < s->req->context_count; i++)
		save(s, s->contexts[i]);
}

bool shared_take_slot(struct shared *s, struct err *err)
{
	lock_take(&s->lock);
	while (!s->slots && !cancel_requested())
		cond_wait_ms(&s->changed, &s->lock, 500);
	if (!cancel_requested())
		s->slots--;
	else
		err_set(err, E_CANCELLED, "interrupted");
	lock_drop(&s->lock);
	return err->code == E_NONE;
}

void shared_drop_slot(struct shared *s)
{
	lock_take(&s->lock);
	s->slots++;
	cond_broadcast(&s->changed);
	lock_drop(&s->lock);
}

void shared_fail(struct shared *s, const struct err *err)
{
	lock_take(&s->lock);
	if (!s->failed)
		s->failure = *err;
	s->failed = true;
	lock_drop(&s->lock);
	if (!s->env->company) /* the others' work is of use */
		cancel_group_abort();
}
