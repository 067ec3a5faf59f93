// SPDX-License-Identifier: Apache-2.0
#include "registry/push.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/outcome.h"

/* rtbuild push: an image of the store to its registry. */

struct push_args {
	const char *image, *to, *digestfile, *platform;
	struct str_list tags;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",                   struct push_args, image,      "a name of the store"),
	OPT_ARG_OPTIONAL("DESTINATION",    struct push_args, to,         "push it as this (default: under its own name)"),
	OPT_LIST('t', "tag", "TAG",        struct push_args, tags,       "also under this tag"),
	OPT_TEXT(0,   "platform", "OS/ARCH", struct push_args, platform, "which image of an index"),
	OPT_TEXT(0,   "digestfile", "FILE", struct push_args, digestfile, "write the manifest digest here"),
	OPT_END
};
/* clang-format on */

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct push_args *args = arg;
	AUTO(image_free) struct image img = { 0 };
	struct outcome_files files = { .digestfile = args->digestfile };
	struct push_options opt = { 0 };
	struct reference from, to;
	struct platform want;
	struct registry *registry;
	struct store *store;

	if (!reference_parse(&from, args->image, err) ||
	    !reference_parse(&to, args->to ? args->to : args->image, err) ||
	    !session_platform(&want, args->platform, err) || !session_store(&store, s, err) ||
	    !store_find_image(&img, store, &from, &want, err) ||
	    !session_registry(&registry, s, err))
		return false;
	if (to.has_digest && !to.tag[0])
		return err_set(err, E_USAGE, "'%s': push to a tag, not to a digest",
			       args->to ? args->to : args->image);
	to.has_digest = false;
	reference_default_tag(&to);
	registry_expect_push(registry, &to);
	opt.mount_from = &from; /* if it was pushed under its own name before */
	return registry_push(registry, &img, &to, &args->tags, &opt, err) &&
	       outcome_write(s, &img, &to, 1, &files, NULL, err);
}

const struct cmd cmd_push = {
	.name = "push",
	.summary = "push an image of the store to a registry",
	.example = "  rtbuild push registry.example.com/me/rt:1\n"
		   "  rtbuild push me/rt:1 registry.example.com/me/rt:1",
	.opts = opts,
	.args_size = sizeof(struct push_args),
	.run = run,
};
