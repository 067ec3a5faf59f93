// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_DRIVER_H
#define BUILDER_DRIVER_H

#include "base/parallel.h"
#include "base/turn.h"
#include "builder/build.h"
#include "builder/context.h"
#include "builder/flight.h"
#include "builder/plan.h"
#include "builder/step.h"
#include "builder/view.h"
#include "git/location.h"
#include "net/http.h"

/*
 * The state of one build, shared by the files that do its steps: base images, contexts, and what
 * each stage came to. Stages run side by side, those of several platforms too; who needs another
 * stage waits for it. Internal to builder/.
 */

/* Blobs of a base: the store's, else where the image came from, else the origin the store knows. */
struct base_blobs {
	struct blob_source source;
	struct store *store;
	struct registry *registry;  /* may be NULL */
	struct blob_source *remote; /* may be NULL */
	struct cache_remote *cache; /* may be NULL */
	struct digest *layers;      /* what `remote` has; in an arena */
	size_t layer_count;
};
/* `from` (may be NULL): the image that `remote` was asked for. */
void base_blobs_init(struct base_blobs *b, struct store *store, struct registry *registry,
		     struct blob_source *remote, const struct image *from, struct arena *arena);

/* An image by name: the store's, unless `pull`, or the registry's, or of a layout on disk. `blobs`
 * becomes its blob source and must stay where it is. */
MUST_CHECK bool base_find(struct image *out, struct base_blobs *blobs, const struct build_env *env,
			  bool pull, const char *name, const struct platform *platform,
			  struct err *err);
/* `count` layers of it from number `first` on come to the store. */
MUST_CHECK bool base_fetch_layers(const struct build_env *env, const struct image *img,
				  size_t first, size_t count, struct err *err);

/* An image that stages start from or copy from. Const but for what its locks guard. */
struct base {
	char *name; /* as written, with its platform: the key */
	struct lock lock;
	enum { BASE_NEW, BASE_LOADED, BASE_FAILED } state;
	struct err failure;
	struct image image;
	struct base_blobs blobs;
	struct lock files_lock; /* `fetched` and `tree` */
	bool fetched;           /* all layers are in the store */
	struct tree *tree;
	struct base *next;
};

/* ONBUILD triggers that were parsed. */
struct trigger {
	struct dockerfile file;
	char *name;
	struct trigger *next;
};

/* What a stage came to. Const after it is done. */
struct product {
	struct arena arena; /* of the scope and the steps */
	enum { PRODUCT_NEW, PRODUCT_RUNNING, PRODUCT_DONE, PRODUCT_FAILED } state; /* shared.lock */
	struct base *base; /* NULL: scratch */
	struct config config;
	struct scope scope;
	struct view view;
	struct {
		struct layer *items;
		size_t len, cap;
	} layers; /* on top of the base's, those of stages it goes on from included */
	struct trigger *triggers;
	struct lock tree_lock;
	struct tree *tree; /* of everything, for COPY --from */
};

/* What builds have in common. */
struct build_company {
	struct lock lock;
	struct base *bases;
	struct flights flights;
	struct turns pulling;
	struct map pulled; /* "NAME PLATFORM" of registries' -> struct pulled * */
};
/* company.c: registry_pull, once for all builds of a company. */
MUST_CHECK bool company_pull(struct image *out, const struct build_env *env,
			     const struct reference *ref, const struct platform *platform,
			     struct err *err);

/* What the platforms of one build have in common. Thread-safe through the functions of shared.c. */
struct shared {
	const struct build_env *env;
	const struct build_request *req; /* its platform says nothing */
	struct lock lock;
	struct cond changed;           /* a product's state, a slot */
	struct build_company *company; /* the environment's, or this build's own */
	struct lock sources_lock;      /* the four below */
	struct map commits;            /* of ADD: contexts by where they come from */
	struct context *context;       /* of a directory; NULL: not opened yet */
	struct context **contexts;     /* of named ones, by number; NULL: not opened yet */
	struct files *entry_files;     /* of named ones made of entries */
	struct http *http;             /* for ADD; NULL: not opened yet */
	bool has_company; /* more than one stage is built, or other builds are under way */
	size_t slots;     /* steps that may still begin to work */
	bool failed;
	struct err failure; /* the first; what came of it later says less */
};

/* One platform of it. */
struct build {
	const struct build_env *env;
	const struct build_request *req;
	struct shared *shared;
	struct plan *plan;
	int64_t created;          /* of the image and its history, and of files */
	struct product *products; /* one a stage */
	const char *platform;     /* for labels; NULL: there is only one */
};

/* shared.c */
void shared_init(struct shared *s, const struct build_env *env, const struct build_request *req);
void shared_free(struct shared *s);
/* Remember what was learnt about files, also when the build failed. */
void shared_save_contexts(struct shared *s);
/* Work that keeps a processor busy is done by as many at once as there are processors. The holder
 * must not wait for another stage. */
MUST_CHECK bool shared_take_slot(struct shared *s, struct err *err);
void shared_drop_slot(struct shared *s);
/* The first failure of a stage is the one to be shown, and ends the others. */
void shared_fail(struct shared *s, const struct err *err);

/* base.c */
MUST_CHECK bool base_get(struct base **out, struct build *b, const char *name,
			 const struct platform *platform, struct err *err);
MUST_CHECK bool base_fetch(struct build *b, struct base *base, struct err *err);
void bases_free(struct base *list);
/* Its merged files; borrowed. Fetches its layers. */
MUST_CHECK bool base_files(struct tree **out, struct build *b, struct base *base, struct err *err);
/*
 * The upper layers of a base (may be NULL) and those of a product on top, fetched one by one from
 * the top until `ask` has seen enough. *out NULL: nothing less than all layers tells (maybe not
 * fetched then), or all are at hand anyway. The caller closes.
 */
enum upper_says { UPPER_ENOUGH, UPPER_MORE, UPPER_ALL };
typedef enum upper_says upper_ask_fn(const void *arg, const struct tree *upper);
MUST_CHECK bool base_upper(struct tree **out, struct build *b, struct base *base,
			   const struct layer *layers, size_t count, upper_ask_fn *ask,
			   const void *arg, struct err *err);
/*
 * Where a stage's user and group names are looked up: a tree of its upper layers, down to where
 * /etc/passwd and /etc/group, as far as they are asked for, are found. No other layer is fetched.
 * The caller closes.
 */
MUST_CHECK bool base_names(struct tree **out, struct build *b, const struct product *p, bool passwd,
			   bool group, struct err *err);
/* Layers of a base (may be NULL), which must be in the store, and then those of a product as a
 * tree.
 */
MUST_CHECK bool base_tree(struct tree **out, struct build *b, const struct base *base,
			  const struct layer *layers, size_t count, struct err *err);
/* Diff ids, lowest first; the caller frees. */
struct digest *base_diff_ids(const struct base *base, const struct layer *layers, size_t count,
			     size_t *count_out);

/* sources.c: the main context, or a named one that is no image, listed. */
MUST_CHECK bool source_main(const struct files **out, struct build *b, struct err *err);
MUST_CHECK bool source_named(const struct files **out, struct build *b, size_t number,
			     struct err *err);
/* The files of a commit, for ADD. */
MUST_CHECK bool source_git(const struct files **out, struct build *b, const struct git_location *at,
			   struct err *err);
/* For downloads; made at first use. */
struct http *source_http(struct build *b);

/* copystep.c: COPY, ADD and WORKDIR to a layer. */
MUST_CHECK bool copystep_run(struct layer *out, bool *cached_out, struct build *b, size_t stage,
			     const struct step *step, struct err *err);

/*
 * copysource.c: the files a COPY --from reads, of a base and the layers of a product on it, from as
 * few of the upper layers as decide what all of its sources are. *out NULL: all are needed. The
 * caller closes.
 */
MUST_CHECK bool copysource_open(struct tree **out, struct build *b, struct base *base,
				const struct layer *layers, size_t count,
				const struct step_copy *copy, struct err *err);

/* runstep.c: RUN to a layer. */
MUST_CHECK bool runstep_run(struct layer *out, bool *cached_out, struct build *b, size_t stage,
			    const struct step *step, uint64_t task, struct err *err);

/* execute.c: a stage, done when this returns, by whomever; those it needs are waited for. */
MUST_CHECK bool execute_stage(struct build *b, size_t stage, struct err *err);
/* How a step of the stage writes its layer: followed when it will be one of the image's. */
struct layer_options execute_layer_options(const struct build *b, size_t stage);
/* Everything in a stage that is done, for COPY --from; borrowed. */
MUST_CHECK bool execute_files(struct tree **out, struct build *b, size_t stage, struct err *err);

#endif
