# SPDX-License-Identifier: BSD-2-Clause
"""Driver domains: host bridges of different owners, and what is left when an owner ends."""

import hashlib
import re
import subprocess

import pytest

import scenario
from conftest import TOP, nvme
from test_dom0less import domain, domains

# The driver domain uses one of its disks and lets go of the other.
OWNER = """
[ -e /sys/bus/pci/devices/0001:42:00.0/driver ] && echo 0001:42:00.0 >/sys/bus/pci/drivers/nvme/unbind
echo "sees $(ls /sys/bus/pci/devices | tr '\\n' ' ')"
echo "reads $(cat /dev/nvme?n1 | sha256sum)"
echo ready
read -r word
reboot -f
"""

# The guest reads its disk all the time, and says how often whenever it is asked.
GUEST = """
first=$(sha256sum </dev/nvme0n1)
: >/good
: >/bad
(while echo 3 >/proc/sys/vm/drop_caches; do
	[ "$(sha256sum </dev/nvme0n1)" = "$first" ] && echo >>/good || echo >>/bad
done) &
echo up
while read -r word; do
	echo "$word: $(wc -l </good) good, $(wc -l </bad) bad, $first"
done
"""

SCRIPT = r"""
# asked WORD NUMBER: the guest's answer, once it has read its disk that often.
asked()
{
	times=-1
	until [ "$times" -ge "$2" ]; do
		turn=$((turn + 1))
		type_to work "$1$turn"
		line=$(said work "$1$turn: ") || break
		times=$(echo "$line" | sed 's/.*: \([0-9]*\) good.*/\1/')
		usleep 200000
	done
	echo "$line"
}

section mine; lspci -D -n; sha256sum <"$(disk 0000:01:00.0)"
section list; via pci-list -a
listen domd
section owner; said domd sees; said domd reads; said domd ready
via pci-assignable-add 0001:42:00.0 && via create /etc/viaduct/work.cfg || exit 1
listen work
section lent; said work up; asked lent 1; via pci-list -a
type_to domd go
wait_for has_id domd 3
listen domd
section again; said domd sees; said domd reads; said domd ready; asked again $((times + 2))
via pci-list -a
try end via destroy domd
section work; asked work $((times + 2)); via list
is_assignable() { via pci-assignable-list | grep -q "^$1"; }
wait_for is_assignable 0001:41:00.0
section left; via pci-list -a
via destroy work
wait_for is_assignable 0001:42:00.0
section back; via pci-list -a
section mine-after; echo 3 >/proc/sys/vm/drop_caches; sha256sum <"$(disk 0000:01:00.0)"
"""


def rows(table):
    """{SBDF: (state, user)} of via pci-list -a."""
    return {line.split()[0]: tuple(line.split()[3:5]) for line in table.splitlines()
            if re.match(r"\d{4}:", line)}


@pytest.fixture(scope="module")
def two_owners(module_machine):
    """The control domain owns segment 0, domd owns segment 1 and lends a disk to a guest."""
    machine = module_machine
    disks = [machine.raw_image(f"disk{n}.img", 8, seed=n) for n in (1, 2, 3)]
    done, out = scenario.run(
        machine, SCRIPT, "--split-root", *nvme(disks[0], port=1),
        *nvme(disks[1], port=2, root="pcie.1"), *nvme(disks[2], port=3, root="pcie.1"),
        *domains(machine, domain("domd", OWNER, bridges="0001:40-ff")),
        *scenario.overlay(machine, {"work.cfg": scenario.guest(
            "work", GUEST, pci=["0001:42:00.0"])}))
    return done, out, [hashlib.sha256(disk.read_bytes()).hexdigest() for disk in disks]


def test_each_owner_has_its_own(two_owners):
    """Nobody sees the other's functions, and both drive theirs with stock drivers."""
    _, out, sums = two_owners
    shown = re.findall(r"^(\S+) \d{4}:", out["mine"], re.M)
    assert "0000:01:00.0" in shown and not [name for name in shown if name.startswith("0001")]
    assert f"{sums[0]}  -" in out["mine"]
    assert re.search(r"^sees 0001:40:00.0 0001:40:01.0 0001:41:00.0 0001:42:00.0 *\r?$",
                     out["owner"], re.M)
    assert f"reads {sums[1]}  -" in out["owner"]
    users = {sbdf: user for sbdf, (_, user) in rows(out["list"]).items()}
    assert {user for sbdf, user in users.items() if sbdf.startswith("0000")} == {"0"}
    assert {user for sbdf, user in users.items() if sbdf.startswith("0001")} == {"1"}


def test_guest_uses_what_a_driver_domain_owns(two_owners):
    _, out, sums = two_owners
    assert f" 0 bad, {sums[2]}  -" in out["lent"]
    assert rows(out["lent"])["0001:42:00.0"] == ("lent", "2")
    assert rows(out["lent"])["0001:41:00.0"] == ("owned", "1")


def test_owner_begins_again(two_owners):
    """It asked for a reboot: it uses what it used, and what it had lent stays where it is."""
    _, out, sums = two_owners
    assert f"reads {sums[1]}  -" in out["again"]
    assert f" 0 bad, {sums[2]}  -" in out["again"]
    again = rows(out["again"])
    assert again["0001:41:00.0"] == ("owned", "3")
    assert again["0001:42:00.0"] == ("lent", "2")


def test_guest_outlives_the_owner(two_owners):
    """It reads on, all of it right; what the owner used is in quarantine."""
    _, out, sums = two_owners
    assert scenario.result(out["end"]) == (0, "")
    assert f" 0 bad, {sums[2]}  -" in out["work"]
    assert "domd" not in out["work"] and re.search(r"^work +2 ", out["work"], re.M)
    left = rows(out["left"])
    assert left["0001:42:00.0"] == ("lent", "2")
    assert left["0001:41:00.0"][0] == "assignable"


def test_all_comes_back(two_owners):
    _, out, sums = two_owners
    back = rows(out["back"])
    assert back["0001:42:00.0"][0] == back["0001:41:00.0"][0] == "assignable"
    assert f"{sums[0]}  -" in out["mine-after"]
