# SPDX-License-Identifier: BSD-2-Clause
"""Lending: a disk goes to a guest and comes back; nothing leaks, nobody sees what is not theirs."""

import hashlib
import json
import random
import re

import pytest

import scenario
import via_json
from conftest import e1000e, nvme
from scenario import guest, result

# Linux has 2048 bytes of command line, so guests' scripts are short.
WORK = """
ls -1 /sys/bus/pci/devices
mount -t ext4 /dev/nvme0n1 /mnt && cd /mnt || exit 10
sha256sum -c SHA256SUMS || exit 11
echo by the guest >new && sync && cd / && umount /mnt || exit 12
echo serial $(cat /sys/class/nvme/nvme0/serial)
grep nvme /proc/interrupts
"""

# Reads all of its disk again and again until it is ended.
READ = """
while true; do dd if=/dev/nvme0n1 of=/dev/null bs=64k 2>/dev/null && echo read; done
"""

FILES = {
    "work.cfg": guest("work", WORK, pci=["0000:02:00.0"]),
    "read.cfg": guest("read", READ, pci=["0000:02:00.0"], memory=128),
    "busy.cfg": guest("busy", "x", pci=["0000:02:00.0"]),
}

CHAIN = r"""
cd /etc/viaduct
section booted; via pci-list -a --json
section owner-before; lspci -D -n -s 02:00.0
try attach-owned via create work.cfg
section none; via list
mount "$(disk 0000:02:00.0)" /mnt
try add-mounted via pci-assignable-add 02:00.0
umount /mnt
try add via pci-assignable-add -n data 0000:02:00.0
section driver; ls /sys/bus/pci/devices/0000:02:00.0/driver 2>&1
section assignable; via pci-assignable-list; via pci-assignable-list -n
try add-again via pci-assignable-add 02:00.0
try name-taken via pci-assignable-add -n data 0000:03:00.0
section nic; ls /sys/bus/pci/devices/0000:03:00.0/driver/module >/dev/null && echo bound
try create via create work.cfg
section lent; via pci-list -a --json
section lent-list; via pci-list work; via pci-assignable-list
section owner-lent
lspci -D -n -s 02:00.0; lspci -D -n | wc -l
setpci -s 02:00.0 COMMAND=0006 BASE_ADDRESS_0=50000000
setpci -s 02:00.0 COMMAND BASE_ADDRESS_0
try add-lent via pci-assignable-add 02:00.0
try remove-lent via pci-assignable-remove 02:00.0
try create-busy via create busy.cfg
section guest; console work 120
section stats; via stats --json work
section bars-back; via dmesg | grep 0000:02:00.0
try destroy via destroy work
section after; via pci-list -a --json
try remove via pci-assignable-remove -r data
wait_for has_disk 0000:02:00.0
section back; via pci-list -a --json
mount "$(disk 0000:02:00.0)" /mnt && cat /mnt/new && cd /mnt && sha256sum -c SHA256SUMS
"""


@pytest.fixture(scope="module")
def chain(module_machine):
    machine = module_machine
    keep = machine.raw_image("keep.img", 8)
    data = machine.ext4_image("data.img", 64, {
        "data": random.Random(7).randbytes(24 << 20), "small": b"small"})
    options = [*nvme(keep, port=1), *nvme(data, port=2), *e1000e(port=3),
               *scenario.overlay(machine, FILES)]
    done, out = scenario.run(machine, CHAIN, *options)
    return done, out, machine, data


def function(text, address="0000:02:00.0"):
    """One function's entry in via pci-list -a --json."""
    return next(entry for entry in via_json.read("pci-list", text) if entry["bdf"] == address)


def test_before(chain):
    _, out, _, _ = chain
    disk = function(out["booted"])
    assert disk["state"] == "owned" and disk["owner"] == 0 and "vdev" not in disk
    assert disk["iommu"] and disk["reset"] and not disk["bridge"]


def test_not_assignable_is_not_lent(chain):
    _, out, _, _ = chain
    status, text = result(out["attach-owned"])
    assert status == 1
    assert text.splitlines()[1:] == [
        "via create: 0000:02:00.0: not assignable (see via pci-assignable-add)"]
    assert len(out["none"].splitlines()) == 2


def test_mounted_disk_is_not_taken(chain):
    _, out, _, _ = chain
    status, text = result(out["add-mounted"])
    assert status == 1
    assert "0000:02:00.0" in text and "mounted" in text


def test_assignable_add(chain):
    _, out, _, _ = chain
    assert result(out["add"]) == (0, "0000:02:00.0: driver nvme unbound\n")
    assert "No such file" in out["driver"]
    assert out["assignable"].split() == ["0000:02:00.0", "0000:02:00.0", "data"]
    assert result(out["add-again"]) == (0, "0000:02:00.0: is assignable already\n")


def test_name_is_unique_and_nothing_is_half_done(chain):
    _, out, _, _ = chain
    status, text = result(out["name-taken"])
    assert status == 1
    assert "another function has that name" in text
    assert out["nic"] == "bound\n"


def test_lent(chain):
    _, out, _, _ = chain
    assert result(out["create"])[0] == 0
    disk = function(out["lent"])
    assert disk["state"] == "lent" and disk["user"] == 1 and disk["owner"] == 0
    assert out["lent-list"] == "Vdev Device\n01.0 0000:02:00.0\n"


def test_owner_sees_only_the_identity(chain):
    """lspci still lists it; what the owner writes to it goes nowhere."""
    _, out, _, _ = chain
    lines = out["owner-lent"].splitlines()
    assert lines[0] == out["owner-before"].splitlines()[0]
    assert int(lines[1]) == len(json.loads(out["lent"])) + 1
    assert "50000000" not in lines[-1] and "0006" not in lines[-2]


def test_lent_is_busy(chain):
    _, out, _, _ = chain
    for name in ["add-lent", "remove-lent"]:
        status, text = result(out[name])
        assert status == 1
        assert "0000:02:00.0: lent to domain 1" in text
    status, text = result(out["create-busy"])
    assert status == 1
    assert "lent to domain 1" in text


def test_guest_works_on_the_disk(chain):
    _, out, machine, data = chain
    text = out["guest"]
    assert "data: OK" in text and "small: OK" in text
    assert "serial nvme2" in text
    assert "guest: exit 0" in text
    assert machine.read_ext4(data, "new") == b"by the guest\n"


def test_guest_sees_nothing_but_what_is_lent(chain):
    _, out, _, _ = chain
    slots = [f"0000:00:{device:x}.0" for device in range(0x1c, 0x20)]
    assert re.findall(r"^0000:\S+$", out["guest"], re.M) == ["0000:00:01.0", *slots]


def test_guest_gets_msi_x(chain):
    """Its own count and the hypervisor's agree."""
    _, out, _, _ = chain
    rows = re.findall(r"^ *\d+: +(\d+) +ITS-PCI-MSIX-0000:00:01\.0 .*nvme0q", out["guest"], re.M)
    assert len(rows) == 2
    taken = sum(map(int, rows))
    assert taken > 100
    stats = via_json.read("stats", out["stats"])
    assert stats["interrupts"] >= taken


def test_back_in_quarantine(chain):
    _, out, _, _ = chain
    assert result(out["destroy"])[0] == 0
    disk = function(out["after"])
    assert disk["state"] == "assignable" and "user" not in disk and disk["faults"] == 0


def test_taken_back(chain):
    _, out, _, _ = chain
    status, text = result(out["remove"])
    assert (status, text) == (0, "0000:02:00.0: driver nvme bound\n")
    text, files = out["back"].split("]\n", 1)
    assert function(text + "]")["state"] == "owned"
    assert files.splitlines()[0] == "by the guest"
    assert "data: OK" in files


CYCLES = r"""
cd /etc/viaduct
via pci-assignable-add 02:00.0
for cycle in $(seq COUNT); do
	section "cycle $cycle"
	via create read.cfg || exit 1
	# Ended at all stages of its life, from before its first instruction to reading its disk.
	case $((cycle % 10)) in
	0) via console read </dev/null >/tmp/out 2>&1 &
	   wait_for grep -q read /tmp/out && echo reads; rm /tmp/out ;;
	1) ;;
	*) usleep $((cycle % 20 * 70000)) ;;
	esac
	via destroy read || exit 1
	section "free $cycle"; via info --json
	section "functions $cycle"; via pci-list -a --json
	section "log $cycle"; via dmesg | grep "read is gone" | tail -n 1
done
section list; via list
section remove; via pci-assignable-remove -r 02:00.0
wait_for has_disk 0000:02:00.0
section disk; sha256sum <"$(disk 0000:02:00.0)"
"""


def test_cycles_leak_nothing(machine, soak):
    """Free memory and registry are the same after every cycle as after the first."""
    count = 500 if soak else 20
    path = machine.raw_image("data.img", 4, seed=3)
    options = [*nvme(machine.raw_image("keep.img", 4), port=1), *nvme(path, port=2),
               *scenario.overlay(machine, FILES)]
    _, out = scenario.run(machine, CYCLES.replace("COUNT", str(count)), *options,
                          timeout=60 * count)
    first = json.loads(out["free 1"])
    functions = json.loads(out["functions 1"])
    for cycle in range(2, count + 1):
        now = json.loads(out[f"free {cycle}"])
        for key in ["free_bytes", "heap_used_bytes"]:
            assert now[key] == first[key], f"{key} in cycle {cycle}"
        for entry in json.loads(out[f"functions {cycle}"]):
            old = function(out["functions 1"], entry["bdf"])
            changing = {"resets", "interrupts"}
            assert {k: v for k, v in entry.items() if k not in changing} == {
                k: v for k, v in old.items() if k not in changing}
    assert len(functions) == 5
    assert sum("reads" in out[f"cycle {cycle}"] for cycle in range(1, count + 1)) == count // 10
    assert len(out["list"].splitlines()) == 2
    said = {out[f"log {cycle}"] for cycle in range(1, count + 1)}
    assert len(said) == count and "" not in said
    assert hashlib.sha256(path.read_bytes()).hexdigest() in out["disk"]


TWO = r"""
cd /etc/viaduct
via pci-assignable-add 01:00.0; via pci-assignable-add 02:00.0
via create one.cfg && via create two.cfg || exit 1
section all; via list
console one 200 >/tmp/one &
console two 200 >/tmp/two &
wait
section one; cat /tmp/one
section two; cat /tmp/two
section lists; via pci-list one; via pci-list two
section control; cat /proc/uptime; dmesg | grep -i -e 'rcu.*stall' -e 'soft lockup' | head -n 3
for name in one two; do via destroy $name; done
section end; via list
"""

READ_SUM = """
echo serial $(cat /sys/class/nvme/nvme0/serial); ls /sys/class/nvme
sha256sum </dev/nvme0n1
"""


def test_two_guests(machine):
    """Each with its own disk; five vCPUs on two CPUs, with the control domain's."""
    disks = [machine.raw_image(f"disk{n}.img", 16, seed=n) for n in (1, 2)]
    options = [*nvme(disks[0], port=1), *nvme(disks[1], port=2), *scenario.overlay(machine, {
        "one.cfg": guest("one", READ_SUM, pci=["01:00.0"], memory=128, vcpus=2),
        "two.cfg": guest("two", READ_SUM, pci=["02:00.0"], memory=128)})]
    _, out = scenario.run(machine, TWO, *options)
    for number, name in [(1, "one"), (2, "two")]:
        assert f"serial nvme{number}" in out[name]
        assert hashlib.sha256(disks[number - 1].read_bytes()).hexdigest() in out[name]
        assert len(re.findall(r"^nvme\d+$", out[name], re.M)) == 1
        assert "guest: exit 0" in out[name]
        assert f"0000:0{number}:00.0" in out["lists"]
    assert len(out["all"].splitlines()) == 4
    assert not re.search("stall|lockup", out["control"])
    assert len(out["end"].splitlines()) == 2
