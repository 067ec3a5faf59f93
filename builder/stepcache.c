// SPDX-License-Identifier: Apache-2.0
#include "builder/stepcache.h"

#include <stdint.h>
#include <string.h>

#include "builder/cache.h"
#include "builder/cache_remote.h"

/* Which caches a step is looked up in, and what is told to them. */

static bool is_excluded(const struct build *b, size_t stage)
{
	const struct str_list *names = b->req->no_cache_stages;
	const char *name = b->plan->stages[stage].name;
	uint64_t number;

	for (size_t i = 0; names && i < names->len; i++)
		if ((name && strcasecmp(name, names->items[i]) == 0) ||
		    (str_to_u64(&number, slice_of(names->items[i]), SIZE_MAX) && number == stage))
			return true;
	return false;
}

bool stepcache_may_hit(const struct build *b, size_t stage)
{
	return !b->req->no_cache && !is_excluded(b, stage);
}

bool stepcache_is_remote(const struct build *b, size_t stage)
{
	return stepcache_may_hit(b, stage) && cache_remote_reads(b->env->cache);
}

bool stepcache_is_written(const struct build *b)
{
	return cache_remote_writes(b->env->cache);
}

bool stepcache_find(struct layer *out, bool *hit_out, struct build *b, size_t stage,
		    const struct digest *key, enum stepcache_key kind, struct err *err)
{
	*hit_out = false;
	if (!stepcache_may_hit(b, stage))
		return true;
	if (!cache_find(out, hit_out, b->env->store, key, err))
		return false;
	if (!*hit_out && !cache_remote_find(out, hit_out, b->env->cache, key, err))
		return false;
	if (*hit_out)
		cache_remote_note(b->env->cache, key, kind == STEPCACHE_DEFINED, out);
	return true;
}

bool stepcache_put(struct build *b, const struct digest *key, enum stepcache_key kind,
		   const struct layer *layer, const struct step *step, struct err *err)
{
	cache_remote_note(b->env->cache, key, kind == STEPCACHE_DEFINED, layer);
	/* a record of a blob that is not here counts as none: it is not written */
	return !store_has_blob(b->env->store, &layer->descriptor.digest, layer->descriptor.size) ||
	       cache_put(b->env->store, key, layer, step->in->original, err);
}

bool stepcache_fetch(struct build *b, const struct layer *layers, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!cache_remote_fetch(b->env->cache, &layers[i], err))
			return false;
	return true;
}
