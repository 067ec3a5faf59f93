// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "runtime/deployment.h"
#include "runtime/deployment_values.h"
#include "templates/table.h"

/* Descriptors: values in each language, names, and processors by memory. */

static void values_stay_between_the_quotes(void **state)
{
	static const struct {
		const char *file, *text, *want; /* NULL: refused */
	} cases[] = {
		{ "a.json", "plain", "plain" },
		{ "a.json", "a\"b\\c\nd", "a\\\"b\\\\c\\nd" },
		{ "a.yaml", "- x: {y}", "- x: {y}" },
		{ "a.yaml", "tab\t\"", "tab\\t\\\"" },
		{ "a.sh", "$(id) `id` \"q\" \\", "\\$(id) \\`id\\` \\\"q\\\" \\\\" },
		{ "a.sh", "two\nlines", "two\nlines" },
		{ "a.service", "100% $HOME \"q\" \\n", "100%% $$HOME \\\"q\\\" \\\\n" },
		{ "a.service", "two\nlines", NULL },
		{ "a.json", "\xff", NULL },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		AUTO(auto_free) char *got = NULL;
		bool ok = deployment_escape(&got, deployment_form_find(cases[i].file), "it",
					    cases[i].text, &err);

		if (ok != (cases[i].want != NULL) || (ok && !str_eq(got, cases[i].want)))
			fail_msg("%s '%s': got '%s' (%s)", cases[i].file, cases[i].text, got,
				 err.msg);
	}
}

struct asked {
	const char *backend, *reference, *name, *cpu;
	int64_t memory_mb;
};

/* A member of the document, "/a/b"; NULL with the error's code. The caller frees. */
static char *member(const struct asked *a, const char *key, enum err_code *code)
{
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(map_free) struct map settings = MAP_TEXT;
	AUTO(deployment_free) struct deployment made = { 0 };
	static const struct str_list none = { 0 };
	struct err err = { 0 };
	struct reference ref;
	struct digest digest = digest_of("x", 1);
	struct deployment_request req = { .table = &table,
					  .arch = "amd64",
					  .digest = &digest,
					  .reference = &ref,
					  .name = a->name,
					  .cpu = a->cpu,
					  .memory_mb = a->memory_mb,
					  .env = &none,
					  .args = &none,
					  .settings = &settings };
	bool ok;

	assert_true(reference_parse(&ref, a->reference, &err));
	assert_true(backend_table_load(&table, &err));
	assert_true(backend_find(&req.backend, &table, a->backend, &err));
	assert_true(backend_python(&req.python, req.backend, NULL, &err));
	ok = deployment_make(&made, &req, &err);
	*code = err.code;
	return ok ? mem_strdup(json_text_member(made.doc, key)) : NULL;
}

static void names_fit_the_platform(void **state)
{
	static const struct {
		const char *backend, *reference, *name, *want; /* NULL: refused */
	} cases[] = {
		{ "code_engine", "reg.example.com/me/rt:1.0", NULL, "rt-1-0" },
		{ "code_engine", "reg.example.com/me/9lives", NULL, "rt-9lives" },
		{ "code_engine", "reg.example.com/me/a__b:x_", NULL, "a--b-x" },
		{ "code_engine",
		  "h.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:v1.0.0.1", NULL,
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-v1-0-0-1" },
		{ "code_engine",
		  "h.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:v1.0.0.1234",
		  NULL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-v-a9ebe4ac" },
		{ "code_engine", "h.example/rt", "mine", "mine" },
		{ "code_engine", "h.example/rt", "Mine", NULL },
		{ "code_engine", "h.example/rt", "mine-", NULL },
		{ "code_engine", "h.example/rt", "-", NULL },
		{ "code_engine", "h.example/rt", "a\"b", NULL },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct asked a = { .backend = cases[i].backend,
				   .reference = cases[i].reference,
				   .name = cases[i].name };
		enum err_code code;
		AUTO(auto_free) char *got = member(&a, "name", &code);

		if (!cases[i].want && (got || code != E_USAGE))
			fail_msg("%s was taken", cases[i].name);
		if (cases[i].want && (!got || !str_eq(got, cases[i].want)))
			fail_msg("%s: got %s", cases[i].reference, got ? got : "an error");
		assert_true(!got || strlen(got) <= 63);
	}
}

static void processors_go_by_the_memory(void **state)
{
	static const struct {
		int64_t memory_mb;
		const char *cpu, *want;
	} cases[] = {
		{ 0, NULL, "0.125" },   { 8192, NULL, "0.125" }, { 12288, NULL, "0.25" },
		{ 24576, NULL, "0.5" }, { 4096, "8", "8" },      { 2048, "8", NULL },
		{ 300, NULL, NULL },    { 512, "0.3", NULL },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct asked a = { .backend = "code_engine",
				   .reference = "h.example/rt",
				   .cpu = cases[i].cpu,
				   .memory_mb = cases[i].memory_mb };
		enum err_code code;
		AUTO(auto_free) char *got = member(&a, "scale_cpu_limit", &code);

		if ((cases[i].want == NULL) != (got == NULL) || (!got && code != E_USAGE) ||
		    (got && !str_eq(got, cases[i].want)))
			fail_msg("%d MB, %s: got %s", (int)cases[i].memory_mb, cases[i].cpu, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_stay_between_the_quotes),
		cmocka_unit_test(names_fit_the_platform),
		cmocka_unit_test(processors_go_by_the_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
