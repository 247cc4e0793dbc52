# How long things take, beside the bare system calls and beside podman. Included by tests/tests.mk.
#
#	make bench			all parts (tests/bench/bench.py names them)
#	make bench PARTS="run exec" RUNS=50
#	make bench PARTS="run exec" RT=1	as root on a busy machine: in real time priority

RUNS	?= 30
PARTS	?=

$(B)/bench/bare: tests/bench/bare.c | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(BASE) $(OPT) $(WARN) -o $@ $<
$(B)/bench/lap: tests/bench/lap.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(OPT) $(WARN) -o $@ $<

.PHONY: bench
bench: all $(B)/bench/bare $(B)/bench/lap
	/usr/bin/python3 tests/bench/bench.py --build $(B) --runs $(RUNS) $(if $(RT),--rt) $(PARTS)
