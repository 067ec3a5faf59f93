// SPDX-License-Identifier: Apache-2.0
#include "extend/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "extend/place.h"

/* Splits Python source into tokens and logical lines. What the tokens mean is outline's business.
 */

/* CPython's own figures (Parser/lexer/state.h), so that what it refuses is refused here. */
enum { BRACKETS_MAX = 200, INDENTS_MAX = 100, FSTRINGS_MAX = 150, TAB = 8 };

struct bracket {
	char open;
	int line, column;
};

/* Width with tabs of eight, and with tabs of one: when they disagree, tabs and blanks are mixed
 * badly. */
struct indent {
	int width, narrow;
};

struct tokenizer {
	const char *file;
	const char *text, *end;
	const char *at, *line_start;
	int line;
	enum encoding encoding;
	struct bracket brackets[BRACKETS_MAX];
	size_t depth;
	struct indent indents[INDENTS_MAX];
	size_t level;
	struct token *items;
	size_t len, cap;
};

static size_t newline_len(const struct tokenizer *t, const char *p)
{
	return place_newline((struct slice){ .ptr = t->text, .len = (size_t)(t->end - t->text) },
			     (size_t)(p - t->text));
}

static void take_newline(struct tokenizer *t)
{
	t->at += newline_len(t, t->at);
	t->line++;
	t->line_start = t->at;
}

static int column_of(const struct tokenizer *t, const char *p)
{
	return (int)(p - t->line_start) + 1;
}

bool tokenizer_blame(const struct tokenizer *t, int line, int column, int width, struct err *err)
{
	struct slice text = { .ptr = t->text, .len = (size_t)(t->end - t->text) };

	return place_set(err, t->file, text, line, column, width);
}

static bool blame_here(const struct tokenizer *t, struct err *err)
{
	return tokenizer_blame(t, t->line, column_of(t, t->at), 1, err);
}

/* --- characters --- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static bool is_name_part(char c)
{
	return is_name_start(c) || is_digit(c);
}

/* What text processors put in place of blanks, quotes and dashes: no letters, though above 0x80. */
static bool is_no_letter(unsigned code)
{
	return (code >= 0x80 && code <= 0xbf && code != 0xaa && code != 0xb5 && code != 0xb7 &&
		code != 0xba) ||
	       code == 0xd7 || code == 0xf7 ||
	       (code >= 0x2000 && code <= 0x206f && code != 0x203f && code != 0x2040 &&
		code != 0x2054) ||
	       (code >= 0x3000 && code <= 0x3004) || code == 0xfeff || code >= 0xf0000;
}

static char peek(const struct tokenizer *t, size_t ahead)
{
	return (size_t)(t->end - t->at) > ahead ? t->at[ahead] : '\0';
}

/* --- strings --- */

struct string {
	const char *start;
	int line, column;
	char quote;
	bool triple, raw, formatted;
};

static bool unterminated(const struct tokenizer *t, const struct string *s, struct err *err)
{
	err_set(err, E_INPUT, "this %s%sstring is never closed", s->triple ? "triple-quoted " : "",
		s->formatted ? "f-" : "");
	return tokenizer_blame(t, s->line, s->column, 1, err);
}

/* The length of a string prefix at `p` (0 for none), when a quote follows it; -1 when there is no
 * string. */
static int prefix_len(const struct tokenizer *t, const char *p)
{
	static const char *const prefixes[] = { "",   "r",  "b",  "u",  "f",  "t",
						"br", "rb", "fr", "rf", "tr", "rt" };
	int len = 0;

	while (p + len < t->end && len < 3 && p[len] != '\'' && p[len] != '"')
		len++;
	if (p + len == t->end || len == 3)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strlen(prefixes[i]) == (size_t)len &&
		    strncasecmp(prefixes[i], p, (size_t)len) == 0)
			return len;
	return -1;
}

static bool closes(const struct tokenizer *t, const struct string *s)
{
	if (peek(t, 0) != s->quote)
		return false;
	return !s->triple || (peek(t, 1) == s->quote && peek(t, 2) == s->quote);
}

/* A backslash and what it takes along. */
static void skip_escape(struct tokenizer *t, const struct string *s)
{
	t->at++;
	if (t->at == t->end)
		return;
	if (newline_len(t, t->at)) {
		take_newline(t);
		return;
	}
	if (s->formatted && (*t->at == '{' || *t->at == '}'))
		return; /* an unknown escape, then a field: PEP 701 */
	if (s->formatted && !s->raw && *t->at == 'N' && peek(t, 1) == '{') {
		while (t->at < t->end && *t->at != '}' && !newline_len(t, t->at))
			t->at++;
		return;
	}
	t->at++;
}

static bool scan_string(struct tokenizer *t, int nesting, struct err *err);
static bool scan_field(struct tokenizer *t, const struct string *s, int nesting, struct err *err);

/* Behind the colon of a field, up to and with its closing brace. */
static bool scan_spec(struct tokenizer *t, const struct string *s, int nesting, struct err *err)
{
	while (t->at < t->end && !closes(t, s)) {
		if (newline_len(t, t->at)) {
			if (!s->triple)
				return unterminated(t, s, err);
			take_newline(t);
		} else if (*t->at == '\\') {
			skip_escape(t, s);
		} else if (*t->at == '{') {
			t->at++;
			if (!scan_field(t, s, nesting + 1, err))
				return false;
		} else if (*t->at++ == '}') {
			return true;
		}
	}
	return unterminated(t, s, err);
}

/* One piece of the expression inside a field that is neither bracket, colon nor end. */
static bool skip_in_field(struct tokenizer *t, int nesting, struct err *err)
{
	if (newline_len(t, t->at)) {
		take_newline(t);
	} else if (*t->at == '#') {
		while (t->at < t->end && !newline_len(t, t->at))
			t->at++;
	} else if (*t->at == '\\') {
		if (!newline_len(t, t->at + 1)) {
			err_set(err, E_INPUT, "a backslash inside the braces of an f-string");
			return blame_here(t, err);
		}
		t->at++;
		take_newline(t);
	} else if (prefix_len(t, t->at) >= 0) {
		return scan_string(t, nesting + 1, err);
	} else if (is_name_part(*t->at)) {
		while (t->at < t->end && is_name_part(*t->at))
			t->at++;
	} else {
		t->at++;
	}
	return true;
}

/* A replacement field, from behind its opening brace to behind its closing one. */
static bool scan_field(struct tokenizer *t, const struct string *s, int nesting, struct err *err)
{
	int depth = 0;

	if (nesting > FSTRINGS_MAX) {
		err_set(err, E_INPUT, "f-strings nested more than %d deep", FSTRINGS_MAX);
		return blame_here(t, err);
	}
	while (t->at < t->end) {
		char c = *t->at;

		if (!depth && c == ':') {
			t->at++;
			return scan_spec(t, s, nesting, err);
		}
		if (c == '(' || c == '[' || c == '{') {
			depth++;
			t->at++;
		} else if (c == ')' || c == ']' || c == '}') {
			t->at++;
			if (!depth && c == '}')
				return true;
			if (!depth)
				return unterminated(t, s, err);
			depth--;
		} else if (!skip_in_field(t, nesting, err)) {
			return false;
		}
	}
	return unterminated(t, s, err);
}

static bool scan_string(struct tokenizer *t, int nesting, struct err *err)
{
	struct string s = { .start = t->at, .line = t->line, .column = column_of(t, t->at) };
	int prefix = prefix_len(t, t->at);

	for (int i = 0; i < prefix; i++) {
		s.raw = s.raw || strchr("rR", s.start[i]);
		s.formatted = s.formatted || strchr("fFtT", s.start[i]);
	}
	t->at += prefix;
	s.quote = *t->at;
	s.triple = peek(t, 1) == s.quote && peek(t, 2) == s.quote;
	t->at += s.triple ? 3 : 1;
	while (t->at < t->end && !closes(t, &s)) {
		if (newline_len(t, t->at)) {
			if (!s.triple)
				return unterminated(t, &s, err);
			take_newline(t);
		} else if (*t->at == '\\') {
			skip_escape(t, &s);
		} else if (s.formatted && *t->at == '{' && peek(t, 1) != '{') {
			t->at++;
			if (!scan_field(t, &s, nesting, err))
				return false;
		} else {
			t->at += s.formatted && *t->at == '{' ? 2 : 1;
		}
	}
	if (t->at >= t->end)
		return unterminated(t, &s, err);
	t->at += s.triple ? 3 : 1;
	return true;
}

/* --- numbers, names, operators --- */

static void skip_digits(struct tokenizer *t, bool (*is)(char))
{
	while (t->at < t->end && (is(*t->at) || *t->at == '_'))
		t->at++;
}

/* "1if x else y" is a number and a keyword, so letters end a number unless they belong to it. */
static void scan_number(struct tokenizer *t)
{
	char second = peek(t, 1) | 0x20;

	if (*t->at == '0' && (second == 'x' || second == 'o' || second == 'b')) {
		t->at += 2;
		skip_digits(t, second == 'x' ? is_hex : is_digit);
		return;
	}
	skip_digits(t, is_digit);
	if (peek(t, 0) == '.') {
		t->at++;
		skip_digits(t, is_digit);
	}
	if ((peek(t, 0) | 0x20) == 'e') {
		size_t sign = peek(t, 1) == '+' || peek(t, 1) == '-';

		if (is_digit(peek(t, 1 + sign))) {
			t->at += 1 + sign;
			skip_digits(t, is_digit);
		}
	}
	if ((peek(t, 0) | 0x20) == 'j')
		t->at++;
}

static bool scan_name(struct tokenizer *t, struct err *err)
{
	while (t->at < t->end && is_name_part(*t->at)) {
		unsigned code = (unsigned char)*t->at;
		size_t len = 1;

		if (t->encoding == ENCODING_UTF8)
			len = encoding_utf8(&code, t->at, (size_t)(t->end - t->at));
		if (is_no_letter(code)) {
			err_set(err, E_INPUT, "character U+%04X does not belong in Python source",
				code);
			return blame_here(t, err);
		}
		t->at += len;
	}
	return true;
}

static size_t operator_len(const struct tokenizer *t)
{
	/* the longest first */
	static const char *const table[] = {
		"**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "<=", ">=", "==",
		"!=",  "->",  "+=",  "-=",  "*=",  "/=", "%=", "&=", "|=", "^=", "@=", ":=",
	};
	size_t left = (size_t)(t->end - t->at);

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		size_t len = strlen(table[i]);

		if (len <= left && memcmp(t->at, table[i], len) == 0)
			return len;
	}
	return *t->at && strchr("+-*/%@&|^~<>()[]{},:.;=", *t->at) ? 1 : 0;
}

static bool track_bracket(struct tokenizer *t, char c, struct err *err)
{
	static const char pairs[] = "()[]{}";
	const char *at = strchr(pairs, c);
	struct bracket *top = t->depth ? &t->brackets[t->depth - 1] : NULL;

	if (!at)
		return true;
	if ((at - pairs) % 2 == 0) {
		if (t->depth == BRACKETS_MAX) {
			err_set(err, E_INPUT, "brackets nested more than %d deep", BRACKETS_MAX);
			return blame_here(t, err);
		}
		t->brackets[t->depth++] = (struct bracket){ .open = c,
							    .line = t->line,
							    .column = column_of(t, t->at) };
		return true;
	}
	if (!top)
		err_set(err, E_INPUT, "unmatched '%c'", c);
	else if (top->open != at[-1])
		err_set(err, E_INPUT, "'%c' does not close the '%c' of line %d", c, top->open,
			top->line);
	else
		t->depth--;
	return err->code ? blame_here(t, err) : true;
}

static bool scan_token(struct tokenizer *t, struct err *err)
{
	struct token token = { .text.ptr = t->at, .line = t->line, .column = column_of(t, t->at) };
	size_t op = operator_len(t);
	bool ok = true;

	if (prefix_len(t, t->at) >= 0) {
		token.kind = TOKEN_STRING;
		ok = scan_string(t, 0, err);
	} else if (is_name_start(*t->at)) {
		token.kind = TOKEN_NAME;
		ok = scan_name(t, err);
	} else if (is_digit(*t->at) || (*t->at == '.' && is_digit(peek(t, 1)))) {
		token.kind = TOKEN_NUMBER;
		scan_number(t);
	} else if (op) {
		token.kind = TOKEN_OP;
		ok = track_bracket(t, *t->at, err);
		t->at += op;
	} else {
		err_set(err, E_INPUT, "character 0x%02x has no meaning in Python",
			(unsigned char)*t->at);
		if (*t->at == '!' || *t->at == '%')
			err_hint(err, "a notebook command: take it out of the file");
		return blame_here(t, err);
	}
	if (!ok)
		return false;
	token.text.len = (size_t)(t->at - token.text.ptr);
	*ARRAY_PUSH(t) = token;
	return true;
}

/* --- lines --- */

static void skip_comment(struct tokenizer *t)
{
	if (peek(t, 0) == '#')
		while (t->at < t->end && !newline_len(t, t->at))
			t->at++;
}

static bool take_continuation(struct tokenizer *t, struct err *err)
{
	const char *behind = t->at + 1;

	if (!newline_len(t, behind) || behind + newline_len(t, behind) == t->end) {
		err_set(err, E_INPUT,
			newline_len(t, behind) || behind == t->end
				? "nothing follows this continuation"
				: "something follows the backslash that continues the line");
		return blame_here(t, err);
	}
	t->at++;
	take_newline(t);
	return true;
}

static bool measure_indent(struct indent *out, struct tokenizer *t, struct err *err)
{
	struct indent in = { 0 }, first = { 0 };

	for (; t->at < t->end; t->at++) {
		if (*t->at == ' ') {
			in.width++;
			in.narrow++;
		} else if (*t->at == '\t') {
			in.width = (in.width / TAB + 1) * TAB;
			in.narrow++;
		} else if (*t->at == '\f') {
			in = (struct indent){ 0 };
		} else if (*t->at == '\\') {
			if (!take_continuation(t, err))
				return false;
			first = first.width ? first : in;
			in = (struct indent){ 0 };
			t->at--; /* the loop steps over it again */
		} else {
			break;
		}
	}
	*out = first.width ? first : in;
	return true;
}

static bool apply_indent(struct tokenizer *t, struct indent in, struct err *err)
{
	struct indent *top = &t->indents[t->level];

	if (in.width > top->width) {
		if (in.narrow <= top->narrow)
			err_set(err, E_INPUT, "tabs and blanks are mixed in this indentation");
		else if (t->level + 1 == INDENTS_MAX)
			err_set(err, E_INPUT, "more than %d levels of indentation",
				INDENTS_MAX - 1);
		else
			t->indents[++t->level] = in;
		return err->code ? blame_here(t, err) : true;
	}
	while (in.width < top->width)
		top = &t->indents[--t->level];
	if (in.width != top->width)
		err_set(err, E_INPUT, "this indentation matches no outer block");
	else if (in.narrow != top->narrow)
		err_set(err, E_INPUT, "tabs and blanks are mixed in this indentation");
	return err->code ? blame_here(t, err) : true;
}

/* To the first character of a line that has a token; false at the end of the text. */
static bool find_line(struct indent *indent_out, bool *more_out, struct tokenizer *t,
		      struct err *err)
{
	for (*more_out = true;;) {
		if (!measure_indent(indent_out, t, err))
			return false;
		skip_comment(t);
		if (t->at == t->end) {
			*more_out = false;
			return true;
		}
		if (!newline_len(t, t->at))
			return true;
		take_newline(t);
	}
}

/* Tokens up to the end of the logical line. */
static bool read_tokens(struct tokenizer *t, struct err *err)
{
	while (t->at < t->end) {
		bool ok = true;

		skip_comment(t);
		if (t->at == t->end)
			break;
		if (newline_len(t, t->at)) {
			take_newline(t);
			if (!t->depth)
				return true;
		} else if (*t->at == ' ' || *t->at == '\t' || *t->at == '\f') {
			t->at++;
		} else if (*t->at == '\\') {
			ok = take_continuation(t, err);
		} else {
			ok = scan_token(t, err);
		}
		if (!ok)
			return false;
	}
	if (t->depth) {
		const struct bracket *top = &t->brackets[t->depth - 1];

		err_set(err, E_INPUT, "'%c' is never closed", top->open);
		return tokenizer_blame(t, top->line, top->column, 1, err);
	}
	return true;
}

bool tokenizer_open(struct tokenizer **out, const char *text, size_t len, const char *file,
		    struct err *err)
{
	AUTO(auto_tokenizer_close) struct tokenizer *t = mem_alloc(sizeof(*t));
	size_t skip;

	if (len > LIMIT_SOURCE_FILE)
		return err_set(err, E_INPUT, "%s: source of more than %d bytes", file,
			       LIMIT_SOURCE_FILE);
	if (!encoding_detect(&t->encoding, &skip, text, len, file, err))
		return false;
	t->file = file;
	t->text = t->at = t->line_start = text + skip;
	t->end = text + len;
	t->line = 1;
	*out = STEAL(t);
	return true;
}

void tokenizer_close(struct tokenizer *t)
{
	if (!t)
		return;
	free(t->items);
	free(t);
}

bool tokenizer_next(struct token_line *out, bool *more_out, struct tokenizer *t, struct err *err)
{
	for (t->len = 0; !t->len;) {
		struct indent indent;

		if (!find_line(&indent, more_out, t, err))
			return false;
		if (!*more_out)
			return true;
		if (!apply_indent(t, indent, err) || !read_tokens(t, err))
			return false;
	}
	*out = (struct token_line){ .items = t->items, .len = t->len, .level = t->level };
	return true;
}

bool token_is(const struct token *t, const char *text)
{
	return (t->kind == TOKEN_NAME || t->kind == TOKEN_OP) && slice_eq(t->text, text);
}

static int compare_keyword(const void *key, const void *item)
{
	const struct slice *name = key;
	const char *word = *(const char *const *)item;
	int order = strncmp(name->ptr, word, name->len);

	return order ? order : -(int)(unsigned char)word[name->len];
}

bool token_is_keyword(struct slice name)
{
	/* keyword.kwlist, sorted bytewise; the same from 3.7 on */
	static const char *const words[] = {
		"False",  "None",   "True",    "and",      "as",       "assert", "async",
		"await",  "break",  "class",   "continue", "def",      "del",    "elif",
		"else",   "except", "finally", "for",      "from",     "global", "if",
		"import", "in",     "is",      "lambda",   "nonlocal", "not",    "or",
		"pass",   "raise",  "return",  "try",      "while",    "with",   "yield",
	};

	return bsearch(&name, words, ARRAY_LEN(words), sizeof(words[0]), compare_keyword);
}
