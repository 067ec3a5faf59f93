# rtbuild: one Makefile. `make help` lists the targets; V picks the variant, O the output root.
V ?= release
O ?= build
B := $(O)/$(V)

# Rooms by level, lowest first (docs/architecture.md). A room may use only the levels below it, and
# a test of a room is linked with no others.
LEVEL_1 := base
LEVEL_2 := image net
LEVEL_3 := layers git
LEVEL_4 := registry python sandbox templates
LEVEL_5 := builder extend
LEVEL_6 := runtime
LEVEL_7 := cmd
LEVELS := 1 2 3 4 5 6 7
ROOMS := $(foreach l,$(LEVELS),$(LEVEL_$(l)))

PKGS := libcrypto jansson yaml-0.1 zlib libdeflate libzstd libseccomp
# Loaded at first use by their adapter (base/dynlib.h): headers only.
DL_PKGS := libcurl libarchive libgit2 libpsl

CC ?= gcc
PKG_CONFIG ?= pkg-config
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
	-Wwrite-strings -Wpointer-arith -Wundef -Wcast-qual -Wimplicit-fallthrough -Wswitch-enum \
	-Wnull-dereference -Werror=implicit-function-declaration -Werror=format-security
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
	-fno-strict-aliasing -fno-delete-null-pointer-checks -fwrapv
CFLAGS_release := -O2 -g $(HARDEN)
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
CFLAGS_tsan := -O1 -g -fsanitize=thread
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=all
CFLAGS_cov := -O1 -g --coverage -fprofile-update=atomic
LDFLAGS_release := -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_tsan := -fsanitize=thread
LDFLAGS_fuzz := -fsanitize=address,undefined
LDFLAGS_cov := --coverage

VERSION := $(shell sed -n 's/^\#\# \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md 2>/dev/null | head -n 1)
CPPFLAGS += -I. -D_GNU_SOURCE -include base/banned.h -DRTBUILD_VERSION='"$(or $(VERSION),0)"' \
	$(shell $(PKG_CONFIG) --cflags $(PKGS) $(DL_PKGS))
CFLAGS += -std=c17 -fvisibility=hidden -fno-common -fPIE -pthread $(WARN) $(CFLAGS_$(V)) \
	$(if $(DEV),-Werror)
LDFLAGS += -pie -pthread $(LDFLAGS_$(V))
LDLIBS += $(shell $(PKG_CONFIG) --libs $(PKGS)) -ldl -lm

PREFIX ?= /usr/local
# One short line a command; VERBOSE=1 shows all of it.
Q := $(if $(VERBOSE),,@)
say = $(if $(VERBOSE),@:,@printf '  %-4s %s\n')

SRC := $(foreach r,$(ROOMS),$(wildcard $(r)/*.c))
EMBED := $(B)/templates/embedded.o
room_objs = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c)) $(if $(filter templates,$(1)),$(EMBED))
ARCHIVES := $(foreach r,$(ROOMS),$(B)/lib/$(r).a)

# Archives a test of room $(1) may see: its own, then all of lower levels, highest first for the linker.
reverse = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
level_of = $(strip $(foreach l,$(LEVELS),$(if $(filter $(1),$(LEVEL_$(l))),$(l))))
BELOW_2 := $(LEVEL_1)
BELOW_3 := $(BELOW_2) $(LEVEL_2)
BELOW_4 := $(BELOW_3) $(LEVEL_3)
BELOW_5 := $(BELOW_4) $(LEVEL_4)
BELOW_6 := $(BELOW_5) $(LEVEL_5)
BELOW_7 := $(BELOW_6) $(LEVEL_6)
room_libs = $(patsubst %,$(B)/lib/%.a,$(1) $(call reverse,$(BELOW_$(call level_of,$(1)))))

UNIT_SRC := $(wildcard tests/unit/*/*.c)
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))

# A fuzz target sees all rooms but cmd. libFuzzer drives it with V=fuzz; else a main of ours feeds
# it tests/fuzz/corpus, and it counts as a test.
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
FUZZ := $(FUZZ_SRC:%.c=$(B)/%)
FUZZ_MAIN := $(if $(filter fuzz,$(V)),-fsanitize=fuzzer,$(B)/tests/fuzz/replay/main.o)

# Servers of ours that tests start.
SERVER_SRC := $(wildcard tests/servers/scripted/*.c)
SCRIPTED := $(B)/tests/servers/scripted/scripted

.PHONY: all check unit test test-long demo bench lint report format asan tsan cov fuzz fuzz-build compdb \
	install clean help
.SECONDARY:

all: $(B)/rtbuild ## build the program (V=release|asan|tsan)

$(B)/rtbuild: $(ARCHIVES)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ -Wl,--whole-archive $(B)/lib/cmd.a -Wl,--no-whole-archive \
		$(call reverse,$(filter-out $(B)/lib/cmd.a,$(ARCHIVES))) $(LDLIBS)

define room_rule
$(B)/lib/$(1).a: $(call room_objs,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$$(AR) rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room_rule,$(r))))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The template files, inside the program: name, bytes, length.
TEMPLATE_FILES := $(sort $(wildcard templates/*/*))
$(B)/templates/embedded.c: $(TEMPLATE_FILES) tools/embed
	@mkdir -p $(@D)
	$(say) GEN $@
	$(Q)tools/embed $(TEMPLATE_FILES) > $@
$(EMBED): $(B)/templates/embedded.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

define unit_rule
$(B)/unit/$(1): $(B)/tests/unit/$(1).o $(call room_libs,$(firstword $(subst /, ,$(1))))
	@mkdir -p $$(@D)
	$$(say) LD $$@
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ -lcmocka $$(LDLIBS)
endef
$(foreach t,$(patsubst tests/unit/%.c,%,$(UNIT_SRC)),$(eval $(call unit_rule,$(t))))

$(FUZZ): %: %.o $(filter-out -%,$(FUZZ_MAIN)) $(call room_libs,runtime)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter -%,$(FUZZ_MAIN)) $^ $(LDLIBS)

$(SCRIPTED): $(SERVER_SRC:%.c=$(B)/%.o) $(B)/lib/base.a
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lssl $(LDLIBS)

unit: $(if $(T),$(filter $(B)/unit/$(T)%,$(UNIT)),$(UNIT)) ## unit tests; T=room or room/module
	@tests/run $^

# What a sanitizer's own memory and libraries would spoil.
ONLY_RELEASE := tests/cli/memory.sh tests/cli/startup.sh
# What would take `make test` past a quarter of an hour: more of what it has already.
FOR_LONG := tests/cli/runtimes_alike.sh tests/cli/runtimes_conda.sh tests/cli/runtimes_default.sh
SCRIPTS := $(filter-out $(FOR_LONG) $(if $(filter release,$(V)),,$(ONLY_RELEASE)),$(wildcard tests/cli/*.sh tests/tools/*.sh))

# These take minutes: they begin first, the longest before all, so that the end is not one of them alone.
LONG := $(foreach t,runtimes install backends_all resume faults unmounted quirks differential backends rootless,$(filter tests/cli/$(t).sh,$(SCRIPTS)))

check: all unit-build fuzz-build ## every test, on what is installed; T=pattern selects
	@RTBUILD=$(abspath $(B)/rtbuild) SCRIPTED=$(abspath $(SCRIPTED)) T='$(T)' tests/run $(LONG) $(UNIT) $(FUZZ) $(filter-out $(LONG),$(SCRIPTS))

test-long: check ## and the tests that take longest
	@RTBUILD=$(abspath $(B)/rtbuild) SCRIPTED=$(abspath $(SCRIPTED)) T='$(T)' tests/run $(FOR_LONG)

unit-build: $(UNIT) $(SCRIPTED)
fuzz-build: $(FUZZ)

test: check ## what `./setup test` runs after installing

demo: all ## the main job end to end, on the embedded store
	@RTBUILD=$(abspath $(B)/rtbuild) WORK=$(abspath $(O)/demo) examples/demo

bench: all ## side by side with every peer on PATH
	@RTBUILD=$(abspath $(B)/rtbuild) tests/bench/run
	@RTBUILD=$(abspath $(B)/rtbuild) tests/bench/registry
	@RTBUILD=$(abspath $(B)/rtbuild) tests/bench/layer

lithops: all ## an unmodified Lithops with rtbuild as its docker: LITHOPS_SRC=DIR
	@RTBUILD=$(abspath $(B)/rtbuild) LITHOPS_SRC='$(LITHOPS_SRC)' tests/run tests/lithops/run

lint: ## everything that has one right answer; compilers' warnings are errors with DEV=1, as in CI
	@tools/check-includes
	@tools/check-adapters
	@tools/check-banned
	@tools/check-format
	@tools/check-shell
	@tools/check-rules
	@CPPFLAGS="$(filter-out -DRTBUILD%,$(CPPFLAGS))" tools/check-headers

report: ## long and complex functions, for a reader's judgement
	@tools/report

format: ## clang-format everything
	clang-format -i $(wildcard $(ROOMS:%=%/*.[ch]) tests/unit/*/*.[ch] tests/fuzz/*.[ch] tests/fuzz/*/*.[ch] tests/servers/*/*.[ch])

asan: ## every test under ASan and UBSan
	$(MAKE) V=asan check
tsan: ## unit tests under TSan
	$(MAKE) V=tsan unit

cov: ## which lines the tests reach, by file; T=pattern selects tests
	find $(O)/cov -name '*.gcda' -delete 2>/dev/null || true
	-$(MAKE) V=cov check
	@tools/coverage $(O)/cov

FUZZ_SECONDS ?= 60
fuzz: ## each target of tests/fuzz for FUZZ_SECONDS, or those with T in their name
	$(MAKE) V=fuzz CC=clang fuzz-build
	@O=$(O) tests/fuzz/run $(FUZZ_SECONDS) '$(T)'

compdb: ## compile_commands.json for editors
	@tools/compdb "$(CC) $(CPPFLAGS) $(CFLAGS)" $(SRC) $(UNIT_SRC) > compile_commands.json

install: all ## PREFIX, DESTDIR
	install -D -m 755 $(B)/rtbuild $(DESTDIR)$(PREFIX)/bin/rtbuild

clean:
	rm -rf $(O)

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 14

-include $(shell find $(B) -name '*.d' 2>/dev/null)
