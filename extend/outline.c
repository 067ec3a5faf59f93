// SPDX-License-Identifier: Apache-2.0
#include "extend/outline.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "extend/token.h"

/* Reads statements, no expressions: enough of the grammar to know which names a module binds. */

/* Where statements stand: decides what their names mean. */
struct scope {
	const char *
		prefix; /* "", "Class."; NULL inside functions, whose names are nobody's business */
	size_t def; /* 1 + the binding of the function around; 0: none, or one that is not listed */
	bool conditional;
	bool guarded;  /* behind if __name__ == "__main__" */
	bool in_match; /* its lines are cases */
};

struct block {
	struct scope scope;
	size_t level;
};

enum { BLOCKS_MAX = 101 };

struct reader {
	struct outline *out;
	struct tokenizer *tokens;
	struct block blocks[BLOCKS_MAX];
	size_t depth;         /* blocks[depth - 1] is the current one */
	struct scope pending; /* of the block that must follow, when pending_line */
	int pending_line;
	bool decorated, is_static; /* by the lines just before */
};

/* Part of a logical line. */
struct span {
	const struct token *items;
	size_t len;
};

static struct span part(struct span s, size_t from, size_t to)
{
	return (struct span){ .items = s.items + from, .len = to > from ? to - from : 0 };
}

static bool at_is(struct span s, size_t i, const char *text)
{
	return i < s.len && token_is(&s.items[i], text);
}

static bool is_name(struct span s, size_t i)
{
	return i < s.len && s.items[i].kind == TOKEN_NAME && !token_is_keyword(s.items[i].text);
}

/* +1, -1 or 0. */
static int bracket(const struct token *t)
{
	if (t->kind != TOKEN_OP || t->text.len != 1)
		return 0;
	return strchr("([{", t->text.ptr[0]) ? 1 : strchr(")]}", t->text.ptr[0]) ? -1 : 0;
}

static bool blame(const struct reader *r, const struct token *t, struct err *err)
{
	return tokenizer_blame(r->tokens, t->line, t->column, (int)t->text.len, err);
}

/* The first of `text` outside brackets and lambdas from `from` on, or s.len. */
static size_t find(struct span s, size_t from, const char *text)
{
	int depth = 0, lambdas = 0;

	for (size_t i = from; i < s.len; i++) {
		depth += bracket(&s.items[i]);
		if (depth)
			continue;
		if (at_is(s, i, "lambda"))
			lambdas++;
		else if (lambdas && at_is(s, i, ":"))
			lambdas--;
		else if (!lambdas && at_is(s, i, text))
			return i;
	}
	return s.len;
}

/* --- bindings --- */

static struct binding *bind(struct reader *r, const struct scope *in, enum binding_kind kind,
			    const struct token *name)
{
	struct binding *b;

	if (!in->prefix)
		return NULL;
	b = ARRAY_PUSH(&r->out->bindings);
	*b = (struct binding){
		.kind = kind,
		.name = arena_printf(&r->out->arena, "%s" SLICE_FMT, in->prefix,
				     SLICE_ARG(name->text)),
		.line = name->line,
		.column = name->column,
		.conditional = in->conditional,
	};
	return b;
}

/* Behind an operand an opening bracket is a call or a subscript, else a group. */
static bool ends_operand(struct span s, size_t i)
{
	const struct token *t = &s.items[i];

	if (t->kind == TOKEN_OP)
		return bracket(t) < 0;
	return t->kind != TOKEN_NAME || !token_is_keyword(t->text);
}

static size_t skip_group(struct span s, size_t open)
{
	int depth = 0;

	for (size_t i = open; i < s.len; i++) {
		depth += bracket(&s.items[i]);
		if (!depth)
			return i;
	}
	return s.len;
}

/* The names in a target list: not attributes, not what is subscripted or called. */
static void bind_targets(struct reader *r, const struct scope *in, enum binding_kind kind,
			 struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool trailer = i + 1 < s.len &&
			       (token_is(&s.items[i + 1], ".") || token_is(&s.items[i + 1], "[") ||
				token_is(&s.items[i + 1], "("));

		if (bracket(&s.items[i]) > 0 && i && ends_operand(s, i - 1))
			i = skip_group(s, i);
		else if (is_name(s, i) && !trailer && !(i && token_is(&s.items[i - 1], ".")))
			bind(r, in, kind, &s.items[i]);
	}
}

/* `name := value`, and yield, wherever they stand in a statement but inside a lambda. */
static void scan_expression(struct reader *r, const struct scope *in, struct span s)
{
	int depth = 0, lambda = -1;
	bool in_body = false;

	for (size_t i = 0; i < s.len; i++) {
		depth += bracket(&s.items[i]);
		if (lambda >= 0 && (depth < lambda || (depth == lambda && in_body &&
						       (at_is(s, i, ",") || at_is(s, i, "for")))))
			lambda = -1;
		if (lambda < 0 && at_is(s, i, "lambda")) {
			lambda = depth;
			in_body = false;
		} else if (lambda == depth && at_is(s, i, ":")) {
			in_body = true;
		} else if (lambda < 0 && at_is(s, i, ":=") && i && is_name(s, i - 1)) {
			bind(r, in, BINDING_ASSIGN, &s.items[i - 1]);
		} else if (lambda < 0 && at_is(s, i, "yield") && in->def) {
			r->out->bindings.items[in->def - 1].generator = true;
		}
	}
}

/* --- imports --- */

static size_t dotted_end(struct span s, size_t from)
{
	size_t i = from;

	while (i < s.len && s.items[i].kind == TOKEN_NAME && !at_is(s, i, "import") &&
	       !at_is(s, i, "as")) {
		i++;
		if (!at_is(s, i, "."))
			break;
		i++;
	}
	return i;
}

static const char *dotted(struct reader *r, struct span s)
{
	struct buf text = BUF_INIT(SIZE_MAX / 2);
	const char *copy;

	for (size_t i = 0; i < s.len; i++)
		buf_put_bytes(&text, s.items[i].text.ptr, s.items[i].text.len);
	copy = arena_strdup(&r->out->arena, text.ptr);
	buf_free(&text);
	return copy;
}

static struct outline_import *add_import(struct reader *r, const struct scope *in,
					 const struct token *at)
{
	struct outline_import *found = ARRAY_PUSH(&r->out->imports);

	*found = (struct outline_import){
		.module = "", .line = at->line, .column = at->column, .nested = !in->prefix
	};
	return found;
}

/* import a.b as c, d */
static void read_import(struct reader *r, const struct scope *in, struct span s)
{
	size_t i = 1;

	while (is_name(s, i)) {
		const struct token *name = &s.items[i];
		size_t end = dotted_end(s, i);
		struct outline_import *found = add_import(r, in, name);

		found->module = dotted(r, part(s, i, end));
		i = end;
		if (at_is(s, i, "as") && is_name(s, i + 1)) {
			name = &s.items[i + 1];
			i += 2;
		}
		found->bound = ARENA_ARRAY(&r->out->arena, const char *, 1);
		found->bound[found->bound_count++] = arena_slice(&r->out->arena, name->text);
		bind(r, in, BINDING_IMPORT, name);
		if (!at_is(s, i, ","))
			break;
		i++;
	}
}

/* from ..a.b import c as d, (e, f), * */
static void read_from(struct reader *r, const struct scope *in, struct span s)
{
	struct outline_import *found = add_import(r, in, &s.items[0]);
	size_t i = 1, end;

	for (; at_is(s, i, ".") || at_is(s, i, "..."); i++)
		found->level += (int)s.items[i].text.len;
	end = dotted_end(s, i);
	if (i < s.len) {
		found->line = s.items[i].line;
		found->column = s.items[i].column;
	}
	found->module = dotted(r, part(s, i, end));
	found->names = ARENA_ARRAY(&r->out->arena, const char *, s.len);
	found->bound = ARENA_ARRAY(&r->out->arena, const char *, s.len);
	for (i = end + 1; i < s.len; i++) {
		if (at_is(s, i, "*"))
			found->names[found->name_count++] = "*";
		if (!is_name(s, i))
			continue;
		found->names[found->name_count++] = arena_slice(&r->out->arena, s.items[i].text);
		if (at_is(s, i + 1, "as") && is_name(s, i + 2))
			i += 2;
		found->bound[found->bound_count++] = arena_slice(&r->out->arena, s.items[i].text);
		bind(r, in, BINDING_IMPORT, &s.items[i]);
	}
}

/* --- simple statements --- */

static void note_work(struct reader *r, const struct scope *in, const struct token *at)
{
	if (!in->prefix || *in->prefix || in->guarded || r->out->runs_line)
		return;
	r->out->runs_line = at->line;
	r->out->runs_column = at->column;
}

static bool has_call(struct span s)
{
	for (size_t i = 1; i < s.len; i++)
		if (at_is(s, i, "(") && ends_operand(s, i - 1))
			return true;
	return false;
}

/* +=, **= and their kind; not ==, !=, <=, >=, := */
static bool is_augmented(const struct token *t)
{
	return t->kind == TOKEN_OP && t->text.len >= 2 && t->text.ptr[t->text.len - 1] == '=' &&
	       (t->text.len == 3 || !strchr("=!<>:", t->text.ptr[0]));
}

static size_t find_augmented(struct span s)
{
	int depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		depth += bracket(&s.items[i]);
		if (!depth && is_augmented(&s.items[i]))
			return i;
	}
	return s.len;
}

static void read_assignment(struct reader *r, const struct scope *in, struct span s)
{
	size_t equals = find(s, 0, "="), colon = find(s, 0, ":"), augmented = find_augmented(s);
	size_t from = 0;

	if (colon < equals) { /* name: annotation [= value] */
		if (equals < s.len)
			bind_targets(r, in, BINDING_ASSIGN, part(s, 0, colon));
		return;
	}
	if (augmented < s.len) {
		bind_targets(r, in, BINDING_ASSIGN, part(s, 0, augmented));
		return;
	}
	if (equals == s.len && has_call(s))
		note_work(r, in, &s.items[0]);
	for (; equals < s.len; equals = find(s, from, "=")) {
		bool is_lambda = equals - from == 1 && at_is(s, equals + 1, "lambda");

		bind_targets(r, in, is_lambda ? BINDING_LAMBDA : BINDING_ASSIGN,
			     part(s, from, equals));
		from = equals + 1;
	}
}

static void read_simple(struct reader *r, const struct scope *in, struct span s)
{
	/* statements that bind nothing but by := */
	static const char *const plain[] = { "return", "raise",  "pass",     "break", "continue",
					     "assert", "global", "nonlocal", "yield", "await" };

	if (!s.len)
		return;
	if (at_is(s, 0, "import")) {
		read_import(r, in, s);
		return;
	}
	if (at_is(s, 0, "from")) {
		read_from(r, in, s);
		return;
	}
	scan_expression(r, in, s);
	if (at_is(s, 0, "del")) {
		bind_targets(r, in, BINDING_DELETE, part(s, 1, s.len));
		return;
	}
	if (at_is(s, 0, "type") && is_name(s, 1)) {
		bind(r, in, BINDING_ASSIGN, &s.items[1]);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (at_is(s, 0, plain[i]))
			return;
	read_assignment(r, in, s);
}

static void read_simples(struct reader *r, const struct scope *in, struct span s)
{
	size_t from = 0;

	while (from < s.len) {
		size_t to = find(s, from, ";");

		read_simple(r, in, part(s, from, to));
		from = to + 1;
	}
}

/* --- compound statements --- */

/* Each reads the header (without its colon) and says what its body's scope is, beginning from a
 * copy of the scope around. */

static bool name_of(struct reader *r, const struct token **out, struct span head, struct err *err)
{
	if (!is_name(head, 1)) {
		err_set(err, E_INPUT, "a name must follow '" SLICE_FMT "'",
			SLICE_ARG(head.items[0].text));
		return blame(r, &head.items[0], err);
	}
	*out = &head.items[1];
	return true;
}

static bool read_def(struct reader *r, const struct scope *in, struct scope *body, struct span head,
		     bool is_async, struct err *err)
{
	const struct token *name;
	struct binding *b;

	if (!name_of(r, &name, head, err))
		return false;
	b = bind(r, in, is_async ? BINDING_ASYNC_DEF : BINDING_DEF, name);
	if (b) {
		b->decorated = r->decorated;
		b->is_static = r->is_static;
	}
	*body = (struct scope){ .def = b ? r->out->bindings.len : 0 };
	scan_expression(r, in, part(head, 2, head.len));
	return true;
}

static bool read_class(struct reader *r, const struct scope *in, struct scope *body,
		       struct span head, bool is_async, struct err *err)
{
	const struct token *name;
	struct binding *b;

	(void)is_async;
	if (!name_of(r, &name, head, err))
		return false;
	b = bind(r, in, BINDING_CLASS, name);
	*body = (struct scope){ .guarded = in->guarded };
	if (b) {
		b->decorated = r->decorated;
		body->prefix = arena_printf(&r->out->arena, "%s.", b->name);
	}
	scan_expression(r, in, part(head, 2, head.len));
	return true;
}

static bool is_main_string(const struct token *t)
{
	return t->kind == TOKEN_STRING &&
	       (slice_eq(t->text, "\"__main__\"") || slice_eq(t->text, "'__main__'"));
}

static bool read_condition(struct reader *r, const struct scope *in, struct scope *body,
			   struct span head, bool is_async, struct err *err)
{
	(void)is_async;
	(void)err;
	if (head.len >= 4 && at_is(head, 0, "if") && at_is(head, 2, "==") &&
	    ((at_is(head, 1, "__name__") && is_main_string(&head.items[3])) ||
	     (at_is(head, 3, "__name__") && is_main_string(&head.items[1]))))
		body->guarded = true;
	if (at_is(head, 0, "while"))
		note_work(r, in, &head.items[0]);
	scan_expression(r, in, head);
	return true;
}

static bool read_for(struct reader *r, const struct scope *in, struct scope *body, struct span head,
		     bool is_async, struct err *err)
{
	(void)body;
	(void)is_async;
	(void)err;
	bind_targets(r, in, BINDING_ASSIGN, part(head, 1, find(head, 1, "in")));
	note_work(r, in, &head.items[0]);
	scan_expression(r, in, head);
	return true;
}

/* The target behind `as` at `from`: up to a comma, or the bracket that closes a parenthesised list.
 */
static size_t target_end(struct span s, size_t from)
{
	int depth = 0;

	for (size_t i = from; i < s.len; i++) {
		depth += bracket(&s.items[i]);
		if (depth < 0 || (!depth && at_is(s, i, ",")))
			return i;
	}
	return s.len;
}

/* with and except */
static bool read_as(struct reader *r, const struct scope *in, struct scope *body, struct span head,
		    bool is_async, struct err *err)
{
	(void)body;
	(void)is_async;
	(void)err;
	scan_expression(r, in, head);
	for (size_t i = 1; i < head.len; i++)
		if (at_is(head, i, "as"))
			bind_targets(r, in, BINDING_ASSIGN,
				     part(head, i + 1, target_end(head, i + 1)));
	if (at_is(head, 0, "with"))
		note_work(r, in, &head.items[0]);
	return true;
}

/* Capture patterns: names that are no attribute, no class, no keyword of a class pattern, and not
 * "_". */
static bool read_case(struct reader *r, const struct scope *in, struct scope *body,
		      struct span head, bool is_async, struct err *err)
{
	size_t guard = find(head, 1, "if");

	(void)is_async;
	(void)err;
	for (size_t i = 1; i < guard; i++)
		if (is_name(head, i) && !at_is(head, i, "_") &&
		    !token_is(&head.items[i - 1], ".") && !at_is(head, i + 1, ".") &&
		    !at_is(head, i + 1, "(") && !at_is(head, i + 1, "="))
			bind(r, in, BINDING_ASSIGN, &head.items[i]);
	scan_expression(r, in, part(head, guard, head.len));
	body->in_match = false;
	return true;
}

static bool read_match(struct reader *r, const struct scope *in, struct scope *body,
		       struct span head, bool is_async, struct err *err)
{
	(void)is_async;
	(void)err;
	scan_expression(r, in, head);
	body->in_match = true;
	return true;
}

typedef bool head_fn(struct reader *r, const struct scope *in, struct scope *body, struct span head,
		     bool is_async, struct err *err);

static head_fn *find_head(struct span line, const struct scope *in)
{
	/* clang-format off */
	static const struct {
		const char *word;
		head_fn *read;
	} table[] = {
		{ "if",      read_condition },
		{ "elif",    read_condition },
		{ "else",    read_condition },
		{ "while",   read_condition },
		{ "try",     read_condition },
		{ "finally", read_condition },
		{ "for",     read_for },
		{ "with",    read_as },
		{ "except",  read_as },
		{ "def",     read_def },
		{ "class",   read_class },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (at_is(line, 0, table[i].word))
			return table[i].read;
	if (in->in_match && at_is(line, 0, "case"))
		return read_case;
	/* a line that begins with the name `match` and ends in a colon can only be the statement */
	return line.len > 2 && at_is(line, 0, "match") && at_is(line, line.len - 1, ":")
		       ? read_match
		       : NULL;
}

static bool read_compound(struct reader *r, const struct scope *in, head_fn *head, struct span line,
			  bool is_async, struct err *err)
{
	size_t colon = find(line, 0, ":");
	struct scope body = *in;

	if (colon == line.len) {
		err_set(err, E_INPUT, "no ':' ends this '" SLICE_FMT "'",
			SLICE_ARG(line.items[0].text));
		return blame(r, &line.items[0], err);
	}
	body.conditional = true;
	body.in_match = false;
	if (!head(r, in, &body, part(line, 0, colon), is_async, err))
		return false;
	if (colon + 1 < line.len) {
		read_simples(r, &body, part(line, colon + 1, line.len));
		return true;
	}
	r->pending = body;
	r->pending_line = line.items[0].line;
	return true;
}

static bool read_line(struct reader *r, const struct scope *in, struct span line, struct err *err)
{
	bool is_async = at_is(line, 0, "async") && line.len > 1;
	struct span rest = part(line, is_async, line.len);
	head_fn *head = find_head(rest, in);

	if (at_is(line, 0, "@")) {
		r->decorated = true;
		r->is_static = line.len == 2 &&
			       (at_is(line, 1, "staticmethod") || at_is(line, 1, "classmethod"));
		scan_expression(r, in, line);
		return true;
	}
	if (head) {
		if (!read_compound(r, in, head, rest, is_async, err))
			return false;
	} else {
		read_simples(r, in, line);
	}
	r->decorated = r->is_static = false;
	return true;
}

/* --- blocks --- */

static bool enter(struct reader *r, const struct token_line *line, struct err *err)
{
	const struct block *top = &r->blocks[r->depth - 1];

	if (r->pending_line) {
		if (line->level != top->level + 1) {
			err_set(err, E_INPUT, "no indented block follows line %d", r->pending_line);
			return blame(r, &line->items[0], err);
		}
		r->blocks[r->depth++] = (struct block){ .scope = r->pending, .level = line->level };
		r->pending_line = 0;
		return true;
	}
	if (line->level > top->level) {
		err_set(err, E_INPUT, "unexpected indentation");
		return blame(r, &line->items[0], err);
	}
	while (r->blocks[r->depth - 1].level > line->level)
		r->depth--;
	return true;
}

static bool read_all(struct reader *r, struct err *err)
{
	struct token_line line;
	bool more;

	for (;;) {
		if (!tokenizer_next(&line, &more, r->tokens, err))
			return false;
		if (!more)
			break;
		if (!enter(r, &line, err))
			return false;
		if (!read_line(r, &r->blocks[r->depth - 1].scope,
			       (struct span){ .items = line.items, .len = line.len }, err))
			return false;
	}
	if (r->pending_line) {
		err_set(err, E_INPUT, "no indented block follows line %d", r->pending_line);
		return tokenizer_blame(r->tokens, r->pending_line, 0, 0, err);
	}
	return true;
}

bool outline_read(struct outline *out, const char *text, size_t len, const char *file,
		  struct err *err)
{
	AUTO(auto_tokenizer_close) struct tokenizer *tokens = NULL;
	struct reader r = { .out = out, .depth = 1, .blocks[0].scope.prefix = "" };

	*out = (struct outline){ 0 };
	if (!tokenizer_open(&tokens, text, len, file, err))
		return false;
	r.tokens = tokens;
	if (read_all(&r, err))
		return true;
	outline_free(out);
	return false;
}

void outline_free(struct outline *o)
{
	arena_free(&o->arena);
	free(o->bindings.items);
	free(o->imports.items);
	*o = (struct outline){ 0 };
}

static const struct binding *find_between(const struct outline *o, size_t from, const char *name,
					  size_t len)
{
	for (size_t i = o->bindings.len; i > from; i--) {
		const struct binding *b = &o->bindings.items[i - 1];

		if (strlen(b->name) == len && memcmp(b->name, name, len) == 0)
			return b;
	}
	return NULL;
}

const struct binding *outline_find(const struct outline *o, const char *name)
{
	const char *dot = strchr(name, '.');
	size_t from = 0;

	for (; dot; dot = strchr(dot + 1, '.')) {
		const struct binding *b = find_between(o, from, name, (size_t)(dot - name));

		if (!b)
			return NULL;
		from = (size_t)(b - o->bindings.items) + 1;
	}
	return find_between(o, from, name, strlen(name));
}
