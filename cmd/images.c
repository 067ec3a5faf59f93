// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"

/* rtbuild images and rmi: names of the store. */

struct images_args {
	bool digests;
};

/* clang-format off */
static const struct opt images_opts[] = {
	OPT_FLAG(0, "digests", struct images_args, digests, "whole digests"),
	OPT_END
};
/* clang-format on */

static json_t *describe(const struct store_entry *e)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "reference", json_string(reference_familiar(&e->reference).text));
	json_object_set_new(doc, "digest", json_string(digest_format(&e->descriptor.digest).text));
	json_object_set_new(doc, "mediaType", json_string(e->descriptor.media_type));
	json_object_set_new(doc, "size", json_integer(e->size));
	json_object_set_new(doc, "complete", json_boolean(!e->sparse));
	if (e->created)
		json_object_set_new(doc, "created", json_string(clock_format(e->created).text));
	return doc;
}

static bool images(struct session *s, void *arg, struct err *err)
{
	const struct images_args *args = arg;
	AUTO(store_list_free) struct store_list list = { 0 };
	AUTO(auto_json_decref) json_t *doc = json_array();
	struct store *store;
	int width = 9;

	if (!session_store(&store, s, err) || !store_images(&list, store, err))
		return false;
	for (size_t i = 0; i < list.len; i++) {
		int len = (int)strlen(reference_familiar(&list.items[i].reference).text);

		width = len > width ? len : width;
		json_array_append_new(doc, describe(&list.items[i]));
	}
	if (s->options.json)
		return session_print_json(doc, err);
	for (size_t i = 0; i < list.len; i++) {
		const struct store_entry *e = &list.items[i];
		struct reference_text name = reference_familiar(&e->reference);
		struct digest_text digest = digest_format(&e->descriptor.digest);
		AUTO(auto_free)
		char *line =
			mem_printf("%-*s  %.*s  %9s%s", width, name.text, args->digests ? 71 : 19,
				   digest.text, str_format_size((uint64_t)e->size).text,
				   e->sparse ? "  (base not fetched)" : "");

		if (!session_print(line, err))
			return false;
	}
	return true;
}

const struct cmd cmd_images = {
	.name = "images",
	.summary = "list the images of the store",
	.opts = images_opts,
	.args_size = sizeof(struct images_args),
	.run = images,
};

struct remove_args {
	struct str_list images;
	bool ignore_missing;
};

/* clang-format off */
static const struct opt remove_opts[] = {
	OPT_ARGS("IMAGE",              struct remove_args, images,         "names of the store"),
	OPT_FLAG(0, "ignore-missing",  struct remove_args, ignore_missing, "a name that is not there is fine"),
	OPT_END
};
/* clang-format on */

static bool remove_images(struct session *s, void *arg, struct err *err)
{
	const struct remove_args *args = arg;
	struct store *store;

	if (!args->images.len)
		return err_set(err, E_USAGE, "IMAGE is missing");
	if (!session_store(&store, s, err))
		return false;
	for (size_t i = 0; i < args->images.len; i++) {
		struct reference ref;

		if (!reference_parse(&ref, args->images.items[i], err))
			return false;
		if (store_remove_image(store, &ref, err))
			continue;
		if (err->code != E_NOT_FOUND || !args->ignore_missing)
			return false;
		err_clear(err);
	}
	return true;
}

const struct cmd cmd_remove = {
	.name = "rmi",
	.summary = "remove names from the store (gc frees the space)",
	.opts = remove_opts,
	.args_size = sizeof(struct remove_args),
	.run = remove_images,
};
