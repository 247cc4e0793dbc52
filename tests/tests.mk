# What checks rbox. Included by the Makefile of the root.

# Unit tests: tests/unit/<folder>_<file>.c, one program each, against both libraries.
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
$(B)/unit/%: tests/unit/%.c $(B)/libimage.a $(B)/librbox.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Wno-missing-prototypes $(LINK) -o $@ $< $(B)/libimage.a $(B)/librbox.a -lcmocka $(IMAGE_LIBS)

.PHONY: unit
unit: $(UNIT_BIN)
	@set -e; for t in $(UNIT_BIN); do echo "== $$t"; $$t; done
