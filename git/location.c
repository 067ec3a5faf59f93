// SPDX-License-Identifier: Apache-2.0
#include "git/location.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

/* Locations as values. */

static const char alnum[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* clang-format off */
static const struct {
	const char *prefix;
	enum git_scheme scheme;
} schemes[] = {
	{ "https://", GIT_HTTPS },
	{ "http://",  GIT_HTTP },
	{ "ssh://",   GIT_SSH },
	{ "git://",   GIT_TCP },
	{ "file://",  GIT_FILE },
};
/* clang-format on */

void git_location_free(struct git_location *l)
{
	free(l->user);
	free(l->host);
	free(l->path);
	free(l->remote);
	free(l->ref);
	free(l->subdir);
	free(l->checksum);
	*l = (struct git_location){ 0 };
}

bool git_is_commit(const char *text)
{
	return strlen(text) == 40 && strspn(text, "0123456789abcdef") == 40;
}

char *git_config_value(const char *text)
{
	struct buf out = BUF_INIT(2 * LIMIT_URL + 3);

	buf_put(&out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_put(&out, "\\");
		buf_put_byte(&out, (unsigned char)*text);
	}
	buf_put(&out, "\"");
	return buf_steal(&out);
}

static const char *scheme_prefix(enum git_scheme scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (schemes[i].scheme == scheme)
			return schemes[i].prefix;
	return "";
}

/* "user@host:path"; the length of "user@host", or 0. */
static size_t scp_length(const char *text)
{
	size_t user = strcspn(text, "@/:?#");
	size_t host;

	if (!user || text[user] != '@')
		return 0;
	host = strcspn(text + user + 1, "@/:?#");
	return host && text[user + 1 + host] == ':' ? user + 1 + host : 0;
}

static bool path_is_git(const char *text)
{
	AUTO(auto_free) char *path = mem_strndup(text, strcspn(text, "#?"));

	return str_has_suffix(path, ".git");
}

bool git_location_is(const char *text, bool context)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		enum git_scheme scheme = schemes[i].scheme;

		if (!str_has_prefix(text, schemes[i].prefix))
			continue;
		return (scheme != GIT_HTTPS && scheme != GIT_HTTP) || path_is_git(text);
	}
	/* "name@sha256:..." is an image */
	return (context && str_has_prefix(text, "github.com/")) ||
	       (scp_length(text) && (str_has_prefix(text, "git@") || path_is_git(text)));
}

/* --- what of it is wanted --- */

static bool take(char **to, const char *value, const char *what, struct err *err)
{
	if (*to && !str_eq(*to, value))
		return err_set(err, E_INPUT, "two values for the %s: '%s' and '%s'", what, *to,
			       value);
	free(*to);
	*to = mem_strdup(value);
	return true;
}

static bool take_ref(struct git_location *l, const char *prefix, const char *value, struct err *err)
{
	AUTO(auto_free)
	char *ref = mem_printf("%s%s", str_has_prefix(value, prefix) ? "" : prefix, value);

	if (value[0] == '-' || value[0] == '/' || strlen(value) > LIMIT_GIT_REF ||
	    strstr(value, "..") || strpbrk(value, " ~^:?*[\\"))
		return err_set(err, E_INPUT, "'%s' cannot name a branch, tag or commit", value);
	return take(&l->ref, ref, "ref", err);
}

static bool take_subdir(struct git_location *l, const char *value, struct err *err)
{
	AUTO(auto_free) char *clean = fs_join("/", value);

	return !clean[1] || take(&l->subdir, clean + 1, "subdir", err);
}

static bool take_checksum(struct git_location *l, const char *value, struct err *err)
{
	AUTO(auto_free) char *lower = mem_strdup(value);
	size_t len = strlen(value);

	for (char *c = lower; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'F' ? *c + ('a' - 'A') : *c);
	if (!len || len > 40 || strspn(lower, "0123456789abcdef") != len)
		return err_set(err, E_INPUT, "'%s' is no commit id, and no beginning of one",
			       value);
	return take(&l->checksum, lower, "commit", err);
}

static bool take_bool(bool *out, const char *key, const char *value, struct err *err)
{
	static const char *const yes[] = { "", "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (str_eq(value, yes[i])) {
			*out = true;
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (str_eq(value, no[i])) {
			*out = false;
			return true;
		}
	return err_set(err, E_INPUT, "%s=%s: neither true nor false", key, value);
}

static bool take_option(struct git_location *l, const char *key, const char *value, struct err *err)
{
	static const char *const known[] = { "ref",          "branch",     "tag",
					     "commit",       "checksum",   "subdir",
					     "keep-git-dir", "submodules", "fetch-by-commit",
					     "mtime" };
	bool on = false;

	if (str_eq(key, "ref"))
		return take_ref(l, "", value, err);
	if (str_eq(key, "branch"))
		return take_ref(l, "refs/heads/", value, err);
	if (str_eq(key, "tag"))
		return take_ref(l, "refs/tags/", value, err);
	if (str_eq(key, "commit") || str_eq(key, "checksum"))
		return take_checksum(l, value, err);
	if (str_eq(key, "subdir"))
		return take_subdir(l, value, err);
	if (str_eq(key, "keep-git-dir")) {
		l->has_keep_git_dir = true;
		return take_bool(&l->keep_git_dir, key, value, err);
	}
	if (str_eq(key, "submodules")) {
		if (!take_bool(&on, key, value, err))
			return false;
		l->no_submodules = !on;
		return true;
	}
	if (str_eq(key, "fetch-by-commit"))
		return take_bool(&l->fetch_by_commit, key, value, err);
	if (str_eq(key, "mtime") && (str_eq(value, "commit") || str_eq(value, "checkout"))) {
		l->mtime_commit = str_eq(value, "commit");
		return true;
	}
	if (str_eq(key, "mtime"))
		return err_set(err, E_INPUT, "mtime=%s: neither checkout nor commit", value);
	err_set(err, E_INPUT, "a repository has no option '%s'", key);
	const char *near = str_nearest(key, known, ARRAY_LEN(known));

	return near ? err_hint(err, "did you mean %s?", near) : false;
}

static bool has_controls(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return true;
	return false;
}

static bool take_query(struct git_location *l, const char *query, size_t len, struct err *err)
{
	AUTO(auto_free) char *text = mem_strndup(query, len);
	AUTO(str_list_free) struct str_list seen = { 0 };
	struct slice rest = slice_of(text);

	while (rest.ptr) {
		struct slice value, key = slice_cut(slice_cut(rest, '&', &rest), '=', &value);
		AUTO(auto_free) char *k = mem_strndup(key.ptr, key.len);
		AUTO(auto_free) char *v = mem_strndup(value.ptr ? value.ptr : "", value.len);
		size_t k_len = str_urldecode(k), v_len = str_urldecode(v);

		if (!key.len && !value.ptr)
			continue;
		if (has_controls(k, k_len) || has_controls(v, v_len))
			return err_set(err, E_INPUT, "control characters in an option");
		for (size_t i = 0; i < seen.len; i++)
			if (str_eq(seen.items[i], k))
				return err_set(err, E_INPUT, "the option '%s' is given twice", k);
		str_list_push(&seen, k);
		if (!*v && !str_eq(k, "keep-git-dir") && !str_eq(k, "submodules") &&
		    !str_eq(k, "fetch-by-commit"))
			return err_set(err, E_INPUT, "the option '%s' has no value", k);
		if (!take_option(l, k, v, err))
			return false;
	}
	return true;
}

static bool take_fragment(struct git_location *l, const char *fragment, struct err *err)
{
	struct slice subdir, ref = slice_cut(slice_of(fragment), ':', &subdir);
	AUTO(auto_free) char *text = mem_strndup(ref.ptr, ref.len);

	return (!*text || take_ref(l, "", text, err)) &&
	       (!subdir.ptr || take_subdir(l, subdir.ptr, err));
}

static bool take_rest(struct git_location *l, const char *rest, struct err *err)
{
	size_t query = strcspn(rest, "#");

	return (rest[0] != '?' || take_query(l, rest + 1, query - 1, err)) &&
	       (rest[query] != '#' || take_fragment(l, rest + query + 1, err));
}

/* --- where it is --- */

/* An ssh user or host that its command line would read as something else is none. */
static bool is_name(const char *text, size_t len, const char *also)
{
	AUTO(auto_free) char *name = mem_strndup(text, len);

	for (const char *c = name; *c; c++)
		if (!strchr(alnum, *c) && !strchr(also, *c))
			return false;
	return len && len < 256 && name[0] != '-';
}

static bool bad_host(const char *text, struct err *err)
{
	return err_set(err, E_INPUT, "'%s' names no host", text);
}

/* [user@]host[:port] */
static bool take_authority(struct git_location *l, struct slice text, const char *whole,
			   struct err *err)
{
	const char *at = memrchr(text.ptr, '@', text.len);
	struct slice host = text;
	struct slice port = { 0 };
	uint64_t number = 0;

	if (at && l->scheme != GIT_SSH) {
		err_set(err, E_INPUT, "a user or password in the URL of a repository");
		return err_hint(err, "give a secret: --secret id=GIT_AUTH_TOKEN,env=VARIABLE");
	}
	if (at) {
		if (!is_name(text.ptr, (size_t)(at - text.ptr), "-_."))
			return err_set(err, E_INPUT, "the user of %s is no plain name",
				       strchr(whole, '@') + 1);
		l->user = mem_strndup(text.ptr, (size_t)(at - text.ptr));
		host = (struct slice){ at + 1, text.len - (size_t)(at + 1 - text.ptr) };
	}
	if (host.len && host.ptr[0] == '[') {
		const char *end = memchr(host.ptr, ']', host.len);

		if (!end || (size_t)(end - host.ptr) < 3 ||
		    !is_name(host.ptr + 1, (size_t)(end - host.ptr) - 1, ":."))
			return bad_host(whole, err);
		port = (struct slice){ end + 1, host.len - (size_t)(end + 1 - host.ptr) };
		host.len = (size_t)(end + 1 - host.ptr);
	} else {
		const char *colon = memchr(host.ptr, ':', host.len);

		if (colon) {
			port = (struct slice){ colon, host.len - (size_t)(colon - host.ptr) };
			host.len = (size_t)(colon - host.ptr);
		}
		if (!is_name(host.ptr, host.len, "-_."))
			return bad_host(whole, err);
	}
	if (port.len &&
	    (port.ptr[0] != ':' ||
	     !str_to_u64(&number, (struct slice){ port.ptr + 1, port.len - 1 }, 65535) || !number))
		return bad_host(whole, err);
	l->host = mem_strndup(host.ptr, host.len);
	for (char *c = l->host; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
	l->port = (uint16_t)number;
	return true;
}

static bool take_url(struct git_location *l, const char *rest, struct err *err)
{
	size_t end = strcspn(rest, "?#");
	size_t host = strcspn(rest, "/?#");

	if (l->scheme != GIT_FILE && !take_authority(l, (struct slice){ rest, host }, rest, err))
		return false;
	if (l->scheme == GIT_FILE && host)
		return err_set(err, E_INPUT, "file:// is followed by an absolute path");
	if (end - host < 2)
		return err_set(err, E_INPUT, "the URL names no repository");
	l->path = mem_strndup(rest + host, end - host);
	/* "/~user/x" is relative to that user's home */
	if (l->scheme == GIT_SSH && l->path[1] == '~')
		memmove(l->path, l->path + 1, strlen(l->path));
	return take_rest(l, rest + end, err);
}

static bool take_scp(struct git_location *l, const char *text, struct err *err)
{
	size_t colon = scp_length(text);
	size_t end = strcspn(text, "?#");

	l->scheme = GIT_SSH;
	if (!take_authority(l, (struct slice){ text, colon }, text, err))
		return false;
	if (end < colon + 2 || text[colon + 1] == '-')
		return err_set(err, E_INPUT, "'%s' names no repository", text);
	l->path = mem_strndup(text + colon + 1, end - colon - 1);
	return take_rest(l, text + end, err);
}

static char *format_remote(const struct git_location *l, bool scp)
{
	AUTO(auto_free) char *port = l->port ? mem_printf(":%u", l->port) : mem_strdup("");

	if (scp)
		return mem_printf("%s@%s:%s", l->user, l->host, l->path);
	return mem_printf("%s%s%s%s%s%s%s", scheme_prefix(l->scheme), l->user ? l->user : "",
			  l->user ? "@" : "", l->host ? l->host : "", port,
			  l->path[0] == '/' ? "" : "/", l->path);
}

static bool check_whole(const struct git_location *l, const char *text, struct err *err)
{
	if (l->fetch_by_commit && !(l->checksum && git_is_commit(l->checksum)) &&
	    !(l->ref && git_is_commit(l->ref)))
		return err_set(err, E_INPUT, "%s: fetch-by-commit needs a whole commit id", text);
	if (l->checksum && l->ref && git_is_commit(l->ref) && !str_has_prefix(l->ref, l->checksum))
		return err_set(err, E_INPUT, "the commit %s is not %s", l->ref, l->checksum);
	return true;
}

static bool parse(struct git_location *l, const char *text, struct err *err)
{
	if (strlen(text) > LIMIT_URL || has_controls(text, strlen(text)))
		return err_set(err, E_INPUT, "the URL of a repository is too long or not text");
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		if (!str_has_prefix(text, schemes[i].prefix))
			continue;
		l->scheme = schemes[i].scheme;
		if (!take_url(l, text + strlen(schemes[i].prefix), err))
			return false;
		l->remote = format_remote(l, false);
		return check_whole(l, text, err);
	}
	if (str_has_prefix(text, "github.com/")) {
		l->scheme = GIT_HTTPS;
		if (!take_url(l, text, err))
			return false;
		l->remote = format_remote(l, false);
		return check_whole(l, text, err);
	}
	if (!scp_length(text))
		return err_set(err, E_INPUT, "'%s' names no git repository", text);
	if (!take_scp(l, text, err))
		return false;
	l->remote = format_remote(l, true);
	return check_whole(l, text, err);
}

bool git_location_parse(struct git_location *out, const char *text, struct err *err)
{
	*out = (struct git_location){ 0 };
	if (parse(out, text, err))
		return true;
	git_location_free(out);
	return false;
}

bool git_location_pin(struct git_location *l, const char *commit, struct err *err)
{
	return take_checksum(l, commit, err) && check_whole(l, l->remote, err);
}

bool git_location_resolve(struct git_location *out, const struct git_location *parent,
			  const char *url, struct err *err)
{
	AUTO(auto_free) char *path = NULL;
	AUTO(auto_free) char *text = NULL;
	size_t keep;

	if (strpbrk(url, "?#"))
		return err_set(err, E_INPUT, "the URL '%s' of a submodule has options", url);
	if (!str_has_prefix(url, "./") && !str_has_prefix(url, "../"))
		return git_location_parse(out, url, err);
	path = mem_printf("%s/%s", parent->path, url);
	text = fs_clean(path);
	if (str_has_prefix(text, "..") || str_eq(text, "/"))
		return err_set(err, E_INPUT, "the URL '%s' of a submodule leaves its host", url);
	keep = strlen(parent->remote) - strlen(parent->path);
	free(path);
	path = mem_printf("%.*s%s", (int)keep, parent->remote, text);
	return git_location_parse(out, path, err);
}

bool git_location_same_host(const struct git_location *a, const struct git_location *b)
{
	return a->scheme == b->scheme && a->port == b->port && a->host && b->host &&
	       str_eq(a->host, b->host);
}
