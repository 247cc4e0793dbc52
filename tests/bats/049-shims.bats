#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 049-shims: rbox by podman's and docker's names (contrib/shims), with lines as scripts have them.

# shellcheck disable=SC2154,SC2016  # run_sh sets them; expanded by the inner shell
load helpers

setup_file() {
	load_image busybox
	PATH=$PWD/contrib/shims:$PATH
	export PATH
	[ "$(command -v docker)$(command -v podman)" = "$PWD/contrib/shims/docker$PWD/contrib/shims/podman" ]
}

teardown_file() {
	leak_check
}

teardown() {
	remove_all
}

@test "shims docker - a day of it" {
	run_sh '
		set -e
		docker version --format "{{.Client.Version}}" >/dev/null
		docker info >/dev/null
		docker run --rm --net none $IMAGE echo hello
		docker container run --rm --network none $IMAGE echo again
		id=$(docker run -d --name web --net none -v /data -e A=b --label x=y --restart unless-stopped $IMAGE sleep 1000)
		[ "$(docker ps -q --no-trunc --filter name=web)" = "$id" ]
		docker container ls --filter label=x=y --format "{{.Names}} {{.Labels.x}}"
		docker inspect -f "{{.State.Running}} {{.Config.Image}} {{.HostConfig.RestartPolicy.Name}}" web
		docker exec web sh -c "echo \$A"
		echo typed | docker exec -i web cat
		echo a file >$TMPDIR/f; docker cp $TMPDIR/f web:/tmp/f; docker cp web:/tmp/f - | tar xO
		docker diff web | grep /tmp/f
		docker top web | wc -l
		docker stats --no-stream --format "{{.Name}}" web
		docker commit -q -m msg -a me web foo:bar >/dev/null
		docker tag foo:bar foo:baz
		docker history -q foo:bar | wc -l
		docker rmi foo:bar foo:baz >/dev/null
		docker stop -t 0 web; docker start web; docker restart -t 0 web
		docker kill -s KILL web; docker wait web
		docker rename web site; docker rm -fv site
		docker create -a stdout --name c --net none $IMAGE echo attached >/dev/null
		docker start -a c; docker logs --tail 1 c; docker container prune -f | wc -l
		docker volume create v; docker volume ls -q; docker volume inspect -f "{{.Driver}}" v; docker volume rm v
		docker image ls --format "{{.Repository}}:{{.Tag}}"' 2>&1
	assert "$output" == "hello
again
web y
true localhost/busybox:latest unless-stopped
b
typed
a file
A /tmp/f
2
web
2
web
web
web
web
137
site
attached
attached
1
v
v
local
v
localhost/busybox:latest"
	assert "$stderr" == ""
}

@test "shims podman - a day of it" {
	run_sh '
		set -e
		podman image exists $IMAGE
		podman info -f "{{.Host.Security.Rootless}}"
		podman run --rm --replace --name x --network none $IMAGE echo hello
		podman run -dt --name p --network none --userns=host --security-opt label=disable --log-driver=k8s-file \
			--pull=never $IMAGE sh -c "echo ready; sleep 1000" >/dev/null
		until podman logs p | grep -q ready; do sleep 0.1; done
		podman container inspect p --format "{{.State.Status}}"
		podman container exists p
		podman ps --noheading --format "{{.Names}} {{.State}}"
		podman ps --format json | tr -d " \n" | head -c 2
		echo
		podman exec -l hostname | wc -c
		podman top p hpid user comm | wc -l
		podman inspect p --format "{{json .NetworkSettings.Ports}}"
		podman logs -n p | cut -d" " -f2 | tr -d "\r"
		podman stop -i -t 0 p nope; podman rm -i p nope; podman rm -fi nope; podman rmi -f nope
		podman secret create s $TMPDIR/.profile 2>/dev/null || echo hush | podman secret create s - >/dev/null
		podman secret ls --format "{{.Name}}"
		podman run --rm --network none --secret s $IMAGE cat /run/secrets/s
		podman secret rm s >/dev/null
		podman volume create --label a=b pv; podman volume ls --filter label=a --format "{{.Name}}"
		podman volume exists pv; podman volume prune -f
		podman image inspect $IMAGE --format "{{.Os}}"
		podman tag $IMAGE localhost/other; podman untag localhost/other localhost/other
		podman images -q | wc -l
		podman events --stream=false --since 10m --filter volume=pv --format "{{.Status}} {{.Name}}"
		podman completion bash | wc -c | grep -q ....'
	assert "$output" == "true
hello
running
p running
[{
13
2
{}
ready
p
p
s
hush
pv
pv
pv
linux
1
create pv
remove pv"
	assert "$stderr" == ""
}

@test "shims - options before the command" {
	run_sh 'docker -D --log-level debug -H tcp://127.0.0.1:1 --context=default ps -q'
	assert "$output" == ""
	assert "$stderr" == "docker (rbox): -H is ignored: there is no server
docker (rbox): --context is ignored: there is no server"
	run_sh 'DOCKER_HOST=tcp://127.0.0.1:1 docker ps -q'
	assert "$stderr" == "docker (rbox): DOCKER_HOST is ignored: there is no server"
	run_sh 'podman --remote=false --log-level debug --storage-driver overlay --cgroup-manager=cgroupfs ps -q'
	assert "$output$stderr" == ""
	run_sh 125 'podman --root /elsewhere ps'
	assert "$stderr" =~ "^Error: --root /elsewhere is not supported"
	run_sh 125 'podman --remote ps'
	assert "$stderr" =~ "^Error: unknown flag: --remote"
	run_sh 'podman --version'
	assert "$output" =~ ^'rbox version'
}

@test "shims - what isn't there yet is said by name" {
	local c
	for c in build push save login 'network create x' 'system prune' 'image prune' 'volume export v' 'pod ps'; do
		run_sh 125 "podman $c"
		assert "$output" == "" "$c"
		assert "$stderr" =~ "^Error: rbox has no '[a-z ]+' yet" "$c"
	done
	run_sh 125 'docker buildx version'
	assert "$stderr" =~ "^Error: rbox has no 'buildx' yet"
	run_sh 125 'docker run --rm --network mine $IMAGE true'
	assert "$stderr" =~ "^Error: the network 'mine' is not supported yet"
}
