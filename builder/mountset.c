// SPDX-License-Identifier: Apache-2.0
#include "builder/mountset.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "builder/mountcontent.h"
#include "builder/stepcache.h"

/* RUN --mount, from the step to the sandbox. */

void mountset_free(struct mount_set *m)
{
	for (size_t i = 0; i < m->env.len; i++)
		explicit_bzero(m->env.items[i], strlen(m->env.items[i]));
	str_list_free(&m->env);
	free(STEAL(m->list.items));
	arena_free(&m->arena);
}

static bool at_mount(const struct step *step, const struct step_mount *mount, struct err *err)
{
	return dockerfile_at(step->file, mount->place, (int)strlen("--mount"), err);
}

static bool at_from(const struct step *step, const struct step_mount *mount, struct err *err)
{
	return dockerfile_at(step->file, mount->from_place,
			     (int)(strlen("from=") + strlen(mount->from)), err);
}

/* --- the key --- */

static bool has_files(const struct step_mount *mount)
{
	return mount->kind == MOUNT_BIND || (mount->kind == MOUNT_CACHE && mount->from);
}

bool mountset_find(struct mount_set *out, struct build *b, size_t stage, const struct step *step,
		   struct err *err)
{
	const struct step_run *run = &step->run;

	out->sources = ARENA_ARRAY(&out->arena, struct mount_source, run->mount_count + 1);
	for (size_t i = 0; i < run->mount_count; i++) {
		const struct step_mount *mount = &run->mounts[i];

		if (has_files(mount) &&
		    !mountfiles_find(&out->sources[i], &out->arena, b, stage, mount, err))
			return mount->from ? at_from(step, mount, err) : at_mount(step, mount, err);
	}
	return true;
}

static const struct digest *key_of(const struct mount_source *source)
{
	return source->has_content ? &source->content : &source->key;
}

bool mountset_learn(bool *learnt_out, struct mount_set *m, struct build *b, const struct step *step,
		    struct err *err)
{
	*learnt_out = false;
	for (size_t i = 0; i < step->run.mount_count; i++) {
		struct mount_source *source = &m->sources[i];

		if (step->run.mounts[i].kind != MOUNT_BIND || source->files)
			continue;
		if (!mountcontent_key(&source->content, &source->has_content, b, source, err))
			return at_mount(step, &step->run.mounts[i], err);
		*learnt_out = *learnt_out || source->has_content;
	}
	return true;
}

void mountset_key(struct cache_key *k, const struct mount_set *m, const struct step *step)
{
	for (size_t i = 0; i < step->run.mount_count; i++) {
		const struct step_mount *mount = &step->run.mounts[i];
		bool named = mount->kind == MOUNT_SECRET || mount->kind == MOUNT_SSH;

		cache_key_number(k, mount->kind);
		cache_key_text(k, mount->target);
		cache_key_number(k, mount->read_only);
		cache_key_number(k, mount->required);
		cache_key_text(k, named ? mount->id : NULL);
		cache_key_text(k, mount->env);
		cache_key_number(k, (int64_t)mount->size);
		cache_key_number(k, mount->mode);
		cache_key_number(k, mount->uid);
		cache_key_number(k, mount->gid);
		if (has_files(mount))
			cache_key_bytes(k, key_of(&m->sources[i])->bytes, SHA256_SIZE);
	}
}

/* --- the mounts themselves --- */

static struct sandbox_mount *push(struct mount_set *m, const struct step_mount *from)
{
	struct sandbox_mount *out = ARRAY_PUSH(&m->list);

	*out = (struct sandbox_mount){ .target = from->target,
				       .read_only = from->read_only,
				       .mode = from->mode,
				       .uid = from->uid,
				       .gid = from->gid };
	return out;
}

static bool ready_source(struct mount_set *m, size_t i, struct build *b, struct err *err)
{
	struct mount_source *source = &m->sources[i];

	if (source->base && !base_fetch(b, source->base, err))
		return false;
	for (size_t k = 0; k < source->layer_count; k++) {
		struct layer layer = { .descriptor = source->layers[k].descriptor,
				       .diff_id = source->layers[k].diff_id };

		if (!stepcache_fetch(b, &layer, 1, err))
			return false;
	}
	return !source->files || mountfiles_layer(source, &m->arena, b, err);
}

static bool ready_bind(struct mount_set *m, size_t i, const struct step_mount *from,
		       struct build *b, struct err *err)
{
	struct sandbox_mount *out;

	if (!ready_source(m, i, b, err))
		return false;
	out = push(m, from);
	out->kind = SANDBOX_TREE;
	out->layers = m->sources[i].layers;
	out->layer_count = m->sources[i].layer_count;
	out->source = m->sources[i].path;
	return true;
}

/*
 * What a cache is kept as, and what `rtbuild cache list` shows: its id, then whatever makes another
 * cache of it. As with BuildKit that is BUILDKIT_CACHE_MOUNT_NS, what it begins with, and the owner
 * and mode of its directory.
 */
static const char *cache_name(struct mount_set *m, const struct step_mount *from,
			      const struct mount_source *source, const struct build *b)
{
	AUTO(buf_free) struct buf name = BUF_INIT(SIZE_MAX / 2);
	const char *ns =
		b->req->build_args ? map_text(b->req->build_args, "BUILDKIT_CACHE_MOUNT_NS") : NULL;

	buf_put(&name, from->id);
	if (ns && *ns)
		buf_putf(&name, ",ns=%s", ns);
	if (from->uid || from->gid)
		buf_putf(&name, ",uid=%u,gid=%u", from->uid, from->gid);
	if (from->mode != 0755)
		buf_putf(&name, ",mode=%04o", from->mode);
	if (from->from)
		buf_putf(&name, ",from=%.12s", digest_hex(&source->key).text);
	return arena_strdup(&m->arena, name.ptr);
}

static bool ready_cache(struct mount_set *m, size_t i, const struct step_mount *from,
			struct build *b, struct err *err)
{
	struct mount_source *source = &m->sources[i];
	struct sandbox_mount *out;

	if (from->from && !ready_source(m, i, b, err))
		return false;
	out = push(m, from);
	out->kind = SANDBOX_CACHE;
	out->name = cache_name(m, from, source, b);
	out->sharing = from->sharing;
	if (from->from) {
		out->layers = source->layers;
		out->layer_count = source->layer_count;
		out->source = source->path;
	}
	return true;
}

static bool ready_tmpfs(struct mount_set *m, const struct step_mount *from)
{
	struct sandbox_mount *out = push(m, from);

	out->kind = SANDBOX_TMPFS;
	out->size = from->size;
	return true;
}

static bool ready_secret(struct mount_set *m, const struct step_mount *from, const struct build *b,
			 struct err *err)
{
	const struct build_secret *secret = NULL;
	struct sandbox_mount *out;

	for (size_t i = 0; i < b->req->secret_count; i++)
		if (str_eq(b->req->secrets[i].id, from->id))
			secret = &b->req->secrets[i];
	if (!secret) {
		if (!from->required)
			return true;
		err_set(err, E_NOT_FOUND, "--mount: there is no secret '%s'", from->id);
		return err_hint(err, "add --secret id=%s,src=FILE or ,env=VARIABLE", from->id);
	}
	if (from->env) {
		if (memchr(secret->data, '\0', secret->len))
			return err_set(err, E_INPUT,
				       "--mount: the secret '%s' holds a NUL: it cannot be a "
				       "variable",
				       from->id);
		str_list_push_take(&m->env, mem_printf("%s=%.*s", from->env, (int)secret->len,
						       (const char *)secret->data));
	}
	if (!from->target)
		return true;
	out = push(m, from);
	out->kind = SANDBOX_FILE;
	out->data = secret->data;
	out->len = secret->len;
	out->secret = true;
	return true;
}

static bool ready_ssh(struct mount_set *m, const struct step_mount *from, const struct build *b,
		      const struct step *step, struct err *err)
{
	const struct build_ssh *agent = NULL;
	bool has_env = false;
	struct sandbox_mount *out;

	for (size_t i = 0; i < b->req->ssh_count; i++)
		if (str_eq(b->req->ssh[i].id, from->id))
			agent = &b->req->ssh[i];
	if (!agent) {
		if (!from->required)
			return true;
		err_set(err, E_NOT_FOUND, "--mount: there is no ssh agent '%s'", from->id);
		return err_hint(err, "add --ssh %s, or --ssh %s=SOCKET-OR-KEY", from->id, from->id);
	}
	out = push(m, from);
	out->kind = SANDBOX_SOCKET;
	out->source = agent->socket;
	/* The first of them, unless the Dockerfile says otherwise. */
	for (size_t i = 0; step->run.env[i]; i++)
		has_env |= str_has_prefix(step->run.env[i], "SSH_AUTH_SOCK=");
	for (size_t i = 0; i < m->env.len; i++)
		has_env |= str_has_prefix(m->env.items[i], "SSH_AUTH_SOCK=");
	if (!has_env)
		str_list_push_take(&m->env, mem_printf("SSH_AUTH_SOCK=%s", from->target));
	return true;
}

static bool ready_one(struct mount_set *m, size_t i, struct build *b, const struct step *step,
		      struct err *err)
{
	const struct step_mount *from = &step->run.mounts[i];

	switch (from->kind) {
	case MOUNT_BIND:
		return ready_bind(m, i, from, b, err);
	case MOUNT_CACHE:
		return ready_cache(m, i, from, b, err);
	case MOUNT_TMPFS:
		return ready_tmpfs(m, from);
	case MOUNT_SECRET:
		return ready_secret(m, from, b, err);
	case MOUNT_SSH:
		return ready_ssh(m, from, b, step, err);
	}
	return true;
}

bool mountset_ready(struct mount_set *m, struct build *b, const struct step *step, struct err *err)
{
	for (size_t i = 0; i < step->run.mount_count; i++)
		if (!ready_one(m, i, b, step, err))
			return at_mount(step, &step->run.mounts[i], err);
	return true;
}
