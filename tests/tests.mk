# What checks rbox. Included by the Makefile of the root.

# Unit tests: tests/unit/<folder>_<file>.c, one program each, against both libraries.
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
$(B)/unit/%: tests/unit/%.c $(B)/libimage.a $(B)/librbox.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Wno-missing-prototypes $(LINK) -o $@ $< $(B)/libimage.a $(B)/librbox.a -lcmocka $(IMAGE_LIBS)

.PHONY: unit unit-bin objects unit-objects
unit-bin: $(UNIT_BIN)
unit: $(UNIT_BIN)
	@set -e; for t in $(UNIT_BIN); do echo "== $$t"; $$t; done

# A command with system calls missing, for the fallbacks: build/deny_syscall clone3,openat2 COMMAND.
$(B)/deny_syscall: tests/lib/deny_syscall.c $(B)/librbox.a
	$(CC) $(ALL_CFLAGS) $(LINK) -o $@ $< $(B)/librbox.a -lseccomp

# Every object, nothing linked: what the compile with the other compiler needs.
OBJECTS := $(call obj,$(CORE_SRC) $(IMAGE_SRC) $(CMD_SRC) $(CMDI_SRC))
UNIT_OBJ := $(call obj,$(UNIT_SRC) $(FUZZ_SRC))
$(UNIT_OBJ): WARN += -Wno-missing-prototypes
objects: $(OBJECTS)
unit-objects: $(UNIT_OBJ)

# The rules of the house that a script can hold (contrib/checks), and a clang compile of all.
CHECKS := spdx words shell length params calls floors
BUILT_CHECKS := headers globals $(if $(CMD_SRC),needed compat)
.PHONY: lint lint-clang
lint: objects $(if $(CMD_SRC),$(B)/rbox)
	@bad=0; for c in $(CHECKS) $(BUILT_CHECKS); do \
		echo "== contrib/checks/$$c.sh"; \
		B=$(B) CC='$(CC)' CHECK_CFLAGS='$(BASE) $(WARN)' bash contrib/checks/$$c.sh || bad=1; \
	done; \
	echo "== contrib/checks/selftest.sh"; bash contrib/checks/selftest.sh || bad=1; \
	echo "== clang -Werror"; $(MAKE) --no-print-directory -s lint-clang || bad=1; \
	exit $$bad
lint-clang:
	@$(MAKE) --no-print-directory CC=clang B=$(B)/clang OPT=-O1 objects unit-objects

# The whole: tests/check.sh adds everything up and ends with "N passed, N failed".
# T='030 040' runs the suites whose names start so.
.PHONY: check check-long asan bats vm unit-user
check asan:
	@tests/check.sh $@
check-long:
	@tests/check.sh long
bats:
	@tests/check.sh bats $(T)
vm:
	@tests/check.sh vm $(T)
unit-user:
	@tests/check.sh unit

-include tests/fuzz/fuzz.mk
-include tests/bench/bench.mk
