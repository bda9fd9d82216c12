# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts masked at EL2, in operations that the bench's machine has not: docs/bench.md says how it
is counted. One CPU, so that all of it is."""

import subprocess

import scenario
from conftest import TOP
from test_bench import MASKED_LIMIT

PRELUDE = r"""
bench=/usr/lib/viaduct/bench/viaduct-bench
cd /etc/viaduct
op() { name=$1; shift; $bench begin "$name"; "$@" >&2 || exit 1; $bench end "$name"; }
exists() { via list "$1"; }
is_gone() { ! exists "$1"; }
gone() { via destroy "$1"; wait_for is_gone "$1"; }
# Its memory is still being cleaned then.
begin_and_kill() { via create "$1.cfg" & wait_for exists "$1"; kill -9 $!; }
"""

# RAM in one piece, and as much as the bench's largest guest has; all vCPUs; flash up to its end.
GUESTS = PRELUDE + r"""
op in-place begin_and_kill big
op end-in-place gone big
op vcpus via create -p wide.cfg
op end-vcpus gone wide
head -c 3000000 /dev/urandom >/tmp/firmware
op flash via create -p flash.cfg
op end-flash gone flash
"""

def masked(machine, script, *options):
    """{operation: instructions of its longest run}"""
    plugin, count = machine.directory / "count.so", machine.directory / "count"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", plugin,
                    *sorted((TOP / "bench/plugin").glob("*.c"))], check=True)
    scenario.run(machine, script, "--icount", "--cpus", "1", "--qemu",
                 f"-plugin {plugin},out={count}", *options)
    lines = [line.split("\t") for line in count.read_text().splitlines()]
    return {fields[1]: int(fields[2]) for fields in lines if fields[0] == "s"}


def check(longest, operations):
    assert set(longest) == operations
    assert {name: count for name, count in longest.items() if not 0 < count < MASKED_LIMIT} == {}


def test_guests(machine):
    """Without an IOMMU: only there RAM is in one piece."""
    files = {
        "big.cfg": scenario.image("big", "hello", memory=8192) + "unprotected_dma = 1\n",
        "wide.cfg": scenario.image("wide", "hello", vcpus=16),
        "flash.cfg": 'name = "flash"\nmemory = 32\nfirmware = "/tmp/firmware"\n',
    }
    longest = masked(machine, GUESTS, "--no-iommu", "--memory", "10240", "--hv-args",
                     "dom0_mem=1024M", *scenario.overlay(machine, files))
    check(longest, {"in-place", "end-in-place", "vcpus", "end-vcpus", "flash", "end-flash"})
