# rbox: a daemonless, rootless container engine.
#
#   make            build/rbox and build/rbox-image
#   make demo       install what is missing, build, run a container as an unprivileged user
#   make check      install what the tests need and run them all (lint included)
#
# B=folder puts the build elsewhere, SAN=1 builds with ASan and UBSan, CC=clang works.

B	?= build
CC	?= gcc
PREFIX	?= /usr/local
LIBEXEC	?= $(PREFIX)/libexec
VERSION	:= 0.1.0

WARN	:= -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wvla -Wstrict-prototypes \
	   -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wformat=2 -Wno-unknown-warning-option -Wformat-truncation=0 \
	   -Wno-missing-field-initializers -Werror
OPT	?= -O2
CFLAGS	?= -g
BASE	:= -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DRBOX_VERSION='"$(VERSION)"' -I. -I$(B)/gen \
	   -fno-strict-aliasing -fstack-protector-strong -fPIE
LINK	:= -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifdef SAN
BASE	+= -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -DRBOX_DEBUG
LINK	+= -fsanitize=address,undefined
OPT	:= -O1
else
BASE	+= -D_FORTIFY_SOURCE=2
endif
# STATIC=1: rbox is one file without a loader. It starts 0.3 to 0.7 ms sooner, and a container that makes rbox its
# command (/proc/self/exe) finds no loader and libraries of its own in between. Not the default: where rbox
# belongs to its user it runs from a sealed copy in memory (runtime/seal.h), one per container; then a
# monitor has 1.8 MB of its own, and 0.9 MB with the shared libraries.
STATIC	?= 0
ifeq ($(STATIC),1)
STATIC_LINK := -static-pie
endif
ifdef DEBUG
BASE	+= -DRBOX_DEBUG
endif
# V=1 shows the whole command lines.
ifndef V
Q	:= @
say	= @echo "  $(1)	$(2)"
endif
ALL_CFLAGS = $(BASE) $(OPT) $(WARN) $(CFLAGS)

# librbox: all that touches containers, no parser of foreign bytes but JSON.
# libimage: what talks to registries and reads archives; only rbox-image links it.
CORE_SRC  := $(wildcard pkg/util/*.c pkg/oci/*.c pkg/engine/*.c runtime/*.c runtime/net/*.c \
	     runtime/monitor/*.c storage/*.c)
IMAGE_SRC := $(wildcard registry/*.c storage/unpack/*.c pkg/engine/image/*.c)
CMD_SRC   := $(wildcard cmd/*.c)
CMDI_SRC  := $(wildcard cmd/image/*.c)
UNIT_SRC  := $(wildcard tests/unit/*.c)
FUZZ_SRC  := $(wildcard tests/fuzz/*.c)

CORE_LIBS  := -lseccomp -ljansson
IMAGE_LIBS := -larchive -lcurl -lcrypto -lisal -lzstd -lz -lpthread $(CORE_LIBS)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

.PHONY: all
all: $(B)/rbox $(B)/rbox-image

GEN := $(B)/gen/seccomp_default.h

$(B)/obj/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# A source that goes must leave the library: its list of sources is a prerequisite too.
SOURCES := $(CORE_SRC) $(IMAGE_SRC) $(CMD_SRC) $(CMDI_SRC)
ifneq ($(SOURCES),$(shell cat $(B)/sources 2>/dev/null))
$(shell mkdir -p $(B) && echo "$(SOURCES)" > $(B)/sources)
endif

$(B)/librbox.a: $(call obj,$(CORE_SRC)) $(B)/sources
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcs $@ $(filter %.o,$^)
$(B)/libimage.a: $(call obj,$(IMAGE_SRC)) $(B)/sources
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcs $@ $(filter %.o,$^)
$(B)/rbox: $(call obj,$(CMD_SRC)) $(B)/librbox.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) $(STATIC_LINK) -o $@ $^ $(CORE_LIBS)
$(B)/rbox-image: $(call obj,$(CMDI_SRC)) $(B)/libimage.a $(B)/librbox.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) -o $@ $^ $(IMAGE_LIBS)

# The default seccomp filter is compiled when rbox is built: libseccomp needs 10 to 20 ms for it,
# more than a whole start takes. The compiler runs here (HOSTCC), the filter is for where rbox will run.
HOSTCC	?= $(CC)
TARGET	:= $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
$(B)/seccomp_gen: runtime/gen/seccomp_gen.c runtime/gen/seccomp_rules.h
	@mkdir -p $(@D) $(B)/gen
	$(HOSTCC) $(BASE) $(OPT) $(WARN) -o $@ $< -lseccomp
$(B)/gen/seccomp_default.h: $(B)/seccomp_gen
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)ASAN_OPTIONS=detect_leaks=0 $(B)/seccomp_gen $(TARGET) > $@.tmp && mv $@.tmp $@

# DESTDIR and PREFIX as usual; LIBEXEC is where rbox looks for rbox-image (../libexec from bin). What
# was installed stands in share/doc/rbox/installed, which is what `make uninstall` removes. The unit goes where
# systemd.unit(5) looks for a PREFIX of /usr, /usr/local and ~/.local alike: lib/systemd/user isn't searched in ~/.local.
DOCS	:= README.md SECURITY.md NEWS.md LICENSE
SHARE	:= $(PREFIX)/share
LISTED	:= $(SHARE)/doc/rbox/installed
# Who prints the pages: another one than what is installed when that is for another machine.
RBOX_HERE ?= $(B)/rbox
.PHONY: install uninstall clean demo
install: all
	@set -e; list=$(B)/installed; : > $$list; \
	put() { install -D -m $$1 $$2 "$(DESTDIR)$$3"; echo "$$3" >> $$list; }; \
	put 0755 $(B)/rbox $(PREFIX)/bin/rbox; \
	put 0755 $(B)/rbox-image $(LIBEXEC)/rbox/rbox-image; \
	for d in $(DOCS); do put 0644 $$d $(SHARE)/doc/rbox/$$d; done; \
	mkdir -p $(B)/man; \
	for p in $$($(RBOX_HERE) __man); do \
		$(RBOX_HERE) __man $$p > $(B)/man/$$p.1; put 0644 $(B)/man/$$p.1 $(SHARE)/man/man1/$$p.1; \
	done; \
	for s in bash zsh fish; do $(RBOX_HERE) completion $$s > $(B)/completion.$$s; done; \
	put 0644 $(B)/completion.bash $(SHARE)/bash-completion/completions/rbox; \
	put 0644 $(B)/completion.zsh $(SHARE)/zsh/site-functions/_rbox; \
	put 0644 $(B)/completion.fish $(SHARE)/fish/vendor_completions.d/rbox.fish; \
	sed 's,@bindir@,$(PREFIX)/bin,' contrib/systemd/rbox-restart.service.in > $(B)/rbox-restart.service; \
	put 0644 $(B)/rbox-restart.service $(SHARE)/systemd/user/rbox-restart.service; \
	put 0644 $$list $(LISTED)
uninstall:
	@test -f "$(DESTDIR)$(LISTED)" || { echo "nothing of rbox is installed in $(DESTDIR)$(PREFIX)" >&2; exit 1; }
	@while read -r f; do rm -f "$(DESTDIR)$$f"; done < "$(DESTDIR)$(LISTED)"
	@rm -f "$(DESTDIR)$(LISTED)"
	@rmdir "$(DESTDIR)$(LIBEXEC)/rbox" "$(DESTDIR)$(SHARE)/doc/rbox"
clean:
	rm -rf build build-*
demo:
	@contrib/demo

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

include tests/tests.mk
