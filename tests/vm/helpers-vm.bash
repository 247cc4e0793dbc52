# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the suites in the machine use beside tests/bats/helpers.bash.

load ../bats/helpers

# The user manager's cgroup: what is made below it belongs to us.
manager() {
	echo "/sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service"
}

# unit NAME: a cgroup as systemd makes it for a service with Delegate=yes. Prints its folder.
unit() {
	local dir
	dir=$(manager)/$1
	[ -d "$dir" ] || mkdir "$dir"
	echo "$dir"
}

# in_unit NAME [STATUS] ARGS...: `rbox ARGS`, alone in the cgroup of that name, as a service's command is. Once
# the first was moved, the next begins where that is: nothing may enter a cgroup that has controllers for others.
in_unit() {
	local dir want=0
	dir=$(unit "$1")
	shift
	case ${1:-} in
	[0-9] | [0-9][0-9] | [0-9][0-9][0-9] | '?') want=$1; shift ;;
	esac
	# shellcheck disable=SC2086
	run_cmd sh -c 'cd "$0/rbox-leaf" 2>/dev/null || cd "$0"; echo $$ >cgroup.procs; cd /tmp; exec "$@"' "$dir" \
		$RBOX "$@" </dev/null
	check_status "$want"
}

# cgroup_of CONTAINER: the folder of its cgroup
cgroup_of() {
	local pid
	pid=$(rbox inspect --format '{{.State.Pid}}' "$1")
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")"
}

# In teardown_file: nothing is left of what rbox made in the cgroups of units, then of those.
cgroup_check() {
	local left
	wait_for 120 no_cgroup_left || {
		left=$(find "$(manager)" -mindepth 2 -type d)
		echo "cgroups left behind: $left" >&2
		return 1
	}
	find "$(manager)" -mindepth 1 -depth -type d ! -name cmd.scope -exec rmdir {} \;
}

no_cgroup_left() {
	[ -z "$(find "$(manager)" -mindepth 2 -type d ! -name rbox-leaf)" ]
}
