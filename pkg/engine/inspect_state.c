// SPDX-License-Identifier: Apache-2.0
#include "pkg/engine/health.h"
#include "pkg/engine/inspect_part.h"
#include "pkg/engine/stop.h"
#include "pkg/util/mem.h"
#include "pkg/util/str.h"

static const struct inspect_zero zeros[] = {
	{ "OciVersion", INSPECT_TEXT }, { "Status", INSPECT_TEXT }, { "Running", INSPECT_FALSE },
	{ "Paused", INSPECT_FALSE }, { "Restarting", INSPECT_FALSE }, { "OOMKilled", INSPECT_FALSE },
	{ "Dead", INSPECT_FALSE }, { "Pid", INSPECT_NUMBER }, { "ConmonPid", INSPECT_NUMBER },
	{ "ExitCode", INSPECT_NUMBER }, { "Error", INSPECT_TEXT }, { "StartedAt", INSPECT_TEXT },
	{ "FinishedAt", INSPECT_TEXT }, { "Health", INSPECT_NULL }, { "Checkpointed", INSPECT_FALSE },
	{ "CgroupPath", INSPECT_TEXT }, { "CheckpointedAt", INSPECT_TEXT }, { "RestoredAt", INSPECT_TEXT },
	{ "CheckpointLog", INSPECT_TEXT }, { "CheckpointPath", INSPECT_TEXT }, { "RestoreLog", INSPECT_TEXT },
	{ "Restored", INSPECT_FALSE }, { "StoppedByUser", INSPECT_FALSE },
	{ NULL, INSPECT_NULL },
};

json_t *inspect_state(struct engine *e, const struct container *c)
{
	const struct state *s = &c->state;
	bool running = container_is_running(c), alive = running || container_is_prepared(c);
	json_t *o = inspect_zeros(zeros);

	(void)e;
	inspect_put_str(o, "OciVersion", "1.2.0");
	inspect_put_str(o, "CgroupPath", alive ? s->cgroup : NULL);
	inspect_put_str(o, "Status", status_word(stop_is_under_way(c) ? STATUS_STOPPING :
							  (enum status)s->status));
	inspect_put(o, "Running", json_boolean(running && s->status != STATUS_PAUSED &&
					       s->status != STATUS_RESTARTING));
	inspect_put(o, "Restarting", json_boolean(s->status == STATUS_RESTARTING));
	inspect_put(o, "Paused", json_boolean(s->status == STATUS_PAUSED));
	inspect_put(o, "OOMKilled", json_boolean(s->oom_killed));
	inspect_put(o, "Pid", json_integer(alive ? s->pid : 0));
	inspect_put(o, "ConmonPid", json_integer(alive ? s->monitor_pid : 0));
	inspect_put(o, "ExitCode", json_integer(s->exit_code));
	inspect_put_str(o, "Error", s->error);
	inspect_put(o, "StartedAt", inspect_time(s->started_at));
	inspect_put(o, "FinishedAt", inspect_time(s->finished_at));
	inspect_put(o, "Health", health_state_json(c));
	inspect_put(o, "CheckpointedAt", inspect_time(0));
	inspect_put(o, "RestoredAt", inspect_time(0));
	inspect_put(o, "StoppedByUser", json_boolean(s->stopped_by_user));
	return o;
}
