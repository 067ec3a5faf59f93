// SPDX-License-Identifier: Apache-2.0
#include "extend/destination.h"

#include <string.h>

#include "base/mem.h"
#include "extend/change.h"
#include "extend/result.h"
#include "registry/pull.h"

/* The name the result gets, and what may be there already. */

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
static bool choose(struct extension *x, struct err *err)
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

bool destination_choose(struct extension *x, struct err *err)
{
	return choose(x, err) && check_public(x, err);
}

bool destination_name(struct extension *x, struct err *err)
{
	AUTO(auto_free) char *tag = mem_strndup(x->hash, TAG_LEN);

	return x->target.tag[0] || reference_set_tag(&x->target, tag, err);
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

bool destination_refuse(const struct extension *x, const struct digest *there, struct err *err)
{
	err_set(err, E_INTEGRITY, "%s is there and holds something else (%s)",
		reference_familiar(&x->target).text, digest_format(there).text);
	return err_hint(err, "take another tag, or overwrite it by --force");
}

bool destination_ask(bool *existed_out, struct digest *digest_out, const struct extension *x,
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
	return destination_refuse(x, &there, err);
}

bool destination_is_base(const struct extension *x)
{
	struct reference base = extension_base(x);

	return x->req->push && !x->base.is_local && reference_same_repository(&base, &x->target) &&
	       str_eq(base.tag, x->target.tag);
}
