// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/copying.h"

/* rtbuild push: an image of the store to its registry. */

struct push_args {
	const char *image, *to, *digestfile, *jobs;
	struct str_list tags, platforms;
	bool plan, no_clobber;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",                   struct push_args, image,      "a name of the store"),
	OPT_ARG_OPTIONAL("DESTINATION",    struct push_args, to,         "push it as this (default: under its own name)"),
	OPT_LIST('t', "tag", "TAG",        struct push_args, tags,       "also under this tag"),
	OPT_LIST(0,   "platform", "LIST",  struct push_args, platforms,  "these images of an index alone (default: the whole)"),
	OPT_FLAG('n', "no-clobber",        struct push_args, no_clobber, "never overwrite a tag that holds something else"),
	OPT_FLAG(0,   "plan",              struct push_args, plan,       "only say what would move"),
	OPT_TEXT('j', "jobs", "N",         struct push_args, jobs,       "so many blobs at once (default: 6)"),
	OPT_TEXT(0,   "digestfile", "FILE", struct push_args, digestfile, "write the manifest digest here"),
	OPT_END
};
/* clang-format on */

static bool push(struct session *s, const struct push_args *args, const struct place *from,
		 const struct place *to, const struct copy_options *options, struct err *err)
{
	AUTO(auto_writer_close) struct writer *writer = NULL;
	AUTO(auto_reader_close) struct reader *reader = NULL;

	if (!copying_writer(&writer, s, to, err) || !copying_reader(&reader, s, from, err))
		return false;
	return copying_image(s,
			     &(struct copying){ .reader = reader,
						.writer = writer,
						.from = from,
						.to = to,
						.tags = &args->tags,
						.digestfile = args->digestfile,
						.options = options,
						.complete = true },
			     err) ||
	       err_wrap(err, "push to %s", reference_name(&to->reference).text);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct push_args *args = arg;
	AUTO(place_free) struct place from = { 0 };
	AUTO(place_free) struct place to = { 0 };
	AUTO(auto_free) struct platform *platforms = NULL;
	struct copy_options options = { .plan = args->plan, .no_clobber = args->no_clobber };

	if (!place_parse(&from, args->image, err) ||
	    !place_parse(&to, args->to ? args->to : args->image, err) ||
	    !copying_platforms(&platforms, &options.platform_count, &args->platforms, err) ||
	    !copying_jobs(&options.jobs, args->jobs, err))
		return false;
	options.platforms = platforms;
	if (from.kind > PLACE_STORE || (args->to && to.kind != PLACE_REGISTRY)) {
		err_set(err, E_USAGE, "push goes from the store to a registry");
		return err_hint(err, "rtbuild copy goes from any place to any other");
	}
	from.kind = PLACE_STORE;
	to.kind = PLACE_REGISTRY;
	if (!args->to && to.reference.tag[0])
		to.reference.has_digest = false;
	return push(s, args, &from, &to, &options, err);
}

const struct cmd cmd_push = {
	.name = "push",
	.summary = "push an image of the store to a registry",
	.example = "  rtbuild push registry.example.com/me/rt:1\n"
		   "  rtbuild push me/rt:1 registry.example.com/me/rt:1 -t latest\n"
		   "  rtbuild push --plan registry.example.com/me/rt:1",
	.opts = opts,
	.args_size = sizeof(struct push_args),
	.run = run,
};
