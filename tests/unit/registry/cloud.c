// SPDX-License-Identifier: Apache-2.0
#include "registry/cloud.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "registry/ecr.h"

/* Which hosts belong to which cloud. */

static void ecr_hosts(void **state)
{
	/* clang-format off */
	static const struct {
		const char *host, *region, *endpoint; /* region NULL: not ECR */
	} cases[] = {
		{ "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1", "https://api.ecr.eu-west-1.amazonaws.com" },
		{ "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", "https://ecr-fips.us-gov-west-1.amazonaws.com" },
		{ "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "https://api.ecr.cn-north-1.amazonaws.com.cn" },
		{ "123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1", "https://ecr.eu-west-1.api.aws" },
		{ "123456789012.dkr-ecr-fips.us-east-1.on.aws", "us-east-1", "https://ecr-fips.us-east-1.api.aws" },
		{ "123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1", "https://ecr.cn-north-1.api.amazonwebservices.com.cn" },
		{ "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", "https://api.ecr.us-isob-east-1.sc2s.sgov.gov" },
		{ "public.ecr.aws", "us-east-1", "https://api.ecr-public.us-east-1.amazonaws.com" },
		{ "12345678901.dkr.ecr.eu-west-1.amazonaws.com", NULL, NULL },
		{ "1234567890123.dkr.ecr.eu-west-1.amazonaws.com", NULL, NULL },
		{ "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.org", NULL, NULL },
		{ "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443", NULL, NULL },
		{ "123456789012.dkr.ecr..amazonaws.com", NULL, NULL },
		{ "123456789012.dkr.ecr.amazonaws.com", NULL, NULL },
		{ "123456789012.dkr.ecr.a.b.amazonaws.com", NULL, NULL },
		{ "123456789012.dkr.ecr.eu_west_1.amazonaws.com", NULL, NULL },
		{ "123456789012.dkr.ecr-fips.amazonaws.com", NULL, NULL },
		{ "123456789012.dkr-ecr.eu-west-1.amazonaws.com", NULL, NULL },
		{ "123456789012.dkr.ecr.eu-west-1.on.aws", NULL, NULL },
		{ "123456789012.ecr.eu-west-1.amazonaws.com", NULL, NULL },
		{ "123456789012.dkr.ecr.a-region-name-that-is-much-too-long.amazonaws.com", NULL, NULL },
		{ "x.public.ecr.aws", NULL, NULL },
		{ "123456789012", NULL, NULL },
		{ "", NULL, NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ecr_host e;
		bool is_ecr = ecr_host_parse(&e, cases[i].host);

		if (is_ecr != (cases[i].region != NULL) || is_ecr != cloud_knows(cases[i].host))
			fail_msg("%s", cases[i].host);
		if (!is_ecr)
			continue;
		assert_string_equal(e.region, cases[i].region);
		assert_string_equal(e.endpoint, cases[i].endpoint);
		assert_string_equal(e.is_public ? "" : e.account,
				    e.is_public ? "" : "123456789012");
	}
}

static void google_hosts(void **state)
{
	static const struct {
		const char *host;
		bool google;
	} cases[] = {
		{ "gcr.io", true },
		{ "eu.gcr.io", true },
		{ "europe-docker.pkg.dev", true },
		{ "us-west1-docker.pkg.dev", true },
		{ "notgcr.io", false },
		{ "gcr.io.evil.org", false },
		{ "gcr.io:443", false },
		{ "pkg.dev", false },
		{ "evilpkg.dev", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (cloud_knows(cases[i].host) != cases[i].google)
			fail_msg("%s", cases[i].host);
}

static void azure_hosts(void **state)
{
	static const struct {
		const char *host;
		bool azure;
	} cases[] = {
		{ "contoso.azurecr.io", true },
		{ "contoso-a1b2c3.azurecr.io", true },
		{ "contoso.azurecr.us", true },
		{ "contoso.azurecr.cn", true },
		{ "azurecr.io", false },
		{ ".azurecr.io", false },
		{ "evilazurecr.io", false },
		{ "contoso.azurecr.io.evil.org", false },
		{ "contoso.azurecr.io:443", false },
		{ "contoso.azurecr.de", false }, /* that cloud has ended */
		{ "mcr.microsoft.com", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (cloud_knows(cases[i].host) != cases[i].azure)
			fail_msg("%s", cases[i].host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecr_hosts),
		cmocka_unit_test(google_hosts),
		cmocka_unit_test(azure_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
