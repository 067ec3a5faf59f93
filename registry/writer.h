// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_WRITER_H
#define REGISTRY_WRITER_H

#include "registry/graph.h"
#include "registry/move.h"
#include "registry/place.h"

/*
 * A place opened for writing images. Blobs first, from any thread; then documents, children before
 * parents; then `finish`. Nothing that was put is seen under a name before its name was put, and of
 * archives and layouts nothing before `finish`.
 */
struct writer {
	/* Before anything is asked: what will be taken from where, so that one token serves all.
	 * Best effort. NULL: it makes no difference. */
	void (*prepare)(struct writer *self, struct reader *from);
	/* The digest a name holds now. E_NOT_FOUND when it is free. NULL: nobody can tell. */
	MUST_CHECK bool (*holds)(struct writer *self, struct digest *out, const char *name,
				 struct err *err);
	/* One blob from a reader; `plan`: only say how. */
	MUST_CHECK bool (*blob)(struct writer *self, struct move_result *out,
				const struct descriptor *d, struct reader *from, bool plan,
				struct err *err);
	/* A plan would put this under a name: `holds` says so from now on. NULL: it makes no
	 * difference. */
	void (*plan_name)(struct writer *self, const char *name, const struct digest *d);
	/* A document; `name` NULL: by its digest alone. */
	MUST_CHECK bool (*put)(struct writer *self, const struct graph_node *n, const char *name,
			       struct err *err);
	/* The root under several names at once; NULL: one after the other will do. */
	MUST_CHECK bool (*put_names)(struct writer *self, const struct graph_node *n,
				     const struct str_list *names, struct err *err);
	/* Referrers of one document were put: make them found. NULL: they are. */
	MUST_CHECK bool (*refer)(struct writer *self, const struct digest *subject,
				 const struct descriptor *list, size_t count, struct err *err);
	MUST_CHECK bool (*finish)(struct writer *self, struct err *err); /* NULL: nothing to do */
	void (*close)(struct writer *self);

	bool puts_at_once; /* documents that do not need one another, from any thread */
	const struct reference *repository; /* of registries; else NULL */
	const char *name;                   /* the one the place gives; NULL: none (archives) */
	bool takes_signatures;              /* referrers and cosign's tags have a place there ... */
	bool when_asked; /* ... but trouble those who read it: only when they are asked for */
	bool doubt;      /* set by the caller: the registry missed a blob, check each */
};

struct writer_env {
	struct registry *registry;
	struct store *store;
	struct events *events;
};

/*
 * E_USAGE: a digest as a destination. Archives appear whole or not at all; documents and readers
 * that were given must live until `finish`.
 */
MUST_CHECK bool writer_open(struct writer **out, const struct place *place,
			    const struct writer_env *env, struct err *err);
void writer_close(struct writer *w); /* NULL is fine */
DEFINE_AUTO(struct writer, writer_close)

/* Inside registry/. */
MUST_CHECK bool writer_to_registry(struct writer **out, const struct place *place,
				   const struct writer_env *env, struct err *err);
MUST_CHECK bool writer_to_store(struct writer **out, const struct place *place,
				const struct writer_env *env, struct err *err);
MUST_CHECK bool writer_to_archive(struct writer **out, const struct place *place,
				  const struct writer_env *env, struct err *err);

#endif
