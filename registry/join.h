// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_JOIN_H
#define REGISTRY_JOIN_H

#include "registry/reader.h"

/*
 * Images of several platforms as one place to read from: its root is a new index of all of them, in
 * their order, and everything below it is read where it is. An image that is an index itself gives
 * its entries, attestations too, as they stand there; of a plain one the configuration says the
 * platform. The same image twice counts once. Docker's list when all are Docker's, else OCI's.
 */
struct join_request {
	struct reader **images;   /* taken over, also by a failure */
	const char *const *names; /* of them, for messages */
	size_t count;
	struct json_pairs annotations; /* of the index */
};

/*
 * Reads the documents. E_INPUT: two images for one platform, something that is no image;
 * E_UNSUPPORTED: annotations for Docker's list, which has none; what readers fail with.
 */
MUST_CHECK bool reader_join(struct reader **out, const struct join_request *request,
			    struct err *err);

#endif
