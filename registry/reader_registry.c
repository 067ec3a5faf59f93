// SPDX-License-Identifier: Apache-2.0
#include "registry/reader.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "registry/client.h"
#include "registry/referrers.h"
#include "registry/tags.h"

/* A repository as a place to read from. */

struct registry_reader {
	struct reader reader;
	struct registry *r;
	struct reference reference;
	struct registry_document root; /* fetched once */
	_Atomic bool no_referrers;     /* the registry has no such service: asked once */
};

static bool root(struct reader *self, struct registry_document *out, struct err *err)
{
	struct registry_reader *x = (struct registry_reader *)self;

	if (!x->root.raw && !registry_get_manifest(&x->root, x->r, &x->reference, err))
		return false;
	*out = x->root;
	out->raw = mem_dup(x->root.raw, x->root.len + 1);
	out->content_type = x->root.content_type ? mem_strdup(x->root.content_type) : NULL;
	return true;
}

static bool root_digest(struct reader *self, struct digest *out, struct err *err)
{
	struct registry_reader *x = (struct registry_reader *)self;

	if (!x->reference.has_digest)
		return registry_head_manifest(out, x->r, &x->reference, err);
	*out = x->reference.digest;
	return true;
}

static bool document(struct reader *self, struct registry_document *out, const struct descriptor *d,
		     struct err *err)
{
	struct registry_reader *x = (struct registry_reader *)self;
	struct reference at = x->reference;

	at.tag[0] = '\0';
	at.has_digest = true;
	at.digest = d->digest;
	return registry_get_manifest(out, x->r, &at, err);
}

static bool named(struct reader *self, struct registry_document *out, const char *name,
		  struct err *err)
{
	struct registry_reader *x = (struct registry_reader *)self;
	struct reference at = x->reference;

	at.has_digest = false;
	return reference_set_tag(&at, name, err) && registry_get_manifest(out, x->r, &at, err);
}

static bool names(struct reader *self, struct str_list *out, bool all, bool *whole_out,
		  struct err *err)
{
	struct registry_reader *x = (struct registry_reader *)self;
	struct tags_request request = { .first_page_only = !all };

	return registry_tags(out, whole_out, x->r, &x->reference, &request, err);
}

static bool referrers(struct reader *self, struct registry_document *out,
		      const struct digest *subject, struct err *err)
{
	struct registry_reader *x = (struct registry_reader *)self;

	if (x->no_referrers)
		return err_set(err, E_UNSUPPORTED, "no referrers");
	if (registry_referrers(out, x->r, &x->reference, subject, err))
		return true;
	x->no_referrers = x->no_referrers || err->code == E_UNSUPPORTED;
	return false;
}

static void close_reader(struct reader *self)
{
	struct registry_reader *x = (struct registry_reader *)self;

	registry_document_free(&x->root);
	free(x);
}

bool reader_of_registry(struct reader **out, const struct place *place,
			const struct reader_env *env, struct err *err)
{
	struct registry_reader *x = mem_alloc(sizeof(*x));

	(void)err;
	x->r = env->registry;
	x->reference = place->reference;
	reference_default_tag(&x->reference);
	client_expect(x->r, &x->reference,
		      ACCESS_PULL); /* whoever asks first, one token serves all */
	x->reader = (struct reader){ .root = root,
				     .root_digest = root_digest,
				     .document = document,
				     .named = named,
				     .names = names,
				     .referrers = referrers,
				     .close = close_reader,
				     .blobs = registry_blobs(x->r, &x->reference),
				     .repository = &x->reference,
				     .has_signatures = true };
	*out = &x->reader;
	return true;
}
