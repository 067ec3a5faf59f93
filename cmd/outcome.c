// SPDX-License-Identifier: Apache-2.0
#include "cmd/outcome.h"

#include <stdlib.h>
#include <string.h>

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

static json_t *descriptor_json(const struct image *img)
{
	struct digest_text digest = digest_format(&img->manifest.digest);
	json_t *d = json_object();

	json_object_set_new(d, "mediaType", json_string(img->manifest.media_type));
	json_object_set_new(d, "digest", json_string(digest.text));
	json_object_set_new(d, "size", json_integer((json_int_t)img->manifest.raw_len));
	return d;
}

/* buildx's --metadata-file keys. */
static json_t *metadata(const struct image *img, const struct reference *refs, size_t count)
{
	AUTO(buf_free) struct buf names = BUF_INIT(LIMIT_SETTINGS_FILE);
	struct digest_text digest = digest_format(&img->manifest.digest);
	struct digest_text config = digest_format(&img->manifest.config.digest);
	json_t *doc = json_object();

	for (size_t i = 0; i < count; i++) {
		struct reference_text name = reference_format(&refs[i]);

		buf_putf(&names, "%s%s", i ? "," : "", name.text);
	}
	json_object_set_new(doc, "containerimage.config.digest", json_string(config.text));
	json_object_set_new(doc, "containerimage.descriptor", descriptor_json(img));
	json_object_set_new(doc, "containerimage.digest", json_string(digest.text));
	json_object_set_new(doc, "image.name", json_string(names.ptr));
	return doc;
}

static bool write_files(const struct image *img, const struct reference *refs, size_t count,
			const struct outcome_files *files, struct err *err)
{
	AUTO(buf_free) struct buf lines = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_json_decref) json_t *doc = metadata(img, refs, count);
	AUTO(auto_free) char *text = json_text_pretty(doc, NULL);

	for (size_t i = 0; i < count; i++) {
		AUTO(auto_free) char *line = pinned(&refs[i], &img->manifest.digest);

		buf_putf(&lines, "%s\n", line);
	}
	return write_text(files->iidfile, digest_format(&img->manifest.config.digest).text, err) &&
	       write_text(files->digestfile, digest_format(&img->manifest.digest).text, err) &&
	       write_text(files->image_refs, lines.ptr, err) &&
	       write_text(files->metadata_file, text, err);
}

static json_t *document(const struct image *img, const struct reference *refs, size_t count)
{
	json_t *doc = metadata(img, refs, count), *list = json_array();

	for (size_t i = 0; i < count; i++) {
		AUTO(auto_free) char *line = pinned(&refs[i], &img->manifest.digest);
		struct reference_text name = reference_familiar(&refs[i]);
		json_t *item = json_object();

		json_object_set_new(item, "reference", json_string(line));
		json_object_set_new(item, "tag", json_string(name.text));
		json_array_append_new(list, item);
	}
	json_object_set_new(doc, "references", list);
	return doc;
}

bool outcome_write(struct session *s, const struct image *img, const struct reference *refs,
		   size_t count, const struct outcome_files *files, const char *print,
		   struct err *err)
{
	AUTO(auto_free) char *line = NULL;

	if (!write_files(img, refs, count, files, err))
		return false;
	if (print && str_eq(print, "tag"))
		line = mem_strdup(reference_familiar(&refs[0]).text);
	else if (print && str_eq(print, "digest"))
		line = mem_strdup(digest_format(&img->manifest.digest).text);
	else
		line = pinned(&refs[0], &img->manifest.digest);
	return session_result(s, s->options.json ? document(img, refs, count) : NULL, line, err);
}
