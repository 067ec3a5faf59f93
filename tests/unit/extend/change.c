// SPDX-License-Identifier: Apache-2.0
#include "base.h"

#include "extend/change.h"

/* What an extension does to a configuration, and that it can be taken back. */

static const struct digest added = { .bytes = { 1, 2, 3 } };

static const char *const front[] = { "/opt/lithops/modules" };

static struct change_input input_of(const char *function)
{
	struct reference name = ref_of("registry.example.com:5000/me/rt");

	return (struct change_input){
		.functions = function,
		.mode = "native",
		.paths = front,
		.path_count = 1,
		.base_name = reference_name(&name),
		.base_digest = digest_of("base", 4),
		.diff_ids = &added,
		.diff_id_count = 1,
		.created = 315532800,
	};
}

static struct layer added_layer(void)
{
	return (struct layer){
		.descriptor = { .media_type = media_text(MEDIA_LAYER, FAMILY_OCI, COMPRESSION_GZIP),
				.digest = digest_of("packed", 6),
				.size = 6 },
		.diff_id = added,
	};
}

/* The image extended by one layer. */
static void extend(struct image *out, const struct image *base, const char *function)
{
	struct change_input input = input_of(function);
	AUTO(change_free) struct change change = { 0 };
	AUTO(config_free) struct config config = { 0 };
	struct layer layer = added_layer();
	struct image_recipe recipe = {
		.base = base, .config = &config, .layers = &layer, .layer_count = 1
	};
	bool repaired;

	change_plan(&change, &base->config, &input);
	change_apply(&config, &repaired, &base->config, &change, "0123");
	MUST(image_make(out, &recipe, err));
}

static void pythonpath(void **state)
{
	/* clang-format off */
	static const struct {
		const char *old; /* as JSON list */
		const char *want;
	} cases[] = {
		{ "[]",                               "/opt/lithops/modules" },
		{ "[\"PYTHONPATH=\"]",                "/opt/lithops/modules" },
		{ "[\"PYTHONPATH=/a\"]",              "/opt/lithops/modules:/a" },
		{ "[\"PYTHONPATH=/a:/b\"]",           "/opt/lithops/modules:/a:/b" },
		{ "[\"PYTHONPATH=/a:\"]",             "/opt/lithops/modules:/a" },
		{ "[\"PYTHONPATH=:/a::/b:\"]",        "/opt/lithops/modules:/a:/b" },
		{ "[\"PYTHONPATH=/opt/lithops/modules\"]",    "/opt/lithops/modules" },
		{ "[\"PYTHONPATH=/a:/opt/lithops/modules:\"]", "/opt/lithops/modules:/a" },
		{ "[\"PATH=/bin\",\"PYTHONPATH=/a\",\"X=1\"]", "/opt/lithops/modules:/a" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *execution = mem_printf("{\"Env\":%s}", cases[i].old);
		const struct base_recipe recipe = { .execution = execution,
						    .history = 1,
						    .layers = 1 };
		struct image base, extended;

		base_make(&base, NULL, &recipe);
		extend(&extended, &base, "map:f");
		assert_string_equal(config_env(&extended.config, "PYTHONPATH"), cases[i].want);
		image_free(&base);
		image_free(&extended);
	}
}

static void document_is_patched_in_place(void **state)
{
	static const char want[] =
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"User\":\"u\",\"Env\":["
		"\"A=1\","
		"\"PYTHONPATH=/opt/lithops/modules:/x\",\"B=2\"],\"Odd\":[1.5,null],\"Labels\":{"
		"\"io.rtbuild.extend.format\":\"1\",\"io.rtbuild.extend.mode\":\"native\",\"io."
		"rtbuild.extend.module\":\"map\","
		"\"io.rtbuild.extend.function\":\"f\","
		"\"io.rtbuild.extend.base.name\":\"registry.example.com:5000/me/rt\","
		"\"io.rtbuild.extend.base.digest\":\"sha256:"
		"@BASE@\","
		"\"io.rtbuild.extend.layers\":\"sha256:"
		"0102030000000000000000000000000000000000000000000000000000000000\","
		"\"io.rtbuild.extend.undo\":\"{\\\"pythonpath\\\":\\\"/x\\\",\\\"env\\\":true,"
		"\\\"labels\\\":false}\",\"io.rtbuild.extend.hash\":\"0123\"}},"
		"\"strange\":{\"kept\":12345678901},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
		"\"@LAYER@\","
		"\"sha256:0102030000000000000000000000000000000000000000000000000000000000\"]},"
		"\"history\":[{\"created_by\":\"step 0\"},{\"created\":\"1980-01-01T00:00:00Z\","
		"\"created_by\":\"rtbuild extend map:f\"}]}";
	const struct base_recipe recipe = {
		.execution = "{\"User\":\"u\",\"Env\":[\"A=1\",\"PYTHONPATH=/"
			     "x\",\"B=2\"],\"Odd\":[1.5,null]}",
		.history = 1,
		.layers = 1,
	};
	struct digest base_digest = digest_of("base", 4), layer = digest_of("layer 0", 7);
	AUTO(buf_free) struct buf expected = BUF_INIT(1 << 16);
	struct image base, extended;

	(void)state;
	for (const char *p = want; *p; p++) {
		if (str_has_prefix(p, "@BASE@")) {
			buf_put(&expected, digest_hex(&base_digest).text);
			p += 5;
		} else if (str_has_prefix(p, "@LAYER@")) {
			buf_put(&expected, digest_format(&layer).text);
			p += 6;
		} else {
			buf_put_byte(&expected, (unsigned char)*p);
		}
	}
	base_make(&base, NULL, &recipe);
	extend(&extended, &base, "map:f");
	assert_string_equal(extended.config_raw, expected.ptr);
	image_free(&base);
	image_free(&extended);
}

/* clang-format off */
static const struct base_recipe recipes[] = {
	{ .execution = NULL,                                    .history = 1,  .layers = 1 },
	{ .execution = "{}",                                    .history = 2,  .layers = 2 },
	{ .execution = "{\"Env\":[],\"Labels\":{}}",            .history = 1,  .layers = 1 },
	{ .execution = "{\"Env\":[\"PYTHONPATH=\"]}",           .history = 1,  .layers = 1 },
	{ .execution = "{\"Env\":[\"A=1\",\"PYTHONPATH=/a:\",\"B=2\"],\"Labels\":{\"x\":\"y\"}}", .history = 3, .layers = 3 },
	{ .execution = "{\"Labels\":{\"a\":\"b\",\"c\":\"d\"}}", .history = 1, .layers = 1, .family = FAMILY_DOCKER },
	{ .execution = "{\"Env\":[\"X=1\"]}",                   .history = -1, .layers = 2 },
	{ .execution = "{\"Env\":[\"X=1\"]}",                   .history = 0,  .layers = 1 },
	{ .execution = "{\"Env\":[\"X=1\"]}",                   .history = -1, .layers = 0 },
};
/* clang-format on */

/* Taking an extension back and extending again gives the very bytes of extending the first base. */
static void undo_leads_back(void **state)
{
	const struct digest base_digest = digest_of("base", 4);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
		struct image base, first, undone, second, direct;
		struct change_origin origin;
		bool was_undone;

		base_make(&base, NULL, &recipes[i]);
		extend(&first, &base, "map:f");
		MUST(change_undo(&was_undone, &undone, &origin, &first, err));
		assert_true(was_undone);
		assert_true(digest_eq(&origin.base_digest, &base_digest));
		assert_string_equal(reference_name(&origin.base_name).text,
				    "registry.example.com:5000/me/rt");
		assert_int_equal(undone.manifest.layer_count, base.manifest.layer_count);
		if (recipes[i].execution && recipes[i].history == (int)recipes[i].layers)
			assert_string_equal(undone.config_raw, base.config_raw);
		extend(&second, &undone, "map:g");
		extend(&direct, &base, "map:g");
		assert_string_equal(second.config_raw, direct.config_raw);
		assert_string_equal(second.manifest.raw, direct.manifest.raw);
		image_free(&base);
		image_free(&first);
		image_free(&undone);
		image_free(&second);
		image_free(&direct);
	}
}

static void nothing_to_undo(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
		struct image base, out;
		struct change_origin origin;
		bool undone = true;

		base_make(&base, NULL, &recipes[i]);
		MUST(change_undo(&undone, &out, &origin, &base, err));
		assert_false(undone);
		image_free(&base);
	}
}

/* The labels of an extended image are inherited by what others build on it, whose top layers are
 * not ours. */
static void built_upon(void **state)
{
	const struct base_recipe recipe = { .execution = "{}", .history = 1, .layers = 1 };
	struct history_entry entry = { .created = 1, .created_by = "RUN x" };
	struct layer layer = added_layer();
	struct image base, extended, derived, out;
	AUTO(config_free) struct config config = { 0 };
	struct image_recipe more = { .config = &config, .layers = &layer, .layer_count = 1 };
	struct change_origin origin;
	bool undone;

	(void)state;
	layer.diff_id = digest_of("run", 3);
	base_make(&base, NULL, &recipe);
	extend(&extended, &base, "map:f");
	config_copy(&config, &extended.config);
	config_append(&config, &entry, &layer.diff_id);
	more.base = &extended;
	MUST(image_make(&derived, &more, err));
	MUST(change_undo(&undone, &out, &origin, &derived, err));
	assert_false(undone);
	image_free(&base);
	image_free(&extended);
	image_free(&derived);
}

/* Labels are whatever an image says: contradictions are refused or ignored, never obeyed. */
static void hostile_labels(void **state)
{
	/* clang-format off */
	static const struct {
		const char *label, *value;
		enum err_code code; /* E_NONE: taken as no extension */
	} cases[] = {
		{ CHANGE_LABEL "format",      "2",                        E_NONE },
		{ CHANGE_LABEL "format",      NULL,                       E_NONE },
		{ CHANGE_LABEL "layers",      NULL,                       E_NONE },
		{ CHANGE_LABEL "layers",      "",                         E_NONE },
		{ CHANGE_LABEL "layers",      ",",                        E_NONE },
		{ CHANGE_LABEL "layers",      ",,,,,,,,,,,,,,,,,,,,,,,,", E_NONE },
		{ CHANGE_LABEL "layers",      "sha256:00",                E_NONE },
		{ CHANGE_LABEL "base.digest", NULL,                       E_INTEGRITY },
		{ CHANGE_LABEL "base.digest", "sha256:xyz",               E_INTEGRITY },
		{ CHANGE_LABEL "base.digest", "md5:00",                   E_INTEGRITY },
		{ CHANGE_LABEL "base.name",   NULL,                       E_INTEGRITY },
		{ CHANGE_LABEL "base.name",   "UPPER/case:x:y",           E_INTEGRITY },
		{ CHANGE_LABEL "undo",        NULL,                       E_INTEGRITY },
		{ CHANGE_LABEL "undo",        "",                         E_INTEGRITY },
		{ CHANGE_LABEL "undo",        "[]",                       E_INTEGRITY },
		{ CHANGE_LABEL "undo",        "{}",                       E_INTEGRITY },
		{ CHANGE_LABEL "undo",        "{\"env\":1,\"labels\":true}", E_INTEGRITY },
		{ CHANGE_LABEL "undo",        "{\"env\":true,\"labels\":true,\"pythonpath\":5}", E_INTEGRITY },
	};
	/* clang-format on */
	const struct base_recipe recipe = { .execution = "{}", .history = 1, .layers = 1 };
	struct image base, extended;

	(void)state;
	base_make(&base, NULL, &recipe);
	extend(&extended, &base, "map:f");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(config_free) struct config config = { 0 };
		struct layer layer = added_layer();
		struct image_recipe more = {
			.base = &base, .config = &config, .layers = &layer, .layer_count = 1
		};
		struct change_origin origin;
		struct image bad, out;
		struct err err = { 0 };
		bool undone = true, ok;

		config_copy(&config, &extended.config);
		config_set_label(&config, cases[i].label, cases[i].value);
		ok = image_make(&bad, &more, &err);
		assert_true(ok);
		ok = change_undo(&undone, &out, &origin, &bad, &err);
		if (err.code != cases[i].code || ok != !cases[i].code || undone)
			fail_msg("case %zu: %s %s", i, err_name(err.code), err.msg);
		image_free(&bad);
	}
	image_free(&base);
	image_free(&extended);
}

static void hash_text(char out[TAG_HASH_LEN + 1], const struct config *base,
		      const struct change_input *input)
{
	AUTO(change_free) struct change change = { 0 };
	struct tag_hash h;

	change_plan(&change, base, input);
	tag_hash_init(&h);
	change_hash(&h, &change);
	tag_hash_final(&h, out);
}

/* Whatever changes the configuration changes the hash. */
static void hash_covers_the_change(void **state)
{
	static const struct digest two[] = { { .bytes = { 1 } }, { .bytes = { 2 } } };
	const struct base_recipe recipe = { .execution = "{\"Env\":[\"PYTHONPATH=/a\"]}",
					    .history = 1,
					    .layers = 1 };
	struct change_input inputs[7];
	char hashes[ARRAY_LEN(inputs) + 1][TAG_HASH_LEN + 1];
	struct image base, other;

	(void)state;
	base_make(&base, NULL, &recipe);
	base_make(&other, NULL, &recipes[0]);
	for (size_t i = 0; i < ARRAY_LEN(inputs); i++)
		inputs[i] = input_of("map:f");
	inputs[1].functions = "map:g";
	inputs[2].functions = "pam:f";
	inputs[3].base_digest = digest_of("x", 1);
	inputs[4].diff_ids = two;
	inputs[5].diff_ids = two;
	inputs[5].diff_id_count = 2;
	snprintf(inputs[6].base_name.text, sizeof(inputs[6].base_name.text), "other");
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
		bool last = i == ARRAY_LEN(inputs);

		hash_text(hashes[i], last ? &other.config : &base.config, &inputs[last ? 0 : i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(hashes[i], hashes[j]);
	}
	image_free(&base);
	image_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pythonpath),
		cmocka_unit_test(document_is_patched_in_place),
		cmocka_unit_test(undo_leads_back),
		cmocka_unit_test(nothing_to_undo),
		cmocka_unit_test(built_upon),
		cmocka_unit_test(hostile_labels),
		cmocka_unit_test(hash_covers_the_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
