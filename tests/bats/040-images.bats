#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 040-images: images, rmi, image exists: listings and exit statuses.

load helpers

teardown_file() {
	leak_check
}

setup() {
	load_image busybox
}

teardown() {
	# shellcheck disable=SC2086
	timeout 60 $RBOX rmi -a -f >/dev/null 2>&1 || true
}

@test "images - the table" {
	run_rbox images
	assert "${lines[0]}" =~ '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$'
	assert "${lines[1]}" =~ '^localhost/busybox +latest +[0-9a-f]{12} +.* ago +[0-9.]+ [kM]B$'
	assert "${#lines[@]}" -eq 2 "lines"
	run_rbox images --noheading
	assert "${#lines[@]}" -eq 1 "lines without the heading"
	run_rbox image ls
	assert "${#lines[@]}" -eq 2 "lines of image ls"
}

@test "images - -q and --no-trunc" {
	local id
	id=$(sed -n 's/^busybox sha256://p' "$IMAGES/list")
	run_rbox images -q
	assert "$output" == "${id:0:12}"
	run_rbox images -q --no-trunc
	assert "$output" == "sha256:$id"
}

@test "images - --format" {
	run_rbox images --format '{{.Repository}}:{{.Tag}}'
	assert "$output" == "localhost/busybox:latest"
	run_rbox images --format '{{.ID}}'
	assert "$output" =~ '^[0-9a-f]{12}$'
	run_rbox images --format json
	assert "$(jq -r '.[0].Names[0]' <<<"$output")" == "localhost/busybox:latest"
	assert "$(jq -r '.[0].Id' <<<"$output")" == "$(sed -n 's/^busybox sha256://p' "$IMAGES/list")"
	assert "$(jq -r '.[0].Created' <<<"$output")" == 1700000000
	assert "$(jq -r '.[0] | has("RepoTags")' <<<"$output")" == false
}

@test "images - a filter by name" {
	load_image configured
	run_rbox images -q localhost/busybox
	assert "${#lines[@]}" -eq 1 "images of that name"
	run_rbox images --filter reference='localhost/conf*' --format '{{.Tag}}'
	assert "$(sort <<<"$output" | tr '\n' ' ')" == "latest v1 "
	run_rbox images -q localhost/nothing
	assert "$output" == ""
	run_rbox 125 images --filter nosuch=1
	assert "$stderr" =~ '^Error: .*nosuch'
}

@test "image exists - 0 and 1, in silence" {
	run_rbox image exists localhost/busybox:latest
	assert "$output$stderr" == ""
	run_rbox image exists busybox
	run_rbox image exists "$(sed -n 's/^busybox sha256://p' "$IMAGES/list" | head -c 12)"
	run_rbox 1 image exists localhost/nothing
	assert "$output$stderr" == ""
}

@test "rmi - 0 and what was done" {
	local id
	id=$(sed -n 's/^busybox sha256://p' "$IMAGES/list")
	run_rbox rmi localhost/busybox:latest
	assert "${lines[0]}" == "Untagged: localhost/busybox:latest"
	assert "${lines[1]}" == "Deleted: $id"
	run_rbox images -q
	assert "$output" == ""
	empty_soon "$XDG_DATA_HOME/rbox/trash"
	assert "$(ls -A "$XDG_DATA_HOME/rbox/layers")" == "" "layers"
}

@test "rmi - 1: no such image" {
	run_rbox 1 rmi localhost/nothing
	assert "$output" == ""
	assert "$stderr" =~ '^Error: .*localhost/nothing'
	run_rbox rmi --ignore localhost/nothing
	# forced is ignoring, too, as in podman
	run_rbox rmi -f localhost/nothing
	assert "$output$stderr" == ""
}

@test "rmi - 2: a container uses it; -f takes both" {
	local name
	name=$(safename)
	run_rbox run --name "$name" "$IMAGE" true
	run_rbox 2 rmi "$IMAGE"
	assert "$stderr" =~ '^Error: .*(in use|used)'
	run_rbox image exists "$IMAGE"
	run_rbox rm "$name"
	run_rbox rmi "$IMAGE"
}

@test "rmi --all - every image with all its names; no names beside it" {
	run_rbox tag "$IMAGE" localhost/more:1
	run_rbox 125 rmi --all localhost/more:1
	run_rbox 125 rmi
	run_rbox rmi --all
	run_rbox images -q
	assert "$output" == ""
}

@test "rmi -f - with a container of it" {
	local name
	name=$(safename)
	run_rbox run --name "$name" "$IMAGE" true
	run_rbox rmi -f "$IMAGE"
	run_rbox ps -aq
	assert "$output" == ""
}

@test "rmi - 125: no name, bad name" {
	run_rbox 125 rmi
	assert "$stderr" =~ '^Error:'
	run_rbox 125 rmi 'Not A Name!'
	assert "$stderr" =~ '^Error:'
}

@test "rmi - one name of two only untags" {
	load_image configured
	run_rbox images -q --no-trunc
	assert "$(sort -u <<<"$output" | wc -l)" -eq 2 "two images with three names"
	run_rbox rmi localhost/configured:v1
	assert "$output" == "Untagged: localhost/configured:v1"
	run_rbox 1 image exists localhost/configured:v1
	run_rbox image exists localhost/configured:latest
	run_rbox rmi localhost/configured:latest
	assert "${lines[0]}" == "Untagged: localhost/configured:latest"
	assert "${lines[1]}" =~ '^Deleted: [0-9a-f]{64}$'
}

@test "rmi - by id" {
	run_rbox rmi "$(sed -n 's/^busybox sha256://p' "$IMAGES/list" | head -c 12)"
	run_rbox 1 image exists busybox
}

@test "images share layers" {
	# configured has the very layer of busybox
	local before after
	before=$(find "$XDG_DATA_HOME/rbox/layers" -mindepth 1 -maxdepth 1 | wc -l)
	load_image configured
	after=$(find "$XDG_DATA_HOME/rbox/layers" -mindepth 1 -maxdepth 1 | wc -l)
	assert "$before" -eq 1
	assert "$after" -eq 1 "layers of two images"
	run_rbox rmi localhost/busybox
	run_rbox run --rm --entrypoint '' localhost/configured cat /etc/image-name
	assert "$output" == base "the layer stays while one image needs it"
}
