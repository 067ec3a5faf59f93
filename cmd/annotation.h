// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_ANNOTATION_H
#define CMD_ANNOTATION_H

#include "base/arena.h"
#include "builder/build.h"

/*
 * --annotation of build, as buildx has it: [TYPE[[PLATFORM]][,TYPE...]:]KEY=VALUE. TYPE is manifest
 * (default), index, or manifest-descriptor: the manifest's entry in the index.
 */
struct annotations {
	struct {
		struct build_annotation *items;
		size_t len, cap;
	} manifest, descriptor;
	struct {
		struct json_pair *items;
		size_t len, cap;
	} index;
	struct arena arena;
};
void annotations_free(struct annotations *a);
/* E_USAGE for what does not read, and for those of an index when there will be none. */
MUST_CHECK bool annotations_parse(struct annotations *out, const struct str_list *texts,
				  const struct platform *platforms, size_t platform_count,
				  bool is_index, struct err *err);
/* For image_index: of the index, and one list an entry, in the arena. */
void annotations_of_index(struct index_recipe *out, struct annotations *a,
			  const struct platform *platforms, size_t count,
			  struct json_pairs *index_out);

#endif
