// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_EXPLAIN_H
#define REGISTRY_EXPLAIN_H

#include "base/json.h"
#include "registry/registry.h"

/* clang-format off */
/*
 * How a repository, or a registry (`repository` empty), would be spoken to, without showing a secret and without
 * sending one to a registry: helpers and clouds are asked as a pull would ask them, and a registry that no earlier
 * run has met gets one request without a login. The document:
 *
 *	{ "reference": "...",
 *	  "registries_conf": { "files": [...], "file": "...", "prefix": "..." },  (of the entry that matched, if one did)
 *	  "places": [ {
 *	      "name": "host/repository", "mirror": false, "insecure": false,
 *	      "url": "https://host/v2/", "learnt": "now" | "by an earlier run" | "not: WHY",
 *	      "login": "none" | "basic" | "bearer" | "unknown",
 *	      "realm": "...", "service": "...", "realm_gets_password": true, "proxy": "host:port",
 *	      "certificates": { "directories": [...], "authorities": true, "client": "FILE" },
 *	      "cloud": "Amazon ECR",
 *	      "credential": { "kind": "anonymous" | "password" | "identity token" | "registry token",
 *	                      "user": "...", "from": "..." },
 *	      "problem": "why none can be had",
 *	      "files": [...], "candidates": [ { "source", "key", "verdict" } ] } ] }
 *
 * Members that do not apply are left out. The places are those of a pull, in their order; of a registry it alone.
 */
/* clang-format on */
MUST_CHECK bool registry_explain(json_t **out, struct registry *r, const struct reference *ref,
				 struct err *err);

#endif
