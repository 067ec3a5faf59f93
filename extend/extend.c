// SPDX-License-Identifier: Apache-2.0
#include "extend/extend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "extend/bake.h"
#include "extend/base.h"
#include "extend/change.h"
#include "extend/memo.h"
#include "extend/packages.h"
#include "extend/spec.h"
#include "extend/tag.h"
#include "registry/pull.h"
#include "registry/push.h"

/* Drives an extension: what is baked, on which base, under which name, and where it goes. */

/* The layer and the configuration: what a push will upload for certain, so that its sessions are
 * opened ahead. */
enum { SESSIONS = 2 };

/* In front on PYTHONPATH. */
static const char *const python_dirs[] = { "/" BAKE_MODULES, "/" BAKE_PACKAGES };

/* The layers that one image gets, lowest first: packages when there are any, then the functions. */
enum { ADDED_MAX = 2 };
struct added {
	struct layer layers[ADDED_MAX];
	struct digest diff_ids[ADDED_MAX];
	size_t len;
};

/* Blobs of the result: the new layer from the store, everything else as the base has it. */
struct result_blobs {
	struct blob_source source;
	struct store *store;
	struct blob_source *base;
	const struct added *added; /* layers the base has not */
	size_t added_count;
};

struct extension {
	const struct extend_env *env;
	const struct extend_request *req;
	struct spec spec;
	char *functions; /* of the spec */
	struct base base;
	struct layer layer;
	struct reference target;
	struct upload *sessions[SESSIONS];
	struct result_blobs blobs;
	struct added *added;      /* as many as base.len, in its order */
	struct str_list packages; /* for the report */
	struct image *images;     /* as many as base.len, in its order */
	struct arena arena;       /* of index */
	struct index index;
	char hash[TAG_HASH_LEN + 1];
	bool has_layer; /* written before anything was asked */
};

static void extension_free(struct extension *x)
{
	spec_free(&x->spec);
	free(x->functions);
	for (size_t i = 0; i < SESSIONS; i++)
		registry_upload_close(x->sessions[i]);
	for (size_t i = 0; x->images && i < x->base.len; i++)
		image_free(&x->images[i]);
	free(x->images);
	free(x->added);
	str_list_free(&x->packages);
	base_free(&x->base);
	arena_free(&x->arena);
}

void extend_result_free(struct extend_result *r)
{
	free(r->function);
	free(r->filepath);
	free(r->full_hash);
	str_list_free(&r->baked);
	str_list_free(&r->packages);
	str_list_free(&r->dirs);
	*r = (struct extend_result){ 0 };
}

/* --- blobs of the result --- */

static bool result_open(struct blob_source *self, struct source **out, const struct descriptor *d,
			struct err *err)
{
	struct result_blobs *b = (struct result_blobs *)self;

	if (store_has_blob(b->store, &d->digest, d->size))
		return store_open_blob(out, b->store, &d->digest, d->size, err);
	return b->base->open(b->base, out, d, err);
}

static const struct reference *result_origin(struct blob_source *self, const struct descriptor *d)
{
	struct result_blobs *b = (struct result_blobs *)self;

	for (size_t i = 0; i < b->added_count; i++)
		for (size_t n = 0; n < b->added[i].len; n++)
			if (digest_eq(&d->digest, &b->added[i].layers[n].descriptor.digest))
				return NULL;
	return b->base->origin ? b->base->origin(b->base, d) : NULL;
}

/* --- gathering: four things at once --- */

static bool write_layer(struct extension *x, struct err *err)
{
	AUTO(entry_list_free) struct entry_list entries = { 0 };

	return bake_entries(&entries, &x->spec, err) &&
	       layer_write(&x->layer, x->env->store, &entries, &x->req->layer, err);
}

static bool load_base(struct extension *x, struct err *err)
{
	struct base_request req = {
		.reference = x->req->base,
		.platform = x->req->has_platform ? &x->req->platform : NULL,
		.store = x->env->store,
		.registry = x->env->registry,
		.events = x->env->events,
	};

	reference_default_tag(&req.reference);
	return base_load(&x->base, &req, err);
}

static bool gather_one(void *arg, size_t job, struct err *err)
{
	struct extension *x = arg;

	if (job == 0)
		return load_base(x, err);
	if (job == 1)
		return x->has_layer || write_layer(x, err);
	return registry_upload_begin(&x->sessions[job - 2], x->env->registry, &x->target, err);
}

/* --- layers of one platform --- */

/* What the image says of its Python, else what the user does. */
static const char *python_of(const struct extension *x, const struct base_image *b)
{
	const char *version = config_env(&b->image.config, "PYTHON_VERSION");

	return version ? version : x->req->python;
}

static void add_layer(struct added *a, const struct layer *layer)
{
	a->layers[a->len] = *layer;
	a->diff_ids[a->len++] = layer->diff_id;
}

static bool add_packages(struct extension *x, const struct base_image *b, struct added *to,
			 struct err *err)
{
	const struct packages_request req = {
		.python = python_of(x, b),
		.libc = x->req->libc,
		.platform = b->platform,
		.files = x->req->requirements,
		.file_count = x->req->requirement_count,
		.find_links = x->req->find_links,
		.find_links_count = x->req->find_links_count,
		.indexes = x->req->indexes,
		.layer = x->req->layer,
	};
	struct layer layer;

	if (!packages_write(&layer, &x->packages, x->env->store, &req, x->env->events, err))
		return err_wrap(err, "%s", platform_format(&b->platform).text);
	add_layer(to, &layer);
	return true;
}

static bool add_layers(struct extension *x, struct err *err)
{
	x->added = mem_alloc(x->base.len * sizeof(*x->added));
	for (size_t i = 0; i < x->base.len; i++) {
		if (x->req->requirement_count &&
		    !add_packages(x, &x->base.items[i], &x->added[i], err))
			return false;
		add_layer(&x->added[i], &x->layer);
	}
	return true;
}

/* --- names --- */

/* Where the client cuts a name: at its first colon, which is not the tag's in host:port/name. */
static bool take_lithops_tag(struct extension *x, struct err *err)
{
	char tag[TAG_LEN + 1];

	if (strchr(x->target.host, ':'))
		event_warn(x->env->events,
			   "an unmodified Lithops cuts '%s' at the port's colon and will not find "
			   "this "
			   "tag: give the registry a name without a port",
			   reference_familiar(&x->req->base).text);
	return spec_lithops_tag(tag, &x->spec, err) && reference_set_tag(&x->target, tag, err);
}

/* The function's source is for anyone to read there. */
static bool check_public(const struct extension *x, struct err *err)
{
	if (!x->req->push || x->req->is_public || !str_eq(x->target.host, "docker.io"))
		return true;
	err_set(err, E_USAGE, "%s is on Docker Hub, where anyone may read what is pushed",
		reference_name(&x->target).text);
	return err_hint(err, "--public if that is meant, --no-push to keep it here, -t "
			     "REGISTRY/NAME:TAG for another registry");
}

/* The repository now; the tag too when it was given: a tag, or a whole reference, or is known
 * without the base. */
static bool choose_target(struct extension *x, struct err *err)
{
	const char *tag = x->req->tag;

	x->target = x->req->base;
	x->target.tag[0] = '\0';
	x->target.has_digest = false;
	if (!tag)
		return x->req->scheme == EXTEND_CONTENT || take_lithops_tag(x, err);
	if (!strpbrk(tag, "/:@"))
		return reference_set_tag(&x->target, tag, err);
	if (!reference_parse(&x->target, tag, err))
		return false;
	return !x->target.has_digest ||
	       err_set(err, E_USAGE, "'%s': a new image cannot be given a digest", tag);
}

static const char *family_name(const struct image *img)
{
	switch (media_find(img->manifest.media_type)->family) {
	case FAMILY_OCI:
		return "oci";
	case FAMILY_DOCKER:
		return "docker";
	}
	return "";
}

static int64_t created(const struct extension *x)
{
	return x->req->has_epoch ? x->req->epoch : CLOCK_EPOCH_1980;
}

static const struct added *added_of(const struct extension *x, const struct base_image *b)
{
	return &x->added[b - x->base.items];
}

static bool has_packages(const struct extension *x)
{
	return x->req->requirement_count > 0;
}

static struct change_input input_for(const struct extension *x, const struct base_image *b)
{
	bool has_modules = bake_has_modules(&x->spec);

	return (struct change_input){
		.functions = x->functions,
		.mode = spec_mode_name(x->spec.mode),
		.paths = python_dirs + !has_modules,
		.path_count = (size_t)has_modules + has_packages(x),
		.base_name = b->name,
		.base_digest = b->digest,
		.diff_ids = added_of(x, b)->diff_ids,
		.diff_id_count = added_of(x, b)->len,
		.created = created(x),
	};
}

static int compare_images(const void *a, const void *b)
{
	const struct base_image *x = *(const struct base_image *const *)a;
	const struct base_image *y = *(const struct base_image *const *)b;
	int order = strcmp(platform_format(&x->platform).text, platform_format(&y->platform).text);

	return order ? order : digest_cmp(&x->digest, &y->digest);
}

static void hash_image(struct tag_hash *h, const struct extension *x, const struct base_image *b)
{
	struct change_input input = input_for(x, b);
	AUTO(change_free) struct change change = { 0 };

	change_plan(&change, &b->image.config, &input);
	tag_hash_field(h, "platform", platform_format(&b->platform).text);
	tag_hash_field(h, "output", family_name(&b->image));
	tag_hash_field(h, "manifest", digest_format(&b->digest).text);
	for (size_t i = 0; i < input.diff_id_count; i++)
		tag_hash_field(h, "layer", digest_format(&input.diff_ids[i]).text);
	change_hash(h, &change);
}

static bool name_result(struct extension *x, struct err *err)
{
	AUTO(auto_free)
	const struct base_image **sorted = mem_alloc((x->base.len + 1) * sizeof(*sorted));
	AUTO(auto_free) char *tag = NULL;
	char when[24];
	struct tag_hash h;

	for (size_t i = 0; i < x->base.len; i++)
		sorted[i] = &x->base.items[i];
	qsort(sorted, x->base.len, sizeof(*sorted), compare_images);
	snprintf(when, sizeof(when), "%lld", (long long)created(x));
	tag_hash_init(&h);
	tag_hash_field(&h, "compression", compression_name(x->req->layer.compress.kind));
	tag_hash_field(&h, "created", when);
	for (size_t i = 0; i < x->base.len; i++)
		hash_image(&h, x, sorted[i]);
	tag_hash_final(&h, x->hash);
	tag = mem_strndup(x->hash, TAG_LEN);
	return x->target.tag[0] || reference_set_tag(&x->target, tag, err);
}

/* --- making --- */

/* Only one Python loads what another one wrote by value. */
static bool check_minor(const char *version, const char *minor, const struct base_image *b,
			struct err *err)
{
	size_t len = strlen(minor);

	if (!version) {
		err_set(err, E_INPUT,
			"by value: the base (%s) does not say which Python it has, and only "
			"Python %s loads what this one writes",
			platform_format(&b->platform).text, minor);
		return err_hint(err, "say it: --python X.Y");
	}
	if (strncmp(version, minor, len) == 0 && (!version[len] || version[len] == '.'))
		return true;
	err_set(err, E_INPUT,
		"by value: the base (%s) has Python %s, but the function was written "
		"by Python %s: only that one loads it",
		platform_format(&b->platform).text, version, minor);
	return err_hint(err, "name one of the base's version by --interpreter python3.N, or use "
			     "--mode native");
}

/* What the base says of its Python, and whether it goes with the function. */
static bool check_python(const struct extension *x, const struct base_image *b, struct err *err)
{
	const char *version = config_env(&b->image.config, "PYTHON_VERSION");
	AUTO(auto_free) char *shown = version ? str_printable(version, strlen(version), 40) : NULL;
	struct platform_text platform = platform_format(&b->platform);
	const char *known = python_of(x, b);

	if (shown)
		event_note(x->env->events, "the base (%s) has Python %s", platform.text, shown);
	else if (!known)
		event_note(x->env->events,
			   "the base (%s) does not say which Python it has (no PYTHON_VERSION)",
			   platform.text);
	return !x->spec.minor || check_minor(known, x->spec.minor, b, err);
}

static bool make_image(struct image *out, struct extension *x, const struct base_image *b,
		       struct err *err)
{
	struct change_input input = input_for(x, b);
	AUTO(change_free) struct change change = { 0 };
	AUTO(config_free) struct config config = { 0 };
	struct image_recipe recipe = {
		.base = &b->image,
		.config = &config,
		.layers = added_of(x, b)->layers,
		.layer_count = added_of(x, b)->len,
		.blobs = &x->blobs.source,
	};
	bool repaired;

	if (!str_eq(b->platform.os, "linux"))
		return err_set(err, E_UNSUPPORTED, "an image for %s: Lithops workers run on linux",
			       platform_format(&b->platform).text);
	change_plan(&change, &b->image.config, &input);
	change_apply(&config, &repaired, &b->image.config, &change, x->hash);
	if (repaired)
		event_note(x->env->events,
			   "the base has no fitting history: entries were made for its layers");
	return check_python(x, b, err) && image_make(out, &recipe, err);
}

static void make_index(struct extension *x)
{
	struct index *index = &x->index;

	index->media_type = x->base.media_type;
	index->manifest_count = x->base.len;
	index->manifests = ARENA_ARRAY(&x->arena, struct descriptor, x->base.len);
	for (size_t i = 0; i < x->base.len; i++)
		index->manifests[i] = (struct descriptor){
			.media_type = x->images[i].manifest.media_type,
			.digest = x->images[i].manifest.digest,
			.size = (int64_t)x->images[i].manifest.raw_len,
			.platform = x->base.items[i].platform,
		};
	index_encode(index, &x->arena);
}

static bool make_result(struct extension *x, struct err *err)
{
	x->blobs = (struct result_blobs){
		.source = { result_open, result_origin },
		.store = x->env->store,
		.base = x->base.items[0].image.blobs,
		.added = x->added,
		.added_count = x->base.len,
	};
	x->images = mem_alloc(x->base.len * sizeof(*x->images));
	for (size_t i = 0; i < x->base.len; i++)
		if (!make_image(&x->images[i], x, &x->base.items[i], err))
			return false;
	if (x->base.is_index)
		make_index(x);
	return true;
}

static struct digest result_digest(const struct extension *x)
{
	return x->base.is_index ? x->index.digest : x->images[0].manifest.digest;
}

/* --- what is under the name already --- */

static bool look_at_target(bool *there_out, struct digest *out, const struct extension *x,
			   struct err *err)
{
	AUTO(buf_free) struct buf raw = BUF_INIT(SIZE_MAX / 2);
	struct descriptor d = { 0 };
	struct err why = { 0 };

	*there_out = true;
	if (x->req->push) {
		if (registry_head_manifest(out, x->env->registry, &x->target, &why))
			return true;
	} else if (store_find_root(&raw, &d, x->env->store, &x->target, &why)) {
		*out = d.digest;
		return true;
	}
	*there_out = false;
	if (why.code == E_NOT_FOUND)
		return true;
	*err = why;
	return false;
}

/* What a label of what is there says. */
static bool there_says(const struct extension *x, const char *label, const char *want)
{
	const struct platform *platform = &x->base.items[0].platform;
	struct err ignored = { 0 };
	const char *value;
	struct image there;
	bool same;

	if (x->req->push ? !registry_pull(&there, NULL, x->env->registry, x->env->store, &x->target,
					  platform, &ignored)
			 : !store_find_image(&there, x->env->store, &x->target, platform, &ignored))
		return false;
	value = config_label(&there.config, label);
	same = value && str_eq(value, want);
	image_free(&there);
	return same;
}

/* Another compressor gives other bytes for the very same extension. */
static bool has_our_hash(const struct extension *x)
{
	return there_says(x, CHANGE_LABEL "hash", x->hash);
}

/* One function's: the only kind whose tag does not say what is in it. */
static bool may_replace(const struct extension *x)
{
	const struct target *t = &x->spec.targets.items[0];

	return x->req->force || (x->req->replace_own && x->spec.targets.len == 1 &&
				 there_says(x, CHANGE_LABEL "module", t->module) &&
				 there_says(x, CHANGE_LABEL "function", t->function));
}

static bool refuse_target(const struct extension *x, const struct digest *there, struct err *err)
{
	err_set(err, E_INTEGRITY, "%s is there and holds something else (%s)",
		reference_familiar(&x->target).text, digest_format(there).text);
	return err_hint(err, "take another tag, or overwrite it by --force");
}

/* *digest_out: what the name holds in the end. */
static bool check_target(bool *existed_out, struct digest *digest_out, const struct extension *x,
			 struct err *err)
{
	struct digest ours = result_digest(x), there;

	*digest_out = ours;
	if (!look_at_target(existed_out, &there, x, err))
		return false;
	if (!*existed_out || digest_eq(&there, &ours))
		return true;
	if (!x->req->force && has_our_hash(x)) {
		*digest_out = there;
		return true;
	}
	if (may_replace(x)) {
		*existed_out = false;
		return true;
	}
	return refuse_target(x, &there, err);
}

/* --- giving it away --- */

/* The tag of the base itself is to hold the result. */
static bool is_in_place(const struct extension *x)
{
	struct reference base = x->req->base;

	reference_default_tag(&base);
	return x->req->push && !x->base.is_local && reference_same_repository(&base, &x->target) &&
	       str_eq(base.tag, x->target.tag);
}

/* `opt` says what is to be asked; the rest is filled in here. */
static bool push_result(struct extension *x, struct push_options *opt, struct err *err)
{
	AUTO(auto_free) struct digest *fresh = mem_alloc((x->base.len + 1) * sizeof(*fresh));

	for (size_t i = 0; i < x->base.len; i++)
		fresh[i] = x->images[i].manifest.config.digest;
	fresh[x->base.len] = x->layer.descriptor.digest;
	opt->fresh = fresh;
	opt->fresh_count = x->base.len + 1;
	opt->sessions = x->sessions;
	opt->session_count = SESSIONS;
	return x->base.is_index
		       ? registry_push_index(x->env->registry, &x->index, x->images, x->base.len,
					     &x->target, NULL, opt, err)
		       : registry_push(x->env->registry, &x->images[0], &x->target, NULL, opt, err);
}

struct target_question {
	const struct extension *x;
	bool *existed_out;
	struct digest *digest_out;
};

static bool ask_target(void *arg, bool *may_out, struct err *err)
{
	struct target_question *q = arg;

	if (!check_target(q->existed_out, q->digest_out, q->x, err))
		return false;
	*may_out = !*q->existed_out;
	return true;
}

/* What the tag holds is what was read from it, so it only must not move meanwhile. */
static bool give_in_place(struct extension *x, struct err *err)
{
	struct push_options opt = { .expect = &x->base.root };

	return (x->req->force || refuse_target(x, &x->base.root, err)) && push_result(x, &opt, err);
}

/* A small layer goes up while the target is asked for: in vain when it is there, but a round trip
 * earlier when it is not. */
static bool give(bool *existed_out, struct digest *digest_out, struct extension *x, struct err *err)
{
	struct target_question question = { x, existed_out, digest_out };
	struct push_options opt = { 0 };

	*existed_out = false;
	*digest_out = result_digest(x);
	if (is_in_place(x))
		return give_in_place(x, err);
	if (x->req->push && x->layer.descriptor.size <= LIMIT_UNASKED && !has_packages(x)) {
		opt.ask = ask_target;
		opt.ask_arg = &question;
	} else if (!check_target(existed_out, digest_out, x, err)) {
		return false;
	}
	return !x->req->push || *existed_out || push_result(x, &opt, err);
}

static bool keep_result(struct extension *x, struct err *err)
{
	if (!x->base.is_index)
		return store_put_image(x->env->store, &x->images[0], &x->target, err);
	for (size_t i = 0; i < x->base.len; i++)
		if (!store_put_documents(x->env->store, &x->images[i], err))
			return false;
	return store_put_index(x->env->store, &x->index, &x->blobs.source, &x->target, err);
}

/* Another compressor's image of the same extension stays what the name means. */
static bool is_kept(const struct extension *x, const struct digest *digest)
{
	struct digest ours = result_digest(x);

	return !digest_eq(digest, &ours);
}

static void report(struct extend_result *out, struct extension *x)
{
	out->function = mem_strdup(x->functions);
	out->mode = x->spec.mode;
	out->filepath = mem_strdup(x->spec.targets.items[0].shown);
	out->full_hash = mem_strdup(x->hash);
	bake_list(&out->baked, &x->spec);
	modules_dirs(&out->dirs, &x->spec.modules);
	out->packages = x->packages;
	x->packages = (struct str_list){ 0 };
}

/* --- the same again --- */

/* Of the request, without what only the layer or the network can tell. */
static struct memo_key memo_key(const struct extension *x)
{
	struct reference base = x->req->base;
	struct platform_text platform = { "" };
	struct memo_key key;
	struct tag_hash h;
	char when[24];

	reference_default_tag(&base);
	if (x->req->has_platform)
		platform = platform_format(&x->req->platform);
	snprintf(when, sizeof(when), "%lld", (long long)created(x));
	tag_hash_init(&h);
	tag_hash_field(&h, "base", reference_format(&base).text);
	tag_hash_field(&h, "target", reference_format(&x->target).text);
	tag_hash_field(&h, "platform", platform.text);
	tag_hash_field(&h, "functions", x->functions);
	tag_hash_field(&h, "mode", spec_mode_name(x->spec.mode));
	tag_hash_field(&h, "python", x->req->python ? x->req->python : "");
	tag_hash_field(&h, "created", when);
	tag_hash_field(&h, "compressor", compressor_id(&x->req->layer.compress).text);
	tag_hash_field(&h, "layer", digest_format(&x->layer.diff_id).text);
	tag_hash_final(&h, key.text);
	return key;
}

struct ask {
	const struct extension *x;
	const struct memo *memo;
	struct digest now[2];
};

static bool ask_one(void *arg, size_t job, struct err *err)
{
	struct ask *a = arg;
	struct reference base = a->x->req->base;

	reference_default_tag(&base);
	return registry_head_manifest(&a->now[job], a->x->env->registry,
				      job ? &a->memo->target : &base, err);
}

/* Two requests: is the base what it was, is the result where it was put? A no, or an error, is
 * nothing to speak of: the whole way answers. */
static bool still_holds(const struct extension *x, const struct memo *m)
{
	struct ask ask = { .x = x, .memo = m };
	struct err ignored = { 0 };

	return parallel_run(2, 2, ask_one, &ask, &ignored) && digest_eq(&ask.now[0], &m->base) &&
	       digest_eq(&ask.now[1], &m->result);
}

/* *done_out: this very extension was made before and is in its place. */
static bool remembered(bool *done_out, struct digest *digest_out, struct extension *x,
		       struct err *err)
{
	struct memo_key key;
	struct memo m;

	*done_out = false;
	if (!x->req->push || has_packages(x) || !memo_any(x->env->store) ||
	    store_has_image(x->env->store, &x->req->base))
		return true;
	if (!write_layer(x, err))
		return false;
	x->has_layer = true;
	key = memo_key(x);
	if (!memo_find(&m, x->env->store, &key) || !still_holds(x, &m))
		return true;
	*done_out = true;
	*digest_out = m.result;
	x->target = m.target;
	memcpy(x->hash, m.hash, sizeof(x->hash));
	return true;
}

static void remember(const struct extension *x, const struct memo_key *key,
		     const struct digest *result)
{
	struct memo m = { .base = x->base.root, .result = *result, .target = x->target };
	struct err why = { 0 };

	if (!x->req->push || x->base.is_local || has_packages(x))
		return; /* what an index has may change */
	memcpy(m.hash, x->hash, sizeof(m.hash));
	if (!memo_put(x->env->store, key, &m, &why))
		event_detail(x->env->events, "not remembered: %s", why.msg);
}

static void say_existed(const struct extension *x)
{
	event_note(x->env->events, "%s is there already, the very same",
		   reference_familiar(&x->target).text);
}

/* From the base to the result in its place. */
static bool make_and_give(bool *existed_out, struct digest *digest_out, struct extension *x,
			  struct err *err)
{
	size_t jobs = 2 + (x->req->push ? SESSIONS : 0);
	struct memo_key key;

	if (!parallel_run(jobs, jobs, gather_one, x, err))
		return false;
	key = memo_key(x); /* before the target has its tag */
	if (!add_layers(x, err) || !name_result(x, err) || !make_result(x, err) ||
	    !give(existed_out, digest_out, x, err))
		return false;
	if (*existed_out)
		say_existed(x);
	if (!is_kept(x, digest_out) && !keep_result(x, err))
		return false;
	remember(x, &key, digest_out);
	return true;
}

static bool run(struct extend_result *out, struct extension *x, struct err *err)
{
	const struct spec_request spec = {
		.functions = x->req->functions,
		.function_count = x->req->function_count,
		.mode = x->req->mode,
		.interpreter = x->req->interpreter,
		.filepath = x->req->filepath,
		.cwd = x->req->cwd ? x->req->cwd : ".",
		.modules = x->req->modules,
		.module_count = x->req->module_count,
	};
	struct digest digest;

	if (!spec_resolve(&x->spec, &spec, x->env->events, err))
		return false;
	x->functions = spec_functions(&x->spec);
	if (!choose_target(x, err) || !check_public(x, err) ||
	    !remembered(&out->existed, &digest, x, err))
		return false;
	if (out->existed)
		say_existed(x);
	else if (!make_and_give(&out->existed, &digest, x, err))
		return false;
	out->reference = x->target;
	out->reference.has_digest = true;
	out->reference.digest = digest;
	report(out, x);
	return true;
}

bool extend_run(struct extend_result *out, const struct extend_env *env,
		const struct extend_request *req, struct err *err)
{
	AUTO(extension_free) struct extension x = { .env = env, .req = req };

	*out = (struct extend_result){ 0 };
	if (req->push)
		registry_expect_push(env->registry, &req->base);
	if (run(out, &x, err))
		return true;
	extend_result_free(out);
	return err_wrap(err, "extend");
}
