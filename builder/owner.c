// SPDX-License-Identifier: Apache-2.0
#include "builder/owner.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* Owners and modes as text. */

static bool is_number(struct slice s, int64_t *out)
{
	uint64_t value;

	if (!str_to_u64(&value, s, LIMIT_ID))
		return false;
	*out = (int64_t)value;
	return true;
}

/* Only digits: never looked up as a name. */
static bool is_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	}
	return s.len > 0;
}

void owner_needs(const char *text, bool *passwd_out, bool *group_out)
{
	struct slice group;
	struct slice user = slice_cut(slice_of(text), ':', &group);

	*passwd_out = user.len && !is_digits(user);
	*group_out = group.len && !is_digits(group);
}

bool owner_has_names(const char *text)
{
	bool passwd, group;

	owner_needs(text, &passwd, &group);
	return passwd || group;
}

/* The line "name:..." of a passwd or group file, its fields 2 and 3. */
static bool find_name(struct slice file, struct slice name, struct slice *second,
		      struct slice *third)
{
	while (file.ptr) {
		struct slice line = slice_cut(file, '\n', &file);
		struct slice rest;
		struct slice first = slice_cut(line, ':', &rest);

		if (!rest.ptr || first.len != name.len ||
		    memcmp(first.ptr, name.ptr, name.len) != 0)
			continue;
		slice_cut(rest, ':', &rest);
		if (!rest.ptr)
			continue;
		*second = slice_cut(rest, ':', &rest);
		*third = rest.ptr ? slice_cut(rest, ':', &rest) : (struct slice){ 0 };
		return true;
	}
	return false;
}

static bool look_up(int64_t *id_out, int64_t *group_out, struct slice name, const struct tree *tree,
		    const char *path, const char *what, struct err *err)
{
	AUTO(buf_free) struct buf file = BUF_INIT(LIMIT_PASSWD);
	struct slice id, group;

	if (!tree)
		return err_set(err, E_INPUT, "%s '" SLICE_FMT "': there is no %s", what,
			       SLICE_ARG(name), path);
	if (!tree_read(&file, tree, path, LIMIT_PASSWD, err)) {
		if (err->code != E_NOT_FOUND)
			return err_wrap(err, "%s '" SLICE_FMT "'", what, SLICE_ARG(name));
		err_set(err, E_INPUT, "%s '" SLICE_FMT "': the stage has no %s", what,
			SLICE_ARG(name), path);
		return err_hint(err, "give a number, as in 1000:1000");
	}
	if (!find_name((struct slice){ file.ptr, file.len }, name, &id, &group) ||
	    !is_number(id, id_out) || (group_out && !is_number(group, group_out))) {
		err_set(err, E_INPUT, "%s '" SLICE_FMT "' is not in %s of the stage", what,
			SLICE_ARG(name), path);
		return err_hint(err, "give a number, as in 1000:1000");
	}
	return true;
}

bool owner_parse(struct owner *out, const char *text, const struct tree *tree, struct err *err)
{
	struct slice group;
	struct slice user = slice_cut(slice_of(text), ':', &group);

	*out = (struct owner){ .given = true };
	if (group.ptr && memchr(group.ptr, ':', group.len)) {
		err_set(err, E_INPUT, "owner '%s' is not user:group", text);
		return err_hint(err, "names or numbers, as in app:app or 1000:1000");
	}
	if (is_digits(user) || is_digits(group)) {
		/* a number that is too large must not be taken for a name */
		int64_t ignored;

		if ((is_digits(user) && !is_number(user, &ignored)) ||
		    (is_digits(group) && !is_number(group, &ignored)))
			return err_set(err, E_INPUT, "owner '%s': ids end at %d", text, LIMIT_ID);
	}
	if (is_number(user, &out->uid))
		out->gid = out->uid;
	else if (user.len && !look_up(&out->uid, &out->gid, user, tree, "/etc/passwd", "user", err))
		return false;
	if (!group.ptr || !group.len)
		return true;
	return is_number(group, &out->gid) ||
	       look_up(&out->gid, NULL, group, tree, "/etc/group", "group", err);
}

/* --- modes --- */

static mode_t who_bits(char c)
{
	switch (c) {
	case 'u':
		return 04700;
	case 'g':
		return 02070;
	case 'o':
		return 01007;
	case 'a':
		return 07777;
	default:
		return 0;
	}
}

static mode_t permission_bits(char c)
{
	switch (c) {
	case 'r':
		return 0444;
	case 'w':
		return 0222;
	case 'x':
		return 0111;
	case 's':
		return 06000;
	case 't':
		return 01000;
	default:
		return 0;
	}
}

/* One "who op perms [op perms...]"; gives the text behind it, or NULL. */
static const char *parse_clauses(struct mode_change *m, const char *p)
{
	mode_t who = 0;

	while (who_bits(*p))
		who |= who_bits(*p++);
	if (!who)
		who = 07777;
	if (!*p || !strchr("+-=", *p))
		return NULL;
	while (*p && strchr("+-=", *p)) {
		struct mode_clause *c;

		if (m->clause_count == MODE_CLAUSES)
			return NULL;
		c = &m->clauses[m->clause_count++];
		*c = (struct mode_clause){ .who = who, .op = *p++ };
		if (*p && strchr("ugo", *p)) {
			c->copy_from = *p++;
			continue;
		}
		for (; permission_bits(*p) || *p == 'X'; p++) {
			c->bits |= permission_bits(*p);
			c->x_if_any = c->x_if_any || *p == 'X';
		}
	}
	return p;
}

static bool parse_symbolic(struct mode_change *m, const char *text)
{
	const char *p = text;

	do {
		p = parse_clauses(m, *p == ',' ? p + 1 : p);
	} while (p && *p == ',');
	return p && !*p;
}

bool mode_parse(struct mode_change *out, const char *text, struct err *err)
{
	size_t digits = strspn(text, "01234567");

	*out = (struct mode_change){ .given = true };
	if (digits && !text[digits] && digits <= 8) {
		unsigned long value = strtoul(text, NULL, 8);

		out->is_octal = true;
		out->octal = (mode_t)value;
		if (value <= 07777)
			return true;
	} else if (!strspn(text, "0123456789") && parse_symbolic(out, text)) {
		return true;
	}
	err_set(err, E_INPUT, "'%s' is no mode", text);
	return err_hint(err, "write an octal number up to 07777, or for example u=rwX,go=rX");
}

mode_t mode_apply(const struct mode_change *m, mode_t mode, bool is_dir)
{
	if (m->is_octal)
		return m->octal;
	for (size_t i = 0; i < m->clause_count; i++) {
		const struct mode_clause *c = &m->clauses[i];
		mode_t bits = c->bits;

		if (c->x_if_any && (is_dir || (mode & 0111)))
			bits |= 0111;
		if (c->copy_from) {
			int shift = c->copy_from == 'u' ? 6 : c->copy_from == 'g' ? 3 : 0;
			mode_t class_bits = mode >> shift & 07;

			bits = class_bits | class_bits << 3 | class_bits << 6;
		}
		bits &= c->who;
		if (c->op == '+')
			mode |= bits;
		else if (c->op == '-')
			mode &= ~bits;
		else
			mode = (mode & ~(c->who & 0777)) | bits;
	}
	return mode;
}
