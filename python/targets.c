// SPDX-License-Identifier: Apache-2.0
#include "python/targets.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* The table of named targets. Documents are target_document.c's. */

/*
 * python.org, "Status of Python versions" (PEP 494, 537, 569, 596, 619, 664, 693, 719, 745): when a
 * minor ends, and the newest patch known when this was written. For ended ones that is the last;
 * where an image is at hand, its own PYTHON_VERSION counts.
 */
static const struct {
	int minor, patch;
	const char *end;
} minors[] = {
	/* clang-format off */
	{ 6,  15, "2021-12-23" }, { 7,  17, "2023-06-27" }, { 8,  20, "2024-10-07" },
	{ 9,  25, "2025-10-31" }, { 10, 19, "2026-10-31" }, { 11, 14, "2027-10-31" },
	{ 12, 12, "2028-10-31" }, { 13, 11, "2029-10-31" }, { 14, 2,  "2030-10-31" },
	/* clang-format on */
};

/*
 * AWS, "Building Lambda functions with Python": the runtimes include "the AWS SDK for Python
 * (Boto3) and its dependencies", in versions that AWS changes without notice. These are boto3's
 * Requires-Dist, followed to the end; docutils was among them until botocore 1.15.
 */
static const char *const lambda_modules[] = {
	"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3", NULL,
};

/*
 * A family of targets: one C library, Pythons first..last, and paths that hold the minor as %d. Two
 * rows of one name are one family whose system changed. A C library older than the real one only
 * costs the choice of newer wheels, so where a platform does not document it, its oldest stands.
 *
 * Sources. Lambda: AWS, "Lambda runtimes" (Amazon Linux 1, 2, 2023: glibc 2.17, 2.26, 2.34; the
 * same table as aws-lambda-builders'). Google: "Runtime support" (Ubuntu 18.04, 22.04, 24.04: 2.27,
 * 2.35, 2.39). Azure: Azure/azure-functions-docker (Debian 10 to 12: 2.28, 2.31, 2.36). Alibaba
 * Cloud: "Runtime environments" (Debian 9 and 10: 2.24, 2.28). OpenWhisk:
 * apache/openwhisk-runtime-python (images of python:X.Y). Docker official images: python, on Debian
 * 11 to 13 (2.31, 2.36, 2.41) and Alpine (musl 1.2).
 */
static const struct family {
	const char *name, *title;
	int first, last;
	int first_arm64; /* minor from which on there is arm64 too; 0: never */
	const char *libc;
	const char *interpreter, *site, *scripts, *data;
	const char *const *preinstalled;
} families[] = {
#define LAMBDA "/var/lang/bin/python3.%d", "/opt/python", NULL, "/opt/python", lambda_modules
#define OFFICIAL                                                                                  \
	"/usr/local/bin/python3.%d", "/usr/local/lib/python3.%d/site-packages", "/usr/local/bin", \
		"/usr/local", NULL
#define GOOGLE \
	"/layers/google.python.runtime/python/bin/python3", "/workspace", NULL, "/workspace", NULL
#define AZURE                                                                                 \
	"/usr/local/bin/python3.%d", "/home/site/wwwroot/.python_packages/lib/site-packages", \
		NULL, "/home/site/wwwroot/.python_packages/lib/site-packages", NULL
#define ALIYUN "/var/fc/lang/python3.%d/bin/python3", "/code", NULL, "/code", NULL
	/* clang-format off */
	{ "lambda",          "AWS Lambda's own runtime",         6,  7,  0, "glibc-2.17", LAMBDA },
	{ "lambda",          "AWS Lambda's own runtime",         8,  11, 8, "glibc-2.26", LAMBDA },
	{ "lambda",          "AWS Lambda's own runtime",         12, 14, 8, "glibc-2.34", LAMBDA },
	{ "gcp_functions",   "Google Cloud Functions",           7,  9,  0, "glibc-2.27", GOOGLE },
	{ "gcp_functions",   "Google Cloud Functions",           10, 13, 0, "glibc-2.35", GOOGLE },
	{ "gcp_functions",   "Google Cloud Functions",           14, 14, 0, "glibc-2.39", GOOGLE },
	{ "azure_functions", "Azure Functions",                  6,  8,  0, "glibc-2.28", AZURE },
	{ "azure_functions", "Azure Functions",                  9,  11, 0, "glibc-2.31", AZURE },
	{ "azure_functions", "Azure Functions",                  12, 13, 0, "glibc-2.36", AZURE },
	{ "aliyun_fc",       "Alibaba Cloud Function Compute",   6,  6,  0, "glibc-2.24", ALIYUN },
	{ "aliyun_fc",       "Alibaba Cloud Function Compute",   9,  9,  0, "glibc-2.24", ALIYUN },
	{ "aliyun_fc",       "Alibaba Cloud Function Compute",   10, 10, 0, "glibc-2.28", ALIYUN },
	{ "aliyun_fc",       "Alibaba Cloud Function Compute",   12, 12, 0, "glibc-2.28", ALIYUN },
	{ "openwhisk",       "Apache OpenWhisk's Python images", 6,  13, 6, "glibc-2.31", OFFICIAL },
	{ "bullseye",        "python:3.N-slim-bullseye",         6,  13, 6, "glibc-2.31", OFFICIAL },
	{ "bookworm",        "python:3.N-slim-bookworm",         7,  14, 7, "glibc-2.36", OFFICIAL },
	{ "trixie",          "python:3.N-slim-trixie",           9,  14, 9, "glibc-2.41", OFFICIAL },
	{ "alpine",          "python:3.N-alpine",                6,  14, 6, "musl-1.2",   OFFICIAL },
	/* clang-format on */
};

/* Lithops' backends whose runtimes are images on python:X.Y-slim-bookworm. */
static const char *const on_bookworm[] = {
	"aws_lambda", "aws_batch", "azure_containers", "code_engine", "gcp_cloudrun",
	"k8s",        "knative",   "oracle_f",         "singularity",
};

static const struct {
	const char *name, *platform;
} architectures[] = { { "x86_64", "linux/amd64" }, { "arm64", "linux/arm64" } };

void python_profile_free(struct python_profile *p)
{
	str_list_free(&p->tags);
	map_free(&p->markers);
	arena_free(&p->arena);
	*p = (struct python_profile){ 0 };
}

const char *python_end_of_life(int minor)
{
	for (size_t i = 0; i < ARRAY_LEN(minors); i++)
		if (minors[i].minor == minor)
			return minors[i].end;
	return NULL;
}

bool python_profile_has_ended(const struct python_profile *p, int64_t now)
{
	struct clock_text today = clock_format(now);

	return p->end_of_life && strncmp(today.text, p->end_of_life, strlen("2025-10-31")) >= 0;
}

static int newest_patch(int minor)
{
	for (size_t i = 0; i < ARRAY_LEN(minors); i++)
		if (minors[i].minor == minor)
			return minors[i].patch;
	return 0;
}

/* A path of the table with its minor, in the profile's arena. */
static const char *path_of(struct python_profile *p, const char *pattern)
{
	const char *mark = pattern ? strstr(pattern, "%d") : NULL;

	if (!mark)
		return pattern;
	return arena_printf(&p->arena, "%.*s%d%s", (int)(mark - pattern), pattern, p->target.minor,
			    mark + 2);
}

static bool make(struct python_profile *out, const struct family *f, const char *family_name,
		 int minor, size_t architecture, struct err *err)
{
	struct python_profile p = { .title = f->title,
				    .end_of_life = python_end_of_life(minor),
				    .preinstalled = f->preinstalled };
	AUTO(auto_free) char *python = mem_printf("3.%d.%d", minor, newest_patch(minor));
	struct platform platform;

	if (!platform_parse(&platform, architectures[architecture].platform, err) ||
	    !python_target_make(&p.target, python, &platform, f->libc, err))
		return false;
	p.name = arena_printf(&p.arena, "%s-python3.%d-%s", family_name, minor,
			      architectures[architecture].name);
	p.interpreter = path_of(&p, f->interpreter);
	p.site = path_of(&p, f->site);
	p.scripts = path_of(&p, f->scripts);
	p.data = path_of(&p, f->data);
	*out = p;
	return true;
}

static bool has(const struct family *f, int minor, size_t architecture)
{
	return minor >= f->first && minor <= f->last &&
	       (architecture == 0 || (f->first_arm64 && minor >= f->first_arm64));
}

bool python_profiles_each(python_profile_fn *each, void *arg, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		for (int minor = families[i].first; minor <= families[i].last; minor++)
			for (size_t a = 0; a < ARRAY_LEN(architectures); a++) {
				AUTO(python_profile_free) struct python_profile p = { 0 };

				if (!has(&families[i], minor, a))
					continue;
				if (!make(&p, &families[i], families[i].name, minor, a, err) ||
				    !each(arg, &p, err))
					return false;
			}
	return true;
}

/* "k8s" has bookworm's targets. */
static const char *table_name(struct slice family)
{
	for (size_t i = 0; i < ARRAY_LEN(on_bookworm); i++)
		if (slice_eq(family, on_bookworm[i]))
			return "bookworm";
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (slice_eq(family, families[i].name))
			return families[i].name;
	return NULL;
}

/* FAMILY-python3.N-ARCHITECTURE in its parts; a family's name may hold no "-". */
static bool split(struct slice *family_out, int *minor_out, size_t *architecture_out,
		  const char *name)
{
	static const char python[] = "python3.";
	struct slice rest, middle;
	uint64_t minor;

	*family_out = slice_cut(slice_of(name), '-', &rest);
	middle = slice_cut(rest, '-', &rest);
	if (!rest.ptr || !slice_has_prefix(middle, python))
		return false;
	middle.ptr += strlen(python);
	middle.len -= strlen(python);
	if (!str_to_u64(&minor, middle, 99))
		return false;
	*minor_out = (int)minor;
	for (size_t i = 0; i < ARRAY_LEN(architectures); i++)
		if (slice_eq(rest, architectures[i].name)) {
			*architecture_out = i;
			return true;
		}
	return false;
}

static bool find_named(struct python_profile *out, bool *found_out, const char *name,
		       struct err *err)
{
	AUTO(auto_free) char *family_name = NULL;
	const char *row;
	struct slice family;
	int minor;
	size_t architecture;

	*found_out = false;
	if (!split(&family, &minor, &architecture, name))
		return true;
	row = table_name(family);
	family_name = mem_strndup(family.ptr, family.len);
	for (size_t i = 0; row && i < ARRAY_LEN(families); i++)
		if (str_eq(families[i].name, row) && has(&families[i], minor, architecture)) {
			*found_out = true;
			return make(out, &families[i], family_name, minor, architecture, err);
		}
	return true;
}

static bool add_name(void *arg, const struct python_profile *p, struct err *err)
{
	(void)err;
	str_list_push(arg, p->name);
	return true;
}

static bool refuse_name(const char *name, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	const char *near;

	if (!python_profiles_each(add_name, &names, err))
		return false;
	near = str_nearest(name, (const char *const *)names.items, names.len);
	err_set(err, E_USAGE, "there is no target '%s'", name);
	if (near)
		return err_hint(err, "did you mean %s?", near);
	return err_hint(err, "`rtbuild python target list` names all; a document of one ends in "
			     ".json");
}

static bool read_document(struct python_profile *out, const char *path, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_json_decref) json_t *doc = NULL;

	return fs_read_path(&text, path, LIMIT_SETTINGS_FILE, err) &&
	       json_parse(&doc, text.ptr, text.len, path, err) &&
	       python_profile_import(out, doc, path, err);
}

bool python_profile_find(struct python_profile *out, const char *name, struct err *err)
{
	bool found;

	if (str_has_suffix(name, ".json") || strchr(name, '/'))
		return read_document(out, name, err);
	if (!find_named(out, &found, name, err))
		return false;
	return found || refuse_name(name, err);
}
