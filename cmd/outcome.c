// SPDX-License-Identifier: Apache-2.0
#include "cmd/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/destination.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Results of build and push: one line, or one document, and files for scripts. */

bool outcome_print_check(const char *print, struct err *err)
{
	if (!print || str_eq(print, "ref") || str_eq(print, "tag") || str_eq(print, "digest"))
		return true;
	return err_set(err, E_USAGE, "unknown --print '%s': ref, tag or digest", print);
}

bool outcome_files_check(const struct outcome_files *files, struct err *err)
{
	const struct {
		const char *option, *path;
	} all[] = {
		{ "iidfile", files->iidfile },
		{ "digestfile", files->digestfile },
		{ "image-refs", files->image_refs },
		{ "metadata-file", files->metadata_file },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i].path && !destination_check(all[i].path, err))
			return err_wrap(err, "--%s", all[i].option);
	return true;
}

/* name@sha256:... : the tag is left out, since a digest says it all and docker takes both only of
 * late. */
static char *pinned(const struct reference *ref, const struct digest *digest)
{
	struct reference plain = *ref;
	struct digest_text text = digest_format(digest);
	struct reference_text name;

	plain.tag[0] = '\0';
	plain.has_digest = false;
	name = reference_familiar(&plain);
	return mem_printf("%s@%s", name.text, text.text);
}

static bool write_text(const char *path, const char *text, struct err *err)
{
	return !path || fs_write_path_atomic(path, text, strlen(text), 0644, err);
}

static void put_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

/* As BuildKit describes what it exported: the config's digest and age stand beside it. */
static json_t *descriptor_annotations(const struct image *img)
{
	json_t *notes = json_object();
	int64_t created = config_created(&img->config);

	put_text(notes, "config.digest", digest_format(&img->manifest.config.digest).text);
	if (created)
		put_text(notes, "org.opencontainers.image.created", clock_format(created).text);
	return notes;
}

static json_t *descriptor_json(const struct artifact *a)
{
	struct descriptor root = artifact_root(a);
	json_t *d = json_object();

	put_text(d, "mediaType", root.media_type);
	put_text(d, "digest", digest_format(&root.digest).text);
	json_object_set_new(d, "size", json_integer((json_int_t)root.size));
	if (a->is_index)
		return d;
	json_object_set_new(d, "annotations", descriptor_annotations(&a->images[0]));
	json_object_set_new(d, "platform", platform_type.encode(&platform_type, &root.platform));
	return d;
}

/* buildx names a record of the builder's by it; here it is the same for the same result. */
static void put_build_ref(json_t *doc, const struct digest *digest)
{
	AUTO(auto_free) char *ref = mem_printf("rtbuild/rtbuild0/%.25s", digest_hex(digest).text);

	put_text(doc, "buildx.build.ref", ref);
}

/* buildx's --metadata-file keys. */
static json_t *metadata(const struct outcome *o)
{
	AUTO(buf_free) struct buf names = BUF_INIT(LIMIT_SETTINGS_FILE);
	struct descriptor root = artifact_root(o->artifact);
	json_t *doc = json_object();

	for (size_t i = 0; i < o->ref_count; i++) {
		struct reference_text name = reference_format(&o->refs[i]);

		buf_putf(&names, "%s%s", i ? "," : "", name.text);
	}
	put_build_ref(doc, &root.digest);
	if (!o->artifact->is_index)
		put_text(doc, "containerimage.config.digest",
			 digest_format(&o->artifact->images[0].manifest.config.digest).text);
	json_object_set_new(doc, "containerimage.descriptor", descriptor_json(o->artifact));
	put_text(doc, "containerimage.digest", digest_format(&root.digest).text);
	if (o->ref_count)
		put_text(doc, "image.name", names.ptr);
	return doc;
}

/* docker's image ID is the config's digest; of several platforms there is no such one, and buildx
 * writes the index's. */
static struct digest image_id(const struct artifact *a)
{
	return a->is_index ? a->index.digest : a->images[0].manifest.config.digest;
}

static bool write_files(const struct outcome *o, struct err *err)
{
	AUTO(buf_free) struct buf lines = BUF_INIT(LIMIT_SETTINGS_FILE);
	const struct outcome_files *files = o->files;
	struct descriptor root = artifact_root(o->artifact);
	struct digest id = image_id(o->artifact);
	AUTO(auto_json_decref) json_t *doc = metadata(o);
	AUTO(auto_free) char *text = json_text_pretty(doc, NULL);

	for (size_t i = 0; i < o->ref_count; i++) {
		AUTO(auto_free) char *line = pinned(&o->refs[i], &root.digest);

		buf_putf(&lines, "%s\n", line);
	}
	return write_text(files->iidfile, digest_format(&id).text, err) &&
	       write_text(files->digestfile, digest_format(&root.digest).text, err) &&
	       write_text(files->image_refs, lines.ptr ? lines.ptr : "", err) &&
	       write_text(files->metadata_file, text, err);
}

static json_t *document(const struct outcome *o)
{
	json_t *doc = metadata(o), *list = json_array();
	struct descriptor root = artifact_root(o->artifact);

	for (size_t i = 0; i < o->ref_count; i++) {
		AUTO(auto_free) char *line = pinned(&o->refs[i], &root.digest);
		json_t *item = json_object();

		put_text(item, "reference", line);
		put_text(item, "tag", reference_familiar(&o->refs[i]).text);
		json_array_append_new(list, item);
	}
	json_object_set_new(doc, "references", list);
	if (o->extension)
		json_object_set(doc, "extension", o->extension);
	if (o->verified)
		put_text(doc, "verified", o->verified);
	return doc;
}

bool outcome_write(struct session *s, const struct outcome *o, struct err *err)
{
	AUTO(auto_free) char *line = NULL;
	struct descriptor root = artifact_root(o->artifact);

	if (!write_files(o, err) || o->stdout_taken)
		return err->code == E_NONE;
	if (!o->ref_count || (o->print && str_eq(o->print, "digest")))
		line = mem_strdup(digest_format(&root.digest).text);
	else if (o->print && str_eq(o->print, "tag"))
		line = mem_strdup(reference_familiar(&o->refs[0]).text);
	else
		line = pinned(&o->refs[0], &root.digest);
	return session_result(s, s->options.json ? document(o) : NULL, line, err);
}

bool outcome_write_image(struct session *s, const struct image *img, const struct reference *ref,
			 const struct outcome_files *files, struct err *err)
{
	struct image borrowed = *img;
	const struct artifact one = { .images = &borrowed, .count = 1 };

	return outcome_write(
		s,
		&(struct outcome){ .artifact = &one, .refs = ref, .ref_count = 1, .files = files },
		err);
}
