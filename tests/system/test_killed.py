# SPDX-License-Identifier: BSD-2-Clause
"""`via` is killed in the middle of what it does: all state is the hypervisor's, and stays whole.

The points are spread over the time that each command takes when nobody kills it, more of them near the
beginning, as that time was the first's. What is asserted holds at any point, so it does not matter
which are hit.
"""

import hashlib
import json
import os
import re

import pytest

import scenario
from conftest import nvme
from scenario import guest

BDF = "0000:01:00.0"
POINTS = 50 if os.environ.get("VIADUCT_SOAK") else 5
COMMANDS = ["create", "attach", "detach", "destroy"]
MIB = 1 << 20

FILES = {
    # What takes long is the loading of its kernel.
    "work.cfg": guest("work", memory=128, ramdisk=None, pci=[BDF]),
    "idle.cfg": guest("idle", "sleep 100000", memory=128),
    "check.cfg": guest("check", "sha256sum </dev/nvme0n1", pci=[BDF]),
}

SCRIPT = f"""
bdf={BDF}
points={POINTS}
""" + r"""
cd /etc/viaduct
create="via create work.cfg"
attach="via pci-attach idle $bdf"
detach="via pci-detach idle $bdf"
destroy="via destroy work"

# before COMMAND: what has to be there for it.
before()
{
	case $1 in
	detach) $attach ;;
	destroy) $create ;;
	esac
}

# settle: by ordinary commands from wherever a killed one has left things to where all begin.
has_none() { ! via list "$1"; }
is_assignable() { via pci-assignable-list | grep "^$bdf"; }
settle()
{
	via list work >/dev/null 2>&1 && via destroy work
	wait_for has_none work || exit 20
	if via pci-list idle | grep -q $bdf; then
		$detach || exit 21
	fi
	wait_for is_assignable || exit 22
}

# killed COMMAND MICROSECONDS
killed()
{
	before $1 >/dev/null || exit 23
	eval "exec \$$1" >/dev/null 2>&1 &
	usleep $2
	kill -9 $! 2>/dev/null
	wait $!
	echo "point $2"
	via list --json
	via pci-list -a --json
	if [ "$(via list --json work 2>/dev/null | grep -c building)" = 1 ]; then
		echo "again"
		$create 2>&1
	fi
	settle
}

centiseconds() { cut -d ' ' -f 1 /proc/uptime | tr -d .; }

section ready; via pci-assignable-add $bdf && via create idle.cfg || exit 10
for command in create attach detach destroy; do
	before $command || exit 11
	start=$(centiseconds)
	eval "\$$command" || exit 12
	eval "took_$command=$(($(centiseconds) - start + 1))"
	settle
done
section before; via info --json
for command in create attach detach destroy; do
	section $command
	eval "took=\$took_$command"
	i=1
	while [ $i -le $points ]; do
		killed $command $((took * 10000 * i * i / (points + 1) / (points + 1)))
		i=$((i + 1))
	done
done
section after; via info --json
section list; via list
section check; via create check.cfg && console check 100
"""


@pytest.fixture(scope="module")
def killed(module_machine):
    machine = module_machine
    disk = machine.raw_image("disk.img", 8, seed=5)
    _, out = scenario.run(machine, SCRIPT, *nvme(disk, port=1),
                          *scenario.overlay(machine, FILES), timeout=120 + 20 * POINTS)
    return out, hashlib.sha256(disk.read_bytes()).hexdigest()


def points(text):
    """([domains], the disk's function, what else was said) for each point at which via was killed."""
    for part in re.split(r"^point \d+\n", text, flags=re.M)[1:]:
        domains, end = json.JSONDecoder().raw_decode(part)
        functions, more = json.JSONDecoder().raw_decode(part[end:].lstrip())
        yield domains, next(f for f in functions if f["bdf"] == BDF), part[end:].lstrip()[more:]


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_in_between(killed, command):
    """A domain is there or not, and a function is whose the hypervisor says it is."""
    out, _ = killed
    seen = list(points(out[command]))
    assert len(seen) == POINTS
    for domains, disk, _ in seen:
        states = {domain["name"]: domain["state"] for domain in domains}
        assert states.keys() <= {"Domain-0", "idle", "work"} and states["idle"] == "running"
        assert states.get("work") in [None, "building", "running", "dying"]
        assert disk["state"] in ["assignable", "resetting", "lent"]
        if disk["state"] == "lent":
            assert disk["user"] in [domain["id"] for domain in domains if domain["id"] != 0]


def test_half_made_domain_is_told(killed):
    """It keeps its name until it is destroyed, which the refusal says."""
    out, _ = killed
    for domains, _, more in points(out["create"]):
        half = "building" in [domain["state"] for domain in domains]
        assert half == ('"work" is half made' in more), more
        assert half == ("via destroy work" in more), more


def test_nothing_is_lost(killed):
    """Memory, but for what the hypervisor's own heap grows by, and the disk."""
    out, checksum = killed
    before, after = (json.loads(out[name])["free_bytes"] for name in ("before", "after"))
    assert before - 4 * MIB <= after <= before
    assert f"{checksum}  -" in out["check"]
    assert len(out["list"].splitlines()) == 3
