// SPDX-License-Identifier: Apache-2.0
#include "base/opts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Option tables: the parser. The same tables as help text are at the end. */

struct parse {
	void *bases[2]; /* own, global */
	const struct opt *tables[2];
	int argc;
	char **argv;
	int at;
	size_t positionals; /* filled so far */
	bool help;
};

struct match {
	const struct opt *opt;
	void *base;
};

static bool takes_value(const struct opt *o)
{
	return o->kind == OPT_KIND_TEXT || o->kind == OPT_KIND_LIST ||
	       (o->kind == OPT_KIND_OTHER && o->value);
}

static bool is_option(const struct opt *o)
{
	return o->kind == OPT_KIND_FLAG || o->kind == OPT_KIND_OTHER || takes_value(o);
}

/* Shown in --help, and what is meant by a slip of the pen. */
static bool is_shown(const struct opt *o)
{
	return o->help && o->kind != OPT_KIND_OTHER;
}

static struct match find_long(struct parse *p, struct slice name)
{
	for (int t = 0; t < 2; t++)
		for (const struct opt *o = p->tables[t]; o && o->kind != OPT_KIND_END; o++)
			if (is_option(o) && o->name && slice_eq(name, o->name))
				return (struct match){ o, p->bases[t] };
	return (struct match){ 0 };
}

static struct match find_letter(struct parse *p, char letter)
{
	for (int t = 0; t < 2; t++)
		for (const struct opt *o = p->tables[t]; o && o->kind != OPT_KIND_END; o++)
			if (is_option(o) && o->letter == letter)
				return (struct match){ o, p->bases[t] };
	return (struct match){ 0 };
}

static bool unknown(struct parse *p, struct slice name, struct err *err)
{
	const char *names[256];
	size_t count = 0;
	AUTO(auto_free) char *word = mem_strndup(name.ptr, name.len);
	const char *near;

	for (int t = 0; t < 2; t++)
		for (const struct opt *o = p->tables[t]; o && o->kind != OPT_KIND_END; o++)
			if (is_option(o) && is_shown(o) && o->name && count < ARRAY_LEN(names))
				names[count++] = o->name;
	near = str_nearest(word, names, count);
	err_set(err, E_USAGE, "unknown option --%s", word);
	return near ? err_hint(err, "did you mean --%s?", near)
		    : err_hint(err, "--help lists the options");
}

/* Whether `value` asks for what is so anyway. */
static bool is_so(const struct opt *o, const char *value)
{
	struct slice rest = slice_of(o->accepts);

	while (rest.ptr)
		if (slice_eq(slice_cut(rest, '|', &rest), value))
			return true;
	return false;
}

static bool take_other(const struct opt *o, const char *value, struct err *err)
{
	if (o->accepts && is_so(o, value))
		return true;
	/* the value may be a password */
	err_set(err, E_UNSUPPORTED, "--%s%s: %s", o->name,
		!o->value && str_eq(value, "false") ? "=false" : "", o->reason);
	return o->help ? err_hint(err, "%s", o->help) : false;
}

static bool store(struct match m, const char *value, bool flag, struct err *err)
{
	void *at = (char *)m.base + m.opt->offset;

	if (m.opt->kind == OPT_KIND_OTHER)
		return take_other(m.opt, value ? value : flag ? "true" : "false", err);
	if (m.opt->kind == OPT_KIND_FLAG)
		*(bool *)at = flag;
	else if (m.opt->kind == OPT_KIND_TEXT)
		*(const char **)at = value;
	else
		str_list_push(at, value);
	return true;
}

static bool parse_long(struct parse *p, struct err *err)
{
	const char *arg = p->argv[p->at] + 2;
	struct slice value, name = slice_cut(slice_of(arg), '=', &value);
	struct match m = find_long(p, name);
	bool flag = true;

	if (slice_eq(name, "help") && !m.opt) {
		p->help = true;
		return true;
	}
	if (!m.opt && slice_has_prefix(name, "no-")) {
		m = find_long(p, (struct slice){ name.ptr + 3, name.len - 3 });
		if (m.opt && takes_value(m.opt))
			m.opt = NULL;
		flag = false;
	}
	if (!m.opt)
		return unknown(p, name, err);
	if (takes_value(m.opt)) {
		if (!value.ptr && p->at + 1 >= p->argc)
			return err_set(err, E_USAGE, "--%s needs a value: %s", m.opt->name,
				       m.opt->value);
		return store(m, value.ptr ? value.ptr : p->argv[++p->at], flag, err);
	}
	if (value.ptr) {
		bool yes = slice_eq(value, "true") || slice_eq(value, "1");

		if (!yes && !slice_eq(value, "false") && !slice_eq(value, "0"))
			return err_set(err, E_USAGE, "--%s is a flag: '%s' is not true or false",
				       m.opt->name, value.ptr);
		flag = yes == flag;
	}
	return store(m, NULL, flag, err);
}

/* `arg` is at the letter; its value follows, or is the next word. */
static bool parse_letter_value(struct parse *p, struct match m, const char *arg, struct err *err)
{
	if (arg[1])
		return store(m, arg[1] == '=' ? arg + 2 : arg + 1, true, err);
	if (p->at + 1 < p->argc)
		return store(m, p->argv[++p->at], true, err);
	return err_set(err, E_USAGE, "-%c needs a value: %s", *arg, m.opt->value);
}

static bool parse_letters(struct parse *p, struct err *err)
{
	const char *arg = p->argv[p->at] + 1;

	for (; *arg; arg++) {
		struct match m = find_letter(p, *arg);

		if (!m.opt && *arg == 'h') {
			p->help = true;
			continue;
		}
		if (!m.opt) {
			err_set(err, E_USAGE, "unknown option -%c", *arg);
			return err_hint(err, "--help lists the options");
		}
		if (takes_value(m.opt))
			return parse_letter_value(p, m, arg, err);
		if (!store(m, NULL, true, err))
			return false;
	}
	return true;
}

/* The next positional's row: the n-th OPT_KIND_ARG, else the OPT_KIND_ARGS. */
static const struct opt *positional(struct parse *p)
{
	size_t n = 0;

	for (const struct opt *o = p->tables[0]; o->kind != OPT_KIND_END; o++) {
		if (o->kind == OPT_KIND_ARGS)
			return o;
		if (o->kind == OPT_KIND_ARG && n++ == p->positionals)
			return o;
	}
	return NULL;
}

static bool parse_positional(struct parse *p, bool *stop, struct err *err)
{
	const struct opt *o = positional(p);
	const char *arg = p->argv[p->at];
	void *at;

	if (!o)
		return err_set(err, E_USAGE, "unexpected argument '%s'", arg);
	at = (char *)p->bases[0] + o->offset;
	if (o->kind == OPT_KIND_ARG) {
		*(const char **)at = arg;
		p->positionals++;
		o = positional(p);
		*stop = o && o->stops; /* as docker has it: behind IMAGE all is the command's */
		return true;
	}
	str_list_push(at, arg);
	*stop = o->stops;
	return true;
}

static bool check_required(struct parse *p, struct err *err)
{
	for (const struct opt *o = p->tables[0]; o->kind != OPT_KIND_END; o++) {
		const void *at = (const char *)p->bases[0] + o->offset;

		if (o->kind == OPT_KIND_ARG && o->required && !*(const char *const *)at)
			return err_set(err, E_USAGE, "%s is missing", o->value);
	}
	return true;
}

bool opts_parse(void *args, const struct opt *own, void *globals, const struct opt *global,
		int argc, char **argv, bool *help_out, struct err *err)
{
	struct parse p = {
		.bases = { args, globals }, .tables = { own, global }, .argc = argc, .argv = argv
	};
	bool only_positionals = false;

	*help_out = false;
	for (p.at = 1; p.at < argc; p.at++) {
		const char *arg = argv[p.at];
		bool ok, stop = false;

		if (only_positionals || arg[0] != '-' || !arg[1])
			ok = parse_positional(&p, &stop, err);
		else if (str_eq(arg, "--"))
			ok = only_positionals = true;
		else
			ok = arg[1] == '-' ? parse_long(&p, err) : parse_letters(&p, err);
		if (!ok)
			return false;
		only_positionals = only_positionals || stop;
	}
	*help_out = p.help;
	return p.help || check_required(&p, err);
}

/* The option of the next name, which the table has; NULL: there is no more. */
static const struct opt *next_named(const struct opt *own, struct slice *names)
{
	struct slice name;

	if (!names->ptr)
		return NULL;
	name = slice_cut(*names, ' ', names);
	for (const struct opt *o = own; o->kind != OPT_KIND_END; o++)
		if (is_option(o) && o->name && slice_eq(name, o->name))
			return o;
	abort(); /* only misuse */
}

static bool is_given(const void *args, const struct opt *o)
{
	const void *at = (const char *)args + o->offset;

	if (o->kind == OPT_KIND_FLAG)
		return *(const bool *)at;
	if (o->kind == OPT_KIND_LIST)
		return ((const struct str_list *)at)->len;
	return *(const char *const *)at;
}

const char *opts_given(const void *args, const struct opt *own, const char *names)
{
	struct slice rest = slice_of(names);

	for (const struct opt *o; (o = next_named(own, &rest));)
		if (is_given(args, o))
			return o->name;
	return NULL;
}

void opts_unset(void *args, const struct opt *own, const char *names)
{
	struct slice rest = slice_of(names);

	for (const struct opt *o; (o = next_named(own, &rest));) {
		void *at = (char *)args + o->offset;

		if (o->kind == OPT_KIND_FLAG)
			*(bool *)at = false;
		else if (o->kind == OPT_KIND_LIST)
			*(struct str_list *)at = (struct str_list){ 0 };
		else
			*(const char **)at = NULL;
	}
}

void opts_free(void *args, const struct opt *own)
{
	for (const struct opt *o = own; o->kind != OPT_KIND_END; o++)
		if (o->kind == OPT_KIND_LIST || o->kind == OPT_KIND_ARGS)
			str_list_free((struct str_list *)(void *)((char *)args + o->offset));
}

/* `text` in lines of at most WIDTH columns, continued at column `indent`. */
static void put_wrapped(struct buf *out, const char *text, size_t indent, size_t column)
{
	enum { WIDTH = 100 };

	for (struct slice rest = slice_of(text); rest.ptr;) {
		struct slice word = slice_cut(rest, ' ', &rest);

		if (column > indent && column + 1 + word.len > WIDTH) {
			buf_putf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_put(out, " ");
			column++;
		}
		buf_put_bytes(out, word.ptr, word.len);
		column += word.len;
	}
	buf_put(out, "\n");
}

void opts_help(struct buf *out, const struct opt *table)
{
	enum { LEFT = 34 };

	for (const struct opt *o = table; o->kind != OPT_KIND_END; o++) {
		AUTO(auto_free) char *left = NULL;
		size_t column;

		if (o->kind == OPT_KIND_GROUP) {
			buf_putf(out, "\n%s:\n", o->help);
			continue;
		}
		if (!is_shown(o))
			continue;
		if (!is_option(o))
			/* "NAME] [CONTEXT": two, as they stand in the usage */
			left = mem_printf(strchr(o->value, ']') ? "  [%s]" : "  %s", o->value);
		else
			left = mem_printf("  %c%c%s --%s%s%s", o->letter ? '-' : ' ',
					  o->letter ? o->letter : ' ', o->letter ? "," : " ",
					  o->name, takes_value(o) ? " " : "",
					  takes_value(o) ? o->value : "");
		buf_put(out, left);
		column = strlen(left);
		if (column + 2 > LEFT)
			buf_putf(out, "\n%*s", LEFT, "");
		else
			buf_putf(out, "%*s", (int)(LEFT - column), "");
		put_wrapped(out, o->help, LEFT, LEFT);
	}
}

void opts_paragraph(struct buf *out, const char *text)
{
	put_wrapped(out, text, 0, 0);
}

void opts_usage(struct buf *out, const struct opt *table)
{
	for (const struct opt *o = table; o->kind != OPT_KIND_END; o++) {
		if (o->kind == OPT_KIND_ARG)
			buf_putf(out, o->required ? " %s" : " [%s]", o->value);
		else if (o->kind == OPT_KIND_ARGS)
			buf_putf(out, " [%s...]", o->value);
	}
}
