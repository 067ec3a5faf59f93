// SPDX-License-Identifier: Apache-2.0
#include "cmd/configuration.h"

#include <string.h>

#include "base/mem.h"
#include "templates/lithops_config.h"

/* From Lithops' files to what a command would have been told. */

static bool read_once(struct lithops_config **out, struct session *s, struct err *err)
{
	*out = &s->lithops;
	if (s->has_lithops)
		return true;
	if (s->options.config && s->options.no_config)
		return err_set(err, E_USAGE, "--config and --no-config");
	if (!s->options.no_config && !lithops_config_read(&s->lithops, s->options.config, err)) {
		lithops_config_free(&s->lithops);
		return s->options.config ? false : err_hint(err, "--no-config: go on without it");
	}
	s->has_lithops = true;
	if (s->lithops.source)
		event_detail(s->events, "the configuration of Lithops is %s", s->lithops.source);
	return true;
}

/* --- which backend --- */

/* Each key its row's name decides is not set, or so. */
static bool row_fits(struct lithops_config *c, const struct backend *b, const char *named)
{
	for (size_t i = 0; i < b->config.len; i++) {
		const char *said = lithops_config_text(c, named, b->config.items[i].key);

		if (said && !str_eq(said, b->config.items[i].value))
			return false;
	}
	return true;
}

static const struct backend *find_row(struct lithops_config *c, const struct backend_table *table,
				      const char *named)
{
	const struct backend *other = NULL;

	for (size_t i = 0; i < table->len; i++) {
		const struct backend *b = &table->items[i];

		if (!row_fits(c, b, named))
			continue;
		if (str_eq(b->name, named))
			return b;
		if (!other && !b->variant && b->section && str_eq(b->section, named))
			other = b;
	}
	return other;
}

bool configuration_backend(const struct backend **out, struct session *s,
			   const struct backend_table *table, struct err *err)
{
	struct lithops_config *c;
	const char *named;

	*out = NULL;
	if (!read_once(&c, s, err) || !lithops_config_backend(&named, c, err))
		return false;
	if (!c->root || !named)
		return true;
	*out = find_row(c, table, named);
	if (*out) {
		event_note(s->events, "backend %s, as %s says", (*out)->name, c->source);
		return true;
	}
	err_set(err, E_INPUT, "%s: there is no backend '%s'", c->source, named);
	return err_hint(err, "-b NAME, one of `rtbuild template list`");
}

/* --- what its section says --- */

bool configuration_text(const char **out, struct session *s, const struct backend *b,
			const char *key, struct err *err)
{
	struct lithops_config *c;

	*out = NULL;
	if (!read_once(&c, s, err))
		return false;
	if (c->root && b->section)
		*out = lithops_config_text(c, b->section, key);
	return true;
}

static bool is_said(const struct str_list *settings, const char *key)
{
	for (size_t i = 0; i < settings->len; i++) {
		struct slice value;

		if (slice_eq(slice_cut(slice_of(settings->items[i]), '=', &value), key))
			return true;
	}
	return false;
}

static void explain_once(struct session *s, const struct backend *b)
{
	AUTO(str_list_free) struct str_list sentences = { 0 };

	if (s->explained_lithops || !s->lithops.root)
		return;
	s->explained_lithops = true;
	lithops_config_explain(&sentences, &s->lithops, b->section);
	for (size_t i = 0; i < sentences.len; i++)
		event_note(s->events, "%s", sentences.items[i]);
}

bool configuration_fill(struct str_list *settings, struct session *s, const struct backend *b,
			const char *const *keys, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const char *value;

		if (!configuration_text(&value, s, b, keys[i], err))
			return false;
		if (value && *value && !is_said(settings, keys[i]))
			str_list_push_take(settings, mem_printf("%s=%s", keys[i], value));
	}
	explain_once(s, b);
	return true;
}

bool configuration_platform(const char **out, struct session *s, const struct backend *b,
			    struct err *err)
{
	static const struct {
		const char *word, *platform;
	} words[] = {
		{ "x86_64", "linux/amd64" },
		{ "amd64", "linux/amd64" },
		{ "arm64", "linux/arm64" },
		{ "aarch64", "linux/arm64" },
	};
	const char *said;

	*out = NULL;
	if (!configuration_text(&said, s, b, "architecture", err) ||
	    (!said && !configuration_text(&said, s, b, "runtime_arch", err)))
		return false;
	for (size_t i = 0; said && i < ARRAY_LEN(words); i++)
		if (str_eq(words[i].word, said))
			*out = words[i].platform;
	return !said || *out ||
	       err_set(err, E_INPUT, "%s: unknown architecture '%s' of %s", s->lithops.source, said,
		       b->section);
}

/* --- credentials --- */

/* The host as references have it: of "https://index.docker.io/v1/" it is docker.io. */
static char *server_host(const char *server)
{
	const char *scheme = strstr(server, "://");
	const char *host = scheme ? scheme + 3 : server;

	return strstr(host, "docker.io") ? mem_strdup("docker.io")
					 : mem_strndup(host, strcspn(host, "/"));
}

bool configuration_credential(void *session, struct credential *out, char **where_out,
			      const char *host, struct err *err)
{
	struct session *s = session;
	struct lithops_config *c;
	struct err why = { 0 };
	const char *backend, *server, *user, *password;
	AUTO(auto_free) char *own = NULL;
	AUTO(secret_free) char *secret = NULL;
	struct slice trimmed;

	if (!read_once(&c, s, &why) || !lithops_config_backend(&backend, c, &why)) {
		if (s->options.config) {
			*err = why;
			return false;
		}
		event_warn(s->events, "no credentials of Lithops' configuration: %s", why.msg);
		return true;
	}
	if (!c->root || !backend)
		return true;
	server = lithops_config_text(c, backend, "docker_server");
	user = lithops_config_text(c, backend, "docker_user");
	password = lithops_config_text(c, backend, "docker_password");
	own = server_host(server ? server : "docker.io");
	if (!user || !password || !str_eq(own, host))
		return true;
	trimmed = slice_trim(slice_of(password), " \t\r\n"); /* as Lithops does */
	secret = mem_strndup(trimmed.ptr, trimmed.len);
	credential_take_pair(out, user, secret);
	*where_out =
		mem_printf("docker_user of %s in Lithops' configuration, %s", backend, c->source);
	return true;
}
