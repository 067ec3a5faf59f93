// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"
#include "builder/dockerignore.h"

/*
 * What a walk finds out about `path` step by step. A directory that is left out must be walked all
 * the same when something below it is taken back.
 */
static bool walked(const struct dockerignore *d, const char *path)
{
	size_t count = dockerignore_count(d) + 1;
	AUTO(auto_free) bool *parent = mem_alloc(count);
	AUTO(auto_free) bool *own = mem_alloc(count);
	AUTO(auto_free) char *part = mem_strdup(path);
	bool is_lost = false;
	bool matches;

	for (char *slash = strchr(part, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (dockerignore_step(d, part, parent, own) && !dockerignore_may_return(d, part))
			is_lost = true;
		memcpy(parent, own, count);
		*slash = '/';
	}
	matches = dockerignore_step(d, path, parent, own);
	assert(matches || !is_lost);
	return matches;
}

/*
 * Patterns, then the paths they are asked about. With "!" patterns a walk may differ from being
 * asked at once, in moby's matcher too.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	struct slice text = next_part(&rest);
	AUTO(auto_dockerignore_free) struct dockerignore *d = NULL;
	struct err err = { 0 };

	if (!verdict(dockerignore_parse(&d, ".dockerignore", text.ptr, text.len, &err), &err))
		return 0;
	for (struct slice one = next_part(&rest); one.ptr; one = next_part(&rest)) {
		AUTO(auto_free) char *path = NULL;

		bool matches;

		if (!verdict(fs_clean_member(&path, one.ptr, one.len, &err), &err) || !*path)
			continue;
		matches = walked(d, path);
		if (!memchr(text.ptr, '!', text.len))
			assert(matches == dockerignore_matches(d, path));
	}
	return 0;
}
