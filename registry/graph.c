// SPDX-License-Identifier: Apache-2.0
#include "registry/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "registry/tags.h"

/* Walking from a root down, and from its documents to what speaks of them. */

void graph_free(struct graph *g)
{
	for (size_t i = 0; i < g->nodes.len; i++) {
		registry_document_free(&g->nodes.items[i]->document);
		free(g->nodes.items[i]->tag);
		free(g->nodes.items[i]);
	}
	free(g->nodes.items);
	free(g->blobs.items);
	map_free(&g->seen_nodes);
	map_free(&g->seen_blobs);
	arena_free(&g->arena);
	*g = (struct graph){ 0 };
}

const struct graph_node *graph_root(const struct graph *g)
{
	return g->nodes.items[g->image_nodes - 1];
}

struct descriptor graph_descriptor(const struct graph_node *n)
{
	return (struct descriptor){ .media_type = n->media_type,
				    .digest = n->document.digest,
				    .size = (int64_t)n->document.len,
				    .annotations = n->annotations,
				    .platform = n->platform,
				    .artifact_type = n->artifact_type };
}

static bool is_document(const struct descriptor *d)
{
	enum media_kind kind = media_find(d->media_type)->kind;

	return kind == MEDIA_MANIFEST || kind == MEDIA_INDEX || kind == MEDIA_SCHEMA1;
}

static void add_blob(struct graph *g, const struct descriptor *d)
{
	struct digest_text hex = digest_hex(&d->digest);

	if (map_has(&g->seen_blobs, hex.text))
		return;
	map_put(&g->seen_blobs, hex.text, g);
	*ARRAY_PUSH(&g->blobs) = *d;
}

/* A document on its way into the graph; its bytes move on with it. */
struct arrival {
	struct registry_document document;
	const struct descriptor *d; /* as it was listed; NULL: a root or a tag */
	int depth;                  /* inside indexes */
	const char *tag;
	size_t distance; /* of referrers */
};

static bool add(struct graph *g, struct reader *from, struct arrival *a, size_t jobs,
		struct err *err);

struct children {
	struct reader *from;
	const struct descriptor *descriptors;
	struct arrival *arrivals;
};

static bool get_child(void *arg, size_t job, struct err *err)
{
	struct children *c = arg;
	const struct descriptor *d = &c->descriptors[job];
	struct arrival *a = &c->arrivals[job];

	a->d = d;
	if (!is_document(d))
		return true;
	if (!c->from->document(c->from, &a->document, d, err))
		return false;
	if ((int64_t)a->document.len != d->size)
		return err_set(err, E_INTEGRITY, "manifest %s has %zu bytes where %lld are listed",
			       digest_format(&d->digest).text, a->document.len, (long long)d->size);
	return true;
}

/* Documents of a list, read at once, taken in its order. */
static bool add_list(struct graph *g, struct reader *from, const struct descriptor *list,
		     size_t count, const struct arrival *like, size_t jobs, struct err *err)
{
	AUTO(auto_free) struct arrival *arrivals = mem_alloc((count + 1) * sizeof(*arrivals));
	struct children c = { from, list, arrivals };
	bool ok = parallel_run(count, jobs, get_child, &c, err);

	for (size_t i = 0; i < count; i++) {
		struct arrival *a = &arrivals[i];

		a->depth = like->depth;
		a->distance = like->distance;
		if (ok && !is_document(&list[i]))
			add_blob(g, &list[i]); /* BuildKit's caches list layers so */
		else if (ok)
			ok = add(g, from, a, jobs, err);
		registry_document_free(&a->document);
	}
	return ok;
}

static bool add_index(struct graph *g, struct reader *from, const struct arrival *a,
		      struct graph_node *n, size_t jobs, struct err *err)
{
	const struct arrival like = { .depth = a->depth + 1, .distance = a->distance };
	struct index x;

	if (a->depth == LIMIT_INDEX_DEPTH)
		return err_set(err, E_INTEGRITY, "indexes nested deeper than %d",
			       LIMIT_INDEX_DEPTH);
	if (!index_parse(&x, n->document.raw, n->document.len, n->document.content_type, &g->arena,
			 err))
		return false;
	n->media_type = x.media_type;
	return add_list(g, from, x.manifests, x.manifest_count, &like, jobs, err);
}

static bool add_manifest(struct graph *g, const struct arrival *a, struct graph_node *n,
			 struct err *err)
{
	struct manifest m;

	if (!manifest_parse(&m, n->document.raw, n->document.len, n->document.content_type,
			    &g->arena, err))
		return false;
	n->media_type = m.media_type;
	/* descriptor.md: without an artifactType the config's media type stands in for it */
	n->artifact_type = m.artifact_type ? m.artifact_type : m.config.media_type;
	n->annotations = m.annotations;
	if (m.subject && a->distance)
		n->subject = &m.subject->digest;
	add_blob(g, &m.config);
	for (size_t i = 0; i < m.layer_count; i++)
		add_blob(g, &m.layers[i]);
	return true;
}

static struct graph_node *take_node(struct arrival *a)
{
	struct graph_node *n = mem_alloc(sizeof(*n));

	n->document = a->document;
	a->document = (struct registry_document){ 0 };
	if (a->d && !n->document.content_type)
		n->document.content_type = mem_strdup(a->d->media_type);
	if (a->d)
		n->platform = a->d->platform;
	n->tag = a->tag ? mem_strdup(a->tag) : NULL;
	n->depth = a->distance;
	return n;
}

static void free_node(struct graph_node **n)
{
	if (!*n)
		return;
	registry_document_free(&(*n)->document);
	free((*n)->tag);
	free(*n);
}

static bool add(struct graph *g, struct reader *from, struct arrival *a, size_t jobs,
		struct err *err)
{
	AUTO(auto_free)
	char *key = mem_printf("%s %s", digest_hex(&a->document.digest).text, a->tag ? a->tag : "");
	AUTO(free_node) struct graph_node *n = NULL;
	enum media_kind said;
	bool ok;

	if (map_has(&g->seen_nodes, key))
		return true;
	map_put(&g->seen_nodes, key, g);
	if (g->nodes.len > LIMIT_INDEX_ENTRIES + LIMIT_REFERRERS)
		return err_set(err, E_INTEGRITY, "more than %d documents",
			       LIMIT_INDEX_ENTRIES + LIMIT_REFERRERS);
	n = take_node(a);
	if (!manifest_sniff(&n->kind, n->document.raw, n->document.len, n->document.content_type,
			    err) ||
	    /* The index's word for it must be the document's too (CVE-2021-41190). */
	    (a->d &&
	     !manifest_sniff(&said, n->document.raw, n->document.len, a->d->media_type, err)))
		return err_wrap(err, "%s", digest_format(&n->document.digest).text);
	ok = n->kind == MEDIA_INDEX ? add_index(g, from, a, n, jobs, err)
				    : add_manifest(g, a, n, err);
	if (!ok)
		return false;
	*ARRAY_PUSH(&g->nodes) = STEAL(n);
	return true;
}

bool graph_add_root(struct graph *g, struct reader *from, struct registry_document *root,
		    size_t jobs, struct err *err)
{
	struct arrival a = { .document = *root };
	bool ok;

	*root = (struct registry_document){ 0 };
	ok = add(g, from, &a, jobs, err);
	registry_document_free(&a.document);
	g->image_nodes = g->nodes.len;
	g->image_blobs = g->blobs.len;
	return ok;
}

/* --- what speaks of them --- */

/* One document's: the referrers it has, and its tags of the known forms. */
struct spoken {
	struct digest of;
	struct registry_document list; /* referrers; raw NULL: none */
	struct {
		char *name;
		struct registry_document document;
	} tags[4];
};

struct search {
	struct reader *from;
	struct map names; /* of the repository, when they are all */
	bool knows_names;
	size_t distance;
	struct spoken *items;
	size_t len;
};

static void search_free(struct search *s)
{
	for (size_t i = 0; i < s->len; i++) {
		registry_document_free(&s->items[i].list);
		for (size_t k = 0; k < ARRAY_LEN(s->items[i].tags); k++) {
			free(s->items[i].tags[k].name);
			registry_document_free(&s->items[i].tags[k].document);
		}
	}
	free(s->items);
	s->items = NULL;
	s->len = 0;
}

/* A tag that may not be there. */
static bool get_tag(struct search *s, struct spoken *one, size_t slot, const char *suffix,
		    struct err *err)
{
	AUTO(auto_free) char *name = tags_for_digest(&one->of, suffix);
	struct err why = { 0 };

	if (s->knows_names && !map_has(&s->names, name))
		return true;
	if (s->from->named(s->from, &one->tags[slot].document, name, &why)) {
		one->tags[slot].name = STEAL(name);
		return true;
	}
	if (why.code == E_NOT_FOUND)
		return true;
	*err = why;
	return false;
}

static bool get_referrers(struct search *s, struct spoken *one, struct err *err)
{
	struct err why = { 0 };

	if (s->from->referrers(s->from, &one->list, &one->of, &why))
		return true;
	if (why.code == E_UNSUPPORTED)
		return get_tag(s, one, 3, "", err);
	*err = why;
	return false;
}

static bool look_up(void *arg, size_t job, struct err *err)
{
	struct search *s = arg;
	struct spoken *one = &s->items[job];

	/* cosign's tags speak of images, not of one another */
	for (size_t i = 0; s->distance == 1 && i < ARRAY_LEN(tags_cosign_suffixes); i++)
		if (!get_tag(s, one, i, tags_cosign_suffixes[i], err))
			return false;
	return get_referrers(s, one, err);
}

static bool add_referrers(struct graph *g, struct search *s, const struct registry_document *list,
			  size_t jobs, struct err *err)
{
	const struct arrival like = { .distance = s->distance };
	size_t before = g->nodes.len;
	struct index x;

	if (!list->raw)
		return true;
	if (!index_parse(&x, list->raw, list->len, NULL, &g->arena, err))
		return err_wrap(err, "the list of referrers");
	if (x.manifest_count + g->referrers > LIMIT_REFERRERS)
		return err_set(err, E_INTEGRITY, "more than %d referrers (limit LIMIT_REFERRERS)",
			       LIMIT_REFERRERS);
	if (!add_list(g, s->from, x.manifests, x.manifest_count, &like, jobs, err))
		return false;
	g->referrers += g->nodes.len - before;
	return true;
}

static bool add_spoken(struct graph *g, struct search *s, struct spoken *one, size_t jobs,
		       struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(tags_cosign_suffixes); i++) {
		struct arrival a = { .document = one->tags[i].document, .tag = one->tags[i].name };
		bool ok;

		if (!a.document.raw)
			continue;
		one->tags[i].document = (struct registry_document){ 0 };
		ok = add(g, s->from, &a, jobs, err);
		registry_document_free(&a.document);
		if (!ok)
			return err_wrap(err, "%s", one->tags[i].name);
		g->signatures++;
	}
	return add_referrers(g, s, one->list.raw ? &one->list : &one->tags[3].document, jobs, err);
}

static bool look_up_later(void *arg, size_t job, struct err *err)
{
	return look_up(arg, job + 1, err);
}

/* One round: of the nodes from `first` on. The first of all goes alone, since its answer may save
 * the others a question. */
static bool search_round(struct graph *g, struct search *s, size_t first, size_t jobs,
			 struct err *err)
{
	size_t count = g->nodes.len - first;
	bool ok;

	s->items = mem_alloc((count + 1) * sizeof(*s->items));
	s->len = count;
	for (size_t i = 0; i < count; i++)
		s->items[i].of = g->nodes.items[first + i]->document.digest;
	ok = !count || (look_up(s, 0, err) && parallel_run(count - 1, jobs, look_up_later, s, err));
	for (size_t i = 0; ok && i < count; i++)
		if (!g->nodes.items[first + i]->tag)
			ok = add_spoken(g, s, &s->items[i], jobs, err);
	search_free(s);
	return ok;
}

/* One list of tags answers for all documents, unless it has more than one page; where it may not
 * be read the tags are asked for by name. */
static void learn_names(struct search *s, const struct str_list *known)
{
	AUTO(str_list_free) struct str_list list = { 0 };
	struct err ignored = { 0 };
	bool whole = false;

	if (!known && s->from->names(s->from, &list, false, &whole, &ignored) && whole)
		known = &list;
	s->knows_names = known != NULL;
	for (size_t i = 0; known && i < known->len; i++)
		map_put(&s->names, known->items[i], s);
}

bool graph_add_signatures(struct graph *g, struct reader *from, const struct str_list *names,
			  size_t jobs, struct err *err)
{
	struct search s = { .from = from };
	size_t first = 0, done;
	bool ok = true;

	if (!from->has_signatures)
		return true;
	learn_names(&s, names);
	for (s.distance = 1; ok && s.distance <= LIMIT_REFERRER_DEPTH && first < g->nodes.len;
	     s.distance++) {
		done = g->nodes.len;
		ok = search_round(g, &s, first, jobs, err);
		first = done;
	}
	map_free(&s.names);
	return ok;
}
