// SPDX-License-Identifier: Apache-2.0
#include "sandbox/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/limits.h"
#include "base/mem.h"

/* Requests as bytes. */

static void encode_layers(struct message *w, const struct sandbox_layer *layers, size_t count)
{
	message_put_number(w, count);
	for (size_t i = 0; i < count; i++)
		message_put_bytes(w, layers[i].diff_id.bytes, SHA256_SIZE);
}

static void encode_mount(struct message *w, const struct sandbox_mount *m)
{
	message_put_number(w, m->kind);
	message_put_text(w, m->source);
	message_put_text(w, m->target);
	message_put_number(w, m->read_only);
	encode_layers(w, m->layers, m->layer_count);
	message_put_text(w, m->name);
	message_put_number(w, m->sharing);
	message_put_number(w, m->size);
	message_put_number(w, m->mode);
	message_put_number(w, m->uid);
	message_put_number(w, m->gid);
	message_put_bytes(w, m->data, m->len);
	message_put_number(w, m->secret);
}

static void encode_limits(struct message *w, const struct request *r)
{
	message_put_number(w, r->limit_count);
	for (size_t i = 0; i < r->limit_count; i++) {
		message_put_number(w, (uint64_t)r->limits[i].resource);
		message_put_number(w, r->limits[i].soft);
		message_put_number(w, r->limits[i].hard);
	}
}

void request_encode(struct message *w, const struct request *r)
{
	message_put_number(w, r->op);
	message_put_text(w, r->store);
	message_put_number(w, r->isolation);
	encode_layers(w, r->layers, r->layer_count);
	message_put_number(w, r->compression);
	message_put_text(w, r->path);
	message_put_list(w, r->argv);
	message_put_list(w, r->env);
	message_put_text(w, r->cwd);
	message_put_text(w, r->user);
	message_put_number(w, r->own_ids);
	message_put_text(w, r->hostname);
	message_put_number(w, r->network);
	message_put_number(w, r->insecure);
	message_put_text(w, r->hosts);
	message_put_number(w, r->shm_size);
	encode_limits(w, r);
	message_put_number(w, r->want_diff);
	message_put_number(w, r->dry_run);
	message_put_number(w, r->mount_count);
	for (size_t i = 0; i < r->mount_count; i++)
		encode_mount(w, &r->mounts[i]);
}

static bool decode_layers(const struct sandbox_layer **out, size_t *count_out, struct arena *arena,
			  struct message *w, struct err *err)
{
	struct sandbox_layer *layers;
	uint64_t count;

	if (!message_number(&count, w, w->body.len / SHA256_SIZE, err))
		return false;
	layers = ARENA_ARRAY(arena, struct sandbox_layer, count + 1);
	for (uint64_t i = 0; i < count; i++) {
		const void *bytes;
		size_t len;

		if (!message_bytes(&bytes, &len, w, err))
			return false;
		if (len != SHA256_SIZE)
			return err_set(err, E_INTEGRITY, "a diff id of %zu bytes", len);
		layers[i].diff_id = digest_from_hash(bytes);
	}
	*out = layers;
	*count_out = count;
	return true;
}

/* Every kind has all members: those that mean nothing to it are empty. */
static bool decode_mount(struct sandbox_mount *m, struct arena *arena, struct message *w,
			 struct err *err)
{
	uint64_t kind, read_only, sharing, mode, uid, gid, secret;

	if (!message_number(&kind, w, SANDBOX_SOCKET, err) ||
	    !message_text_or_null(&m->source, w, err) || !message_text(&m->target, w, err) ||
	    !message_number(&read_only, w, 1, err) ||
	    !decode_layers(&m->layers, &m->layer_count, arena, w, err) ||
	    !message_text_or_null(&m->name, w, err) ||
	    !message_number(&sharing, w, SHARING_LOCKED, err) ||
	    !message_number(&m->size, w, UINT64_MAX, err) ||
	    !message_number(&mode, w, 07777, err) || !message_number(&uid, w, LIMIT_ID, err) ||
	    !message_number(&gid, w, LIMIT_ID, err) || !message_bytes(&m->data, &m->len, w, err) ||
	    !message_number(&secret, w, 1, err))
		return false;
	m->secret = secret;
	m->kind = kind;
	m->read_only = read_only;
	m->sharing = (enum sandbox_sharing)sharing;
	m->mode = (uint32_t)mode;
	m->uid = (uint32_t)uid;
	m->gid = (uint32_t)gid;
	return true;
}

static bool decode_mounts(struct request *out, struct message *w, struct err *err)
{
	uint64_t count;

	if (!message_number(&count, w, LIMIT_SANDBOX_MOUNTS, err))
		return false;
	out->mounts = ARENA_ARRAY(&out->arena, struct sandbox_mount, count + 1);
	for (; out->mount_count < count; out->mount_count++)
		if (!decode_mount(&out->mounts[out->mount_count], &out->arena, w, err))
			return false;
	return true;
}

static bool decode_limits(struct request *out, struct message *w, struct err *err)
{
	struct sandbox_limit *limits;
	uint64_t count, resource;

	if (!message_number(&count, w, RLIM_NLIMITS, err))
		return false;
	limits = ARENA_ARRAY(&out->arena, struct sandbox_limit, count + 1);
	for (; out->limit_count < count; out->limit_count++) {
		struct sandbox_limit *limit = &limits[out->limit_count];

		if (!message_number(&resource, w, RLIM_NLIMITS - 1, err) ||
		    !message_number(&limit->soft, w, UINT64_MAX, err) ||
		    !message_number(&limit->hard, w, UINT64_MAX, err))
			return false;
		limit->resource = (int)resource;
	}
	out->limits = limits;
	return true;
}

bool request_decode(struct request *out, struct message *w, struct err *err)
{
	uint64_t op, isolation, compression, own_ids, network, insecure, want_diff, dry_run;
	const char **argv = NULL, **env = NULL;
	bool ok;

	*out = (struct request){ 0 };
	ok = message_number(&op, w, REQUEST_OPS - 1, err) && message_text(&out->store, w, err) &&
	     message_number(&isolation, w, ISOLATION_CHROOT, err) &&
	     decode_layers(&out->layers, &out->layer_count, &out->arena, w, err) &&
	     message_number(&compression, w, COMPRESSION_ZSTD, err) &&
	     message_text_or_null(&out->path, w, err) && message_list(&argv, w, err);
	out->argv = argv;
	ok = ok && message_list(&env, w, err);
	out->env = env;
	ok = ok && message_text(&out->cwd, w, err) && message_text(&out->user, w, err) &&
	     message_number(&own_ids, w, 1, err) && message_text(&out->hostname, w, err) &&
	     message_number(&network, w, 1, err) && message_number(&insecure, w, 1, err) &&
	     message_text(&out->hosts, w, err) &&
	     message_number(&out->shm_size, w, UINT64_MAX, err) && decode_limits(out, w, err) &&
	     message_number(&want_diff, w, 1, err) && message_number(&dry_run, w, 1, err) &&
	     decode_mounts(out, w, err);
	if (!ok)
		return false;
	out->op = (enum request_op)op;
	out->isolation = (enum sandbox_isolation)isolation;
	out->compression = (enum compression)compression;
	out->own_ids = own_ids;
	out->network = network;
	out->insecure = insecure;
	out->want_diff = want_diff;
	out->dry_run = dry_run;
	return true;
}

void request_free(struct request *r)
{
	free((void *)(uintptr_t)STEAL(r->argv));
	free((void *)(uintptr_t)STEAL(r->env));
	arena_free(&r->arena);
}
