// SPDX-License-Identifier: Apache-2.0
#include "python/scripts.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* Entry points and script files as text. Where they go is wheel.c's. */

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

/* Python identifiers joined by dots: it becomes source text, so nothing else may be in it. */
static bool is_dotted(struct slice s)
{
	while (s.ptr) {
		struct slice part = slice_cut(s, '.', &s);

		if (!part.len || (part.ptr[0] >= '0' && part.ptr[0] <= '9'))
			return false;
		for (size_t i = 0; i < part.len; i++)
			if (!is_word(part.ptr[i]))
				return false;
	}
	return true;
}

static bool is_program_name(struct slice s)
{
	if (!s.len || slice_eq(s, ".") || slice_eq(s, ".."))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == '/' || s.ptr[i] == '\\' ||
		    s.ptr[i] == 0x7f)
			return false;
	return true;
}

static bool parse_object(struct entry_point *out, struct arena *a, struct slice value)
{
	struct slice extras, object, module;
	struct slice reference = slice_trim(slice_cut(value, '[', &extras), " \t");

	if (extras.ptr && (!extras.len || extras.ptr[extras.len - 1] != ']'))
		return false;
	module = slice_trim(slice_cut(reference, ':', &object), " \t");
	object = object.ptr ? slice_trim(object, " \t") : object;
	if (!object.ptr || !is_dotted(module) || !is_dotted(object))
		return false;
	out->module = arena_slice(a, module);
	out->object = arena_slice(a, object);
	return true;
}

static struct entry_point *place_for(struct entry_points *e, const char *name)
{
	for (size_t i = 0; i < e->len; i++)
		if (str_eq(e->items[i].name, name))
			return &e->items[i];
	return ARRAY_PUSH(e);
}

static bool take_point(struct entry_points *e, struct arena *a, struct slice line, struct err *err)
{
	struct slice value, name = slice_trim(slice_cut(line, '=', &value), " \t");
	struct entry_point point;

	if (!value.ptr)
		return err_set(err, E_INPUT,
			       "entry_points.txt: '" SLICE_FMT "' is not name = module:object",
			       SLICE_ARG(line));
	if (!is_program_name(name))
		return err_set(err, E_INPUT,
			       "entry_points.txt: '" SLICE_FMT "' cannot be the name of a program",
			       SLICE_ARG(name));
	value = slice_trim(value, " \t");
	if (!parse_object(&point, a, value))
		return err_set(err, E_INPUT,
			       "entry_points.txt: " SLICE_FMT ": '" SLICE_FMT
			       "' is not module:object",
			       SLICE_ARG(name), SLICE_ARG(value));
	if (e->len == LIMIT_ENTRY_POINTS)
		return err_set(err, E_INPUT, "entry_points.txt: more than %d programs",
			       LIMIT_ENTRY_POINTS);
	point.name = arena_slice(a, name);
	*place_for(e, point.name) = point;
	return true;
}

void entry_points_free(struct entry_points *e)
{
	free(e->items);
	*e = (struct entry_points){ 0 };
}

bool entry_points_parse(struct entry_points *out, struct arena *a, struct slice text,
			struct err *err)
{
	AUTO(entry_points_free) struct entry_points e = { 0 };
	bool wanted = false;

	while (text.ptr) {
		struct slice line = slice_trim(slice_cut(text, '\n', &text), " \t\r");

		if (!line.len || line.ptr[0] == '#' || line.ptr[0] == ';')
			continue;
		if (line.ptr[0] == '[')
			wanted = slice_eq(line, "[console_scripts]") ||
				 slice_eq(line, "[gui_scripts]");
		else if (wanted && !take_point(&e, a, line, err))
			return false;
	}
	*out = e;
	e = (struct entry_points){ 0 };
	return true;
}

const struct entry_point *entry_points_find(const struct entry_points *e, const char *name)
{
	for (size_t i = 0; i < e->len; i++)
		if (str_eq(e->items[i].name, name))
			return &e->items[i];
	return NULL;
}

/* pip, pip3, pip3.10 */
static bool is_pip(const char *name)
{
	if (!str_has_prefix(name, "pip"))
		return false;
	for (name += strlen("pip"); *name; name++)
		if (*name != '.' && (*name < '0' || *name > '9'))
			return false;
	return true;
}

void entry_points_fix_pip(struct entry_points *e, struct arena *a, int minor)
{
	const struct entry_point *found = entry_points_find(e, "pip");
	struct entry_point pip;
	size_t kept = 0;

	if (!found)
		return;
	pip = *found;
	for (size_t i = 0; i < e->len; i++)
		if (!is_pip(e->items[i].name))
			e->items[kept++] = e->items[i];
	e->len = kept;
	*ARRAY_PUSH(e) = pip;
	pip.name = "pip3";
	*ARRAY_PUSH(e) = pip;
	if (minor <= 0)
		return;
	pip.name = arena_printf(a, "pip3.%d", minor);
	*ARRAY_PUSH(e) = pip;
}

void script_put_shebang(struct buf *out, const char *interpreter)
{
	enum { SHEBANG_MAX = 127 }; /* of Linux before 5.1, with "#!" and the newline */
	bool quote = strchr(interpreter, ' ') != NULL;

	if (str_has_prefix(interpreter, "/usr/bin/env ") ||
	    (!quote && strlen(interpreter) + 3 <= SHEBANG_MAX)) {
		buf_putf(out, "#!%s\n", interpreter);
		return;
	}
	/* a shell runs the second line, Python takes the second and third for a string */
	buf_putf(out, "#!/bin/sh\n'''exec' %s%s%s \"$0\" \"$@\"\n' '''\n", quote ? "\"" : "",
		 interpreter, quote ? "\"" : "");
}

void script_put_wrapper(struct buf *out, const struct entry_point *e, const char *interpreter)
{
	script_put_shebang(out, interpreter);
	buf_putf(out,
		 "# -*- coding: utf-8 -*-\n"
		 "import re\n"
		 "import sys\n"
		 "from %s import %.*s\n"
		 "if __name__ == '__main__':\n"
		 "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
		 "    sys.exit(%s())\n",
		 e->module, (int)strcspn(e->object, "."), e->object, e->object);
}

bool script_is_for_python(struct slice head)
{
	return slice_has_prefix(head, "#!python");
}
