// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

struct cmd;

extern const struct cmd cmd_build, cmd_extend, cmd_layer, cmd_template, cmd_python, cmd_run,
	cmd_logs, cmd_push, cmd_pull, cmd_images, cmd_inspect, cmd_tag, cmd_remove, cmd_login,
	cmd_logout, cmd_gc, cmd_fsck, cmd_version;

#endif
