// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_zip.h"

#include <stdlib.h>

#include "base/fs.h"
#include "base/mem.h"
#include "cmd/backends.h"
#include "runtime/function_zip.h"
#include "runtime/layer_zip.h"
#include "runtime/target.h"

/* Command-line words to a function zip. */

static bool only_name(const char **out, const struct zip_build *want, struct err *err)
{
	*out = NULL;
	for (size_t i = 0; i < ARRAY_LEN(want->names); i++)
		for (size_t k = 0; k < want->names[i]->len; k++) {
			if (*out)
				return err_set(err, E_USAGE, "a zip has one name: '%s' or '%s'",
					       *out, want->names[i]->items[k]);
			*out = want->names[i]->items[k];
		}
	return true;
}

static bool read_request(struct function_zip_request *out, struct map *settings,
			 struct python_profile *target, const struct zip_build *want,
			 struct err *err)
{
	AUTO(auto_free) struct platform *platforms = NULL;
	size_t platform_count;

	*out = (struct function_zip_request){
		.runtime = { .table = want->table,
			     .backend = want->backend,
			     .python = want->python,
			     .lithops = want->lithops,
			     .libc = want->libc,
			     .precompile = want->precompile,
			     .requirements = want->requirements,
			     },
		.settings = settings,
	};
	if (!only_name(&out->name, want, err) ||
	    !backends_settings(settings, want->settings, err) ||
	    !installer_of(&out->runtime.installer, want->backend, want->installer, err) ||
	    !session_platforms(&platforms, &platform_count, want->platforms, err))
		return false;
	out->runtime.platform = platforms[0];
	if (want->python_target &&
	    !runtime_request_target(&out->runtime, target, want->python_target,
				    want->platforms->len > 0, err))
		return false;
	return platform_count == 1 ||
	       err_set(err, E_USAGE, "--backend %s is built for one platform", want->backend->name);
}

json_t *build_zip_document(const struct zip_file *zip, const char *path)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "path", json_string(path));
	json_object_set_new(doc, "files", json_integer((json_int_t)zip->files));
	json_object_set_new(doc, "size", json_integer((json_int_t)zip->packed));
	json_object_set_new(doc, "unpacked", json_integer((json_int_t)zip->unpacked));
	json_object_set_new(doc, "digest", json_string(digest_format(&zip->digest).text));
	/* by tags, markers and ELF headers: no Python of its platform is here to run */
	json_object_set_new(doc, "verified", json_string("static"));
	json_object_set_new(doc, "content_digest", json_string(digest_format(&zip->content).text));
	return doc;
}

/* What a layer has no place for. */
static bool check_layer(const struct zip_build *want, const struct function_zip_request *req,
			struct err *err)
{
	const char *other = want->settings->len ? "setting" : want->lithops ? "lithops" : NULL;

	if (other)
		return err_set(err, E_USAGE, "--%s: a layer holds packages alone", other);
	if (req->runtime.installer != INSTALLER_PIP)
		return true;
	err_set(err, E_USAGE, "the packages of %s cannot be installed by 'pip'",
		want->backend->name);
	return err_hint(err, "it has wheels");
}

/* A zip on standard output has it to itself. */
static bool check_stdout(bool to_stdout, const struct session *s, struct err *err)
{
	return !to_stdout || !s->options.json ||
	       err_set(err, E_USAGE, "--json, and the zip goes to standard output");
}

static bool show(struct session *s, const struct zip_file *zip, const char *path, struct err *err)
{
	return session_result(s, s->options.json ? build_zip_document(zip, path) : NULL, path, err);
}

/* As `rtbuild layer` makes it; that has more to say about it. */
static bool build_layer(struct session *s, const struct zip_build *want,
			const struct function_zip_request *req, struct err *err)
{
	AUTO(layer_zips_free) struct layer_zips zips = { 0 };
	AUTO(auto_free) char *own = req->name ? mem_printf("%s.zip", fs_basename(req->name)) : NULL;
	const char *path = want->outputs->len ? want->outputs->items[0] : own ? own : "layer.zip";

	bool to_stdout = session_is_stdout(path);

	return check_layer(want, req, err) && check_stdout(to_stdout, s, err) &&
	       layer_zip_write(&zips, &req->runtime, path, false, s->events, err) &&
	       (to_stdout || show(s, &zips.items[0].zip, path, err));
}

bool build_zip_is_made(const struct backend *b)
{
	return b->zip.name || str_eq(b->artifact, "layer");
}

bool build_zip(struct session *s, const struct zip_build *want, struct err *err)
{
	AUTO(map_free) struct map settings = MAP_TEXT;
	AUTO(python_profile_free) struct python_profile target = { 0 };
	AUTO(wheel_sources_free) struct wheel_sources sources = { 0 };
	AUTO(auto_free) char *own_path = NULL;
	struct function_zip_request req;
	struct zip_file zip;
	const char *path;
	bool to_stdout;

	if (want->outputs->len > 1)
		return err_set(err, E_USAGE, "a zip is written to one file: '%s' or '%s'",
			       want->outputs->items[0], want->outputs->items[1]);
	if (!read_request(&req, &settings, &target, want, err) ||
	    !wheel_sources_make(&sources, s, want->wheels, err))
		return false;
	req.runtime.find_links = &sources.find_links;
	req.runtime.indexes = &sources.indexes;
	if (!want->backend->zip.name)
		return build_layer(s, want, &req, err);
	if (!want->outputs->len && !function_zip_name(&own_path, &req, err))
		return false;
	path = own_path ? own_path : want->outputs->items[0];
	to_stdout = session_is_stdout(path);
	return check_stdout(to_stdout, s, err) &&
	       function_zip_write(&zip, &req, path, s->events, err) &&
	       (to_stdout || show(s, &zip, path, err));
}
