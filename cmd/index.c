// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/copying.h"
#include "cmd/lookup.h"
#include "registry/join.h"

/* rtbuild index: one name for images of several platforms. */

struct index_args {
	const char *to, *jobs, *digestfile;
	struct str_list images, tags, annotations;
	bool no_clobber, no_referrers, plan;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("DESTINATION",             struct index_args, to,           "HOST/NAME[:TAG], store:NAME, oci:DIR or oci-archive:FILE"),
	OPT_ARGS("IMAGE",                  struct index_args, images,       "of a registry, the store, a layout or an archive; an index gives all its images"),
	OPT_LIST('t', "tag", "TAG",        struct index_args, tags,         "also under this tag"),
	OPT_LIST(0,   "annotation", "KEY=VALUE", struct index_args, annotations, "annotations of the index"),
	OPT_FLAG('n', "no-clobber",        struct index_args, no_clobber,   "never overwrite a tag that holds something else"),
	OPT_FLAG(0,   "no-referrers",      struct index_args, no_referrers, "leave signatures, SBOMs and attestations of the images"),
	OPT_FLAG(0,   "plan",              struct index_args, plan,         "only say what would move"),
	OPT_TEXT('j', "jobs", "N",         struct index_args, jobs,         "so many blobs at once (default: 6)"),
	OPT_TEXT(0,   "digestfile", "FILE", struct index_args, digestfile,  "write the digest here"),
	OPT_END
};
/* clang-format on */

static bool split(struct json_pairs *out, struct arena *arena, const struct str_list *pairs,
		  struct err *err)
{
	out->items = ARENA_ARRAY(arena, struct json_pair, pairs->len + 1);
	for (size_t i = 0; i < pairs->len; i++) {
		struct slice value, key = slice_cut(slice_of(pairs->items[i]), '=', &value);

		if (!key.len || !value.ptr)
			return err_set(err, E_USAGE, "--annotation '%s' is not KEY=VALUE",
				       pairs->items[i]);
		out->items[out->len++] = (struct json_pair){ arena_slice(arena, key), value.ptr };
	}
	return true;
}

/* All of them, as one. */
static bool open_images(struct reader **out, struct session *s, const struct index_args *args,
			struct arena *arena, struct err *err)
{
	size_t count = args->images.len;
	AUTO(auto_free) struct reader **images = mem_alloc((count + 1) * sizeof(struct reader *));
	struct join_request join = { .images = images,
				     .names = (const char *const *)args->images.items };
	bool ok = split(&join.annotations, arena, &args->annotations, err);

	for (size_t i = 0; ok && i < count; i++) {
		AUTO(place_free) struct place place = { 0 };

		ok = lookup_open(&images[i], &place, s, args->images.items[i], false, err);
		join.count += ok;
	}
	if (ok)
		return reader_join(out, &join, err);
	for (size_t i = 0; i < join.count; i++)
		reader_close(images[i]);
	return false;
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct index_args *args = arg;
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(place_free) struct place to = { 0 };
	AUTO(auto_writer_close) struct writer *writer = NULL;
	AUTO(auto_reader_close) struct reader *joined = NULL;
	struct copy_options options = { .no_signatures = args->no_referrers,
					.no_clobber = args->no_clobber,
					.plan = args->plan };
	struct store *store;

	if (!args->images.len)
		return err_set(err, E_USAGE, "IMAGE is missing");
	if (!place_parse(&to, args->to, err) || !copying_jobs(&options.jobs, args->jobs, err) ||
	    !session_store(&store, s, err))
		return false;
	place_settle(&to, store);
	if (to.kind == PLACE_DOCKER_ARCHIVE)
		return err_set(err, E_USAGE, "'%s': docker's archives hold no index", args->to);
	if (args->no_clobber && to.kind > PLACE_STORE)
		return err_set(err, E_USAGE, "--no-clobber is about registries and the store");
	/* The writer first: the token's scopes begin with what is pushed. */
	return copying_writer(&writer, s, &to, err) && open_images(&joined, s, args, &arena, err) &&
	       copying_image(s,
			     &(struct copying){ .reader = joined,
						.joined = &args->images,
						.writer = writer,
						.to = &to,
						.tags = &args->tags,
						.digestfile = args->digestfile,
						.options = &options,
						.complete = true },
			     err);
}

const struct cmd cmd_index = {
	.name = "index",
	.summary = "join images of several platforms under one name",
	.about = "What each platform's machine has built becomes one image for all of them, as "
		 "`docker manifest create` or `buildx imagetools create` make it. Within a "
		 "registry nothing is sent but documents.",
	.example = "  rtbuild index example.com/me/rt:1 example.com/me/rt:1-amd64 "
		   "example.com/me/rt:1-arm64",
	.opts = opts,
	.args_size = sizeof(struct index_args),
	.run = run,
};
