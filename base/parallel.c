// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/counters.h"
#include "base/mem.h"

/* The only place that makes threads. */

size_t parallel_cpus(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return (size_t)CPU_COUNT(&set);
}

static void must(int error)
{
	if (error)
		abort(); /* only misuse can fail here */
}

void lock_init(struct lock *l)
{
	must(pthread_mutex_init(&l->mutex, NULL));
}

void lock_free(struct lock *l)
{
	must(pthread_mutex_destroy(&l->mutex));
}

void lock_take(struct lock *l)
{
	must(pthread_mutex_lock(&l->mutex));
}

void lock_drop(struct lock *l)
{
	must(pthread_mutex_unlock(&l->mutex));
}

void cond_init(struct cond *c)
{
	pthread_condattr_t attr;

	must(pthread_condattr_init(&attr));
	must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	must(pthread_cond_init(&c->cond, &attr));
	must(pthread_condattr_destroy(&attr));
}

void cond_free(struct cond *c)
{
	must(pthread_cond_destroy(&c->cond));
}

void cond_wait(struct cond *c, struct lock *l)
{
	must(pthread_cond_wait(&c->cond, &l->mutex));
}

bool cond_wait_ms(struct cond *c, struct lock *l, int ms)
{
	struct timespec until;
	int error;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	error = pthread_cond_timedwait(&c->cond, &l->mutex, &until);
	if (error != ETIMEDOUT)
		must(error);
	return error == 0;
}

void cond_signal(struct cond *c)
{
	must(pthread_cond_signal(&c->cond));
}

void cond_broadcast(struct cond *c)
{
	must(pthread_cond_broadcast(&c->cond));
}

struct thread {
	pthread_t id;
	thread_fn *fn;
	void *arg;
	struct counters *counters; /* of who started it */
};

static void *thread_main(void *arg)
{
	struct thread *t = arg;

	counters_use(t->counters);
	t->fn(t->arg);
	return NULL;
}

bool thread_start(struct thread **out, thread_fn *fn, void *arg, struct err *err)
{
	struct thread *t = mem_alloc(sizeof(*t));
	sigset_t all, old;
	int error;

	t->fn = fn;
	t->arg = arg;
	t->counters = counters_used();
	sigfillset(&all);
	must(pthread_sigmask(SIG_SETMASK, &all, &old));
	error = pthread_create(&t->id, NULL, thread_main, t);
	must(pthread_sigmask(SIG_SETMASK, &old, NULL));
	if (error) {
		free(t);
		errno = error;
		return err_set_errno(err, "start a thread");
	}
	*out = t;
	return true;
}

void thread_join(struct thread *t)
{
	must(pthread_join(t->id, NULL));
	free(t);
}

/* What the workers of one parallel_run share. */
struct run {
	struct lock lock;
	size_t jobs, next;
	bool failed;
	size_t failed_job;
	struct err *err;
	parallel_fn *fn;
	void *arg;
};

static bool next_job(struct run *r, size_t *job)
{
	bool more;

	lock_take(&r->lock);
	more = !r->failed && r->next < r->jobs;
	if (more)
		*job = r->next++;
	lock_drop(&r->lock);
	return more;
}

static void work(void *arg)
{
	struct run *r = arg;
	size_t job;

	while (next_job(r, &job)) {
		struct err err = { 0 };

		if (r->fn(r->arg, job, &err))
			continue;
		lock_take(&r->lock);
		if (!r->failed || job < r->failed_job) {
			r->failed = true;
			r->failed_job = job;
			*r->err = err;
		}
		lock_drop(&r->lock);
	}
}

bool parallel_run(size_t jobs, size_t workers, parallel_fn *fn, void *arg, struct err *err)
{
	struct run run = { .jobs = jobs, .err = err, .fn = fn, .arg = arg };
	size_t extra = (workers < jobs ? workers : jobs);
	AUTO(auto_free) struct thread **threads = mem_alloc((extra + 1) * sizeof(*threads));
	size_t started = 0;

	lock_init(&run.lock);
	while (started + 1 < extra) {
		struct err ignored = { 0 };

		/* Fewer threads than asked for is slower, not wrong. */
		if (!thread_start(&threads[started], work, &run, &ignored))
			break;
		started++;
	}
	work(&run);
	for (size_t i = 0; i < started; i++)
		thread_join(threads[i]);
	lock_free(&run.lock);
	return !run.failed;
}

struct pool {
	struct lock lock;
	struct cond ready, finished;
	struct pool_job *head, **tail;
	bool closing;
	struct thread **threads;
	size_t count;
};

static void pool_main(void *arg)
{
	struct pool *p = arg;

	lock_take(&p->lock);
	for (;;) {
		struct pool_job *job = p->head;

		if (!job && p->closing)
			break;
		if (!job) {
			cond_wait(&p->ready, &p->lock);
			continue;
		}
		p->head = job->next;
		if (!p->head)
			p->tail = &p->head;
		lock_drop(&p->lock);
		job->run(job);
		lock_take(&p->lock);
		job->done = true;
		cond_broadcast(&p->finished);
	}
	lock_drop(&p->lock);
}

bool pool_open(struct pool **out, size_t threads, struct err *err)
{
	struct pool *p = mem_alloc(sizeof(*p));

	lock_init(&p->lock);
	cond_init(&p->ready);
	cond_init(&p->finished);
	p->tail = &p->head;
	p->threads = mem_alloc((threads ? threads : 1) * sizeof(struct thread *));
	do {
		if (!thread_start(&p->threads[p->count], pool_main, p, err))
			break;
		p->count++;
	} while (p->count < threads);
	if (!p->count) {
		pool_close(p);
		return false;
	}
	err_clear(err); /* fewer threads than asked for is slower, not wrong */
	*out = p;
	return true;
}

void pool_submit(struct pool *p, struct pool_job *job)
{
	job->next = NULL;
	job->done = false;
	lock_take(&p->lock);
	*p->tail = job;
	p->tail = &job->next;
	cond_signal(&p->ready);
	lock_drop(&p->lock);
}

void pool_wait(struct pool *p, struct pool_job *job)
{
	lock_take(&p->lock);
	while (!job->done)
		cond_wait(&p->finished, &p->lock);
	lock_drop(&p->lock);
}

void pool_close(struct pool *p)
{
	if (!p)
		return;
	lock_take(&p->lock);
	p->closing = true;
	cond_broadcast(&p->ready);
	lock_drop(&p->lock);
	for (size_t i = 0; i < p->count; i++)
		thread_join(p->threads[i]);
	lock_free(&p->lock);
	cond_free(&p->ready);
	cond_free(&p->finished);
	free(p->threads);
	free(p);
}
