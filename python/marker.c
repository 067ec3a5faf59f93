// SPDX-License-Identifier: Apache-2.0
#include "python/marker.h"

#include <string.h>

#include "base/limits.h"
#include "python/name.h"
#include "python/specifier.h"

/*
 * Markers: text to tree, tree to truth. Their place in a requirement is requirement.c's; where the
 * values come from is the caller's (marker_env).
 */

enum operator{
	OP_IN,
	OP_NOT_IN,
	OP_ARBITRARY,
	OP_EQUAL,
	OP_COMPATIBLE,
	OP_NOT_EQUAL,
	OP_LESS_EQUAL,
	OP_GREATER_EQUAL,
	OP_LESS,
	OP_GREATER,
};

/* Longest first where one begins another; the words are looked for apart. */
static const char *const operator_names[] = {
	[OP_IN] = "in",         [OP_NOT_IN] = "not in",    [OP_ARBITRARY] = "===",
	[OP_EQUAL] = "==",      [OP_COMPATIBLE] = "~=",    [OP_NOT_EQUAL] = "!=",
	[OP_LESS_EQUAL] = "<=", [OP_GREATER_EQUAL] = ">=", [OP_LESS] = "<",
	[OP_GREATER] = ">",
};

struct operand {
	bool is_variable;
	enum marker_variable variable;
	const char *text; /* a literal; one compared with `extra` is normalised */
};

/* ANY and ALL hold a list of children; COMPARE is a leaf. */
struct marker {
	enum { MARKER_ANY, MARKER_ALL, MARKER_COMPARE } kind;
	bool parentheses; /* a list that was written in them */
	const struct marker *children;
	const struct marker *next; /* in the parent's list */
	struct operand left, right;
	enum operator op;
};

static const struct variable_name {
	const char *name;
	enum marker_variable variable;
} variable_names[] = {
	{ "os_name", MARKER_OS_NAME },
	{ "sys_platform", MARKER_SYS_PLATFORM },
	{ "platform_machine", MARKER_PLATFORM_MACHINE },
	{ "platform_python_implementation", MARKER_PLATFORM_PYTHON_IMPLEMENTATION },
	{ "platform_release", MARKER_PLATFORM_RELEASE },
	{ "platform_system", MARKER_PLATFORM_SYSTEM },
	{ "platform_version", MARKER_PLATFORM_VERSION },
	{ "python_version", MARKER_PYTHON_VERSION },
	{ "python_full_version", MARKER_PYTHON_FULL_VERSION },
	{ "implementation_name", MARKER_IMPLEMENTATION_NAME },
	{ "implementation_version", MARKER_IMPLEMENTATION_VERSION },
	{ "extra", MARKER_EXTRA },
	{ "extras", MARKER_EXTRAS },
	{ "dependency_groups", MARKER_DEPENDENCY_GROUPS },
	/* names of PEP 345, still met */
	{ "os.name", MARKER_OS_NAME },
	{ "sys.platform", MARKER_SYS_PLATFORM },
	{ "platform.machine", MARKER_PLATFORM_MACHINE },
	{ "platform.version", MARKER_PLATFORM_VERSION },
	{ "platform.python_implementation", MARKER_PLATFORM_PYTHON_IMPLEMENTATION },
	{ "python_implementation", MARKER_PLATFORM_PYTHON_IMPLEMENTATION },
};

struct parser {
	struct arena *arena;
	struct slice text;
	size_t at;
	int depth;
	bool locked; /* the variables of lock files are known */
	struct err *err;
};

static bool is_set(enum marker_variable v)
{
	return v == MARKER_EXTRAS || v == MARKER_DEPENDENCY_GROUPS;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '.';
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->text.len && strchr(" \t\n\r", p->text.ptr[p->at]) && p->text.ptr[p->at])
		p->at++;
}

static struct slice rest_of(const struct parser *p)
{
	return (struct slice){ .ptr = p->text.ptr + p->at, .len = p->text.len - p->at };
}

static struct slice peek_word(const struct parser *p)
{
	struct slice s = rest_of(p);
	size_t n = 0;

	while (n < s.len && is_word(s.ptr[n]))
		n++;
	s.len = n;
	return s;
}

static bool take(struct parser *p, const char *text)
{
	if (!slice_has_prefix(rest_of(p), text))
		return false;
	p->at += strlen(text);
	return true;
}

static bool take_keyword(struct parser *p, const char *word)
{
	skip_blanks(p);
	return slice_eq(peek_word(p), word) && take(p, word);
}

static bool parse_quoted(struct parser *p, struct operand *out)
{
	struct slice s = rest_of(p);
	const char *end = s.len > 1 ? memchr(s.ptr + 1, s.ptr[0], s.len - 1) : NULL;

	if (!end)
		return err_set(p->err, E_INPUT, "a quote in the marker is not closed");
	s = (struct slice){ .ptr = s.ptr + 1, .len = (size_t)(end - s.ptr - 1) };
	if (memchr(s.ptr, '\0', s.len))
		return err_set(p->err, E_INPUT, "a NUL in the marker");
	out->text = arena_slice(p->arena, s);
	p->at += s.len + 2;
	return true;
}

static bool unknown_variable(struct parser *p, struct slice word)
{
	const char *names[MARKER_VARIABLES];
	const char *copy = arena_slice(p->arena, word), *nearest;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		names[i] = variable_names[i].name;
	nearest = str_nearest(copy, names, ARRAY_LEN(names));
	err_set(p->err, E_INPUT, "marker variable '%s' does not exist", copy);
	if (nearest)
		return err_hint(p->err, "did you mean %s?", nearest);
	return err_hint(p->err, "put text in quotes, as in python_version >= '3.8'");
}

static bool parse_operand(struct parser *p, struct operand *out)
{
	struct slice word;

	skip_blanks(p);
	if (p->at < p->text.len && (p->text.ptr[p->at] == '"' || p->text.ptr[p->at] == '\''))
		return parse_quoted(p, out);
	word = peek_word(p);
	if (!word.len)
		return err_set(p->err, E_INPUT, "the marker wants a variable or quoted text here");
	for (size_t i = 0; i < ARRAY_LEN(variable_names); i++) {
		if (!slice_eq(word, variable_names[i].name) ||
		    (is_set(variable_names[i].variable) && !p->locked))
			continue;
		*out = (struct operand){ .is_variable = true,
					 .variable = variable_names[i].variable };
		p->at += word.len;
		return true;
	}
	return unknown_variable(p, word);
}

static bool parse_operator(struct parser *p, enum operator* out)
{
	size_t start;

	if (take_keyword(p, "in")) {
		*out = OP_IN;
		return true;
	}
	start = p->at;
	if (take_keyword(p, "not")) {
		*out = OP_NOT_IN;
		if (take_keyword(p, "in"))
			return true;
		p->at = start;
		return err_set(p->err, E_INPUT, "'not' in a marker only goes with 'in'");
	}
	for (size_t i = OP_ARBITRARY; i < ARRAY_LEN(operator_names); i++) {
		if (!take(p, operator_names[i]))
			continue;
		*out = (enum operator)i;
		return true;
	}
	return err_set(p->err, E_INPUT,
		       "the marker wants one of ==, !=, <, <=, >, >=, ~=, ===, in, not in here");
}

static void normalize_extra(struct parser *p, const struct operand *variable,
			    struct operand *literal)
{
	if (variable->is_variable && variable->variable >= MARKER_EXTRA && !literal->is_variable)
		literal->text = name_normalize(p->arena, slice_of(literal->text));
}

/* A set holds a text or not; nothing else is asked of it. */
static bool check_sets(struct parser *p, const struct marker *m, size_t at)
{
	bool left = m->left.is_variable && is_set(m->left.variable);
	bool right = m->right.is_variable && is_set(m->right.variable);

	if (!left && (!right || (!m->left.is_variable && (m->op == OP_IN || m->op == OP_NOT_IN))))
		return true;
	p->at = at;
	return err_set(p->err, E_INPUT, "%s is a set, which is asked as 'name' in %s",
		       marker_variable_name(left ? m->left.variable : m->right.variable),
		       marker_variable_name(left ? m->left.variable : m->right.variable));
}

static bool parse_comparison(struct parser *p, struct marker *m)
{
	size_t at = p->at;

	m->kind = MARKER_COMPARE;
	if (!parse_operand(p, &m->left) || !parse_operator(p, &m->op) ||
	    !parse_operand(p, &m->right) || !check_sets(p, m, at))
		return false;
	normalize_extra(p, &m->left, &m->right);
	normalize_extra(p, &m->right, &m->left);
	return true;
}

static bool parse_any(struct parser *p, struct marker *m);

static bool parse_parenthesis(struct parser *p, struct marker *m)
{
	size_t open = p->at - 1;

	if (++p->depth > LIMIT_MARKER_DEPTH)
		return err_set(p->err, E_INPUT,
			       "the marker has more than %d parentheses in each other",
			       LIMIT_MARKER_DEPTH);
	if (!parse_any(p, m))
		return false;
	p->depth--;
	m->parentheses = m->kind != MARKER_COMPARE;
	skip_blanks(p);
	if (take(p, ")"))
		return true;
	p->at = open;
	return err_set(p->err, E_INPUT, "a parenthesis in the marker is not closed");
}

static bool parse_atom(struct parser *p, struct marker *m)
{
	skip_blanks(p);
	return take(p, "(") ? parse_parenthesis(p, m) : parse_comparison(p, m);
}

/* atom (word atom)*: a list under `m`, or the one atom itself. */
static bool parse_list(struct parser *p, struct marker *m, int kind, const char *word,
		       bool (*parse_item)(struct parser *p, struct marker *m))
{
	struct marker *item = ARENA_NEW(p->arena, struct marker);
	struct marker *last = item;

	if (!parse_item(p, item))
		return false;
	m->children = item;
	while (take_keyword(p, word)) {
		item = ARENA_NEW(p->arena, struct marker);
		if (!parse_item(p, item))
			return false;
		last->next = item;
		last = item;
	}
	if (last == m->children)
		*m = *last;
	else
		m->kind = kind;
	return true;
}

/* "and" binds tighter than "or". */
static bool parse_all(struct parser *p, struct marker *m)
{
	return parse_list(p, m, MARKER_ALL, "and", parse_atom);
}

static bool parse_any(struct parser *p, struct marker *m)
{
	return parse_list(p, m, MARKER_ANY, "or", parse_all);
}

static bool parse(const struct marker **out, struct parser *p, size_t *at_out)
{
	struct marker *m = ARENA_NEW(p->arena, struct marker);
	bool ok = parse_any(p, m);

	skip_blanks(p);
	if (ok && p->at < p->text.len)
		ok = err_set(p->err, E_INPUT, "the marker has something behind its end: '%.*s'",
			     (int)(p->text.len - p->at), p->text.ptr + p->at);
	if (at_out)
		*at_out = p->at;
	if (ok)
		*out = m;
	return ok;
}

bool marker_parse(const struct marker **out, struct arena *a, struct slice text, size_t *at_out,
		  struct err *err)
{
	struct parser p = { .arena = a, .text = text, .err = err };

	return parse(out, &p, at_out);
}

bool marker_parse_locked(const struct marker **out, struct arena *a, struct slice text,
			 size_t *at_out, struct err *err)
{
	struct parser p = { .arena = a, .text = text, .locked = true, .err = err };

	return parse(out, &p, at_out);
}

static bool is_variable(const struct operand *o, enum marker_variable v)
{
	return o->is_variable && o->variable == v;
}

bool marker_mentions(const struct marker *m, enum marker_variable v)
{
	if (!m)
		return false;
	if (m->kind == MARKER_COMPARE)
		return is_variable(&m->left, v) || is_variable(&m->right, v);
	for (const struct marker *child = m->children; child; child = child->next)
		if (marker_mentions(child, v))
			return true;
	return false;
}

struct marker_env marker_env_make(struct arena *a, const struct python_target *t)
{
	AUTO(buf_free) struct buf scratch = BUF_INIT(64);
	struct marker_env env = { 0 };

	for (int v = 0; v < MARKER_EXTRA; v++) {
		const char *value = python_target_marker(
			&scratch, t, marker_variable_name((enum marker_variable)v));

		env.values[v] = arena_strdup(a, value);
	}
	return env;
}

/* The first rows are in the order of the enum. */
const char *marker_variable_name(enum marker_variable v)
{
	return variable_names[v].name;
}

static const char *value_of(const struct operand *o, const struct marker_env *env)
{
	if (!o->is_variable)
		return o->text;
	return env->values[o->variable] ? env->values[o->variable] : "";
}

/* Python's comparison of text; false where it has none: for ~=, and === with what no specifier
 * says. */
static bool compare_text(bool *out, const char *left, enum operator op, const char *right)
{
	int c = strcmp(left, right);

	switch (op) {
	case OP_IN:
		*out = strstr(right, left) != NULL;
		return true;
	case OP_NOT_IN:
		*out = strstr(right, left) == NULL;
		return true;
	case OP_ARBITRARY:
		*out = strcasecmp(left, right) == 0;
		return right[strcspn(right, " \t\n;)")] == '\0';
	case OP_EQUAL:
		*out = c == 0;
		return true;
	case OP_NOT_EQUAL:
		*out = c != 0;
		return true;
	case OP_LESS_EQUAL:
		*out = c <= 0;
		return true;
	case OP_GREATER_EQUAL:
		*out = c >= 0;
		return true;
	case OP_LESS:
		*out = c < 0;
		return true;
	case OP_GREATER:
		*out = c > 0;
		return true;
	case OP_COMPATIBLE:
		return false;
	}
	abort();
}

/* When the right side makes a specifier and the left a version, PEP 440 decides. */
static bool compare_versions(bool *out, const char *left, enum operator op, const char *right)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct err not_versions = { 0 };
	struct specifier spec;
	struct version version;

	if (op == OP_IN || op == OP_NOT_IN)
		return false;
	if (!version_parse(&version, &a, slice_of(left), &not_versions) ||
	    !specifier_parse(&spec, &a,
			     slice_of(arena_printf(&a, "%s%s", operator_names[op], right)),
			     &not_versions))
		return false;
	*out = specifier_matches(&spec, &version);
	return true;
}

static bool is_extra(const struct operand *o)
{
	return is_variable(o, MARKER_EXTRA);
}

static bool holds_member(const struct marker *m, const struct marker_env *env)
{
	const struct str_list *set =
		m->right.variable == MARKER_EXTRAS ? env->extras : env->dependency_groups;

	return (set && str_list_has(set, m->left.text)) == (m->op == OP_IN);
}

static bool eval_comparison(bool *out, const struct marker *m, const struct marker_env *env,
			    struct err *err)
{
	const char *left, *right;

	if (m->right.is_variable && is_set(m->right.variable)) {
		*out = holds_member(m, env);
		return true;
	}
	left = value_of(&m->left, env);
	right = value_of(&m->right, env);
	if (!is_extra(&m->left) && !is_extra(&m->right) &&
	    compare_versions(out, left, m->op, right))
		return true;
	if (compare_text(out, left, m->op, right))
		return true;
	return err_set(err, E_INPUT, "marker: '%s' %s '%s' compares no versions", left,
		       operator_names[m->op], right);
}

/* Every comparison is made, as packaging does: one without meaning is found wherever it stands. */
bool marker_eval(bool *out, const struct marker *m, const struct marker_env *env, struct err *err)
{
	bool all = !m || m->kind == MARKER_ALL;

	*out = all;
	if (!m)
		return true;
	if (m->kind == MARKER_COMPARE)
		return eval_comparison(out, m, env, err);
	for (const struct marker *child = m->children; child; child = child->next) {
		bool one;

		if (!marker_eval(&one, child, env, err))
			return false;
		*out = all ? *out && one : *out || one;
	}
	return true;
}

bool marker_eval_extras(bool *out, const struct marker *m, const struct marker_env *env,
			const struct str_list *extras, struct err *err)
{
	struct marker_env with = *env;

	with.values[MARKER_EXTRA] = "";
	if (!marker_eval(out, m, &with, err))
		return false;
	for (size_t i = 0; !*out && i < extras->len; i++) {
		with.values[MARKER_EXTRA] = extras->items[i];
		if (!marker_eval(out, m, &with, err))
			return false;
	}
	return true;
}

static void format_operand(struct buf *out, const struct operand *o)
{
	char quote;

	if (o->is_variable) {
		buf_put(out, marker_variable_name(o->variable));
		return;
	}
	quote = strchr(o->text, '"') ? '\'' : '"';
	buf_putf(out, "%c%s%c", quote, o->text, quote);
}

static void format_node(struct buf *out, const struct marker *m, bool parentheses)
{
	if (m->kind == MARKER_COMPARE) {
		format_operand(out, &m->left);
		buf_putf(out, " %s ", operator_names[m->op]);
		format_operand(out, &m->right);
		return;
	}
	if (parentheses)
		buf_put(out, "(");
	for (const struct marker *child = m->children; child; child = child->next) {
		format_node(out, child, child->parentheses);
		if (child->next)
			buf_put(out, m->kind == MARKER_ALL ? " and " : " or ");
	}
	if (parentheses)
		buf_put(out, ")");
}

void marker_format(struct buf *out, const struct marker *m)
{
	if (m)
		format_node(out, m, false);
}
