// SPDX-License-Identifier: Apache-2.0
#include "registry/logins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Logins that expire: how often another is looked for, whatever the threads do. */

enum { THREADS = 16 };

struct world {
	struct fs_tmpdir dir;
	struct registry *r;
	int looked, passwords; /* how often it was looked for; of them with another result */
	const struct login *got[THREADS];
	bool renewed[THREADS];
};

static bool give(void *self, struct credential *out, char **where_out, const char *host,
		 struct err *err)
{
	struct world *w = self;

	(void)host, (void)err;
	w->looked++;
	if (w->passwords == 0)
		return err_set(err, E_AUTH, "there is none any more");
	out->user = mem_strdup("user");
	out->password = mem_printf("p%d", w->looked < w->passwords ? w->looked : w->passwords);
	*where_out = mem_strdup("here");
	return true;
}

static int setup(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct registry_options opt = { .fallback = give, .fallback_self = w };
	struct err err = { 0 };

	*state = w;
	w->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	if (!fs_tmpdir_open(&w->dir, &err) || !registry_open(&w->r, &opt, &err))
		return -1;
	setenv("HOME", w->dir.path, 1);
	unsetenv("DOCKER_CONFIG");
	unsetenv("DOCKER_AUTH_CONFIG");
	unsetenv("REGISTRY_AUTH_FILE");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_CONFIG_HOME");
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	registry_close(w->r);
	fs_tmpdir_close(&w->dir);
	free(w);
	return 0;
}

static const struct login *find(struct world *w, const char *host)
{
	const struct login *login = NULL;
	struct err err = { 0 };

	if (!logins_find(&login, w->r, host, "some/repo", &err))
		fail_msg("%s", err.msg);
	return login;
}

static bool renew_job(void *arg, size_t job, struct err *err)
{
	struct world *w = arg;

	(void)err;
	w->renewed[job] = logins_renew(&w->got[job], w->r, "some/repo");
	return true;
}

/* Many requests are refused at once: what all of them go on with; NULL: with nothing. */
static const struct login *expire(struct world *w, const struct login *login)
{
	struct err err = { 0 };

	for (size_t i = 0; i < THREADS; i++)
		w->got[i] = login;
	assert_true(parallel_run(THREADS, THREADS, renew_job, w, &err));
	for (size_t i = 1; i < THREADS; i++) {
		assert_ptr_equal(w->got[i], w->got[0]);
		assert_int_equal(w->renewed[i], w->renewed[0]);
	}
	return w->renewed[0] ? w->got[0] : NULL;
}

static void once_for_all(void **state)
{
	struct world *w = *state;
	const struct login *first, *second, *third;

	w->passwords = 3;
	first = find(w, "a.example");
	assert_null(expire(w, first)); /* it never worked: it is wrong, not expired */
	assert_int_equal(w->looked, 1);
	logins_worked(w->r, first);
	second = expire(w, first);
	assert_string_equal(second->credential.password, "p2");
	assert_ptr_equal(find(w, "a.example"), second);
	assert_ptr_equal(expire(w, first), second); /* who notices late looks no more */
	assert_int_equal(w->looked, 2);
	logins_worked(w->r, second);
	third = expire(w, second);
	assert_string_equal(third->credential.password, "p3");
	assert_ptr_equal(expire(w, first), third);
	assert_ptr_equal(find(w, "a.example"), third);
	assert_int_equal(w->looked, 3);
}

/* The places it came from have the same again, which a late success must not make new. */
static void same_again(void **state)
{
	struct world *w = *state;
	const struct login *login;

	w->passwords = 1;
	login = find(w, "a.example");
	logins_worked(w->r, login);
	assert_null(expire(w, login));
	logins_worked(w->r, login);
	assert_null(expire(w, login));
	assert_int_equal(w->looked, 2);
	assert_ptr_equal(find(w, "a.example"), login);
}

static void none_any_more(void **state)
{
	struct world *w = *state;
	const struct login *login;

	w->passwords = 1;
	login = find(w, "a.example");
	logins_worked(w->r, login);
	w->passwords = 0;
	assert_null(expire(w, login));
	assert_null(expire(w, login));
	assert_int_equal(w->looked, 2);
}

/* A registry that takes each and then says that it expired. */
static void not_for_ever(void **state)
{
	struct world *w = *state;
	const struct login *login;

	w->passwords = 10 * LIMIT_LOGINS;
	login = find(w, "a.example");
	while (logins_worked(w->r, login), logins_renew(&login, w->r, "some/repo"))
		assert_true(w->looked <= 1 + LIMIT_LOGINS);
	assert_int_equal(w->looked, 1 + LIMIT_LOGINS);
}

/* Two hosts may have the same password, and one of them another one tomorrow. */
static void hosts_apart(void **state)
{
	struct world *w = *state;
	const struct login *a, *b;

	w->passwords = 1;
	a = find(w, "a.example");
	b = find(w, "b.example");
	assert_true(credential_eq(&a->credential, &b->credential));
	logins_worked(w->r, a);
	w->passwords = 9;
	assert_non_null(expire(w, a));
	assert_null(expire(w, b)); /* did not work yet */
	assert_ptr_equal(find(w, "b.example"), b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(once_for_all), TEST(same_again),  TEST(none_any_more),
		TEST(not_for_ever), TEST(hosts_apart),
	};

	return cmocka_run_group_tests_name("registry/logins", tests, NULL, NULL);
}
