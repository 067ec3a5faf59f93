// SPDX-License-Identifier: Apache-2.0
#include "sandbox/request.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"

/* Requests as bytes. */

void request_encode(struct message *w, const struct request *r)
{
	message_put_number(w, r->op);
	message_put_text(w, r->store);
	message_put_number(w, r->isolation);
	message_put_list(w, (const char *const *)r->layers);
	message_put_number(w, r->compression);
	message_put_text(w, r->path);
	message_put_list(w, r->argv);
	message_put_list(w, r->env);
	message_put_text(w, r->cwd);
	message_put_text(w, r->user);
	message_put_text(w, r->hostname);
	message_put_number(w, r->network);
	message_put_number(w, r->want_diff);
	message_put_number(w, r->mount_count);
	for (size_t i = 0; i < r->mount_count; i++) {
		message_put_number(w, r->mounts[i].kind);
		message_put_text(w, r->mounts[i].source);
		message_put_text(w, r->mounts[i].target);
		message_put_number(w, r->mounts[i].read_only);
	}
}

static bool decode_mounts(struct request *out, struct message *w, struct err *err)
{
	uint64_t count, kind, read_only;

	if (!message_number(&count, w, LIMIT_SANDBOX_MOUNTS, err))
		return false;
	out->mounts = mem_alloc((count + 1) * sizeof(*out->mounts));
	for (; out->mount_count < count; out->mount_count++) {
		struct sandbox_mount *m = &out->mounts[out->mount_count];

		if (!message_number(&kind, w, SANDBOX_TMPFS, err) ||
		    !message_text_or_null(&m->source, w, err) ||
		    !message_text(&m->target, w, err) || !message_number(&read_only, w, 1, err))
			return false;
		m->kind = kind == SANDBOX_TMPFS ? SANDBOX_TMPFS : SANDBOX_BIND;
		m->read_only = read_only;
	}
	return true;
}

bool request_decode(struct request *out, struct message *w, struct err *err)
{
	uint64_t op, isolation, compression, network, want_diff;
	const char **argv = NULL, **env = NULL;
	bool ok;

	*out = (struct request){ 0 };
	ok = message_number(&op, w, REQUEST_OPS - 1, err) && message_text(&out->store, w, err) &&
	     message_number(&isolation, w, ISOLATION_CHROOT, err) &&
	     message_list(&out->layers, w, err) &&
	     message_number(&compression, w, COMPRESSION_ZSTD, err) &&
	     message_text_or_null(&out->path, w, err) && message_list(&argv, w, err);
	out->argv = argv;
	ok = ok && message_list(&env, w, err);
	out->env = env;
	ok = ok && message_text(&out->cwd, w, err) && message_text(&out->user, w, err) &&
	     message_text(&out->hostname, w, err) && message_number(&network, w, 1, err) &&
	     message_number(&want_diff, w, 1, err) && decode_mounts(out, w, err);
	if (!ok)
		return false;
	out->op = (enum request_op)op;
	out->isolation = (enum sandbox_isolation)isolation;
	out->compression = (enum compression)compression;
	out->network = network;
	out->want_diff = want_diff;
	return true;
}

void request_free(struct request *r)
{
	free(STEAL(r->layers));
	free((void *)(uintptr_t)STEAL(r->argv));
	free((void *)(uintptr_t)STEAL(r->env));
	free(STEAL(r->mounts));
}
