// SPDX-License-Identifier: Apache-2.0
#include "registry/copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "registry/problem.h"
#include "registry/subset.h"

/* The order of a copy. How anything is read or written is the reader's and the writer's. */

struct copy {
	struct copy_result *out;
	struct reader *from;
	struct writer *to;
	const struct str_list *names;
	const struct copy_options *opt;
	struct events *events;
	struct registry_document root;
	struct graph graph;
	size_t jobs;
	struct digest *held; /* by name, before we came */
	bool *is_held;
	struct lock lock;
	bool trusted;
	uint64_t unasked; /* blobs to be sent that only the plan asked for */
};

void copy_result_free(struct copy_result *r)
{
	str_list_free(&r->platforms);
	free(r->config_digest);
	*r = (struct copy_result){ 0 };
}

static void copy_free(struct copy *c)
{
	registry_document_free(&c->root);
	graph_free(&c->graph);
	free(c->held);
	free(c->is_held);
	lock_free(&c->lock);
}

/* --- what is where --- */

static bool look_at_name(struct copy *c, size_t i, struct err *err)
{
	struct err why = { 0 };

	c->is_held[i] = c->to->holds(c->to, &c->held[i], c->names->items[i], &why);
	if (c->is_held[i] || why.code == E_NOT_FOUND)
		return true;
	/* Proxies that hide what is missing say 403: the write will tell. */
	if (why.code == E_AUTH && !c->opt->no_clobber)
		return true;
	*err = why;
	return false;
}

static bool look_at_source(struct copy *c, struct err *err)
{
	if (!c->opt->ask_first || !c->from->root_digest || c->opt->platform_count)
		return c->from->root(c->from, &c->root, err);
	return c->from->root_digest(c->from, &c->root.digest, err);
}

static bool look(void *arg, size_t job, struct err *err)
{
	struct copy *c = arg;

	return job ? look_at_name(c, job - 1, err) : look_at_source(c, err);
}

static size_t names_held(const struct copy *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->names->len; i++)
		count += c->is_held[i] && digest_eq(&c->held[i], &c->root.digest);
	return count;
}

static bool read_root(struct copy *c, struct err *err)
{
	struct digest announced = c->root.digest;

	if (c->root.raw)
		return true;
	if (!c->from->root(c->from, &c->root, err))
		return false;
	if (!digest_eq(&announced, &c->root.digest))
		event_detail(c->events, "the source moved to %s meanwhile",
			     digest_format(&c->root.digest).text);
	return true;
}

static bool check_clobber(const struct copy *c, struct err *err)
{
	for (size_t i = 0; c->opt->no_clobber && i < c->names->len; i++) {
		if (!c->is_held[i] || digest_eq(&c->held[i], &c->root.digest))
			continue;
		err_set(err, E_INTEGRITY, "'%s' exists already, as %s", c->names->items[i],
			digest_format(&c->held[i]).text);
		return err_hint(err, "without --no-clobber it is overwritten");
	}
	return true;
}

static bool gather(struct copy *c, struct err *err)
{
	struct subset_result subset = { 0 };

	if (!parallel_run(c->to->holds ? 1 + c->names->len : 1, c->jobs, look, c, err))
		return false;
	if (c->opt->platform_count &&
	    !subset_of(&subset, &c->root, c->from, c->opt->platforms, c->opt->platform_count, err))
		return false;
	c->out->subset = subset.made;
	c->out->unwrapped = subset.unwrapped;
	return check_clobber(c, err);
}

/* --- blobs --- */

static bool move_one(struct copy *c, const struct descriptor *d, struct err *err)
{
	struct move_result moved;

	if (!c->to->blob(c->to, &moved, d, c->from, c->opt->plan, err))
		return false;
	lock_take(&c->lock);
	if (!c->to->doubt) {
		c->out->blobs[moved.how]++;
		c->out->bytes[moved.how] += (uint64_t)d->size;
	}
	c->trusted = c->trusted || moved.trusted;
	c->unasked += moved.unasked && moved.how == MOVED_SENT;
	lock_drop(&c->lock);
	return true;
}

struct round {
	struct copy *c;
	struct descriptor *list; /* its own: the graph's may grow meanwhile */
	bool with_signatures;    /* job 0 looks for them meanwhile */
};

static bool round_job(void *arg, size_t job, struct err *err)
{
	struct round *r = arg;
	struct copy *c = r->c;

	if (!r->with_signatures)
		return move_one(c, &r->list[job], err);
	if (job)
		return move_one(c, &r->list[job - 1], err);
	if (graph_add_signatures(&c->graph, c->from, c->opt->names, c->jobs, err))
		return true;
	return err_hint(err, "--no-referrers copies the image alone");
}

struct placed {
	uint64_t place;
	struct descriptor d;
};

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return x->place < y->place ? -1 : x->place > y->place;
}

/* The way forward through a compressed archive. */
static void put_in_order(struct copy *c, struct descriptor *list, size_t count)
{
	AUTO(auto_free) struct placed *placed = mem_alloc((count + 1) * sizeof(*placed));

	for (size_t i = 0; i < count; i++)
		placed[i] = (struct placed){ c->from->place_of(c->from, &list[i].digest), list[i] };
	qsort(placed, count, sizeof(*placed), by_place);
	for (size_t i = 0; i < count; i++)
		list[i] = placed[i].d;
}

static bool move_round(struct copy *c, size_t first, size_t end, bool with_signatures,
		       struct err *err)
{
	AUTO(auto_free) struct descriptor *list = NULL;
	struct round r = { .c = c, .with_signatures = with_signatures };
	size_t count = end - first;

	list = mem_alloc((count + 1) * sizeof(*list));
	if (count)
		memcpy(list, c->graph.blobs.items + first, count * sizeof(*list));
	if (c->from->place_of)
		put_in_order(c, list, count);
	r.list = list;
	return parallel_run(count + with_signatures, c->from->place_of ? 1 : c->jobs, round_job, &r,
			    err);
}

static bool move_blobs(struct copy *c, bool with_signatures, struct err *err)
{
	size_t own = c->graph.image_blobs;

	if (!move_round(c, 0, own, with_signatures, err))
		return false;
	if (c->graph.blobs.len == own)
		return true;
	return move_round(c, own, c->graph.blobs.len, false, err);
}

/* --- documents --- */

/* What is read from the very repository that is written to, as another name of an image is. */
static bool is_there(const struct copy *c, const struct graph_node *n)
{
	const struct reference *at = c->from->repository;

	if (c->from->repository_of)
		at = c->from->repository_of(c->from, &n->document.digest);
	return at && c->to->repository && reference_same_repository(at, c->to->repository);
}

/* Then what speaks of them is there, too. */
static bool all_there(const struct copy *c)
{
	for (size_t i = 0; i < c->graph.image_nodes; i++)
		if (c->graph.nodes.items[i] != graph_root(&c->graph) &&
		    !is_there(c, c->graph.nodes.items[i]))
			return false;
	return c->graph.image_nodes > 1 || is_there(c, graph_root(&c->graph));
}

struct leaves {
	struct copy *c;
	const struct graph_node **items;
	size_t len;
};

static bool put_leaf(void *arg, size_t i, struct err *err)
{
	struct leaves *l = arg;

	return l->c->to->put(l->c->to, l->items[i], l->items[i]->tag, err);
}

static bool is_leaf(const struct graph_node *n)
{
	return n->kind != MEDIA_INDEX;
}

static bool is_wanted(const struct copy *c, const struct graph_node *n)
{
	return n != graph_root(&c->graph) && !is_there(c, n);
}

/* Those from `first` on that are not there, but the root: manifests need no other document and go
 * at once, then the indexes, children before parents. */
static bool put_nodes(struct copy *c, size_t first, size_t end, struct err *err)
{
	struct graph_node *const *nodes = c->graph.nodes.items;
	AUTO(auto_free)
	const struct graph_node **items = mem_alloc((end - first + 1) * sizeof(*items));
	struct leaves leaves = { .c = c, .items = items };

	for (size_t i = first; i < end; i++)
		if (is_leaf(nodes[i]) && is_wanted(c, nodes[i]))
			items[leaves.len++] = nodes[i];
	if (!parallel_run(leaves.len, c->to->puts_at_once ? c->jobs : 1, put_leaf, &leaves, err))
		return false;
	for (size_t i = first; i < end; i++)
		if (!is_leaf(nodes[i]) && is_wanted(c, nodes[i]) &&
		    !c->to->put(c->to, nodes[i], nodes[i]->tag, err))
			return false;
	return true;
}

static bool put_children(struct copy *c, struct err *err)
{
	size_t own = c->graph.image_nodes;

	return put_nodes(c, 0, own, err) &&
	       (put_nodes(c, own, c->graph.nodes.len, err) ||
		err_hint(err, "--no-referrers copies the image alone"));
}

/* Referrers by what they speak of, each subject once. */
static bool refer(struct copy *c, struct err *err)
{
	struct graph_node *const *nodes = c->graph.nodes.items;
	AUTO(auto_free)
	struct descriptor *list = mem_alloc((c->graph.nodes.len + 1) * sizeof(*list));

	for (size_t i = c->graph.image_nodes; i < c->graph.nodes.len; i++) {
		const struct digest *subject = nodes[i]->subject;
		size_t count = 0;
		bool seen = false;

		if (!subject)
			continue;
		for (size_t k = c->graph.image_nodes; k < c->graph.nodes.len; k++) {
			const struct digest *other = nodes[k]->subject;

			if (!other || !digest_eq(subject, other))
				continue;
			seen = seen || k < i;
			list[count++] = graph_descriptor(nodes[k]);
		}
		if (!seen && !c->to->refer(c->to, subject, list, count, err))
			return false;
	}
	return true;
}

/* Once more just before writing: somebody may have taken a name meanwhile. */
static bool check_again(struct copy *c, struct err *err)
{
	if (!c->opt->no_clobber || !c->to->holds)
		return true;
	for (size_t i = 0; i < c->names->len; i++)
		if (!look_at_name(c, i, err))
			return false;
	return check_clobber(c, err);
}

static bool put_names(struct copy *c, struct err *err)
{
	const struct graph_node *root = graph_root(&c->graph);
	AUTO(str_list_free) struct str_list names = { 0 };

	for (size_t i = 0; i < c->names->len; i++)
		if (!c->is_held[i] || !digest_eq(&c->held[i], &c->root.digest))
			str_list_push(&names, c->names->items[i]);
	if (names.len > 1 && c->to->put_names)
		return c->to->put_names(c->to, root, &names, err);
	for (size_t i = 0; i < names.len; i++)
		if (!c->to->put(c->to, root, names.items[i], err))
			return false;
	return true;
}

static bool put_documents(struct copy *c, struct err *err)
{
	return put_children(c, err) && (!c->to->refer || refer(c, err)) && check_again(c, err) &&
	       put_names(c, err);
}

/* A registry may have claimed a mount it did not make (ECR Public): then every blob is checked. */
static bool put_or_doubt(struct copy *c, struct err *err)
{
	struct err why = { 0 };

	if (put_documents(c, &why))
		return true;
	if (!c->trusted || !problem_is(&why, "BLOB_UNKNOWN")) {
		*err = why;
		return false;
	}
	event_detail(c->events, "%s: checking every blob", why.msg);
	c->to->doubt = true;
	return move_round(c, 0, c->graph.blobs.len, false, err) && put_documents(c, err);
}

/* --- the report --- */

static void report_root(struct copy *c)
{
	const struct graph_node *root = graph_root(&c->graph);
	struct arena arena = { 0 };
	struct err ignored = { 0 };
	struct manifest m;

	snprintf(c->out->media_type, sizeof(c->out->media_type), "%s", root->media_type);
	for (size_t i = 0; i < c->graph.image_nodes; i++)
		c->out->size += (int64_t)c->graph.nodes.items[i]->document.len;
	for (size_t i = 0; i < c->graph.image_blobs; i++)
		c->out->size += c->graph.blobs.items[i].size;
	for (size_t i = 0; i < c->graph.image_nodes; i++) {
		const struct graph_node *n = c->graph.nodes.items[i];

		if (n->platform.os[0] && !str_eq(n->platform.os, "unknown"))
			str_list_push(&c->out->platforms, platform_format(&n->platform).text);
	}
	if (root->kind == MEDIA_MANIFEST &&
	    manifest_parse(&m, root->document.raw, root->document.len, root->document.content_type,
			   &arena, &ignored))
		c->out->config_digest = mem_strdup(digest_format(&m.config.digest).text);
	arena_free(&arena);
}

/* Each subject's list is asked for and, without the service, read and written under its tag. */
static uint64_t requests_of_referrers(const struct copy *c)
{
	uint64_t subjects = 0;

	for (size_t i = c->graph.image_nodes; i < c->graph.nodes.len; i++)
		subjects += c->graph.nodes.items[i]->subject != NULL;
	return 3 * subjects;
}

/* Several are first tried at once, in one request. */
static uint64_t requests_of_names(const struct copy *c)
{
	uint64_t names = c->names->len - names_held(c);

	return names + (names > 1 && c->to->put_names);
}

static void report_plan(struct copy *c)
{
	bool reads = c->from->repository != NULL, writes = c->to->refer != NULL;
	uint64_t sent = c->out->blobs[MOVED_SENT], come = 0;

	come += reads ? sent : 0;
	for (size_t i = 0; writes && i < c->graph.nodes.len; i++)
		come += is_wanted(c, c->graph.nodes.items[i]);
	if (writes)
		come += 2 * sent + c->out->blobs[MOVED_MOUNTED] + requests_of_names(c) +
			requests_of_referrers(c) - c->unasked;
	c->out->requests_to_come = come;
}

/* What the next image would find. */
static void plan_names(struct copy *c)
{
	for (size_t i = 0; c->to->plan_name && i < c->graph.nodes.len; i++) {
		const struct graph_node *n = c->graph.nodes.items[i];

		if (n->tag)
			c->to->plan_name(c->to, n->tag, &n->document.digest);
	}
	for (size_t i = 0; c->to->plan_name && i < c->names->len; i++)
		c->to->plan_name(c->to, c->names->items[i], &c->root.digest);
}

static bool copy_all(struct copy *c, struct err *err)
{
	bool signatures = !c->opt->no_signatures && c->to->takes_signatures &&
			  c->from->has_signatures &&
			  (!c->to->when_asked || c->opt->always_signatures);
	/* Under one of the names it is whole: what is left are names. */
	bool is_held = names_held(c) > 0;

	if (!read_root(c, err) || !check_clobber(c, err))
		return false;
	c->out->digest = c->root.digest;
	if (!graph_add_root(&c->graph, c->from, &c->root, c->jobs, err))
		return false;
	c->root.digest = c->out->digest;
	report_root(c);
	signatures = signatures && !all_there(c);
	c->out->signatures_looked_at = signatures && (!is_held || c->opt->always_signatures);
	if (is_held && !c->out->signatures_looked_at) {
		c->out->blobs[MOVED_SKIPPED] = c->graph.image_blobs;
		report_plan(c);
		return c->opt->plan || (check_again(c, err) && put_names(c, err));
	}
	if (!move_blobs(c, c->out->signatures_looked_at, err))
		return false;
	c->out->documents = c->graph.image_nodes;
	c->out->signatures = c->graph.signatures;
	c->out->referrers = c->graph.referrers;
	report_plan(c);
	if (!c->opt->plan)
		return put_or_doubt(c, err);
	plan_names(c);
	return true;
}

static void init(struct copy *c)
{
	lock_init(&c->lock);
	c->held = mem_alloc((c->names->len + 1) * sizeof(*c->held));
	c->is_held = mem_alloc((c->names->len + 1) * sizeof(*c->is_held));
	c->jobs = c->opt->jobs ? c->opt->jobs : LIMIT_PARALLEL_TRANSFERS;
}

bool copy_is_done(bool *out, struct digest *digest_out, struct reader *from, struct writer *to,
		  const struct str_list *names, struct err *err)
{
	static const struct copy_options ask = { .ask_first = true };
	AUTO(copy_free)
	struct copy c = { .from = from, .to = to, .names = names, .opt = &ask };

	init(&c);
	if (!parallel_run(to->holds ? 1 + names->len : 1, c.jobs, look, &c, err))
		return false;
	*out = to->holds && names_held(&c) == names->len;
	*digest_out = c.root.digest;
	return true;
}

bool copy_image(struct copy_result *out, struct reader *from, struct writer *to,
		const struct str_list *names, const struct copy_options *options,
		struct events *events, struct err *err)
{
	AUTO(copy_free)
	struct copy c = {
		.out = out, .from = from, .to = to, .names = names, .opt = options, .events = events
	};

	*out = (struct copy_result){ 0 };
	init(&c);
	if (to->prepare)
		to->prepare(to, from);
	if (!gather(&c, err))
		return false;
	out->unchanged = to->holds && names_held(&c) == names->len;
	out->digest = c.root.digest;
	if (out->unchanged && !(options->always_signatures && to->takes_signatures))
		return true;
	return copy_all(&c, err);
}
