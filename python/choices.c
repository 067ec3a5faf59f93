// SPDX-License-Identifier: Apache-2.0
#include "python/choices.h"

enum { WORD = 64 };

static size_t words_of(size_t count)
{
	return count / WORD + 1; /* count + 1 bits */
}

/* Bits behind the last choice stay clear, so that whole words can be compared. */
static uint64_t mask_of(struct choices c, size_t word)
{
	size_t used = c.count + 1 - word * WORD;

	return used >= WORD ? UINT64_MAX : (UINT64_C(1) << used) - 1;
}

struct choices choices_none(struct arena *a, size_t count)
{
	return (struct choices){ ARENA_ARRAY(a, uint64_t, words_of(count)), count };
}

struct choices choices_all(struct arena *a, size_t count)
{
	return choices_not(a, choices_none(a, count));
}

struct choices choices_copy(struct arena *a, struct choices c)
{
	return choices_or(a, c, c);
}

void choices_add(struct choices c, size_t choice)
{
	c.words[choice / WORD] |= UINT64_C(1) << choice % WORD;
}

struct choices choices_and(struct arena *a, struct choices x, struct choices y)
{
	struct choices out = choices_none(a, x.count);

	for (size_t i = 0; i < words_of(x.count); i++)
		out.words[i] = x.words[i] & y.words[i];
	return out;
}

struct choices choices_or(struct arena *a, struct choices x, struct choices y)
{
	struct choices out = choices_none(a, x.count);

	for (size_t i = 0; i < words_of(x.count); i++)
		out.words[i] = x.words[i] | y.words[i];
	return out;
}

struct choices choices_not(struct arena *a, struct choices c)
{
	struct choices out = choices_none(a, c.count);

	for (size_t i = 0; i < words_of(c.count); i++)
		out.words[i] = ~c.words[i] & mask_of(c, i);
	return out;
}

bool choices_has(struct choices c, size_t choice)
{
	return c.words[choice / WORD] >> choice % WORD & 1;
}

bool choices_is_all(struct choices c)
{
	for (size_t i = 0; i < words_of(c.count); i++)
		if (c.words[i] != mask_of(c, i))
			return false;
	return true;
}

bool choices_within(struct choices x, struct choices y)
{
	for (size_t i = 0; i < words_of(x.count); i++)
		if (x.words[i] & ~y.words[i])
			return false;
	return true;
}

bool choices_meet(struct choices x, struct choices y)
{
	for (size_t i = 0; i < words_of(x.count); i++)
		if (x.words[i] & y.words[i])
			return true;
	return false;
}

size_t choices_next(struct choices c, size_t from)
{
	for (size_t i = from; i < c.count; i++)
		if (choices_has(c, i))
			return i;
	return SIZE_MAX;
}

size_t choices_versions(struct choices c)
{
	size_t n = 0;

	for (size_t i = 0; i < words_of(c.count); i++)
		n += (size_t)__builtin_popcountll(c.words[i]);
	return n - choices_has(c, c.count);
}
