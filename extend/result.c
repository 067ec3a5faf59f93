// SPDX-License-Identifier: Apache-2.0
#include "extend/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "extend/bake.h"
#include "extend/change.h"

/* From the base to what is put in its place. */

/* In front on PYTHONPATH. */
static const char *const python_dirs[] = { "/" BAKE_MODULES, "/" BAKE_PACKAGES };

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

/* --- layers of one platform --- */

static void add_layer(struct added *a, const struct layer *layer)
{
	a->layers[a->len] = *layer;
	a->diff_ids[a->len++] = layer->diff_id;
}

static bool add_packages(struct extension *x, const struct base_image *b, struct added *to,
			 struct err *err)
{
	const struct packages_request req = extension_packages(x, &b->platform, b->python);
	AUTO(packages_free) struct packages packages = { 0 };
	struct layer layer;

	if (!packages_choose(&packages, &req, x->env->events, err) ||
	    !packages_write(&layer, x->env->store, &packages, &x->req->layer, x->env->events, err))
		return err_wrap(err, "%s", platform_format(&b->platform).text);
	packages_names(&x->packages, &packages);
	to->packages = packages_identity(&packages);
	add_layer(to, &layer);
	return true;
}

static bool add_layers(struct extension *x, struct err *err)
{
	x->added = mem_alloc(x->base.len * sizeof(*x->added));
	for (size_t i = 0; i < x->base.len; i++) {
		if (extension_has_packages(x) &&
		    !add_packages(x, &x->base.items[i], &x->added[i], err))
			return false;
		add_layer(&x->added[i], &x->layer);
	}
	return true;
}

/* --- what goes in, as one hash --- */

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

static const struct added *added_of(const struct extension *x, const struct base_image *b)
{
	return &x->added[b - x->base.items];
}

static struct change_input input_for(const struct extension *x, const struct base_image *b)
{
	bool has_modules = bake_has_modules(&x->spec);

	return (struct change_input){
		.functions = x->functions,
		.mode = spec_mode_name(x->spec.mode),
		.paths = python_dirs + !has_modules,
		.path_count = (size_t)has_modules + extension_has_packages(x),
		.base_name = b->name,
		.base_digest = b->digest,
		.diff_ids = added_of(x, b)->diff_ids,
		.diff_id_count = added_of(x, b)->len,
		.created = extension_created(x),
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

/* The images in one order, whichever they have in the base's index. */
static void hash_result(struct extension *x)
{
	AUTO(auto_free)
	const struct base_image **sorted = mem_alloc((x->base.len + 1) * sizeof(*sorted));
	char when[24];
	struct tag_hash h;

	for (size_t i = 0; i < x->base.len; i++)
		sorted[i] = &x->base.items[i];
	qsort(sorted, x->base.len, sizeof(*sorted), compare_images);
	snprintf(when, sizeof(when), "%lld", (long long)extension_created(x));
	tag_hash_init(&h);
	tag_hash_field(&h, "compression", compression_name(x->req->layer.compress.kind));
	tag_hash_field(&h, "created", when);
	for (size_t i = 0; i < x->base.len; i++)
		hash_image(&h, x, sorted[i]);
	tag_hash_final(&h, x->hash);
}

/* --- whether the base will do --- */

/* Only one Python loads what another one wrote by value. */
static bool check_minor(const struct base_image *b, const char *minor, struct err *err)
{
	size_t len = strlen(minor);

	if (strncmp(b->python, minor, len) == 0 && (!b->python[len] || b->python[len] == '.'))
		return true;
	err_set(err, E_INPUT,
		"by value: the base (%s) has Python %s, but the function was written "
		"by Python %s: only that one loads it",
		platform_format(&b->platform).text, b->python, minor);
	return err_hint(err, "name one of the base's version by --interpreter python3.N, or use "
			     "--mode native");
}

static bool check_base(struct extension *x, struct base_image *b, struct err *err)
{
	if (!str_eq(b->platform.os, "linux"))
		return err_set(err, E_UNSUPPORTED, "an image for %s: Lithops workers run on linux",
			       platform_format(&b->platform).text);
	return base_settle_python(b, x->req->python, x->env->events, err) &&
	       (!x->spec.minor || check_minor(b, x->spec.minor, err));
}

/* --- the images --- */

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

	change_plan(&change, &b->image.config, &input);
	change_apply(&config, &repaired, &b->image.config, &change, x->hash);
	if (repaired)
		event_note(x->env->events,
			   "the base has no fitting history: entries were made for its layers");
	return image_make(out, &recipe, err);
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

static bool make_images(struct extension *x, struct err *err)
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

bool result_make(struct extension *x, struct err *err)
{
	for (size_t i = 0; i < x->base.len; i++)
		if (!check_base(x, &x->base.items[i], err))
			return false;
	if (!add_layers(x, err))
		return false;
	hash_result(x);
	return make_images(x, err);
}

struct digest result_digest(const struct extension *x)
{
	return x->base.is_index ? x->index.digest : x->images[0].manifest.digest;
}
