// SPDX-License-Identifier: Apache-2.0
#include "sandbox/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/request.h"

static void pair_open(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static void values(void **state)
{
	static const char *const list[] = { "", "a", "\xff not utf-8 \n", NULL };
	struct message w = MESSAGE_INIT, in = MESSAGE_INIT;
	const char *text;
	const char **items;
	struct err err = { 0 }, told = { 0 };
	uint64_t number;
	int pair[2];
	bool more;
	(void)state;

	err_set(&told, E_AUTH, "denied");
	err_hint(&told, "log in");
	message_put_number(&w, UINT64_MAX);
	message_put_text(&w, "text");
	message_put_text(&w, NULL);
	message_put_text(&w, "");
	message_put_list(&w, list);
	message_put_list(&w, NULL);
	message_put_err(&w, &told);
	pair_open(pair);
	assert_true(message_send(pair[0], &w, NULL, 0, &err));
	assert_true(message_receive(&in, &more, pair[1], &err));
	assert_true(more);
	assert_true(message_number(&number, &in, UINT64_MAX, &err));
	assert_true(number == UINT64_MAX);
	assert_true(message_text(&text, &in, &err));
	assert_string_equal(text, "text");
	assert_true(message_text_or_null(&text, &in, &err));
	assert_null(text);
	assert_true(message_text_or_null(&text, &in, &err));
	assert_string_equal(text, "");
	assert_true(message_list(&items, &in, &err));
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(items[i], list[i]);
	assert_null(items[3]);
	free(items);
	assert_true(message_list(&items, &in, &err));
	assert_null(items[0]);
	free(items);
	memset(&told, 0, sizeof(told));
	assert_true(message_err(&told, &in, &err));
	assert_int_equal(told.code, E_AUTH);
	assert_string_equal(told.msg, "denied");
	assert_string_equal(told.hint, "log in");
	assert_false(message_number(&number, &in, 1, &err)); /* nothing is left */
	assert_int_equal(err.code, E_INTEGRITY);
	message_free(&w);
	message_free(&in);
	close(pair[0]);
	close(pair[1]);
}

/* Every truncation of a request is refused, none is read past its end. */
static void truncated(void **state)
{
	static const char *const argv[] = { "sh", "-c", "true", NULL };
	static const struct sandbox_layer layers[] = { { .diff_id.bytes = { 1 } },
						       { .diff_id.bytes = { 2 } } };
	static const struct sandbox_limit limits[] = { { 3, 1, 2 }, { 7, 0, UINT64_MAX } };
	struct sandbox_mount mount = { .kind = SANDBOX_CACHE,
				       .source = "/a",
				       .target = "/b",
				       .read_only = true,
				       .layers = layers,
				       .layer_count = 1,
				       .name = "n",
				       .sharing = SHARING_LOCKED,
				       .size = 7,
				       .mode = 0700,
				       .uid = 1,
				       .gid = 2,
				       .data = "\0\1",
				       .len = 2 };
	const struct request r = { .op = REQUEST_RUN,
				   .store = "/s",
				   .layers = layers,
				   .layer_count = 2,
				   .argv = argv,
				   .env = argv,
				   .cwd = "/",
				   .user = "",
				   .hostname = "h",
				   .hosts = "::1\tx\n",
				   .shm_size = 5,
				   .limits = limits,
				   .limit_count = 2,
				   .mounts = &mount,
				   .mount_count = 1 };
	struct message w = MESSAGE_INIT;
	struct request out;
	struct err err = { 0 };
	size_t whole;
	(void)state;

	request_encode(&w, &r);
	assert_true(request_decode(&out, &w, &err));
	assert_string_equal(out.argv[2], "true");
	assert_string_equal(out.mounts[0].target, "/b");
	assert_string_equal(out.hosts, "::1\tx\n");
	assert_int_equal(out.shm_size, 5);
	assert_int_equal(out.limit_count, 2);
	assert_int_equal(out.limits[1].resource, 7);
	assert_true(out.limits[1].hard == UINT64_MAX);
	assert_true(out.mounts[0].read_only);
	assert_int_equal(out.layer_count, 2);
	assert_memory_equal(&out.layers[1].diff_id, &layers[1].diff_id, sizeof(struct digest));
	assert_int_equal(out.mounts[0].layer_count, 1);
	assert_string_equal(out.mounts[0].name, "n");
	assert_int_equal(out.mounts[0].sharing, SHARING_LOCKED);
	assert_int_equal(out.mounts[0].size, 7);
	assert_int_equal(out.mounts[0].mode, 0700);
	assert_int_equal(out.mounts[0].gid, 2);
	assert_int_equal(out.mounts[0].len, 2);
	assert_memory_equal(out.mounts[0].data, "\0\1", 2);
	request_free(&out);
	whole = w.body.len;
	for (size_t len = 0; len < whole; len++) {
		struct message cut = MESSAGE_INIT;

		buf_put_bytes(&cut.body, w.body.ptr, len);
		memset(&err, 0, sizeof(err));
		assert_false(request_decode(&out, &cut, &err));
		assert_int_equal(err.code, E_INTEGRITY);
		request_free(&out);
		message_free(&cut);
	}
	message_free(&w);
}

static void bad_lengths(void **state)
{
	struct message w = MESSAGE_INIT;
	struct err err = { 0 };
	const char *text;
	const char **items;
	(void)state;

	message_put_number(&w, UINT64_MAX); /* a text that long */
	message_put_number(&w, 0);
	assert_false(message_text(&text, &w, &err));
	w.at = 0;
	assert_false(message_list(&items, &w, &err));
	message_free(&w);

	w = (struct message)MESSAGE_INIT;
	message_put_number(&w, 3);
	buf_put_bytes(&w.body, "a\0b", 3); /* ends before its end */
	assert_false(message_text(&text, &w, &err));
	message_free(&w);

	w = (struct message)MESSAGE_INIT;
	message_put_number(&w, 3);
	buf_put_bytes(&w.body, "abc", 3); /* does not end */
	assert_false(message_text(&text, &w, &err));
	message_free(&w);
}

static void descriptors(void **state)
{
	struct message w = MESSAGE_INIT, in = MESSAGE_INIT;
	struct err err = { 0 };
	struct stat a, b;
	int pair[2], null = open("/dev/null", O_RDWR | O_CLOEXEC), taken;
	bool more;
	(void)state;

	pair_open(pair);
	assert_true(message_send(pair[0], &w, (int[]){ null, pair[0] }, 2, &err));
	assert_true(message_receive(&in, &more, pair[1], &err));
	assert_int_equal(in.fd_count, 2);
	taken = message_take_fd(&in, 0);
	assert_int_equal(fstat(taken, &a), 0);
	assert_int_equal(fstat(null, &b), 0);
	assert_true(a.st_rdev == b.st_rdev);
	assert_int_equal(fcntl(taken, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(message_take_fd(&in, 0), -1);
	assert_int_equal(message_take_fd(&in, 5), -1);
	close(taken);
	message_free(&in);
	message_free(&w);
	close(null);
	close(pair[0]);
	close(pair[1]);
}

static void the_end(void **state)
{
	struct message w = MESSAGE_INIT, in = MESSAGE_INIT;
	struct err err = { 0 };
	int pair[2];
	bool more = true;
	(void)state;

	pair_open(pair);
	close(pair[0]);
	assert_true(message_receive(&in, &more, pair[1], &err));
	assert_false(more);
	assert_false(message_send(pair[1], &w, NULL, 0, &err));
	assert_int_equal(err.code, E_IO);
	assert_string_equal(err.msg, "the sandbox helper is gone");
	close(pair[1]);

	/* Bytes without a body are no message. */
	memset(&err, 0, sizeof(err));
	pair_open(pair);
	assert_int_equal(send(pair[0], "x", 1, 0), 1);
	assert_false(message_receive(&in, &more, pair[1], &err));
	assert_int_equal(err.code, E_INTEGRITY);
	close(pair[0]);
	close(pair[1]);
	message_free(&w);
	message_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),      cmocka_unit_test(truncated),
		cmocka_unit_test(bad_lengths), cmocka_unit_test(descriptors),
		cmocka_unit_test(the_end),
	};

	return cmocka_run_group_tests_name("sandbox/message", tests, NULL, NULL);
}
