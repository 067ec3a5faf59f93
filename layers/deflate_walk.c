// SPDX-License-Identifier: Apache-2.0
#include "layers/deflate_walk.h"

#include <endian.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * Reading deflate against its plain bytes. A table maps the next bits to what they stand for; codes
 * longer than its index lead to a second table. An entry is 32 bits:
 *
 *	31      LITERAL
 *	16-30   the literal, the least length or distance, or where the second table begins
 *	13-15   SPECIAL: SUBTABLE, or END of the block, or neither: no such code
 *	8-12    bits of the code itself (SUBTABLE: of what indexes the second table)
 *	0-7     bits of it all, those behind the code that are added to the value included
 */
enum {
	VALUE_SHIFT = 16,
	SPECIAL = 1 << 15,
	SUBTABLE = 1 << 14,
	END = 1 << 13,
	CODE_SHIFT = 8,
	CODE_MASK = 31,
	ALL_MASK = 255,
	END_OF_BLOCK = 256,
	LENGTH_CODES = 19,
	LENGTH_CODE_BITS = 7,
};
#define LITERAL (1U << 31)

/* Of the inner loop: only when all of it is in one function does its state stay in registers, which
 * is a fifth of the time. */
#define INNER static inline __attribute__((always_inline))

/* --- bits --- */

struct bits {
	const unsigned char *start, *next, *end;
	uint64_t buffer;
	unsigned count; /* of valid ones; those above it are the next ones of the stream, or 0 */
	size_t beyond;  /* bytes taken for zero behind the end */
};

INNER uint64_t load64(const unsigned char *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return le64toh(value);
}

INNER void refill_slowly(struct bits *b)
{
	while (b->count <= 56) {
		if (b->next < b->end)
			b->buffer |= (uint64_t)*b->next++ << b->count;
		else
			b->beyond++;
		b->count += 8;
	}
}

/* 8 bytes are there. */
INNER void refill_quickly(struct bits *b)
{
	b->buffer |= load64(b->next) << b->count;
	b->next += (63 - b->count) / 8;
	b->count |= 56;
}

/* At least 56 bits from now on: a length and a distance with all that belongs to them take 48. */
INNER void refill(struct bits *b)
{
	if (b->end - b->next < 8)
		refill_slowly(b);
	else
		refill_quickly(b);
}

INNER void drop(struct bits *b, unsigned count)
{
	b->buffer >>= count;
	b->count -= count;
}

/* At most 16, which are there. */
INNER unsigned take(struct bits *b, unsigned count)
{
	unsigned value = (unsigned)b->buffer & ((1U << count) - 1);

	drop(b, count);
	return value;
}

static size_t position(const struct bits *b)
{
	return ((size_t)(b->next - b->start) + b->beyond) * 8 - b->count;
}

static bool is_beyond(const struct bits *b)
{
	return position(b) > (size_t)(b->end - b->start) * 8;
}

static void go_to_byte(struct bits *b, const unsigned char *at)
{
	b->next = at;
	b->buffer = 0;
	b->count = 0;
	b->beyond = 0;
}

/* --- tables --- */

/* A value and how many bits behind the code are added to it. */
#define VALUE(base, extra) ((uint32_t)(base) << VALUE_SHIFT | (extra))
/* clang-format off */
/* RFC 1951, 3.2.5: from symbol 257 on */
static const uint32_t lengths[] = {
	VALUE(3, 0),   VALUE(4, 0),   VALUE(5, 0),   VALUE(6, 0),   VALUE(7, 0),   VALUE(8, 0),
	VALUE(9, 0),   VALUE(10, 0),  VALUE(11, 1),  VALUE(13, 1),  VALUE(15, 1),  VALUE(17, 1),
	VALUE(19, 2),  VALUE(23, 2),  VALUE(27, 2),  VALUE(31, 2),  VALUE(35, 3),  VALUE(43, 3),
	VALUE(51, 3),  VALUE(59, 3),  VALUE(67, 4),  VALUE(83, 4),  VALUE(99, 4),  VALUE(115, 4),
	VALUE(131, 5), VALUE(163, 5), VALUE(195, 5), VALUE(227, 5), VALUE(258, 0),
};
static const uint32_t distances[] = {
	VALUE(1, 0),     VALUE(2, 0),      VALUE(3, 0),      VALUE(4, 0),      VALUE(5, 1),
	VALUE(7, 1),     VALUE(9, 2),      VALUE(13, 2),     VALUE(17, 3),     VALUE(25, 3),
	VALUE(33, 4),    VALUE(49, 4),     VALUE(65, 5),     VALUE(97, 5),     VALUE(129, 6),
	VALUE(193, 6),   VALUE(257, 7),    VALUE(385, 7),    VALUE(513, 8),    VALUE(769, 8),
	VALUE(1025, 9),  VALUE(1537, 9),   VALUE(2049, 10),  VALUE(3073, 10),  VALUE(4097, 11),
	VALUE(6145, 11), VALUE(8193, 12),  VALUE(12289, 12), VALUE(16385, 13), VALUE(24577, 13),
};
/* clang-format on */

/* What a symbol stands for, without its code. */
typedef uint32_t meaning_fn(size_t symbol);

static uint32_t literal_meaning(size_t symbol)
{
	if (symbol < END_OF_BLOCK)
		return LITERAL | VALUE(symbol, 0);
	if (symbol == END_OF_BLOCK)
		return SPECIAL | END;
	symbol -= END_OF_BLOCK + 1;
	return symbol < ARRAY_LEN(lengths) ? lengths[symbol] : SPECIAL;
}

static uint32_t distance_meaning(size_t symbol)
{
	return symbol < ARRAY_LEN(distances) ? distances[symbol] : SPECIAL;
}

static uint32_t length_code_meaning(size_t symbol)
{
	return VALUE(symbol, 0);
}

static uint32_t entry_of(uint32_t meaning, unsigned code_bits)
{
	return meaning + (code_bits << CODE_SHIFT) + code_bits;
}

/* Symbols in the order of their codes: by length, then by number (RFC 1951, 3.2.2). */
struct code {
	uint16_t symbols[WALK_LITERALS];
	unsigned counts[WALK_CODE_BITS + 1]; /* by length */
	unsigned longest;
};

/* Codes too many for their lengths are refused, and too few unless there is but one (or none),
 * which then has one bit. zlib does the same. */
static bool make_code(struct code *c, const unsigned char *lens, size_t n, bool may_be_single)
{
	unsigned at[WALK_CODE_BITS + 2] = { 0 };
	int left = 1;

	memset(c->counts, 0, sizeof(c->counts));
	for (size_t i = 0; i < n; i++)
		c->counts[lens[i]]++;
	c->counts[0] = 0;
	c->longest = 0;
	for (unsigned len = 1; len <= WALK_CODE_BITS; len++) {
		left = 2 * left - (int)c->counts[len];
		if (left < 0)
			return false;
		at[len + 1] = at[len] + c->counts[len];
		if (c->counts[len])
			c->longest = len;
	}
	for (size_t i = 0; i < n; i++)
		if (lens[i])
			c->symbols[at[lens[i]]++] = (uint16_t)i;
	return left == 0 || (may_be_single && c->longest <= 1);
}

/* The code behind `code`, both with their first bit lowest as the stream has them. */
static unsigned next_code(unsigned code, unsigned len)
{
	unsigned carry = 1U << (len - 1);

	while (code & carry)
		carry >>= 1;
	return (code & (carry - 1)) | carry;
}

/* The part of a code that the second table looks up. */
static void put_long(uint32_t *table, size_t *used, unsigned index_bits, unsigned longest,
		     unsigned code, unsigned len, uint32_t meaning)
{
	uint32_t *first = &table[code & ((1U << index_bits) - 1)];
	unsigned second_bits = longest - index_bits;
	uint32_t *second;

	if (!(*first & SUBTABLE)) {
		*first = SPECIAL | SUBTABLE | VALUE(*used, 0) | second_bits << CODE_SHIFT |
			 index_bits;
		*used += (size_t)1 << second_bits;
	}
	second = table + (*first >> VALUE_SHIFT);
	for (unsigned i = code >> index_bits; i < 1U << second_bits; i += 1U << (len - index_bits))
		second[i] = entry_of(meaning, len - index_bits);
}

/* A table that is indexed by `index_bits`. It grows with the length of the codes: what is there is
 * doubled, and those of one bit more go into the upper half. */
static void make_table(uint32_t *table, unsigned index_bits, const struct code *c,
		       meaning_fn *meaning)
{
	const uint16_t *symbol = c->symbols;
	size_t used = (size_t)1 << index_bits;
	unsigned code = 0;

	table[0] = SPECIAL | 1; /* no such code */
	for (unsigned len = 1; len <= index_bits || len <= c->longest; len++) {
		if (len <= index_bits)
			memcpy(table + (1 << (len - 1)), table,
			       (size_t)(1 << (len - 1)) * sizeof(*table));
		for (unsigned i = 0; i < c->counts[len]; i++) {
			uint32_t means = meaning(*symbol++);

			if (len <= index_bits)
				table[code] = entry_of(means, len);
			else
				put_long(table, &used, index_bits, c->longest, code, len, means);
			if (code == (1U << len) - 1)
				break; /* all ones: the last of a complete code */
			code = next_code(code, len);
		}
	}
}

INNER uint32_t look_up_first(const uint32_t *table, unsigned index_bits, const struct bits *b)
{
	return table[b->buffer & ((1U << index_bits) - 1)];
}

/* `entry` is a SUBTABLE. */
INNER uint32_t look_up_second(const uint32_t *table, uint32_t entry, struct bits *b)
{
	drop(b, entry & ALL_MASK);
	return table[(entry >> VALUE_SHIFT) +
		     (b->buffer & ((1U << (entry >> CODE_SHIFT & CODE_MASK)) - 1))];
}

INNER uint32_t look_up(const uint32_t *table, unsigned index_bits, struct bits *b)
{
	uint32_t entry = look_up_first(table, index_bits, b);

	return entry & SUBTABLE ? look_up_second(table, entry, b) : entry;
}

/* The value of an entry, with the bits behind its code; all are dropped. */
INNER size_t take_value(struct bits *b, uint32_t entry)
{
	uint64_t all = b->buffer & ((1ULL << (entry & ALL_MASK)) - 1);

	drop(b, entry & ALL_MASK);
	return (entry >> VALUE_SHIFT) + (size_t)(all >> (entry >> CODE_SHIFT & CODE_MASK));
}

/* --- blocks --- */

struct walk {
	struct deflate_walker *tables;
	struct bits bits;
	const unsigned char *data; /* the next plain byte */
	const unsigned char *data_start, *data_end;
};

/* The `len` bytes at `at` are those at `from`, before them. Most are few, and how many is hard to
 * foretell: up to 16 are compared without a branch. `roomy`: 16 bytes more may be read. */
INNER bool is_copy(const unsigned char *at, const unsigned char *from, size_t len, bool roomy)
{
	static const unsigned char ones[32] = { 255, 255, 255, 255, 255, 255, 255, 255,
						255, 255, 255, 255, 255, 255, 255, 255 };
	uint64_t differs;

	if (!roomy)
		return memcmp(at, from, len) == 0;
	for (; len > 16; len -= 16, at += 16, from += 16)
		if ((load64(at) ^ load64(from)) | (load64(at + 8) ^ load64(from + 8)))
			return false;
	differs = (load64(at) ^ load64(from)) & load64(ones + 16 - len);
	differs |= (load64(at + 8) ^ load64(from + 8)) & load64(ones + 24 - len);
	return !differs;
}

/* The literal of `entry` is the next plain byte. `roomy`: there is one. */
INNER bool pass_literal(struct walk *w, uint32_t entry, bool roomy)
{
	drop(&w->bits, entry & ALL_MASK);
	return (roomy || w->data < w->data_end) &&
	       *w->data++ == (unsigned char)(entry >> VALUE_SHIFT);
}

/* The match whose length is in `entry`. */
INNER bool pass_match(struct walk *w, uint32_t entry, bool roomy)
{
	size_t len = take_value(&w->bits, entry), distance;

	entry = look_up(w->tables->distances, WALK_DISTANCE_BITS, &w->bits);
	if (entry & SPECIAL)
		return false;
	distance = take_value(&w->bits, entry);
	if (distance > (size_t)(w->data - w->data_start) || len > (size_t)(w->data_end - w->data) ||
	    !is_copy(w->data, w->data - distance, len, roomy))
		return false;
	w->data += len;
	return true;
}

/* What was met and is no literal; SPECIAL is for the caller, and still to be dropped. */
INNER bool pass_entry(struct walk *w, uint32_t *entry, bool roomy)
{
	if (*entry & SUBTABLE)
		*entry = look_up_second(w->tables->literals, *entry, &w->bits);
	if (*entry & LITERAL)
		return pass_literal(w, *entry, roomy);
	return *entry & SPECIAL || pass_match(w, *entry, roomy);
}

INNER uint32_t next_entry(struct walk *w)
{
	return look_up_first(w->tables->literals, WALK_LITERAL_BITS, &w->bits);
}

/* Up to three literals, or fewer and a match; neither end is near. Between two refills 56 bits are
 * looked at, at most. */
INNER bool pass_quickly(struct walk *w, uint32_t *entry)
{
	refill_quickly(&w->bits);
	*entry = next_entry(w);
	if (*entry & LITERAL) {
		if (!pass_literal(w, *entry, true))
			return false;
		*entry = next_entry(w);
		if (*entry & LITERAL) {
			if (!pass_literal(w, *entry, true))
				return false;
			*entry = next_entry(w);
			if (*entry & LITERAL)
				return pass_literal(w, *entry, true);
		}
		refill_quickly(&w->bits);
	}
	if (*entry & SPECIAL)
		return pass_entry(w, entry, true);
	return pass_match(w, *entry, true);
}

/* The same for one symbol, anywhere. */
INNER bool pass_slowly(struct walk *w, uint32_t *entry)
{
	refill(&w->bits);
	*entry = next_entry(w);
	return pass_entry(w, entry, false);
}

/* What pass_quickly reads and compares at most. */
static inline bool is_roomy(const struct walk *w)
{
	return w->bits.end - w->bits.next >= 16 && w->data_end - w->data >= 2 + 258 + 16;
}

static bool walk_codes(struct walk *walk)
{
	struct walk w = *walk; /* in registers, as nobody else knows it */
	uint32_t entry = 0;

	while (!(entry & SPECIAL) && is_roomy(&w))
		if (!pass_quickly(&w, &entry))
			return false;
	while (!(entry & SPECIAL))
		if (!pass_slowly(&w, &entry))
			return false;
	drop(&w.bits, entry & ALL_MASK);
	*walk = w;
	return (entry & END) != 0;
}

static bool walk_stored(struct walk *w)
{
	struct bits *b = &w->bits;
	const unsigned char *at = b->start;
	size_t len;

	if (is_beyond(b))
		return false;
	at += (position(b) + 7) / 8;
	if (b->end - at < 4)
		return false;
	len = (size_t)at[0] | (size_t)at[1] << 8;
	if (len != (((size_t)at[2] | (size_t)at[3] << 8) ^ 0xffff))
		return false;
	at += 4;
	if (len > (size_t)(b->end - at) || len > (size_t)(w->data_end - w->data) ||
	    memcmp(at, w->data, len) != 0)
		return false;
	w->data += len;
	go_to_byte(b, at + len);
	return true;
}

static bool make_tables(struct deflate_walker *t, const unsigned char *lens, size_t literal_count,
			size_t distance_count)
{
	struct code code;

	if (!make_code(&code, lens, literal_count, true))
		return false;
	make_table(t->literals, WALK_LITERAL_BITS, &code, literal_meaning);
	if (!make_code(&code, lens + literal_count, distance_count, true))
		return false;
	make_table(t->distances, WALK_DISTANCE_BITS, &code, distance_meaning);
	return true;
}

/* RFC 1951, 3.2.6 */
static bool walk_fixed(struct walk *w)
{
	unsigned char lens[WALK_LITERALS + WALK_DISTANCES];

	memset(lens, 8, 144);
	memset(lens + 144, 9, 112);
	memset(lens + 256, 7, 24);
	memset(lens + 280, 8, 8);
	memset(lens + WALK_LITERALS, 5, WALK_DISTANCES);
	return make_tables(w->tables, lens, WALK_LITERALS, WALK_DISTANCES) && walk_codes(w);
}

/* One code of lengths and what it repeats; 0: broken. */
static size_t read_lengths(struct bits *b, unsigned char *lens, size_t at, size_t count,
			   const uint32_t *table)
{
	enum { REPEAT = 16, ZEROS = 17, MORE_ZEROS = 18 };
	unsigned symbol;
	size_t repeat = 1;

	refill(b);
	symbol = (unsigned)take_value(b, table[b->buffer & ((1U << LENGTH_CODE_BITS) - 1)]);
	if (symbol < REPEAT) {
		lens[at] = (unsigned char)symbol;
		return 1;
	}
	repeat = symbol == REPEAT  ? 3 + take(b, 2)
		 : symbol == ZEROS ? 3 + take(b, 3)
				   : 11 + take(b, 7);
	if (repeat > count - at || (symbol == REPEAT && at == 0))
		return 0;
	memset(lens + at, symbol == REPEAT ? lens[at - 1] : 0, repeat);
	return repeat;
}

/* RFC 1951, 3.2.7 */
static bool walk_dynamic(struct walk *w)
{
	static const unsigned char order[LENGTH_CODES] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
							   11, 4,  12, 3, 13, 2, 14, 1, 15 };
	enum { LITERALS_MAX = 286, DISTANCES_MAX = 30 };
	unsigned char lens[WALK_LITERALS + WALK_DISTANCES], own[LENGTH_CODES] = { 0 };
	uint32_t *table = w->tables->literals; /* not needed yet */
	struct bits *b = &w->bits;
	size_t literal_count, distance_count, own_count, step;
	struct code code;

	refill(b);
	literal_count = take(b, 5) + 257;
	distance_count = take(b, 5) + 1;
	own_count = take(b, 4) + 4;
	if (literal_count > LITERALS_MAX || distance_count > DISTANCES_MAX)
		return false;
	for (size_t i = 0; i < own_count; i++) {
		refill(b);
		own[order[i]] = (unsigned char)take(b, 3);
	}
	if (!make_code(&code, own, LENGTH_CODES, false))
		return false;
	make_table(table, LENGTH_CODE_BITS, &code, length_code_meaning);
	for (size_t at = 0; at < literal_count + distance_count; at += step) {
		step = read_lengths(b, lens, at, literal_count + distance_count, table);
		if (!step)
			return false;
	}
	return lens[END_OF_BLOCK] && make_tables(w->tables, lens, literal_count, distance_count) &&
	       walk_codes(w);
}

static bool walk_block(struct walk *w, bool *last_out)
{
	unsigned kind;

	refill(&w->bits);
	*last_out = take(&w->bits, 1);
	kind = take(&w->bits, 2);
	return (kind == 0   ? walk_stored(w)
		: kind == 1 ? walk_fixed(w)
		: kind == 2 ? walk_dynamic(w)
			    : false) &&
	       !is_beyond(&w->bits);
}

bool deflate_walk(struct deflate_ends *out, struct deflate_walker *tables, const void *stream,
		  size_t stream_len, const void *data, size_t len)
{
	const unsigned char *start = stream, *plain = data;
	struct walk w = { .tables = tables,
			  .bits = { .start = start, .next = start, .end = start + stream_len },
			  .data = plain,
			  .data_start = plain,
			  .data_end = plain + len };
	bool last;

	do {
		out->last_block = position(&w.bits);
		if (!walk_block(&w, &last))
			return false;
	} while (!last);
	out->end = position(&w.bits);
	return w.data == w.data_end && (out->end + 7) / 8 == stream_len;
}
