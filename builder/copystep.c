// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "builder/archive.h"
#include "builder/cache.h"
#include "builder/context_git.h"
#include "builder/copy.h"
#include "builder/definition.h"
#include "builder/download.h"
#include "builder/driver.h"
#include "builder/owner.h"
#include "builder/spool.h"
#include "builder/stepcache.h"

/*
 * COPY, ADD and WORKDIR as layers: where the files come from, whether the layer is known already,
 * and writing it. Where files go is copy.c's.
 */

struct work {
	struct build *b;
	size_t stage;
	const struct step *step;
	struct copy copy;
	struct spool spool;
	struct dockerignore *excludes;
	const struct files *from; /* the context or what --from names */
	struct files tree_files;  /* owned, when `from` is a tree or a part of a context */
	struct base *source_base; /* copied from, or */
	bool from_stage;          /* that, or neither */
	size_t source_stage;
	const struct tree *tree; /* of it, once it is needed */
	struct tree *upper;      /* owned: that, when its upper layers tell enough */
	struct digest chain;     /* of its layers */
	const char *identity;    /* of a context made of entries */
	struct {
		struct download **items; /* by number of the source that is a URL */
		size_t len, cap;
	} downloads;
	/* ADD: what was looked into, so that a second look at the same file needs no reading */
	struct unpacked {
		const void *data; /* of the entry: which file it is */
		bool is_archive;
		struct archive archive;
		struct unpacked *next;
	} * unpacked;
};

static void work_free(struct work *w)
{
	copy_free(&w->copy);
	dockerignore_free(w->excludes);
	files_free(&w->tree_files);
	tree_close(w->upper);
	for (size_t i = 0; i < w->downloads.len; i++) {
		download_free(w->downloads.items[i]);
		free(w->downloads.items[i]);
	}
	free(w->downloads.items);
	while (w->unpacked) {
		struct unpacked *next = w->unpacked->next;

		archive_free(&w->unpacked->archive);
		free(w->unpacked);
		w->unpacked = next;
	}
	spool_close(&w->spool);
}

/* --- where files come from --- */

static bool main_context(struct work *w, struct err *err)
{
	if (source_main(&w->from, w->b, err))
		return true;
	err_wrap(err, "%s", w->step->in->spec->name);
	return dockerfile_at(w->step->file, w->step->in->place, 0, err);
}

static bool add_tree_entry(void *arg, const struct entry *e)
{
	files_add(arg, e);
	return true;
}

static bool from_tree(struct work *w, const struct tree *tree)
{
	w->tree = tree;
	tree_walk(tree, "", add_tree_entry, &w->tree_files);
	files_sort(&w->tree_files);
	w->tree_files.keeps_owners = true;
	w->from = &w->tree_files;
	return true;
}

static bool set_chain(struct work *w, const struct base *base, const struct layer *layers,
		      size_t count)
{
	size_t all;
	AUTO(auto_free) struct digest *ids = base_diff_ids(base, layers, count, &all);

	w->chain = cache_chain(ids, all);
	return true;
}

static bool from_image(struct work *w, const char *name, struct err *err)
{
	struct build *b = w->b;

	return base_get(&w->source_base, b, name, &b->plan->stages[w->stage].platform, err) &&
	       set_chain(w, w->source_base, NULL, 0);
}

static bool from_stage(struct work *w, size_t stage, struct err *err)
{
	struct product *p = &w->b->products[stage];

	w->source_stage = stage;
	w->from_stage = true;
	return execute_stage(w->b, stage, err) &&
	       set_chain(w, p->base, p->layers.items, p->layers.len);
}

/* As few of the layers as tell what the sources are. */
static bool open_upper(struct work *w, struct err *err)
{
	const struct step_copy *c = &w->step->copy;
	const struct product *p = &w->b->products[w->source_stage];

	return w->source_base ? copysource_open(&w->upper, w->b, w->source_base, NULL, 0, c, err)
			      : copysource_open(&w->upper, w->b, p->base, p->layers.items,
						p->layers.len, c, err);
}

/* The files of an image or a stage: only now its layers are needed. */
static bool open_source(struct work *w, struct err *err)
{
	struct build *b = w->b;
	struct tree *tree;

	if (!w->source_base && !w->from_stage)
		return true;
	if (!open_upper(w, err))
		return false;
	if (w->upper)
		return from_tree(w, w->upper);
	return (w->source_base ? base_files(&tree, b, w->source_base, err)
			       : execute_files(&tree, b, w->source_stage, err)) &&
	       from_tree(w, tree);
}

static bool from_group(struct work *w, const struct build_group *group)
{
	for (size_t i = 0; i < group->entries->len; i++)
		files_add(&w->tree_files, &group->entries->items[i]);
	files_sort(&w->tree_files);
	w->tree_files.keeps_owners = true;
	w->from = &w->tree_files;
	w->identity = group->identity;
	return true;
}

static bool from_context(struct work *w, const struct build_context *named, struct err *err)
{
	if (w->step->copy.group)
		return from_group(w, w->step->copy.group);
	if (named->kind == BUILD_CONTEXT_IMAGE)
		return from_image(w, named->path, err);
	if (named->kind == BUILD_CONTEXT_ENTRIES)
		w->identity = named->identity;
	return source_named(&w->from, w->b, (size_t)(named - w->b->req->contexts), err);
}

/* A FROM that names a context has no flag: its word says it (contextbase.c). */
static bool at_from(const struct work *w, struct err *err)
{
	const struct step_copy *c = &w->step->copy;
	const struct flag *flag = instruction_find_flag(w->step->in, "from");

	return flag ? dockerfile_at_flag(w->step->file, flag, err)
		    : dockerfile_at(w->step->file, c->from_place, (int)strlen(c->from), err);
}

static bool find_sources(struct work *w, struct err *err)
{
	const struct step_copy *c = &w->step->copy;
	struct plan_source source;

	for (size_t i = 0; !c->from; i++) {
		/* only URLs and here-documents: no context is needed */
		if (i == c->source_count)
			return true;
		if (!download_is_url(c->sources[i]) && !download_is_git(c->sources[i]))
			return main_context(w, err);
	}
	if (!plan_source(&source, w->b->plan, w->stage, c->from, err))
		return at_from(w, err);
	if (source.kind == PLAN_SOURCE_CONTEXT ? from_context(w, source.context, err)
	    : source.kind == PLAN_SOURCE_STAGE ? from_stage(w, source.stage, err)
					       : from_image(w, source.image, err))
		return true;
	return at_from(w, err);
}

/* --- the entries --- */

static bool unpack(void *arg, struct copy *c, const struct entry *file, bool *done_out,
		   struct err *err)
{
	struct work *w = arg;
	struct unpacked *u = w->unpacked;

	while (u && u->data != file->data)
		u = u->next;
	if (!u) {
		u = mem_alloc(sizeof(*u));
		u->data = file->data;
		u->archive.fd = -1;
		u->next = w->unpacked;
		w->unpacked = u;
		if (!archive_open(&u->archive, &u->is_archive, &w->spool, file, err))
			return false;
	}
	*done_out = u->is_archive;
	return !u->is_archive ||
	       copy_members(c, u->archive.members.items, u->archive.members.len, err);
}

/* The i-th source, downloaded once however often entries are collected. */
static bool get_url(struct download **out, struct work *w, size_t i, struct err *err)
{
	const struct step_copy *c = &w->step->copy;
	size_t number = 0;

	for (size_t k = 0; k < i; k++)
		number += download_is_url(c->sources[k]);
	if (number == w->downloads.len) {
		struct download *d = mem_alloc(sizeof(*d));

		d->fd = -1;
		*ARRAY_PUSH(&w->downloads) = d;
		if (!download_get(d, source_http(w->b), &w->spool, c->sources[i], c->checksum, err))
			return false;
	}
	*out = w->downloads.items[number];
	return true;
}

static bool add_url(struct work *w, size_t i, struct err *err)
{
	const struct step_copy *c = &w->step->copy;
	struct entry file = { .path = c->sources[i],
			      .kind = ENTRY_FILE,
			      .mode = 0600,
			      .open = spool_open_range,
			      .dir = -1 };
	struct download *d;
	bool done = false;

	if (!get_url(&d, w, i, err))
		return false;
	file.data = &d->range;
	file.size = (int64_t)d->range.len;
	file.mtime = d->modified >= 0 ? d->modified : w->b->created;
	if (c->unpack && !unpack(w, &w->copy, &file, &done, err))
		return false;
	return done || copy_file(&w->copy, &file, d->name, err);
}

/* What the URL says and what the flags say is one. */
static bool git_place(struct git_location *at, const struct step_copy *c, const char *source,
		      struct err *err)
{
	if (!git_location_parse(at, source, err))
		return false;
	if (c->has_keep_git_dir && at->has_keep_git_dir && c->keep_git_dir != at->keep_git_dir)
		return err_set(err, E_INPUT, "--keep-git-dir and the URL contradict each other");
	at->keep_git_dir = c->has_keep_git_dir ? c->keep_git_dir : at->keep_git_dir;
	return !c->checksum || !*c->checksum || git_location_pin(at, c->checksum, err);
}

/* The files of a commit, as BuildKit copies them: the contents of its root. */
static bool add_git(struct work *w, size_t i, struct err *err)
{
	const struct step_copy *c = &w->step->copy;
	AUTO(git_location_free) struct git_location at = { 0 };
	const struct files *files;

	return git_place(&at, c, c->sources[i], err) && source_git(&files, w->b, &at, err) &&
	       copy_source(&w->copy, files, ".", c->source_places[i], err);
}

static bool add_source(struct work *w, size_t i, struct err *err)
{
	const struct step_copy *c = &w->step->copy;
	const char *source = c->sources[i];
	bool url = download_is_url(source);
	bool git = download_is_git(source);

	if ((url || git) && !c->is_add)
		err_set(err, E_INPUT, "COPY cannot take '%s'", source);
	else if (git   ? add_git(w, i, err)
		 : url ? add_url(w, i, err)
		       : copy_source(&w->copy, w->from, source, c->source_places[i], err))
		return true;
	if ((url || git) && !c->is_add)
		err_hint(err, "ADD can");
	return dockerfile_at(w->step->file, c->source_places[i], (int)strlen(source), err);
}

static bool add_inline(struct work *w, const struct step_inline *doc, struct err *err)
{
	struct entry file = { .path = doc->name,
			      .kind = ENTRY_FILE,
			      .mode = 0644,
			      .size = (int64_t)strlen(doc->content),
			      .open = entry_open_bytes,
			      .data = doc->content,
			      .dir = -1 };

	return copy_file(&w->copy, &file, fs_basename(doc->name), err);
}

static bool collect(struct work *w, struct err *err)
{
	const struct step_copy *c = &w->step->copy;

	if (w->step->kind == INSTRUCTION_WORKDIR)
		return copy_directory(&w->copy, w->step->text, err);
	for (size_t i = 0; i < c->source_count; i++) {
		if (!add_source(w, i, err))
			return false;
	}
	for (size_t i = 0; i < c->inline_count; i++) {
		if (!add_inline(w, &c->inlines[i], err))
			return false;
	}
	return true;
}

/* Everything from the start, and again with the base read when that turns out to be necessary. */
static bool collect_entries(struct work *w, struct err *err)
{
	struct product *p = &w->b->products[w->stage];

	for (;;) {
		struct copy fresh = w->copy;
		bool ok;

		if (!view_prepare(&p->view, err))
			return false;
		ok = collect(w, err);
		if (!w->copy.needs_base)
			return ok && copy_finish(&w->copy, err);
		event_detail(w->b->env->events, "%s: the base's file list is needed: %s",
			     w->step->in->original, w->copy.needs_base);
		err_clear(err);
		copy_free(&w->copy);
		w->copy = fresh;
		view_demand(&p->view);
	}
}

/* --- owner, mode, excludes --- */

/* `flag` is NULL where USER says whose it is: WORKDIR. */
static bool set_owner(struct work *w, const char *text, const struct flag *flag, struct err *err)
{
	const struct product *p = &w->b->products[w->stage];
	AUTO(auto_tree_close) struct tree *tree = NULL;
	bool passwd, group;

	if (!text || !*text)
		return true;
	owner_needs(text, &passwd, &group);
	if ((passwd || group) && !base_names(&tree, w->b, p, passwd, group, err))
		return false;
	if (owner_parse(&w->copy.owner, text, tree, err))
		return true;
	return flag ? dockerfile_at_flag(w->step->file, flag, err)
		    : dockerfile_at(w->step->file, w->step->in->place, 0, err);
}

static const struct flag *find_flag(const struct work *w, const char *name)
{
	return instruction_find_flag(w->step->in, name);
}

static bool prepare(struct work *w, struct err *err)
{
	const struct build_request *req = w->b->req;
	const struct step_copy *c = &w->step->copy;

	w->copy = (struct copy){ .step = w->step,
				 .view = &w->b->products[w->stage].view,
				 .keep_times = req->keep_times,
				 .mtime = w->b->created,
				 .is_linked = c->link,
				 .spool = -1 };
	if (w->step->kind == INSTRUCTION_WORKDIR)
		return set_owner(w, w->step->user, NULL, err);
	if (c->is_add && (!c->has_unpack || c->unpack)) {
		w->copy.unpack = unpack;
		w->copy.unpack_arg = w;
	}
	w->copy.excludes = w->excludes;
	if (c->chmod && *c->chmod && !mode_parse(&w->copy.mode, c->chmod, err))
		return dockerfile_at_flag(w->step->file, find_flag(w, "chmod"), err);
	return set_owner(w, c->chown, find_flag(w, "chown"), err) && open_source(w, err);
}

/* --- the key (row 65) --- */

/* What stands for the bytes of a file; false when that is only known after reading it. */
static bool key_content(struct cache_key *k, const struct work *w, const struct entry *e,
			bool unread)
{
	const struct entry *unfetched = copy_unfetched(e);
	const struct spool_range *range;
	const unsigned char *hash;
	unsigned char own[SHA256_SIZE];

	if (e->kind != ENTRY_FILE)
		return true;
	if (unfetched) {
		cache_key_bytes(k, w->chain.bytes, sizeof(w->chain.bytes));
		cache_key_text(k, unfetched->path);
	} else if (context_is_file(e)) {
		hash = unread ? NULL : context_hash(e);
		if (!hash && !unread)
			return false;
		if (hash)
			cache_key_bytes(k, hash, SHA256_SIZE);
		else /* the file itself, as long as the context is open */
			cache_key_bytes(k, &e->data, sizeof(e->data));
	} else if (context_is_git(e)) {
		cache_key_bytes(k, context_git_id(e), GIT_ID_SIZE);
	} else if (e->open == spool_open_range) {
		range = e->data;
		cache_key_bytes(k, range->hash, SHA256_SIZE);
	} else if (e->open == entry_open_bytes) {
		sha256_of(own, e->data, (size_t)e->size);
		cache_key_bytes(k, own, sizeof(own));
	} else {
		cache_key_text(k, w->identity);
	}
	return true;
}

/* Times of a context's files are none of the key (row 65): a fresh checkout is the same context.
 * What an archive says is its content, and so is what a source was asked for. */
static bool counts_times(const struct work *w)
{
	if (w->copy.has_own_times)
		return true;
	for (const struct unpacked *u = w->unpacked; u; u = u->next)
		if (u->is_archive)
			return w->copy.keep_times;
	return false;
}

static bool key_entry(struct cache_key *k, const struct work *w, const struct entry *e, bool unread)
{
	cache_key_text(k, e->path);
	cache_key_entry(k, e);
	if (counts_times(w)) {
		cache_key_number(k, e->mtime);
		cache_key_number(k, e->mtime_ns);
	}
	return key_content(k, w, e, unread);
}

/*
 * The layer is its entries, so they are the key; the sources stand for those known by an identity
 * alone. `unread`: files of contexts stand for themselves, whose bytes need not be known: the key
 * of what is under way in this very build.
 */
static bool find_key(struct digest *out, const struct work *w, bool unread)
{
	const struct step_copy *c = &w->step->copy;
	struct cache_key k;
	bool known = true;

	cache_key_begin(&k, unread ? "copy of unread files" : "copy", &w->b->req->layer);
	cache_key_number(&k, w->copy.keep_times);
	cache_key_number(&k, w->copy.mtime);
	for (size_t i = 0; w->identity && i < c->source_count; i++)
		cache_key_text(&k, c->sources[i]);
	for (size_t i = 0; known && i < w->copy.out.len; i++)
		known = key_entry(&k, w, &w->copy.out.items[i], unread);
	if (known)
		*out = cache_key_end(&k);
	else
		cache_key_free(&k);
	return known;
}

/* --- the layer --- */

static bool fetch_files(struct work *w, struct err *err)
{
	AUTO(auto_free) struct entry *copies = NULL;
	AUTO(auto_free) struct entry **wanted = NULL;
	AUTO(auto_free) struct entry **targets = NULL;
	size_t count = 0;

	if (!w->tree)
		return true;
	copies = mem_alloc((w->copy.out.len + 1) * sizeof(*copies));
	wanted = mem_alloc((w->copy.out.len + 1) * sizeof(*wanted));
	targets = mem_alloc((w->copy.out.len + 1) * sizeof(*targets));
	for (size_t i = 0; i < w->copy.out.len; i++) {
		struct entry *e = &w->copy.out.items[i];
		const struct entry *from = copy_unfetched(e);

		if (!from)
			continue;
		copies[count] = *from;
		wanted[count] = &copies[count];
		targets[count++] = e;
	}
	if (!count)
		return true;
	if (!spool_dir(&w->copy.spool, &w->spool, err) ||
	    !tree_fetch(w->tree, wanted, count, w->copy.spool, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		targets[i]->open = copies[i].open;
		targets[i]->dir = copies[i].dir;
		targets[i]->name = copies[i].name;
		targets[i]->data = copies[i].data;
	}
	copy_link(&w->copy);
	return true;
}

/* Read once to know the key; a hit elsewhere spares writing, compressing and sending the layer. */
static bool learn_files(struct work *w, struct err *err)
{
	for (size_t i = 0; i < w->copy.out.len; i++) {
		const struct entry *e = &w->copy.out.items[i];

		if (e->kind == ENTRY_FILE && context_is_file(e) && !context_learn(e, err))
			return false;
	}
	return true;
}

static bool write_layer(struct layer *out, struct work *w, struct err *err)
{
	struct build *b = w->b;
	const struct layer_options opt = execute_layer_options(b, w->stage);
	bool ok;

	if (!fetch_files(w, err) || !shared_take_slot(b->shared, err))
		return false;
	ok = layer_write(out, b->env->store, &w->copy.out, &opt, err);
	shared_drop_slot(b->shared);
	return ok;
}

/* `key` NULL: it is not known before the files are read. */
static bool find_or_write(struct layer *out, bool *cached_out, struct work *w,
			  const struct digest *key, struct err *err)
{
	struct build *b = w->b;
	struct digest learnt;

	if (!key && stepcache_is_remote(b, w->stage)) {
		if (!learn_files(w, err))
			return false;
		if (find_key(&learnt, w, false))
			key = &learnt;
	}
	if (key && !stepcache_find(out, cached_out, b, w->stage, key, STEPCACHE_CONTENT, err))
		return false;
	if (*cached_out)
		return true;
	if (!write_layer(out, w, err))
		return false;
	/* now every file was read and so is known; fetched ones keep the key they had */
	if (!key) {
		if (!find_key(&learnt, w, false))
			return true;
		key = &learnt;
	}
	return stepcache_put(b, key, STEPCACHE_CONTENT, out, w->step, err);
}

static bool make_layer(struct layer *out, bool *cached_out, struct work *w, struct err *err)
{
	struct flights *flights = &w->b->shared->company->flights;
	struct digest key, flight;
	bool known = find_key(&key, w, false);
	bool ok;

	*cached_out = false;
	/* with files taken for themselves there is always a key, and it stays while they are read
	 */
	if (!w->b->shared->has_company || !find_key(&flight, w, true))
		return find_or_write(out, cached_out, w, known ? &key : NULL, err);
	*cached_out = flight_join(flights, &flight, out);
	if (*cached_out)
		return true;
	ok = find_or_write(out, cached_out, w, known ? &key : NULL, err);
	flight_land(flights, &flight, ok ? out : NULL);
	return ok;
}

/* --- the step --- */

static bool find_definition(struct definition *out, struct work *w, struct err *err)
{
	const struct step_copy *c = &w->step->copy;

	if (w->step->kind == INSTRUCTION_WORKDIR)
		return true;
	if (c->exclude_count &&
	    !dockerignore_make(&w->excludes, c->excludes, c->exclude_count, err))
		return dockerfile_at_flag(w->step->file, find_flag(w, "exclude"), err);
	if (!find_sources(w, err))
		return false;
	out->chain = w->source_base || w->from_stage ? &w->chain : NULL;
	out->from = w->from;
	out->identity = w->identity;
	out->excludes = w->excludes;
	return true;
}

/* Listing what the step comes to would take layers that need not be here. */
static bool is_costly(const struct work *w)
{
	return w->source_base || w->from_stage || view_is_unlisted(&w->b->products[w->stage].view);
}

static bool load_layer(void *arg, struct tree **out, const struct layer *layer, struct err *err)
{
	struct build *b = arg;

	return base_tree(out, b, NULL, layer, 1, err);
}

/* By its definition: nothing is listed, now or later, unless a step that is not known asks. */
static bool find_defined(struct layer *out, bool *cached_out, struct digest *key, bool *keyed_out,
			 struct work *w, const struct definition *d, struct err *err)
{
	struct build *b = w->b;
	struct err ignored = { 0 };

	if (stepcache_is_remote(b, w->stage) && !definition_learn(w->step, d, &ignored) &&
	    ignored.code == E_CANCELLED)
		return cancel_check(err);
	*keyed_out = definition_key(key, b, w->stage, w->step, d);
	if (*keyed_out &&
	    !stepcache_find(out, cached_out, b, w->stage, key, STEPCACHE_DEFINED, err))
		return false;
	if (*cached_out)
		view_put_layer(&b->products[w->stage].view, out, load_layer, b);
	return true;
}

static bool do_step(struct layer *out, bool *cached_out, struct work *w, struct err *err)
{
	struct view *view = &w->b->products[w->stage].view;
	struct definition d = { 0 };
	enum view_base before = view->base;
	bool costly; /* to look into, here or where the layer is known */
	struct digest key;
	bool keyed = false;

	if (!find_definition(&d, w, err))
		return false;
	costly = is_costly(w) || stepcache_is_remote(w->b, w->stage);
	if (costly && !find_defined(out, cached_out, &key, &keyed, w, &d, err))
		return false;
	if (*cached_out)
		return true;
	if (!prepare(w, err) || !collect_entries(w, err) || !make_layer(out, cached_out, w, err))
		return false;
	/* Elsewhere nothing may be listed where it is here; and files that were not read before are
	 * known by now. */
	if (!keyed && (costly || view->tree || stepcache_is_written(w->b)))
		keyed = definition_key(&key, w->b, w->stage, w->step, &d);
	view_put(view, &w->copy.out);
	return !keyed || view->base != before ||
	       stepcache_put(w->b, &key, STEPCACHE_DEFINED, out, w->step, err);
}

bool copystep_run(struct layer *out, bool *cached_out, struct build *b, size_t stage,
		  const struct step *step, struct err *err)
{
	AUTO(work_free)
	struct work w = {
		.b = b, .stage = stage, .step = step, .spool = SPOOL_INIT(b->env->store)
	};

	*cached_out = false;
	return do_step(out, cached_out, &w, err) ||
	       dockerfile_at(step->file, step->in->place, (int)strlen(step->in->spec->name), err);
}
