// SPDX-License-Identifier: Apache-2.0
#include "python/elf_check.h"

#include "tests/unit/python/make_elf.h"
#include "tests/unit/python/make_wheel.h"

/* Wheels with shared objects of all kinds, and what a target says to them. */

enum { X86 = 62, ARM64 = 183, I386 = 3 };

struct file {
	const char *name;
	struct elf_plan plan; /* machine 0: text, that is no ELF file */
};

struct heard {
	struct events events;
	struct buf text;
};

static void hear(struct events *self, const struct event *e)
{
	struct heard *h = (struct heard *)self;

	if (e->kind == EVENT_WARNING)
		buf_putf(&h->text, "%s\n", e->text);
}

#define INFO "mod-1.0.dist-info/"
#define FILENAME "mod-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"

static bool check(const struct file *files, size_t count, const char *platform, const char *libc,
		  struct heard *heard, struct err *err)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(metadata_free) struct metadata metadata = { 0 };
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(wheel_close) struct wheel wheel = { .fd = -1 };
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(auto_free) char *path = NULL;
	struct wheel_list list = { .items = &wheel, .len = 1 };
	struct python_target target;
	struct wheel_name name;
	struct platform p;

	for (size_t i = 0; i < count; i++) {
		AUTO(buf_free) struct buf bytes = BUF_INIT(8 << 20);

		if (files[i].plan.machine)
			elf_make(&bytes, &files[i].plan);
		else
			buf_put(&bytes, "text");
		made_add_unlisted(&m, files[i].name, bytes.ptr, bytes.len, 0100644);
		record_add_bytes(&m.record, files[i].name, bytes.ptr, bytes.len);
	}
	made_add_info(&m, "mod", "1.0", "");
	made_add_record(&m, INFO "RECORD");
	assert_true(fs_tmpdir_open(&dir, err));
	path = made_write(&m, dir.path, FILENAME);
	assert_true(wheel_name_parse(&name, &a, FILENAME, err) &&
		    wheel_open(&wheel, &metadata, &a, path, &name, err));
	assert_true(platform_parse(&p, platform, err) &&
		    python_target_make(&target, "3.11", &p, libc, err));
	return elf_check_wheels(&list, &target, NULL, &heard->events, err);
}

/* clang-format off */
#define MODULE(m, b) { m, b, false, { "libc.so.6" }, { "GLIBC_2.17" }, "PyInit_mod", 0 }
#define PLAIN(m, b)  { m, b, false, { "libc.so.6" }, { "GLIBC_2.17" }, NULL, 0 }
#define MUSL(m)      { m, 64, false, { "libc.musl-x86_64.so.1" }, { NULL }, "PyInit_mod", 0 }
#define NEEDS(l)     { X86, 64, false, { "libc.so.6", l }, { "GLIBC_2.17" }, "PyInit_mod", 0 }
#define WANTS(v)     { X86, 64, false, { "libc.so.6" }, { v }, "PyInit_mod", 0 }

static const struct {
	struct file files[3];
	size_t count;
	const char *platform, *libc;
	const char *error;   /* a word of it; NULL: none */
	const char *warning; /* the same */
} cases[] = {
	{ { { "mod.so", MODULE(X86, 64) } }, 1, "linux/amd64", "glibc-2.17", NULL, NULL },
	{ { { "mod.so", MODULE(ARM64, 64) } }, 1, "linux/arm64", "glibc-2.17", NULL, NULL },
	/* the machine */
	{ { { "mod.so", MODULE(ARM64, 64) } }, 1, "linux/amd64", "glibc-2.17", "mod.so is for aarch64", NULL },
	{ { { "mod.so", MODULE(X86, 64) } }, 1, "linux/arm64", "glibc-2.17", "is for x86_64, 64 bits", NULL },
	{ { { "mod.so", MODULE(X86, 32) } }, 1, "linux/amd64", "glibc-2.17", "is for x86_64, 32 bits", NULL },
	{ { { "a/mod.abi3.so", MODULE(I386, 32) } }, 1, "linux/amd64", "glibc-2.17", "a/mod.abi3.so is for i686", NULL },
	{ { { "mod.so", MODULE(X86, 64) }, { "attach_arm.so", PLAIN(ARM64, 64) } }, 2, "linux/amd64", "glibc-2.17",
	  NULL, "attach_arm.so is for aarch64" },
	{ { { "libx.so", PLAIN(X86, 64) }, { "mod.so", MODULE(ARM64, 64) } }, 2, "linux/amd64", "glibc-2.17",
	  "mod.so is for aarch64", NULL },
	{ { { "libx.so", PLAIN(X86, 64) }, { "mod.cpython-311-aarch64-linux-gnu.so", MODULE(ARM64, 64) } }, 2,
	  "linux/amd64", "glibc-2.17", NULL, "is for aarch64" },
	{ { { "libx.so", PLAIN(X86, 64) }, { "mod.cpython-311-x86_64-linux-gnu.so", MODULE(ARM64, 64) } }, 2,
	  "linux/amd64", "glibc-2.17", "is for aarch64", NULL },
	{ { { "mod.libs/libx.so.1.2", PLAIN(ARM64, 64) } }, 1, "linux/amd64", "glibc-2.17", "libx.so.1.2", NULL },
	/* the C library */
	{ { { "mod.so", MUSL(X86) } }, 1, "linux/amd64", "musl-1.2", NULL, NULL },
	{ { { "mod.so", MUSL(X86) } }, 1, "linux/amd64", "glibc-2.36", "built for musl", NULL },
	{ { { "mod.so", MODULE(X86, 64) } }, 1, "linux/amd64", "musl-1.2", "built for glibc", NULL },
	{ { { "mod.so", WANTS("GLIBC_2.34") } }, 1, "linux/amd64", "glibc-2.34", NULL, NULL },
	{ { { "mod.so", WANTS("GLIBC_2.34") } }, 1, "linux/amd64", "glibc-2.26", "needs glibc 2.34", NULL },
	{ { { "mod.so", WANTS("GLIBC_ABI_DT_RELR") } }, 1, "linux/amd64", "glibc-2.35", "needs glibc 2.36", NULL },
	/* libraries */
	{ { { "mod.so", NEEDS("libstdc++.so.6") } }, 1, "linux/amd64", "glibc-2.17", NULL, NULL },
	{ { { "mod.so", NEEDS("libfoo.so.3") } }, 1, "linux/amd64", "glibc-2.17", NULL, "mod.so needs libfoo.so.3" },
	{ { { "mod.so", NEEDS("libfoo.so.3") }, { "mod.libs/libfoo.so.3", PLAIN(X86, 64) } }, 2, "linux/amd64",
	  "glibc-2.17", NULL, NULL },
	/* what is none */
	{ { { "mod.so", { 0 } } }, 1, "linux/amd64", "glibc-2.17", NULL, NULL },
	{ { { "mod.sobig", PLAIN(ARM64, 64) } }, 1, "linux/amd64", "glibc-2.17", NULL, NULL },
	{ { { "mod.py", PLAIN(ARM64, 64) } }, 1, "linux/amd64", "glibc-2.17", NULL, NULL },
};
/* clang-format on */

static void verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct heard heard = { .events = { .emit = hear }, .text = BUF_INIT(1 << 20) };
		struct err err = { 0 };
		bool ok = check(cases[i].files, cases[i].count, cases[i].platform, cases[i].libc,
				&heard, &err);

		if (ok != !cases[i].error)
			fail_msg("%zu: %s", i, ok ? "taken" : err.msg);
		if (!ok && (err.code != E_INTEGRITY || !strstr(err.msg, cases[i].error) ||
			    !strstr(err.msg, FILENAME) || !strstr(err.hint, "another version")))
			fail_msg("%zu: %s: %s (%s)", i, err_name(err.code), err.msg, err.hint);
		if (cases[i].warning ? !strstr(heard.text.ptr, cases[i].warning) : heard.text.len)
			fail_msg("%zu: warned of: %s", i, heard.text.ptr);
		buf_free(&heard.text);
	}
}

/* Cut short inside: said, not fatal, since nothing may ever load it. */
static void unsound_files_are_named(void **state)
{
	static const struct elf_plan plan = PLAIN(X86, 64);
	AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 20);

	(void)state;
	elf_make(&bytes, &plan);
	/* through the same door as the others: a plan cannot be unsound, so its bytes are cut */
	for (size_t cut = 20; cut < bytes.len; cut += 50) {
		AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
		AUTO(metadata_free) struct metadata metadata = { 0 };
		AUTO(made_free) struct made m = MADE_INIT;
		AUTO(wheel_close) struct wheel wheel = { .fd = -1 };
		AUTO(arena_free) struct arena a = { 0 };
		AUTO(auto_free) char *path = NULL;
		struct heard heard = { .events = { .emit = hear }, .text = BUF_INIT(1 << 20) };
		struct wheel_list list = { .items = &wheel, .len = 1 };
		struct python_target target;
		struct wheel_name name;
		struct platform p;
		struct err err = { 0 };

		made_add_unlisted(&m, "libx.so", bytes.ptr, cut, 0100644);
		record_add_bytes(&m.record, "libx.so", bytes.ptr, cut);
		made_add_info(&m, "mod", "1.0", "");
		made_add_record(&m, INFO "RECORD");
		assert_true(fs_tmpdir_open(&dir, &err));
		path = made_write(&m, dir.path, FILENAME);
		assert_true(wheel_name_parse(&name, &a, FILENAME, &err) &&
			    wheel_open(&wheel, &metadata, &a, path, &name, &err));
		assert_true(platform_parse(&p, "linux/amd64", &err) &&
			    python_target_make(&target, "3.11", &p, NULL, &err));
		if (!elf_check_wheels(&list, &target, NULL, &heard.events, &err))
			fail_msg("%s", err.msg);
		assert_non_null(strstr(heard.text.ptr, "libx.so is no sound ELF file"));
		buf_free(&heard.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(unsound_files_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
