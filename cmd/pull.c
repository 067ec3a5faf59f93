// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/find.h"
#include "cmd/outcome.h"
#include "registry/pull.h"

/* rtbuild pull: an image of a registry into the store. */

struct pull_args {
	const char *image, *platform;
	bool lazy;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",                     struct pull_args, image,    "HOST/NAME[:TAG][@DIGEST]"),
	OPT_TEXT(0,   "platform", "OS/ARCH", struct pull_args, platform, "which image of an index (default: this machine's)"),
	OPT_FLAG(0,   "lazy",                struct pull_args, lazy,     "manifest and config only; layers when they are needed"),
	OPT_END
};
/* clang-format on */

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct pull_args *args = arg;
	AUTO(image_free) struct image img = { 0 };
	struct outcome_files files = { 0 };
	struct reference ref, kept;
	struct platform want;
	struct registry *registry;
	struct store *store;

	if (!reference_parse(&ref, args->image, err) ||
	    !session_platform(&want, args->platform, err) || !session_store(&store, s, err) ||
	    !session_registry(&registry, s, err) ||
	    !registry_pull(&img, NULL, registry, store, &ref, &want, err) ||
	    (!args->lazy && !fetch_layers(s, &img, err)))
		return false;
	kept = ref;
	kept.has_digest = false;
	if (!kept.tag[0] && ref.has_digest) {
		/* pulled by digest alone: the digest's beginning stands in for a tag */
		struct digest_text hex = digest_hex(&ref.digest);

		hex.text[12] = '\0';
		if (!reference_set_tag(&kept, hex.text, err))
			return false;
	}
	reference_default_tag(&kept);
	return store_put_image(store, &img, &kept, err) &&
	       outcome_write_image(s, &img, &kept, &files, err);
}

const struct cmd cmd_pull = {
	.name = "pull",
	.summary = "pull an image of a registry into the store",
	.opts = opts,
	.args_size = sizeof(struct pull_args),
	.run = run,
};
