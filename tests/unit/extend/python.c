// SPDX-License-Identifier: Apache-2.0
#include "base.h"

#include "extend/base.h"

/* Which Python a base has, by its configuration and the user's word. */

static void settled(void **state)
{
	/* clang-format off */
	static const struct {
		const char *said, *asked; /* PYTHON_VERSION, --python; NULL: none */
		const char *python;       /* NULL: refused */
		enum err_code code;
		const char *message;
	} cases[] = {
		{ "3.11.2",    NULL,     "3.11.2",    E_NONE,  "has Python 3.11.2" },
		{ "3.11",      NULL,     "3.11",      E_NONE,  "has Python 3.11" },
		{ "3.14.0rc1", NULL,     "3.14.0rc1", E_NONE,  "has Python 3.14.0rc1" },
		{ "3.11.2",    "3.11",   "3.11.2",    E_NONE,  "has Python 3.11.2" },
		{ "3.11.2",    "3.11.9", "3.11.2",    E_NONE,  "has Python 3.11.2" },
		{ NULL,        "3.12",   "3.12",      E_NONE,  "does not say which Python it has: 3.12, as you say" },
		{ "",          "3.12",   "3.12",      E_NONE,  "as you say" },
		{ "latest",    "3.12",   "3.12",      E_NONE,  "as you say" },
		{ NULL,        NULL,     NULL,        E_INPUT, "does not say which Python it has (no PYTHON_VERSION)" },
		{ "",          NULL,     NULL,        E_INPUT, "does not say which Python it has" },
		{ "\033[31m",  NULL,     NULL,        E_INPUT, "does not say which Python it has" },
		{ "3.11.2.3.4.5.6.7", NULL, NULL,     E_INPUT, "does not say which Python it has" },
		{ "2.7.18",    NULL,     NULL,        E_INPUT, "has Python 2.7.18, but a Lithops worker runs on Python 3" },
		{ "3.11.2",    "3.12",   NULL,        E_USAGE, "--python 3.12, but the base (linux/amd64) has Python 3.11.2" },
		{ "3.11.2",    "3.1",    NULL,        E_USAGE, "--python 3.1, but the base" },
		{ "3.1.2",     "3.11",   NULL,        E_USAGE, "--python 3.11, but the base" },
		{ "2.7.18",    "3.11",   NULL,        E_USAGE, "has Python 2.7.18 (its PYTHON_VERSION)" },
		{ NULL,        "3",      NULL,        E_USAGE, "--python '3' is no version like 3.11" },
		{ NULL,        "3.",     NULL,        E_USAGE, "is no version" },
		{ NULL,        "2.7",    NULL,        E_USAGE, "is no version" },
		{ NULL,        "3.x",    NULL,        E_USAGE, "is no version" },
		{ NULL,        "",       NULL,        E_USAGE, "is no version" },
		{ "3.11.2",    "python3.11", NULL,    E_USAGE, "is no version" },
	};
	/* clang-format on */
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free)
		char *execution = cases[i].said
					  ? mem_printf("{\"Env\":[\"PYTHON_VERSION=%s\"]}",
						       cases[i].said[0] == '\033' ? "\\u001b[31m"
										  : cases[i].said)
					  : NULL;
		struct base_image b = { .platform = { .os = "linux", .architecture = "amd64" } };
		struct recorder said;
		struct err err = { 0 };
		bool ok;

		recorder_open(&said);
		base_make(&b.image, NULL,
			  &(struct base_recipe){ .execution = execution, .layers = 1 });
		ok = base_settle_python(&b, cases[i].asked, &said.events, &err);
		if (ok != (cases[i].python != NULL) || err.code != cases[i].code ||
		    !strstr(ok ? said.text.ptr : err.msg, cases[i].message) ||
		    (ok && strcmp(b.python, cases[i].python) != 0))
			fail_msg("%zu: '%s' and '%s': %s: %s", i, cases[i].said, cases[i].asked,
				 b.python, ok ? said.text.ptr : err.msg);
		image_free(&b.image);
		recorder_close(&said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
