// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "builder/usedtrees.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "git/mirrors.h"
#include "image/fsck.h"
#include "image/gc.h"
#include "python/downloads.h"
#include "sandbox/caches.h"

/* rtbuild fsck, gc and version. */

struct fsck_args {
	bool repair;
};

/* clang-format off */
static const struct opt fsck_opts[] = {
	OPT_FLAG(0, "repair", struct fsck_args, repair, "remove left-overs of dead processes, move corrupt blobs aside"),
	OPT_END
};
/* clang-format on */

static json_t *fsck_document(const struct fsck_report *r)
{
	json_t *doc = json_object(), *findings = json_array();

	for (size_t i = 0; i < r->len; i++) {
		json_t *item = json_object();

		json_object_set_new(item, "kind", json_string(fsck_kind_name(r->items[i].kind)));
		json_object_set_new(item, "what", json_string(r->items[i].what));
		json_object_set_new(item, "why", json_string(r->items[i].why));
		json_array_append_new(findings, item);
	}
	json_object_set_new(doc, "clean", json_boolean(fsck_is_clean(r)));
	json_object_set_new(doc, "images", json_integer((json_int_t)r->images));
	json_object_set_new(doc, "blobs", json_integer((json_int_t)r->blobs));
	json_object_set_new(doc, "bytes", json_integer((json_int_t)r->bytes));
	for (int kind = 0; kind <= FSCK_LEFTOVER; kind++)
		json_object_set_new(doc, fsck_kind_name((enum fsck_kind)kind),
				    json_integer((json_int_t)r->counts[kind]));
	json_object_set_new(doc, "findings", findings);
	return doc;
}

static bool fsck_print(const struct fsck_report *r, struct err *err)
{
	AUTO(auto_free) char *total = NULL;

	for (size_t i = 0; i < r->len; i++) {
		AUTO(auto_free)
		char *text = mem_printf("%s: %s: %s", fsck_kind_name(r->items[i].kind),
					r->items[i].what, r->items[i].why);
		AUTO(auto_free) char *safe = str_printable(text, strlen(text), 2000);

		if (!session_print(safe, err))
			return false;
	}
	total = mem_printf("%s: %zu images, %zu blobs, %s; %zu remote, %zu unreferenced, "
			   "%zu left over",
			   fsck_is_clean(r) ? "clean" : "not clean", r->images, r->blobs,
			   str_format_size(r->bytes).text, r->counts[FSCK_REMOTE],
			   r->counts[FSCK_UNREFERENCED], r->counts[FSCK_LEFTOVER]);
	return session_print(total, err);
}

static bool fsck(struct session *s, void *arg, struct err *err)
{
	const struct fsck_args *args = arg;
	AUTO(fsck_report_free) struct fsck_report report = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct store *store;

	if (!session_store(&store, s, err) || !store_fsck(&report, store, args->repair, err))
		return false;
	if (s->options.json) {
		doc = fsck_document(&report);
		if (!session_print_json(doc, err))
			return false;
	} else if (!fsck_print(&report, err)) {
		return false;
	}
	if (fsck_is_clean(&report))
		return true;
	err_set(err, E_NEGATIVE, "the store is not clean");
	return args->repair ? err_hint(err, "what could be repaired was; run fsck again")
			    : err_hint(err, "rtbuild fsck --repair");
}

const struct cmd cmd_fsck = {
	.name = "fsck",
	.summary = "prove the store: every blob re-hashed, every document read",
	.opts = fsck_opts,
	.args_size = sizeof(struct fsck_args),
	.run = fsck,
};

struct gc_args {
	const char *max_size, *unused;
	bool dry_run, cache_mounts;
};

/* clang-format off */
static const struct opt gc_opts[] = {
	OPT_TEXT(0, "max-size", "SIZE",  struct gc_args, max_size, "drop cached steps, longest unused first, until the blobs fit, then mirrors of git repositories and files of package indexes: 500MB, 20GB"),
	OPT_TEXT(0, "unused", "DAYS",    struct gc_args, unused,   "drop cached steps, mirrors of git repositories and files of package indexes not used for so many days first"),
	OPT_FLAG(0, "cache-mounts",      struct gc_args, cache_mounts, "remove what RUN --mount=type=cache keeps too"),
	OPT_FLAG(0, "dry-run",           struct gc_args, dry_run,  "only say what would go"),
	OPT_FLAG(0, "plan",              struct gc_args, dry_run,  "the same"),
	OPT_END
};
/* clang-format on */

/* Beside blobs: what only the sandbox's helper can remove (unpacked layers, and cache mounts when
 * asked), mirrors of git repositories, and what package indexes gave. */
struct swept {
	size_t trees, caches, mirrors, downloads;
	uint64_t tree_bytes, cache_bytes, mirror_bytes, download_bytes;
	uint64_t left; /* of blobs, mirrors and downloads */
};

static bool sweep_caches(struct swept *out, struct session *s, struct store *store, bool dry_run,
			 struct err *err)
{
	AUTO(sandbox_caches_free) struct sandbox_caches caches = { 0 };

	if (!sandbox_caches(&caches, s->sandbox, store, err))
		return false;
	for (size_t i = 0; i < caches.len; i++) {
		const struct sandbox_cache *c = &caches.items[i];

		if (!dry_run && !sandbox_cache_remove(s->sandbox, store, c->name, err))
			return false;
		out->caches++;
		out->cache_bytes += c->bytes;
	}
	return true;
}

static bool sweep(struct swept *out, struct session *s, struct store *store,
		  const struct gc_args *args, struct err *err)
{
	AUTO(usedtrees_free) struct used_trees used = { 0 };
	bool busy;

	/* A user who cannot have a sandbox has nothing it left. */
	if (!fs_exists(store_dir(store), "cache/trees") &&
	    !fs_exists(store_dir(store), "cache/mounts"))
		return true;
	if (!usedtrees_find(&used, store, err) ||
	    !sandbox_prune_trees(&out->trees, &out->tree_bytes, &busy, s->sandbox, store,
				 used.items, used.len, args->dry_run, err))
		return false;
	if (busy)
		event_note(s->events, "unpacked layers stay: a command runs on this store");
	return !args->cache_mounts || sweep_caches(out, s, store, args->dry_run, err);
}

/* Mirrors of git repositories: what was not used for so long, then, longest unused first, what is
 * beyond the size that blobs left. */
static bool sweep_mirrors(struct swept *out, struct session *s, struct store *store,
			  const struct gc_options *opt, uint64_t blob_bytes, struct err *err)
{
	AUTO(git_mirrors_free) struct git_mirrors all = { 0 };
	uint64_t left = blob_bytes;

	if (!git_mirrors_find(&all, store, err))
		return false;
	for (size_t i = 0; i < all.len; i++)
		left += all.items[i].bytes;
	for (size_t i = 0; i < all.len; i++) {
		const struct git_mirror *m = &all.items[i];
		bool goes = (opt->drop_unused && m->used <= clock_wall() - opt->unused_s) ||
			    (opt->size_max && left > opt->size_max);

		if (!goes)
			continue;
		if (!opt->dry_run && !git_mirror_remove(&goes, store, m, err))
			return false;
		if (!goes) {
			event_note(s->events, "%s stays: it is in use", m->url);
			continue;
		}
		left -= m->bytes;
		out->mirrors++;
		out->mirror_bytes += m->bytes;
	}
	out->left = left;
	return true;
}

/* Pages, metadata and wheels of package indexes: the same, in what mirrors left. */
static bool sweep_downloads(struct swept *out, struct store *store, const struct gc_options *opt,
			    struct err *err)
{
	AUTO(downloads_free) struct downloads all = { 0 };

	if (!downloads_find(&all, store, err))
		return false;
	for (size_t i = 0; i < all.len; i++)
		out->left += all.items[i].bytes;
	for (size_t i = 0; i < all.len; i++) {
		const struct download *d = &all.items[i];
		bool goes = (opt->drop_unused && d->used <= clock_wall() - opt->unused_s) ||
			    (opt->size_max && out->left > opt->size_max);

		if (!goes)
			continue;
		if (!opt->dry_run && !download_remove(store, d, err))
			return false;
		out->left -= d->bytes;
		out->downloads++;
		out->download_bytes += d->bytes;
	}
	return true;
}

static json_t *gc_document(const struct gc_report *r, const struct swept *swept, bool dry_run)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "dry_run", json_boolean(dry_run));
	json_object_set_new(doc, "removed", json_texts(&r->removed));
	json_object_set_new(doc, "bytes", json_integer((json_int_t)r->bytes));
	json_object_set_new(doc, "records", json_integer((json_int_t)r->records));
	json_object_set_new(doc, "trees", json_integer((json_int_t)swept->trees));
	json_object_set_new(doc, "treeBytes", json_integer((json_int_t)swept->tree_bytes));
	json_object_set_new(doc, "cacheMounts", json_integer((json_int_t)swept->caches));
	json_object_set_new(doc, "cacheMountBytes", json_integer((json_int_t)swept->cache_bytes));
	json_object_set_new(doc, "gitMirrors", json_integer((json_int_t)swept->mirrors));
	json_object_set_new(doc, "gitMirrorBytes", json_integer((json_int_t)swept->mirror_bytes));
	json_object_set_new(doc, "downloads", json_integer((json_int_t)swept->downloads));
	json_object_set_new(doc, "downloadBytes", json_integer((json_int_t)swept->download_bytes));
	json_object_set_new(doc, "leftovers", json_integer((json_int_t)r->leftovers));
	json_object_set_new(doc, "partials", json_integer((json_int_t)r->partials));
	json_object_set_new(doc, "partial_bytes", json_integer((json_int_t)r->partial_bytes));
	json_object_set_new(doc, "kept", json_integer((json_int_t)r->kept));
	json_object_set_new(doc, "kept_bytes", json_integer((json_int_t)r->kept_bytes));
	return doc;
}

static bool gc_print(const struct session *s, const struct gc_report *r, const struct swept *swept,
		     bool dry_run, struct err *err)
{
	const char *did = dry_run ? "would remove" : "removed";
	AUTO(auto_free)
	char *line = mem_printf("%s %zu blobs, %s; %zu blobs, %s stay", did, r->removed.len,
				str_format_size(r->bytes).text, r->kept,
				str_format_size(r->kept_bytes).text);

	if (swept->trees || swept->caches)
		event_note(s->events, "%s %zu unpacked layers, %s, and %zu cache mounts, %s", did,
			   swept->trees, str_format_size(swept->tree_bytes).text, swept->caches,
			   str_format_size(swept->cache_bytes).text);
	if (swept->mirrors)
		event_note(s->events, "%s %zu mirrors of git repositories, %s", did, swept->mirrors,
			   str_format_size(swept->mirror_bytes).text);
	if (swept->downloads)
		event_note(s->events, "%s %zu files of package indexes, %s", did, swept->downloads,
			   str_format_size(swept->download_bytes).text);
	return session_print(line, err);
}

static bool gc(struct session *s, void *arg, struct err *err)
{
	const struct gc_args *args = arg;
	AUTO(gc_report_free) struct gc_report report = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct swept swept = { 0 };
	struct gc_options opt = { .dry_run = args->dry_run, .drop_unused = args->unused != NULL };
	struct store *store;
	uint64_t days = 0;

	if (args->unused && !str_to_u64(&days, slice_of(args->unused), 100000))
		return err_set(err, E_USAGE, "--unused '%s' is not a number of days", args->unused);
	opt.unused_s = (int64_t)days * 24 * 3600;
	if ((args->max_size && !session_size(&opt.size_max, args->max_size, err)) ||
	    !session_store(&store, s, err) || !store_gc(&report, store, &opt, err) ||
	    !sweep_mirrors(&swept, s, store, &opt, report.kept_bytes, err) ||
	    !sweep_downloads(&swept, store, &opt, err))
		return false;
	if (!sweep(&swept, s, store, args, err)) {
		if (err->code != E_UNSUPPORTED)
			return false;
		event_note(s->events, "unpacked layers and caches stay: %s", err->msg);
		err_clear(err);
	}
	if (s->options.json) {
		doc = gc_document(&report, &swept, args->dry_run);
		return session_print_json(doc, err);
	}
	return gc_print(s, &report, &swept, args->dry_run, err);
}

const struct cmd cmd_gc = {
	.name = "gc",
	.summary = "remove blobs that no image and no cached step needs",
	.opts = gc_opts,
	.args_size = sizeof(struct gc_args),
	.flags = CMD_SANDBOX,
	.run = gc,
};

struct no_args {
	char unused;
};

static const struct opt no_opts[] = { OPT_END };

static bool version(struct session *s, void *arg, struct err *err)
{
	(void)s;
	(void)arg;
	return session_print("rtbuild " RTBUILD_VERSION, err);
}

const struct cmd cmd_version = {
	.name = "version",
	.summary = "print the version",
	.opts = no_opts,
	.args_size = sizeof(struct no_args),
	.run = version,
};
