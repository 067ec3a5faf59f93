// SPDX-License-Identifier: Apache-2.0
#include "builder/shellpattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

/* Shell patterns without brackets, matched by following all states at once: no input makes it slow.
 */

enum piece_kind { PIECE_BYTE, PIECE_ANY, PIECE_STAR };

struct piece {
	enum piece_kind kind;
	char byte;
};

struct pattern {
	struct piece *items;
	size_t len, cap;
	bool *now, *next; /* states: "the first i pieces are matched" */
	size_t steps;
};

static void pattern_free(struct pattern *p)
{
	free(p->items);
	free(p->now);
	free(p->next);
}

static bool pattern_parse(struct pattern *out, const char *text, struct err *err)
{
	for (const char *c = text; *c; c++) {
		struct piece *piece;

		if (*c == '\\' && (c[1] == '}' || c[1] == '/'))
			continue;
		if (*c == '\\' && c[1] != '*' && c[1] != '?' && c[1] != '\\')
			return err_set(err, E_INPUT, "bad escape '\\%.1s' in the pattern '%s'",
				       c + 1, text);
		piece = ARRAY_PUSH(out);
		piece->kind = *c == '*' ? PIECE_STAR : *c == '?' ? PIECE_ANY : PIECE_BYTE;
		if (*c == '\\')
			c++;
		piece->byte = *c;
	}
	out->now = mem_alloc(out->len + 1);
	out->next = mem_alloc(out->len + 1);
	return true;
}

/* A star may match nothing: its state passes on. */
static void close_states(const struct pattern *p, bool *states)
{
	for (size_t i = 0; i < p->len; i++) {
		if (states[i] && p->items[i].kind == PIECE_STAR)
			states[i + 1] = true;
	}
}

static bool step(struct pattern *p, char c)
{
	bool alive = false;

	memset(p->next, 0, p->len + 1);
	for (size_t i = 0; i < p->len; i++) {
		const struct piece *piece = &p->items[i];

		if (!p->now[i])
			continue;
		if (piece->kind == PIECE_STAR && c != '\n')
			p->next[i] = alive = true;
		else if (piece->kind == PIECE_ANY ? c != '\n'
						  : piece->kind == PIECE_BYTE && piece->byte == c)
			p->next[i + 1] = alive = true;
	}
	close_states(p, p->next);
	bool *swap = p->now;
	p->now = p->next;
	p->next = swap;
	return alive;
}

/* Length of the shortest or longest match at the start of `text`; *found_out false when there is
 * none. */
static bool match_start(struct pattern *p, const char *text, size_t len, bool longest,
			bool *found_out, size_t *len_out, struct err *err)
{
	*found_out = false;
	memset(p->now, 0, p->len + 1);
	p->now[0] = true;
	close_states(p, p->now);
	for (size_t i = 0;; i++) {
		if (p->now[p->len]) {
			*found_out = true;
			*len_out = i;
			if (!longest)
				return true;
		}
		p->steps += p->len + 1;
		if (p->steps > LIMIT_GLOB_STEPS)
			return err_set(err, E_INPUT, "the pattern needs more than %d steps",
				       LIMIT_GLOB_STEPS);
		if (i == len || !step(p, text[i]))
			return true;
	}
}

static char *reversed(const char *text, size_t len)
{
	char *out = mem_alloc(len + 1);

	for (size_t i = 0; i < len; i++)
		out[i] = text[len - 1 - i];
	return out;
}

static void reverse_pieces(struct pattern *p)
{
	for (size_t i = 0; i < p->len / 2; i++) {
		struct piece swap = p->items[i];

		p->items[i] = p->items[p->len - 1 - i];
		p->items[p->len - 1 - i] = swap;
	}
}

bool pattern_trim(char **out, const char *value, const char *pattern, bool suffix, bool longest,
		  struct err *err)
{
	AUTO(pattern_free) struct pattern p = { 0 };
	AUTO(auto_free) char *turned = NULL;
	size_t len = strlen(value);
	size_t cut = 0;
	bool found;

	if (!pattern_parse(&p, pattern, err))
		return false;
	if (suffix) {
		reverse_pieces(&p);
		turned = reversed(value, len);
	}
	if (!match_start(&p, suffix ? turned : value, len, longest, &found, &cut, err))
		return false;
	if (!found)
		cut = 0;
	*out = suffix ? mem_strndup(value, len - cut) : mem_strdup(value + cut);
	return true;
}

bool pattern_replace(char **out, const char *value, const char *pattern, const char *with, bool all,
		     struct err *err)
{
	AUTO(pattern_free) struct pattern p = { 0 };
	AUTO(buf_free) struct buf result = BUF_INIT(LIMIT_EXPANSION);
	size_t len = strlen(value);
	bool behind_match = false;
	size_t at = 0;

	if (!pattern_parse(&p, pattern, err))
		return false;
	while (at <= len) {
		size_t match = 0;
		bool found;

		if (!match_start(&p, value + at, len - at, true, &found, &match, err))
			return false;
		/* an empty match right behind another one does not count */
		if (found && (match || !behind_match)) {
			if (!buf_append(&result, with, strlen(with), err))
				return false;
			at += match;
			if (!all)
				break;
			behind_match = match > 0;
			if (match)
				continue;
		}
		behind_match = false;
		if (at < len && !buf_append(&result, value + at, 1, err))
			return false;
		at++;
	}
	if (at < len && !buf_append(&result, value + at, len - at, err))
		return false;
	*out = buf_steal(&result);
	return true;
}
