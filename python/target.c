// SPDX-License-Identifier: Apache-2.0
#include "python/target.h"

#include "base/mem.h"

/*
 * What a target accepts (tags) and answers (marker variables). The order of tags is that of
 * packaging.tags.sys_tags on such a machine.
 */

enum { MINOR_MAX = 99, LIBC_MINOR_MAX = 99 };

/* OCI architectures in the kernel's words, and the oldest glibc with a manylinux tag (PEP 600); -1:
 * none. */
static const struct machine {
	const char *architecture, *variant;
	const char *name;
	int oldest_glibc_minor;
} machines[] = {
	{ "amd64", "", "x86_64", 5 },     { "arm64", "", "aarch64", 17 },
	{ "arm", "v7", "armv7l", 17 },    { "arm", "v6", "armv6l", -1 },
	{ "arm", "v5", "armv5tel", -1 },  { "386", "", "i686", 5 },
	{ "ppc64le", "", "ppc64le", 17 }, { "s390x", "", "s390x", 17 },
	{ "riscv64", "", "riscv64", 17 }, { "loong64", "", "loongarch64", 17 },
	{ "mips64le", "", "mips64", -1 },
};

static const struct {
	int minor;
	const char *name;
} old_names[] = { { 17, "manylinux2014" }, { 12, "manylinux2010" }, { 5, "manylinux1" } };

static const struct machine *find_machine(const struct platform *p)
{
	const char *variant = p->variant;

	if (str_eq(p->architecture, "arm") && !variant[0])
		variant = "v7";
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (str_eq(machines[i].architecture, p->architecture) &&
		    (!machines[i].variant[0] || str_eq(machines[i].variant, variant)))
			return &machines[i];
	return NULL;
}

static bool parse_number(int *out, struct slice s, uint64_t max)
{
	uint64_t value;

	if (!str_to_u64(&value, s, max))
		return false;
	*out = (int)value;
	return true;
}

static bool parse_python(struct python_target *t, const char *text)
{
	struct slice rest;
	struct slice major = slice_cut(slice_of(text), '.', &rest);
	struct slice minor = slice_cut(rest, '.', &rest);

	if (!slice_eq(major, "3") || !parse_number(&t->minor, minor, MINOR_MAX))
		return false;
	return !rest.ptr || parse_number(&t->patch, rest, MINOR_MAX);
}

static bool parse_libc(struct python_target *t, const char *text)
{
	struct slice rest = slice_of(text), major;

	t->musl = str_has_prefix(text, "musl-");
	if (!t->musl && !str_has_prefix(text, "glibc-"))
		return false;
	slice_cut(rest, '-', &rest);
	major = slice_cut(rest, '.', &rest);
	return parse_number(&t->libc_major, major, 2) && t->libc_major == (t->musl ? 1 : 2) &&
	       parse_number(&t->libc_minor, rest, LIBC_MINOR_MAX);
}

bool python_target_make(struct python_target *out, const char *python,
			const struct platform *platform, const char *libc, struct err *err)
{
	struct python_target t = { .platform = *platform };

	if (!parse_python(&t, python)) {
		err_set(err, E_USAGE, "'%s' is not a Python 3 version", python);
		return err_hint(err, "write it as 3.11 or 3.11.2");
	}
	if (!parse_libc(&t, libc ? libc : "glibc-2.36")) {
		err_set(err, E_USAGE, "'%s' is not a C library", libc);
		return err_hint(err, "write it as glibc-2.36 or musl-1.2");
	}
	if (!str_eq(platform->os, "linux") || !find_machine(platform))
		return err_set(err, E_USAGE, "there are no Python wheels for platform %s",
			       platform_format(platform).text);
	*out = t;
	return true;
}

const char *python_target_machine(const struct python_target *t)
{
	const struct machine *m = find_machine(&t->platform);

	return m ? m->name : t->platform.architecture;
}

static void add_glibc_platforms(struct str_list *out, const struct python_target *t)
{
	const struct machine *m = find_machine(&t->platform);

	if (!m || m->oldest_glibc_minor < 0)
		return;
	for (int minor = t->libc_minor; minor >= m->oldest_glibc_minor; minor--) {
		str_list_push_take(out,
				   mem_printf("manylinux_%d_%d_%s", t->libc_major, minor, m->name));
		for (size_t i = 0; i < ARRAY_LEN(old_names); i++)
			if (old_names[i].minor == minor)
				str_list_push_take(out,
						   mem_printf("%s_%s", old_names[i].name, m->name));
	}
}

/* Platform tags, best first. */
static void add_platforms(struct str_list *out, const struct python_target *t)
{
	if (!t->musl)
		add_glibc_platforms(out, t);
	for (int minor = t->libc_minor; t->musl && minor >= 0; minor--)
		str_list_push_take(out, mem_printf("musllinux_%d_%d_%s", t->libc_major, minor,
						   python_target_machine(t)));
	str_list_push_take(out, mem_printf("linux_%s", python_target_machine(t)));
}

/* prefix-platform for every platform; `prefix` is freed. */
static void add_each(struct str_list *out, char *prefix, const struct str_list *platforms)
{
	for (size_t i = 0; i < platforms->len; i++)
		str_list_push_take(out, mem_printf("%s-%s", prefix, platforms->items[i]));
	free(prefix);
}

/* py3N, py3, then py3N-1 ... py30, each with ABI none. */
static void add_python_only(struct str_list *out, int minor, const struct str_list *platforms)
{
	add_each(out, mem_printf("py3%d-none", minor), platforms);
	add_each(out, mem_strdup("py3-none"), platforms);
	for (int older = minor - 1; older >= 0; older--)
		add_each(out, mem_printf("py3%d-none", older), platforms);
}

void python_target_tags(struct str_list *out, const struct python_target *t)
{
	AUTO(str_list_free) struct str_list platforms = { 0 };
	AUTO(str_list_free) struct str_list any = { 0 };

	if (t->tags) {
		for (size_t i = 0; i < t->tags->len; i++)
			str_list_push(out, t->tags->items[i]);
		return;
	}
	add_platforms(&platforms, t);
	str_list_push(&any, "any");
	/* before 3.8 the ABI said that memory is pymalloc's (PEP 425; sys.abiflags) */
	add_each(out, mem_printf("cp3%d-cp3%d%s", t->minor, t->minor, t->minor < 8 ? "m" : ""),
		 &platforms);
	if (t->minor >= 2)
		add_each(out, mem_printf("cp3%d-abi3", t->minor), &platforms);
	add_each(out, mem_printf("cp3%d-none", t->minor), &platforms);
	for (int older = t->minor - 1; older >= 2; older--)
		add_each(out, mem_printf("cp3%d-abi3", older), &platforms);
	add_python_only(out, t->minor, &platforms);
	str_list_push_take(out, mem_printf("cp3%d-none-any", t->minor));
	add_python_only(out, t->minor, &any);
}

const char *python_target_marker(struct buf *scratch, const struct python_target *t,
				 const char *name)
{
	/* Release and version of the kernel are not known beforehand: empty, as uv has it. */
	static const struct {
		const char *name, *value;
	} fixed[] = {
		{ "os_name", "posix" },
		{ "sys_platform", "linux" },
		{ "platform_system", "Linux" },
		{ "platform_release", "" },
		{ "platform_version", "" },
		{ "platform_python_implementation", "CPython" },
		{ "implementation_name", "cpython" },
	};

	if (t->markers && map_has(t->markers, name))
		return map_text(t->markers, name);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (str_eq(name, fixed[i].name))
			return fixed[i].value;
	if (str_eq(name, "platform_machine"))
		return python_target_machine(t);
	buf_clear(scratch);
	if (str_eq(name, "python_version"))
		buf_putf(scratch, "3.%d", t->minor);
	else if (str_eq(name, "python_full_version") || str_eq(name, "implementation_version"))
		buf_putf(scratch, "3.%d.%d", t->minor, t->patch);
	else
		return NULL;
	return scratch->ptr;
}

void python_target_format(struct buf *out, const struct python_target *t)
{
	buf_putf(out, "Python 3.%d on %s with %s %d.%d", t->minor,
		 platform_format(&t->platform).text, t->musl ? "musl" : "glibc", t->libc_major,
		 t->libc_minor);
}
