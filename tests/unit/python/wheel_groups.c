// SPDX-License-Identifier: Apache-2.0
#include "python/wheel_groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/python/make_wheel.h"

/* The parts of wheels: together they are the whole, and a part does not depend on the others. */

static const struct wheel_layout layout = {
	.site = "usr/lib/site", .scripts = "usr/bin", .interpreter = "/usr/bin/python3", .minor = 11
};

static void put_wheel(const char *dir, const char *name, size_t padding, uint32_t mode)
{
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(auto_free) char *record = mem_printf("%s-1.dist-info/RECORD", name);
	AUTO(auto_free) char *module = mem_printf("%s/__init__.py", name);
	AUTO(auto_free) char *data = mem_printf("%s/data", name);
	AUTO(auto_free) char *filename = mem_printf("%s-1-py3-none-any.whl", name);
	AUTO(auto_free) char *text = mem_alloc(padding + 1);
	AUTO(auto_free) char *path = NULL;

	memset(text, name[0], padding);
	text[padding] = '\0';
	made_add(&m, module, name);
	made_add(&m, data, text);
	made_add_mode(&m, "ns/shared.py", "same for all", mode);
	made_add_info(&m, name, "1", "");
	made_add_record(&m, record);
	path = made_write(&m, dir, filename);
}

/* Wheels of a directory, by name. */
static void select_wheels(struct wheel_list *out, const char *dir, const char *const *names,
			  size_t count)
{
	struct python_target target;
	struct platform platform = { .os = "linux", .architecture = "amd64" };
	struct wheel_request req = { .target = &target,
				     .requirements = names,
				     .requirement_count = count,
				     .find_links = &dir,
				     .find_links_count = 1 };
	struct err err = { 0 };

	if (!python_target_make(&target, "3.11", &platform, NULL, &err) ||
	    !wheels_select(out, &req, NULL, &err))
		fail_msg("%s", err.msg);
}

struct made_groups {
	struct wheel_list wheels;
	struct entry_list all;
	struct wheel_groups groups;
};

static void made_groups_free(struct made_groups *g)
{
	wheel_groups_free(&g->groups);
	entry_list_free(&g->all);
	wheel_list_free(&g->wheels);
}

/* Of the wheels, those at `asked` (bits, in order of name) were asked for. */
static void make_groups(struct made_groups *g, const char *dir, const char *const *names,
			size_t count, unsigned asked)
{
	struct err err = { 0 };

	select_wheels(&g->wheels, dir, names, count);
	assert_int_equal(g->wheels.len, count);
	for (size_t i = 0; i < count; i++)
		g->wheels.items[i].requested = asked >> i & 1;
	if (!wheels_merge(&g->all, &g->wheels, &layout, &err) ||
	    !entry_list_add_parents(&g->all, &err) ||
	    !wheel_groups_make(&g->groups, &g->wheels, &g->all, &layout, &err))
		fail_msg("%s", err.msg);
}

static char *content_of(const struct entry *e)
{
	AUTO(auto_source_close) struct source *from = NULL;
	char *out = mem_alloc((size_t)e->size + 1);
	struct err err = { 0 };
	size_t have = 0, len = 1;

	if (e->open && !e->open(e, &from, &err))
		fail_msg("%s", err.msg);
	while (from && len) {
		if (!source_read(from, out + have, (size_t)e->size + 1 - have, &len, &err))
			fail_msg("%s: %s", e->path, err.msg);
		have += len;
	}
	assert_int_equal(have, e->size);
	out[have] = '\0';
	return out;
}

static const struct entry *find(const struct entry_list *l, const char *path)
{
	for (size_t i = 0; i < l->len; i++)
		if (str_eq(l->items[i].path, path))
			return &l->items[i];
	return NULL;
}

static void assert_same(const struct entry *a, const struct entry *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->mtime, b->mtime);
	if (a->kind == ENTRY_FILE) {
		AUTO(auto_free) char *x = content_of(a);
		AUTO(auto_free) char *y = content_of(b);

		assert_string_equal(x, y);
	}
}

static void assert_equal_lists(const struct entry_list *a, const struct entry_list *b)
{
	assert_int_equal(a->len, b->len);
	for (size_t i = 0; i < a->len; i++) {
		assert_string_equal(a->items[i].path, b->items[i].path);
		assert_same(&a->items[i], &b->items[i]);
	}
}

/* The last part that has a path is what an image shows. */
static void assert_whole(const struct made_groups *g)
{
	for (size_t i = 0; i < g->all.len; i++) {
		const struct entry *want = &g->all.items[i], *last = NULL;

		for (size_t k = 0; k < g->groups.len; k++) {
			const struct entry *e = find(&g->groups.items[k].entries, want->path);

			last = e ? e : last;
		}
		assert_non_null(last);
		assert_same(want, last);
	}
	for (size_t k = 0; k < g->groups.len; k++)
		for (size_t i = 0; i < g->groups.items[k].entries.len; i++)
			assert_non_null(find(&g->all, g->groups.items[k].entries.items[i].path));
}

static const struct wheel_group *find_group(const struct wheel_groups *g, const char *title)
{
	for (size_t i = 0; i < g->len; i++)
		if (str_eq(g->items[i].title, title))
			return &g->items[i];
	return NULL;
}

static int make_dir(void **state)
{
	struct fs_tmpdir *dir = mem_alloc(sizeof(*dir));
	struct err err = { 0 };

	*dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	if (!fs_tmpdir_open(dir, &err))
		return -1;
	put_wheel(dir->path, "able", WHEEL_GROUP_BIG, 0644);
	put_wheel(dir->path, "baker", WHEEL_GROUP_BIG, 0755); /* another mode for ns/shared.py */
	put_wheel(dir->path, "charlie", 10, 0644);
	put_wheel(dir->path, "dog", 10, 0644);
	put_wheel(dir->path, "easy", 10, 0644);
	put_wheel(dir->path, "fox", WHEEL_GROUP_BIG - 4000, 0644);
	*state = dir;
	return 0;
}

static int drop_dir(void **state)
{
	fs_tmpdir_close(*state);
	free(*state);
	return 0;
}

static void parts_are_the_whole(void **state)
{
	const char *dir = ((struct fs_tmpdir *)*state)->path;
	static const char *const names[] = { "able", "baker", "charlie", "dog", "easy", "fox" };

	for (unsigned asked = 0; asked < 1u << ARRAY_LEN(names); asked += 9) {
		AUTO(made_groups_free) struct made_groups g = { 0 };

		make_groups(&g, dir, names, ARRAY_LEN(names), asked);
		assert_whole(&g);
		assert_non_null(find_group(&g.groups, "able 1"));
		assert_non_null(find_group(&g.groups, "baker 1"));
		assert_in_range(g.groups.len, 3, 2 + WHEEL_GROUP_SHARED + 1);
		/* able and baker disagree on a mode, so something is left even when nothing was
		 * asked for */
		assert_string_equal(g.groups.items[g.groups.len - 1].title,
				    "which packages were asked for");
	}
}

/* What was asked for, and which others there are, is nothing to a part. */
static void parts_do_not_depend_on_others(void **state)
{
	const char *dir = ((struct fs_tmpdir *)*state)->path;
	static const char *const many[] = { "able", "baker", "charlie", "dog", "easy", "fox" };
	static const char *const few[] = { "able", "charlie" };
	AUTO(made_groups_free) struct made_groups a = { 0 }, b = { 0 }, c = { 0 };

	make_groups(&a, dir, many, ARRAY_LEN(many), 0);
	make_groups(&b, dir, many, ARRAY_LEN(many), ~0u);
	make_groups(&c, dir, few, ARRAY_LEN(few), 1);
	assert_int_equal(a.groups.len, b.groups.len);
	for (size_t i = 0; i + 1 < a.groups.len; i++) {
		assert_string_equal(a.groups.items[i].identity, b.groups.items[i].identity);
		assert_equal_lists(&a.groups.items[i].entries, &b.groups.items[i].entries);
	}
	assert_string_not_equal(a.groups.items[a.groups.len - 1].identity,
				b.groups.items[b.groups.len - 1].identity);
	assert_string_equal(find_group(&a.groups, "able 1")->identity,
			    find_group(&c.groups, "able 1")->identity);
	assert_equal_lists(&find_group(&a.groups, "able 1")->entries,
			   &find_group(&c.groups, "able 1")->entries);
}

/* Never more parts than an image can have layers, however many big wheels there are. */
static void many_big_wheels(void **state)
{
	enum { COUNT = WHEEL_GROUP_BIG_MAX + 5 };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(made_groups_free) struct made_groups g = { 0 };
	char names[COUNT][8];
	const char *list[COUNT];
	struct err err = { 0 };
	size_t alone = 0;

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	for (size_t i = 0; i < COUNT; i++) {
		names[i][0] = 'w';
		names[i][1] = (char)('a' + i / 10);
		names[i][2] = (char)('a' + i % 10);
		names[i][3] = '\0';
		list[i] = names[i];
		/* two of equal size at the border: neither is alone */
		put_wheel(dir.path, names[i], WHEEL_GROUP_BIG + (i / 2) * 1000, 0644);
	}
	make_groups(&g, dir.path, list, COUNT, 5);
	assert_whole(&g);
	for (size_t i = 0; i < g.groups.len; i++)
		alone += str_has_suffix(g.groups.items[i].title, " 1");
	assert_in_range(alone, WHEEL_GROUP_BIG_MAX - 1, WHEEL_GROUP_BIG_MAX);
	assert_in_range(g.groups.len, alone + 1, alone + WHEEL_GROUP_SHARED + 1);
	assert_null(find_group(&g.groups, "waa 1"));
	assert_non_null(find_group(&g.groups, "wci 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_the_whole),
		cmocka_unit_test(parts_do_not_depend_on_others),
		cmocka_unit_test(many_big_wheels),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
