// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "base/proc.h"
#include "base/watch.h"

/* Changes of files as editors, version control and deployments make them. */

enum { QUIET_MS = 60 };

struct world {
	struct fs_tmpdir dir;
	char *src; /* DIR/a/src, which is watched */
	struct watch *w;
};

#define MUST(call)                                                                    \
	do {                                                                          \
		struct err err_ = { 0 };                                              \
		struct err *err = &err_;                                              \
		if (!(call))                                                          \
			fail_msg("%s: %s: %s", #call, err_name(err->code), err->msg); \
	} while (0)

static int open_world(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));

	w->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	MUST(fs_tmpdir_open(&w->dir, err));
	MUST(fs_mkdir_p(w->dir.fd, "a/src", 0755, FS_BENEATH, err));
	w->src = mem_printf("%s/a/src", w->dir.path);
	MUST(watch_open(&w->w, err));
	MUST(watch_add(w->w, w->src, err));
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	watch_close(w->w);
	free(w->src);
	fs_tmpdir_close(&w->dir);
	free(w);
	return 0;
}

static bool is_noise(const char *name)
{
	return str_has_suffix(name, ".swp");
}

/* sh, in the directory. */
static void sh(const struct world *w, const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct proc_spec spec = {
		.argv = argv, .cwd = w->dir.path, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1
	};
	struct err err = { 0 };
	pid_t pid;
	int status;

	assert_true(proc_start(&pid, &spec, &err));
	assert_true(proc_wait(&status, pid, &err));
	assert_int_equal(status, 0);
}

/* What happened already is noticed; else this would hang until the alarm. */
static void noticed(const struct world *w)
{
	struct err err = { 0 };

	if (!watch_wait(w->w, is_noise, QUIET_MS, &err))
		fail_msg("%s", err.msg);
}

struct later {
	const struct world *w;
	const char *script;
	atomic_bool acted, early; /* the wait ended before the script ran */
};

/* One waits, the other one acts. */
static bool one_of_both(void *arg, size_t job, struct err *err)
{
	struct later *l = arg;
	bool ok;

	if (job == 0) {
		ok = watch_wait(l->w->w, is_noise, QUIET_MS, err);
		l->early = !l->acted;
		return ok;
	}
	clock_sleep_ms(5 * QUIET_MS);
	l->acted = true;
	sh(l->w, l->script);
	return true;
}

/* What happened so far ends no wait; `script` does. */
static void only_noticed_is(const struct world *w, const char *script)
{
	struct later later = { .w = w, .script = script };
	struct err err = { 0 };

	assert_true(parallel_run(2, 2, one_of_both, &later, &err));
	assert_false(later.early);
}

static void ways_to_save(void **state)
{
	static const char *const scripts[] = {
		"echo x >a/src/map.py",  /* truncated and written */
		"echo x >>a/src/map.py", /* appended to */
		"echo x >a/src/.map.py.new && mv a/src/.map.py.new a/src/map.py", /* over the old
										     one */
		"mv a/src/map.py a/src/map.py~ && echo x >a/src/map.py", /* the old one aside */
		"rm a/src/map.py",
		"ln a/hard a/src/map.py",
		"mkdir a/src/pkg",
		"rmdir a/src/pkg",
		"ln -s map.py a/src/link.py",
		": >a/src/touched",
	};
	struct world *w = *state;

	sh(w, "echo x >a/src/map.py && echo x >a/hard");
	noticed(w);
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		sh(w, scripts[i]);
		noticed(w);
	}
}

static void noise_is_no_change(void **state)
{
	struct world *w = *state;

	sh(w, "echo x >a/src/.map.py.swp && echo x >a/beside && mkdir a/dir && echo x >beside && "
	      "mkdir a/src.old");
	only_noticed_is(w, "echo x >a/src/map.py");
}

/* A save, a checkout, a refactoring: many events, one change. */
static void many_events_are_one_change(void **state)
{
	struct world *w = *state;

	sh(w, "i=0; while [ $i -lt 3000 ]; do echo x >a/src/f$i.py; i=$((i + 1)); done");
	noticed(w);
	only_noticed_is(w, "echo last >a/src/last.py");
}

/* What never rests is a change none the less. */
static void restless_directory(void **state)
{
	struct world *w = *state;
	uint64_t start = clock_monotonic_ms();

	sh(w, "(i=0; while [ $i -lt 3000 ] && [ ! -e stop ]; do echo x >a/src/log; i=$((i + 1)); "
	      "sleep 0.01; "
	      "done; : >ended) &");
	noticed(w);
	assert_true(clock_monotonic_ms() - start < 30000);
	sh(w, "[ ! -e ended ] && : >stop && while [ ! -e ended ]; do sleep 0.05; done");
}

/* The path counts, not the directory that it led to at first. */
static void directories_come_and_go(void **state)
{
	static const char *const scripts[] = {
		"rm -r a/src",
		"mkdir a/src",
		"echo x >a/src/map.py",
		"mv a/src a/old && mkdir a/src && echo y >a/src/map.py", /* another one in its place
									  */
		"echo z >a/src/map.py",
		"mv a b",
		"mkdir -p a/src && echo x >a/src/map.py",
		"echo z >a/src/map.py",
		"rm -r a",
		"mkdir a",
		"mkdir a/src",
		"echo w >a/src/map.py",
		"mkdir two && mv a/src one && ln -s ../one a/src", /* through a link */
		"echo v >one/map.py",
		"ln -s ../two a/next && mv -T a/next a/src", /* which is turned */
		"echo v >two/map.py",
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		sh(w, scripts[i]);
		noticed(w);
	}
	/* those that were put away are of no interest any more */
	sh(w, "echo x >b/src/map.py && echo x >one/map.py && echo x >b/old/map.py");
	only_noticed_is(w, "echo x >a/src/map.py");
}

static void only_directories_that_are_there(void **state)
{
	struct world *w = *state;
	AUTO(auto_free) char *file = mem_printf("%s/a/file", w->dir.path);
	AUTO(auto_free) char *absent = mem_printf("%s/a/absent", w->dir.path);
	struct err err = { 0 };

	sh(w, ": >a/file");
	assert_false(watch_add(w->w, absent, &err));
	assert_int_equal(err.code, E_NOT_FOUND);
	err = (struct err){ 0 };
	assert_false(watch_add(w->w, file, &err));
	assert_non_null(strstr(err.msg, file));
	err = (struct err){ 0 };
	assert_true(watch_add(w->w, w->src, &err)); /* again */
	sh(w, "echo x >a/src/map.py");
	noticed(w);
}

/* Last: it cannot be taken back. */
static void interrupted(void **state)
{
	struct world *w = *state;
	struct err err = { 0 };

	cancel_request();
	assert_false(watch_wait(w->w, is_noise, QUIET_MS, &err));
	assert_int_equal(err.code, E_CANCELLED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ways_to_save),
		TEST(noise_is_no_change),
		TEST(many_events_are_one_change),
		TEST(restless_directory),
		TEST(directories_come_and_go),
		TEST(only_directories_that_are_there),
		TEST(interrupted),
	};

	cancel_init();
	alarm(300); /* a change that nobody notices */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
