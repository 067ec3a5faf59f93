// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "registry/challenge.h"
#include "registry/scope.h"

/* WWW-Authenticate headers, one a part, and the scopes they name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(challenges_free) struct challenges found = { 0 };
	AUTO(scopes_free) struct scopes scopes = { 0 };
	AUTO(scopes_free) struct scopes again = { 0 };
	AUTO(str_list_free) struct str_list texts = { 0 };
	const struct challenge *picked;

	while (rest.ptr) {
		AUTO(auto_free) char *header = next_text(&rest);

		challenges_add(&found, header);
	}
	picked = challenges_pick(&found);
	assert(!picked || picked->kind != CHALLENGE_OTHER);
	if (!picked || !picked->scope)
		return 0;
	scopes_add_text(&scopes, picked->scope);
	assert(scopes_cover(&scopes, &scopes));
	scopes_text(&texts, &scopes);
	for (size_t i = 0; i < texts.len; i++)
		scopes_add_text(&again, texts.items[i]);
	assert(scopes_cover(&again, &scopes) && scopes_cover(&scopes, &again));
	return 0;
}
