// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.h"

static const struct command *const container_commands[] = {
	&run_command, &create_command, &start_command, &stop_command, &restart_command, &kill_command,
	&pause_command, &unpause_command, &rm_command, &rename_command, &update_command, &init_command, &ps_command,
	&exec_command, &logs_command, &attach_command, &wait_command, &port_command, &top_command, &stats_command,
	&container_diff_command,
	&container_inspect_command, &container_exists_command,
	&container_prune_command, &container_cleanup_command,
	&why_command,
	&cp_command,
	&export_command,
	&commit_command,
	NULL
};

static const struct command *const image_commands[] = {
	&image_ls_command, &pull_command, &load_command, &import_command, &tag_command, &untag_command, &image_rm_command,
	&image_diff_command,
	&image_inspect_command,
	&image_exists_command,
	&history_command,
	NULL
};

static const struct command *const system_commands[] = {
	&events_command, &info_command,
	NULL
};

static const struct command system_command = {
	.name = "system", .summary = "What concerns all of rbox", .subs = system_commands,
};

static const struct command container_command = {
	.name = "container", .summary = "Run, list, change and remove containers", .subs = container_commands,
};

static const struct command image_command = {
	.name = "image", .summary = "List, get, make and remove images", .subs = image_commands,
};

const struct command *const command_table[] = {
	&run_command, &create_command, &start_command, &stop_command, &restart_command, &kill_command,
	&pause_command, &unpause_command, &rm_command, &rename_command, &update_command, &init_command, &ps_command,
	&exec_command, &logs_command, &attach_command, &wait_command, &port_command, &top_command, &stats_command,
	&diff_command,
	&inspect_command, &pull_command, &load_command, &import_command, &images_command, &tag_command, &untag_command,
	&rmi_command,
	&why_command,
	&healthcheck_command, &events_command,
	&cp_command,
	&export_command,
	&commit_command,
	&history_command,
	&volume_command,
	&info_command, &doctor_command, &version_command, &container_command, &image_command,
	&secret_command, &system_command,
	&completion_command, &help_command, &complete_command, &man_command,
	NULL
};
