// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/copying.h"
#include "cmd/outcome.h"
#include "image/manifest.h"
#include "registry/pull.h"

/* rtbuild pull: an image of a registry into the store. */

struct pull_args {
	const char *image, *platform, *jobs;
	bool lazy, all_platforms, plan;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",                     struct pull_args, image,    "HOST/NAME[:TAG][@DIGEST]"),
	OPT_TEXT(0,   "platform", "OS/ARCH", struct pull_args, platform, "which image of an index (default: this machine's)"),
	OPT_FLAG('a', "all-platforms",       struct pull_args, all_platforms, "the whole index"),
	OPT_FLAG(0,   "lazy",                struct pull_args, lazy,     "manifest and config only; layers when they are needed"),
	OPT_FLAG(0,   "plan",                struct pull_args, plan,     "only say what would be fetched"),
	OPT_TEXT('j', "jobs", "N",           struct pull_args, jobs,     "so many blobs at once (default: 6)"),
	OPT_END
};
/* clang-format on */

/* The name it is kept by. Pulled by digest alone, the digest's beginning stands in for a tag. */
static bool kept_name(struct reference *out, const struct reference *ref, struct err *err)
{
	*out = *ref;
	out->has_digest = false;
	if (!ref->tag[0] && ref->has_digest) {
		struct digest_text hex = digest_hex(&ref->digest);

		hex.text[12] = '\0';
		return reference_set_tag(out, hex.text, err);
	}
	reference_default_tag(out);
	return true;
}

static bool pull_one(struct session *s, const struct pull_args *args, const struct reference *ref,
		     const struct reference *kept, size_t jobs, struct err *err)
{
	AUTO(image_free) struct image img = { 0 };
	struct outcome_files files = { 0 };
	struct platform want;
	struct registry *registry;
	struct store *store;

	return session_platform(&want, args->platform, err) && session_store(&store, s, err) &&
	       session_registry(&registry, s, err) &&
	       registry_pull(&img, NULL, registry, store, ref, &want, err) &&
	       (args->lazy || registry_fetch_layers(registry, store, &img, jobs, err)) &&
	       store_put_image(store, &img, kept, err) &&
	       outcome_write_image(s, &img, kept, &files, err);
}

/* For a plan: an index is pulled for this machine unless somebody says otherwise. */
static bool choose_platform(struct copy_options *options, struct platform *want,
			    const struct pull_args *args, struct reader *from, struct err *err)
{
	AUTO(registry_document_free) struct registry_document root = { 0 };
	enum media_kind kind = MEDIA_MANIFEST;

	if (args->all_platforms)
		return true;
	if (!session_platform(want, args->platform, err))
		return false;
	if (!args->platform && (!from->root(from, &root, err) ||
				!manifest_sniff(&kind, root.raw, root.len, root.content_type, err)))
		return false;
	options->platforms = want;
	options->platform_count = args->platform || kind == MEDIA_INDEX;
	return true;
}

static bool copy_in(struct session *s, const struct pull_args *args, const struct place *from,
		    const struct place *to, size_t jobs, struct err *err)
{
	AUTO(auto_reader_close) struct reader *reader = NULL;
	AUTO(auto_writer_close) struct writer *writer = NULL;
	struct copy_options options = { .plan = args->plan, .no_signatures = true, .jobs = jobs };
	struct platform want;

	return copying_reader(&reader, s, from, err) && copying_writer(&writer, s, to, err) &&
	       choose_platform(&options, &want, args, reader, err) &&
	       copying_image(s,
			     &(struct copying){ .reader = reader,
						.writer = writer,
						.from = from,
						.to = to,
						.options = &options,
						.complete = true },
			     err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct pull_args *args = arg;
	AUTO(place_free) struct place from = { 0 };
	AUTO(place_free) struct place to = { .kind = PLACE_STORE };
	size_t jobs;

	if (args->all_platforms && (args->platform || args->lazy))
		return err_set(err, E_USAGE,
			       "--all-platforms does not go with --platform or --lazy");
	if (args->plan && args->lazy)
		return err_set(err, E_USAGE, "--plan is about layers, --lazy leaves them");
	if (!copying_jobs(&jobs, args->jobs, err) || !place_parse(&from, args->image, err))
		return false;
	if (from.kind != PLACE_REGISTRY) {
		err_set(err, E_USAGE, "'%s': pull is from registries", args->image);
		return err_hint(err, "rtbuild copy %s store:NAME takes it from there", args->image);
	}
	if (!kept_name(&to.reference, &from.reference, err))
		return false;
	return args->all_platforms || args->plan
		       ? copy_in(s, args, &from, &to, jobs, err)
		       : pull_one(s, args, &from.reference, &to.reference, jobs, err);
}

const struct cmd cmd_pull = {
	.name = "pull",
	.summary = "pull an image of a registry into the store",
	.example = "  rtbuild pull registry.example.com/me/rt:1\n"
		   "  rtbuild pull --all-platforms --plan python:3.11-slim",
	.opts = opts,
	.args_size = sizeof(struct pull_args),
	.run = run,
};
