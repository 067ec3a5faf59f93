// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_NAMING_H
#define TEMPLATES_NAMING_H

#include "base/map.h"
#include "templates/backend.h"

/*
 * Names as Lithops computes them (lithops/utils.py get_default_container_name, and the
 * _format_*_name of each backend's class), from what its configuration says. Whoever builds under
 * these names is found by an unmodified client, which then builds nothing itself.
 *
 * `settings` (MAP_TEXT) has keys of the configuration: docker_server, docker_user,
 * docker_namespace, region, project_name, artifact_registry_repository, account_id, user_id,
 * namespace; see naming_keys. `python` and `lithops_version` are the client's.
 */
struct naming_request {
	const struct backend *backend;
	const char *name; /* the runtime's, as the user gives it; NULL: the default */
	const char *python;
	const char *lithops_version; /* NULL: not known; E_USAGE where a name holds it */
	const struct map *settings;
};

struct naming {
	char *runtime;    /* what the configuration's `runtime` is */
	char *image;      /* what is built and pushed; NULL: no image */
	char *repository; /* ECR: what must be there before the push; else NULL */
	char *layer;      /* of AWS Lambda; else NULL */
};
/*
 * E_USAGE: a key that the rule needs is not set (named, with the cure), no setting's name, or a
 * runtime's name that Lithops or the backend refuses. E_INPUT: no registry takes the image's name.
 */
MUST_CHECK bool naming_make(struct naming *out, const struct naming_request *req, struct err *err);
void naming_free(struct naming *n);

/* The keys there are, NULL-terminated. */
extern const char *const naming_keys[];

/*
 * The part of Lithops' configuration that uses a runtime, YAML to paste: mode and backend, and the
 * backend's section with what is known; keys the user still has to set come as comments. Secrets
 * are never shown.
 */
void naming_print_config(struct buf *out, const struct naming_request *req, const char *runtime);

#endif
