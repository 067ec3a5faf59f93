// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"

/* Children: what they get, what they may not keep, and when they are ended. */

#define SH(script) ((const char *const[]){ "sh", "-c", script, NULL })

struct ran {
	bool ok;
	int status;
	struct buf out, err_out;
	struct err err;
	uint64_t ms;
};

static void ran_free(struct ran *r)
{
	buf_free(&r->out);
	buf_free(&r->err_out);
}

static struct ran run(struct proc_spec spec, const char *input, int timeout_ms, size_t max)
{
	struct ran r = { .out = BUF_INIT(max), .err_out = BUF_INIT(max) };
	struct slice text = slice_of(input);
	uint64_t start = clock_monotonic_ms();

	r.ok = proc_capture(&r.status, &r.out, &r.err_out, &spec, input ? &text : NULL, timeout_ms,
			    &r.err);
	r.ms = clock_monotonic_ms() - start;
	return r;
}

static void output_status_and_input(void **state)
{
	/* clang-format off */
	static const struct {
		const char *script, *input, *out, *err;
		int status;
	} cases[] = {
		{ "true",                         NULL,  "",        "",    0 },
		{ "echo o; echo e >&2; exit 3",   NULL,  "o\n",     "e\n", 3 },
		{ "cat",                          "in",  "in",      "",    0 },
		{ "cat",                          "",    "",        "",    0 },
		{ "cat",                          NULL,  "",        "",    0 }, /* /dev/null */
		{ "exit 255",                     NULL,  "",        "",    255 },
		{ "kill -TERM $$",                NULL,  "",        "",    128 + 15 },
		{ "exec >&-; echo e >&2",         NULL,  "",        "e\n", 0 },
		{ "exec 2>&-; echo o",            NULL,  "o\n",     "",    0 },
		{ "printf 'a\\000b'",             NULL,  "a",       "",    0 }, /* as text; the length has all */
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(ran_free)
		struct ran r = run((struct proc_spec){ .argv = SH(cases[i].script) },
				   cases[i].input, 10000, 4096);

		if (!r.ok)
			fail_msg("%s: %s", cases[i].script, r.err.msg);
		assert_int_equal(r.status, cases[i].status);
		assert_string_equal(r.out.ptr, cases[i].out);
		assert_string_equal(r.err_out.ptr, cases[i].err);
	}
}

static void environment_and_directory(void **state)
{
	const char *const env[] = { "A=1", "PATH=/nowhere", NULL }, *const none[] = { NULL };
	AUTO(ran_free)
	struct ran r =
		run((struct proc_spec){ .argv = SH("echo $A $B; pwd"), .env = env, .cwd = "/" },
		    NULL, 0, 4096);
	AUTO(ran_free)
	struct ran empty =
		run((struct proc_spec){ .argv = (const char *const[]){ "/usr/bin/env", NULL },
					.env = none },
		    NULL, 0, 4096);
	AUTO(ran_free)
	struct ran lost = run((struct proc_spec){ .argv = SH("true"), .cwd = "/no/such/place" },
			      NULL, 0, 4096);

	(void)state;
	assert_true(r.ok); /* the program is looked up in our PATH, not the child's */
	assert_string_equal(r.out.ptr, "1\n/\n");
	assert_string_equal(empty.out.ptr, "");
	assert_false(lost.ok);
	assert_int_equal(lost.err.code, E_NOT_FOUND);
}

static void programs_that_cannot_start(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	/* clang-format off */
	static const struct {
		const char *name;
		mode_t mode;
		enum err_code code;
	} cases[] = {
		{ "garbage", 0755, E_IO },        /* ENOEXEC: no shell steps in */
		{ "plain",   0644, E_NOT_FOUND }, /* not executable, also for root */
		{ "absent",  0,    E_NOT_FOUND },
	};
	/* clang-format on */
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *path = mem_printf("%s/%s", dir.path, cases[i].name);
		const char *const argv[] = { path, NULL };

		if (cases[i].mode)
			assert_true(fs_write_path_atomic(path, "\x01\x02", 2, cases[i].mode, &err));
		AUTO(ran_free)
		struct ran r = run((struct proc_spec){ .argv = argv }, NULL, 0, 4096);

		assert_false(r.ok);
		if (r.err.code != cases[i].code)
			fail_msg("%s: %s", cases[i].name, r.err.msg);
	}
}

static void output_limits(void **state)
{
	(void)state;
	for (size_t max = 9; max <= 11; max++) {
		AUTO(ran_free)
		struct ran out = run((struct proc_spec){ .argv = SH("printf 0123456789") }, NULL,
				     10000, max);
		AUTO(ran_free)
		struct ran err = run((struct proc_spec){ .argv = SH("printf 0123456789 >&2") },
				     NULL, 10000, max);

		assert_int_equal(out.ok, max >= 10);
		assert_int_equal(err.ok, max >= 10);
		if (max < 10)
			assert_int_equal(out.err.code, E_INPUT);
	}
}

static void time_limits(void **state)
{
	static const char *const scripts[] = {
		"exec sleep 1000",
		"exec >&- 2>&-; exec sleep 1000", /* closing its output does not free it of the
						     limit */
		"trap '' TERM INT; tail -f --pid=$$ /dev/null & wait", /* tail ends with its shell
									*/
		"while :; do echo x; sleep 0.01; done",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		AUTO(ran_free)
		struct ran r =
			run((struct proc_spec){ .argv = SH(scripts[i]) }, NULL, 200, 1 << 20);

		assert_false(r.ok);
		assert_int_equal(r.err.code, E_IO);
		if (r.ms > 300000) /* a sleep comes to no end of its own before */
			fail_msg("%s: %d ms", scripts[i], (int)r.ms);
	}
}

/* What a script started ends with it: who holds the FIFO open would be heard. */
static void descendants_end_too(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_free) char *script = NULL;
	AUTO(auto_free) char *fifo = NULL;
	struct err err = { 0 };
	char heard[64] = "";
	ssize_t n;
	int fd;

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	fifo = mem_printf("%s/fifo", dir.path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	script = mem_printf("sh -c '(echo here; sleep 10; echo late) >%s & sleep 1000' & "
			    "sleep 1000",
			    fifo);
	AUTO(ran_free)
	struct ran r = run((struct proc_spec){ .argv = SH(script) }, NULL, 1000, 4096);

	assert_false(r.ok);
	fcntl(fd, F_SETFL, 0);
	for (size_t len = 0; (n = read(fd, heard + len, sizeof(heard) - 1 - len)) > 0;)
		len += (size_t)n;
	assert_null(strstr(heard, "late"));
	close(fd);
}

/* Nothing but 0, 1, 2 crosses over, whatever its flags; signals are as a shell expects them. */
static void nothing_else_is_inherited(void **state)
{
	const char *ignored;
	int leak = open("/dev/null", O_RDONLY), high = fcntl(leak, F_DUPFD, 200);
	AUTO(ran_free)
	struct ran r = run((struct proc_spec){ .argv = SH("ls /proc/self/fd | tr '\\n' ' '") },
			   NULL, 0, 4096);
	AUTO(ran_free)
	struct ran pipe_signal = run(
		(struct proc_spec){ .argv = SH("yes | head -n 1; grep SigIgn /proc/self/status") },
		NULL, 0, 4096);

	(void)state;
	assert_string_equal(r.out.ptr, "0 1 2 3 ");
	/* 32 and 33 are glibc's own, which it lets nobody change */
	ignored = strstr(pipe_signal.out.ptr, "SigIgn:\t");
	assert_non_null(ignored);
	assert_int_equal(strtoull(ignored + 8, NULL, 16) & 0x7fffffff, 0);
	close(leak);
	close(high);
}

static void start_and_wait(void **state)
{
	struct proc_spec spec = {
		.argv = SH("exit 5"), .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
	struct err err = { 0 };
	int status;
	pid_t pid;

	(void)state;
	assert_true(proc_start(&pid, &spec, &err));
	assert_true(proc_wait(&status, pid, &err));
	assert_int_equal(status, 5);
	assert_false(proc_wait(&status, pid, &err)); /* it is gone */
	assert_int_equal(err.code, E_IO);
}

static void finding_programs(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_free)
	char *path = NULL, *tool = NULL, *found = NULL, *old = mem_strdup(getenv("PATH"));
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	tool = mem_printf("%s/some-tool", dir.path);
	assert_true(fs_write_path_atomic(tool, "#!/bin/sh\n", 10, 0755, &err));
	path = mem_printf("::/nowhere:%s:",
			  dir.path); /* empty parts are not the current directory */
	setenv("PATH", path, 1);
	found = proc_find("some-tool");
	assert_string_equal(found, tool);
	assert_int_equal(chdir(dir.path), 0);
	setenv("PATH", ":", 1);
	assert_null(proc_find("some-tool"));
	free(found);
	found = proc_find("./some-tool");
	assert_string_equal(found, "./some-tool");
	setenv("PATH", "/nowhere", 1); /* the standard places count all the same */
	free(found);
	found = proc_find("sh");
	assert_non_null(found);
	setenv("PATH", old, 1);
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_status_and_input),
		cmocka_unit_test(environment_and_directory),
		cmocka_unit_test(programs_that_cannot_start),
		cmocka_unit_test(output_limits),
		cmocka_unit_test(time_limits),
		cmocka_unit_test(descendants_end_too),
		cmocka_unit_test(nothing_else_is_inherited),
		cmocka_unit_test(start_and_wait),
		cmocka_unit_test(finding_programs),
	};

	signal(SIGPIPE, SIG_IGN); /* as main does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
