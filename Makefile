# SPDX-License-Identifier: BSD-2-Clause
# Front door: every target first makes sure the machine has what it needs (scripts/setup), then
# leaves the work to meson and the scripts. 'make' builds; 'make demo' shows what it is for.

ARM64 = build/arm64
HOST = build/host
# Programs whose CPUs are threads, under ThreadSanitizer.
TSAN = build/tsan
# Length of one fuzzing run, per target; scripts/fuzz and scripts/check have their own when unset.
export FUZZ_SECONDS

.PHONY: all setup build host tsan demo demo-dom0less demo-imx8mp demo-domd run deb check soak bench fuzz mutate clean distclean

all: build

setup:
	@scripts/setup

$(ARM64)/build.ninja: | setup
	meson setup $(ARM64) --cross-file cross/aarch64.ini

$(HOST)/build.ninja: | setup
	meson setup $(HOST)

$(TSAN)/build.ninja: | setup
	meson setup $(TSAN) -Dsanitize=thread

build: $(ARM64)/build.ninja
	ninja -C $(ARM64)

host: $(HOST)/build.ninja
	ninja -C $(HOST)

tsan: $(TSAN)/build.ninja
	ninja -C $(TSAN)

# The whole chain on an emulated machine: about two minutes.
demo: build
	@scripts/demo

# Two guests with a disk each, and no control domain.
demo-dom0less: build
	@scripts/demo-dom0less

# The same chain behind a DesignWare host bridge and without an IOMMU: about four minutes.
demo-imx8mp: build
	@scripts/demo-imx8mp

# A driver domain owns the host bridge, and the control domain has no PCI.
demo-domd: build
	@scripts/demo-domd

# The demo's machine with a shell in the control domain.
run: build
	@scripts/demo-machine

# Debian packages, build/deb/*.deb.
deb: build
	@scripts/setup deb
	@scripts/deb

check: build host tsan deb
	@scripts/check

# The same tests with the large counts.
soak: build host tsan deb
	@VIADUCT_SOAK=1 scripts/check

bench: build
	@bench/run

fuzz: setup
	@scripts/fuzz $${FUZZ_SECONDS:-600}

# Every bit of every policy table changed once; writes docs/mutation.md.
mutate: setup
	@scripts/mutate --write

clean:
	rm -rf $(ARM64) $(HOST) build/deb build/demo build/demo-dom0less build/demo-imx8mp build/demo-domd build/fuzz build/mutate $(TSAN)

# Also what scripts/setup made: sysroot and root images.
distclean:
	rm -rf build
