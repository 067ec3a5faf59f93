// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "builder/context_git.h"
#include "builder/context_tar.h"
#include "builder/driver.h"

/* The contexts of a build, each opened when a step first asks for it. */

bool source_main(const struct files **out, struct build *b, struct err *err)
{
	const struct build_request *req = b->req;
	struct shared *s = b->shared;
	bool ok;

	if (req->context) {
		context_overlay(req->context, req->context_files);
		return context_files(out, req->context, err);
	}
	if (!req->context_dir) {
		err_set(err, E_INPUT, "there is no build context");
		return err_hint(err,
				"a Dockerfile alone comes without files: give a directory (with "
				"-f - for one on stdin), a tar or a URL");
	}
	lock_take(&s->sources_lock);
	ok = s->context ||
	     context_open(&s->context, b->env->store, req->context_dir, req->dockerfile_name, err);
	if (ok)
		context_overlay(s->context, req->context_files);
	lock_drop(&s->sources_lock);
	return ok && context_files(out, s->context, err);
}

struct http *source_http(struct build *b)
{
	struct shared *s = b->shared;

	lock_take(&s->lock);
	if (!s->http)
		s->http = http_open(&(struct http_options){ .events = b->env->events,
							    .ca_file = b->env->ca_file,
							    .insecure = b->env->insecure });
	lock_drop(&s->lock);
	return s->http;
}

static bool open_url(struct context **out, struct build *b, const char *url, struct err *err)
{
	AUTO(context_stream_free) struct context_stream stream = { 0 };

	if (!context_stream_get(&stream, b->env->store, source_http(b), url, err))
		return false;
	*out = stream.context ? STEAL(stream.context) : context_of_text(&stream.text);
	return context_ignore(*out, NULL, err);
}

static bool open_git(struct context **out, struct build *b, const char *url, struct err *err)
{
	AUTO(git_location_free) struct git_location at = { 0 };
	struct git_options opt =
		context_git_options(b->req, b->env->store, b->env->events, source_http(b));

	return git_location_parse(&at, url, err) && context_open_git(out, &opt, &at, NULL, err) &&
	       context_ignore(*out, NULL, err);
}

/* The rest holds sources_lock. */

static const struct files *entries(struct build *b, size_t number)
{
	const struct entry_list *from = b->req->contexts[number].entries;
	struct files *f = &b->shared->entry_files[number];

	if (!f->len) {
		for (size_t i = 0; i < from->len; i++)
			files_add(f, &from->items[i]);
		files_sort(f);
		f->keeps_owners = true;
	}
	return f;
}

static bool open_named(const struct files **out, struct build *b, size_t number, struct err *err)
{
	const struct build_context *named = &b->req->contexts[number];
	struct context **opened = &b->shared->contexts[number];
	bool ok = true;

	switch (named->kind) {
	case BUILD_CONTEXT_DIR:
		ok = *opened || context_open(opened, b->env->store, named->path, NULL, err);
		break;
	case BUILD_CONTEXT_URL:
		ok = *opened || open_url(opened, b, named->path, err);
		break;
	case BUILD_CONTEXT_GIT:
		ok = *opened || open_git(opened, b, named->path, err);
		break;
	case BUILD_CONTEXT_ENTRIES:
		*out = entries(b, number);
		return true;
	case BUILD_CONTEXT_IMAGE:
		return err_set(err, E_INPUT, "the context '%s' is an image", named->name);
	}
	return (ok && context_files(out, *opened, err)) ||
	       err_wrap(err, "context '%s'", named->name);
}

bool source_named(const struct files **out, struct build *b, size_t number, struct err *err)
{
	bool ok;

	lock_take(&b->shared->sources_lock);
	ok = open_named(out, b, number, err);
	lock_drop(&b->shared->sources_lock);
	return ok;
}

/* One commit for all that name it, whatever moves at the server meanwhile. */
bool source_git(const struct files **out, struct build *b, const struct git_location *at,
		struct err *err)
{
	struct shared *s = b->shared;
	struct git_options opt =
		context_git_options(b->req, b->env->store, b->env->events, source_http(b));
	AUTO(auto_free)
	char *key = mem_printf("%s#%s:%s %s %d%d%d", at->remote, at->ref ? at->ref : "",
			       at->subdir ? at->subdir : "", at->checksum ? at->checksum : "",
			       at->keep_git_dir, at->no_submodules, at->mtime_commit);
	struct context *c;
	bool ok = true;

	lock_take(&s->sources_lock);
	c = map_get(&s->commits, key);
	if (!c) {
		ok = context_open_git(&c, &opt, at, NULL, err);
		if (ok)
			map_put(&s->commits, key, c);
	}
	ok = ok && context_files(out, c, err);
	lock_drop(&s->sources_lock);
	return ok;
}
