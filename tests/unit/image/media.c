// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

/* image/media.c */

static void find_table(void **state)
{
	static const struct {
		const char *text;
		enum media_kind kind;
		enum media_family family;
		enum compression compression;
		bool foreign;
	} cases[] = {
		{ "application/vnd.oci.image.manifest.v1+json", MEDIA_MANIFEST, FAMILY_OCI, 0, 0 },
		{ "application/vnd.oci.image.manifest.v1+json; charset=utf-8", MEDIA_MANIFEST,
		  FAMILY_OCI, 0, 0 },
		{ " Application/vnd.OCI.image.index.v1+json ;x", MEDIA_INDEX, FAMILY_OCI, 0, 0 },
		{ "application/vnd.oci.image.layer.v1.tar+zstd", MEDIA_LAYER, FAMILY_OCI,
		  COMPRESSION_ZSTD, 0 },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER,
		  FAMILY_OCI, COMPRESSION_GZIP, 1 },
		{ "application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER, FAMILY_DOCKER,
		  COMPRESSION_GZIP, 0 },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER,
		  FAMILY_DOCKER, COMPRESSION_GZIP, 1 },
		{ "application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX,
		  FAMILY_DOCKER, 0, 0 },
		{ "application/vnd.docker.container.image.v1+json", MEDIA_CONFIG, FAMILY_DOCKER, 0,
		  0 },
		{ "application/vnd.docker.distribution.manifest.v1+prettyjws", MEDIA_SCHEMA1,
		  FAMILY_DOCKER, 0, 0 },
		{ "application/json", MEDIA_UNKNOWN, FAMILY_OCI, 0, 0 },
		{ "application/vnd.oci.image.manifest.v1+jsonx", MEDIA_UNKNOWN, FAMILY_OCI, 0, 0 },
		{ "application/vnd.oci.image.manifest.v1", MEDIA_UNKNOWN, FAMILY_OCI, 0, 0 },
		{ "", MEDIA_UNKNOWN, FAMILY_OCI, 0, 0 },
		{ NULL, MEDIA_UNKNOWN, FAMILY_OCI, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct media *m = media_find(cases[i].text);

		if (m->kind != cases[i].kind || m->family != cases[i].family ||
		    m->compression != cases[i].compression || m->foreign != cases[i].foreign)
			fail_msg("'%s' is taken for '%s'", cases[i].text, m->text);
	}
}

static void text_of_each_kind(void **state)
{
	(void)state;
	assert_string_equal(media_text(MEDIA_LAYER, FAMILY_OCI, COMPRESSION_GZIP),
			    "application/vnd.oci.image.layer.v1.tar+gzip");
	assert_string_equal(media_text(MEDIA_LAYER, FAMILY_DOCKER, COMPRESSION_NONE),
			    "application/vnd.docker.image.rootfs.diff.tar");
	assert_string_equal(media_text(MEDIA_CONFIG, FAMILY_OCI, COMPRESSION_NONE),
			    "application/vnd.oci.image.config.v1+json");
	assert_null(media_text(MEDIA_LAYER, FAMILY_DOCKER, COMPRESSION_ZSTD));
	assert_null(media_text(MEDIA_UNKNOWN, FAMILY_OCI, COMPRESSION_NONE));
	assert_string_equal(compression_name(COMPRESSION_NONE), "none");
	assert_string_equal(compression_name(COMPRESSION_GZIP), "gzip");
	assert_string_equal(compression_name(COMPRESSION_ZSTD), "zstd");
}

/* Each type of the Accept header is one the table reads. */
static void accept_is_in_the_table(void **state)
{
	struct slice rest = slice_of(media_accept_manifests());
	size_t count = 0;

	(void)state;
	for (; rest.ptr; count++) {
		struct slice one = slice_trim(slice_cut(rest, ',', &rest), " ");
		AUTO(auto_free) char *text = mem_strndup(one.ptr, one.len);
		enum media_kind kind = media_find(text)->kind;

		assert_true(kind == MEDIA_MANIFEST || kind == MEDIA_INDEX);
	}
	assert_int_equal(count, 4);
}

static void same_and_well_formed(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "application/vnd.oci.image.layer.v1.tar+gzip", true },
		{ "a/b", true },
		{ "application/x!#$&-^_.+y", true },
		{ "application/vnd.oci.image.config.v1+json\r\nX: y", false },
		{ "application/json; charset=utf-8", false },
		{ "application", false },
		{ "application/", false },
		{ "/json", false },
		{ "application//json", false },
		{ ".a/b", false },
		{ "", false },
		{ "a b/c", false },
		{ "application/\xc3\xa4", false },
		{ "a/" HEX64 HEX64, false }, /* 128 characters; 127 are allowed */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (media_is_well_formed(cases[i].text) != cases[i].good)
			fail_msg("'%s'", cases[i].text);
	assert_true(media_same("a/B; x=y", " A/b"));
	assert_false(media_same("a/b", "a/bc"));
	assert_false(media_same("a/b", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_table),
		cmocka_unit_test(text_of_each_kind),
		cmocka_unit_test(accept_is_in_the_table),
		cmocka_unit_test(same_and_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
