// SPDX-License-Identifier: Apache-2.0
#include "extend/extension.h"

#include <stdlib.h>

#include "base/clock.h"
#include "extend/bake.h"

/* What all stages of an extension share. */

void extension_free(struct extension *x)
{
	spec_free(&x->spec);
	free(x->functions);
	for (size_t i = 0; i < EXTENSION_SESSIONS; i++)
		registry_upload_close(x->sessions[i]);
	for (size_t i = 0; x->images && i < x->base.len; i++)
		image_free(&x->images[i]);
	free(x->images);
	free(x->added);
	str_list_free(&x->packages);
	base_free(&x->base);
	arena_free(&x->arena);
}

bool extension_has_packages(const struct extension *x)
{
	return x->req->requirement_count > 0;
}

struct packages_request extension_packages(const struct extension *x,
					   const struct platform *platform, const char *python)
{
	return (struct packages_request){
		.python = python,
		.libc = x->req->libc,
		.platform = *platform,
		.files = x->req->requirements,
		.file_count = x->req->requirement_count,
		.find_links = x->req->find_links,
		.find_links_count = x->req->find_links_count,
		.indexes = x->req->indexes,
	};
}

int64_t extension_created(const struct extension *x)
{
	return x->req->has_epoch ? x->req->epoch : CLOCK_EPOCH_1980;
}

struct reference extension_base(const struct extension *x)
{
	struct reference base = x->req->base;

	reference_default_tag(&base);
	return base;
}

bool extension_write_layer(struct extension *x, struct err *err)
{
	AUTO(entry_list_free) struct entry_list entries = { 0 };

	if (x->has_layer)
		return true;
	x->has_layer = bake_entries(&entries, &x->spec, err) &&
		       layer_write(&x->layer, x->env->store, &entries, &x->req->layer, err);
	return x->has_layer;
}
