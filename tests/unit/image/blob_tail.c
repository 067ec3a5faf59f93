// SPDX-License-Identifier: Apache-2.0
#include "image/blob_tail.h"

#include "fixture.h"

#include "base/parallel.h"

/* image/blob_tail.c: a blob read while it is written */

enum { LEAST = 4 };

/* Keeps what it was told of. */
struct listener {
	struct blob_follower follower;
	struct blob_tail *tail;
	int told;
};

static void listen(struct blob_follower *self, struct blob_tail *tail)
{
	struct listener *l = (struct listener *)self;

	l->tail = tail;
	l->told++;
}

static struct listener listener(void)
{
	return (struct listener){ .follower = { .least = LEAST, .follow = listen } };
}

static struct blob_writer *open_followed(struct fixture *f, struct listener *l)
{
	struct blob_writer *w;

	fixture_open(f);
	MUST(store_blob_writer(&w, f->store, err));
	blob_writer_follow(w, &l->follower);
	return w;
}

static void write_text(struct blob_writer *w, const char *text)
{
	MUST(sink_write(blob_writer_sink(w), text, strlen(text), err));
}

static struct digest commit(struct blob_writer *w)
{
	struct digest digest;
	int64_t size;

	MUST(blob_writer_commit(&digest, &size, w, NULL, -1, err));
	return digest;
}

static void assert_reads(struct source *from, const char *want)
{
	char got[64];
	size_t len;

	MUST(source_read(from, got, sizeof(got), &len, err));
	assert_int_equal(len, strlen(want));
	assert_memory_equal(got, want, len);
}

static void small_blobs_are_nobodys_business(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	struct listener l = listener();
	struct blob_writer *w = open_followed(&f, &l);

	(void)state;
	write_text(w, "abcd");
	commit(w);
	blob_writer_close(w);
	assert_int_equal(l.told, 0);
}

static void read_as_it_grows(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	struct listener l = listener();
	struct blob_writer *w = open_followed(&f, &l);
	struct source *from;
	struct digest d, got;
	uint64_t size;

	(void)state;
	write_text(w, "abc");
	write_text(w, "de");
	assert_int_equal(l.told, 1);
	assert_int_equal(blob_tail_wait(&size, l.tail, 5), BLOB_TAIL_GROWS);
	assert_int_equal(size, 5);
	from = blob_tail_open(l.tail);
	assert_reads(from, "abcde");
	assert_reads(from, "");
	write_text(w, "fg");
	assert_reads(from, "fg");
	assert_false(blob_tail_digest(&got, l.tail));
	d = commit(w);
	blob_writer_close(w);
	assert_int_equal(l.told, 1);
	/* the writer is gone, its bytes are not */
	assert_int_equal(blob_tail_wait(&size, l.tail, 100), BLOB_TAIL_WHOLE);
	assert_int_equal(size, 7);
	assert_true(blob_tail_digest(&got, l.tail));
	assert_true(digest_eq(&got, &d));
	MUST(from->rewind(from, err));
	assert_reads(from, "abcdefg");
	source_close(from);
	blob_tail_close(l.tail);
}

static void ends_with_a_writer_that_gives_up(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	struct listener l = listener();
	struct blob_writer *w = open_followed(&f, &l);
	struct source *from;
	struct digest got;
	uint64_t size;
	char byte;
	size_t len;

	(void)state;
	write_text(w, "abcde");
	from = blob_tail_open(l.tail);
	blob_writer_close(w);
	assert_int_equal(blob_tail_wait(&size, l.tail, 100), BLOB_TAIL_GONE);
	assert_false(blob_tail_digest(&got, l.tail));
	MUST_FAIL(source_read(from, &byte, 1, &len, err), E_CANCELLED, "not written any more");
	source_close(from);
	blob_tail_close(l.tail);
}

static void stop(void *arg)
{
	blob_tail_stop(arg);
}

static void stopped_while_it_waits(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	struct listener l = listener();
	struct blob_writer *w = open_followed(&f, &l);
	struct thread *thread;
	uint64_t size;

	(void)state;
	write_text(w, "abcde");
	MUST(thread_start(&thread, stop, l.tail, err));
	assert_int_equal(blob_tail_wait(&size, l.tail, 100), BLOB_TAIL_GONE);
	thread_join(thread);
	blob_tail_close(l.tail);
	write_text(w, "fg"); /* the writer goes on */
	commit(w);
	blob_writer_close(w);
}

struct reader {
	struct blob_tail *tail;
	enum blob_tail_state state;
	uint64_t size;
	struct lock lock;
	struct cond woken;
	bool at_six;
};

static void read_along(void *arg)
{
	struct reader *r = arg;

	r->state = blob_tail_wait(&r->size, r->tail, 6);
	lock_take(&r->lock);
	r->at_six = true;
	cond_signal(&r->woken);
	lock_drop(&r->lock);
	r->state = blob_tail_wait(&r->size, r->tail, UINT64_MAX);
}

static void wakes_a_waiting_reader(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	struct listener l = listener();
	struct blob_writer *w = open_followed(&f, &l);
	struct reader r = { 0 };
	struct thread *thread;

	(void)state;
	lock_init(&r.lock);
	cond_init(&r.woken);
	write_text(w, "abcde");
	r.tail = l.tail;
	MUST(thread_start(&thread, read_along, &r, err));
	write_text(w, "f");
	lock_take(&r.lock);
	while (!r.at_six)
		cond_wait(&r.woken, &r.lock);
	lock_drop(&r.lock);
	commit(w);
	blob_writer_close(w);
	thread_join(thread);
	assert_int_equal(r.state, BLOB_TAIL_WHOLE);
	assert_int_equal(r.size, 6);
	blob_tail_close(l.tail);
	cond_free(&r.woken);
	lock_free(&r.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_blobs_are_nobodys_business),
		cmocka_unit_test(read_as_it_grows),
		cmocka_unit_test(ends_with_a_writer_that_gives_up),
		cmocka_unit_test(stopped_while_it_waits),
		cmocka_unit_test(wakes_a_waiting_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
