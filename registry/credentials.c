// SPDX-License-Identifier: Apache-2.0
#include "registry/credentials.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "registry/helper.h"

/*
 * Finding, keeping and forgetting credentials in settings files. Whether one is right, and to whom
 * it may be sent, is not known here; helpers are spoken to by helper.c.
 */

#define HUB "docker.io"
#define HUB_KEY "https://index.docker.io/v1/"

/* --- keys --- */

static const char *canonical_host(const char *host)
{
	static const char *const hub[] = { "docker.io", "index.docker.io", "registry-1.docker.io",
					   "www.docker.io", "registry.hub.docker.com" };

	for (size_t i = 0; i < ARRAY_LEN(hub); i++)
		if (str_eq(host, hub[i]))
			return HUB;
	return host;
}

/* "https://index.docker.io/v1/" -> "docker.io"; "host:5000/ns" stays. */
static char *canonical_key(const char *key)
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
		return mem_strdup(canonical_host(host));
	return mem_printf("%s/" SLICE_FMT, canonical_host(host), SLICE_ARG(rest));
}

/* The length of the canonical key when it covers the repository, else 0. */
static size_t key_covers(const char *key, const char *host, const char *repository)
{
	AUTO(auto_free) char *canonical = canonical_key(key);
	AUTO(auto_free) char *whole = mem_printf("%s/%s", canonical_host(host), repository);
	size_t len = strlen(canonical);

	return str_has_prefix(whole, canonical) && (!whole[len] || whole[len] == '/') ? len : 0;
}

/* --- files --- */

struct settings {
	char *where;
	json_t *doc;
};
struct settings_list {
	struct settings *items;
	size_t len, cap;
};

static void settings_free(struct settings_list *l)
{
	for (size_t i = 0; i < l->len; i++) {
		free(l->items[i].where);
		json_decref(l->items[i].doc);
	}
	free(l->items);
}

static bool add_text(struct settings_list *l, const char *where, const char *text, size_t len,
		     bool legacy, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct settings *added;

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
static bool add_file(struct settings_list *l, const char *path, bool legacy, struct events *events,
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

static char *docker_config_path(void)
{
	const char *dir = env_get("DOCKER_CONFIG");

	return dir ? mem_printf("%s/config.json", dir)
		   : mem_printf("%s/.docker/config.json", env_home());
}

static bool load_all(struct settings_list *l, const char *authfile, struct events *events,
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
		{ docker_config_path(), false },
		{ mem_printf("%s/.dockercfg", home), true },
	};
	bool ok = true;

	if (authfile)
		ok = add_file(l, authfile, false, events, err);
	else if (inlined)
		ok = add_text(l, "$DOCKER_AUTH_CONFIG", inlined, strlen(inlined), false, err);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (ok && !authfile && files[i].path)
			ok = add_file(l, files[i].path, files[i].legacy, events, err);
		free(files[i].path);
	}
	return ok;
}

/* --- looking one up --- */

enum rank { RANK_HELPER, RANK_STORE, RANK_AUTHS };

struct candidate {
	size_t key_len, file;
	enum rank rank;
	const char *suffix; /* of the helper */
	const char *key;    /* as the file has it */
	json_t *entry;      /* of auths */
};
struct candidates {
	struct candidate *items;
	size_t len, cap;
};

static int candidate_cmp(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	if (a->key_len != b->key_len)
		return a->key_len > b->key_len ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return (int)a->rank - (int)b->rank;
}

static void collect(struct candidates *out, const struct settings *s, size_t file, const char *host,
		    const char *repository)
{
	const char *store = json_text_member(s->doc, "credsStore"), *key, *store_key = NULL;
	json_t *entry;
	size_t len;

	json_object_foreach(json_object_get(s->doc, "auths"), key, entry)
	{
		len = key_covers(key, host, repository);
		if (!len)
			continue;
		if (len == strlen(canonical_host(host)))
			store_key = key;
		*ARRAY_PUSH(out) = (struct candidate){
			.key_len = len, .file = file, .rank = RANK_AUTHS, .key = key, .entry = entry
		};
	}
	json_object_foreach(json_object_get(s->doc, "credHelpers"), key, entry)
	{
		len = key_covers(key, host, repository);
		if (len && json_is_string(entry))
			*ARRAY_PUSH(out) = (struct candidate){ .key_len = len,
							       .file = file,
							       .rank = RANK_HELPER,
							       .key = key,
							       .suffix = json_string_value(entry) };
	}
	if (store)
		*ARRAY_PUSH(out) = (struct candidate){ .key_len = strlen(canonical_host(host)),
						       .file = file,
						       .rank = RANK_STORE,
						       .key = store_key,
						       .suffix = store };
}

/* base64 of "user:password", as in auths. */
static bool take_auth(struct credential *out, const char *auth, struct err *err)
{
	AUTO(secret_buf_free) struct buf plain = BUF_INIT(LIMIT_PASSWORD);
	struct err why = { 0 };
	char *colon;

	if (!str_base64_decode(&plain, slice_of(auth), &why) || !strchr(plain.ptr, ':'))
		return err_set(err, E_INPUT, "\"auth\" is not base64 of user:password");
	colon = strchr(plain.ptr, ':');
	*colon = '\0'; /* trailing NULs of old clients end the password by themselves */
	credential_take_pair(out, plain.ptr, colon + 1);
	return true;
}

static bool take_entry(struct credential *out, json_t *entry, struct err *err)
{
	const char *auth = json_text_member(entry, "auth");
	const char *user = json_text_member(entry, "username");
	const char *password = json_text_member(entry, "password");
	const char *identity = json_text_member(entry, "identitytoken");
	const char *registry = json_text_member(entry, "registrytoken");

	if (auth && auth[0] && !take_auth(out, auth, err))
		return false;
	if (!out->user && user && password)
		credential_take_pair(out, user, password);
	if (identity && identity[0]) {
		secret_free(&out->identity_token);
		out->identity_token = mem_strdup(identity);
	}
	if (registry && registry[0])
		out->registry_token = mem_strdup(registry);
	return true;
}

static const char *helper_server(const char *host)
{
	return str_eq(canonical_host(host), HUB) ? HUB_KEY : host;
}

/* --- saying what was looked at --- */

void credentials_report_free(struct credentials_report *r)
{
	for (size_t i = 0; i < r->len; i++) {
		free(r->items[i].source);
		free(r->items[i].key);
		free(r->items[i].verdict);
	}
	free(r->items);
	str_list_free(&r->files);
	*r = (struct credentials_report){ 0 };
}

static char *source_of(const struct candidate *c, const struct settings *s)
{
	return c->rank == RANK_AUTHS ? mem_strdup(s->where)
				     : mem_printf("%s, docker-credential-%s", s->where, c->suffix);
}

static void report(struct credentials_report *to, const struct candidate *c,
		   const struct settings *s, char *verdict)
{
	if (to)
		*ARRAY_PUSH(to) = (struct credentials_trial){
			.source = source_of(c, s),
			.key = c->key ? mem_strdup(c->key) : NULL,
			.verdict = verdict,
		};
	else
		free(verdict);
}

/* Keys of the same registry that are for other repositories of it. */
static void report_others(struct credentials_report *to, const struct settings *s, const char *host,
			  const char *repository)
{
	static const char *const members[] = { "auths", "credHelpers" };
	const char *key;
	json_t *entry;

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		json_object_foreach(json_object_get(s->doc, members[i]), key, entry)
		{
			AUTO(auto_free) char *canonical = canonical_key(key);
			const char *name = canonical_host(host);
			bool same = str_has_prefix(canonical, name) &&
				    strchr("/", canonical[strlen(name)]);

			if (same && !key_covers(key, host, repository))
				*ARRAY_PUSH(to) = (struct credentials_trial){
					.source = mem_strdup(s->where),
					.key = mem_strdup(key),
					.verdict = mem_strdup("for another repository"),
				};
		}
}

/* Why the one that was taken comes before this one. */
static char *why_later(const struct candidate *c, const struct candidate *taken)
{
	if (c->key_len != taken->key_len)
		return mem_printf("not asked: \"%s\" is longer", taken->key ? taken->key : "");
	if (c->file != taken->file)
		return mem_strdup("not asked: the other file comes first");
	return mem_strdup("not asked: in one file a helper comes before its auths");
}

/* --- trying one --- */

static bool ask_helper(struct credential *out, char **verdict_out, const struct candidate *c,
		       const char *host, struct events *events, struct err *err)
{
	const char *server = c->rank == RANK_STORE && c->key ? c->key : helper_server(host);
	enum helper_answer answer;

	if (!helper_get(out, &answer, c->suffix, server, err))
		return false;
	switch (answer) {
	case HELPER_FOUND:
		return true;
	case HELPER_NONE:
		*verdict_out = mem_strdup("the helper has none");
		return true;
	case HELPER_MISSING:
		*verdict_out = mem_strdup("the helper is not installed");
		event_warn(events, "docker-credential-%s is configured for %s but not installed",
			   c->suffix, server);
		return true;
	}
	return true;
}

static bool try_candidate(struct credential *out, char **verdict_out, const struct candidate *c,
			  const struct settings *s, const char *host, struct events *events,
			  struct err *err)
{
	bool ok = c->rank == RANK_AUTHS ? take_entry(out, c->entry, err)
					: ask_helper(out, verdict_out, c, host, events, err);

	if (!ok)
		return err_wrap(err, "%s: %s", s->where, c->key ? c->key : host);
	if (!credential_is_empty(out))
		*verdict_out = mem_strdup("used");
	else if (!*verdict_out)
		*verdict_out = mem_strdup("the entry is empty");
	return true;
}

static char *where_of(const struct candidate *c, const struct settings *s)
{
	return c->rank == RANK_AUTHS ? mem_printf("%s, \"%s\"", s->where, c->key) : source_of(c, s);
}

/* The first in order that has something; the rest is only said. */
static bool try_all(struct credential *out, char **where_out, struct credentials_report *to,
		    const struct candidate *all, size_t len, const struct settings_list *files,
		    const char *host, struct events *events, struct err *err)
{
	const struct candidate *taken = NULL;

	for (size_t i = 0; i < len && (!taken || to); i++) {
		const struct settings *s = &files->items[all[i].file];
		char *verdict = NULL;

		if (taken) {
			report(to, &all[i], s, why_later(&all[i], taken));
			continue;
		}
		if (!try_candidate(out, &verdict, &all[i], s, host, events, err)) {
			free(verdict);
			return false;
		}
		report(to, &all[i], s, verdict);
		if (!credential_is_empty(out)) {
			taken = &all[i];
			*where_out = where_of(taken, s);
		}
	}
	return true;
}

bool credentials_explain(struct credential *out, char **where_out, struct credentials_report *to,
			 const char *authfile, const char *host, const char *repository,
			 struct events *events, struct err *err)
{
	AUTO(settings_free) struct settings_list files = { 0 };
	struct candidates found = { 0 };
	AUTO(auto_free) struct candidate *owned = NULL;
	AUTO(credential_free) struct credential taken = { 0 };

	*out = (struct credential){ 0 };
	*where_out = NULL;
	if (!load_all(&files, authfile, events, err))
		return false;
	for (size_t i = 0; i < files.len; i++)
		collect(&found, &files.items[i], i, host, repository);
	owned = found.items;
	if (found.len)
		qsort(found.items, found.len, sizeof(found.items[0]), candidate_cmp);
	if (!try_all(&taken, where_out, to, found.items, found.len, &files, host, events, err))
		return false;
	for (size_t i = 0; to && i < files.len; i++) {
		str_list_push(&to->files, files.items[i].where);
		report_others(to, &files.items[i], host, repository);
	}
	*out = taken;
	taken = (struct credential){ 0 };
	return true;
}

bool credentials_find(struct credential *out, char **where_out, const char *authfile,
		      const char *host, const char *repository, struct events *events,
		      struct err *err)
{
	return credentials_explain(out, where_out, NULL, authfile, host, repository, events, err);
}

/* --- keeping --- */

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
	AUTO(auto_free) char *wanted = authfile ? mem_strdup(authfile) : docker_config_path();
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
		AUTO(auto_free) char *canonical = canonical_key(key);

		if (str_eq(canonical, canonical_host(host)) && json_is_string(entry))
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
		AUTO(auto_free) char *canonical = canonical_key(key);

		if (str_eq(canonical, canonical_host(host))) {
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
	AUTO(settings_free) struct settings_list files = { 0 };
	AUTO(auto_free) char *path = authfile ? mem_strdup(authfile) : docker_config_path();
	const char *helper;

	*out = NULL;
	if (!add_file(&files, path, false, NULL, err))
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
	    (helper && !helper_store(helper, helper_server(host), c, err)) ||
	    !edit_open(&e, authfile, err) || !json_ensure_object(&auths, e.doc, "auths", err))
		return false;
	remove_entries(auths, host);
	json_object_set_new(auths, helper_server(host), helper ? json_object() : make_entry(c));
	if (!edit_commit(&e, err))
		return false;
	*where_out = helper ? mem_printf("docker-credential-%s", helper) : mem_strdup(e.path);
	return true;
}

static bool erase_from_helper(bool *had_out, const char *helper, const char *host, struct err *err)
{
	AUTO(credential_free) struct credential there = { 0 };
	enum helper_answer answer;

	if (!helper_get(&there, &answer, helper, helper_server(host), err))
		return false;
	*had_out = answer == HELPER_FOUND;
	return !*had_out || helper_erase(helper, helper_server(host), err);
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
