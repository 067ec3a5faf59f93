// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
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
#include "base/mem.h"
#include "base/parallel.h"
#include "base/proc.h"
#include "base/sink.h"

/* What moves: bytes, threads, children, events. */

static void verify_sink(void **state)
{
	unsigned char hash[SHA256_SIZE], other[SHA256_SIZE];
	const struct {
		const char *first, *second;
		uint64_t size;
		const unsigned char *hash;
		bool write_ok, finish_ok;
	} cases[] = {
		{ "ab", "c", 3, hash, true, true },
		{ "ab", "c", UINT64_MAX, hash, true, true },
		{ "ab", "c", 3, NULL, true, true },
		{ "ab", "", 3, hash, true, false },
		{ "ab", "cd", 3, hash, false, false },
		{ "ab", "c", 3, other, true, false },
		{ "ab", "c", UINT64_MAX, NULL, true, true },
		{ "ab", "x", 3, hash, true, false },
	};

	(void)state;
	sha256_of(hash, "abc", 3);
	sha256_of(other, "other", 5);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf got = BUF_INIT(100);
		struct sink_buf to = sink_buf(&got);
		struct sink_verify v;
		struct err err = { 0 };
		bool ok;

		sink_verify_init(&v, &to.sink, cases[i].size, cases[i].hash, "blob x");
		ok = sink_write(&v.sink, cases[i].first, strlen(cases[i].first), &err) &&
		     sink_write(&v.sink, cases[i].second, strlen(cases[i].second), &err);
		assert_int_equal(ok, cases[i].write_ok);
		if (ok)
			assert_int_equal(sink_finish(&v.sink, &err), cases[i].finish_ok);
		if (!cases[i].finish_ok) {
			assert_int_equal(err.code, E_INTEGRITY);
			assert_non_null(strstr(err.msg, "blob x"));
		}
		sink_verify_free(&v);
		buf_free(&got);
	}
}

static void tee_hash_and_copy(void **state)
{
	struct buf a = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20);
	struct sink_buf to_a = sink_buf(&a), to_b = sink_buf(&b);
	struct sink_tee tee = sink_tee(&to_a.sink, &to_b.sink);
	struct sink_hash hash;
	size_t len = 500000;
	char *data = mem_alloc(len);
	struct source *from = source_mem_take(data, len);
	unsigned char want[SHA256_SIZE];
	struct err err = { 0 };
	uint64_t copied;

	(void)state;
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 7);
	sha256_of(want, data, len);
	sink_hash_init(&hash, &tee.sink);
	assert_true(source_copy(from, &hash.sink, &copied, &err));
	assert_true(sink_finish(&hash.sink, &err));
	assert_int_equal(copied, len);
	assert_int_equal(hash.size, len);
	assert_memory_equal(hash.hash, want, sizeof(want));
	assert_int_equal(a.len, len);
	assert_memory_equal(b.ptr, data, len);
	assert_true(from->rewind(from, &err));
	buf_clear(&a);
	assert_true(source_copy(from, &to_a.sink, NULL, &err));
	assert_int_equal(a.len, len);
	source_close(from);
	buf_free(&a);
	buf_free(&b);
}

static bool square(void *arg, size_t job, struct err *err)
{
	size_t *results = arg;

	(void)err;
	results[job] = job * job;
	return true;
}

static bool fail_from_30(void *arg, size_t job, struct err *err)
{
	_Atomic size_t *count = arg;

	atomic_fetch_add(count, 1);
	return job < 30 || err_set(err, E_IO, "job %zu", job);
}

static void parallel_jobs(void **state)
{
	size_t results[1000] = { 0 };
	_Atomic size_t count = 0;
	struct err err = { 0 };

	(void)state;
	for (size_t workers = 0; workers < 5; workers++) {
		memset(results, 0, sizeof(results));
		assert_true(parallel_run(1000, workers, square, results, &err));
		for (size_t i = 0; i < 1000; i++)
			assert_int_equal(results[i], i * i);
	}
	assert_true(parallel_run(0, 4, square, results, &err));
	assert_false(parallel_run(1000, 4, fail_from_30, &count, &err));
	assert_string_equal(err.msg, "job 30"); /* the lowest one that failed */
	assert_true(count < 40);                /* later ones were not started */
	assert_true(parallel_cpus() >= 1);
}

struct job {
	struct pool_job job;
	size_t in, out;
};

static void run_job(struct pool_job *job)
{
	struct job *j = (struct job *)job;

	j->out = j->in + 1;
}

static void pool_results_in_order(void **state)
{
	struct job jobs[200] = { 0 };
	struct pool *pool;
	struct err err = { 0 };

	(void)state;
	assert_true(pool_open(&pool, 3, &err));
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		jobs[i].in = i;
		jobs[i].job.run = run_job;
		pool_submit(pool, &jobs[i].job);
	}
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		pool_wait(pool, &jobs[i].job);
		assert_int_equal(jobs[i].out, i + 1);
	}
	pool_submit(pool, &jobs[0].job);
	pool_close(pool); /* waits for what was submitted */
	pool_close(NULL);
}

static bool capture(int *status, struct buf *out, const char *script, const char *input,
		    int timeout_ms, struct err *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct proc_spec spec = { .argv = argv };
	struct slice text = slice_of(input);

	return proc_capture(status, out, NULL, &spec, input ? &text : NULL, timeout_ms, err);
}

static void children(void **state)
{
	char *big = mem_alloc(1 << 20);
	struct buf out = BUF_INIT(2 << 20);
	struct err err = { 0 };
	int status;

	(void)state;
	assert_true(capture(&status, &out, "cat; exit 7", "hello", 0, &err));
	assert_int_equal(status, 7);
	assert_string_equal(out.ptr, "hello");
	buf_clear(&out);
	assert_true(capture(&status, &out, "kill -9 $$", NULL, 0, &err));
	assert_int_equal(status, 128 + 9);
	memset(big, 'x', (1 << 20) - 1);
	assert_true(capture(&status, &out, "cat", big, 0,
			    &err)); /* more than a pipe holds, both ways */
	assert_int_equal(out.len, (1 << 20) - 1);
	buf_clear(&out);
	assert_true(
		capture(&status, &out, "exit 0", big, 0, &err)); /* who does not read is no error */
	assert_int_equal(status, 0);
	assert_true(capture(&status, &out, "ls /proc/self/fd | wc -l", NULL, 0, &err));
	assert_string_equal(out.ptr, "4\n"); /* 0, 1, 2 and ls's own */
	assert_false(capture(&status, &out, "exec sleep 1000", NULL, 100, &err));
	assert_int_equal(err.code, E_IO);
	free(big);
	buf_free(&out);
}

static void child_limits_and_absence(void **state)
{
	const char *const none[] = { "no-such-program-anywhere", NULL };
	struct proc_spec spec = { .argv = none };
	struct buf out = BUF_INIT(10);
	struct err err = { 0 };
	int status;
	char *sh = proc_find("sh");

	(void)state;
	assert_false(proc_capture(&status, &out, NULL, &spec, NULL, 0, &err));
	assert_int_equal(err.code, E_NOT_FOUND);
	assert_non_null(strstr(err.msg, "no-such-program-anywhere"));
	err_clear(&err);
	assert_false(capture(&status, &out, "echo 12345678901", NULL, 0, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_non_null(sh);
	assert_int_equal(sh[0], '/');
	assert_null(proc_find("no-such-program-anywhere"));
	free(sh);
	buf_free(&out);
}

struct recorder {
	struct events events;
	struct buf text;
};

static void record(struct events *self, const struct event *e)
{
	struct recorder *r = (struct recorder *)self;

	buf_putf(&r->text, "%d:%s;", (int)e->kind, e->text ? e->text : "");
}

static void events_reach_their_receiver(void **state)
{
	struct recorder r = { .events = { .emit = record }, .text = BUF_INIT(1000) };
	uint64_t a = event_start(&r.events, "pull %s", "x"), b = event_start(NULL, "silent");

	(void)state;
	assert_true(a && b && a != b);
	event_progress(&r.events, a, 1, 2);
	event_done(&r.events, a, NULL);
	event_warn(&r.events, "%d%%", 5);
	event_note(NULL, "nobody listens");
	assert_string_equal(r.text.ptr, "0:pull x;1:;3:;7:5%;");
	buf_free(&r.text);
}

static void clocks(void **state)
{
	static const struct {
		const char *text;
		bool ok, has;
		int64_t want;
	} cases[] = {
		{ NULL, true, false, 0 },
		{ "", true, false, 0 },
		{ "0", true, true, 0 },
		{ "1700000000", true, true, 1700000000 },
		{ "253402300799", true, true, 253402300799 },
		{ "253402300800", false, false, 0 },
		{ "-1", false, false, 0 },
		{ "today", false, false, 0 },
	};

	(void)state;
	assert_string_equal(clock_format(CLOCK_EPOCH_1980).text, "1980-01-01T00:00:00Z");
	assert_string_equal(clock_format(0).text, "1970-01-01T00:00:00Z");
	assert_true(clock_wall() > 1700000000);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		int64_t out = 0;
		bool has;

		if (cases[i].text)
			setenv("SOURCE_DATE_EPOCH", cases[i].text, 1);
		else
			unsetenv("SOURCE_DATE_EPOCH");
		assert_int_equal(clock_source_date_epoch(&out, &has, &err), cases[i].ok);
		assert_int_equal(has, cases[i].has);
		assert_int_equal(out, cases[i].want);
		assert_int_equal(err.code, cases[i].ok ? E_NONE : E_USAGE);
	}
	unsetenv("SOURCE_DATE_EPOCH");
}

/* Last: what is cancelled stays so. */
static void interruption_is_noticed(void **state)
{
	struct err err = { 0 };
	struct source *from = source_mem("x", 1);
	struct buf out = BUF_INIT(10);
	struct sink_buf to = sink_buf(&out);
	uint64_t before;

	(void)state;
	cancel_init();
	assert_true(cancel_check(&err));
	cancel_request();
	assert_false(cancel_check(&err));
	assert_int_equal(err.code, E_CANCELLED);
	assert_false(source_copy(from, &to.sink, NULL, &err));
	before = clock_monotonic_ms();
	clock_sleep_ms(600000); /* ends at once */
	assert_true(clock_monotonic_ms() - before < 300000);
	source_close(from);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verify_sink),
		cmocka_unit_test(tee_hash_and_copy),
		cmocka_unit_test(parallel_jobs),
		cmocka_unit_test(pool_results_in_order),
		cmocka_unit_test(children),
		cmocka_unit_test(child_limits_and_absence),
		cmocka_unit_test(events_reach_their_receiver),
		cmocka_unit_test(clocks),
		cmocka_unit_test(interruption_is_noticed),
	};

	signal(SIGPIPE, SIG_IGN); /* as main does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
