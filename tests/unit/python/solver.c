// SPDX-License-Identifier: Apache-2.0
#include "python/solver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* Worlds of a few packages, each version of which requires versions of others. */

enum { PACKAGES = 8, VERSIONS = 5 };

struct world {
	size_t packages; /* 1 is the first behind the root */
	size_t versions[PACKAGES + 1];
	bool depends[PACKAGES + 1][VERSIONS][PACKAGES + 1];           /* [p][v] on q */
	bool allowed[PACKAGES + 1][VERSIONS][PACKAGES + 1][VERSIONS]; /* those of q */
	bool bad[PACKAGES + 1][VERSIONS];
	size_t looks;
};

static const char *const names[] = { "root", "a", "b", "c", "d", "e", "f", "g", "h" };

static bool look(void *arg, struct solver *s, size_t package, size_t version, struct err *err)
{
	struct world *w = arg;

	(void)err;
	w->looks++;
	if (w->bad[package][version])
		solver_forbid(s, package, version, (struct solver_reason){ "it is bad", NULL });
	for (size_t q = 1; q <= w->packages; q++) {
		AUTO(auto_free) char *why = NULL;

		if (!w->depends[package][version][q])
			continue;
		why = mem_printf("%s %zu asks for %s", names[package], VERSIONS - version,
				 names[q]);
		solver_require(s, package, version, q, w->allowed[package][version][q],
			       (struct solver_reason){ why, NULL });
	}
	return true;
}

static const char *label(void *arg, size_t package, size_t version)
{
	static char text[16];

	(void)arg;
	(void)package;
	snprintf(text, sizeof(text), "%zu", VERSIONS - version);
	return text;
}

static struct solver *make(struct world *w)
{
	const struct solver_provider provider = { w, look, label };
	struct solver *s;

	solver_init(&s, &provider);
	for (size_t p = 1; p <= w->packages; p++)
		assert_int_equal(solver_package(s, names[p], w->versions[p]), p);
	return s;
}

/* --- brute force --- */

static bool holds(const struct world *w, const size_t *chosen)
{
	for (size_t p = 0; p <= w->packages; p++) {
		size_t v = p ? chosen[p] : 0;

		if (v == SIZE_MAX)
			continue;
		if (w->bad[p][v])
			return false;
		for (size_t q = 1; q <= w->packages; q++)
			if (w->depends[p][v][q] &&
			    (chosen[q] == SIZE_MAX || !w->allowed[p][v][q][chosen[q]]))
				return false;
	}
	return true;
}

static bool search(const struct world *w, size_t *chosen, size_t p)
{
	if (p > w->packages)
		return holds(w, chosen);
	for (size_t v = 0; v <= w->versions[p]; v++) {
		chosen[p] = v < w->versions[p] ? v : SIZE_MAX;
		if (search(w, chosen, p + 1))
			return true;
	}
	return false;
}

/* --- random worlds --- */

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

static void make_world(struct world *w, uint32_t seed)
{
	uint32_t density = 10 + seed % 35, tightness = 25 + seed % 50;

	random_state = seed * 2654435761U + 1;
	*w = (struct world){ .packages = 1 + random_below(PACKAGES) };
	for (size_t p = 0; p <= w->packages; p++)
		w->versions[p] = p ? 1 + random_below(VERSIONS) : 1;
	for (size_t p = 0; p <= w->packages; p++) {
		for (size_t v = 0; v < w->versions[p]; v++) {
			w->bad[p][v] = p && random_below(100) < 8;
			for (size_t q = 1; q <= w->packages; q++) {
				w->depends[p][v][q] = q != p && random_below(100) < density;
				for (size_t u = 0; u < w->versions[q]; u++)
					w->allowed[p][v][q][u] = random_below(100) >= tightness;
			}
		}
	}
}

/* Solvable exactly when brute force says so, and what is found holds. */
static void test_worlds(void **state)
{
	size_t solvable = 0, unsolvable = 0;

	(void)state;
	for (uint32_t seed = 0; seed < 3000; seed++) {
		struct world w;
		size_t chosen[PACKAGES + 1] = { 0 };
		AUTO(auto_solver_free) struct solver *s = NULL;
		enum solver_outcome outcome;
		struct err err = { 0 };

		make_world(&w, seed);
		s = make(&w);
		assert_true(solver_solve(&outcome, s, &err));
		if (outcome == SOLVER_SOLVED) {
			for (size_t p = 1; p <= w.packages; p++)
				chosen[p] = solver_chosen(s, p);
			if (!holds(&w, chosen))
				fail_msg("seed %u: what was found does not hold", seed);
			solvable++;
		} else {
			AUTO(buf_free) struct buf why = BUF_INIT(1 << 20);

			if (w.packages <= 6 && search(&w, chosen, 1))
				fail_msg("seed %u: there is a solution", seed);
			solver_explain(&why, s);
			assert_true(why.len > 0);
			unsolvable++;
		}
	}
	assert_true(solvable > 500 && unsolvable > 500);
}

/* The whole check of the issue: 500 worlds of up to 8 packages, each also by brute force. */
static void test_brute_force(void **state)
{
	(void)state;
	for (uint32_t seed = 10000; seed < 10500; seed++) {
		struct world w;
		size_t chosen[PACKAGES + 1] = { 0 };
		AUTO(auto_solver_free) struct solver *s = NULL;
		enum solver_outcome outcome;
		struct err err = { 0 };

		make_world(&w, seed);
		s = make(&w);
		assert_true(solver_solve(&outcome, s, &err));
		if ((outcome == SOLVER_SOLVED) != search(&w, chosen, 1))
			fail_msg("seed %u: brute force disagrees", seed);
	}
}

/* --- by hand --- */

static void allow(struct world *w, size_t p, size_t v, size_t q, const char *which)
{
	w->depends[p][v][q] = true;
	for (; *which; which++)
		w->allowed[p][v][q][VERSIONS - (size_t)(*which - '0')] = true;
}

/* The best version of each when nothing speaks against it, and nothing that is not needed. */
static void test_best_first(void **state)
{
	struct world w = { .packages = 3, .versions = { 1, 5, 5, 5 } };
	AUTO(auto_solver_free) struct solver *s = make(&w);
	enum solver_outcome outcome;
	struct err err = { 0 };

	(void)state;
	allow(&w, 0, 0, 1, "12345");
	allow(&w, 1, 0, 2, "123");
	assert_true(solver_solve(&outcome, s, &err));
	assert_int_equal(outcome, SOLVER_SOLVED);
	assert_int_equal(solver_chosen(s, 1), 0);
	assert_int_equal(solver_chosen(s, 2), 2);
	assert_int_equal(solver_chosen(s, 3), SIZE_MAX);
	assert_int_equal(w.looks, 3); /* no version was looked at that was not chosen */
}

/* The best a asks for what the best b refuses: the solver goes back. */
static void test_goes_back(void **state)
{
	struct world w = { .packages = 3, .versions = { 1, 5, 5, 5 } };
	AUTO(auto_solver_free) struct solver *s = make(&w);
	enum solver_outcome outcome;
	struct err err = { 0 };

	(void)state;
	allow(&w, 0, 0, 1, "345");
	allow(&w, 0, 0, 2, "12345");
	for (size_t v = 0; v < VERSIONS; v++)
		allow(&w, 1, v, 3, v < 2 ? "45" : "12");
	for (size_t v = 0; v < VERSIONS; v++)
		allow(&w, 2, v, 3, "12");
	assert_true(solver_solve(&outcome, s, &err));
	assert_int_equal(outcome, SOLVER_SOLVED);
	assert_int_equal(solver_chosen(s, 1), 2);
	assert_int_equal(solver_chosen(s, 2), 0);
	assert_int_equal(solver_chosen(s, 3), 3);
}

static void test_explains(void **state)
{
	struct world w = { .packages = 3, .versions = { 1, 5, 5, 5 } };
	AUTO(auto_solver_free) struct solver *s = make(&w);
	AUTO(buf_free) struct buf why = BUF_INIT(1 << 16);
	enum solver_outcome outcome;
	struct err err = { 0 };

	(void)state;
	allow(&w, 0, 0, 1, "45");
	allow(&w, 0, 0, 2, "5");
	allow(&w, 1, 0, 3, "45");
	allow(&w, 1, 1, 3, "4");
	allow(&w, 2, 0, 3, "12");
	assert_true(solver_solve(&outcome, s, &err));
	assert_int_equal(outcome, SOLVER_UNSOLVABLE);
	solver_explain(&why, s);
	assert_string_equal(
		why.ptr, "Because a 4 asks for c and a 5 asks for c, a 5 or 4 requires c 5 or 4.\n"
			 "And because b 5 asks for c, a 5 or 4 and b 5 cannot go together.\n"
			 "And because root 5 asks for a, b 5 cannot be used.\n"
			 "And because root 5 asks for b, what is asked for cannot be had.\n");
}

/* A constraint counts only for what is chosen. */
static void test_constraint(void **state)
{
	static const bool second[VERSIONS] = { false, true };
	struct world w = { .packages = 2, .versions = { 1, 2, 2 } };
	AUTO(auto_solver_free) struct solver *s = make(&w);
	enum solver_outcome outcome;
	struct err err = { 0 };

	(void)state;
	allow(&w, 0, 0, 1, "45");
	solver_constrain(s, 0, 0, 1, second, (struct solver_reason){ "constraint", NULL });
	solver_constrain(s, 0, 0, 2, second, (struct solver_reason){ "constraint", NULL });
	assert_true(solver_solve(&outcome, s, &err));
	assert_int_equal(outcome, SOLVER_SOLVED);
	assert_int_equal(solver_chosen(s, 1), 1);
	assert_int_equal(solver_chosen(s, 2), SIZE_MAX);
}

/* Sets of more than one word. */
static void test_choices(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };

	(void)state;
	for (size_t count = 1; count < 200; count += 21) {
		struct choices none = choices_none(&a, count), all = choices_all(&a, count);
		struct choices last = choices_none(&a, count);

		choices_add(last, count - 1);
		assert_true(choices_is_all(all) && !choices_is_all(none));
		assert_true(choices_is_all(choices_or(&a, last, choices_not(&a, last))));
		assert_false(choices_meet(last, choices_not(&a, last)));
		assert_true(choices_within(last, all) && !choices_within(all, last));
		assert_int_equal(choices_versions(all), count);
		assert_int_equal(choices_versions(choices_and(&a, all, last)), 1);
		assert_int_equal(choices_next(last, 0), count - 1);
		assert_int_equal(choices_next(last, count), SIZE_MAX);
		assert_true(choices_has(all, count) && !choices_has(last, count));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choices),     cmocka_unit_test(test_best_first),
		cmocka_unit_test(test_goes_back),   cmocka_unit_test(test_explains),
		cmocka_unit_test(test_constraint),  cmocka_unit_test(test_worlds),
		cmocka_unit_test(test_brute_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
