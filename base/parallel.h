// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <pthread.h> /* the only include of it */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Call fn(arg, job, err) once for each job in 0..jobs-1, on at most `workers`
 * threads (one of them the caller's). The failure of the lowest-numbered failed job is kept in
 * `err`, later jobs are not started, running ones are waited for. Jobs write only to their own
 * results.
 */
typedef bool parallel_fn(void *arg, size_t job, struct err *err);
MUST_CHECK bool parallel_run(size_t jobs, size_t workers, parallel_fn *fn, void *arg,
			     struct err *err);

size_t parallel_cpus(void); /* usable ones, at least 1 */

/* Mutex, condition and thread by our names; none of them can fail. */
struct lock {
	pthread_mutex_t mutex;
};
/* clang-format off */
#define LOCK_INIT { .mutex = PTHREAD_MUTEX_INITIALIZER }
/* clang-format on */
void lock_init(struct lock *l);
void lock_free(struct lock *l);
void lock_take(struct lock *l);
void lock_drop(struct lock *l);

struct cond {
	pthread_cond_t cond;
};
void cond_init(struct cond *c);
void cond_free(struct cond *c);
void cond_wait(struct cond *c, struct lock *l);
/* False when `ms` passed first (monotonic clock). */
bool cond_wait_ms(struct cond *c, struct lock *l, int ms);
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

/* A thread with all signals blocked, so that they reach the main one; it counts where its maker
 * does (base/counters.h). */
struct thread;
typedef void thread_fn(void *arg);
MUST_CHECK bool thread_start(struct thread **out, thread_fn *fn, void *arg, struct err *err);
void thread_join(struct thread *t); /* and free */

/*
 * A pool of threads that run small jobs, for pipelines that keep an order:
 * submit job k, later wait for job k. Ready jobs run in order of submission.
 */
struct pool;
struct pool_job {
	void (*run)(struct pool_job *job); /* on a pool thread */
	struct pool_job *next;             /* the pool's */
	bool done;                         /* the pool's */
};
MUST_CHECK bool pool_open(struct pool **out, size_t threads, struct err *err);
void pool_submit(struct pool *p, struct pool_job *job);
void pool_wait(struct pool *p, struct pool_job *job);
void pool_close(struct pool *p); /* waits for what was submitted; NULL is fine */

#endif
