// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/containers.h"
#include "cmd/docker.h"
#include "cmd/docker_format.h"
#include "image/logs.h"

/* docker inspect, logs and wait: what is known of images and containers, in docker's documents. */

bool docker_print(bool *done_out, const char *format, const json_t *doc, struct err *err)
{
	AUTO(buf_free) struct buf line = BUF_INIT(SIZE_MAX / 2);

	*done_out = format != NULL;
	if (!format)
		return true;
	buf_put(&line, "");
	return docker_format(&line, format, doc, err) && session_print(line.ptr, err);
}

/* --- documents --- */

static json_t *copy_or_null(const json_t *value)
{
	return value ? json_deep_copy(value) : json_null();
}

/* Names that the store has for the manifest or index `root`, and its digest by these names. */
static void put_names(json_t *doc, const struct store_list *list, const struct digest *root)
{
	json_t *tags = json_array(), *digests = json_array();
	const char *before = "";

	for (size_t i = 0; i < list->len; i++) {
		const struct store_entry *e = &list->items[i];
		AUTO(auto_free) char *name = NULL;
		struct reference plain = e->reference;

		if (!digest_eq(&e->descriptor.digest, root))
			continue;
		json_array_append_new(tags, json_string(reference_familiar(&e->reference).text));
		plain.tag[0] = '\0';
		plain.has_digest = true;
		plain.digest = *root;
		name = mem_strdup(reference_familiar(&plain).text);
		if (!str_eq(name, before))
			json_array_append_new(digests, json_string(name));
		before = json_string_value(json_array_get(digests, json_array_size(digests) - 1));
	}
	json_object_set_new(doc, "RepoTags", tags);
	json_object_set_new(doc, "RepoDigests", digests);
}

static json_t *image_document(const struct image *img)
{
	const json_t *config = img->config.doc;
	const json_t *diff_ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
	int64_t size = img->manifest.config.size;
	json_t *doc = json_object(), *root = json_object();

	for (size_t i = 0; i < img->manifest.layer_count; i++)
		size += img->manifest.layers[i].size;
	json_object_set_new(doc, "Id",
			    json_string(digest_format(&img->manifest.config.digest).text));
	json_object_set_new(doc, "Created", copy_or_null(json_object_get(config, "created")));
	json_object_set_new(doc, "Config", copy_or_null(json_object_get(config, "config")));
	json_object_set_new(doc, "Architecture",
			    copy_or_null(json_object_get(config, "architecture")));
	json_object_set_new(doc, "Os", copy_or_null(json_object_get(config, "os")));
	json_object_set_new(doc, "Size", json_integer(size));
	json_object_set_new(root, "Type", json_string("layers"));
	json_object_set_new(root, "Layers", copy_or_null(diff_ids));
	json_object_set_new(doc, "RootFS", root);
	return doc;
}

static json_t *container_document(const struct container_record *r)
{
	json_t *doc = json_object(), *state = json_object(), *config = json_object();
	AUTO(auto_free) char *name = mem_printf("/%s", r->name);

	json_object_set_new(doc, "Id", json_string(r->id));
	json_object_set_new(doc, "Created", json_string(clock_format(r->created).text));
	json_object_set_new(doc, "Name", json_string(name));
	json_object_set_new(doc, "Image", json_string(r->image));
	json_object_set_new(state, "Status", json_string(r->running ? "running" : "exited"));
	json_object_set_new(state, "Running", json_boolean(r->running));
	json_object_set_new(state, "ExitCode", json_integer(r->running ? 0 : r->status));
	json_object_set_new(doc, "State", state);
	json_object_set_new(config, "Image", json_string(r->image));
	json_object_set_new(doc, "Config", config);
	return doc;
}

/* --- inspect --- */

struct inspect_args {
	struct str_list names;
	const char *format, *type;
	bool size;
};

/* clang-format off */
static const struct opt inspect_opts[] = {
	OPT_ARGS("NAME",                     struct inspect_args, names,  "containers and images"),
	OPT_TEXT('f', "format", "TEMPLATE",  struct inspect_args, format, "one line each: {{.Field.Field}} and {{json .Field}}"),
	OPT_TEXT(0,   "type", "TYPE",        struct inspect_args, type,   "container or image alone"),
	OPT_FLAG('s', "size",                struct inspect_args, size,   "sizes are there anyway"),
	OPT_END
};
/* clang-format on */

static bool find_container(json_t **out, struct store *store, const char *name, struct err *err)
{
	AUTO(container_record_free) struct container_record record = { 0 };

	if (!containers_find(&record, store, name, err))
		return false;
	*out = container_document(&record);
	return true;
}

static bool find_stored(json_t **out, struct session *s, struct store *store, const char *text,
			struct err *err)
{
	AUTO(image_free) struct image img = { 0 };
	AUTO(store_list_free) struct store_list list = { 0 };
	AUTO(buf_free) struct buf raw = BUF_INIT(LIMIT_MANIFEST);
	AUTO(auto_free) char *name = NULL;
	struct descriptor root;
	struct reference ref;

	if (!docker_image_name(&name, s, text, err) || !reference_parse(&ref, name, err) ||
	    !store_find_image(&img, store, &ref, NULL, err) ||
	    !store_find_root(&raw, &root, store, &ref, err) || !store_images(&list, store, err))
		return false;
	*out = image_document(&img);
	put_names(*out, &list, &root.digest);
	return true;
}

/* A container goes before an image of the same name. */
static bool find_object(json_t **out, struct session *s, struct store *store, const char *name,
			const char *type, struct err *err)
{
	struct err none = { 0 };

	if (type && str_eq(type, "container"))
		return find_container(out, store, name, err);
	if (type && str_eq(type, "image"))
		return find_stored(out, s, store, name, err);
	if (type)
		return err_set(err, E_USAGE, "unknown --type '%s': container or image", type);
	if (find_container(out, store, name, &none))
		return true;
	if (none.code != E_NOT_FOUND) {
		*err = none;
		return false;
	}
	err_clear(&none);
	if (find_stored(out, s, store, name, &none))
		return true;
	if (none.code == E_NOT_FOUND || none.code == E_INPUT)
		return err_set(err, E_NOT_FOUND, "No such object: %s", name);
	*err = none;
	return false;
}

static bool inspect_type(struct session *s, const struct inspect_args *args, const char *type,
			 struct err *err)
{
	AUTO(auto_json_decref) json_t *all = json_array();
	struct store *store;
	bool done = false;

	if (!args->names.len)
		return err_set(err, E_USAGE, "docker inspect takes at least one name");
	if (!session_store(&store, s, err))
		return false;
	for (size_t i = 0; i < args->names.len; i++) {
		json_t *doc;

		if (!find_object(&doc, s, store, args->names.items[i], type, err))
			return false;
		json_array_append_new(all, doc);
		if (!docker_print(&done, args->format, doc, err))
			return false;
	}
	return done || session_print_json(all, err);
}

static bool inspect(struct session *s, void *arg, struct err *err)
{
	const struct inspect_args *args = arg;

	return inspect_type(s, args, args->type, err);
}

static bool inspect_image(struct session *s, void *arg, struct err *err)
{
	return inspect_type(s, arg, "image", err);
}

static bool inspect_container(struct session *s, void *arg, struct err *err)
{
	return inspect_type(s, arg, "container", err);
}

const struct cmd docker_inspect =
	DOCKER_VERB("inspect", "show what is known of containers and images", inspect_opts,
		    struct inspect_args, inspect);
const struct cmd docker_image_inspect =
	DOCKER_VERB("inspect", "show what is known of images", inspect_opts, struct inspect_args,
		    inspect_image);
const struct cmd docker_container_inspect =
	DOCKER_VERB("inspect", "show what is known of containers", inspect_opts,
		    struct inspect_args, inspect_container);

/* --- logs, wait --- */

struct logs_args {
	const char *name;
	bool follow;
};

struct wait_args {
	struct str_list names;
};

/* clang-format off */
static const struct opt logs_opts[] = {
	OPT_ARG("CONTAINER",    struct logs_args, name,   "its name, or the beginning of its ID"),
	OPT_FLAG('f', "follow", struct logs_args, follow, "go on until it ends"),
	OPT_END
};

static const struct opt wait_opts[] = {
	OPT_ARGS("CONTAINER", struct wait_args, names, "their names or IDs"),
	OPT_END
};
/* clang-format on */

static bool drop(struct sink *self, const void *data, size_t len, struct err *err)
{
	(void)self, (void)data, (void)len, (void)err;
	return true;
}

static bool dropped(struct sink *self, struct err *err)
{
	(void)self, (void)err;
	return true;
}

/* What a container writes, and -1 or the status it ended with. */
static bool copy_log(int *status_out, struct store *store, const char *name, bool follow,
		     struct sink *to, struct err *err)
{
	AUTO(container_record_free) struct container_record record = { 0 };

	return containers_find(&record, store, name, err) &&
	       (*record.log ||
		err_set(err, E_NOT_FOUND, "container %s has only just begun", name)) &&
	       log_copy(store, record.log, follow, to, status_out, err);
}

static bool logs(struct session *s, void *arg, struct err *err)
{
	const struct logs_args *args = arg;
	struct sink_fd out = sink_fd(STDOUT_FILENO);
	struct store *store;
	int status;

	return session_store(&store, s, err) &&
	       copy_log(&status, store, args->name, args->follow, &out.sink, err);
}

/* The log tells it also of a container that --rm has forgotten by then. */
static bool wait_for(struct session *s, void *arg, struct err *err)
{
	const struct wait_args *args = arg;
	struct sink nowhere = { .write = drop, .finish = dropped };
	struct store *store;

	if (!docker_named(&store, s, &args->names, err))
		return false;
	for (size_t i = 0; i < args->names.len; i++) {
		AUTO(auto_free) char *line = NULL;
		int status;

		if (!copy_log(&status, store, args->names.items[i], true, &nowhere, err))
			return false;
		line = mem_printf("%d", status < 0 ? 137 : status);
		if (!session_print(line, err))
			return false;
	}
	return true;
}

const struct cmd docker_logs =
	DOCKER_VERB("logs", "show what a container has written", logs_opts, struct logs_args, logs);
const struct cmd docker_wait =
	DOCKER_VERB("wait", "wait until containers end; print their statuses", wait_opts,
		    struct wait_args, wait_for);
