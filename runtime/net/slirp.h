/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_NET_SLIRP_H
#define RUNTIME_NET_SLIRP_H

#include <stddef.h>
#include <sys/types.h>

#include "pkg/util/fail.h"
#include "runtime/net/port.h"

/*
 * slirp4netns (slirp4netns(1)) for one network namespace: tap0 10.0.2.100/24, gateway 10.0.2.2, DNS
 * 10.0.2.3, MTU 65520, host loopback disabled, sandboxed and with seccomp where it supports them.
 * Started by the monitor inside U right after the namespace exists; it ends when its exit pipe (held
 * by the monitor) closes. Missing program: the message says `apt install slirp4netns` or
 * --network none|host.
 */
struct slirp { pid_t pid; int ready_fd, exit_fd; int log_fd; };
/*
 * API_DIR (-EBADF: nothing will be published): a folder that is ours alone, where its API socket lies from now
 * until slirp_publish; whoever gives up in between removes SLIRP_SOCKET.
 */
#define SLIRP_SOCKET "slirp"
int slirp_start(int netns_fd, int api_dir, struct slirp *ret, struct fail *f) MUST_USE;
/* Waits until the interface is up; its stderr is in the message when it failed. */
int slirp_ready(struct slirp *s, struct fail *f) MUST_USE;
/*
 * After slirp_ready: has it listen on N lots of ports, each connection of which it makes anew inside, from
 * 10.0.2.2 to 10.0.2.100. A port that can't be had is said as port_refuse does. Removes the socket
 * in either case: nobody adds ports later behind our back.
 */
int slirp_publish(int api_dir, const struct port_forward *ports, size_t n, struct fail *f) MUST_USE;
void slirp_done(struct slirp *s);

#endif
