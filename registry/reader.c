// SPDX-License-Identifier: Apache-2.0
#include "registry/reader.h"

#include "base/limits.h"
#include "base/mem.h"

/* Which reader is whose. */

bool reader_open(struct reader **out, const struct place *place, const struct reader_env *env,
		 struct err *err)
{
	/* clang-format off */
	static bool (*const kinds[])(struct reader **, const struct place *,
				     const struct reader_env *, struct err *) = {
		[PLACE_REGISTRY]       = reader_of_registry,
		[PLACE_STORE]          = reader_of_store,
		[PLACE_LAYOUT]         = reader_of_layout,
		[PLACE_OCI_ARCHIVE]    = reader_of_oci_archive,
		[PLACE_DOCKER_ARCHIVE] = reader_of_docker_archive,
	};
	/* clang-format on */
	AUTO(auto_free) char *text = NULL;

	if (kinds[place->kind](out, place, env, err))
		return true;
	text = place_text(place);
	return err_wrap(err, "%s", text);
}

void reader_close(struct reader *r)
{
	if (r)
		r->close(r);
}

bool reader_config(struct buf *out, struct reader *from, const struct descriptor *d,
		   struct err *err)
{
	AUTO(auto_source_close) struct source *source = NULL;
	struct sink_buf sink = sink_buf(out);
	uint64_t size;

	if (d->size > LIMIT_CONFIG)
		return err_set(err, E_INTEGRITY, "the configuration has %lld bytes, %d are allowed",
			       (long long)d->size, LIMIT_CONFIG);
	return from->blobs->open(from->blobs, &source, d, err) &&
	       source_copy(source, &sink.sink, &size, err);
}
