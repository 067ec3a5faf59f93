// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_context.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/context_git.h"
#include "builder/context_tar.h"
#include "builder/download.h"
#include "cmd/buildkit_args.h"

/* Contexts on the command line. How they are read is builder/'s business. */

enum kind { KIND_DIR, KIND_STDIN, KIND_IMAGE, KIND_WEB, KIND_GIT, KIND_UNKNOWN };

static enum kind kind_of(const char *word)
{
	/* clang-format off */
	static const struct {
		const char *prefix;
		enum kind kind;
	} schemes[] = {
		{ "docker-image://", KIND_IMAGE },
		{ "oci-layout://",   KIND_IMAGE },
		{ "https://",        KIND_WEB },
		{ "http://",         KIND_WEB },
	};
	/* clang-format on */

	if (str_eq(word, "-"))
		return KIND_STDIN;
	if (git_location_is(word, true))
		return KIND_GIT;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_has_prefix(word, schemes[i].prefix))
			return schemes[i].kind;
	return strstr(word, "://") ? KIND_UNKNOWN : KIND_DIR;
}

static bool refuse(const char *word, struct err *err)
{
	err_set(err, E_UNSUPPORTED, "a build context of this kind: '%s'", word);
	return err_hint(err, "a directory, a git repository, an http(s) URL of a tar; for "
			     "--build-context also docker-image://REF and oci-layout://DIR:TAG");
}

bool build_context_is_source(const char *word)
{
	return kind_of(word) != KIND_DIR;
}

/* The empty image is no image: as BuildKit, no files. */
static void take_image(struct build_context *out)
{
	static const char docker[] = "docker-image://";
	static const struct entry_list nothing;

	out->kind = BUILD_CONTEXT_IMAGE;
	out->path += str_has_prefix(out->path, docker) ? strlen(docker) : 0;
	if (str_eq(out->path, "scratch"))
		*out = (struct build_context){ .name = out->name,
					       .kind = BUILD_CONTEXT_ENTRIES,
					       .entries = &nothing,
					       .identity = "scratch" };
}

static bool take_directory(struct build_context *out, struct err *err)
{
	out->kind = BUILD_CONTEXT_DIR;
	if (access(out->path, F_OK) == 0)
		return true;
	err_set(err, E_NOT_FOUND, "--build-context %s: no directory '%s'", out->name, out->path);
	return err_hint(err, "a git repository or archive is named by its URL, an image by "
			     "docker-image://");
}

bool build_context_named(struct build_context *out, struct str_list *owned, const char *text,
			 struct err *err)
{
	struct slice source, name = slice_cut(slice_of(text), '=', &source);

	if (!name.len || !source.len)
		return err_set(err, E_USAGE, "--build-context '%s' is not NAME=SOURCE", text);
	str_list_push_take(owned, mem_strndup(name.ptr, name.len));
	*out = (struct build_context){ .name = owned->items[owned->len - 1], .path = source.ptr };
	switch (kind_of(source.ptr)) {
	case KIND_DIR:
		return take_directory(out, err);
	case KIND_IMAGE:
		take_image(out);
		return true;
	case KIND_WEB:
		out->kind = BUILD_CONTEXT_URL;
		return true;
	case KIND_STDIN:
		return err_set(err, E_USAGE, "--build-context '%s': stdin is for the main context",
			       text);
	case KIND_GIT:
		out->kind = BUILD_CONTEXT_GIT;
		return true;
	case KIND_UNKNOWN:
		break;
	}
	return refuse(source.ptr, err);
}

/* --- the main context --- */

void build_source_free(struct build_source *b)
{
	free(b->dir);
	context_close(b->context);
	buf_free(&b->dockerfile);
	free(b->dockerfile_name);
}

static struct http *open_http(struct session *s)
{
	return http_open(&(struct http_options){ .events = s->events,
						 .ca_file = s->options.ca_file,
						 .insecure = s->options.insecure });
}

static bool stdin_dockerfile(struct build_source *b, struct err *err)
{
	b->dockerfile_name = mem_strdup("");
	return fs_read_fd(&b->dockerfile, STDIN_FILENO, LIMIT_DOCKERFILE, err) ||
	       err_wrap(err, "Dockerfile on stdin");
}

/* -f URL */
static bool web_dockerfile(struct build_source *b, struct session *s, const char *url,
			   struct err *err)
{
	AUTO(auto_http_close) struct http *http = open_http(s);
	AUTO(http_reply_free) struct http_reply reply = { 0 };

	b->dockerfile_name = download_name(url);
	return download_open(&reply, http, url, err) &&
	       http_read(&b->dockerfile, &reply, LIMIT_DOCKERFILE, "the Dockerfile", err);
}

static bool local_dockerfile(struct build_source *b, const char *file, struct err *err)
{
	AUTO(auto_free) char *inside = NULL;

	b->dockerfile_name = file ? mem_strdup(file) : fs_join(b->dir, "Dockerfile");
	if (fs_read_path(&b->dockerfile, b->dockerfile_name, LIMIT_DOCKERFILE, err))
		return true;
	if (err->code != E_NOT_FOUND)
		return false;
	inside = fs_join(b->dir, file ? file : "");
	if (file && access(inside, F_OK) == 0)
		return err_hint(err, "-f counts from here, not from the context: -f %s", inside);
	return err_hint(err, "name it by -f FILE, or a backend by --backend");
}

static bool inner_dockerfile(struct build_source *b, const char *file, struct err *err)
{
	b->dockerfile_name = mem_strdup(file ? file : "Dockerfile");
	if (context_read(&b->dockerfile, b->context, b->dockerfile_name, LIMIT_DOCKERFILE, err))
		return true;
	return err->code == E_NOT_FOUND ? err_hint(err, "name it by -f PATH, inside the context")
					: false;
}

static bool find_dockerfile(struct build_source *b, struct session *s, const char *file,
			    struct err *err)
{
	if (file && str_eq(file, "-"))
		return stdin_dockerfile(b, err);
	if (file && kind_of(file) == KIND_WEB)
		return web_dockerfile(b, s, file, err);
	return b->dir ? local_dockerfile(b, file, err) : inner_dockerfile(b, file, err);
}

/* The Dockerfile of a context that is no directory, and what is ignored there. */
static bool take_tree(struct build_source *b, struct session *s, const char *file, struct err *err)
{
	bool outside = file && (str_eq(file, "-") || kind_of(file) == KIND_WEB);

	return find_dockerfile(b, s, file, err) &&
	       context_ignore(b->context, outside ? NULL : b->dockerfile_name, err);
}

/* What a stream held: a context, or the Dockerfile itself. */
static bool take_stream(struct build_source *b, struct session *s, struct context_stream *stream,
			const char *what, const char *file, struct err *err)
{
	if (!stream->context && file) {
		err_set(err, E_USAGE, "two Dockerfiles: %s and -f %s", what, file);
		return err_hint(err, "leave -f out, or give a tar");
	}
	if (!stream->context) {
		b->dockerfile = stream->text;
		stream->text = (struct buf){ 0 };
		b->dockerfile_name = mem_strdup("Dockerfile");
		return true;
	}
	b->context = STEAL(stream->context);
	b->time = stream->modified;
	return take_tree(b, s, file, err);
}

static bool read_stdin(struct build_source *b, struct session *s, const char *file, struct err *err)
{
	AUTO(context_stream_free) struct context_stream stream = { 0 };
	struct store *store;
	int fd;

	if (file && str_eq(file, "-"))
		return err_set(err, E_USAGE, "stdin cannot be both the context and the Dockerfile");
	if (isatty(STDIN_FILENO)) {
		err_set(err, E_USAGE, "the context '-' is stdin, which is a terminal");
		return err_hint(err, "pipe a tar or a Dockerfile into it");
	}
	if (!session_store(&store, s, err))
		return false;
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_set_errno(err, "stdin");
	return context_stream_read(&stream, store, source_fd(fd), "the context on stdin", err) &&
	       take_stream(b, s, &stream, "the one on stdin", file, err);
}

static bool read_web(struct build_source *b, struct session *s, const char *url, const char *file,
		     struct err *err)
{
	AUTO(auto_http_close) struct http *http = open_http(s);
	AUTO(context_stream_free) struct context_stream stream = { 0 };
	uint64_t task = event_start(s->events, "load the build context");
	struct store *store;

	if (!session_store(&store, s, err) || !context_stream_get(&stream, store, http, url, err)) {
		event_failed(s->events, task);
		return false;
	}
	event_done(s->events, task, NULL);
	return take_stream(b, s, &stream, "that of the URL", file, err);
}

static bool read_git(struct build_source *b, struct session *s, const struct build_request *req,
		     const char *word, const char *file, struct err *err)
{
	AUTO(auto_http_close) struct http *http = open_http(s);
	AUTO(git_location_free) struct git_location at = { 0 };
	struct git_options opt;
	struct store *store;
	bool keep = false;

	if (!git_location_parse(&at, word, err) || !session_store(&store, s, err) ||
	    !buildkit_args_switch(&keep, req->build_args, "BUILDKIT_CONTEXT_KEEP_GIT_DIR", err))
		return false;
	at.keep_git_dir = at.keep_git_dir || keep;
	opt = context_git_options(req, store, s->events, http);
	return context_open_git(&b->context, &opt, &at, &b->time, err) &&
	       take_tree(b, s, file, err);
}

bool build_source_read(struct build_source *out, struct session *s,
		       const struct build_request *request, const char *word, const char *file,
		       struct err *err)
{
	*out = (struct build_source){ .dockerfile = BUF_INIT(LIMIT_DOCKERFILE), .time = -1 };
	switch (kind_of(word)) {
	case KIND_DIR:
		out->dir = mem_strdup(word);
		return find_dockerfile(out, s, file, err);
	case KIND_STDIN:
		return read_stdin(out, s, file, err);
	case KIND_WEB:
		return read_web(out, s, word, file, err);
	case KIND_GIT:
		return read_git(out, s, request, word, file, err);
	case KIND_IMAGE:
	case KIND_UNKNOWN:
		break;
	}
	return refuse(word, err);
}
