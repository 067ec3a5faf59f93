// SPDX-License-Identifier: Apache-2.0
#include "registry/credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "registry/helper.h"

/* Credentials from files and from a helper, in a home of its own for each test. */

struct home {
	struct fs_tmpdir dir;
	struct events events;
	int warnings;
};

static struct home *current;

static void count_warnings(struct events *self, const struct event *event)
{
	(void)self;
	current->warnings += event->kind == EVENT_WARNING;
}

static void put_mode(const char *path, const char *text, mode_t mode)
{
	AUTO(auto_free) char *whole = mem_printf("%s/%s", current->dir.path, path);
	AUTO(auto_free) char *dir = mem_printf("%.*s", (int)(strrchr(path, '/') - path), path);
	struct err err = { 0 };

	assert_true(fs_mkdir_p(current->dir.fd, dir, 0755, FS_BENEATH, &err));
	assert_true(fs_write_path_atomic(whole, text, strlen(text), mode, &err));
}

static void put(const char *path, const char *text)
{
	put_mode(path, text, 0600);
}

static void set(const char *name, const char *below)
{
	AUTO(auto_free) char *value = mem_printf("%s/%s", current->dir.path, below);

	setenv(name, value, 1);
}

/* A helper that keeps one file a server; a name with a space in its answer is told as missing. */
static const char helper[] =
	"#!/bin/sh\n"
	"d=$HOME/keychain; mkdir -p $d; echo \"$1\" >>$d/log\n"
	"case $1 in\n"
	"get) read -r s || :; f=$d/$(echo \"$s\" | tr -c 'a-z0-9.\\n' _)\n"
	"  [ \"$s\" != broken.example ] || { echo 'the keychain is locked'; exit 1; }\n"
	"  [ -e \"$f\" ] || { echo 'credentials not found in native keychain'; exit 1; }\n"
	"  cat \"$f\" ;;\n"
	"store) in=$(cat); s=$(echo \"$in\" | sed 's/.*\"ServerURL\":\"\\([^\"]*\\)\".*/\\1/')\n"
	"  echo \"$in\" >\"$d/$(echo \"$s\" | tr -c 'a-z0-9.\\n' _)\" ;;\n"
	"erase) read -r s || :; rm \"$d/$(echo \"$s\" | tr -c 'a-z0-9.\\n' _)\" ;;\n"
	"esac\n";

static int setup(void **state)
{
	struct home *h = calloc(1, sizeof(*h));
	struct err err = { 0 };
	static const char *const clear[] = { "DOCKER_CONFIG", "DOCKER_AUTH_CONFIG",
					     "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR",
					     "XDG_CONFIG_HOME" };

	current = h;
	h->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	h->events.emit = count_warnings;
	if (!fs_tmpdir_open(&h->dir, &err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(clear); i++)
		unsetenv(clear[i]);
	set("HOME", "home");
	put_mode("bin/docker-credential-test", helper, 0755);
	AUTO(auto_free) char *path = mem_printf("%s/bin:/usr/bin:/bin", h->dir.path);

	setenv("PATH", path, 1);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct home *h = *state;

	fs_tmpdir_close(&h->dir);
	free(h);
	return 0;
}

/* "user:password", "identity:...", "registry:...", "anonymous", or the error's name. */
static char *find_in(const char *authfile, const char *host, const char *repository)
{
	AUTO(credential_free) struct credential c = { 0 };
	AUTO(auto_free) char *where = NULL;
	struct err err = { 0 };

	if (!credentials_find(&c, &where, authfile, host, repository, &current->events, &err))
		return mem_strdup(err_name(err.code));
	if (credential_is_empty(&c)) {
		assert_null(where);
		return mem_strdup("anonymous");
	}
	assert_non_null(where);
	assert_null(strstr(where, "pw"));
	if (c.identity_token)
		return mem_printf("identity:%s", c.identity_token);
	if (c.registry_token)
		return mem_printf("registry:%s", c.registry_token);
	return mem_printf("%s:%s", c.user, c.password);
}

static void expect(const char *host, const char *repository, const char *want)
{
	AUTO(auto_free) char *got = find_in(NULL, host, repository);

	if (strcmp(got, want))
		fail_msg("%s/%s: %s, not %s", host, repository, got, want);
}

/* base64: u:pw dTpwdw==, hub:pw aHViOnB3, ns:pw bnM6cHc=, u:p:w dTpwOnc=, rt:pw cnQ6cHc=, x (no
 * colon) eA== */
static void one_file(void **state)
{
	static const struct {
		const char *file, *host, *repository, *want;
	} cases[] = {
		{ "{}", "r.example", "a", "anonymous" },
		{ "", "r.example", "a", "anonymous" },
		{ "{\"auths\":{}}", "r.example", "a", "anonymous" },
		{ "{\"auths\":{\"r.example\":{}}}", "r.example", "a", "anonymous" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"dTpwdw==\"}}}", "r.example", "a", "u:pw" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"dTpwOnc=\"}}}", "r.example", "a",
		  "u:p:w" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"dTpwdwAAAA==\"}}}", "r.example", "a",
		  "u:pw" },
		{ "{\"auths\":{\"https://r.example/\":{\"auth\":\"dTpwdw==\"}}}", "r.example", "a",
		  "u:pw" },
		{ "{\"auths\":{\"https://r.example/v1/\":{\"auth\":\"dTpwdw==\"}}}", "r.example",
		  "a", "u:pw" },
		{ "{\"auths\":{\"http://r.example/v2\":{\"auth\":\"dTpwdw==\"}}}", "r.example", "a",
		  "u:pw" },
		{ "{\"auths\":{\"r.example:5000\":{\"auth\":\"dTpwdw==\"}}}", "r.example", "a",
		  "anonymous" },
		{ "{\"auths\":{\"r.example:5000\":{\"auth\":\"dTpwdw==\"}}}", "r.example:5000", "a",
		  "u:pw" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"dTpwdw==\"}}}", "r.example.evil", "a",
		  "anonymous" },
		{ "{\"auths\":{\"r.exam\":{\"auth\":\"dTpwdw==\"}}}", "r.example", "a",
		  "anonymous" },
		{ "{\"auths\":{\"r.example\":{\"username\":\"u\",\"password\":\"pw\"}}}",
		  "r.example", "a", "u:pw" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"dTpwdw==\",\"identitytoken\":\"T\"}}}",
		  "r.example", "a", "identity:T" },
		{ "{\"auths\":{\"r.example\":{\"registrytoken\":\"T\"}}}", "r.example", "a",
		  "registry:T" },
		{ "{\"auths\":{\"r.example\":{\"username\":\"<token>\",\"password\":\"T\"}}}",
		  "r.example", "a", "identity:T" },
		/* Docker Hub has many names */
		{ "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"aHViOnB3\"}}}",
		  "docker.io", "library/x", "hub:pw" },
		{ "{\"auths\":{\"docker.io\":{\"auth\":\"aHViOnB3\"}}}", "docker.io", "library/x",
		  "hub:pw" },
		{ "{\"auths\":{\"registry-1.docker.io\":{\"auth\":\"aHViOnB3\"}}}", "docker.io",
		  "a/b", "hub:pw" },
		{ "{\"auths\":{\"docker.io/me\":{\"auth\":\"bnM6cHc=\"},"
		  "\"docker.io\":{\"auth\":\"aHViOnB3\"}}}",
		  "docker.io", "me/x", "ns:pw" },
		/* the longest key wins */
		{ "{\"auths\":{\"r.example\":{\"auth\":\"dTpwdw==\"},"
		  "\"r.example/ns\":{\"auth\":\"bnM6cHc=\"},"
		  "\"r.example/ns/rt\":{\"auth\":\"cnQ6cHc=\"}}}",
		  "r.example", "ns/rt", "rt:pw" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"dTpwdw==\"},"
		  "\"r.example/ns\":{\"auth\":\"bnM6cHc=\"}}}",
		  "r.example", "ns/other/x", "ns:pw" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"dTpwdw==\"},"
		  "\"r.example/ns\":{\"auth\":\"bnM6cHc=\"}}}",
		  "r.example", "nsx/rt", "u:pw" },
		{ "{\"auths\":{\"r.example/ns\":{},\"r.example\":{\"auth\":\"dTpwdw==\"}}}",
		  "r.example", "ns/rt", "u:pw" },
		/* broken */
		{ "{\"auths\":{\"r.example\":{\"auth\":\"eA==\"}}}", "r.example", "a", "E_INPUT" },
		{ "{\"auths\":{\"r.example\":{\"auth\":\"%%\"}}}", "r.example", "a", "E_INPUT" },
		{ "{\"auths\":", "r.example", "a", "E_INPUT" },
		{ "[]", "r.example", "a", "E_INPUT" },
		{ "{\"auths\":[],\"credHelpers\":3,\"credsStore\":{}}", "r.example", "a",
		  "anonymous" },
		{ "{\"credsStore\":\"../../bin/sh\"}", "r.example", "a", "E_INPUT" },
		{ "{\"credHelpers\":{\"r.example\":\"a b\"}}", "r.example", "a", "E_INPUT" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		put("home/.docker/config.json", cases[i].file);
		AUTO(auto_free) char *got = find_in(NULL, cases[i].host, cases[i].repository);

		if (strcmp(got, cases[i].want))
			fail_msg("%s for %s/%s: %s", cases[i].file, cases[i].host,
				 cases[i].repository, got);
	}
}

#define AUTHS(key, base64) "{\"auths\":{\"" key "\":{\"auth\":\"" base64 "\"}}}"

static void files_in_order(void **state)
{
	(void)state;
	expect("r.example", "ns/rt", "anonymous");
	put("home/.dockercfg", "{\"r.example\":{\"auth\":\"MTpwdw==\"}}");
	expect("r.example", "ns/rt", "1:pw");
	put("home/.docker/config.json", AUTHS("r.example", "MjpwdyA="));
	expect("r.example", "ns/rt", "2:pw ");
	put("home/.config/containers/auth.json", AUTHS("r.example", "Mzpwdw=="));
	expect("r.example", "ns/rt", "3:pw");
	set("XDG_RUNTIME_DIR", "run");
	put("run/containers/auth.json", AUTHS("r.example", "NDpwdw=="));
	expect("r.example", "ns/rt", "4:pw");
	set("REGISTRY_AUTH_FILE", "named/auth.json");
	expect("r.example", "ns/rt", "4:pw");
	put("named/auth.json", AUTHS("r.example", "NTpwdw=="));
	expect("r.example", "ns/rt", "5:pw");
	setenv("DOCKER_AUTH_CONFIG", AUTHS("r.example", "Njpwdw=="), 1);
	expect("r.example", "ns/rt", "6:pw");
	/* but the longest key wins over the order */
	put("home/.docker/config.json", AUTHS("r.example/ns", "NzpwdyA="));
	expect("r.example", "ns/rt", "7:pw ");
	set("DOCKER_CONFIG", "other");
	expect("r.example", "ns/rt", "6:pw");
	/* and a named file is the only one */
	put("x/auth.json", AUTHS("other.example", "ODpwdw=="));
	AUTO(auto_free) char *file = mem_printf("%s/x/auth.json", current->dir.path);
	AUTO(auto_free) char *got = find_in(file, "r.example", "ns/rt");

	assert_string_equal(got, "anonymous");
}

static void readable_by_others(void **state)
{
	(void)state;
	put_mode("home/.docker/config.json", AUTHS("r.example", "dTpwdw=="), 0644);
	expect("r.example", "a", "u:pw");
	assert_int_equal(current->warnings, 1);
	put_mode("home/.docker/config.json", "{\"auths\":{\"r.example\":{}}}", 0644);
	expect("r.example", "a", "anonymous");
	assert_int_equal(current->warnings, 1);
}

static void helpers(void **state)
{
	(void)state;
	put("home/keychain/r.example", "{\"Username\":\"h\",\"Secret\":\"pw\"}");
	put("home/keychain/https___index.docker.io_v1_",
	    "{\"Username\":\"hub\",\"Secret\":\"pw\"}");
	put("home/keychain/t.example", "{\"Username\":\"<token>\",\"Secret\":\"T\"}");
	put("home/keychain/j.example", "not json");

	put("home/.docker/config.json", "{\"credHelpers\":{\"r.example\":\"test\"},"
					"\"auths\":{\"r.example\":{\"auth\":\"dTpwdw==\"}}}");
	expect("r.example", "a", "h:pw");
	expect("q.example", "a", "anonymous");
	put("home/.docker/config.json", "{\"credsStore\":\"test\",\"auths\":{\"r.example\":{}}}");
	expect("r.example", "a", "h:pw");
	expect("docker.io", "library/x", "hub:pw");
	expect("t.example", "a", "identity:T");
	put("home/keychain/me.azurecr.io",
	    "{\"Username\":\"00000000-0000-0000-0000-000000000000\",\"Secret\":\"R\"}");
	expect("me.azurecr.io", "a", "identity:R");
	expect("q.example", "a", "anonymous");
	expect("j.example", "a", "E_INPUT");
	expect("broken.example", "a", "E_AUTH");
	put("home/.docker/config.json", "{\"credsStore\":\"missing\",\"auths\":{\"r.example\":"
					"{\"auth\":\"dTpwdw==\"}}}");
	expect("r.example", "a", "u:pw");
	assert_int_equal(current->warnings, 1);
}

static char *read_text(const char *path)
{
	AUTO(auto_free) char *whole = mem_printf("%s/%s", current->dir.path, path);
	AUTO(buf_free) struct buf b = BUF_INIT(100000);
	struct err err = { 0 };

	assert_true(fs_read_path(&b, whole, 100000, &err));
	return buf_steal(&b);
}

/* Tokens of CI systems and other tools are not for helpers. */
static void what_a_helper_sees(void **state)
{
	static const struct {
		const char *variable;
		bool sees;
	} cases[] = {
		{ "PATH=/bin", true },
		{ "HOME=/root", true },
		{ "XDG_RUNTIME_DIR=/run", true },
		{ "AWS_PROFILE=ci", true },
		{ "GOOGLE_CLOUD_PROJECT=p", true },
		{ "AZURE_TENANT_ID=t", true },
		{ "LC_ALL=C", true },
		{ "DOCKER_CONFIG=/d", true },
		{ "https_proxy=x", true },
		{ "DBUS_SESSION_BUS_ADDRESS=x", true },
		{ "DOCKER_AUTH_CONFIG={}", false },
		{ "CI_JOB_TOKEN=t", false },
		{ "RTBUILD_SECRET=t", false },
		{ "LD_PRELOAD=x", false },
		{ "PATHS=x", false },
		{ "XPATH=x", false },
		{ "NPM_TOKEN=x", false },
		{ "BASH_ENV=x", false },
		{ "LC_=x", false },
	};
	static const char printing[] = "#!/bin/sh\ncat >/dev/null\nenv >$HOME/seen\n"
				       "echo '{\"Username\":\"u\",\"Secret\":\"pw\"}'\n";
	AUTO(auto_free) char *seen = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (helper_sees(cases[i].variable) != cases[i].sees)
			fail_msg("%s", cases[i].variable);
	put_mode("bin/docker-credential-printing", printing, 0755);
	put("home/.docker/config.json", "{\"credsStore\":\"printing\"}");
	setenv("CI_JOB_TOKEN", "Mark3r", 1);
	setenv("AWS_PROFILE", "ci", 1);
	expect("r.example", "a", "u:pw");
	unsetenv("CI_JOB_TOKEN");
	unsetenv("AWS_PROFILE");
	seen = read_text("home/seen");
	assert_non_null(strstr(seen, "AWS_PROFILE=ci\n"));
	assert_null(strstr(seen, "Mark3r"));
}

/* "source|key|verdict" lines: what was tried, in order, and why. */
static void explained(void **state)
{
	/* clang-format off */
	static const char want[] =
		"config.json|r.example/a/b|used\n"
		"config.json, docker-credential-test|r.example/a|not asked: \"r.example/a/b\" is longer\n"
		"auth.json|r.example|not asked: \"r.example/a/b\" is longer\n"
		"config.json|https://r.example/v1/|not asked: \"r.example/a/b\" is longer\n"
		"auth.json|r.example/other|for another repository\n";
	/* clang-format on */
	AUTO(credential_free) struct credential c = { 0 };
	AUTO(credentials_report_free) struct credentials_report all = { 0 };
	AUTO(buf_free) struct buf got = BUF_INIT(10000);
	AUTO(auto_free) char *where = NULL;
	struct err err = { 0 };

	(void)state;
	put("home/.config/containers/auth.json",
	    "{\"auths\":{\"r.example\":{\"auth\":\"dTpwdw==\"},\"r.example/other\":{},"
	    "\"r.example.org\":{}}}");
	put("home/.docker/config.json",
	    "{\"credHelpers\":{\"r.example/a\":\"test\"},\"auths\":{\"https://r.example/v1/\":{},"
	    "\"r.example/a/b\":{\"auth\":\"bnM6cHc=\"}}}");
	assert_true(credentials_explain(&c, &where, &all, NULL, "r.example", "a/b/c", NULL, &err));
	for (size_t i = 0; i < all.len; i++)
		buf_putf(&got, "%s|%s|%s\n", strrchr(all.items[i].source, '/') + 1,
			 all.items[i].key, all.items[i].verdict);
	assert_string_equal(got.ptr, want);
	assert_int_equal(all.files.len, 2);
	assert_string_equal(c.user, "ns");
}

static void store(const char *authfile, const char *host, const char *user, const char *password)
{
	AUTO(credential_free)
	struct credential c = { .user = mem_strdup(user), .password = mem_strdup(password) };
	AUTO(auto_free) char *where = NULL;
	struct err err = { 0 };

	if (!credentials_store(&where, authfile, host, &c, &err))
		fail_msg("%s", err.msg);
	assert_non_null(where);
}

static bool erase(const char *host)
{
	struct err err = { 0 };
	bool had;

	assert_true(credentials_erase(&had, NULL, host, &err));
	return had;
}

static void storing(void **state)
{
	AUTO(auto_free) char *path = mem_printf("%s/home/.docker/config.json", current->dir.path);
	struct stat st;
	(void)state;

	assert_false(erase("r.example"));
	assert_int_not_equal(stat(path, &st), 0); /* nothing to say, nothing written */
	store(NULL, "r.example", "u", "p:w\"\\");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	expect("r.example", "a", "u:p:w\"\\");
	store(NULL, "docker.io", "hub", "pw");
	expect("docker.io", "library/x", "hub:pw");
	AUTO(auto_free) char *text = read_text("home/.docker/config.json");

	assert_non_null(strstr(text, "\"https://index.docker.io/v1/\""));
	assert_true(erase("r.example"));
	expect("r.example", "a", "anonymous");
	expect("docker.io", "library/x", "hub:pw");
	assert_false(erase("r.example"));
}

static void storing_keeps_the_rest(void **state)
{
	(void)state;
	put("real/config.json",
	    "{\"psFormat\":\"x\",\"auths\":{\"https://r.example/v1/\":{\"auth\":\"dTpwdw==\"},"
	    "\"s.example\":{\"auth\":\"dTpwdw==\",\"own\":1}},\"HttpHeaders\":{\"a\":\"b\"},"
	    "\"big\":12345678901234567}");
	AUTO(auto_free) char *link = mem_printf("%s/home/.docker/config.json", current->dir.path);
	AUTO(auto_free) char *real = mem_printf("%s/real/config.json", current->dir.path);
	struct stat st;
	struct err err = { 0 };

	assert_true(fs_mkdir_p(current->dir.fd, "home/.docker", 0700, FS_BENEATH, &err));
	assert_int_equal(symlink(real, link), 0);
	store(NULL, "r.example", "n", "pw");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	AUTO(auto_free) char *text = read_text("real/config.json");
	AUTO(auto_json_decref) json_t *doc = NULL;

	assert_true(json_parse(&doc, text, strlen(text), "x", &err));
	assert_string_equal(json_text_member(doc, "psFormat"), "x");
	assert_int_equal(json_integer_value(json_object_get(doc, "big")), 12345678901234567);
	assert_null(strstr(text, "https://r.example/v1/")); /* the old key of the same host */
	assert_non_null(strstr(text, "\"own\": 1"));
	expect("r.example", "a", "n:pw");
	expect("s.example", "a", "u:pw");
}

static void storing_in_a_helper(void **state)
{
	(void)state;
	put("home/.docker/config.json", "{\"credsStore\":\"test\"}");
	store(NULL, "r.example", "u", "pw");
	AUTO(auto_free) char *text = read_text("home/.docker/config.json");

	assert_null(strstr(text, "dTpwdw"));
	expect("r.example", "a", "u:pw");
	assert_true(erase("r.example"));
	expect("r.example", "a", "anonymous");
	assert_false(erase("r.example"));
	AUTO(auto_free) char *log = read_text("home/keychain/log");

	assert_non_null(strstr(log, "store"));
	assert_non_null(strstr(log, "erase"));
}

static void a_broken_file_is_not_replaced(void **state)
{
	AUTO(credential_free)
	struct credential c = { .user = mem_strdup("u"), .password = mem_strdup("pw") };
	AUTO(auto_free) char *where = NULL;
	struct err err = { 0 };
	(void)state;

	put("home/.docker/config.json", "{ broken");
	assert_false(credentials_store(&where, NULL, "r.example", &c, &err));
	assert_int_equal(err.code, E_INPUT);
	AUTO(auto_free) char *text = read_text("home/.docker/config.json");

	assert_string_equal(text, "{ broken");
}

/* What is written can be read again, so it must not grow past what is read. */
static void a_full_file_is_not_made_larger(void **state)
{
	AUTO(credential_free)
	struct credential c = { .user = mem_strdup("u"), .password = mem_strdup("pw") };
	AUTO(auto_free) char *filler = mem_alloc(LIMIT_SETTINGS_FILE);
	AUTO(auto_free)
	char *path = mem_printf("%s/home/.docker/config.json", current->dir.path);
	AUTO(buf_free) struct buf after = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_free) char *full = NULL;
	AUTO(auto_free) char *where = NULL;
	struct err err = { 0 };
	(void)state;

	memset(filler, 'x', LIMIT_SETTINGS_FILE - 64);
	full = mem_printf("{\"x\":\"%s\"}", filler);
	put("home/.docker/config.json", full);
	assert_false(credentials_store(&where, NULL, "r.example", &c, &err));
	assert_int_equal(err.code, E_INPUT);
	err_clear(&err);
	assert_true(fs_read_path(&after, path, after.max, &err));
	assert_string_equal(after.ptr, full);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_file),
		TEST(files_in_order),
		TEST(readable_by_others),
		TEST(helpers),
		TEST(storing),
		TEST(storing_keeps_the_rest),
		TEST(what_a_helper_sees),
		TEST(explained),
		TEST(storing_in_a_helper),
		TEST(a_broken_file_is_not_replaced),
		TEST(a_full_file_is_not_made_larger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
