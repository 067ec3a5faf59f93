// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"

#include <stddef.h>

#include "cmd/cmd.h"

/* Every command there is, in the order --help shows them. */

/* A line a family, so that additions do not meet. */
/* clang-format off */
const struct cmd *const commands[] = {
	&cmd_build, &cmd_extend, &cmd_layer, &cmd_check, &cmd_template, &cmd_name, &cmd_descriptor, &cmd_python, &cmd_run, &cmd_logs,
	&cmd_push, &cmd_pull, &cmd_copy, &cmd_sync, &cmd_import, &cmd_export,
	&cmd_inspect, &cmd_index, &cmd_manifest, &cmd_digest, &cmd_tags,
	&cmd_tag, &cmd_annotate, &cmd_delete,
	&cmd_images, &cmd_remove,
	&cmd_login, &cmd_logout, &cmd_auth,
	&cmd_docker, &cmd_shim,
	&cmd_cache, &cmd_gc, &cmd_fsck, &cmd_version,
	NULL,
};
/* clang-format on */
