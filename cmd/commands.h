// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

struct cmd;

/* A line a family, so that additions do not meet. */
/* clang-format off */
extern const struct cmd cmd_build, cmd_extend, cmd_layer, cmd_check, cmd_template, cmd_name, cmd_descriptor, cmd_python, cmd_run, cmd_logs;
extern const struct cmd cmd_push, cmd_pull, cmd_copy, cmd_sync, cmd_import, cmd_export;
extern const struct cmd cmd_inspect, cmd_index, cmd_manifest, cmd_digest, cmd_tags;
extern const struct cmd cmd_tag, cmd_annotate, cmd_delete;
extern const struct cmd cmd_images, cmd_remove;
extern const struct cmd cmd_login, cmd_logout, cmd_auth;
extern const struct cmd cmd_docker, cmd_shim;
extern const struct cmd cmd_cache, cmd_gc, cmd_fsck, cmd_version;
extern const struct cmd cmd_python_target, cmd_python_lock, cmd_python_install, cmd_python_query;
/* clang-format on */

#endif
