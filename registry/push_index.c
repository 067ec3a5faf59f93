// SPDX-License-Identifier: Apache-2.0
#include "registry/push_index.h"

/* Several images as one: theirs is push.c's. */

static bool is_there(struct registry *r, const struct index *x, const struct reference *ref)
{
	struct digest now;
	struct err ignored = { 0 };

	return registry_head_manifest(&now, r, ref, &ignored) && digest_eq(&now, &x->digest);
}

bool registry_push_index(struct registry *r, const struct index *x, const struct image *images,
			 size_t count, const struct reference *ref,
			 const struct reference *mount_from, struct err *err)
{
	const struct push_options opt = { .mount_from = mount_from };

	if (is_there(r, x, ref))
		return true;
	/* one after the other: what they share is asked for once and then known to be there */
	for (size_t i = 0; i < count; i++) {
		struct reference child = *ref;

		child.tag[0] = '\0';
		child.has_digest = true;
		child.digest = images[i].manifest.digest;
		if (!registry_push(r, &images[i], &child, NULL, &opt, err))
			return false;
	}
	return registry_put_manifest(r, ref, x->media_type, x->raw, x->raw_len, err) ||
	       err_wrap(err, "push to %s", reference_name(ref).text);
}
