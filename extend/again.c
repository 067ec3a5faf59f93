// SPDX-License-Identifier: Apache-2.0
#include "extend/again.h"

#include <stdio.h>
#include <string.h>

#include "base/parallel.h"
#include "extend/memo.h"

/* The same extension asked for again. */

struct memo_key again_key(const struct extension *x)
{
	struct reference base = extension_base(x);
	struct platform_text platform = { "" };
	struct memo_key key;
	struct tag_hash h;
	char when[24];

	if (x->req->has_platform)
		platform = platform_format(&x->req->platform);
	snprintf(when, sizeof(when), "%lld", (long long)extension_created(x));
	tag_hash_init(&h);
	tag_hash_field(&h, "base", reference_format(&base).text);
	tag_hash_field(&h, "target", reference_format(&x->target).text);
	tag_hash_field(&h, "platform", platform.text);
	tag_hash_field(&h, "functions", x->functions);
	tag_hash_field(&h, "mode", spec_mode_name(x->spec.mode));
	tag_hash_field(&h, "python", x->req->python ? x->req->python : "");
	tag_hash_field(&h, "libc", x->req->libc ? x->req->libc : "");
	for (size_t i = 0; i < x->req->requirement_count; i++)
		tag_hash_field(&h, "requirements", x->req->requirements[i]);
	tag_hash_field(&h, "created", when);
	tag_hash_field(&h, "compressor", compressor_id(&x->req->layer.compress).text);
	tag_hash_field(&h, "layer", digest_format(&x->layer.diff_id).text);
	tag_hash_final(&h, key.text);
	return key;
}

/* What is asked at once: of the base, of the target, of the packages. */
struct ask {
	struct extension *x;
	const struct memo *memo;
	struct digest now[2];
	bool same_packages;
};
enum { ASK_BASE, ASK_TARGET, ASK_PACKAGES };

/* They are few, and found in the cache of pages and wheels. */
static bool choose_again(struct ask *a, struct err *err)
{
	const struct memo_packages *then = a->memo->packages.items;

	a->same_packages = true;
	for (size_t i = 0; i < a->memo->packages.len && a->same_packages; i++) {
		const struct packages_request req =
			extension_packages(a->x, &then[i].platform, then[i].python);
		AUTO(packages_free) struct packages now = { 0 };

		if (!packages_choose(&now, &req, a->x->env->events, err))
			return false;
		packages_names(&a->x->packages, &now);
		a->same_packages = str_eq(packages_identity(&now).text, then[i].identity);
	}
	return true;
}

static bool ask_one(void *arg, size_t job, struct err *err)
{
	struct ask *a = arg;
	struct reference base = extension_base(a->x);

	if (job == ASK_PACKAGES)
		return choose_again(a, err);
	return registry_head_manifest(&a->now[job], a->x->env->registry,
				      job == ASK_TARGET ? &a->memo->target : &base, err);
}

/* Is the base what it was, is the result where it was put, are packages what they were? A no, or an
 * error, is nothing to speak of. */
static bool still_holds(struct extension *x, const struct memo *m)
{
	const size_t jobs = ASK_PACKAGES + (size_t)extension_has_packages(x);
	struct ask ask = { .x = x, .memo = m, .same_packages = true };
	struct err ignored = { 0 };

	if (parallel_run(jobs, jobs, ask_one, &ask, &ignored) && ask.same_packages &&
	    digest_eq(&ask.now[ASK_BASE], &m->base) && digest_eq(&ask.now[ASK_TARGET], &m->result))
		return true;
	str_list_free(&x->packages);
	return false;
}

bool again_find(bool *done_out, struct digest *digest_out, struct extension *x, struct err *err)
{
	struct memo_key key;
	AUTO(memo_free) struct memo m = { 0 };

	*done_out = false;
	if (!x->req->push || !memo_any(x->env->store) ||
	    store_has_image(x->env->store, &x->req->base))
		return true;
	if (!extension_write_layer(x, err))
		return false;
	key = again_key(x);
	if (!memo_find(&m, x->env->store, &key) || !still_holds(x, &m))
		return true;
	*done_out = true;
	*digest_out = m.result;
	x->target = m.target;
	memcpy(x->hash, m.hash, sizeof(x->hash));
	return true;
}

static void put_packages(struct memo *m, const struct extension *x)
{
	struct memo_packages *items = ARENA_ARRAY(&m->arena, struct memo_packages, x->base.len);

	for (size_t i = 0; i < x->base.len; i++)
		items[i] = (struct memo_packages){
			.platform = x->base.items[i].platform,
			.python = x->base.items[i].python,
			.identity = x->added[i].packages.text,
		};
	m->packages = (struct json_list){ items, x->base.len };
}

void again_put(const struct extension *x, const struct memo_key *key, const struct digest *result)
{
	AUTO(memo_free)
	struct memo m = { .base = x->base.root, .result = *result, .target = x->target };
	struct err why = { 0 };

	if (!x->req->push || x->base.is_local)
		return;
	memcpy(m.hash, x->hash, sizeof(m.hash));
	if (extension_has_packages(x))
		put_packages(&m, x);
	if (!memo_put(x->env->store, key, &m, &why))
		event_detail(x->env->events, "not remembered: %s", why.msg);
}
