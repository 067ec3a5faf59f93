// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_BUILD_H
#define BUILDER_BUILD_H

#include "base/event.h"
#include "base/map.h"
#include "builder/cache_remote.h"
#include "image/image.h"
#include "image/store.h"
#include "layers/entry.h"
#include "layers/layer.h"
#include "registry/registry.h"
#include "sandbox/sandbox.h"

/* What a build works with. */
struct build_env {
	struct store *store;
	struct registry *registry;
	struct sandbox *sandbox; /* NULL: a RUN is E_UNSUPPORTED */
	struct events *events;
	/* Of layers of the images, while they are made (layers/layer.h); NULL: none. */
	struct blob_follower *follower;
	struct cache_remote *cache;    /* NULL: the store's cache alone (cache_remote.h) */
	const char *ca_file;           /* for ADD of URLs; NULL: the system's authorities alone */
	bool insecure;                 /* and without verifying */
	struct build_company *company; /* NULL: nothing is shared with other builds */
};

/*
 * What builds of one process have in common, side by side or one after another: a base is asked for
 * once, so that all start from the same, and a layer that several come to is made once. Their
 * store, registry and options of layers are the same. Thread-safe; closed after the builds and
 * their images.
 */
struct build_company *build_company_open(void);
void build_company_close(struct build_company *c); /* NULL is fine */
DEFINE_AUTO(struct build_company, build_company_close)

struct context;
struct run_options;

/* A part of a context made of entries: its layer is found again by `identity`, whatever lies below
 * it and whichever other parts there are. */
struct build_group {
	const char *title; /* for progress and history */
	const struct entry_list *entries;
	const char *identity;
};

/* A source of files with a name, for COPY --from=NAME and FROM NAME; NAME may end in ::PLATFORM,
 * then it is for that one alone. */
struct build_context {
	const char *name;
	enum {
		BUILD_CONTEXT_DIR,     /* `path`: a directory, with its own .dockerignore */
		BUILD_CONTEXT_ENTRIES, /* `entries`: files made here (wheels, handler); `identity`
					  stands for their content in cache keys */
		BUILD_CONTEXT_IMAGE,   /* `path`: an image reference, docker-image:// left out,
					  or oci-layout://DIR[:TAG][@DIGEST] */
		BUILD_CONTEXT_URL,     /* `path`: a tar, or one file, of the web */
		BUILD_CONTEXT_GIT,     /* `path`: a git repository (git/location.h) */
	} kind;
	const char *path;
	const struct entry_list *entries; /* sorted, with parents */
	const char *identity;
	/* The same entries in parts, laid over each other in order; a COPY of all of them makes a
	 * layer of each part. NULL: they are not divided. */
	const struct build_group *groups;
	size_t group_count;
};

/* For RUN --mount=type=secret: its bytes; at most LIMIT_SECRET. */
struct build_secret {
	const char *id;
	const void *data;
	size_t len;
};
/* For RUN --mount=type=ssh: the socket of an agent, an absolute path. */
struct build_ssh {
	const char *id, *socket;
};

/* An annotation of the manifest: of every platform's, or of one's. */
struct build_annotation {
	const char *key, *value;
	bool has_platform;
	struct platform platform;
};

struct build_request {
	const char *dockerfile; /* text */
	size_t dockerfile_len;
	const char *dockerfile_name; /* for messages; its path for NAME.dockerignore, "" or NULL
					when it has none */
	const char *context_dir;     /* NULL: no context; COPY from it is E_INPUT */
	struct context *context;     /* instead: one that is no directory, opened; borrowed */
	/* Files made here (entry_open_bytes), in the main context over its own and whatever it
	 * ignores; may be NULL. */
	const struct entry_list *context_files;
	const struct build_context *contexts;
	size_t context_count;
	const struct build_secret *secrets;
	size_t secret_count;
	const struct build_ssh *ssh;
	size_t ssh_count;
	/* Beginnings of git URLs that are refused otherwise: of this machine, submodules of other
	 * hosts; may be NULL. Secrets and ssh serve git, too. */
	const struct str_list *git_allow;
	const struct map *build_args; /* text; MAP_TEXT */
	const struct map *labels;     /* text; may be NULL */
	const struct build_annotation *annotations;
	size_t annotation_count;
	const char *target; /* stage name or number; NULL: the last */
	struct platform platform;
	bool no_cache;
	const struct str_list *no_cache_stages; /* these alone, by name or number; may be NULL */
	bool pull;    /* ask the registry for base images even when the store has the name */
	bool network; /* for RUN */
	const struct run_options *run_options; /* runoptions.h; may be NULL */
	enum sandbox_isolation isolation;
	struct layer_options layer;
	bool has_context_time; /* what the build argument SOURCE_DATE_EPOCH=context means */
	int64_t context_time;
	bool has_epoch; /* SOURCE_DATE_EPOCH: context layers and created */
	int64_t epoch;
	bool keep_times;
};

/*
 * Dockerfile to image. The image's new blobs are in the store; base layers only if a RUN, a
 * user-name look-up, COPY --from an image or a destination that can lead through a base's link
 * needed them. Errors about the Dockerfile carry file:line:col.
 */
MUST_CHECK bool build_image(struct image *out, const struct build_env *env,
			    const struct build_request *req, struct err *err);

/*
 * One image a platform, in the order asked; `req->platform` says nothing. What stages of several
 * platforms have in common is done once. `out` is zeroed before, and released by the caller
 * whatever comes of it. A RUN for a platform whose programs do not run here is E_UNSUPPORTED
 * before anything is fetched.
 */
MUST_CHECK bool build_images(struct image *out, const struct build_env *env,
			     const struct build_request *req, const struct platform *platforms,
			     size_t count, struct err *err);

/* The plan alone as JSON, see plan.h, without touching network or store. */
MUST_CHECK bool build_plan_json(json_t **out, const struct build_request *req, struct err *err);

#endif
