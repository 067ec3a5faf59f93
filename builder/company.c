// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/mem.h"
#include "builder/driver.h"
#include "registry/pull.h"

/* What one build leaves for the others of its process. */

/* The documents of an image, as a registry gave them; or why it did not. */
struct pulled {
	struct err failure;
	char *manifest, *media_type, *config;
	size_t manifest_len, config_len;
};

static void pulled_free(void *value)
{
	struct pulled *p = value;

	free(p->manifest);
	free(p->media_type);
	free(p->config);
	free(p);
}

struct build_company *build_company_open(void)
{
	struct build_company *c = mem_alloc(sizeof(*c));

	lock_init(&c->lock);
	flights_init(&c->flights);
	turns_init(&c->pulling);
	c->pulled.free_value = pulled_free;
	return c;
}

void build_company_close(struct build_company *c)
{
	if (!c)
		return;
	bases_free(c->bases);
	flights_free(&c->flights);
	turns_free(&c->pulling);
	map_free(&c->pulled);
	lock_free(&c->lock);
	free(c);
}

static void keep(struct pulled *p, const struct image *img)
{
	p->manifest = mem_dup(img->manifest.raw, img->manifest.raw_len);
	p->manifest_len = img->manifest.raw_len;
	p->media_type = mem_strdup(img->manifest.media_type);
	p->config = mem_dup(img->config_raw, img->config_raw_len);
	p->config_len = img->config_raw_len;
}

/* What was pulled before, again. */
static bool give(struct image *out, const struct pulled *p, struct blob_source *blobs,
		 struct err *err)
{
	if (p->failure.code) {
		*err = p->failure;
		return false;
	}
	return image_open(out, p->manifest, p->manifest_len, p->media_type, p->config,
			  p->config_len, blobs, err);
}

static bool find_or_pull(struct image *out, const struct build_env *env, const char *key,
			 const struct reference *ref, const struct platform *platform,
			 struct err *err)
{
	struct build_company *c = env->company;
	struct pulled *p;
	bool ok;

	lock_take(&c->lock);
	p = map_get(&c->pulled, key);
	lock_drop(&c->lock);
	if (p)
		return give(out, p, registry_blobs(env->registry, ref), err);
	ok = registry_pull(out, NULL, env->registry, env->store, ref, platform, err);
	p = mem_alloc(sizeof(*p));
	if (ok)
		keep(p, out);
	else
		p->failure = *err;
	lock_take(&c->lock);
	map_put(&c->pulled, key, p);
	lock_drop(&c->lock);
	return ok;
}

bool company_pull(struct image *out, const struct build_env *env, const struct reference *ref,
		  const struct platform *platform, struct err *err)
{
	AUTO(auto_free) char *key = NULL;
	bool ok;

	if (!env->company)
		return registry_pull(out, NULL, env->registry, env->store, ref, platform, err);
	key = mem_printf("%s %s", reference_format(ref).text, platform_format(platform).text);
	turn_take(&env->company->pulling, key);
	ok = find_or_pull(out, env, key, ref, platform, err);
	turn_drop(&env->company->pulling, key);
	return ok;
}
