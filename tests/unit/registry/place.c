// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "registry/place.h"
#include "registry/tags.h"

/* How places are written; tags made from digests; Link headers. */

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void places_parse(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text;
		enum place_kind kind;
		const char *again; /* place_text */
		bool is_short;
	} cases[] = {
		{ "python:3.11",                        PLACE_REGISTRY,       "python:3.11", true },
		{ "docker.io/library/python:3.11",      PLACE_REGISTRY,       "python:3.11", false },
		{ "docker://python",                    PLACE_REGISTRY,       "python", true },
		{ "r.example.com:5000/a/b:1",           PLACE_REGISTRY,       "r.example.com:5000/a/b:1", false },
		{ "store:me/rt:1",                      PLACE_STORE,          "store:me/rt:1", true },
		{ "oci:dir",                            PLACE_LAYOUT,         "oci:dir", false },
		{ "oci:dir:",                           PLACE_LAYOUT,         "oci:dir", false },
		{ "oci:dir:r.example.com/a:1",          PLACE_LAYOUT,         "oci:dir:r.example.com/a:1", false },
		{ "oci-layout://a/dir:x",               PLACE_LAYOUT,         "oci:a/dir:x", false },
		{ "ocidir://dir",                       PLACE_LAYOUT,         "oci:dir", false },
		{ "./dir",                              PLACE_LAYOUT,         "oci:./dir", false },
		{ "/a/dir:x",                           PLACE_LAYOUT,         "oci:/a/dir:x", false },
		{ "oci:dir@sha256:" HEX,                PLACE_LAYOUT,         "oci:dir@sha256:" HEX, false },
		{ "oci:dir:@sha256:" HEX,               PLACE_LAYOUT,         "oci:dir@sha256:" HEX, false },
		{ "oci-archive:f.tar:v1",               PLACE_OCI_ARCHIVE,    "oci-archive:f.tar:v1", false },
		{ "oci-archive:-",                      PLACE_OCI_ARCHIVE,    "oci-archive:-", false },
		{ "docker-archive:f.tar:a/b:1",         PLACE_DOCKER_ARCHIVE, "docker-archive:f.tar:a/b:1", false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(place_free) struct place p = { 0 };
		AUTO(auto_free) char *again = NULL;
		struct err err = { 0 };

		if (!place_parse(&p, cases[i].text, &err))
			fail_msg("%s: %s", cases[i].text, err.msg);
		again = place_text(&p);
		assert_string_equal(again, cases[i].again);
		assert_int_equal(p.kind, cases[i].kind);
		assert_int_equal(p.is_short, cases[i].is_short);
	}
}

static void places_refused(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} cases[] = {
		{ "docker-daemon:x", E_USAGE },
		{ "containers-storage:x", E_USAGE },
		{ "oci:", E_USAGE },
		{ "oci-archive:", E_USAGE },
		{ "oci::tag", E_USAGE },
		{ "https://r.example.com/a", E_USAGE },
		{ "a/UPPER", E_INPUT },
		{ "", E_INPUT },
		{ "oci:dir@sha256:12", E_INPUT },
		{ "docker://", E_INPUT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(place_free) struct place p = { 0 };
		struct err err = { 0 };

		if (place_parse(&p, cases[i].text, &err))
			fail_msg("'%s' was taken", cases[i].text);
		assert_int_equal(err.code, cases[i].code);
	}
}

static void links(void **state)
{
	/* RFC 8288; the forms of distribution, ECR, Harbor and Quay */
	static const struct {
		const char *header, *next;
	} cases[] = {
		{ "</v2/a/tags/list?last=x&n=2>; rel=\"next\"", "/v2/a/tags/list?last=x&n=2" },
		{ "<https://r/v2/a?n=1>; rel=next", "https://r/v2/a?n=1" },
		{ "</p>; rel=\"prev\", </n>; rel=\"next\"", "/n" },
		{ "</p>; rel=\"prev\"", NULL },
		{ "</p>; title=\"a\"; REL=\"Next\"", "/p" },
		{ "", NULL },
		{ "<unclosed", NULL },
		{ "<>; rel=\"next\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *next = tags_link_next(cases[i].header);

		if (!cases[i].next)
			assert_null(next);
		else
			assert_string_equal(next, cases[i].next);
	}
}

static void digest_tags(void **state)
{
	static const struct {
		const char *tag, *suffix; /* NULL: an ordinary tag */
	} cases[] = {
		{ "sha256-" HEX, "" },
		{ "sha256-" HEX ".sig", ".sig" },
		{ "sha256-" HEX ".att", ".att" },
		{ "sha256-" HEX "x", NULL },
		{ "sha256-12", NULL },
		{ "latest", NULL },
		{ "sha256-Z" HEX, NULL },
	};
	struct digest d;
	const char *suffix;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool is = tags_is_of_digest(&d, &suffix, cases[i].tag);

		assert_int_equal(is, cases[i].suffix != NULL);
		if (is) {
			AUTO(auto_free) char *made = tags_for_digest(&d, suffix);

			assert_string_equal(suffix, cases[i].suffix);
			assert_string_equal(made, cases[i].tag);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_parse),
		cmocka_unit_test(places_refused),
		cmocka_unit_test(links),
		cmocka_unit_test(digest_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
