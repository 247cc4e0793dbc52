/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

#include "cmd/app.h"

/* The rows that cmd/<name>.c define; cmd/table.c puts them in the order of help. */
extern const struct command healthcheck_command;
extern const struct command run_command, create_command, start_command, stop_command, kill_command;
extern const struct command restart_command, rename_command, top_command, stats_command, pause_command, unpause_command;
extern const struct command update_command, init_command, container_prune_command, container_cleanup_command;
extern const struct command attach_command, logs_command, wait_command;
extern const struct command rm_command, ps_command, exec_command, inspect_command;
extern const struct command images_command, image_ls_command, rmi_command, image_rm_command;
extern const struct command info_command, version_command;
extern const struct command doctor_command, import_command, load_command, pull_command;
extern const struct command completion_command, complete_command, help_command, man_command;
extern const struct command cp_command, export_command, commit_command, history_command;
extern const struct command diff_command, container_diff_command, image_diff_command;
extern const struct command port_command, volume_command;
extern const struct command tag_command, untag_command;
extern const struct command image_exists_command, image_inspect_command;
extern const struct command why_command;
extern const struct command events_command;
extern const struct command container_exists_command, container_inspect_command;
extern const struct command secret_command;

#endif
