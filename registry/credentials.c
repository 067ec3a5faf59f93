// SPDX-License-Identifier: Apache-2.0
#include "registry/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "registry/auth_files.h"
#include "registry/helper.h"

/*
 * Finding credentials in settings files. Whether one is right, and to whom it may be sent, is not
 * known here; helpers are spoken to by helper.c.
 */

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

static void collect(struct candidates *out, const struct auth_file *s, size_t file,
		    const char *host, const char *repository)
{
	const char *store = json_text_member(s->doc, "credsStore"), *key, *store_key = NULL;
	json_t *entry;
	size_t len;

	json_object_foreach(json_object_get(s->doc, "auths"), key, entry)
	{
		len = auth_files_cover(key, host, repository);
		if (!len)
			continue;
		if (len == strlen(auth_files_host(host)))
			store_key = key;
		*ARRAY_PUSH(out) = (struct candidate){
			.key_len = len, .file = file, .rank = RANK_AUTHS, .key = key, .entry = entry
		};
	}
	json_object_foreach(json_object_get(s->doc, "credHelpers"), key, entry)
	{
		len = auth_files_cover(key, host, repository);
		if (len && json_is_string(entry))
			*ARRAY_PUSH(out) = (struct candidate){ .key_len = len,
							       .file = file,
							       .rank = RANK_HELPER,
							       .key = key,
							       .suffix = json_string_value(entry) };
	}
	if (store)
		*ARRAY_PUSH(out) = (struct candidate){ .key_len = strlen(auth_files_host(host)),
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

static char *source_of(const struct candidate *c, const struct auth_file *s)
{
	return c->rank == RANK_AUTHS ? mem_strdup(s->where)
				     : mem_printf("%s, docker-credential-%s", s->where, c->suffix);
}

static void report(struct credentials_report *to, const struct candidate *c,
		   const struct auth_file *s, char *verdict)
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
static void report_others(struct credentials_report *to, const struct auth_file *s,
			  const char *host, const char *repository)
{
	static const char *const members[] = { "auths", "credHelpers" };
	const char *key;
	json_t *entry;

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		json_object_foreach(json_object_get(s->doc, members[i]), key, entry)
		{
			AUTO(auto_free) char *canonical = auth_files_key(key);
			const char *name = auth_files_host(host);
			bool same = str_has_prefix(canonical, name) &&
				    strchr("/", canonical[strlen(name)]);

			if (same && !auth_files_cover(key, host, repository))
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
	const char *server = c->rank == RANK_STORE && c->key ? c->key : auth_files_server(host);
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
			  const struct auth_file *s, const char *host, struct events *events,
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

static char *where_of(const struct candidate *c, const struct auth_file *s)
{
	return c->rank == RANK_AUTHS ? mem_printf("%s, \"%s\"", s->where, c->key) : source_of(c, s);
}

/* The first in order that has something; the rest is only said. */
static bool try_all(struct credential *out, char **where_out, struct credentials_report *to,
		    const struct candidate *all, size_t len, const struct auth_files *files,
		    const char *host, struct events *events, struct err *err)
{
	const struct candidate *taken = NULL;

	for (size_t i = 0; i < len && (!taken || to); i++) {
		const struct auth_file *s = &files->items[all[i].file];
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
	AUTO(auth_files_free) struct auth_files files = { 0 };
	struct candidates found = { 0 };
	AUTO(auto_free) struct candidate *owned = NULL;
	AUTO(credential_free) struct credential taken = { 0 };

	*out = (struct credential){ 0 };
	*where_out = NULL;
	if (!auth_files_load(&files, authfile, events, err))
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
