// SPDX-License-Identifier: Apache-2.0
#include "registry/strategy.h"

#include <stddef.h>
#include <string.h>

#include "base/limits.h"

/* Learning how a registry wants uploads: decisions alone. */

/* clang-format off */
static const struct {
	const char *name;
	size_t offset;
} sizes[] = {
	{ "single_limit", offsetof(struct strategy, single_limit) },
	{ "chunk_limit",  offsetof(struct strategy, chunk_limit) },
	{ "chunk_min",    offsetof(struct strategy, chunk_min) },
	{ "page",         offsetof(struct strategy, page) },
}, facts[] = {
	{ "chunks",       offsetof(struct strategy, chunks) },
	{ "mount",        offsetof(struct strategy, mount) },
	{ "head",         offsetof(struct strategy, head) },
	{ "range",        offsetof(struct strategy, range) },
	{ "many_tags",    offsetof(struct strategy, many_tags) },
};
/* clang-format on */

static uint64_t *size_at(const struct strategy *s, size_t i)
{
	return (uint64_t *)((char *)(uintptr_t)s + sizes[i].offset);
}

static enum known *fact_at(const struct strategy *s, size_t i)
{
	return (enum known *)((char *)(uintptr_t)s + facts[i].offset);
}

void strategy_read(struct strategy *out, const json_t *doc, int64_t now)
{
	json_int_t learnt = json_integer_value(json_object_get(doc, "learnt"));

	*out = (struct strategy){ 0 };
	if (learnt <= 0 || learnt > now || now - learnt > LIMIT_STRATEGY_AGE_S)
		return;
	out->learnt = learnt;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		json_int_t value = json_integer_value(json_object_get(doc, sizes[i].name));

		*size_at(out, i) = value > 0 ? (uint64_t)value : 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		json_t *value = json_object_get(doc, facts[i].name);

		*fact_at(out, i) = json_is_true(value)    ? KNOWN_YES
				   : json_is_false(value) ? KNOWN_NO
							  : KNOWN_NOTHING;
	}
	if (out->chunk_min > LIMIT_CHUNK_MIN)
		out->chunk_min = LIMIT_CHUNK_MIN;
}

json_t *strategy_write(const struct strategy *s)
{
	json_t *doc;

	if (!s->learnt)
		return NULL;
	doc = json_object();
	json_object_set_new(doc, "learnt", json_integer(s->learnt));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (*size_at(s, i))
			json_object_set_new(doc, sizes[i].name,
					    json_integer((json_int_t)*size_at(s, i)));
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (*fact_at(s, i) != KNOWN_NOTHING)
			json_object_set_new(doc, facts[i].name,
					    json_boolean(*fact_at(s, i) == KNOWN_YES));
	return doc;
}

/* `chunk`, or half of what was too large when it is no smaller. */
static uint64_t below(uint64_t chunk, uint64_t refused)
{
	return refused && chunk >= refused ? refused / 2 : chunk;
}

uint64_t strategy_chunk(const struct strategy *s, uint64_t size, uint64_t wanted)
{
	bool too_large = s->single_limit && size >= s->single_limit;
	uint64_t chunk = wanted ? wanted : LIMIT_CHUNK;

	if (!too_large && (size <= (wanted ? wanted : LIMIT_SINGLE_PUT) || s->chunks == KNOWN_NO ||
			   (s->chunk_limit && chunk >= s->chunk_limit)))
		return 0;
	if (too_large && s->chunks == KNOWN_NO)
		return 0;
	chunk = below(below(chunk, s->chunk_limit), s->single_limit);
	chunk = chunk > s->chunk_min ? chunk : s->chunk_min;
	return chunk < size || too_large ? chunk : 0;
}

uint64_t strategy_stream(const struct strategy *s, uint64_t wanted)
{
	uint64_t chunk =
		below(below(wanted ? wanted : LIMIT_CHUNK, s->chunk_limit), s->single_limit);

	if (s->chunks == KNOWN_NO || s->chunk_min > LIMIT_STREAM_LEAST)
		return 0;
	if (chunk < LIMIT_STREAM_LEAST && chunk != wanted)
		return 0; /* so small a chunk may be all it takes, but one PUT is tried first */
	return chunk > s->chunk_min ? chunk : s->chunk_min;
}

bool strategy_has_way(const struct strategy *s, uint64_t size, uint64_t wanted, uint64_t tried)
{
	uint64_t chunk = strategy_chunk(s, size, wanted);

	if (chunk == 0 && s->single_limit && size >= s->single_limit)
		return false;
	return chunk != tried && (chunk == 0 || chunk >= LIMIT_CHUNK_LEAST);
}

static void touch(struct strategy *s, int64_t now)
{
	if (!s->learnt)
		s->learnt = now;
}

/* One PUT was refused: chunks are the way, also when an earlier run found that they did not work.
 */
void strategy_single_refused(struct strategy *s, uint64_t size, int64_t now)
{
	bool known = s->single_limit && size >= s->single_limit;

	touch(s, now);
	if (!known)
		s->single_limit = size;
	if (!known && s->chunks == KNOWN_NO)
		s->chunks = KNOWN_NOTHING;
}

/* One PUT may still do (GHCR takes only small chunks, but any PUT); smaller chunks are for when it
 * did not. */
void strategy_chunk_refused(struct strategy *s, uint64_t chunk, int64_t now)
{
	touch(s, now);
	if (!s->chunk_limit || chunk < s->chunk_limit)
		s->chunk_limit = chunk;
}
