// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/copying.h"
#include "cmd/lookup.h"

/* rtbuild export: images as one file. */

struct export_args {
	struct str_list words, platforms;
	const char *output, *format;
	bool referrers, plan;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARGS("IMAGE... FILE",         struct export_args, words,     "images of the store, registries or layouts; then the archive to write, - for standard output"),
	OPT_TEXT('o', "output", "FILE",   struct export_args, output,    "the archive; then all names are images, as for docker save"),
	OPT_TEXT(0,   "format", "FORMAT", struct export_args, format,    "oci (default) or docker (what docker load takes)"),
	OPT_LIST(0,   "platform", "LIST", struct export_args, platforms, "these images of an index alone"),
	OPT_FLAG(0,   "referrers",        struct export_args, referrers, "signatures and referrers too (oci)"),
	OPT_FLAG(0,   "plan",             struct export_args, plan,      "only say what it would hold"),
	OPT_END
};
/* clang-format on */

struct exporting {
	struct session *s;
	const struct export_args *args;
	struct copy_options options;
	struct writer *to;
	struct place place;
	struct {
		struct reader **items; /* they must live until the archive is written */
		size_t len, cap;
	} readers;
	json_t *list;
	uint64_t size;
};

static void exporting_free(struct exporting *x)
{
	writer_close(x->to);
	for (size_t i = 0; i < x->readers.len; i++)
		reader_close(x->readers.items[i]);
	free(x->readers.items);
	place_free(&x->place);
	json_decref(x->list);
}

/* Under its whole name; of layouts and archives, under the one it has there. */
static char *name_in_archive(struct place *from)
{
	if (from->kind > PLACE_STORE)
		return mem_strdup(from->name ? from->name : "");
	from->reference.has_digest = from->reference.has_digest && !from->reference.tag[0];
	if (from->reference.has_digest)
		return mem_strdup("");
	reference_default_tag(&from->reference);
	return mem_strdup(reference_format(&from->reference).text);
}

static bool add(struct exporting *x, const char *text, struct err *err)
{
	AUTO(place_free) struct place from = { 0 };
	AUTO(copy_result_free) struct copy_result result = { 0 };
	AUTO(str_list_free) struct str_list names = { 0 };
	struct reader *reader;

	if (!lookup_open(&reader, &from, x->s, text, true, err))
		return false;
	*ARRAY_PUSH(&x->readers) = reader;
	str_list_push_take(&names, name_in_archive(&from));
	if (!copy_image(&result, reader, x->to, &names, &x->options, x->s->events, err))
		return false;
	copying_notes(x->s, &result, x->to, true);
	x->size += result.bytes[MOVED_SENT];
	json_array_append_new(x->list,
			      copying_json(&result, &from, &x->place, &names, x->args->plan));
	return true;
}

static bool write_all(struct exporting *x, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!add(x, x->args->words.items[i], err))
			return false;
	return x->args->plan || x->to->finish(x->to, err);
}

/* stdout holds the archive when it is asked for, and nothing else. */
static bool print(struct exporting *x, struct err *err)
{
	AUTO(auto_free) char *line = NULL;
	json_t *doc;

	if (str_eq(x->place.path, "-") && !x->args->plan)
		return true;
	doc = json_object();
	json_object_set_new(doc, "file", json_string(x->place.path));
	json_object_set(doc, "images", x->list);
	json_object_set_new(doc, "plan", json_boolean(x->args->plan));
	line = x->args->plan ? mem_printf("%s would hold %zu images, %s of blobs", x->place.path,
					  json_array_size(x->list), str_format_size(x->size).text)
			     : mem_strdup(x->place.path);
	return session_result(x->s, doc, line, err);
}

static bool choose(struct exporting *x, size_t *count_out, struct err *err)
{
	const struct export_args *args = x->args;
	bool docker = args->format && str_eq(args->format, "docker");
	size_t count = args->words.len;

	if (args->format && !docker && !str_eq(args->format, "oci")) {
		err_set(err, E_USAGE, "unknown format '%s'", args->format);
		return err_hint(err, "oci or docker");
	}
	if (args->referrers && docker)
		return err_set(err, E_USAGE, "docker's archives hold no referrers");
	if (!args->output && count)
		count--;
	if (!count)
		return err_set(err, E_USAGE,
			       args->words.len ? "FILE is missing" : "IMAGE is missing");
	x->place.kind = docker ? PLACE_DOCKER_ARCHIVE : PLACE_OCI_ARCHIVE;
	x->place.path = mem_strdup(args->output ? args->output : args->words.items[count]);
	*count_out = count;
	return true;
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct export_args *args = arg;
	AUTO(auto_free) struct platform *platforms = NULL;
	AUTO(exporting_free)
	struct exporting x = { .s = s, .args = args, .list = json_array() };
	size_t count = 0;

	x.options = (struct copy_options){ .always_signatures = args->referrers,
					   .no_signatures = !args->referrers,
					   .plan = args->plan };
	if (!choose(&x, &count, err) ||
	    !copying_platforms(&platforms, &x.options.platform_count, &args->platforms, err))
		return false;
	x.options.platforms = platforms;
	return copying_writer(&x.to, s, &x.place, err) && write_all(&x, count, err) &&
	       print(&x, err);
}

const struct cmd cmd_export = {
	.name = "export",
	.summary = "write images as one archive",
	.about = "The archive is a tar that skopeo, podman and docker read; no document is "
		 "rewritten, so digests stay, and the same images give the same bytes. Blobs of a "
		 "registry pass into it without touching the disk.",
	.example = "  rtbuild export me/rt:1 rt.tar\n"
		   "  rtbuild export --format docker me/rt:1 - | docker load",
	.opts = opts,
	.args_size = sizeof(struct export_args),
	.run = run,
};
