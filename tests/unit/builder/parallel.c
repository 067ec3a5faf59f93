// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include "builder/flight.h"
#include "builder/foreign.h"
#include "tests/unit/builder/world.h"

/* Stages side by side: the same image whatever the timing, work in common done once, one failure
 * shown. Run under ThreadSanitizer these are what finds a race. */

/* Counts how steps ended. Called from any thread. */
struct watcher {
	struct events events;
	_Atomic int cached, done, failed;
};

static void watch(struct events *self, const struct event *event)
{
	struct watcher *w = (struct watcher *)self;

	if (event->kind == EVENT_DONE)
		(*(event->text && str_eq(event->text, "cached") ? &w->cached : &w->done))++;
	if (event->kind == EVENT_FAILED)
		w->failed++;
}

static void put_files(struct world *w)
{
	for (int i = 0; i < 60; i++) {
		AUTO(auto_free) char *name = mem_printf("src/d%d/f%d", i % 7, i);
		AUTO(auto_free) char *text = mem_printf("%d %0*d", i, i * 300, i);

		put(w, name, text);
	}
}

/* Stages that share a context, copy from each other and from a common one. */
#define DIAMOND                                                   \
	"FROM scratch AS common\nCOPY src /c\n"                   \
	"FROM common AS a\nCOPY src/d1 /a\n"                      \
	"FROM common AS b\nCOPY src/d2 /b\nCOPY --from=a /a /a\n" \
	"FROM scratch AS c\nCOPY --from=a / /x\n"                 \
	"FROM scratch AS d\nCOPY --from=b / /x\n"                 \
	"FROM scratch AS e\nCOPY src /c\n"                        \
	"FROM scratch\nCOPY --from=c / /1\nCOPY --from=d / /2\nCOPY --from=e / /3\n"

static void the_same_whatever_the_timing(void **state)
{
	char first[DIGEST_TEXT_MAX] = "";
	(void)state;

	for (int i = 0; i < 4; i++) {
		AUTO(world_close) struct world w;
		AUTO(image_free) struct image img = { 0 };

		world_open(&w);
		put_files(&w);
		build(&img, &w, DIAMOND);
		if (i)
			assert_string_equal(digest_format(&img.manifest.digest).text, first);
		snprintf(first, sizeof(first), "%s", digest_format(&img.manifest.digest).text);
	}
}

static void common_work_is_done_once(void **state)
{
	struct watcher watcher = { .events.emit = watch };
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	(void)state;

	world_open(&w);
	put_files(&w);
	w.env.events = &watcher.events;
	w.req.no_cache = true; /* what this very build made counts all the same */
	build(&img, &w,
	      "FROM scratch AS a\nCOPY src /s\nFROM scratch AS b\nCOPY src /s\n"
	      "FROM scratch AS c\nCOPY src /s\n"
	      "FROM scratch\nCOPY --from=a / /a\nCOPY --from=b / /b\nCOPY --from=c / /c\n");
	assert_int_equal(watcher.cached, 2);
}

static void several_platforms_share(void **state)
{
	struct watcher watcher = { .events.emit = watch };
	AUTO(world_close) struct world w;
	struct platform platforms[3];
	struct image images[3] = { 0 };
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	put_files(&w);
	w.env.events = &watcher.events;
	assert_true(platform_parse(&platforms[0], "linux/arm64", &err));
	assert_true(platform_parse(&platforms[1], "linux/amd64", &err));
	assert_true(platform_parse(&platforms[2], "linux/arm/v6", &err));
	w.req.dockerfile = "FROM --platform=$BUILDPLATFORM scratch AS tools\nCOPY src /t\n"
			   "FROM scratch\nARG TARGETPLATFORM\nLABEL for=$TARGETPLATFORM\n"
			   "COPY --from=tools /t/d1 /t\nCOPY src/d3 /$TARGETPLATFORM/\n";
	w.req.dockerfile_len = strlen(w.req.dockerfile);
	if (!build_images(images, &w.env, &w.req, platforms, 3, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(watcher.cached, 4); /* two of three tools stages, two of three copies */
	for (size_t i = 0; i < 3; i++) {
		struct platform p = image_platform(&images[i]);
		const char *label = config_label(&images[i].config, "for");

		assert_string_equal(platform_format(&p).text, platform_format(&platforms[i]).text);
		assert_string_equal(label, platform_format(&platforms[i]).text);
		assert_true(digest_eq(&images[i].manifest.layers[0].digest,
				      &images[0].manifest.layers[0].digest));
	}
	for (size_t i = 0; i < 3; i++)
		image_free(&images[i]);
}

static void the_failure_itself_is_shown(void **state)
{
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	put_files(&w);
	for (int i = 0; i < 8; i++) {
		fails(&w,
		      "FROM scratch AS a\nCOPY src /a\n"
		      "FROM scratch AS b\nCOPY missing /b\n"
		      "FROM scratch AS c\nCOPY src /c\n"
		      "FROM scratch\nCOPY --from=a / /a\nCOPY --from=c / /c\nCOPY --from=b / /b\n",
		      E_NOT_FOUND, "Dockerfile:4:6", "missing");
		assert_false(cancel_requested()); /* the next build is not touched by it */
	}
}

static void unused_stages_are_not_begun(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	(void)state;

	world_open(&w);
	put(&w, "a", "a");
	build(&img, &w,
	      "FROM nowhere.example/none AS a\nCOPY missing /\nFROM scratch\nCOPY a /\n"
	      "FROM nowhere.example/none AS z\nFROM scratch\nCOPY a /b\n");
}

struct flight_race {
	struct flights flights;
	_Atomic int made;
};

static bool fly(void *arg, size_t job, struct err *err)
{
	struct flight_race *r = arg;
	struct digest key = digest_of("key", 3);
	struct layer layer = { 0 };

	(void)err;
	if (flight_join(&r->flights, &key, &layer))
		return layer.unpacked_size > 0;
	if (r->made++ == 0) { /* the first fails, and the next one takes over */
		flight_land(&r->flights, &key, NULL);
		return true;
	}
	layer.unpacked_size = (int64_t)job + 1;
	flight_land(&r->flights, &key, &layer);
	return true;
}

static void a_failed_flight_is_taken_over(void **state)
{
	struct flight_race r = { 0 };
	struct err err = { 0 };
	(void)state;

	flights_init(&r.flights);
	assert_true(parallel_run(24, 8, fly, &r, &err));
	assert_int_equal(r.made, 2);
	flights_free(&r.flights);
}

/* --- handlers of other platforms --- */

static void handler(struct world *w, const char *name, const char *text)
{
	AUTO(auto_free) char *path = mem_printf("binfmt/%s", name);

	put(w, path, text);
}

static int how(struct world *w, const char *platform)
{
	AUTO(auto_free) char *dir = mem_printf("%s/binfmt", w->context);
	struct platform p;
	struct foreign f;
	struct err err = { 0 };

	assert_true(platform_parse(&p, platform, &err));
	foreign_find(&f, &p, dir);
	return (int)f.how;
}

#define S390X "offset 0\nmagic 7f454c4602020100000000000000000000020016\n"
#define S390X_MASK "mask ffffffffffffff00fffffffffffffffffffeffff\n"

static void handlers_are_read_as_the_kernel_does(void **state)
{
	AUTO(world_close) struct world w;
	struct platform host = platform_host();
	(void)state;

	world_open(&w);
	assert_int_equal(how(&w, platform_format(&host).text), FOREIGN_NATIVE);
	assert_int_equal(how(&w, "linux/s390x"), FOREIGN_NOT); /* nothing is mounted there */
	handler(&w, "status", "enabled\n");
	handler(&w, "python", "enabled\ninterpreter /usr/bin/python3\nflags: \nextension .pyc\n");
	assert_int_equal(how(&w, "linux/s390x"), FOREIGN_NOT);
	handler(&w, "qemu-s390x",
		"enabled\ninterpreter /usr/bin/qemu-s390x\nflags: OC\n" S390X S390X_MASK);
	assert_int_equal(how(&w, "linux/s390x"), FOREIGN_INSIDE);
	assert_int_equal(how(&w, "linux/riscv64"), FOREIGN_NOT);
	assert_int_equal(how(&w, "linux/ppc64"), FOREIGN_NOT);
	handler(&w, "qemu-fix",
		"enabled\ninterpreter /usr/bin/qemu-s390x\nflags: POCF\n" S390X S390X_MASK);
	assert_int_equal(how(&w, "linux/s390x"), FOREIGN_HANDLER);
	handler(&w, "qemu-fix",
		"disabled\ninterpreter /usr/bin/qemu-s390x\nflags: F\n" S390X S390X_MASK);
	handler(&w, "qemu-s390x",
		"disabled\ninterpreter /usr/bin/qemu-s390x\nflags: F\n" S390X S390X_MASK);
	assert_int_equal(how(&w, "linux/s390x"), FOREIGN_NOT);
	handler(&w, "qemu-fix", "enabled\ninterpreter /x\nflags: F\n" S390X S390X_MASK);
	handler(&w, "status", "disabled\n");
	assert_int_equal(how(&w, "linux/s390x"), FOREIGN_NOT);
}

static void foreign_runs_are_refused_at_their_place(void **state)
{
	AUTO(world_close) struct world w;
	const char *other =
		str_eq(platform_host().architecture, "mips64") ? "linux/ppc64" : "linux/mips64";
	struct err err = { 0 };
	(void)state;

	world_open(&w);
	put(&w, "a", "a");
	assert_true(platform_parse(&w.req.platform, other, &err));
	/* no registry is there to be asked: the refusal comes first */
	fails(&w, "FROM nowhere.example/base\nLABEL a=b\nRUN true\n", E_UNSUPPORTED,
	      "Dockerfile:3:1", "cannot run");
	fails(&w, "FROM --platform=$BUILDPLATFORM nowhere.example/base AS b\nFROM b\nRUN true\n",
	      E_NOT_FOUND, "Dockerfile:1:32", "not in the store");
	AUTO(image_free) struct image img = { 0 };

	build(&img, &w, "FROM nowhere.example/base AS u\nRUN x\nFROM scratch\nCOPY a /\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_whatever_the_timing),
		cmocka_unit_test(common_work_is_done_once),
		cmocka_unit_test(several_platforms_share),
		cmocka_unit_test(the_failure_itself_is_shown),
		cmocka_unit_test(unused_stages_are_not_begun),
		cmocka_unit_test(a_failed_flight_is_taken_over),
		cmocka_unit_test(handlers_are_read_as_the_kernel_does),
		cmocka_unit_test(foreign_runs_are_refused_at_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
