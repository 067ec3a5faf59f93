// SPDX-License-Identifier: Apache-2.0
#include "templates/naming.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/reference.h"
#include "templates/naming_rule.h"
#include "templates/render.h"

/* Lithops' names. Where its rules are odd they are kept odd: a name that differs is not found. */

const char *const naming_keys[] = {
	"docker_server",    "docker_user",
	"docker_namespace", "region",
	"project_name",     "artifact_registry_repository",
	"account_id",       "user_id",
	"namespace",        NULL,
};

void naming_free(struct naming *n)
{
	free(n->runtime);
	free(n->image);
	free(n->repository);
	free(n->layer);
	*n = (struct naming){ 0 };
}

static const char *setting(const struct naming_request *req, const char *key, const char *absent)
{
	const char *value = req->settings ? map_text(req->settings, key) : NULL;

	return value && *value ? value : absent;
}

static bool need(const char **out, const struct naming_request *req, const char *key,
		 struct err *err)
{
	*out = setting(req, key, NULL);
	if (*out)
		return true;
	err_set(err, E_USAGE, "the names of %s need %s, which is not set", req->backend->name, key);
	return err_hint(err, "--setting %s=VALUE, or %s: in section %s of Lithops' configuration",
			key, key, req->backend->section ? req->backend->section : "BACKEND");
}

static bool need_version(const struct naming_request *req, struct err *err)
{
	if (req->lithops_version)
		return true;
	err_set(err, E_USAGE, "the names of %s hold the version of Lithops", req->backend->name);
	return err_hint(err, "--lithops-version X.Y.Z: the client's");
}

static bool check_keys(const struct naming_request *req, struct err *err)
{
	for (size_t i = 0; req->settings && i < req->settings->len; i++) {
		const char *key = req->settings->items[i].key, *near;
		size_t k = 0;

		while (naming_keys[k] && !str_eq(naming_keys[k], key))
			k++;
		if (naming_keys[k])
			continue;
		near = str_nearest(key, naming_keys, k);
		err_set(err, E_USAGE, "no name depends on '%s'", key);
		return near ? err_hint(err, "did you mean %s?", near)
			    : err_hint(err, "docker_server, docker_user, region, account_id, ...");
	}
	return true;
}

/* Without the characters of `gone`, or with `put` in their place. */
static char *replaced(const char *text, char from, const char *put)
{
	AUTO(buf_free) struct buf out = BUF_INIT(LIMIT_TEMPLATE);

	for (const char *p = text; *p; p++)
		buf_putf(&out, "%.*s%s", *p != from, p, *p == from ? put : "");
	return buf_steal(&out);
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* --- rules --- */

/* get_default_container_name: substrings of docker_server decide. */
static bool with_prefix(char **out, const struct naming_request *req, const char *image,
			const char *own_server, struct err *err)
{
	const char *server = setting(req, "docker_server", own_server);
	const char *user, *region, *project;

	if (strstr(server, "docker.io")) {
		if (!need(&user, req, "docker_user", err))
			return false;
		*out = mem_printf("docker.io/%s/%s", user, image);
	} else if (strstr(server, "icr.io")) {
		if (!need(&user, req, "docker_namespace", err))
			return false;
		*out = mem_printf("%s/%s/%s", server, user, image);
	} else if (strstr(server, "pkg.dev")) {
		if (!need(&region, req, "region", err) || !need(&project, req, "project_name", err))
			return false;
		*out = mem_printf("%s-docker.pkg.dev/%s/%s/%s", region, project,
				  setting(req, "artifact_registry_repository", "lithops"), image);
	} else {
		*out = mem_printf("%s/%s", server, image);
	}
	return true;
}

/* A user's name: docker_server goes before it when it has one slash and does not hold it. */
static char *with_server(const struct naming_request *req, const char *name)
{
	const char *server = setting(req, "docker_server", "docker.io");
	const char *slash = strchr(name, '/');

	return slash && !strchr(slash + 1, '/') && !strstr(name, server)
		       ? mem_printf("%s/%s", server, name)
		       : mem_strdup(name);
}

static bool registry(struct naming *out, const struct naming_request *req, const char *own,
		     struct err *err)
{
	if (req->name)
		out->runtime = with_server(req, req->name);
	else if (!with_prefix(&out->runtime, req, own, "docker.io", err))
		return false;
	out->image = mem_strdup(out->runtime);
	return true;
}

static bool registry_plain(struct naming *out, const struct naming_request *req, const char *own,
			   struct err *err)
{
	if (req->name)
		out->runtime = mem_strdup(req->name);
	else if (!with_prefix(&out->runtime, req, own, "index.docker.io", err))
		return false;
	out->image = mem_strdup(out->runtime);
	return true;
}

static bool hub(struct naming *out, const struct naming_request *req, const char *own,
		struct err *err)
{
	(void)err;
	out->runtime = req->name ? with_server(req, req->name) : mem_strdup(own);
	out->image = mem_strdup(out->runtime);
	return true;
}

static bool plain(struct naming *out, const struct naming_request *req, const char *own,
		  struct err *err)
{
	(void)err;
	out->runtime = mem_strdup(req->name ? req->name : own);
	if (backend_is_image(req->backend))
		out->image = mem_strdup(out->runtime);
	return true;
}

/* lithops_v371_ab1c[_NAMESPACE]: the last four characters of the user's id. */
static bool aws_package(char **out, const struct naming_request *req, struct err *err)
{
	const char *user, *namespace = setting(req, "namespace", NULL);
	AUTO(auto_free) char *version = NULL, *key = NULL;
	size_t len;

	if (!need_version(req, err) || !need(&user, req, "user_id", err))
		return false;
	if (strchr(req->lithops_version, '+')) {
		err_set(err, E_USAGE, "Lithops %s: AWS takes no name with the + that it puts there",
			req->lithops_version);
		return err_hint(err, "a Lithops without a local version, for the client too");
	}
	version = replaced(req->lithops_version, '.', "");
	len = strcspn(user, ":");
	key = mem_strndup(len > 4 ? user + len - 4 : user, len > 4 ? 4 : len);
	lower(key);
	*out = mem_printf("lithops_v%s_%s%s%s", version, key, namespace ? "_" : "",
			  namespace ? namespace : "");
	return true;
}

static bool aws_registry(char **out, const struct naming_request *req, struct err *err)
{
	const char *account, *region;

	if (!need(&account, req, "account_id", err) || !need(&region, req, "region", err))
		return false;
	*out = mem_printf("%s.dkr.ecr.%s.amazonaws.com", account, region);
	return true;
}

static bool lambda(struct naming *out, const struct naming_request *req, const char *own,
		   struct err *err)
{
	const char *name = req->name ? req->name : own;
	const char *colon = strchr(name, ':'), *slash = strchr(name, '/');
	AUTO(auto_free) char *package = NULL, *host = NULL;

	if (strstr(slash ? slash + 1 : name, "default-runtime-v")) {
		err_set(err, E_USAGE, "Lithops takes '%s' for a layer, not for an image", name);
		return err_hint(err, "a name without \"default-runtime-v\"");
	}
	if (!aws_package(&package, req, err) || !aws_registry(&host, req, err))
		return false;
	out->runtime = mem_strdup(name);
	out->repository = mem_printf("%s/%.*s", package,
				     (int)(colon ? (size_t)(colon - name) : strlen(name)), name);
	lower(out->repository);
	out->image = mem_printf("%s/%s:%.*s", host, out->repository,
				(int)strcspn(colon ? colon + 1 : "latest", ":"),
				colon ? colon + 1 : "latest");
	return true;
}

static bool layer(struct naming *out, const struct naming_request *req, const char *own,
		  struct err *err)
{
	AUTO(auto_free) char *package = NULL;

	if (!aws_package(&package, req, err))
		return false;
	out->runtime = mem_strdup(req->name ? req->name : own);
	out->layer = mem_printf("%s_%s_layer", package, out->runtime);
	return true;
}

/* ^([a-zA-Z0-9_-]+)(:[a-zA-Z0-9_-]+)+$ */
static bool batch_takes(const char *name)
{
	static const char set[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t parts = 0;

	for (;; name++, parts++) {
		size_t len = strspn(name, set);

		if (!len || (name[len] && name[len] != ':'))
			return false;
		name += len;
		if (!*name)
			return parts > 0;
	}
}

static bool batch(struct naming *out, const struct naming_request *req, const char *own,
		  struct err *err)
{
	AUTO(auto_free) char *package = NULL, *host = NULL, *dotted = NULL;

	out->runtime = mem_strdup(req->name ? req->name : own);
	if (!batch_takes(out->runtime)) {
		err_set(err, E_USAGE, "AWS Batch's runtimes cannot be called '%s'", out->runtime);
		return err_hint(err, "NAME:TAG of letters, digits, _ and -: no dots, no slashes");
	}
	if (!aws_package(&package, req, err) || !aws_registry(&host, req, err))
		return false;
	dotted = replaced(package, '-', ".");
	out->repository =
		mem_printf("%s/%.*s", dotted, (int)strcspn(out->runtime, ":"), out->runtime);
	lower(out->repository);
	out->image = mem_printf("%s/%s/%s", host, dotted, out->runtime);
	lower(out->image);
	return true;
}

/* The first component names a host. */
static bool is_full(const char *name)
{
	size_t len = strcspn(name, "/");

	return name[len] && (memchr(name, '.', len) || memchr(name, ':', len));
}

static bool artifact_registry(struct naming *out, const struct naming_request *req, const char *own,
			      struct err *err)
{
	const char *region, *project;

	if (!req->name) {
		if (!with_prefix(&out->runtime, req, own, "pkg.dev", err))
			return false;
		out->image = mem_strdup(out->runtime);
		return true;
	}
	out->runtime = mem_strdup(req->name);
	if (is_full(req->name)) {
		out->image = mem_strdup(req->name);
		return true;
	}
	if (!need(&region, req, "region", err) || !need(&project, req, "project_name", err))
		return false;
	out->image = mem_printf("%s-docker.pkg.dev/%s/%s/%s", region, project,
				setting(req, "artifact_registry_repository", "lithops"), req->name);
	return true;
}

static bool ocir(struct naming *out, const struct naming_request *req, const char *own,
		 struct err *err)
{
	const char *name = req->name ? req->name : own;
	const char *server = setting(req, "docker_server", NULL), *region, *user;
	AUTO(auto_free) char *host = NULL, *full = NULL;

	if (strstr(name, "ocir.io") || strstr(name, "docker.io")) {
		full = mem_strdup(name);
	} else {
		if (!server && !need(&region, req, "region", err))
			return false;
		host = server ? mem_strdup(server) : mem_printf("%s.ocir.io", region);
		if (!need(&user, req, strstr(host, "docker.io") ? "docker_user" : "namespace", err))
			return false;
		full = mem_printf("%s/%s/%s", host, user, name);
	}
	out->image = mem_printf("%s%s", full, strchr(full, ':') ? "" : ":latest");
	out->runtime = mem_strdup(req->name ? req->name : out->image);
	return true;
}

static bool aliyun(struct naming *out, const struct naming_request *req, const char *own,
		   struct err *err)
{
	const char *server = setting(req, "docker_server", "docker.io"), *user;
	AUTO(auto_free) char *version = NULL;

	out->runtime = mem_strdup(req->name ? req->name : own);
	if (strchr(out->runtime, '/') && strchr(out->runtime, ':')) {
		out->image = mem_strdup(out->runtime);
		return true;
	}
	if (!need_version(req, err) || !need(&user, req, "docker_user", err))
		return false;
	version = replaced(req->lithops_version, '.', "-");
	out->image = mem_printf(
		"%s%s%s/lithops-aliyunfc-%s:v%s", str_eq(server, "docker.io") ? "" : server,
		str_eq(server, "docker.io") ? "" : "/", user, out->runtime, version);
	return true;
}

static bool (*const rules[])(struct naming *out, const struct naming_request *req, const char *own,
			     struct err *err) = {
	[NAMING_PLAIN] = plain,
	[NAMING_REGISTRY] = registry,
	[NAMING_REGISTRY_PLAIN] = registry_plain,
	[NAMING_HUB] = hub,
	[NAMING_LAMBDA] = lambda,
	[NAMING_LAYER] = layer,
	[NAMING_BATCH] = batch,
	[NAMING_ARTIFACT_REGISTRY] = artifact_registry,
	[NAMING_OCIR] = ocir,
	[NAMING_ALIYUN] = aliyun,
};

/* As `lithops runtime` checks it (lithops/utils.py, verify_runtime_name); an image's must be one
 * that registries take, too. */
static bool check_name(const char *name, struct err *err)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "_/.:-";

	if (*name && name[strspn(name, set)] == '\0')
		return true;
	err_set(err, E_USAGE, "Lithops takes no runtime called '%s'", name);
	return err_hint(err, strchr(name, '@') ? "NAME:TAG, without a digest"
					       : "letters, digits, and _ / . : -");
}

static bool check_image(const char *image, struct err *err)
{
	struct reference ref;

	if (!image || reference_parse(&ref, image, err))
		return true;
	return err->hint[0]
		       ? false
		       : err_hint(err, "Lithops puts docker_server before a name with one slash");
}

static bool default_name(char **out, const struct naming_request *req, struct err *err)
{
	const struct render_options opt = { .python = req->python,
					    .lithops_version = req->lithops_version };
	const char *text = req->backend->naming.def;

	return (!strstr(text, "{{lithops_version}}") || need_version(req, err)) &&
	       render_field(out, req->backend, text, &opt, err);
}

bool naming_make(struct naming *out, const struct naming_request *req, struct err *err)
{
	const struct backend *b = req->backend;
	AUTO(naming_free) struct naming n = { 0 };
	AUTO(auto_free) char *own = NULL;
	enum naming_rule rule;

	if (!naming_rule_parse(&rule, b->naming.rule))
		return err_set(err, E_INPUT, "%s: no naming rule '%s'", b->name, b->naming.rule);
	if (!check_keys(req, err) || (req->name && !check_name(req->name, err)) ||
	    (!req->name && !default_name(&own, req, err)) || !rules[rule](&n, req, own, err) ||
	    !check_image(n.image, err))
		return false;
	*out = n;
	n = (struct naming){ 0 };
	return true;
}

/* --- the configuration --- */

static bool is_secret(const char *key)
{
	return strstr(key, "password") || strstr(key, "secret") || strstr(key, "api_key") ||
	       strstr(key, "account_key");
}

/* As YAML: quoted where it would be read as something else than text. */
static void put_value(struct buf *out, const char *key, const char *value)
{
	bool is_plain = *value && !strpbrk(value, "#'\"\\{}[],&*!|>%@`\n\t ") &&
			!strstr(value, ": ") && value[strlen(value) - 1] != ':' &&
			value[0] != '-' && value[0] != '?' &&
			strspn(value, "0123456789.eE+-_") != strlen(value);
	AUTO(auto_json_decref) json_t *text = json_string(value);
	AUTO(auto_free) char *quoted = text ? json_text(text, NULL) : mem_strdup("\"\"");

	buf_putf(out, "    %s: %s\n", key, is_plain ? value : quoted);
}

void naming_print_config(struct buf *out, const struct naming_request *req, const char *runtime)
{
	const struct backend *b = req->backend;
	const char *const *keys = b->config_keys.items;
	bool standalone = str_eq(b->artifact, "vm");
	bool local = b->section && str_eq(b->section, "localhost");

	buf_putf(out, "lithops:\n    mode: %s\n    backend: %s\n\n%s:\n",
		 standalone ? "standalone"
		 : local    ? "localhost"
			    : "serverless",
		 b->section, b->section);
	put_value(out, "runtime", runtime);
	for (size_t i = 0; i < b->config.len; i++)
		put_value(out, b->config.items[i].key, b->config.items[i].value);
	if (b->memory.def)
		buf_putf(out, "    runtime_memory: %lld\n", (long long)b->memory.def);
	if (b->timeout.def)
		buf_putf(out, "    runtime_timeout: %lld\n", (long long)b->timeout.def);
	for (size_t i = 0; i < b->config_keys.len; i++) {
		const char *value = is_secret(keys[i]) ? NULL : setting(req, keys[i], NULL);

		if (value)
			put_value(out, keys[i], value);
		else
			buf_putf(out, "    # %s: ...\n", keys[i]);
	}
}
