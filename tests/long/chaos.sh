#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Three minutes of chaos with each of two numbers of clients. CHAOS_SEED, CHAOS_SECONDS.
set -eu
seed=${CHAOS_SEED:-$((RANDOM))}
/usr/bin/python3 tests/long/chaos.py --seed "$seed" --clients 3
/usr/bin/python3 tests/long/chaos.py --seed "$((seed + 1))" --clients 10 --names 12
