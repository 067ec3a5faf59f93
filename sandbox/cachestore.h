// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_CACHESTORE_H
#define SANDBOX_CACHESTORE_H

#include "sandbox/cachedir.h"
#include "sandbox/message.h"
#include "sandbox/request.h"
#include "sandbox/workdir.h"

/* The helper's side of caches.h. Answers as that reads them. */
MUST_CHECK bool cachestore_list(struct message *answer, const char *store, enum space_mode mode,
				struct err *err);
MUST_CHECK bool cachestore_export(const char *store, enum space_mode mode, const char *name,
				  int tar_fd, struct err *err);
/* Unpacked in `work` first: what was there stays when the tar is bad. */
MUST_CHECK bool cachestore_import(const char *store, const struct space *space, const char *name,
				  int tar_fd, const struct workdir *work, struct err *err);
MUST_CHECK bool cachestore_remove(const char *store, enum space_mode mode, const char *name,
				  struct err *err);
MUST_CHECK bool cachestore_prune(struct message *answer, const struct request *r,
				 enum space_mode mode, struct err *err);

#endif
