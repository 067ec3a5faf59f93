// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_DEPLOYMENT_H
#define RUNTIME_DEPLOYMENT_H

#include "base/map.h"
#include "image/digest.h"
#include "image/reference.h"
#include "templates/backend.h"

/*
 * Deployment descriptors: the document by which a platform takes an artifact (Lambda's
 * create-function, a Kubernetes Job ...), rendered from the backend's own file
 * (backend.yaml: descriptor). docs/adr/0029 has why.
 *
 * The values its file may use: every setting of the row; name, title, python, python_flat, image
 * (NAME@DIGEST), reference (NAME:TAG), registry, digest, zip (its path), file_name, memory,
 * memory_g (GiB, "0.5"), timeout, timeout_ms, cpu, arch (amd64), machine (x86_64, as AWS says it),
 * arm64, port, workdir, entry (of the handler), pull_secret. They are escaped for the inside of
 * double quotes of the file's language. Whole values: env_list ([{name, value}]), env_literals (the
 * same with a type), env_map, env_items (lines of a YAML list, 12 columns in), env_options (words
 * --env "K=V"), args (a list), entry_args (the handler's path before them), args_words (words).
 * Sections: env, args and any value.
 */
struct deployment_request {
	const struct backend_table *table;
	const struct backend *backend;
	const char *python;                /* checked by backend_python */
	const char *arch;                  /* "amd64", of the artifact */
	const struct reference *reference; /* of an image, else NULL */
	const struct digest *digest;       /* of its manifest */
	const char *file;                  /* a zip's path, else NULL */
	const char *name;                  /* NULL: made of the artifact's */
	int64_t memory_mb, timeout_s;      /* 0: the backend's default */
	const char *cpu;                   /* NULL: the first that takes the memory */
	const char *pull_secret;           /* NULL: none */
	const struct str_list *env;        /* "KEY=VALUE" */
	const struct str_list *args;       /* words for the artifact's entry point */
	const struct map *settings;        /* MAP_TEXT; those the row does not have are an error */
};

struct deployment {
	char *text;   /* the file, whole lines */
	json_t *doc;  /* the same as a document; NULL: it is a script or a unit */
	bool is_json; /* what `text` is, else YAML or that */
};
void deployment_free(struct deployment *d);

/*
 * E_UNSUPPORTED for a backend to which nothing is deployed. E_USAGE: settings the row needs (all
 * that are missing, in one message), a setting it does not have, a name, memory, time or CPU the
 * platform refuses. E_INPUT with file:line:col for a file of the user's that is wrong.
 */
MUST_CHECK bool deployment_make(struct deployment *out, const struct deployment_request *req,
				struct err *err);

/* E_UNSUPPORTED unless the backend has a descriptor. */
MUST_CHECK bool deployment_check_backend(const struct backend *b, struct err *err);

#endif
