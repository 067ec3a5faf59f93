// SPDX-License-Identifier: Apache-2.0
#include "extend/client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "extend/token.h"

/* What Lithops' serializer finds by looking at code objects, found in the source. */

/* One function of the script, as its code object shows it. */
struct code {
	struct map names;  /* globals and attributes that it names (co_names) */
	struct map locals; /* names it binds itself */
	int first, last;   /* lines */
};

static void code_free(struct code *c)
{
	map_free(&c->names);
	map_free(&c->locals);
}

struct client {
	const struct target *target;
	struct str_list *out;
	struct str_list functions; /* of the script, looked at or to be */
};

static void put_name(struct map *set, struct slice name)
{
	AUTO(auto_free) char *text = mem_strndup(name.ptr, name.len);

	map_put(set, text, set);
}

/* The part before the first dot. */
static void add_root(struct str_list *out, const char *module)
{
	AUTO(auto_free) char *root = mem_strndup(module, strcspn(module, "."));

	if (*root && !str_list_has(out, root))
		str_list_push(out, root);
}

/* --- the names in a function's code --- */

static int bracket(const struct token *t)
{
	if (t->kind != TOKEN_OP || t->text.len != 1)
		return 0;
	return strchr("([{", t->text.ptr[0]) ? 1 : strchr(")]}", t->text.ptr[0]) ? -1 : 0;
}

/* The first of `text` in [from, to) outside of brackets opened there, else `to`. */
static size_t find(const struct token *items, size_t from, size_t to, const char *text)
{
	int depth = 0;

	for (size_t i = from; i < to; i++) {
		if (!depth && token_is(&items[i], text))
			return i;
		depth += bracket(&items[i]);
		if (depth < 0)
			break;
	}
	return to;
}

static size_t closing(const struct token *items, size_t open, size_t to)
{
	int depth = 0;

	for (size_t i = open; i < to; i++) {
		depth += bracket(&items[i]);
		if (!depth)
			return i;
	}
	return to;
}

/* Inside the braces of an f-string: every word, for strings are one token. */
static void read_fstring(struct code *c, struct slice text)
{
	bool inside = false;
	size_t quote = strcspn(text.ptr, "'\"");

	if (!memchr(text.ptr, 'f', quote) && !memchr(text.ptr, 'F', quote))
		return;
	for (size_t i = quote; i < text.len; i++) {
		size_t len = 0;

		while (i + len < text.len &&
		       (text.ptr[i + len] == '_' || (unsigned char)text.ptr[i + len] >= 0x80 ||
			strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
			       text.ptr[i + len])))
			len++;
		if (inside && len)
			put_name(&c->names, (struct slice){ .ptr = text.ptr + i, .len = len });
		if (len)
			i += len - 1;
		else if (text.ptr[i] == '{' || text.ptr[i] == '}')
			inside = text.ptr[i] == '{';
	}
}

static void read_tokens(struct code *c, const struct token *items, size_t from, size_t to);

/* A generator is a code object of its own but for what it goes over first. */
static size_t read_group(struct code *c, const struct token *items, size_t open, size_t to)
{
	size_t end = closing(items, open, to), loop = find(items, open + 1, end, "for"), in;

	if (!token_is(&items[open], "(") || loop == end) {
		read_tokens(c, items, open + 1, end);
		return end;
	}
	in = find(items, loop, end, "in");
	loop = find(items, in, end, "for");
	if (find(items, in, end, "if") < loop)
		loop = find(items, in, end, "if");
	read_tokens(c, items, in + 1, loop);
	return end;
}

/* `[from, to)` of a line: names, but not those of keyword arguments, lambdas and generators. */
static void read_tokens(struct code *c, const struct token *items, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct token *t = &items[i];

		if (bracket(t) > 0) {
			i = read_group(c, items, i, to);
		} else if (token_is(t, "lambda")) {
			i = find(items, find(items, i, to, ":"), to, ",");
		} else if (token_is(t, "for")) {
			for (; i < to && !token_is(&items[i], "in"); i++)
				if (items[i].kind == TOKEN_NAME)
					put_name(&c->locals, items[i].text);
		} else if (t->kind == TOKEN_STRING) {
			read_fstring(c, t->text);
		} else if (t->kind == TOKEN_NAME && !token_is_keyword(t->text)) {
			bool is_argument = from > 0 && i + 1 < to && token_is(&items[i + 1], "=");

			if (!is_argument)
				put_name(&c->names, t->text);
			if (i &&
			    (token_is(&items[i - 1], "as") || token_is(&items[i - 1], "import")))
				put_name(&c->locals, t->text);
		}
	}
}

/* =, +=, //=; not a comparison. */
static bool assigns(const struct token *t)
{
	static const char *const others[] = { "==", "!=", "<=", ">=", ":=" };

	if (t->kind != TOKEN_OP || t->text.ptr[t->text.len - 1] != '=')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (token_is(t, others[i]))
			return false;
	return true;
}

/* a, b = ..., a += ...: names in front of the sign. */
static void read_targets(struct code *c, const struct token_line *line, size_t from)
{
	size_t sign = from;

	while (sign < line->len && !assigns(&line->items[sign]) && !bracket(&line->items[sign]) &&
	       !token_is(&line->items[sign], "."))
		sign++;
	if (sign == line->len || !assigns(&line->items[sign]))
		return;
	for (size_t i = from; i < sign; i++)
		if (line->items[i].kind == TOKEN_NAME)
			put_name(&c->locals, line->items[i].text);
}

static void read_parameters(struct code *c, const struct token *items, size_t open, size_t close)
{
	int depth = 0;

	for (size_t i = open; i < close; i++) {
		const struct token *before = i ? &items[i - 1] : NULL;

		if (depth == 1 && items[i].kind == TOKEN_NAME && before &&
		    (token_is(before, "(") || token_is(before, ",") || token_is(before, "*") ||
		     token_is(before, "**")))
			put_name(&c->locals, items[i].text);
		depth += bracket(&items[i]);
	}
}

/* The header of the wanted function: where its body begins in this line, or 0. */
static size_t read_header(struct code *c, const struct token_line *line, int at)
{
	size_t def = line->len && token_is(&line->items[0], "async") ? 1 : 0, open, end;

	if (def + 1 >= line->len || !token_is(&line->items[def], "def") ||
	    line->items[def + 1].line != at)
		return 0;
	open = find(line->items, def + 2, line->len, "(");
	end = closing(line->items, open, line->len);
	read_parameters(c, line->items, open, end);
	c->first = line->items[0].line;
	return find(line->items, end + 1, line->len, ":") + 1;
}

static bool begins_block(const struct token_line *line)
{
	size_t first = token_is(&line->items[0], "async") && line->len > 1 ? 1 : 0;

	return token_is(&line->items[first], "def") || token_is(&line->items[first], "class");
}

/* The def whose name stands in line `at`. What it defines itself is code of its own. */
static bool read_code(struct code *c, const struct target *t, int at, struct err *err)
{
	AUTO(auto_tokenizer_close) struct tokenizer *tokens = NULL;
	struct token_line line;
	size_t level = 0, inner = SIZE_MAX;
	bool more, inside = false;

	if (!tokenizer_open(&tokens, t->source.ptr, t->source.len, t->shown, err))
		return false;
	for (;;) {
		size_t from = 0;

		if (!tokenizer_next(&line, &more, tokens, err))
			return false;
		if (!more || (inside && line.level <= level))
			return true;
		if (!inside) {
			from = read_header(c, &line, at);
			inside = from > 0;
			level = line.level;
		} else if (line.level > inner) {
			c->last = line.items[line.len - 1].line;
			continue;
		} else {
			inner = begins_block(&line) ? line.level : SIZE_MAX;
		}
		if (!inside)
			continue;
		c->last = line.items[line.len - 1].line;
		if (inner != SIZE_MAX)
			continue;
		read_targets(c, &line, from);
		read_tokens(c, line.items, from, line.len);
	}
}

/* --- what a name means --- */

/* The import that binds it in a module, not in its functions; *index_out: which of its names. */
static const struct outline_import *find_import(size_t *index_out, const struct outline *o,
						const char *name)
{
	for (size_t i = o->imports.len; i-- > 0;) {
		const struct outline_import *m = &o->imports.items[i];

		for (size_t n = 0; !m->nested && n < m->bound_count; n++)
			if (str_eq(m->bound[n], name)) {
				*index_out = n;
				return m;
			}
	}
	return NULL;
}

static bool is_type(const char *path, mode_t type)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* The source of "pkg.mod" below `root`. False: there is none. *is_package_out: its __init__.py. */
static bool read_module(struct buf *out, char **dir_out, bool *is_package_out, const char *root,
			const char *module)
{
	AUTO(auto_free) char *dir = fs_join(root, module), *file = NULL, *init = NULL;
	struct err ignored = { 0 };

	for (char *p = dir + strlen(dir) - strlen(module); *p; p++)
		*p = *p == '.' ? '/' : *p;
	file = mem_printf("%s.py", dir);
	init = mem_printf("%s/__init__.py", dir);
	*is_package_out = is_type(init, S_IFREG);
	*dir_out = STEAL(dir);
	return fs_read_path(out, *is_package_out ? init : file, LIMIT_SOURCE_FILE, &ignored);
}

/* "pkg.mod" of `from .mod import` in "pkg.other". */
static char *absolute(const char *in, bool is_package, const struct outline_import *m)
{
	AUTO(auto_free) char *base = mem_strdup(in);

	for (int level = m->level - is_package; level > 0; level--) {
		char *dot = strrchr(base, '.');

		if (!dot)
			return mem_strdup(m->module);
		*dot = '\0';
	}
	return *m->module ? mem_printf("%s.%s", base, m->module) : mem_strdup(base);
}

enum { RE_EXPORTS_MAX = 16 };

/* The module of what `from module import name` gives: that it was defined in. */
static void take_member(struct client *c, const char *module, const char *name, int depth);

static void take_from(struct client *c, const char *in, bool is_package,
		      const struct outline_import *m, const char *name, int depth)
{
	AUTO(auto_free)
	char *module = m->level ? absolute(in, is_package, m) : mem_strdup(m->module);

	take_member(c, module, name, depth);
}

static void take_bound(struct client *c, const char *in, bool is_package, const struct outline *o,
		       const char *name, int depth)
{
	const struct binding *b = outline_find(o, name);
	const struct outline_import *m;
	size_t at;

	/* try: import x / except ImportError: x = None */
	m = b && (b->kind == BINDING_IMPORT || b->conditional) ? find_import(&at, o, name) : NULL;
	if (m && m->name_count) {
		take_from(c, in, is_package, m, m->names[at], depth + 1);
	} else if (m) {
		add_root(c->out, m->module);
	} else if (b && in && b->kind != BINDING_ASSIGN && b->kind != BINDING_DELETE) {
		add_root(c->out, in);
	}
	for (size_t i = 0; !b && i < o->imports.len; i++) {
		m = &o->imports.items[i];
		if (!m->nested && m->name_count && str_eq(m->names[0], "*"))
			take_from(c, in ? in : "", is_package, m, name, depth + 1);
	}
}

static void take_member(struct client *c, const char *module, const char *name, int depth)
{
	AUTO(buf_free) struct buf source = BUF_INIT(LIMIT_SOURCE_FILE);
	AUTO(auto_free) char *dir = NULL, *file = NULL, *package = NULL;
	struct err ignored = { 0 };
	bool is_package, is_read;
	struct outline o;

	if (depth > RE_EXPORTS_MAX)
		return;
	is_read = read_module(&source, &dir, &is_package, c->target->root, module);
	file = mem_printf("%s/%s.py", dir, name);
	package = mem_printf("%s/%s", dir, name);
	if (is_type(file, S_IFREG) || is_type(package, S_IFDIR)) {
		add_root(c->out, module);
		return;
	}
	if (!is_read || !outline_read(&o, source.ptr, source.len, module, &ignored))
		return;
	take_bound(c, module, is_package, &o, name, depth);
	outline_free(&o);
}

/* --- functions --- */

/* A function's import of a submodule shows in its code only when somebody loaded that before. */
static bool is_loaded(const struct outline *o, const char *module)
{
	if (!strchr(module, '.'))
		return true;
	for (size_t i = 0; i < o->imports.len; i++) {
		const struct outline_import *m = &o->imports.items[i];

		if (!m->nested && !m->level && str_has_prefix(m->module, module) &&
		    (!m->module[strlen(module)] || m->module[strlen(module)] == '.'))
			return true;
	}
	return false;
}

static void take_imports(struct client *c, const struct code *code)
{
	const struct outline *o = &c->target->outline;

	for (size_t i = 0; i < o->imports.len; i++) {
		const struct outline_import *m = &o->imports.items[i];

		if (m->nested && !m->level && m->line >= code->first && m->line <= code->last &&
		    is_loaded(o, m->module))
			add_root(c->out, m->module);
	}
}

static bool take_function(struct client *c, const char *name, struct err *err)
{
	const struct outline *o = &c->target->outline;
	const struct binding *b = outline_find(o, name);
	AUTO(code_free) struct code code = { 0 };

	if (!b || !read_code(&code, c->target, b->line, err))
		return !b;
	take_imports(c, &code);
	for (size_t i = 0; i < code.names.len; i++) {
		const char *used = code.names.items[i].key;
		const struct binding *means = outline_find(o, used);

		if (map_has(&code.locals, used))
			continue;
		if (means && (means->kind == BINDING_DEF || means->kind == BINDING_ASYNC_DEF)) {
			if (!str_list_has(&c->functions, used))
				str_list_push(&c->functions, used);
		} else {
			take_bound(c, NULL, false, o, used, 0);
		}
	}
	return true;
}

bool client_modules(struct str_list *out, const struct target *t, struct err *err)
{
	struct client c = { .target = t, .out = out };
	bool ok = true;

	if (t->is_module) {
		add_root(out, t->module); /* imported by the script: it is sent itself */
		return true;
	}
	str_list_push(&c.functions, t->function);
	for (size_t i = 0; ok && i < c.functions.len; i++) {
		AUTO(auto_free)
		char *name = mem_strdup(c.functions.items[i]); /* the list may move */

		ok = take_function(&c, name, err);
	}
	str_list_free(&c.functions);
	return ok;
}
