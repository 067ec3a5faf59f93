// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/docker.h"
#include "image/reference.h"

/* docker save and load: archives of images. */

struct save_args {
	struct str_list images;
	const char *output, *platform;
};

struct load_args {
	const char *input, *platform;
};

/* clang-format off */
static const struct opt save_opts[] = {
	OPT_ARGS("IMAGE",                    struct save_args, images,   "names of the store"),
	OPT_TEXT('o', "output", "FILE",      struct save_args, output,   "the archive (default: standard output)"),
	OPT_TEXT(0,   "platform", "OS/ARCH", struct save_args, platform, "this image of an index alone"),
	OPT_END
};

static const struct opt load_opts[] = {
	OPT_TEXT('i', "input", "FILE",       struct load_args, input,    "the archive (default: standard input)"),
	OPT_TEXT(0,   "platform", "OS/ARCH", struct load_args, platform, "this image of an index alone"),
	OPT_END
};
/* clang-format on */

static bool save(struct session *s, void *arg, struct err *err)
{
	const struct save_args *args = arg;
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;

	if (!args->images.len)
		return err_set(err, E_USAGE, "docker save takes at least one image");
	if (!args->output && isatty(STDOUT_FILENO))
		return err_set(
			err, E_INPUT,
			"cowardly refusing to save to a terminal. Use the -o flag or redirect");
	str_list_push(&words, "--format=docker");
	str_list_push_take(&words, mem_printf("--output=%s", args->output ? args->output : "-"));
	if (args->platform)
		str_list_push_take(&words, mem_printf("--platform=%s", args->platform));
	for (size_t i = 0; i < args->images.len; i++) {
		AUTO(auto_free) char *name = NULL;

		if (!docker_image_name(&name, s, args->images.items[i], err))
			return false;
		str_list_push_take(&words, mem_printf("store:%s", name));
	}
	return docker_call(&doc, s, &cmd_export, &words, err);
}

static bool print_loaded(const json_t *image, struct err *err)
{
	const json_t *references = json_object_get(image, "references");

	for (size_t i = 0; i < json_array_size(references); i++) {
		AUTO(auto_free) char *line = NULL;
		struct reference ref;

		if (!reference_parse(&ref, json_text_member(json_array_get(references, i), "tag"),
				     err))
			return false;
		line = mem_printf("Loaded image: %s", reference_familiar(&ref).text);
		if (!session_print(line, err))
			return false;
	}
	return true;
}

static bool load(struct session *s, void *arg, struct err *err)
{
	const struct load_args *args = arg;
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	const json_t *images;

	if (!args->input && isatty(STDIN_FILENO))
		return err_set(err, E_INPUT, "requested load from stdin, but stdin is empty");
	if (args->platform)
		str_list_push_take(&words, mem_printf("--platform=%s", args->platform));
	str_list_push(&words, args->input ? args->input : "-");
	if (!docker_call(&doc, s, &cmd_import, &words, err))
		return false;
	images = json_object_get(doc, "images");
	for (size_t i = 0; i < json_array_size(images); i++)
		if (!print_loaded(json_array_get(images, i), err))
			return false;
	return true;
}

const struct cmd docker_save =
	DOCKER_VERB("save", "write images as an archive that docker load takes", save_opts,
		    struct save_args, save);

const struct cmd docker_load = DOCKER_VERB("load", "read the images of an archive into the store",
					   load_opts, struct load_args, load);
