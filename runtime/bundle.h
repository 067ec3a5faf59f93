// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_BUNDLE_H
#define RUNTIME_BUNDLE_H

#include "base/event.h"
#include "image/image.h"
#include "image/store.h"
#include "templates/backend.h"

/*
 * What a platform that takes no image from a registry is given instead, as files of one directory.
 *
 *	sif   NAME.def and NAME.oci.tar, the image as an OCI archive, which apptainer runs as it is;
 *	      where apptainer or singularity is on PATH, NAME.sif made of them, and no archive
 *	vm    rootfs.tar, the root tree; lithops-worker.service, a systemd unit that starts Lithops'
 *	      worker in it; install.sh, which puts both in place
 *
 * Deterministic but for NAME.sif, which that program makes.
 */
struct bundle_request {
	const struct backend_table *table;
	const struct backend *backend; /* bundle_is_made(backend) */
	const char *python;
	const char *runtime;       /* its name for Lithops: "singularity-runtime-v311" */
	const struct image *image; /* all its layers are in the store */
	struct store *store;
};
bool bundle_is_made(const struct backend *b);

/* The name of the files: the last part of the runtime's name, what a file name does not take
 * replaced by '-'. The caller frees. */
char *bundle_name(const char *runtime);

/* `dir` is made when absent; each file appears whole or not at all. E_STEP when the program that
 * makes the SIF fails. */
MUST_CHECK bool bundle_write(const char *dir, const struct bundle_request *req,
			     struct events *events, struct err *err);

#endif
