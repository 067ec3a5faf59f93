// SPDX-License-Identifier: Apache-2.0
#include "registry/credentials.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "registry/auth_files.h"
#include "registry/helper.h"

/* Keeping and forgetting credentials, in the file that docker would write. */

/* A settings file under its lock, to be changed and written back. */
struct edit {
	int dir, lock;
	char *path, *name;
	json_t *doc;
};

static void edit_close(struct edit *e)
{
	json_decref(e->doc);
	auto_close(&e->lock);
	auto_close(&e->dir);
	free(e->path);
	free(e->name);
}

static bool edit_open(struct edit *e, const char *authfile, struct err *err)
{
	AUTO(secret_buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_free) char *wanted = authfile ? mem_strdup(authfile) : auth_files_docker();
	AUTO(auto_free) char *dir = NULL;
	AUTO(auto_free) char *lock_name = NULL;
	char *real = realpath(wanted, NULL); /* people link their dot files */
	const char *slash;
	struct err why = { 0 };

	e->path = real ? real : mem_strdup(wanted);
	slash = strrchr(e->path, '/');
	dir = slash ? mem_strndup(e->path, (size_t)(slash - e->path) + 1) : mem_strdup(".");
	e->name = mem_strdup(slash ? slash + 1 : e->path);
	lock_name = mem_printf("%s.lock", e->name);
	if (!fs_open_dir_p(&e->dir, dir, 0700, err) ||
	    !fs_lock(&e->lock, e->dir, lock_name, true, err))
		return err_wrap(err, "%s", e->path);
	if (!fs_read_path(&text, e->path, LIMIT_SETTINGS_FILE, &why) && why.code != E_NOT_FOUND) {
		*err = why;
		return false;
	}
	if (text.len == 0) {
		e->doc = json_object();
		return true;
	}
	if (!json_parse(&e->doc, text.ptr, text.len, e->path, err))
		return err_hint(err, "repair the file or move it away");
	return json_is_object(e->doc) || err_set(err, E_INPUT, "%s: not a JSON object", e->path);
}

static bool edit_commit(struct edit *e, struct err *err)
{
	size_t len;
	char *text = json_text_pretty(e->doc, &len);
	bool ok =
		len <= LIMIT_SETTINGS_FILE
			? fs_write_atomic(e->dir, e->name, text, len, 0600, err)
			: err_set(err, E_INPUT, "it would grow past %d bytes", LIMIT_SETTINGS_FILE);

	secret_free(&text);
	return ok || err_wrap(err, "%s", e->path);
}

/* The helper a settings file names for a host, or NULL. */
static const char *helper_of(json_t *doc, const char *host)
{
	const char *key;
	json_t *entry;

	json_object_foreach(json_object_get(doc, "credHelpers"), key, entry)
	{
		AUTO(auto_free) char *canonical = auth_files_key(key);

		if (str_eq(canonical, auth_files_host(host)) && json_is_string(entry))
			return json_string_value(entry);
	}
	return json_text_member(doc, "credsStore");
}

/* All keys that mean the host itself. */
static bool remove_entries(json_t *auths, const char *host)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	const char *key;
	json_t *entry;
	bool had = false;

	json_object_foreach(auths, key, entry)
	{
		AUTO(auto_free) char *canonical = auth_files_key(key);

		if (str_eq(canonical, auth_files_host(host))) {
			str_list_push(&names, key);
			had = had || json_object_size(entry) > 0;
		}
	}
	for (size_t i = 0; i < names.len; i++)
		json_object_del(auths, names.items[i]);
	return had;
}

static json_t *make_entry(const struct credential *c)
{
	char *pair =
		mem_printf("%s:%s", c->user ? c->user : "<token>", c->password ? c->password : "");
	char *auth = str_base64_encode(pair, strlen(pair));
	json_t *entry = json_pack("{s:s}", "auth", auth);

	if (c->identity_token)
		json_object_set_new(entry, "identitytoken", json_string(c->identity_token));
	secret_free(&pair);
	secret_free(&auth);
	return entry;
}

/* The helper the settings file names for the host, read without its lock: a helper may take as long
 * as a person at a prompt does. Owned; NULL: none. */
static bool find_helper(char **out, const char *authfile, const char *host, struct err *err)
{
	AUTO(auth_files_free) struct auth_files files = { 0 };
	AUTO(auto_free) char *path = authfile ? mem_strdup(authfile) : auth_files_docker();
	const char *helper;

	*out = NULL;
	if (!auth_files_add(&files, path, false, NULL, err))
		return false;
	helper = files.len ? helper_of(files.items[0].doc, host) : NULL;
	*out = helper ? mem_strdup(helper) : NULL;
	return true;
}

bool credentials_store(char **where_out, const char *authfile, const char *host,
		       const struct credential *c, struct err *err)
{
	AUTO(edit_close) struct edit e = { .dir = -1, .lock = -1 };
	AUTO(auto_free) char *helper = NULL;
	json_t *auths;

	if (!find_helper(&helper, authfile, host, err) ||
	    (helper && !helper_store(helper, auth_files_server(host), c, err)) ||
	    !edit_open(&e, authfile, err) || !json_ensure_object(&auths, e.doc, "auths", err))
		return false;
	remove_entries(auths, host);
	json_object_set_new(auths, auth_files_server(host), helper ? json_object() : make_entry(c));
	if (!edit_commit(&e, err))
		return false;
	*where_out = helper ? mem_printf("docker-credential-%s", helper) : mem_strdup(e.path);
	return true;
}

static bool erase_from_helper(bool *had_out, const char *helper, const char *host, struct err *err)
{
	AUTO(credential_free) struct credential there = { 0 };
	enum helper_answer answer;

	if (!helper_get(&there, &answer, helper, auth_files_server(host), err))
		return false;
	*had_out = answer == HELPER_FOUND;
	return !*had_out || helper_erase(helper, auth_files_server(host), err);
}

bool credentials_erase(bool *had_out, const char *authfile, const char *host, struct err *err)
{
	AUTO(edit_close) struct edit e = { .dir = -1, .lock = -1 };
	AUTO(auto_free) char *helper = NULL;
	json_t *auths;

	*had_out = false;
	if (!find_helper(&helper, authfile, host, err) ||
	    (helper && !erase_from_helper(had_out, helper, host, err)) ||
	    !edit_open(&e, authfile, err) || !json_ensure_object(&auths, e.doc, "auths", err))
		return false;
	*had_out = remove_entries(auths, host) || *had_out;
	return *had_out ? edit_commit(&e, err) : true;
}

/* --- all of them --- */

static void list_hosts(struct str_list *out, json_t *doc, const char *member)
{
	const char *key;
	json_t *entry;

	json_object_foreach(json_object_get(doc, member), key, entry)
	{
		AUTO(auto_free) char *name = auth_files_key(key);

		name[strcspn(name, "/")] = '\0';
		if (!str_list_has(out, name))
			str_list_push(out, name);
	}
}

/* Keys of single repositories, which no host's name erases. */
static bool clear_auths(struct str_list *gone, const char *authfile, struct err *err)
{
	AUTO(edit_close) struct edit e = { .dir = -1, .lock = -1 };
	json_t *auths, *entry;
	const char *key;

	if (!edit_open(&e, authfile, err) || !json_ensure_object(&auths, e.doc, "auths", err))
		return false;
	if (!json_object_size(auths))
		return true;
	json_object_foreach(auths, key, entry)
	{
		if (json_object_size(entry))
			str_list_push(gone, key);
	}
	json_object_clear(auths);
	return edit_commit(&e, err);
}

bool credentials_erase_all(struct str_list *gone, const char *authfile, struct err *err)
{
	AUTO(auth_files_free) struct auth_files files = { 0 };
	AUTO(str_list_free) struct str_list hosts = { 0 };
	AUTO(auto_free) char *path = authfile ? mem_strdup(authfile) : auth_files_docker();

	if (!auth_files_add(&files, path, false, NULL, err))
		return false;
	if (!files.len)
		return true;
	list_hosts(&hosts, files.items[0].doc, "auths");
	list_hosts(&hosts, files.items[0].doc, "credHelpers");
	for (size_t i = 0; i < hosts.len; i++) {
		bool had;

		if (!credentials_erase(&had, authfile, hosts.items[i], err))
			return err_wrap(err, "log out of %s", hosts.items[i]);
		if (had)
			str_list_push(gone, hosts.items[i]);
	}
	return clear_auths(gone, authfile, err);
}
