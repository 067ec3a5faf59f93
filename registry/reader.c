// SPDX-License-Identifier: Apache-2.0
#include "registry/reader.h"

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
