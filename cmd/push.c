// SPDX-License-Identifier: Apache-2.0
#include "registry/push.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/copying.h"
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
	OPT_TEXT(0,   "platform", "OS/ARCH", struct push_args, platform, "this image of an index alone (default: the whole index)"),
	OPT_TEXT(0,   "digestfile", "FILE", struct push_args, digestfile, "write the manifest digest here"),
	OPT_END
};
/* clang-format on */

/* What the name means is an index, and no image of it was chosen. */
static bool is_index(bool *out, struct store *store, const struct reference *from,
		     const struct push_args *args, struct err *err)
{
	AUTO(buf_free) struct buf raw = BUF_INIT(LIMIT_MANIFEST);
	struct descriptor root;

	*out = false;
	if (args->platform)
		return true;
	if (!store_find_root(&raw, &root, store, from, err))
		return false;
	*out = media_find(root.media_type)->kind == MEDIA_INDEX;
	return true;
}

/* An index with everything that is in it. */
static bool push_index(struct session *s, const struct push_args *args,
		       const struct reference *from, const struct reference *to, struct err *err)
{
	struct place source = { .kind = PLACE_STORE, .reference = *from };
	struct place target = { .kind = PLACE_REGISTRY, .reference = *to };
	AUTO(copy_result_free) struct copy_result result = { 0 };
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_reader_close) struct reader *reader = NULL;
	AUTO(auto_writer_close) struct writer *writer = NULL;
	const struct copy_options options = { 0 };
	AUTO(auto_free) char *line = NULL;
	struct digest_text digest;

	if (!copying_reader(&reader, s, &source, err) || !copying_writer(&writer, s, &target, err))
		return false;
	str_list_push(&names, writer->name ? writer->name : "");
	for (size_t i = 0; i < args->tags.len; i++)
		str_list_push(&names, args->tags.items[i]);
	if (!copy_image(&result, reader, writer, &names, &options, s->events, err) ||
	    (writer->finish && !writer->finish(writer, err)))
		return false;
	digest = digest_format(&result.digest);
	if (args->digestfile &&
	    !fs_write_path_atomic(args->digestfile, digest.text, strlen(digest.text), 0644, err))
		return false;
	line = copying_pinned(&target, names.items[0], &result.digest);
	return session_result(
		s, s->options.json ? copying_json(&result, &source, &target, &names, false) : NULL,
		line, err);
}

static bool push_image(struct session *s, const struct push_args *args, struct store *store,
		       const struct reference *from, const struct reference *to, struct err *err)
{
	AUTO(image_free) struct image img = { 0 };
	struct outcome_files files = { .digestfile = args->digestfile };
	struct push_options opt = { .mount_from = from }; /* if it was pushed there before */
	struct platform want;
	struct registry *registry;

	if (!session_platform(&want, args->platform, err) ||
	    !store_find_image(&img, store, from, &want, err) ||
	    !session_registry(&registry, s, err))
		return false;
	registry_expect_push(registry, to);
	return registry_push(registry, &img, to, &args->tags, &opt, err) &&
	       outcome_write_image(s, &img, to, &files, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct push_args *args = arg;
	struct reference from, to;
	struct store *store;
	bool index;

	if (!reference_parse(&from, args->image, err) ||
	    !reference_parse(&to, args->to ? args->to : args->image, err) ||
	    !session_store(&store, s, err) || !is_index(&index, store, &from, args, err))
		return false;
	if (to.has_digest && !to.tag[0])
		return err_set(err, E_USAGE, "'%s': push to a tag, not to a digest",
			       args->to ? args->to : args->image);
	to.has_digest = false;
	reference_default_tag(&to);
	return index ? push_index(s, args, &from, &to, err)
		     : push_image(s, args, store, &from, &to, err);
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
