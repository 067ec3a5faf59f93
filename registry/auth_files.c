// SPDX-License-Identifier: Apache-2.0
#include "registry/auth_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "registry/credential.h"

/* Which settings files there are, and what their keys mean. */

#define HUB "docker.io"
#define HUB_KEY "https://index.docker.io/v1/"

/* --- keys --- */

const char *auth_files_host(const char *host)
{
	static const char *const hub[] = { "docker.io", "index.docker.io", "registry-1.docker.io",
					   "www.docker.io", "registry.hub.docker.com" };

	for (size_t i = 0; i < ARRAY_LEN(hub); i++)
		if (str_eq(host, hub[i]))
			return HUB;
	return host;
}

/* "https://index.docker.io/v1/" -> "docker.io"; "host:5000/ns" stays. */
char *auth_files_key(const char *key)
{
	struct slice s = slice_of(key), rest;
	AUTO(auto_free) char *host = NULL;

	if (slice_has_prefix(s, "https://"))
		s = slice_of(key + 8);
	else if (slice_has_prefix(s, "http://"))
		s = slice_of(key + 7);
	while (s.len && s.ptr[s.len - 1] == '/')
		s.len--;
	if (s.len > 3 &&
	    (memcmp(s.ptr + s.len - 3, "/v1", 3) == 0 || memcmp(s.ptr + s.len - 3, "/v2", 3) == 0))
		s.len -= 3;
	s = slice_cut(s, '/', &rest);
	host = mem_strndup(s.ptr, s.len);
	if (!rest.ptr)
		return mem_strdup(auth_files_host(host));
	return mem_printf("%s/" SLICE_FMT, auth_files_host(host), SLICE_ARG(rest));
}

/* The length of the canonical key when it covers the repository, else 0. */
size_t auth_files_cover(const char *key, const char *host, const char *repository)
{
	AUTO(auto_free) char *canonical = auth_files_key(key);
	AUTO(auto_free) char *whole = mem_printf("%s/%s", auth_files_host(host), repository);
	size_t len = strlen(canonical);

	return str_has_prefix(whole, canonical) && (!whole[len] || whole[len] == '/') ? len : 0;
}

const char *auth_files_server(const char *host)
{
	return str_eq(auth_files_host(host), HUB) ? HUB_KEY : host;
}

/* --- files --- */

void auth_files_free(struct auth_files *l)
{
	for (size_t i = 0; i < l->len; i++) {
		free(l->items[i].where);
		json_decref(l->items[i].doc);
	}
	free(l->items);
}

static bool add_text(struct auth_files *l, const char *where, const char *text, size_t len,
		     bool legacy, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct auth_file *added;

	if (!json_parse(&doc, text, len, where, err))
		return err_hint(err, "repair the file or move it away");
	if (!json_is_object(doc))
		return err_set(err, E_INPUT, "%s: not a JSON object", where);
	added = ARRAY_PUSH(l);
	added->where = mem_strdup(where);
	if (legacy) /* ~/.dockercfg is the "auths" object alone */
		added->doc = json_pack("{s:o}", "auths", STEAL(doc));
	else
		added->doc = STEAL(doc);
	return true;
}

static bool has_secrets(json_t *doc)
{
	const char *key;
	json_t *entry;

	json_object_foreach(json_object_get(doc, "auths"), key, entry)
	{
		if (json_object_size(entry) > 0)
			return true;
	}
	return false;
}

/* Absent is success. */
bool auth_files_add(struct auth_files *l, const char *path, bool legacy, struct events *events,
		    struct err *err)
{
	AUTO(secret_buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	struct err why = { 0 };
	struct stat st;

	if (!fs_read_path(&text, path, LIMIT_SETTINGS_FILE, &why)) {
		if (why.code == E_NOT_FOUND)
			return true;
		*err = why;
		return err_wrap(err, "credentials");
	}
	if (text.len == 0)
		return true;
	if (!add_text(l, path, text.ptr, text.len, legacy, err))
		return false;
	if (stat(path, &st) == 0 && (st.st_mode & 077) && has_secrets(l->items[l->len - 1].doc))
		event_warn(events, "%s holds credentials and others may read it: chmod 600 it",
			   path);
	return true;
}

char *auth_files_docker(void)
{
	const char *dir = env_get("DOCKER_CONFIG");

	return dir ? mem_printf("%s/config.json", dir)
		   : mem_printf("%s/.docker/config.json", env_home());
}

bool auth_files_load(struct auth_files *l, const char *authfile, struct events *events,
		     struct err *err)
{
	const char *inlined = env_get("DOCKER_AUTH_CONFIG"), *named = env_get("REGISTRY_AUTH_FILE");
	const char *runtime = env_get("XDG_RUNTIME_DIR"), *config = env_get("XDG_CONFIG_HOME");
	const char *home = env_home();
	struct {
		char *path;
		bool legacy;
	} files[] = {
		{ named ? mem_strdup(named) : NULL, false },
		{ runtime ? mem_printf("%s/containers/auth.json", runtime) : NULL, false },
		{ config ? mem_printf("%s/containers/auth.json", config)
			 : mem_printf("%s/.config/containers/auth.json", home),
		  false },
		{ auth_files_docker(), false },
		{ mem_printf("%s/.dockercfg", home), true },
	};
	bool ok = true;

	if (authfile)
		ok = auth_files_add(l, authfile, false, events, err);
	else if (inlined)
		ok = add_text(l, "$DOCKER_AUTH_CONFIG", inlined, strlen(inlined), false, err);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (ok && !authfile && files[i].path)
			ok = auth_files_add(l, files[i].path, files[i].legacy, events, err);
		free(files[i].path);
	}
	return ok;
}
