// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/copying.h"
#include "cmd/repository.h"

/* rtbuild copy: an image, or a repository, from any place to any other. */

struct copy_args {
	const char *from, *to, *jobs, *digestfile;
	struct str_list platforms, tags;
	bool all_tags, no_clobber, referrers, no_referrers, plan;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("SOURCE",                  struct copy_args, from,         "HOST/NAME[:TAG][@DIGEST], store:NAME, oci:DIR, oci-archive:FILE, docker-archive:FILE"),
	OPT_ARG("DESTINATION",             struct copy_args, to,           "the same forms, without a digest"),
	OPT_LIST('t', "tag", "TAG",        struct copy_args, tags,         "also under this tag"),
	OPT_LIST(0,   "platform", "LIST",  struct copy_args, platforms,    "these images of an index alone: a new index, or for one a plain manifest"),
	OPT_FLAG('a', "all-tags",          struct copy_args, all_tags,     "every tag of a repository"),
	OPT_FLAG('n', "no-clobber",        struct copy_args, no_clobber,   "never overwrite a tag that holds something else"),
	OPT_FLAG(0,   "referrers",         struct copy_args, referrers,    "look for new signatures even when the image is there already"),
	OPT_FLAG(0,   "no-referrers",      struct copy_args, no_referrers, "leave signatures, SBOMs and attestations"),
	OPT_FLAG(0,   "plan",              struct copy_args, plan,         "only say what would move"),
	OPT_TEXT('j', "jobs", "N",         struct copy_args, jobs,         "so many blobs at once (default: 6)"),
	OPT_TEXT(0,   "digestfile", "FILE", struct copy_args, digestfile,  "write the digest here"),
	OPT_END
};
/* clang-format on */

/* --- --all-tags --- */

static json_t *totals_json(const struct repository_report *r, const struct place *places[2],
			   bool plan)
{
	AUTO(auto_free) char *from = place_text(places[0]);
	AUTO(auto_free) char *to = place_text(places[1]);
	json_t *doc = json_object();

	json_object_set_new(doc, "source", json_string(from));
	json_object_set_new(doc, "destination", json_string(to));
	json_object_set_new(doc, "tags", json_integer((json_int_t)r->tags.len));
	json_object_set_new(doc, "copied", json_integer((json_int_t)r->copied));
	json_object_set_new(doc, "unchanged", json_integer((json_int_t)r->unchanged));
	json_object_set_new(doc, "kept", json_integer((json_int_t)r->kept));
	json_object_set_new(doc, "blob_bytes_sent", json_integer((json_int_t)r->bytes_sent));
	json_object_set_new(doc, "plan", json_boolean(plan));
	json_object_set(doc, "images", r->images);
	return doc;
}

static bool copy_repository(struct session *s, const struct copy_args *args,
			    const struct place *places[2], const struct copy_options *options,
			    struct err *err)
{
	AUTO(repository_report_free) struct repository_report r = { 0 };
	AUTO(auto_free) char *line = NULL;
	const struct repository_request request = { .from = places[0],
						    .to = places[1],
						    .options = *options };

	for (int i = 0; i < 2; i++)
		if (places[i]->kind > PLACE_STORE || places[i]->reference.tag[0] ||
		    places[i]->reference.has_digest)
			return err_set(err, E_USAGE,
				       "--all-tags is about repositories: "
				       "HOST/NAME without a tag, on both sides");
	if (args->tags.len || args->digestfile)
		return err_set(err, E_USAGE, "--all-tags does not go with --tag or --digestfile");
	if (!repository_copy(&r, s, &request, err))
		return false;
	line = mem_printf("%s %zu of %zu tags, %zu there already, %zu left alone; %s %s",
			  args->plan ? "would copy" : "copied", r.copied, r.tags.len, r.unchanged,
			  r.kept, str_format_size(r.bytes_sent).text,
			  args->plan ? "to send" : "sent");
	return session_result(s, s->options.json ? totals_json(&r, places, args->plan) : NULL, line,
			      err);
}

/* --- */

static bool check(const struct copy_args *args, const struct place *to, struct err *err)
{
	if (args->referrers && args->no_referrers)
		return err_set(err, E_USAGE, "--referrers and --no-referrers exclude each other");
	if (args->no_clobber && to->kind > PLACE_STORE)
		return err_set(err, E_USAGE, "--no-clobber is about registries and the store");
	return true;
}

static bool run_places(struct session *s, const struct copy_args *args,
		       const struct place *places[2], const struct copy_options *options,
		       struct err *err)
{
	AUTO(auto_writer_close) struct writer *to = NULL;
	AUTO(auto_reader_close) struct reader *from = NULL;

	if (!check(args, places[1], err))
		return false;
	if (args->all_tags)
		return copy_repository(s, args, places, options, err);
	/* The writer first: the token's scopes begin with what is pushed. */
	return copying_writer(&to, s, places[1], err) && copying_reader(&from, s, places[0], err) &&
	       copying_image(s,
			     &(struct copying){ .reader = from,
						.writer = to,
						.from = places[0],
						.to = places[1],
						.tags = &args->tags,
						.digestfile = args->digestfile,
						.options = options,
						.complete = args->no_referrers },
			     err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct copy_args *args = arg;
	AUTO(place_free) struct place from = { 0 };
	AUTO(place_free) struct place to = { 0 };
	AUTO(auto_free) struct platform *platforms = NULL;
	const struct place *places[2] = { &from, &to };
	struct copy_options options = { .no_signatures = args->no_referrers,
					.always_signatures = args->referrers,
					.no_clobber = args->no_clobber,
					.plan = args->plan };
	struct store *store;

	if (!place_parse(&from, args->from, err) || !place_parse(&to, args->to, err) ||
	    !copying_platforms(&platforms, &options.platform_count, &args->platforms, err) ||
	    !copying_jobs(&options.jobs, args->jobs, err) || !session_store(&store, s, err))
		return false;
	options.platforms = platforms;
	place_settle(&from, store);
	/* Docker Hub counts a GET of a manifest as a pull, a HEAD not. */
	options.ask_first = from.kind == PLACE_REGISTRY && str_eq(from.reference.host, "docker.io");
	return run_places(s, args, places, &options, err);
}

const struct cmd cmd_copy = {
	.name = "copy",
	.summary = "copy an image between registries, layouts and archives, byte for byte",
	.about =
		"The whole index goes along, and what speaks of it: referrers and cosign's "
		"signatures. Digests stay. Within a registry blobs are mounted, between registries "
		"they are streamed without touching the disk. Layers that are not for distribution "
		"are "
		"left where their urls point, and never fetched from there.",
	.example = "  rtbuild copy registry.example.com/me/rt:1 mirror.example.com/me/rt:1\n"
		   "  rtbuild copy --platform linux/arm64 python:3.11-slim oci:layout:python\n"
		   "  rtbuild copy --all-tags --plan old.example.com/me/rt new.example.com/me/rt",
	.opts = opts,
	.args_size = sizeof(struct copy_args),
	.run = run,
};
