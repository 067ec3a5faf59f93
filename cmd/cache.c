// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/destination.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "git/mirrors.h"
#include "layers/compress.h"
#include "sandbox/caches.h"

/* rtbuild cache: the directories of RUN --mount=type=cache, which outlive their builds. */

struct cache_args {
	const char *name, *file;
	struct str_list names;
	bool all;
};

/* clang-format off */
static const struct opt list_opts[] = { OPT_END };

static const struct opt export_opts[] = {
	OPT_ARG("NAME", struct cache_args, name, "which: `rtbuild cache list`"),
	OPT_ARG("FILE", struct cache_args, file, "NAME.tar, compressed when it ends in .gz, .tgz or .zst; - is stdout"),
	OPT_END
};

static const struct opt import_opts[] = {
	OPT_ARG("NAME", struct cache_args, name, "what it is kept as: the id of the mount, or its target when it has none"),
	OPT_ARG("FILE", struct cache_args, file, "a tar, compressed or not; - is stdin"),
	OPT_END
};

static const struct opt rm_opts[] = {
	OPT_REST("NAME", struct cache_args, names, "which: `rtbuild cache list`"),
	OPT_FLAG(0, "all", struct cache_args, all, "all of them"),
	OPT_END
};
/* clang-format on */

/* One line, or one object, of the list. */
struct listed {
	const char *kind, *name;
	uint64_t bytes;
	size_t directories;
	int64_t used;
};

static json_t *describe(const struct listed *c)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "kind", json_string(c->kind));
	json_object_set_new(doc, "name", json_string(c->name));
	json_object_set_new(doc, "bytes", json_integer((json_int_t)c->bytes));
	if (c->directories)
		json_object_set_new(doc, "directories", json_integer((json_int_t)c->directories));
	json_object_set_new(doc, "used", json_string(clock_format(c->used).text));
	return doc;
}

static bool print_cache(const struct listed *c, struct err *err)
{
	AUTO(auto_free) char *name = str_printable(c->name, strlen(c->name), 200);
	AUTO(auto_free)
	char *line = mem_printf("%s  %9s  %-5s  %s", clock_format(c->used).text,
				str_format_size(c->bytes).text, c->kind, name);

	return session_print(line, err);
}

static bool put(json_t *doc, const struct session *s, const struct listed *c, struct err *err)
{
	if (s->options.json)
		return json_array_append_new(doc, describe(c)) == 0;
	return print_cache(c, err);
}

static bool list_mirrors(json_t *doc, const struct session *s, struct store *store, struct err *err)
{
	AUTO(git_mirrors_free) struct git_mirrors mirrors = { 0 };

	if (!git_mirrors_find(&mirrors, store, err))
		return false;
	for (size_t i = 0; i < mirrors.len; i++) {
		const struct git_mirror *m = &mirrors.items[i];

		if (!put(doc, s, &(struct listed){ "git", m->url, m->bytes, 0, m->used }, err))
			return false;
	}
	return true;
}

static bool list(struct session *s, void *arg, struct err *err)
{
	AUTO(sandbox_caches_free) struct sandbox_caches caches = { 0 };
	AUTO(auto_json_decref) json_t *doc = json_array();
	struct store *store;

	(void)arg;
	if (!session_store(&store, s, err) || !sandbox_caches(&caches, s->sandbox, store, err))
		return false;
	for (size_t i = 0; i < caches.len; i++) {
		const struct sandbox_cache *c = &caches.items[i];

		if (!put(doc, s,
			 &(struct listed){ "mount", c->name, c->bytes, c->instances, c->used },
			 err))
			return false;
	}
	return list_mirrors(doc, s, store, err) &&
	       (!s->options.json || session_print_json(doc, err));
}

static enum compression kind_of(const char *file)
{
	static const struct {
		const char *suffix;
		enum compression kind;
	} rows[] = {
		{ ".gz", COMPRESSION_GZIP },
		{ ".tgz", COMPRESSION_GZIP },
		{ ".zst", COMPRESSION_ZSTD },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_has_suffix(file, rows[i].suffix))
			return rows[i].kind;
	return COMPRESSION_NONE;
}

static bool write_cache(struct session *s, struct store *store, const struct cache_args *args,
			struct sink *to, struct err *err)
{
	const struct compress_options opt = { .kind = kind_of(args->file) };
	AUTO(auto_compressor_close) struct sink *tar = NULL;

	return compressor_open(&tar, to, &opt, err) &&
	       sandbox_cache_export(tar, s->sandbox, store, args->name, err) &&
	       sink_finish(tar, err);
}

/* Whole, or not there at all. */
static bool write_cache_file(struct session *s, struct store *store, const struct cache_args *args,
			     struct err *err)
{
	AUTO(destination_close) struct destination to = DESTINATION_INIT;

	if (!destination_open(&to, args->file, err))
		return false;
	to.mode = 0600; /* a cache may hold what only its user may see */
	return write_cache(s, store, args, &to.sink.sink, err) && destination_commit(&to, err);
}

static bool export_cache(struct session *s, void *arg, struct err *err)
{
	const struct cache_args *args = arg;
	struct store *store;
	bool to_stdout;

	if (!session_store(&store, s, err))
		return false;
	to_stdout = session_is_stdout(args->file);
	return write_cache_file(s, store, args, err) &&
	       (to_stdout || session_print(args->file, err));
}

static bool import_cache(struct session *s, void *arg, struct err *err)
{
	const struct cache_args *args = arg;
	bool from_stdin = str_eq(args->file, "-");
	AUTO(auto_close)
	int fd = from_stdin ? dup(STDIN_FILENO) : open(args->file, O_RDONLY | O_CLOEXEC);
	struct store *store;

	if (fd < 0)
		return err_set_errno(err, "%s", args->file);
	if (!*args->name)
		return err_set(err, E_USAGE, "a cache needs a name");
	if (!session_store(&store, s, err))
		return false;
	return sandbox_cache_import(s->sandbox, store, args->name, fd, err)
		       ? session_print(args->name, err)
		       : err_wrap(err, "%s", args->file);
}

/* The mirror of that URL; *found_out false: there is none. */
static bool remove_mirror(bool *found_out, struct store *store, const char *url, struct err *err)
{
	AUTO(git_mirrors_free) struct git_mirrors mirrors = { 0 };
	bool removed = true;

	*found_out = false;
	if (!git_mirrors_find(&mirrors, store, err))
		return false;
	for (size_t i = 0; i < mirrors.len; i++) {
		if (!str_eq(mirrors.items[i].url, url))
			continue;
		*found_out = true;
		if (!git_mirror_remove(&removed, store, &mirrors.items[i], err))
			return false;
	}
	return removed || err_set(err, E_IO, "the mirror of %s is in use", url);
}

static bool remove_one(struct session *s, struct store *store, const char *name, struct err *err)
{
	bool is_mirror;

	return remove_mirror(&is_mirror, store, name, err) &&
	       (is_mirror || sandbox_cache_remove(s->sandbox, store, name, err)) &&
	       session_print(name, err);
}

static bool add_mirrors(struct str_list *names, struct store *store, struct err *err)
{
	AUTO(git_mirrors_free) struct git_mirrors mirrors = { 0 };

	if (!git_mirrors_find(&mirrors, store, err))
		return false;
	for (size_t i = 0; i < mirrors.len; i++)
		str_list_push(names, mirrors.items[i].url);
	return true;
}

static bool rm(struct session *s, void *arg, struct err *err)
{
	struct cache_args *args = arg;
	AUTO(sandbox_caches_free) struct sandbox_caches caches = { 0 };
	struct store *store;

	if (args->all == (args->names.len > 0))
		return err_set(err, E_USAGE, "say which caches, or --all");
	if (!session_store(&store, s, err) ||
	    (args->all && (!sandbox_caches(&caches, s->sandbox, store, err) ||
			   !add_mirrors(&args->names, store, err))))
		return false;
	for (size_t i = 0; i < caches.len; i++)
		str_list_push(&args->names, caches.items[i].name);
	for (size_t i = 0; i < args->names.len; i++)
		if (!remove_one(s, store, args->names.items[i], err))
			return false;
	return true;
}

static const struct cmd cache_list = {
	.name = "list",
	.summary = "the caches there are: last use, size, kind (mount or git), name",
	.opts = list_opts,
	.args_size = sizeof(struct cache_args),
	.flags = CMD_SANDBOX,
	.run = list,
};

static const struct cmd cache_export = {
	.name = "export",
	.summary = "a cache as a tar file",
	.example = "  rtbuild cache export /root/.cache/pip pip.tar.zst",
	.opts = export_opts,
	.args_size = sizeof(struct cache_args),
	.flags = CMD_SANDBOX,
	.run = export_cache,
};

static const struct cmd cache_import = {
	.name = "import",
	.summary = "a tar file as a cache; what was kept under the name is replaced",
	.example = "  rtbuild cache import /root/.cache/pip pip.tar.zst",
	.opts = import_opts,
	.args_size = sizeof(struct cache_args),
	.flags = CMD_SANDBOX,
	.run = import_cache,
};

static const struct cmd cache_rm = {
	.name = "rm",
	.summary = "remove caches",
	.opts = rm_opts,
	.args_size = sizeof(struct cache_args),
	.flags = CMD_SANDBOX,
	.run = rm,
};

static const struct cmd *const subs[] = {
	&cache_list, &cache_export, &cache_import, &cache_rm, NULL,
};

const struct cmd cmd_cache = {
	.name = "cache",
	.summary = "what RUN --mount=type=cache and git contexts keep: list, export, import, rm",
	.about = "A cache is named by its id; by what else makes another one of it too: "
		 "BUILDKIT_CACHE_MOUNT_NS, an owner or mode of its own, what it began as.",
	.subs = subs,
};
