# Fuzzers: tests/fuzz/<name>.c is libFuzzer's entry, tests/fuzz/corpus/<name>/ its seeds.
#
#	make fuzz FUZZ_SECONDS=600		every one of them for that long
#	make build-fuzz/template		one; then: build-fuzz/template tests/fuzz/corpus/template
#
# tests/fuzz/dict/<name> has words that belong to what is parsed. What a run finds goes to
# $(B)-fuzz/corpus/<name>; an input that crashed is kept as a file in
# $(B)-fuzz/ and belongs, once mended, into tests/fuzz/corpus/<name>/.

FUZZ_CC		?= clang
FUZZ_SECONDS	?= 60
FUZZ_FLAGS	:= (tar_apply) echo -max_len=16384;; (inflate) echo -max_len=8192;;
FUZZ_B		:= $(B)-fuzz
FUZZ_NAMES	:= $(patsubst tests/fuzz/%.c,%,$(FUZZ_SRC))
FUZZ_BIN	:= $(addprefix $(FUZZ_B)/,$(FUZZ_NAMES))
FUZZ_BASE	:= $(filter-out -D_FORTIFY_SOURCE=2,$(BASE)) -O1 -g -fno-omit-frame-pointer \
		   -fno-sanitize-recover=undefined -DRBOX_FUZZ
FUZZ_OBJ	:= $(patsubst %.c,$(FUZZ_B)/obj/%.o,$(CORE_SRC) $(IMAGE_SRC))

$(FUZZ_B)/obj/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_BASE) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c $< -o $@

$(FUZZ_B)/librbox-fuzz.a: $(FUZZ_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(FUZZ_BIN): $(FUZZ_B)/%: tests/fuzz/%.c $(FUZZ_B)/librbox-fuzz.a
	$(FUZZ_CC) $(FUZZ_BASE) -fsanitize=fuzzer,address,undefined -o $@ $< \
		$(FUZZ_B)/librbox-fuzz.a -Wl,--as-needed $(IMAGE_LIBS)

# fuzz-NAME: one of them
.PHONY: fuzz fuzz-bin $(addprefix fuzz-,$(FUZZ_NAMES))
fuzz-bin: $(FUZZ_BIN)
$(addprefix fuzz-,$(FUZZ_NAMES)): fuzz-%: $(FUZZ_B)/%
	@echo "== fuzz $* for $(FUZZ_SECONDS) s"
	@mkdir -p $(FUZZ_B)/corpus/$* tests/fuzz/corpus/$*
	@$(FUZZ_B)/$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
		-verbosity=0 -print_final_stats=1 -artifact_prefix=$(FUZZ_B)/$*- \
		$(addprefix -dict=,$(wildcard tests/fuzz/dict/$*)) $$(case $* in $(FUZZ_FLAGS) esac) \
		$(FUZZ_B)/corpus/$* tests/fuzz/corpus/$*
fuzz: $(addprefix fuzz-,$(FUZZ_NAMES))

# What of the parsers the kept corpus runs through: tests/fuzz/COVERAGE.md.
FUZZ_COV	:= $(B)-fuzzcov
FUZZ_COV_OBJ	:= $(patsubst %.c,$(FUZZ_COV)/obj/%.o,$(CORE_SRC) $(IMAGE_SRC))
FUZZ_COV_BIN	:= $(addprefix $(FUZZ_COV)/,$(FUZZ_NAMES))
FUZZ_COV_CC	:= $(FUZZ_CC) $(FUZZ_BASE) -fprofile-instr-generate -fcoverage-mapping

$(FUZZ_COV)/obj/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(FUZZ_COV_CC) -MMD -MP -c $< -o $@

$(FUZZ_COV)/librbox-fuzz.a: $(FUZZ_COV_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(FUZZ_COV_BIN): $(FUZZ_COV)/%: tests/fuzz/%.c $(FUZZ_COV)/librbox-fuzz.a
	$(FUZZ_COV_CC) -fsanitize=fuzzer -o $@ $< $(FUZZ_COV)/librbox-fuzz.a -Wl,--as-needed $(IMAGE_LIBS)

.PHONY: fuzz-coverage fuzz-seeded
fuzz-coverage: $(FUZZ_COV_BIN)
	@tests/fuzz/coverage.sh $(FUZZ_COV)

# Bugs put in on purpose are found.
fuzz-seeded:
	@tests/fuzz/seeded.sh

-include $(FUZZ_OBJ:.o=.d) $(FUZZ_COV_OBJ:.o=.d)
