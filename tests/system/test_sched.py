# SPDX-License-Identifier: BSD-2-Clause
"""Who gets the CPUs: weights, caps, pinning, and CPUs that one virtual CPU has to itself."""

import json
import re
import statistics

import pytest

import scenario
from scenario import guest, image, result

BUSY = "cpus=2 ms=3600000"
# Sleeps by its timer, then until somebody types; both wake it on a CPU that is its own.
QUIET = """
for i in 1 2 3 4 5 6 7 8 9 10; do usleep 20000; done
echo slept
read line
echo "got $line"
"""

FILES = {
    # Each begins on one CPU, so that somebody has to move for all to be fair.
    "heavy.cfg": image("heavy", "spin", vcpus=2, extra=BUSY) + "cpus = '0'\ncpu_weight = 512\n",
    "light.cfg": image("light", "spin", vcpus=2, extra=BUSY) + "cpus = [ '1', '1' ]\n",
    "quiet.cfg": guest("quiet", QUIET) + "cpus = '1'\n",
    "other.cfg": image("other", "spin", extra="cpus=1 ms=3600000") + "cpus = '1'\n",
}

SCRIPT = r"""
cd /etc/viaduct
ran() { [ "$(via list "$1" | awk 'NR == 2 { print int($6 * 10) }')" -ge "$2" ]; }
# Each vCPU is on the one CPU it may be on.
there() { via vcpu-list "$1" | awk 'NR > 1 && $4 != $7 { bad = 1 } END { exit bad }'; }
uptime_of() { via info --json | sed 's/.*"uptime": //; s/}.*//'; }
via create heavy.cfg && via create light.cfg
section pinned; via vcpu-list
via vcpu-pin heavy all all; via vcpu-pin light all all
wait_for ran light 10
section shares; via list --json
for i in 1 2 3 4 5; do sleep 2; via list --json; done
section top; via top -b -n 1 -d 2 -v
via destroy light
section pinning
via vcpu-pin heavy all 1 && wait_for there heavy && echo there
via vcpu-pin heavy 0 0 && wait_for there heavy; via vcpu-list heavy
try no-such-cpu via vcpu-pin heavy 1 1-5
section cap
via vcpu-pin heavy all all; via sched-weight heavy -c 60
uptime_of; via list --json; uptime_of
sleep 4
uptime_of; via list --json; uptime_of
section weights; via sched-weight
via destroy heavy
via vcpu-pin Domain-0 all 0 && wait_for there Domain-0
via create quiet.cfg; listen quiet
section quiet; said quiet slept; via stats quiet
type_to quiet hello; said quiet got
via destroy quiet; via create quiet.cfg
via create other.cfg; rm /tmp/quiet; listen quiet
section shared; said quiet slept; via stats quiet
type_to quiet again; said quiet got
via destroy other; via destroy quiet
via vcpu-pin Domain-0 all all
section after; via vcpu-list
"""


@pytest.fixture(scope="module")
def sched(module_machine):
    options = scenario.overlay(module_machine, FILES)
    return scenario.run(module_machine, SCRIPT, *options)[1]


def seconds(line):
    """{name: CPU seconds} of via list --json."""
    return {d["name"]: d["cpu_seconds"] for d in json.loads(line)}


def test_cpus_of_the_configuration(sched):
    rows = [line.split() for line in sched["pinned"].splitlines()[1:]]
    assert {(row[0], row[3], row[6]) for row in rows if row[3] != "-"} >= {
        ("heavy", "0", "0"), ("light", "1", "1")}


def test_two_to_one_on_two_cpus(sched):
    """Looked at several times: the control domain wants something in between, now here, now there."""
    looks = [seconds(line) for line in sched["shares"].splitlines()]
    ratios = [(now["heavy"] - last["heavy"]) / (now["light"] - last["light"])
              for last, now in zip(looks, looks[1:])]
    assert statistics.median(ratios) == pytest.approx(2, rel=0.05), ratios


def test_top(sched):
    """The heavy one shows as what it is."""
    lines = [line.split() for line in sched["top"].splitlines()]
    assert lines[1][:4] == ["Name", "ID", "State", "CPU%"]
    percent = {line[0]: float(line[3]) for line in lines[2:] if line[0] != "vCPU"}
    assert list(percent) == ["Domain-0", "heavy", "light"]
    assert percent["heavy"] > percent["light"] > 0
    assert [line[:2] for line in lines[2:] if line[0] == "vCPU"] == [["vCPU", "0"],
                                                                     ["vCPU", "1"]] * 3


def test_pinned_later(sched):
    there, *listed = sched["pinning"].splitlines()
    assert there == "there"
    rows = [line.split() for line in listed[1:]]
    assert [(row[2], row[3], row[6]) for row in rows] == [("0", "0", "0"), ("1", "1", "1")]
    assert result(sched["no-such-cpu"]) == (
        1, "via vcpu-pin: the machine has no CPU 2-5, or it is not online: there are 0-1\n")


def test_cap(sched):
    """60 percent of one CPU for both vCPUs together, though two CPUs have nothing else to do."""
    a, before, b, c, after, d = sched["cap"].splitlines()
    ran = seconds(after)["heavy"] - seconds(before)["heavy"]
    assert ran <= (float(d) - float(a)) * 0.6 * 1.05
    assert ran >= (float(c) - float(b)) * 0.6 * 0.9
    assert re.search(r"^heavy +1 +512 +60$", sched["weights"], re.M)
    assert re.search(r"^Domain-0 +0 +256 +0$", sched["weights"], re.M)


def wfi_exits(text):
    return int(re.search(r"^exits_wfx +: (\d+)$", text, re.M)[1])


def test_a_cpu_of_its_own(sched):
    """It waits there as on bare metal, and is woken by its timer and by another CPU."""
    assert "slept" in sched["quiet"] and "got hello" in sched["quiet"]
    assert wfi_exits(sched["quiet"]) == 0
    assert "slept" in sched["shared"] and "got again" in sched["shared"]
    assert wfi_exits(sched["shared"]) > 0


def test_nothing_is_left(sched):
    rows = [line.split() for line in sched["after"].splitlines()[1:]]
    assert [(row[0], row[6]) for row in rows] == [("Domain-0", "all")] * 2
