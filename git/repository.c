// SPDX-License-Identifier: Apache-2.0
#include "git/repository.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "git/mirror.h"
#include "git/smart.h"

/* From a location to a commit whose objects are at hand. */

void git_repo_close(struct git_repo *r)
{
	if (!r)
		return;
	if (r->odb)
		r->lib->git_odb_free(r->odb);
	if (r->raw)
		r->lib->git_repository_free(r->raw);
	auto_close(&r->in_use);
	free(r->branch);
	free(r->listed);
	free(r);
}

void git_repo_distrust(const struct git_repo *r)
{
	if (r->listed)
		unlink(r->listed);
}

bool git_is_allowed(const struct git_options *opt, const char *remote)
{
	for (size_t i = 0; opt->allow && i < opt->allow->len; i++) {
		const char *prefix = opt->allow->items[i];
		size_t len = strlen(prefix);

		/* whole components: "https://a/b" is no leave for "https://a/bc" */
		if (len && strncmp(remote, prefix, len) == 0 &&
		    (strchr("/:", prefix[len - 1]) || strchr("/", remote[len])))
			return true;
	}
	return false;
}

/* --- which commit --- */

/* The commit that is meant whatever the server says, or NULL. */
static const char *pinned(const struct git_location *at)
{
	if (at->ref && git_is_commit(at->ref))
		return at->ref;
	return at->fetch_by_commit ? at->checksum : NULL;
}

static bool check_commit(const struct git_repo *r, const struct git_location *at, struct err *err)
{
	if (!at->checksum || str_has_prefix(r->commit, at->checksum) ||
	    (r->tag[0] && str_has_prefix(r->tag, at->checksum)))
		return true;
	return err_set(err, E_INTEGRITY, "%s: the commit is %s%s%s, not %s", at->remote, r->commit,
		       r->tag[0] ? " by the tag " : "", r->tag, at->checksum);
}

static void take_ref(struct git_repo *r, const struct git_ref *ref)
{
	const char *commit = ref->peeled[0] ? ref->peeled : ref->id;

	memcpy(r->commit, commit, sizeof(r->commit));
	if (ref->peeled[0])
		memcpy(r->tag, ref->id, sizeof(r->tag));
	r->branch = mem_strdup(ref->name);
}

static bool ref_missing(const struct git_location *at, struct err *err)
{
	if (err->code == E_NOT_FOUND && at->ref &&
	    strspn(at->ref, "0123456789abcdef") == strlen(at->ref))
		return err_hint(err, "to mean a commit give its whole id, 40 digits");
	return false;
}

/* --- objects over the network --- */

/* A server's address, and the conversation with it. */
struct session {
	struct git_transport *transport;
	struct smart smart;
};

static void session_close(struct session *s)
{
	smart_free(&s->smart);
	git_transport_close(s->transport);
	*s = (struct session){ 0 };
}

static void wipe(char *text)
{
	explicit_bzero(text, strlen(text));
	free(text);
}

/* "basic ..." for a token (taken), as the forges want it. */
static char *token_header(char *token)
{
	char *pair = mem_printf("x-access-token:%s", token);
	char *encoded = str_base64_encode(pair, strlen(pair));
	char *header = mem_printf("basic %s", encoded);

	wipe(token);
	wipe(pair);
	wipe(encoded);
	return header;
}

/* The value of the first secret BuildKit would find, in its order; NULL: none. */
static char *authorization(const struct git_options *opt, const struct git_location *at)
{
	static const char *const names[] = { "GIT_AUTH_HEADER", "GIT_AUTH_TOKEN" };
	AUTO(auto_free) char *port = at->port ? mem_printf(":%u", at->port) : mem_strdup("");

	for (size_t i = 0; opt->secret && i < 2 * ARRAY_LEN(names); i++) {
		const char *name = names[i % 2];
		AUTO(auto_free)
		char *id = i < 2 ? mem_printf("%s.%s%s", name, at->host, port) : mem_strdup(name);
		char *value = opt->secret(opt->secret_arg, id);
		size_t len = value ? strlen(value) : 0;

		if (!value)
			continue;
		while (len && strchr("\r\n", value[len - 1]))
			value[--len] = '\0';
		return i % 2 ? token_header(value) : value;
	}
	return NULL;
}

static bool open_transport(struct git_transport **out, const struct git_options *opt,
			   const struct git_location *at, struct err *err)
{
	char *header;
	bool ok;

	switch (at->scheme) {
	case GIT_HTTPS:
	case GIT_HTTP:
		header = authorization(opt, at);
		ok = git_http_open(out, opt->http, at, header, err);
		if (header)
			wipe(header);
		return ok;
	case GIT_SSH:
		return git_ssh_open(out, at, opt->ssh_auth_sock, err);
	case GIT_TCP:
		return git_tcp_open(out, at, err);
	case GIT_FILE:
		break;
	}
	return err_set(err, E_INPUT, "%s: a path of this machine", at->remote);
}

static bool session_open(struct session *s, const struct git_options *opt,
			 const struct git_location *at, struct err *err)
{
	if (!open_transport(&s->transport, opt, at, err))
		return false;
	if (smart_open(&s->smart, s->transport, err))
		return true;
	s->transport->explain(s->transport, err);
	return false;
}

/* Branches and tags with all history: the way to a commit that the server does not give alone. */
static bool fetch_everything(struct mirror *m, const struct git_options *opt,
			     const struct git_location *at, struct err *err)
{
	AUTO(session_close) struct session s = { 0 };
	AUTO(auto_free) const char **wants = NULL;
	struct smart_fetch f = { .whole_history = true };

	event_detail(opt->events, "%s: the server does not give a commit alone: fetching all refs",
		     at->remote);
	if (!session_open(&s, opt, at, err) || !smart_list(&s.smart, err))
		return false;
	wants = mem_alloc((s.smart.refs.len + 1) * sizeof(*wants));
	for (size_t i = 0; i < s.smart.refs.len; i++)
		wants[f.want_count++] = s.smart.refs.items[i].id;
	f.wants = wants;
	if (!f.want_count)
		return err_set(err, E_NOT_FOUND, "the repository is empty");
	return mirror_fetch(m, &s.smart, &f, err);
}

static bool is_advertised(const struct smart *s, const char *id)
{
	for (size_t i = 0; i < s->refs.len; i++)
		if (str_eq(s->refs.items[i].id, id))
			return true;
	return false;
}

static bool is_refused(const struct err *err)
{
	return err->code == E_NETWORK &&
	       (strstr(err->msg, "not our ref") || strstr(err->msg, "unadvertised object"));
}

static bool fetch_commit(struct mirror *m, struct session *s, const struct git_options *opt,
			 const struct git_location *at, const struct git_repo *r, struct err *err)
{
	AUTO(str_list_free) struct str_list haves = { 0 };
	const char *want = r->tag[0] ? r->tag : r->commit;
	struct smart_fetch f = { .wants = &want, .want_count = 1, .haves = &haves };

	if (!s->transport && !session_open(s, opt, at, err))
		return false;
	if (!s->smart.can_any && !is_advertised(&s->smart, want))
		return fetch_everything(m, opt, at, err);
	if (!mirror_commits(&haves, m, err))
		return false;
	if (mirror_fetch(m, &s->smart, &f, err))
		return true;
	if (is_refused(err)) {
		err_clear(err);
		return fetch_everything(m, opt, at, err);
	}
	s->transport->explain(s->transport, err);
	return false;
}

static bool object_is_commit(const struct git_repo *r)
{
	git_oid id;
	size_t len;
	git_object_t type;

	return r->lib->git_oid_fromstrn(&id, r->commit, 40) == 0 &&
	       r->lib->git_odb_read_header(&len, &type, r->odb, &id) == 0 &&
	       type == GIT_OBJECT_COMMIT;
}

static bool open_objects(struct git_repo *r, const struct mirror *m, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/objects", m->path);

	if (r->lib->git_odb_open(&r->odb, path) < 0 ||
	    r->lib->git_repository_wrap_odb(&r->raw, r->odb) < 0)
		return libgit2_failed(r->lib, E_IO, path, err);
	return true;
}

static bool fetch(struct git_repo *r, struct mirror *m, struct session *s,
		  const struct git_options *opt, const struct git_location *at, struct err *err)
{
	AUTO(auto_close) int lock = -1;
	uint64_t task;
	bool ok;

	if (!mirror_lock(&lock, m, err))
		return false;
	if (mirror_has(m, r->commit)) /* someone was faster */
		return open_objects(r, m, err);
	task = event_start(opt->events, "fetch %s %.12s", at->remote, r->commit);
	ok = fetch_commit(m, s, opt, at, r, err) && open_objects(r, m, err);
	if (ok && !object_is_commit(r))
		ok = err_set(err, E_NOT_FOUND, "the repository has no commit %s", r->commit);
	ok = ok && mirror_list(m, r->commit, err);
	if (ok)
		event_done(opt->events, task, NULL);
	else
		event_failed(opt->events, task);
	return ok;
}

static bool open_remote(struct git_repo *r, const struct git_options *opt,
			const struct git_location *at, struct err *err)
{
	AUTO(mirror_close) struct mirror m = { .dir = -1, .in_use = -1 };
	AUTO(session_close) struct session s = { 0 };
	const struct git_ref *ref;

	if (!mirror_open(&m, opt->store, at->remote, err))
		return false;
	if (pinned(at)) {
		memcpy(r->commit, pinned(at), 40);
	} else {
		if (!session_open(&s, opt, at, err))
			return false;
		if (!smart_find(&ref, &s.smart, at->ref, err)) {
			s.transport->explain(s.transport, err);
			return ref_missing(at, err);
		}
		take_ref(r, ref);
	}
	if (!check_commit(r, at, err))
		return false;
	if (!(mirror_has(&m, r->commit) ? open_objects(r, &m, err)
					: fetch(r, &m, &s, opt, at, err)))
		return false;
	r->in_use = steal_fd(&m.in_use);
	r->listed = mem_printf("%s/refs/rtbuild/%s", m.path, r->commit);
	return true;
}

/* --- a repository of this machine --- */

static bool find_local(struct git_repo *r, git_oid *out, const struct git_location *at,
		       struct err *err)
{
	static const char *const folders[] = { "refs/", "refs/heads/", "refs/tags/" };

	if (pinned(at))
		return r->lib->git_oid_fromstrn(out, pinned(at), 40) == 0;
	if (!at->ref)
		return r->lib->git_reference_name_to_id(out, r->raw, "HEAD") == 0 ||
		       err_set(err, E_NOT_FOUND,
			       "the repository has no default branch: it is empty");
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		AUTO(auto_free)
		char *name = mem_printf(
			"%s%s", str_has_prefix(at->ref, folders[i]) ? "" : folders[i], at->ref);

		if (r->lib->git_reference_name_to_id(out, r->raw, name) == 0) {
			r->branch = STEAL(name);
			return true;
		}
	}
	err_set(err, E_NOT_FOUND, "the repository has no branch or tag '%s'", at->ref);
	return ref_missing(at, err);
}

/* The commit a tag is of. */
static bool peel(struct git_repo *r, const git_oid *id, struct err *err)
{
	git_object *object = NULL, *commit = NULL;
	bool ok;

	if (r->lib->git_object_lookup(&object, r->raw, id, GIT_OBJECT_ANY) < 0)
		return libgit2_failed(r->lib, E_NOT_FOUND, "the commit", err);
	ok = r->lib->git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0;
	if (ok) {
		r->lib->git_oid_nfmt(r->commit, sizeof(r->commit), r->lib->git_object_id(commit));
		if (commit != object && memcmp(r->lib->git_object_id(commit), id, sizeof(*id)) != 0)
			r->lib->git_oid_nfmt(r->tag, sizeof(r->tag), id);
	}
	r->lib->git_object_free(commit);
	r->lib->git_object_free(object);
	return ok || libgit2_failed(r->lib, E_INPUT, "the ref leads to no commit", err);
}

static bool open_local(struct git_repo *r, const struct git_options *opt,
		       const struct git_location *at, struct err *err)
{
	git_oid id;

	if (!git_is_allowed(opt, at->remote)) {
		err_set(err, E_INPUT, "%s: a repository of this machine is not read unless allowed",
			at->remote);
		return err_hint(err, "--git-allow %s", at->remote);
	}
	if (r->lib->git_repository_open_ext(&r->raw, at->path, GIT_REPOSITORY_OPEN_NO_SEARCH,
					    NULL) < 0)
		return libgit2_failed(r->lib, E_NOT_FOUND, at->remote, err);
	if (r->lib->git_repository_odb(&r->odb, r->raw) < 0)
		return libgit2_failed(r->lib, E_IO, at->remote, err);
	return find_local(r, &id, at, err) && peel(r, &id, err) && check_commit(r, at, err);
}

bool git_repo_open(struct git_repo **out, const struct git_options *opt,
		   const struct git_location *at, struct err *err)
{
	AUTO(auto_git_repo_close) struct git_repo *r = mem_alloc(sizeof(*r));

	*out = NULL;
	r->in_use = -1;
	if (!libgit2_load(&r->lib, err) ||
	    !(at->scheme == GIT_FILE ? open_local(r, opt, at, err) : open_remote(r, opt, at, err)))
		return err_wrap(err, "%s", at->remote);
	*out = STEAL(r);
	return true;
}
