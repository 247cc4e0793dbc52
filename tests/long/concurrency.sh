#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# 50 at once, three times over; two seconds later all has to be as before.
AT_ONCE=50 ROUNDS=3 SETTLE=2 exec /usr/bin/python3 tests/lib/leaks.py bats --tap tests/bats/070-concurrency.bats
