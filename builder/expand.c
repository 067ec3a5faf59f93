// SPDX-License-Identifier: Apache-2.0
#include "builder/expand.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "builder/shellpattern.h"

/* Expansion of one word. Which words are expanded, and by which environment, is interpret.c's
 * business.
 */

enum { NO_STOP = -1 };

struct expander {
	const struct expand_options *opt;
	const char *text;
	size_t at;
	size_t depth;
	bool raw_escapes;
	size_t bad_at;
};

/* What is collected: the text as a whole, and the same cut into words. */
struct result {
	struct buf text;
	struct buf word;
	struct str_list words;
	bool in_word;
};

static void result_free(struct result *r)
{
	buf_free(&r->text);
	buf_free(&r->word);
	str_list_free(&r->words);
}

#define RESULT_INIT                                                                  \
	{                                                                            \
		.text = BUF_INIT(LIMIT_EXPANSION), .word = BUF_INIT(LIMIT_EXPANSION) \
	}

static bool fail(struct expander *x, size_t at, struct err *err, const char *text)
{
	x->bad_at = at;
	err_set(err, E_INPUT, "%s", text);
	if (x->text[at] == '$' || x->text[at] == '\'' || x->text[at] == '"')
		err_hint(err, "a plain %c is written %c%c", x->text[at], x->opt->escape,
			 x->text[at]);
	return false;
}

static void end_word(struct result *r)
{
	if (r->word.len)
		str_list_push(&r->words, r->word.ptr);
	buf_clear(&r->word);
	r->in_word = false;
}

/* `cut`: blanks in it end a word. */
static bool put(struct result *r, const char *data, size_t len, bool cut, struct err *err)
{
	if (!buf_append(&r->text, data, len, err))
		return err_set(err, E_INPUT, "the result is longer than %d bytes", LIMIT_EXPANSION);
	for (size_t i = 0; i < len; i++) {
		if (cut && isspace((unsigned char)data[i]))
			end_word(r);
		else if (!buf_append(&r->word, &data[i], 1, err))
			return false;
	}
	return true;
}

static bool collect(struct expander *x, struct result *out, int stop, bool raw_escapes,
		    struct err *err);

static const char *lookup(struct expander *x, const char *name)
{
	const char *value = map_text(x->opt->env, name);
	struct str_list *names;

	if (!value && x->opt->also)
		value = map_text(x->opt->also, name);
	names = value ? x->opt->set_out : x->opt->unset_out;
	if (names && !str_list_has(names, name))
		str_list_push(names, name);
	return value;
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* A name, a number, or one special character; empty when there is none. */
static char *take_name(struct expander *x)
{
	const char *start = x->text + x->at;
	size_t len = 0;

	if (isdigit((unsigned char)*start))
		len = strspn(start, "0123456789");
	else if (*start && strchr("@*#?-$!", *start))
		len = 1;
	else
		while (is_name_byte(start[len]))
			len++;
	x->at += len;
	return mem_strndup(start, len);
}

/* Text up to `stop`, expanded, as the operand of a ${...}. */
static bool take_operand(struct expander *x, char **out, char stop, bool raw_escapes, size_t dollar,
			 struct err *err)
{
	AUTO(result_free) struct result r = RESULT_INIT;

	if (++x->depth > LIMIT_EXPANSION_DEPTH)
		return fail(x, dollar, err, "substitutions are nested too deep");
	if (!collect(x, &r, stop, raw_escapes, err)) {
		if (!x->text[x->at] && err->code == E_INPUT && x->bad_at == x->at)
			return fail(x, dollar, err,
				    stop == '/' ? "'/' is missing in ${.../...}"
						: "'}' is missing behind ${");
		return false;
	}
	x->depth--;
	*out = buf_steal(&r.text);
	return true;
}

/* ${v:-w} and its kin: w when the condition holds. `op` is one of - + ? */
static bool choose(struct expander *x, char **out, const char *name, const char *value, char op,
		   bool null_is_unset, const char *word, size_t dollar, struct err *err)
{
	bool unset = !value || (null_is_unset && !*value);

	if (op == '?' && unset) {
		x->bad_at = dollar;
		err_set(err, E_INPUT, "%s: %s", name,
			*word   ? word
			: value ? "is not allowed to be empty"
				: "is not allowed to be unset");
		return err_hint(err, "give it by ARG or ENV, or --build-arg %s=value", name);
	}
	if (op == '+')
		*out = mem_strdup(unset ? "" : word);
	else
		*out = mem_strdup(unset ? word : value);
	return true;
}

/* Behind ${name: one of the operators with one operand, `op`. */
static bool expand_operator(struct expander *x, char **out, const char *name, char op,
			    bool null_is_unset, size_t dollar, struct err *err)
{
	AUTO(auto_free) char *word = NULL;
	bool trims = op == '#' || op == '%';
	const char *value;
	bool longest;

	if (null_is_unset && trims)
		return fail(x, dollar, err, "':' cannot stand before '#' or '%' in a substitution");
	if (!take_operand(x, &word, '}', trims, dollar, err))
		return false;
	value = lookup(x, name);
	if (x->opt->keep_unset && !value) {
		*out = mem_printf("${%s%s%c%s}", name, null_is_unset ? ":" : "", op, word);
		return true;
	}
	if (!trims)
		return choose(x, out, name, value, op, null_is_unset, word, dollar, err);
	longest = word[0] == op;
	if (!pattern_trim(out, value ? value : "", word + longest, op == '%', longest, err)) {
		x->bad_at = dollar;
		return false;
	}
	return true;
}

/* Behind ${name/ */
static bool expand_replace(struct expander *x, char **out, const char *name, size_t dollar,
			   struct err *err)
{
	AUTO(auto_free) char *pattern = NULL;
	AUTO(auto_free) char *with = NULL;
	bool all = x->text[x->at] == '/';
	const char *value;

	if (all)
		x->at++;
	if (!take_operand(x, &pattern, '/', true, dollar, err) ||
	    !take_operand(x, &with, '}', true, dollar, err))
		return false;
	value = lookup(x, name);
	if (x->opt->keep_unset && !value) {
		*out = mem_printf("${%s/%s%s/%s}", name, all ? "/" : "", pattern, with);
		return true;
	}
	if (!pattern_replace(out, value ? value : "", pattern, with, all, err)) {
		x->bad_at = dollar;
		return false;
	}
	return true;
}

/* Behind "${" */
static bool expand_braces(struct expander *x, char **out, size_t dollar, struct err *err)
{
	AUTO(auto_free) char *name = NULL;
	bool null_is_unset = false;
	const char *value;
	char op = x->text[x->at];

	if (!op)
		return fail(x, dollar, err, "'}' is missing behind ${");
	if (op == '{' || op == '}' || op == ':')
		return fail(x, dollar, err, "bad substitution: a name must follow ${");
	name = take_name(x);
	op = x->text[x->at];
	if (op == '}') {
		x->at++;
		value = lookup(x, name);
		*out = value                ? mem_strdup(value)
		       : x->opt->keep_unset ? mem_printf("${%s}", name)
					    : mem_strdup("");
		return true;
	}
	if (op == '/') {
		x->at++;
		return expand_replace(x, out, name, dollar, err);
	}
	if (op == ':') {
		null_is_unset = true;
		op = x->text[++x->at];
	}
	if (!op || iscntrl((unsigned char)op))
		return fail(x, dollar, err, "'}' is missing behind ${");
	if (!strchr("-+?#%", op)) {
		x->bad_at = dollar;
		err_set(err, E_INPUT, "unsupported modifier '%s%c' in ${%s...}",
			null_is_unset ? ":" : "", op, name);
		return err_hint(err, "known are :- - :+ + :? ? # ## %% %%%% / and //");
	}
	x->at++;
	return expand_operator(x, out, name, op, null_is_unset, dollar, err);
}

/* At '$' */
static bool expand_dollar(struct expander *x, char **out, struct err *err)
{
	AUTO(auto_free) char *name = NULL;
	size_t dollar = x->at++;
	const char *value;

	if (x->text[x->at] == '{') {
		x->at++;
		return expand_braces(x, out, dollar, err);
	}
	name = take_name(x);
	if (!*name) {
		*out = mem_strdup("$");
		return true;
	}
	value = lookup(x, name);
	*out = value                ? mem_strdup(value)
	       : x->opt->keep_unset ? mem_printf("$%s", name)
				    : mem_strdup("");
	return true;
}

static bool single_quote(struct expander *x, struct result *out, struct err *err)
{
	size_t start = x->at;
	const char *end = strchr(x->text + start + 1, '\'');
	size_t len;

	if (!end)
		return fail(x, start, err, "the closing ' is missing");
	len = (size_t)(end - (x->text + start)) + 1;
	x->at += len;
	out->in_word = true;
	if (x->opt->raw_quotes)
		return put(out, x->text + start, len, false, err);
	return put(out, x->text + start + 1, len - 2, false, err);
}

static bool double_quote(struct expander *x, struct result *out, struct err *err)
{
	char escape = x->opt->escape;
	size_t start = x->at++;

	if (x->opt->raw_quotes && !put(out, "\"", 1, false, err))
		return false;
	for (;;) {
		char c = x->text[x->at];

		if (!c)
			return fail(x, start, err, "the closing \" is missing");
		if (c == '"') {
			x->at++;
			return !x->opt->raw_quotes || put(out, "\"", 1, false, err);
		}
		if (c == '$') {
			AUTO(auto_free) char *value = NULL;

			if (!expand_dollar(x, &value, err) ||
			    !put(out, value, strlen(value), false, err))
				return false;
			continue;
		}
		x->at++;
		if (c == escape) {
			char next = x->text[x->at];

			if (x->raw_escapes && !put(out, &c, 1, false, err))
				return false;
			if (!next)
				continue;
			if (next == '"' || next == '$' || next == escape) {
				c = next;
				x->at++;
			}
		}
		if (!put(out, &c, 1, false, err))
			return false;
	}
}

/* Up to `stop`, which is taken, or to the end (NO_STOP). */
static bool collect_inner(struct expander *x, struct result *out, int stop, struct err *err)
{
	while (x->text[x->at]) {
		char c = x->text[x->at];

		if (c == stop) {
			x->at++;
			return true;
		}
		if (c == '$') {
			AUTO(auto_free) char *value = NULL;

			if (!expand_dollar(x, &value, err) ||
			    !put(out, value, strlen(value), true, err))
				return false;
		} else if (c == '\'' && !x->opt->no_quotes) {
			if (!single_quote(x, out, err))
				return false;
		} else if (c == '"' && !x->opt->no_quotes) {
			if (!double_quote(x, out, err))
				return false;
		} else if (c == x->opt->escape) {
			char next = x->text[++x->at];

			if (x->raw_escapes && !put(out, &c, 1, false, err))
				return false;
			if (next) {
				x->at++;
				if (!put(out, &next, 1, false, err))
					return false;
			}
		} else {
			x->at++;
			if (!put(out, &c, 1, true, err))
				return false;
		}
	}
	if (stop == NO_STOP)
		return true;
	return fail(x, x->at, err, "the substitution has no end");
}

static bool collect(struct expander *x, struct result *out, int stop, bool raw_escapes,
		    struct err *err)
{
	bool before = x->raw_escapes;
	bool ok;

	x->raw_escapes = raw_escapes;
	ok = collect_inner(x, out, stop, err);
	x->raw_escapes = before;
	return ok;
}

static bool expand(struct result *out, const char *text, const struct expand_options *opt,
		   size_t *bad_at, struct err *err)
{
	struct expander x = { .opt = opt, .text = text };

	if (collect(&x, out, NO_STOP, opt->raw_escapes, err))
		return true;
	if (bad_at)
		*bad_at = x.bad_at;
	return false;
}

bool expand_word(char **out, const char *text, const struct expand_options *opt, size_t *bad_at,
		 struct err *err)
{
	AUTO(result_free) struct result r = RESULT_INIT;

	if (!expand(&r, text, opt, bad_at, err))
		return false;
	*out = buf_steal(&r.text);
	return true;
}

bool expand_words(struct str_list *out, const char *text, const struct expand_options *opt,
		  size_t *bad_at, struct err *err)
{
	AUTO(result_free) struct result r = RESULT_INIT;

	if (!expand(&r, text, opt, bad_at, err))
		return false;
	end_word(&r);
	for (size_t i = 0; i < r.words.len; i++)
		str_list_push(out, r.words.items[i]);
	return true;
}
