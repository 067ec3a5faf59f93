// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/event.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "base/turn.h"

/* Threads: who runs, who waits, and that nothing is lost between them (TSan looks on). */

/* --- a queue of one, by lock and condition --- */

struct cell {
	struct lock lock;
	struct cond changed;
	bool full;
	int value;
	long sum;
};

static void produce(void *arg)
{
	struct cell *c = arg;

	for (int i = 1; i <= 1000; i++) {
		lock_take(&c->lock);
		while (c->full)
			cond_wait(&c->changed, &c->lock);
		c->value = i;
		c->full = true;
		cond_broadcast(&c->changed);
		lock_drop(&c->lock);
	}
}

static void consume(void *arg)
{
	struct cell *c = arg;

	for (int i = 1; i <= 1000; i++) {
		lock_take(&c->lock);
		while (!c->full)
			cond_wait(&c->changed, &c->lock);
		c->sum += c->value;
		c->full = false;
		cond_signal(&c->changed);
		lock_drop(&c->lock);
	}
}

static void conditions(void **state)
{
	struct cell c = { 0 };
	struct thread *threads[2];
	struct err err = { 0 };

	(void)state;
	lock_init(&c.lock);
	cond_init(&c.changed);
	assert_true(thread_start(&threads[0], produce, &c, &err));
	assert_true(thread_start(&threads[1], consume, &c, &err));
	thread_join(threads[0]);
	thread_join(threads[1]);
	assert_int_equal(c.sum, 500500);
	cond_free(&c.changed);
	lock_free(&c.lock);
}

static void waiting_has_an_end(void **state)
{
	static const int waits[] = { 0, 1, 50, 999, 1100 };
	struct lock lock = LOCK_INIT;
	struct cond cond;

	(void)state;
	cond_init(&cond);
	lock_take(&lock);
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		uint64_t start = clock_monotonic_ms(), passed;

		while (cond_wait_ms(&cond, &lock, waits[i]))
			continue; /* woken for nothing */
		passed = clock_monotonic_ms() - start;
		assert_true(passed + 1 >= (uint64_t)waits[i] && passed < (uint64_t)waits[i] + 3000);
	}
	lock_drop(&lock);
	cond_free(&cond);
}

/* Signals reach the main thread alone. */
static void block_mask(void *arg)
{
	sigset_t mask;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	*(bool *)arg = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
}

static void threads_take_no_signals(void **state)
{
	struct thread *thread;
	struct err err = { 0 };
	bool blocked = false;
	sigset_t mask;

	(void)state;
	assert_true(thread_start(&thread, block_mask, &blocked, &err));
	thread_join(thread);
	assert_true(blocked);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGINT), 0);
}

/* --- parallel_run --- */

struct load {
	_Atomic int running, most, calls;
	size_t slow_failure; /* this job fails late, all behind it at once */
};

static bool count_running(void *arg, size_t job, struct err *err)
{
	struct load *l = arg;
	int now = atomic_fetch_add(&l->running, 1) + 1, most = atomic_load(&l->most);

	(void)job;
	(void)err;
	while (now > most && !atomic_compare_exchange_weak(&l->most, &most, now))
		continue;
	clock_sleep_ms(2);
	atomic_fetch_sub(&l->running, 1);
	atomic_fetch_add(&l->calls, 1);
	return true;
}

static void no_more_workers_than_asked_for(void **state)
{
	(void)state;
	for (size_t workers = 0; workers <= 5; workers++) {
		struct load l = { 0 };
		struct err err = { 0 };

		assert_true(parallel_run(24, workers, count_running, &l, &err));
		assert_int_equal(l.calls, 24);
		assert_true(l.most <= (int)(workers ? workers : 1));
	}
}

static bool fail_in_disorder(void *arg, size_t job, struct err *err)
{
	struct load *l = arg;

	atomic_fetch_add(&l->calls, 1);
	if (job == l->slow_failure)
		clock_sleep_ms(60);
	else if (job > l->slow_failure)
		clock_sleep_ms(5);
	return job < l->slow_failure || err_set(err, E_INPUT, "job %zu", job);
}

/* The error does not depend on who was faster. */
static void the_lowest_failure_counts(void **state)
{
	(void)state;
	for (size_t slow = 0; slow < 8; slow++) {
		struct load l = { .slow_failure = slow };
		struct err err = { 0 };
		char want[16];

		snprintf(want, sizeof(want), "job %zu", slow);
		assert_false(parallel_run(100, 4, fail_in_disorder, &l, &err));
		assert_string_equal(err.msg, want);
		assert_true(l.calls <= (int)slow + 8);
	}
}

static bool nested(void *arg, size_t job, struct err *err)
{
	return parallel_run(3, 2, count_running, arg, err) && job < 1000;
}

static void runs_may_nest(void **state)
{
	struct load l = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(parallel_run(4, 3, nested, &l, &err));
	assert_int_equal(l.calls, 12);
}

/* --- pool --- */

struct job {
	struct pool_job job;
	_Atomic int *order;
	int at;
};

static void note_order(struct pool_job *job)
{
	struct job *j = (struct job *)job;

	j->at = atomic_fetch_add(j->order, 1);
}

static void one_thread_runs_in_order(void **state)
{
	struct job jobs[100] = { 0 };
	_Atomic int order = 0;
	struct pool *pool;
	struct err err = { 0 };

	(void)state;
	assert_true(pool_open(&pool, 0, &err)); /* at least one */
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		jobs[i] = (struct job){ .job.run = note_order, .order = &order };
		pool_submit(pool, &jobs[i].job);
	}
	pool_wait(pool, &jobs[99].job);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		assert_int_equal(jobs[i].at, i);
	/* a job may be used again once it was waited for */
	for (int i = 0; i < 50; i++) {
		pool_submit(pool, &jobs[0].job);
		pool_wait(pool, &jobs[0].job);
	}
	assert_int_equal(order, 150);
	pool_close(pool);
}

static void closing_waits_for_everything(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct job jobs[40] = { 0 };
		_Atomic int order = 0;
		struct pool *pool;
		struct err err = { 0 };

		assert_true(pool_open(&pool, 3, &err));
		for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
			jobs[i] = (struct job){ .job.run = note_order, .order = &order };
			pool_submit(pool, &jobs[i].job);
		}
		pool_close(pool);
		assert_int_equal(order, 40);
	}
}

/* --- events from many threads --- */

struct ids {
	_Atomic uint64_t seen[4 * 250];
};

static bool take_ids(void *arg, size_t job, struct err *err)
{
	struct ids *ids = arg;

	(void)err;
	for (size_t i = 0; i < 250; i++)
		ids->seen[job * 250 + i] = event_start(NULL, "x");
	return true;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void task_ids_are_unique(void **state)
{
	struct ids ids = { 0 };
	uint64_t sorted[ARRAY_LEN(ids.seen)];
	struct err err = { 0 };

	(void)state;
	assert_true(parallel_run(4, 4, take_ids, &ids, &err));
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++)
		sorted[i] = ids.seen[i];
	qsort(sorted, ARRAY_LEN(sorted), sizeof(sorted[0]), by_number);
	assert_true(sorted[0] > 0);
	for (size_t i = 1; i < ARRAY_LEN(sorted); i++)
		assert_true(sorted[i] > sorted[i - 1]);
}

/* --- turns: one at a time by key, and others pass by --- */

struct crowd {
	struct turns turns;
	_Atomic int inside, most, made;
	bool done; /* guarded by the turn */
};

static bool go_in(void *arg, size_t job, struct err *err)
{
	struct crowd *c = arg;
	const char *key = job % 4 ? "one" : "another";
	int now, most;

	(void)err;
	turn_take(&c->turns, key);
	if (job % 4) {
		now = atomic_fetch_add(&c->inside, 1) + 1;
		most = atomic_load(&c->most);
		if (now > most)
			atomic_store(&c->most, now);
		if (!c->done) {
			clock_sleep_ms(5);
			c->made++;
		}
		c->done = true;
		atomic_fetch_sub(&c->inside, 1);
	}
	turn_drop(&c->turns, key);
	return true;
}

static void turns_are_taken_one_by_one(void **state)
{
	struct crowd c = { 0 };
	struct err err = { 0 };

	(void)state;
	turns_init(&c.turns);
	assert_true(parallel_run(64, 8, go_in, &c, &err));
	turns_free(&c.turns);
	assert_int_equal(c.most, 1);
	assert_int_equal(c.made, 1);
}

/* --- counters: of who asked, on whatever thread --- */

static bool count_one(void *arg, size_t job, struct err *err)
{
	(void)arg;
	(void)job;
	(void)err;
	counter_add(COUNTER_REQUESTS, 1);
	return true;
}

/* Two askers side by side, each with threads of its own. */
static bool count_for_one(void *arg, size_t job, struct err *err)
{
	struct counters *all = arg, *before = counters_used();
	bool ok;

	counters_use(&all[job]);
	ok = parallel_run(10 * (job + 1), 4, count_one, NULL, err);
	counters_use(before);
	return ok;
}

static void threads_count_for_who_started_them(void **state)
{
	struct counters of[2] = { 0 }, outer = { 0 };
	struct err err = { 0 };

	(void)state;
	counter_add(COUNTER_REQUESTS, 1); /* nobody asks */
	counters_use(&outer);
	assert_true(parallel_run(2, 2, count_for_one, of, &err));
	counter_add(COUNTER_RETRIES, 3);
	counters_use(NULL);
	assert_int_equal(counter_get(&of[0], COUNTER_REQUESTS), 10);
	assert_int_equal(counter_get(&of[1], COUNTER_REQUESTS), 20);
	assert_int_equal(counter_get(&outer, COUNTER_REQUESTS), 0);
	counters_add(&outer, &of[1]);
	assert_int_equal(counter_get(&outer, COUNTER_REQUESTS), 20);
	assert_int_equal(counter_get(&outer, COUNTER_RETRIES), 3);
}

/* Asked from threads while a signal handler asks for the end. */
static bool watch(void *arg, size_t job, struct err *err)
{
	(void)arg;
	if (job == 0) {
		clock_sleep_ms(20);
		kill(getpid(), SIGUSR1); /* raise would stay with a thread that blocks it */
		return true;
	}
	while (cancel_check(err))
		clock_sleep_ms(1);
	return false;
}

static void on_signal(int sig)
{
	(void)sig;
	cancel_request();
}

/* Last: what is cancelled stays so. */
static void cancelling_reaches_every_thread(void **state)
{
	struct err err = { 0 };

	(void)state;
	cancel_init();
	signal(SIGUSR1, on_signal);
	assert_false(parallel_run(4, 4, watch, NULL, &err));
	assert_int_equal(err.code, E_CANCELLED);
	assert_true(cancel_requested());
	assert_true(cancel_fd() >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(waiting_has_an_end),
		cmocka_unit_test(threads_take_no_signals),
		cmocka_unit_test(no_more_workers_than_asked_for),
		cmocka_unit_test(the_lowest_failure_counts),
		cmocka_unit_test(runs_may_nest),
		cmocka_unit_test(one_thread_runs_in_order),
		cmocka_unit_test(closing_waits_for_everything),
		cmocka_unit_test(task_ids_are_unique),
		cmocka_unit_test(turns_are_taken_one_by_one),
		cmocka_unit_test(threads_count_for_who_started_them),
		cmocka_unit_test(cancelling_reaches_every_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
