// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "builder/duration.h"
#include "builder/owner.h"
#include "builder/ports.h"

/* --chown, --chmod, a port and a duration, as the flags of a Dockerfile have them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(auto_free) char *chown_text = next_text(&rest);
	AUTO(auto_free) char *chmod_text = next_text(&rest);
	AUTO(auto_free) char *port = next_text(&rest);
	AUTO(auto_free) char *wait = next_text(&rest);
	AUTO(str_list_free) struct str_list ports = { 0 };
	struct owner owner;
	struct mode_change mode;
	struct err err = { 0 };
	int64_t ns, again;

	if (!owner_has_names(chown_text) &&
	    verdict(owner_parse(&owner, chown_text, NULL, &err), &err))
		assert(owner.uid >= 0 && owner.gid >= 0);
	if (verdict(mode_parse(&mode, chmod_text, &err), &err))
		assert(mode_apply(&mode, 0644, false) <= 07777 &&
		       mode_apply(&mode, 0, true) <= 07777);
	verdict(ports_parse(&ports, port, &err), &err);
	signal_is_known(wait);
	if (verdict(duration_parse(&ns, wait, &err), &err))
		assert(duration_parse(&again, duration_format(ns).text, &err) && again == ns);
	return 0;
}
