// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/destination.h"
#include "base/mem.h"
#include "builder/rootfs.h"
#include "cmd/find.h"
#include "cmd/output.h"
#include "registry/archive_write.h"
#include "registry/push.h"

/* Giving away what was built. The interface is in output.h. */

struct delivery {
	struct outputs *all;
	struct session *s;
	struct store *store;
	struct artifact *a;
	bool is_new; /* the store did not know it: no registry will, unless another machine's did */
};

/* Like docker's dangling image: found by its digest. */
static bool name_by_digest(struct delivery *d, struct output *o, struct err *err)
{
	struct descriptor root = artifact_root(d->a);
	AUTO(auto_free) char *name = mem_printf("untagged:%.12s", digest_hex(&root.digest).text);

	o->names = mem_alloc(sizeof(*o->names));
	o->name_count = 1;
	if (!reference_parse(&o->names[0], name, err))
		return false;
	if (!d->all->name_count) {
		d->all->names = mem_dup(o->names, sizeof(*o->names));
		d->all->name_count = 1;
	}
	return true;
}

/* The names of one repository: what is sent is sent once, and then tagged. `first` is the first of
 * them, `before` what holds the layers since a moment ago (NULL: nothing does). */
static bool push_repository(struct delivery *d, const struct output *o, size_t first,
			    const struct reference *before, struct err *err)
{
	AUTO(str_list_free) struct str_list more = { 0 };
	const struct reference *ref = &o->names[first];
	const struct push_options opt = { .mount_from = before, .is_new = d->is_new };
	struct registry *registry;

	if (!session_registry(&registry, d->s, err))
		return false;
	for (size_t i = first + 1; i < o->name_count; i++)
		if (reference_same_repository(&o->names[i], ref))
			str_list_push(&more, o->names[i].tag);
	return d->a->is_index ? registry_push_index(registry, &d->a->index, d->a->images,
						    d->a->count, ref, &more, &opt, err)
			      : registry_push(registry, &d->a->images[0], ref, &more, &opt, err);
}

static bool push(struct delivery *d, const struct output *o, struct err *err)
{
	const struct reference *before = NULL;

	for (size_t i = 0; i < o->name_count; i++) {
		bool done = false;

		for (size_t k = 0; k < i; k++)
			done = done || reference_same_repository(&o->names[k], &o->names[i]);
		if (done)
			continue;
		if (!push_repository(d, o, i, before, err))
			return false;
		before = &o->names[i];
	}
	return true;
}

static bool keep(struct delivery *d, struct output *o, struct err *err)
{
	if (!o->name_count && !name_by_digest(d, o, err))
		return false;
	for (size_t i = 0; i < o->name_count; i++)
		if (!artifact_put(d->a, d->store, &o->names[i], err))
			return false;
	return !o->push || push(d, o, err);
}

static bool archive(struct delivery *d, const struct output *o, struct err *err)
{
	struct descriptor root = artifact_root(d->a);
	const struct archive_root one = { .media_type = root.media_type,
					  .raw = artifact_raw(d->a),
					  .raw_len = (size_t)root.size,
					  .platform = root.platform,
					  .names = o->names,
					  .name_count = o->name_count };
	const struct archive_request request = {
		.format = o->kind == OUTPUT_DOCKER ? ARCHIVE_DOCKER : ARCHIVE_OCI,
		.roots = &one,
		.root_count = 1,
		.blobs = &d->a->blobs.source,
	};

	if (!artifact_put_documents(d->a, d->store, err))
		return false;
	return o->as_layout ? archive_write_layout(o->dest, &request, err)
			    : archive_write_file(o->dest, &request, err);
}

/* As buildx: linux_amd64, linux_arm_v7. */
static char *platform_directory(const struct platform *p)
{
	char *name = mem_strdup(platform_format(p).text);

	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '_';
	return name;
}

static bool write_parts(struct delivery *d, const struct output *o, const struct rootfs_part *parts,
			struct err *err)
{
	AUTO(destination_close) struct destination to = DESTINATION_INIT;

	if (o->kind == OUTPUT_LOCAL)
		return rootfs_write_dir(o->dest, d->store, parts, d->a->count, err);
	return destination_open(&to, o->dest, err) &&
	       (rootfs_write_tar(&to.sink.sink, d->store, parts, d->a->count, err) ||
		err_wrap(err, "%s", o->dest)) &&
	       destination_commit(&to, err);
}

static bool files(struct delivery *d, const struct output *o, struct err *err)
{
	AUTO(auto_free)
	struct rootfs_part *parts = mem_alloc(d->a->count * sizeof(*parts));
	AUTO(str_list_free) struct str_list names = { 0 };

	for (size_t i = 0; i < d->a->count; i++) {
		if (!fetch_layers(d->s, &d->a->images[i], err))
			return false;
		str_list_push_take(&names, d->a->is_index ? platform_directory(&d->a->platforms[i])
							  : mem_strdup(""));
	}
	for (size_t i = 0; i < d->a->count; i++)
		parts[i] = (struct rootfs_part){ &d->a->images[i], names.items[i] };
	return write_parts(d, o, parts, err);
}

static bool bundle(struct delivery *d, const struct output *o, struct err *err)
{
	struct bundle_request *req = d->all->bundle;

	req->image = &d->a->images[0];
	req->store = d->store;
	return fetch_layers(d->s, req->image, err) && artifact_put_documents(d->a, d->store, err) &&
	       bundle_write(o->dest, req, d->s->events, err);
}

static bool deliver(struct delivery *d, struct output *o, struct err *err)
{
	switch (o->kind) {
	case OUTPUT_STORE:
		return keep(d, o, err);
	case OUTPUT_REGISTRY:
		return push(d, o, err);
	case OUTPUT_OCI:
	case OUTPUT_DOCKER:
		return archive(d, o, err);
	case OUTPUT_TAR:
	case OUTPUT_LOCAL:
		return files(d, o, err);
	case OUTPUT_BUNDLE:
		return bundle(d, o, err);
	case OUTPUT_CACHEONLY:
		return true;
	}
	abort();
}

static bool deliver_shown(struct delivery *d, struct output *o, struct err *err)
{
	uint64_t task;

	if (!o->dest)
		return deliver(d, o, err);
	task = event_start(d->s->events, "write %s",
			   str_eq(o->dest, "-") ? "to standard output" : o->dest);
	if (!deliver(d, o, err)) {
		event_failed(d->s->events, task);
		return false;
	}
	event_done(d->s->events, task, NULL);
	return true;
}

bool outputs_write(struct outputs *o, struct session *s, struct artifact *a, struct err *err)
{
	struct delivery d = { .all = o, .s = s, .a = a };

	struct descriptor root = artifact_root(a);

	if (!session_store(&d.store, s, err))
		return false;
	d.is_new = !store_has_blob(d.store, &root.digest, root.size);
	for (size_t i = 0; i < o->len; i++)
		if (!deliver_shown(&d, &o->items[i], err))
			return false;
	return true;
}
