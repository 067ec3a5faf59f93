// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "templates/naming.h"
#include "templates/table.h"

/*
 * Names, each as an unmodified Lithops 3.7.1.dev0 gave it for this configuration: those of default
 * runtimes by its get_default_container_name and _get_default_runtime_*name, those of users'
 * runtimes as it called docker (facts/lithops.md section 5), or by the code where no call was seen.
 */

#define ECR "123456789012.dkr.ecr.us-east-1.amazonaws.com"
#define AWS "account_id=123456789012 user_id=AIDAXABCD region=us-east-1"

/* "a=b c=d" */
static void read_settings(struct map *out, const char *text)
{
	struct slice rest = slice_of(text);

	*out = (struct map)MAP_TEXT;
	while (text && rest.ptr) {
		struct slice value, key, pair = slice_cut(rest, ' ', &rest);
		AUTO(auto_free) char *name = NULL, *is = NULL;

		key = slice_cut(pair, '=', &value);
		name = mem_strndup(key.ptr, key.len);
		is = mem_strndup(value.ptr, value.len);
		map_put_text(out, name, is);
	}
}

static bool make(struct naming *out, const struct backend_table *table, const char *backend,
		 const char *name, const char *settings, const char *version, struct err *err)
{
	AUTO(map_free) struct map map;
	struct naming_request req = {
		.name = name, .python = "3.12", .lithops_version = version, .settings = &map
	};

	*out = (struct naming){ 0 };
	read_settings(&map, settings);
	assert_true(backend_find(&req.backend, table, backend, err));
	return naming_make(out, &req, err);
}

static bool same(const char *a, const char *b)
{
	return (!a && !b) || (a && b && str_eq(a, b));
}

static void names(void **state)
{
	static const struct {
		const char *backend, *name, *settings;
		const char *runtime, *image, *repository, *layer;
	} cases[] = {
		/* default runtimes: the registry's prefix */
		{ "knative", NULL, "docker_user=bob",
		  "docker.io/bob/lithops-knative-default-v312:3.7.1.dev0",
		  "docker.io/bob/lithops-knative-default-v312:3.7.1.dev0", NULL, NULL },
		{ "knative", NULL, "docker_server=index.docker.io docker_user=bob",
		  "docker.io/bob/lithops-knative-default-v312:3.7.1.dev0",
		  "docker.io/bob/lithops-knative-default-v312:3.7.1.dev0", NULL, NULL },
		{ "k8s", NULL, "docker_server=reg.example.com:5000 docker_user=bob",
		  "reg.example.com:5000/lithops-kubernetes-default-v312:3.7.1.dev0",
		  "reg.example.com:5000/lithops-kubernetes-default-v312:3.7.1.dev0", NULL, NULL },
		{ "code_engine", NULL, "docker_server=us.icr.io docker_namespace=ns",
		  "us.icr.io/ns/lithops-codeenigne-default-v312:3.7.1.dev0",
		  "us.icr.io/ns/lithops-codeenigne-default-v312:3.7.1.dev0", NULL, NULL },
		{ "gcp_cloudrun", NULL, "region=europe-west1 project_name=prj",
		  "europe-west1-docker.pkg.dev/prj/lithops/"
		  "lithops-cloudrun-default-v312:3.7.1.dev0",
		  "europe-west1-docker.pkg.dev/prj/lithops/"
		  "lithops-cloudrun-default-v312:3.7.1.dev0",
		  NULL, NULL },
		{ "gcp_cloudrun", NULL, "docker_server=docker.io docker_user=bob",
		  "docker.io/bob/lithops-cloudrun-default-v312:3.7.1.dev0",
		  "docker.io/bob/lithops-cloudrun-default-v312:3.7.1.dev0", NULL, NULL },
		{ "azure_containers", NULL, "docker_user=bob",
		  "docker.io/bob/lithops-azurecontainers-default-v312:3.7.1.dev0",
		  "docker.io/bob/lithops-azurecontainers-default-v312:3.7.1.dev0", NULL, NULL },
		{ "azure_containers", NULL, "docker_server=acr1.azurecr.io docker_user=x",
		  "acr1.azurecr.io/lithops-azurecontainers-default-v312:3.7.1.dev0",
		  "acr1.azurecr.io/lithops-azurecontainers-default-v312:3.7.1.dev0", NULL, NULL },
		{ "openwhisk", NULL, NULL, "docker.io/lithopscloud/openwhisk-python-v312",
		  "docker.io/lithopscloud/openwhisk-python-v312", NULL, NULL },
		{ "ibm_cf", NULL, NULL, "docker.io/lithopscloud/ibmcf-python-v312",
		  "docker.io/lithopscloud/ibmcf-python-v312", NULL, NULL },
		{ "oracle_f", NULL, "region=eu-frankfurt-1 namespace=ten",
		  "eu-frankfurt-1.ocir.io/ten/lithops-oracle-default-runtime-v312:latest",
		  "eu-frankfurt-1.ocir.io/ten/lithops-oracle-default-runtime-v312:latest", NULL,
		  NULL },
		{ "oracle_f", NULL, "docker_server=docker.io docker_user=bob",
		  "docker.io/bob/lithops-oracle-default-runtime-v312:latest",
		  "docker.io/bob/lithops-oracle-default-runtime-v312:latest", NULL, NULL },
		{ "aliyun_fc:container", NULL, "docker_user=bob", "default-container-runtime-v312",
		  "bob/lithops-aliyunfc-default-container-runtime-v312:v3-7-1-dev0", NULL, NULL },
		{ "aws_batch", NULL, AWS, "batch-default-runtime-v312:latest",
		  ECR "/lithops_v371dev0_abcd/batch-default-runtime-v312:latest",
		  "lithops_v371dev0_abcd/batch-default-runtime-v312", NULL },
		{ "aws_lambda:layer", NULL, AWS, "default-runtime-v312", NULL, NULL,
		  "lithops_v371dev0_abcd_default-runtime-v312_layer" },
		{ "aws_lambda:layer", NULL, AWS " namespace=team", "default-runtime-v312", NULL,
		  NULL, "lithops_v371dev0_abcd_team_default-runtime-v312_layer" },
		{ "aws_lambda:layer", NULL, "user_id=AROAXYZW:session", "default-runtime-v312",
		  NULL, NULL, "lithops_v371dev0_xyzw_default-runtime-v312_layer" },
		{ "gcp_functions", NULL, NULL, "default-runtime-v312", NULL, NULL, NULL },
		{ "azure_functions", NULL, NULL, "default-runtime-v312", NULL, NULL, NULL },
		{ "aliyun_fc", NULL, NULL, "default-python-runtime-v312", NULL, NULL, NULL },
		{ "singularity", NULL, NULL, "singularity-runtime-v312", "singularity-runtime-v312",
		  NULL, NULL },
		{ "localhost", NULL, NULL, "python3", NULL, NULL, NULL },

		/* users' runtimes: what docker was called with (section 5) */
		{ "knative", "myrt:1.0", "docker_user=bob", "myrt:1.0", "myrt:1.0", NULL, NULL },
		{ "k8s", "team/myrt:1.0", "docker_server=reg.example.com:5000",
		  "reg.example.com:5000/team/myrt:1.0", "reg.example.com:5000/team/myrt:1.0", NULL,
		  NULL },
		{ "aws_lambda", "myrt:1.0", AWS, "myrt:1.0", ECR "/lithops_v371dev0_abcd/myrt:1.0",
		  "lithops_v371dev0_abcd/myrt", NULL },
		{ "aws_batch", "myrt:v1", AWS, "myrt:v1", ECR "/lithops_v371dev0_abcd/myrt:v1",
		  "lithops_v371dev0_abcd/myrt", NULL },
		{ "aliyun_fc:container", "myrt",
		  "docker_server=registry.cn-hangzhou.aliyuncs.com docker_user=bob", "myrt",
		  "registry.cn-hangzhou.aliyuncs.com/bob/lithops-aliyunfc-myrt:v3-7-1-dev0", NULL,
		  NULL },
		{ "code_engine", "us.icr.io/ns/myrt:1.0", "docker_server=us.icr.io",
		  "us.icr.io/ns/myrt:1.0", "us.icr.io/ns/myrt:1.0", NULL, NULL },
		{ "azure_containers", "bob/myrt:1.0", "docker_server=acr1.azurecr.io",
		  "bob/myrt:1.0", "bob/myrt:1.0", NULL, NULL },

		/* and its odd corners, by the code */
		{ "knative", "bob/myrt", NULL, "docker.io/bob/myrt", "docker.io/bob/myrt", NULL,
		  NULL },
		{ "knative", "docker.io/bob/myrt", NULL, "docker.io/bob/myrt", "docker.io/bob/myrt",
		  NULL, NULL },
		{ "openwhisk", "bob/myrt:1", NULL, "docker.io/bob/myrt:1", "docker.io/bob/myrt:1",
		  NULL, NULL },
		{ "aws_lambda", "MyRt", AWS " namespace=Ns", "MyRt",
		  ECR "/lithops_v371dev0_abcd_ns/myrt:latest", "lithops_v371dev0_abcd_ns/myrt",
		  NULL },
		{ "aws_lambda", "team/rt:V1", AWS, "team/rt:V1",
		  ECR "/lithops_v371dev0_abcd/team/rt:V1", "lithops_v371dev0_abcd/team/rt", NULL },
		{ "aws_batch", "Rt:V1", AWS " namespace=a-b", "Rt:V1",
		  ECR "/lithops_v371dev0_abcd_a.b/rt:v1", "lithops_v371dev0_abcd_a.b/rt", NULL },
		{ "gcp_cloudrun", "rt:1", "region=r project_name=p artifact_registry_repository=q",
		  "rt:1", "r-docker.pkg.dev/p/q/rt:1", NULL, NULL },
		{ "gcp_cloudrun", "team/rt:1", "region=r project_name=p", "team/rt:1",
		  "r-docker.pkg.dev/p/lithops/team/rt:1", NULL, NULL },
		{ "gcp_cloudrun", "ghcr.io/me/rt:1", NULL, "ghcr.io/me/rt:1", "ghcr.io/me/rt:1",
		  NULL, NULL },
		{ "oracle_f", "rt", "region=r namespace=n", "rt", "r.ocir.io/n/rt:latest", NULL,
		  NULL },
		{ "oracle_f", "r.ocir.io/n/rt:2", NULL, "r.ocir.io/n/rt:2", "r.ocir.io/n/rt:2",
		  NULL, NULL },
		{ "aliyun_fc:container", "bob/rt:1", NULL, "bob/rt:1", "bob/rt:1", NULL, NULL },
	};
	struct backend_table table;
	struct err err = { 0 };

	(void)state;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(naming_free) struct naming n;

		if (!make(&n, &table, cases[i].backend, cases[i].name, cases[i].settings,
			  "3.7.1.dev0", &err))
			fail_msg("%s %zu: %s", cases[i].backend, i, err.msg);
		if (!same(n.runtime, cases[i].runtime) || !same(n.image, cases[i].image) ||
		    !same(n.repository, cases[i].repository) || !same(n.layer, cases[i].layer))
			fail_msg("%s %zu: %s, %s, %s, %s", cases[i].backend, i, n.runtime,
				 n.image ? n.image : "-", n.repository ? n.repository : "-",
				 n.layer ? n.layer : "-");
	}
	backend_table_free(&table);
}

static void a_release_is_no_latest(void **state)
{
	struct backend_table table;
	struct naming n;
	struct err err = { 0 };

	(void)state;
	assert_true(backend_table_load(&table, &err));
	assert_true(make(&n, &table, "aws_batch", NULL, AWS, "3.7.0", &err));
	assert_string_equal(n.runtime, "batch-default-runtime-v312:370");
	assert_string_equal(n.repository, "lithops_v370_abcd/batch-default-runtime-v312");
	naming_free(&n);
	backend_table_free(&table);
}

/* Where Lithops itself puts a version's + into a name of AWS', which takes none. */
static void local_versions(void **state)
{
	static const char *const backends[] = { "aws_lambda", "aws_lambda:layer", "aws_batch" };
	struct backend_table table = { 0 };
	struct naming n;
	struct err err = { 0 };

	(void)state;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
		assert_false(
			make(&n, &table, backends[i], i ? NULL : "rt", AWS, "3.7.1.dev0+x", &err));
		assert_non_null(strstr(err.msg, "3.7.1.dev0+x"));
		assert_non_null(strstr(err.hint, "local version"));
		err = (struct err){ 0 };
	}
	assert_true(make(&n, &table, "knative", NULL, "docker_user=bob", "3.7.1.dev0+x", &err));
	assert_string_equal(n.image, "docker.io/bob/lithops-knative-default-v312:3.7.1.dev0-x");
	naming_free(&n);
	backend_table_free(&table);
}

static void refusals(void **state)
{
	static const struct {
		const char *backend, *name, *settings, *says;
		enum err_code code;
	} cases[] = {
		/* docker.io/host:5000/img: what Lithops makes of it, docker refuses */
		{ "knative", "host:5000/img", NULL, "host:5000/img", E_INPUT },
		{ "knative", "Team/img", NULL, "upper-case", E_INPUT },
		{ "k8s", "team/img 1", NULL, "team/img 1", E_USAGE },
		{ "gcp_functions", "rt@sha256:0", NULL, "rt@sha256:0", E_USAGE },
		{ "knative", "", NULL, "''", E_USAGE },
		{ "knative", NULL, NULL, "docker_user", E_USAGE },
		{ "code_engine", NULL, "docker_server=us.icr.io", "docker_namespace", E_USAGE },
		{ "gcp_cloudrun", NULL, "region=r", "project_name", E_USAGE },
		{ "gcp_cloudrun", "rt", NULL, "region", E_USAGE },
		{ "aws_lambda", "rt", "account_id=1 region=r", "user_id", E_USAGE },
		{ "aws_lambda", "rt", "user_id=abcd region=r", "account_id", E_USAGE },
		{ "aws_lambda", "x/default-runtime-v312", AWS, "for a layer", E_USAGE },
		{ "aws_batch", "my.rt:1", AWS, "my.rt:1", E_USAGE },
		{ "aws_batch", "rt", AWS, "rt", E_USAGE },
		{ "aws_batch", "team/rt:1", AWS, "team/rt:1", E_USAGE },
		{ "aws_batch", "rt:", AWS, "rt:", E_USAGE },
		{ "oracle_f", NULL, "region=r", "namespace", E_USAGE },
		{ "oracle_f", NULL, NULL, "region", E_USAGE },
		{ "aliyun_fc:container", NULL, NULL, "docker_user", E_USAGE },
		{ "knative", "rt", "docker_sever=x", "docker_sever", E_USAGE },
	};
	struct backend_table table;

	(void)state;
	assert_true(backend_table_load(&table, &(struct err){ 0 }));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct naming n;

		assert_false(make(&n, &table, cases[i].backend, cases[i].name, cases[i].settings,
				  "3.7.1", &err));
		assert_int_equal(err.code, cases[i].code);
		if (!strstr(err.msg, cases[i].says) || !err.hint[0])
			fail_msg("%zu: %s (%s)", i, err.msg, err.hint);
		assert_null(n.runtime);
	}
	backend_table_free(&table);
}

static char *config_of(const struct backend_table *table, const char *backend, const char *settings,
		       const char *runtime)
{
	AUTO(map_free) struct map map;
	struct naming_request req = { .python = "3.12", .settings = &map };
	struct buf out = BUF_INIT(10000);
	struct err err = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;

	read_settings(&map, settings);
	assert_true(backend_find(&req.backend, table, backend, &err));
	naming_print_config(&out, &req, runtime);
	/* whatever the values: it is YAML */
	if (!yaml_parse(&doc, out.ptr, out.len, "config", &err))
		fail_msg("%s: %s\n%s", backend, err.msg, out.ptr);
	assert_string_equal(json_text_member(json_object_get(doc, req.backend->section), "runtime"),
			    runtime);
	return buf_steal(&out);
}

static void configurations(void **state)
{
	static const char *const runtimes[] = { "a/b:1", "12", "1.5",   "x y",   "a: b", "#",
						"-",     "'",  "null:", "\"q\"", "1_0" };
	struct backend_table table;
	AUTO(auto_free) char *k8s = NULL, *aliyun = NULL, *vm = NULL;

	(void)state;
	assert_true(backend_table_load(&table, &(struct err){ 0 }));
	for (size_t i = 0; i < table.len; i++)
		for (size_t k = 0; k < ARRAY_LEN(runtimes); k++)
			free(config_of(&table, table.items[i].name, NULL, runtimes[k]));
	k8s = config_of(&table, "k8s", "docker_server=reg:5000 docker_password=hidden",
			"reg:5000/a:1");
	assert_string_equal(k8s, "lithops:\n    mode: serverless\n    backend: k8s\n\nk8s:\n"
				 "    runtime: reg:5000/a:1\n    runtime_memory: 512\n"
				 "    runtime_timeout: 600\n    docker_server: reg:5000\n"
				 "    # docker_user: ...\n    # docker_password: ...\n");
	aliyun = config_of(&table, "aliyun_fc:container", NULL, "r");
	assert_non_null(strstr(aliyun, "    deploy_mode: custom-container\n"));
	vm = config_of(&table, "gce", "region=r", "r");
	assert_non_null(strstr(vm, "mode: standalone\n    backend: gcp_compute_engine\n"));
	backend_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),          cmocka_unit_test(a_release_is_no_latest),
		cmocka_unit_test(local_versions), cmocka_unit_test(refusals),
		cmocka_unit_test(configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
