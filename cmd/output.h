// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include "cmd/artifact.h"
#include "cmd/cmd.h"
#include "runtime/bundle.h"

/*
 * -o/--output of build, as buildx has it: what becomes of what was built. Without any it goes into
 * the store.
 *
 *	type=store (image)   under its names; push=true also to their registries
 *	type=registry        to the registries of its names alone
 *	type=oci, docker     an archive at dest; oci with tar=false: an image layout, a directory
 *	type=tar, local      the files, as one tar or in the directory dest
 *	type=bundle          of a backend that takes no image alone: its files in the directory dest
 *	type=cacheonly       nothing
 *	DIR, -               type=local,dest=DIR; type=tar,dest=-
 *
 * name=NAME[,...] (quoted when there are several) goes before -t. dest=- is standard output.
 */
enum output_kind {
	OUTPUT_STORE,
	OUTPUT_REGISTRY,
	OUTPUT_OCI,
	OUTPUT_DOCKER,
	OUTPUT_TAR,
	OUTPUT_LOCAL,
	OUTPUT_BUNDLE,
	OUTPUT_CACHEONLY,
};

struct output {
	enum output_kind kind;
	char *dest; /* NULL: none given, or none needed */
	bool as_layout;
	bool push; /* of OUTPUT_STORE */
	struct reference *names;
	size_t name_count;
	bool has_names; /* of its own: not those of -t */
};

struct outputs {
	struct output *items;
	size_t len, cap;
	struct reference *names; /* of all that have names, each once */
	size_t name_count;
	struct bundle_request *bundle; /* of OUTPUT_BUNDLE; borrowed, its image is filled in */
	bool takes_stdout;             /* the bytes of one of them: no result is printed there */
};
void outputs_free(struct outputs *o);
bool output_is_pushed(const struct output *o);

struct output_request {
	const struct str_list *texts; /* of -o */
	const struct str_list *names; /* of -t */
	bool push;                    /* --push */
	bool is_index;
	struct bundle_request *bundle; /* of a backend that has one; its bundle is an output without
					  any -o, into ./NAME beside the store */
};
/* Everything that can be refused before a byte is built. E_USAGE; E_NOT_FOUND: no directory. */
MUST_CHECK bool outputs_parse(struct outputs *out, const struct output_request *r, struct err *err);

/* Writes all of them. An image without a name gets one by its digest in the store, which is added
 * to `names`. */
MUST_CHECK bool outputs_write(struct outputs *o, struct session *s, struct artifact *a,
			      struct err *err);

#endif
