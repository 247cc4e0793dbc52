#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 100-cgroup: limits, where there are controllers to set them.

load helpers-vm

setup_file() {
	load_image busybox
}

teardown_file() {
	leak_check && cgroup_check
}

@test "a container runs in the machine" {
	run_rbox run --rm --network none "$IMAGE" echo hello
	assert "$output" == "hello"
}
