// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/copying.h"
#include "layers/tar_file.h"
#include "registry/archive_file.h"
#include "registry/archive_names.h"

/* rtbuild import: the images of an archive into the store. */

struct import_args {
	const char *file;
	struct str_list tags, platforms;
	bool plan;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("FILE",                   struct import_args, file,      "an OCI archive, or what docker save wrote; also compressed; - is standard input"),
	OPT_LIST('t', "tag", "NAME",      struct import_args, tags,      "under this name (default: those in the archive)"),
	OPT_LIST(0,   "platform", "LIST", struct import_args, platforms, "these images of an index alone"),
	OPT_FLAG(0,   "plan",             struct import_args, plan,      "only list what is in it"),
	OPT_END
};
/* clang-format on */

struct importing {
	struct session *s;
	const struct import_args *args;
	struct copy_options options;
	struct tar_file *file;
	enum place_kind kind;
	json_t *list;
	struct buf lines;
};

static void importing_free(struct importing *m)
{
	tar_file_close(m->file);
	json_decref(m->list);
	buf_free(&m->lines);
}

/* One image of the archive, `name` NULL: its only one, under one name of the store. */
static bool import_one(struct importing *m, const char *name, const char *as, struct err *err)
{
	AUTO(place_free) struct place from = { .kind = m->kind };
	AUTO(place_free) struct place to = { .kind = PLACE_STORE };
	AUTO(auto_reader_close) struct reader *reader = NULL;
	AUTO(auto_writer_close) struct writer *writer = NULL;
	AUTO(copy_result_free) struct copy_result result = { 0 };
	AUTO(auto_free) char *line = NULL;
	struct tar_file *again;
	struct str_list names = { 0 };
	char *tag;

	from.path = mem_strdup(m->args->file);
	from.name = name ? mem_strdup(name) : NULL;
	if (!reference_parse(&to.reference, as, err))
		return false;
	if (to.reference.has_digest)
		return err_set(err, E_USAGE, "'%s' is a digest, not a name", as);
	reference_default_tag(&to.reference);
	tag = to.reference.tag;
	names = (struct str_list){ .items = &tag, .len = 1 };
	if (!tar_file_again(&again, m->file, err) ||
	    !copying_archive_reader(&reader, m->s, &from, again, err) ||
	    !copying_writer(&writer, m->s, &to, err) ||
	    !copy_image(&result, reader, writer, &names, &m->options, m->s->events, err))
		return false;
	copying_notes(m->s, &result, writer, true);
	line = copying_pinned(&to, &result.digest);
	buf_putf(&m->lines, "%s%s", m->lines.len ? "\n" : "", line);
	json_array_append_new(m->list, copying_json(&result, &from, &to, &names, m->args->plan));
	return true;
}

static bool say_which(const struct str_list *names, size_t unnamed, struct err *err)
{
	AUTO(buf_free) struct buf list = BUF_INIT(ERR_HINT_MAX);
	struct err full = { 0 };

	for (size_t i = 0; i < names->len; i++) {
		AUTO(auto_free)
		char *safe = str_printable(names->items[i], strlen(names->items[i]), 100);

		if (!buf_printf(&list, &full, "%s%s", i ? ", " : "", safe))
			break;
	}
	err_set(err, E_USAGE, "--tag is for one image, the archive holds %zu",
		names->len + unnamed);
	return err_hint(err, "rtbuild copy takes one of them: %s", list.ptr);
}

static bool import_all(struct importing *m, const struct str_list *names, size_t unnamed,
		       struct err *err)
{
	const struct str_list *tags = &m->args->tags;
	bool several = names->len + unnamed > 1;

	for (size_t i = 0; i < tags->len; i++) {
		/* Several names of one image are one image: the reader tells. */
		struct err why = { 0 };

		if (import_one(m, NULL, tags->items[i], &why))
			continue;
		if (why.code == E_USAGE && several)
			return say_which(names, unnamed, err);
		*err = why;
		return false;
	}
	for (size_t i = 0; !tags->len && i < names->len; i++) {
		if (!strpbrk(names->items[i], "/:")) {
			err_set(err, E_USAGE, "the archive calls its image '%s', a tag alone",
				names->items[i]);
			return err_hint(err, "--tag NAME:%s names it", names->items[i]);
		}
		if (!import_one(m, names->items[i], names->items[i], err))
			return false;
	}
	if (!tags->len && !names->len) {
		err_set(err, E_USAGE, "the image of the archive has no name");
		return err_hint(err, "--tag NAME gives it one");
	}
	if (!tags->len && unnamed)
		event_note(m->s->events, "%zu images without a name were left", unnamed);
	return true;
}

static bool run_archive(struct importing *m, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct store *store;
	size_t unnamed;

	return session_store(&store, m->s, err) &&
	       archive_file_open(&m->file, m->args->file, store, err) &&
	       archive_file_kind(&m->kind, m->file, err) &&
	       archive_file_names(&names, &unnamed, m->kind, m->file, err) &&
	       import_all(m, &names, unnamed, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct import_args *args = arg;
	AUTO(auto_free) struct platform *platforms = NULL;
	AUTO(importing_free)
	struct importing m = {
		.s = s, .args = args, .list = json_array(), .lines = BUF_INIT(SIZE_MAX / 2)
	};
	json_t *doc;

	m.options.plan = args->plan;
	if (!copying_platforms(&platforms, &m.options.platform_count, &args->platforms, err))
		return false;
	m.options.platforms = platforms;
	if (!run_archive(&m, err))
		return err_wrap(err, "%s", args->file);
	doc = json_object();
	json_object_set(doc, "images", m.list);
	json_object_set_new(doc, "plan", json_boolean(args->plan));
	return session_result(s, doc, m.lines.ptr, err);
}

const struct cmd cmd_import = {
	.name = "import",
	.summary = "take the images of an archive into the store",
	.about = "OCI archives keep their digests. The plain layers of docker's archives are "
		 "compressed on the way, so these get a new manifest; the image id stays.",
	.example = "  docker save me/rt:1 | rtbuild import -\n"
		   "  rtbuild import -t me/rt:1 rt.oci.tar",
	.opts = opts,
	.args_size = sizeof(struct import_args),
	.run = run,
};
