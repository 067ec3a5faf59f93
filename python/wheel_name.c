// SPDX-License-Identifier: Apache-2.0
#include "python/wheel_name.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "python/name.h"

/* Wheel file names and how well a target likes them. What is inside a wheel is wheel.c's. */

enum { PARTS_MAX = 6, TAG_MAX = 192 };

static bool is_name_part(struct slice s)
{
	return s.len && name_span(s) == s.len && !memchr(s.ptr, '-', s.len) &&
	       !memmem(s.ptr, s.len, "__", 2);
}

static bool is_tag_set(struct slice s)
{
	return s.len && name_span(s) == s.len && s.ptr[0] != '.' && s.ptr[s.len - 1] != '.';
}

static bool split(struct slice parts[PARTS_MAX], size_t *count_out, const char *filename)
{
	struct slice rest = slice_of(filename);
	size_t n = 0;

	if (!str_has_suffix(filename, ".whl"))
		return false;
	rest.len -= strlen(".whl");
	while (rest.ptr && n < PARTS_MAX)
		parts[n++] = slice_cut(rest, '-', &rest);
	*count_out = n;
	return !rest.ptr && n >= PARTS_MAX - 1;
}

static size_t span_digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9')
		n++;
	return n;
}

static bool parse_build(struct wheel_name *n, struct slice part)
{
	struct slice number = { .ptr = part.ptr, .len = span_digits(part) };

	if (!number.len)
		return false;
	while (number.len > 1 && number.ptr[0] == '0') {
		number.ptr++;
		number.len--;
	}
	n->build = part;
	n->build_number = number;
	return true;
}

bool wheel_name_parse(struct wheel_name *out, struct arena *a, const char *filename,
		      struct err *err)
{
	struct wheel_name n = { 0 };
	struct slice parts[PARTS_MAX];
	size_t count;

	if (strchr(filename, '/') || strlen(filename) > LIMIT_COMPONENT ||
	    !split(parts, &count, arena_strdup(a, filename)))
		return err_set(err, E_INPUT,
			       "'%s' is not name-version-python-abi-platform.whl (PEP 427)",
			       filename);
	if (!is_name_part(parts[0]))
		return err_set(err, E_INPUT, "'%s': '" SLICE_FMT "' is not the name of a project",
			       filename, SLICE_ARG(parts[0]));
	if (!version_parse(&n.version, a, parts[1], err))
		return err_wrap(err, "'%s'", filename);
	if (count == PARTS_MAX && !parse_build(&n, parts[2]))
		return err_set(err, E_INPUT,
			       "'%s': build tag '" SLICE_FMT "' does not begin with a digit",
			       filename, SLICE_ARG(parts[2]));
	n.python = parts[count - 3];
	n.abi = parts[count - 2];
	n.platform = parts[count - 1];
	if (!is_tag_set(n.python) || !is_tag_set(n.abi) || !is_tag_set(n.platform))
		return err_set(err, E_INPUT, "'%s': malformed tags", filename);
	n.name = arena_slice(a, parts[0]);
	n.key = name_normalize(a, parts[0]);
	*out = n;
	return true;
}

void tag_ranks_make(struct tag_ranks *out, const struct python_target *t)
{
	AUTO(str_list_free) struct str_list tags = { 0 };

	*out = (struct tag_ranks){ 0 };
	python_target_tags(&tags, t);
	/* the value is the rank plus one, since NULL means absent */
	for (size_t i = 0; i < tags.len; i++)
		map_put(&out->ranks, tags.items[i], (void *)(uintptr_t)(i + 1));
}

void tag_ranks_free(struct tag_ranks *r)
{
	map_free(&r->ranks);
}

/* One tag of a wheel, in lower case; longer ones are none of ours or anybody's. */
struct tag_text {
	char text[TAG_MAX];
};

static bool tag_text(struct tag_text *out, struct slice python, struct slice abi,
		     struct slice platform)
{
	int len = snprintf(out->text, sizeof(out->text), SLICE_FMT "-" SLICE_FMT "-" SLICE_FMT,
			   SLICE_ARG(python), SLICE_ARG(abi), SLICE_ARG(platform));

	for (char *c = out->text; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return (size_t)len < sizeof(out->text);
}

typedef void (*tag_visitor)(void *arg, const char *tag);

static void visit_tags(const struct wheel_name *n, tag_visitor visit, void *arg)
{
	struct slice pythons = n->python;

	while (pythons.ptr) {
		struct slice python = slice_cut(pythons, '.', &pythons);
		struct slice abis = n->abi;

		while (abis.ptr) {
			struct slice abi = slice_cut(abis, '.', &abis);
			struct slice platforms = n->platform;

			while (platforms.ptr) {
				struct slice platform = slice_cut(platforms, '.', &platforms);
				struct tag_text tag;

				if (tag_text(&tag, python, abi, platform))
					visit(arg, tag.text);
			}
		}
	}
}

struct ranking {
	const struct tag_ranks *ranks;
	size_t best;
};

static void rank_tag(void *arg, const char *tag)
{
	struct ranking *r = arg;
	size_t found = (size_t)(uintptr_t)map_get(&r->ranks->ranks, tag);

	if (found && found - 1 < r->best)
		r->best = found - 1;
}

bool wheel_name_rank(size_t *rank_out, const struct wheel_name *n, const struct tag_ranks *ranks)
{
	struct ranking r = { ranks, SIZE_MAX };

	visit_tags(n, rank_tag, &r);
	*rank_out = r.best;
	return r.best != SIZE_MAX;
}

static void add_tag(void *arg, const char *tag)
{
	str_list_push(arg, tag);
}

void wheel_name_tags(struct str_list *out, const struct wheel_name *n)
{
	size_t kept = 0;

	visit_tags(n, add_tag, out);
	str_list_sort(out);
	for (size_t i = 0; i < out->len; i++) {
		if (kept && str_eq(out->items[i], out->items[kept - 1]))
			free(out->items[i]);
		else
			out->items[kept++] = out->items[i];
	}
	out->len = kept;
}

static int cmp_number(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.ptr, b.ptr, a.len);
}

static struct slice build_rest(const struct wheel_name *n)
{
	size_t digits = span_digits(n->build);

	return (struct slice){ .ptr = n->build.ptr + digits, .len = n->build.len - digits };
}

int wheel_name_cmp_build(const struct wheel_name *a, const struct wheel_name *b)
{
	struct slice left, right;
	int c;

	if (!a->build.ptr || !b->build.ptr)
		return (a->build.ptr != NULL) - (b->build.ptr != NULL);
	c = cmp_number(a->build_number, b->build_number);
	if (c)
		return c;
	left = build_rest(a);
	right = build_rest(b);
	c = memcmp(left.ptr, right.ptr, left.len < right.len ? left.len : right.len);
	return c ? c : (left.len > right.len) - (left.len < right.len);
}
