// SPDX-License-Identifier: Apache-2.0
#include "net/certs.h"

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Finds certificate files by docker's and containers' conventions. Whether they are any good is for
 * TLS to say. */

void certs_free(struct certs *c)
{
	free(c->ca);
	free(c->bundle);
	free(c->dir);
	free(c->cert);
	free(c->key);
	*c = (struct certs){ 0 };
}

static bool add_ca(struct buf *ca, const char *path, struct err *err)
{
	if (!fs_read_path(ca, path, LIMIT_SETTINGS_FILE, err))
		return err_wrap(err, "certificate authority");
	buf_put(ca, "\n");
	return true;
}

static bool take_client(struct certs *out, const char *dir, const char *name,
			const struct str_list *names, struct err *err)
{
	size_t stem = strlen(name) - strlen(".cert");
	AUTO(auto_free) char *key = mem_printf("%.*s.key", (int)stem, name);
	struct stat st;

	if (!str_list_has(names, key))
		return err_set(err, E_INPUT, "client certificate %s/%s has no %s beside it", dir,
			       name, key);
	if (out->cert)
		return true;
	out->cert = mem_printf("%s/%s", dir, name);
	out->key = mem_printf("%s/%s", dir, key);
	out->key_exposed = stat(out->key, &st) == 0 && (st.st_mode & 077);
	return true;
}

static bool take_dir(struct certs *out, struct buf *ca, const char *dir, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err absent = { 0 };

	if (!fs_open_dir(&fd, dir, &absent))
		return true;
	if (!fs_list(&names, fd, ".", FS_BENEATH, err))
		return err_wrap(err, "%s", dir);
	for (size_t i = 0; i < names.len; i++) {
		const char *name = names.items[i];
		AUTO(auto_free) char *path = mem_printf("%s/%s", dir, name);

		if (str_has_suffix(name, ".crt") && !add_ca(ca, path, err))
			return false;
		if (str_has_suffix(name, ".cert") && !take_client(out, dir, name, &names, err))
			return false;
	}
	return true;
}

bool certs_find_in(struct certs *out, const struct str_list *dirs, const char *authority,
		   const char *ca_file, struct err *err)
{
	AUTO(buf_free) struct buf ca = BUF_INIT(LIMIT_SETTINGS_FILE * 2);
	AUTO(certs_free) struct certs found = { 0 };
	const char *bundle = env_get("SSL_CERT_FILE"), *dir = env_get("SSL_CERT_DIR");

	if (ca_file && !add_ca(&ca, ca_file, err))
		return false;
	for (size_t i = 0; i < dirs->len; i++) {
		AUTO(auto_free) char *host_dir = mem_printf("%s/%s", dirs->items[i], authority);

		if (!take_dir(&found, &ca, host_dir, err))
			return false;
	}
	found.dir = dir ? mem_strdup(dir) : NULL;
	/* libcurl takes a list in memory or a file, not both. */
	if (bundle && ca.len && !add_ca(&ca, bundle, err))
		return false;
	if (bundle && !ca.len)
		found.bundle = mem_strdup(bundle);
	if (ca.len) {
		found.ca_len = ca.len;
		found.ca = buf_steal(&ca);
	}
	*out = found;
	found = (struct certs){ 0 };
	return true;
}

/* The user's before the system's, containers' before docker's. */
static void all_dirs(struct str_list *dirs)
{
	const char *config = env_get("XDG_CONFIG_HOME"), *docker = env_get("DOCKER_CONFIG");
	const char *home = env_home();

	str_list_push_take(dirs, config ? mem_printf("%s/containers/certs.d", config)
					: mem_printf("%s/.config/containers/certs.d", home));
	str_list_push_take(dirs, docker ? mem_printf("%s/certs.d", docker)
					: mem_printf("%s/.docker/certs.d", home));
	str_list_push(dirs, "/etc/containers/certs.d");
	str_list_push(dirs, "/etc/docker/certs.d");
}

bool certs_find(struct certs *out, const char *authority, const char *ca_file, struct err *err)
{
	AUTO(str_list_free) struct str_list dirs = { 0 };

	all_dirs(&dirs);
	return certs_find_in(out, &dirs, authority, ca_file, err);
}

void certs_dirs(struct str_list *out, const char *authority)
{
	AUTO(str_list_free) struct str_list dirs = { 0 };

	all_dirs(&dirs);
	for (size_t i = 0; i < dirs.len; i++) {
		AUTO(auto_free) char *dir = mem_printf("%s/%s", dirs.items[i], authority);
		AUTO(auto_close) int fd = -1;
		struct err absent = { 0 };

		if (fs_open_dir(&fd, dir, &absent))
			str_list_push(out, dir);
	}
}
