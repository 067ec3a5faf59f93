// SPDX-License-Identifier: Apache-2.0
#include "extend/moves.h"

#include "base/map.h"

/* The blobs of a result, and their ways. */

/* A base of another registry is read there and written here. */
static void add_blob(struct extend_moves *out, struct map *seen, const struct extension *x,
		     const struct descriptor *d, const struct reference *origin)
{
	const struct reference *to = &x->target;
	struct digest_text text = digest_format(&d->digest);
	enum moved how = MOVED_SENT;

	if (map_has(seen, text.text))
		return;
	map_put(seen, text.text, out);
	if (origin && reference_same_repository(origin, to))
		how = MOVED_SKIPPED;
	else if (origin && move_same_registry(origin, to))
		how = MOVED_MOUNTED;
	out->blobs[how]++;
	out->bytes[how] += (uint64_t)d->size;
	out->requests += how == MOVED_SENT ? 2 : how == MOVED_MOUNTED ? 1 : 0;
	out->requests += how == MOVED_SENT && origin;
}

void extend_moves_find(struct extend_moves *out, struct extension *x)
{
	AUTO(map_free) struct map seen = { 0 };
	struct blob_source *blobs = &x->blobs.source;

	*out = (struct extend_moves){ .documents = x->base.len + x->base.is_index };
	out->requests = out->documents;
	for (size_t i = 0; i < x->base.len; i++) {
		const struct manifest *m = &x->images[i].manifest;

		for (size_t k = 0; k < m->layer_count; k++)
			add_blob(out, &seen, x, &m->layers[k], blobs->origin(blobs, &m->layers[k]));
		add_blob(out, &seen, x, &m->config, NULL);
	}
}
