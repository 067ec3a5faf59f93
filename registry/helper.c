// SPDX-License-Identifier: Apache-2.0
#include "registry/helper.h"

#include <string.h>

#include "base/env.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"

/* The protocol of credential helpers. Which one is asked for what is credentials.c's. */

/*
 * What of our environment a helper sees. Everything else, tokens of CI systems and passwords of
 * other tools among it, is none of its business (CVE-2020-15257's kind of surprise).
 */
/* clang-format off */
static const struct {
	const char *name; /* with a "*" at its end: all that begin so */
	const char *reason;
} seen[] = {
	{ "PATH",                     "helpers are scripts that call aws, gcloud, az, pass" },
	{ "HOME",                     "their own settings and key stores" },
	{ "USER",                     "key stores are a user's" },
	{ "LOGNAME",                  "likewise" },
	{ "SHELL",                    "gcloud asks for it" },
	{ "LANG",                     "messages, and the encoding of secrets" },
	{ "LC_*",                     "likewise" },
	{ "TZ",                       "expiry times in messages" },
	{ "TERM",                     "prompts of pinentry" },
	{ "TMPDIR",                   "caches and sockets" },
	{ "XDG_*",                    "settings, caches, and the run-time directory of key stores" },
	{ "DOCKER_CONFIG",            "docker's settings are elsewhere" },
	{ "DOCKER_CREDENTIAL_*",      "options of docker's own helpers" },
	{ "REGISTRY_AUTH_FILE",       "containers' settings are elsewhere" },
	{ "AWS_*",                    "amazon-ecr-credential-helper" },
	{ "ECS_*",                    "likewise, on ECS" },
	{ "GOOGLE_*",                 "docker-credential-gcr and gcloud" },
	{ "CLOUDSDK_*",               "gcloud's own settings" },
	{ "GCE_METADATA_HOST",        "likewise" },
	{ "AZURE_*",                  "acr-env and az" },
	{ "ACR_*",                    "docker-credential-acr-*" },
	{ "IDENTITY_*",               "managed identities of Azure" },
	{ "MSI_*",                    "likewise" },
	{ "ECR_*",                    "helpers around ECR" },
	{ "GITLAB_*",                 "glab's helper" },
	{ "GH_*",                     "gh's helper" },
	{ "GITHUB_TOKEN",             "docker-credential-ghcr-login and others for ghcr.io" },
	{ "GITHUB_ACTOR",             "likewise" },
	{ "VAULT_*",                  "docker-credential-vault-login" },
	{ "PASSWORD_STORE_*",         "docker-credential-pass" },
	{ "GNUPGHOME",                "likewise" },
	{ "GPG_*",                    "likewise" },
	{ "SSH_AUTH_SOCK",            "gpg-agent and remote key stores" },
	{ "DBUS_SESSION_BUS_ADDRESS", "docker-credential-secretservice" },
	{ "DISPLAY",                  "its prompts" },
	{ "XAUTHORITY",               "likewise" },
	{ "WAYLAND_DISPLAY",          "likewise" },
	{ "SSL_CERT_FILE",            "their own connections" },
	{ "SSL_CERT_DIR",             "likewise" },
	{ "HTTP_PROXY",               "likewise" }, { "http_proxy",  "likewise" },
	{ "HTTPS_PROXY",              "likewise" }, { "https_proxy", "likewise" },
	{ "ALL_PROXY",                "likewise" }, { "all_proxy",   "likewise" },
	{ "NO_PROXY",                 "likewise" }, { "no_proxy",    "likewise" },
};
/* clang-format on */

bool helper_sees(const char *variable)
{
	struct slice value, name = slice_cut(slice_of(variable), '=', &value);

	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		size_t len = strlen(seen[i].name) - 1;

		if (slice_eq(name, seen[i].name) || (seen[i].name[len] == '*' && name.len > len &&
						     memcmp(name.ptr, seen[i].name, len) == 0))
			return true;
	}
	return false;
}

static void pass_environment(struct str_list *out)
{
	const char *const *all = env_all();

	for (; *all; all++)
		if (helper_sees(*all))
			str_list_push(out, *all);
}

static bool check_name(const char *suffix, struct err *err)
{
	if (suffix[0] && strspn(suffix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_-") == strlen(suffix))
		return true;
	return err_set(err, E_INPUT, "'%s' is not a name of a credential helper", suffix);
}

/* docker-credential-SUFFIX VERB with `input` on stdin. E_NOT_FOUND when it is not installed. */
static bool run(int *status_out, struct buf *out, const char *suffix, const char *verb,
		const char *input, struct err *err)
{
	AUTO(auto_free) char *name = mem_printf("docker-credential-%s", suffix);
	AUTO(auto_free) char *program = NULL;
	AUTO(str_list_free) struct str_list env = { 0 };
	struct slice text = slice_of(input);
	const char *const argv[] = { name, verb, NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = 2 };
	const char *found[] = { NULL, verb, NULL };
	int seconds;

	if (!check_name(suffix, err))
		return false;
	program = proc_find(name);
	if (!program)
		return err_set(err, E_NOT_FOUND, "%s is not installed", name);
	found[0] = program;
	spec.argv = found;
	pass_environment(&env);
	spec.env = (const char *const *)str_list_argv(&env);
	seconds = env_seconds("RTBUILD_HELPER_TIMEOUT", LIMIT_HELPER_S, LIMIT_HELPER_MOST_S);
	if (proc_capture(status_out, out, NULL, &spec, &text, seconds * 1000, err))
		return true;
	if (err->code == E_IO)
		err_hint(err, "$RTBUILD_HELPER_TIMEOUT gives it more than %d seconds", seconds);
	return err_wrap(err, "%s %s", name, verb);
}

static bool failed(struct err *err, const char *suffix, const char *verb, const struct buf *out)
{
	AUTO(auto_free) char *words = str_printable(out->ptr, strcspn(out->ptr, "\r\n"), 200);

	return err_set(err, E_AUTH, "docker-credential-%s %s: %s", suffix, verb,
		       words[0] ? words : "failed without a word");
}

static bool take_answer(struct credential *out, enum helper_answer *answer_out, const char *suffix,
			const struct buf *text, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	const char *user, *secret;

	if (!json_parse(&doc, text->ptr, text->len, "its answer", err))
		return err_wrap(err, "docker-credential-%s get", suffix);
	user = json_text_member(doc, "Username");
	secret = json_text_member(doc, "Secret");
	if (user && secret && secret[0]) {
		credential_take_pair(out, user, secret);
		*answer_out = HELPER_FOUND;
	}
	return true;
}

bool helper_get(struct credential *out, enum helper_answer *answer_out, const char *suffix,
		const char *server, struct err *err)
{
	AUTO(secret_buf_free) struct buf answer = BUF_INIT(LIMIT_TOKEN_ANSWER);
	struct err why = { 0 };
	int status;

	*answer_out = HELPER_NONE;
	if (!run(&status, &answer, suffix, "get", server, &why)) {
		if (why.code == E_NOT_FOUND) {
			*answer_out = HELPER_MISSING;
			return true;
		}
		*err = why;
		return false;
	}
	if (status == 0)
		return take_answer(out, answer_out, suffix, &answer, err);
	/* The protocol's words for "none", on stdout. */
	return strstr(answer.ptr, "credentials not found") || failed(err, suffix, "get", &answer);
}

bool helper_store(const char *suffix, const char *server, const struct credential *c,
		  struct err *err)
{
	AUTO(secret_buf_free) struct buf answer = BUF_INIT(LIMIT_TOKEN_ANSWER);
	AUTO(auto_json_decref) json_t *doc = NULL;
	char *text;
	int status;
	bool ok;

	doc = json_pack("{s:s, s:s, s:s}", "ServerURL", server, "Username",
			c->identity_token ? "<token>" : c->user, "Secret",
			c->identity_token ? c->identity_token : c->password);
	if (!doc)
		return err_set(err, E_INPUT,
			       "a credential that is not UTF-8 does not go into a helper");
	text = json_text(doc, NULL);
	ok = run(&status, &answer, suffix, "store", text, err);
	secret_free(&text);
	if (!ok)
		return false;
	return status == 0 || failed(err, suffix, "store", &answer);
}

bool helper_erase(const char *suffix, const char *server, struct err *err)
{
	AUTO(secret_buf_free) struct buf answer = BUF_INIT(LIMIT_TOKEN_ANSWER);
	int status;

	if (!run(&status, &answer, suffix, "erase", server, err))
		return false;
	return status == 0 || failed(err, suffix, "erase", &answer);
}
