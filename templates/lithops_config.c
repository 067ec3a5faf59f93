// SPDX-License-Identifier: Apache-2.0
#include "templates/lithops_config.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Where Lithops' configuration is, and what its sections say. */

void lithops_config_free(struct lithops_config *c)
{
	json_decref(c->root);
	free(c->source);
	arena_free(&c->arena);
	*c = (struct lithops_config){ 0 };
}

/* --- reading --- */

/* Lithops takes an empty document as no configuration. */
static bool keep_root(struct lithops_config *c, json_t *root, struct err *err)
{
	if (json_is_object(root) && json_object_size(root)) {
		c->root = root;
		return true;
	}
	if (json_is_object(root) || json_is_null(root)) {
		json_decref(root);
		return true;
	}
	json_decref(root);
	return err_set(err, E_INPUT, "%s: the configuration of Lithops is a map of sections",
		       c->source);
}

static bool read_file(struct lithops_config *c, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	json_t *root;

	if (!fs_read_path(&text, c->source, LIMIT_SETTINGS_FILE, err))
		return err_wrap(err, "the configuration of Lithops");
	if (!text.len)
		return true;
	return yaml_parse(&root, text.ptr, text.len, c->source, err) && keep_root(c, root, err);
}

static bool read_variable(struct lithops_config *c, const char *text, struct err *err)
{
	json_t *root;

	c->source = mem_strdup("$LITHOPS_CONFIG");
	return json_parse(&root, text, strlen(text), c->source, err) && keep_root(c, root, err);
}

/* The file that somebody named must be there. */
static bool read_named(struct lithops_config *c, const char *file, const char *by, struct err *err)
{
	c->source = str_has_prefix(file, "~/") ? mem_printf("%s/%s", env_home(), file + 2)
					       : mem_strdup(file);
	if (read_file(c, err))
		return true;
	return err->code == E_NOT_FOUND ? err_hint(err, "%s names it", by) : false;
}

bool lithops_config_read(struct lithops_config *out, const char *file, struct err *err)
{
	const char *text = env_get("LITHOPS_CONFIG"), *named = env_get("LITHOPS_CONFIG_FILE");
	AUTO(auto_free) char *own = mem_printf("%s/.lithops/config", env_home());
	const char *const usual[] = { ".lithops_config", own, "/etc/lithops/config" };

	*out = (struct lithops_config){ 0 };
	if (file)
		return read_named(out, file, "--config", err);
	if (text)
		return read_variable(out, text, err);
	if (named)
		return read_named(out, named, "$LITHOPS_CONFIG_FILE", err);
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		if (access(usual[i], F_OK) != 0)
			continue;
		out->source = mem_strdup(usual[i]);
		return read_file(out, err);
	}
	return true;
}

/* --- sections --- */

static json_t *section(const struct lithops_config *c, const char *name)
{
	json_t *found = c->root ? json_object_get(c->root, name) : NULL;

	return json_is_object(found) ? found : NULL;
}

/* Which section a backend's inherits from, by the start of its name. */
/* clang-format off */
static const struct {
	const char *backend, *cloud;
} clouds[] = {
	{ "aws_",        "aws" },
	{ "gcp_",        "gcp" },
	{ "azure_",      "azure" },
	{ "aliyun_",     "aliyun" },
	{ "ibm_",        "ibm" },
	{ "code_engine", "ibm" },
	{ "oracle_",     "oracle" },
};

/* What a key was called before, where Lithops still takes the name. */
static const struct {
	const char *key, *before, *backend;
} renamed[] = {
	{ "region",      "region_name",     "aws_" },
	{ "region",      "location",        "azure_" },
	{ "runtime_cpu", "container_vcpus", "aws_batch" },
};

/* Keys that Lithops does not read any more, and what says the same today. %s is the backend. */
static const struct {
	const char *key, *today;
} gone[] = {
	{ "customized_runtime", "today it is %s: {runtime_include_function: true}" },
	{ "map_func_mod",       "today the function is found by the client; bake it with `rtbuild extend --function MODULE:FUNCTION`" },
	{ "map_func",           "today the function is found by the client; bake it with `rtbuild extend --function MODULE:FUNCTION`" },
	{ "storageless",        "today there is no such mode: results travel through the storage backend" },
	{ "rabbitmq_monitor",   "today it is lithops: {monitoring: rabbitmq}" },
};
/* clang-format on */

/* Where keys of before stood: the mode's section (2021), then lithops (2.5). */
static const char *const old_sections[] = { "serverless", "lithops", "standalone", "localhost" };

static const char *cloud_of(const char *backend)
{
	for (size_t i = 0; i < ARRAY_LEN(clouds); i++)
		if (str_has_prefix(backend, clouds[i].backend))
			return clouds[i].cloud;
	return NULL;
}

/* Absent and null are the same to Lithops' readers. */
static json_t *member(const struct lithops_config *c, const char *name, const char *key)
{
	json_t *in = name ? section(c, name) : NULL;
	json_t *value = in ? json_object_get(in, key) : NULL;

	return json_is_null(value) ? NULL : value;
}

static json_t *find(const struct lithops_config *c, const char *backend, const char *key)
{
	json_t *value = member(c, backend, key);

	for (size_t i = 0; !value && i < ARRAY_LEN(renamed); i++)
		if (str_eq(renamed[i].key, key) && str_has_prefix(backend, renamed[i].backend))
			value = member(c, backend, renamed[i].before);
	return value ? value : member(c, cloud_of(backend), key);
}

static const char *text_of(struct lithops_config *c, const json_t *value)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (json_is_integer(value))
		return arena_printf(&c->arena, "%lld", (long long)json_integer_value(value));
	if (json_is_real(value))
		return arena_printf(&c->arena, "%g", json_real_value(value));
	return NULL;
}

const char *lithops_config_text(struct lithops_config *c, const char *backend, const char *key)
{
	return text_of(c, find(c, backend, key));
}

static bool is_on(const json_t *value)
{
	static const char *const words[] = { "true", "yes", "on", "y" };

	for (size_t i = 0; json_is_string(value) && i < ARRAY_LEN(words); i++)
		if (strcasecmp(json_string_value(value), words[i]) == 0)
			return true;
	return json_is_true(value) || (json_is_integer(value) && json_integer_value(value) != 0);
}

bool lithops_config_flag(struct lithops_config *c, const char *backend, const char *key)
{
	return is_on(find(c, backend, key));
}

bool lithops_config_backend(const char **out, const struct lithops_config *c, struct err *err)
{
	/* The second is taken when the mode's section names no backend. */
	static const char *const modes[][2] = { { "serverless", "aws_lambda" },
						{ "standalone", "aws_ec2" },
						{ "localhost", "localhost" } };
	const json_t *backend = member(c, "lithops", "backend");
	const json_t *mode = member(c, "lithops", "mode");
	const char *name = json_is_string(mode) ? json_string_value(mode) : modes[0][0];

	*out = json_string_value(backend);
	if (*out || !c->root)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (!str_eq(name, modes[i][0]))
			continue;
		*out = json_string_value(member(c, name, "backend"));
		if (!*out)
			*out = modes[i][1];
		return true;
	}
	err_set(err, E_INPUT, "%s: lithops.mode is '%s'", c->source, name);
	return err_hint(err, "serverless, standalone or localhost");
}

/* --- keys of before --- */

static const json_t *find_old(const struct lithops_config *c, const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(old_sections); i++) {
		const json_t *value = member(c, old_sections[i], key);

		if (value)
			return value;
	}
	return NULL;
}

bool lithops_config_includes_function(struct lithops_config *c, const char *backend)
{
	return lithops_config_flag(c, backend, "runtime_include_function") ||
	       lithops_config_flag(c, backend, "customized_runtime") ||
	       is_on(find_old(c, "customized_runtime"));
}

void lithops_config_function(const char **module, const char **function, struct lithops_config *c)
{
	*module = text_of(c, find_old(c, "map_func_mod"));
	*function = text_of(c, find_old(c, "map_func"));
}

static void explain(struct str_list *out, const struct lithops_config *c, const char *in,
		    const char *backend)
{
	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		AUTO(auto_free) char *today = NULL;
		const char *hole = strstr(gone[i].today, "%s");

		if (!member(c, in, gone[i].key))
			continue;
		today = hole ? mem_printf("%.*s%s%s", (int)(hole - gone[i].today), gone[i].today,
					  backend, hole + 2)
			     : mem_strdup(gone[i].today);
		str_list_push_take(out, mem_printf("%s: %s.%s is a key of before: %s", c->source,
						   in, gone[i].key, today));
	}
}

void lithops_config_explain(struct str_list *out, const struct lithops_config *c,
			    const char *backend)
{
	for (size_t i = 0; i < ARRAY_LEN(old_sections); i++)
		explain(out, c, old_sections[i], backend ? backend : "BACKEND");
	if (backend && !str_eq(backend, "localhost"))
		explain(out, c, backend, backend);
}
