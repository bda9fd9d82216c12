# SPDX-License-Identifier: BSD-2-Clause
"""Disks of every kind in a guest with stock drivers: by MSI, by INTx, with drivers that come and
go, resets and rescans of the bus. What was read and written is checked from outside.
"""

import hashlib
import json
import re

import pytest

import scenario
from conftest import nvme
from devices import CONSOLE, FULL, ahci, full_guest, usb_disk, virtio_blk

MIB = 1 << 20
# In the order of ports and of the guest's slots: the driver, what is in the path of its disk in
# sysfs, its name in /proc/interrupts with MSI, and without.
DISKS = {
    "nvme": ("nvme-subsys", r"nvme0q\d", r"nvme0q0, nvme0q1"),
    "ahci": ("/ata", r"ahci\[.*", r"ahci\[.*"),
    "xhci_hcd": ("/usb", r"xhci_hcd", r"xhci-hcd:usb1"),
    "virtio-pci": ("/virtio", r"virtio0-.*", r"virtio0"),
}

# disk PATH: waits for the disk, $b. sum PATH: of its first 4 MiB, from the disk itself.
WORDS = r"""
modprobe -a virtio_blk usb_storage sd_mod
disk() { i=0; b=; until [ -b "$b" ]; do
for l in /sys/block/*; do case $(readlink "$l") in *$1*) b=/dev/${l##*/};; esac; done
i=$((i+1)); [ $i -lt 1000 ] || { echo no $1; exit 20; }; [ -b "$b" ] || usleep 100000; done; }
sum() { disk $1; dd if=$b bs=1M count=4 iflag=direct 2>/dev/null | sha256sum; }
"""

# Copies each disk's first 4 MiB to its MiB TO.
WORK = WORDS + r"""
for p in nvme-subsys /ata /usb /virtio; do
echo $p $(sum $p)
disk $p; dd if=$b bs=1M count=4 2>/dev/null | dd of=$b bs=1M seek=TO conv=fsync 2>/dev/null || exit 21
done
grep -E 'nvme|ahci|xhci|virtio' /proc/interrupts
"""

# What an administrator may do to a function, COUNT times to all four at once, then one by one. When
# it is found again its BARs have to be on a boundary of 16 MiB, which moves them.
CYCLE = WORDS + r"""
P=/sys/bus/pci
cycle() { d=0000:00:0$1.0; s=$(sum $3); n=0; while [ $n -lt COUNT ]; do
echo $d >$P/drivers/$2/unbind && echo $d >$P/drivers/$2/bind && [ "$(sum $3)" = "$s" ] || break
n=$((n+1)); done; echo $2 bound $n; }
cycle 1 nvme nvme-subsys & cycle 2 ahci /ata & cycle 3 xhci_hcd /usb & cycle 4 virtio-pci /virtio &
wait
again() { d=$P/devices/0000:00:0$1.0; s=$(sum $3); if [ -e $d/reset ]; then
echo ${d##*/} >$P/drivers/$2/unbind; echo 1 >$d/reset && echo $2 reset
echo ${d##*/} >$P/drivers/$2/bind; [ "$(sum $3)" = "$s" ] || echo $2 differs; fi
o=$(cat $d/resource); echo 24@${d##*/} >$P/resource_alignment
echo 1 >$d/remove; [ -e $d ] && echo $2 stayed; echo 1 >$P/rescan
[ "$(sum $3)" = "$s" ] && echo $2 back; [ "$(cat $d/resource)" = "$o" ] || echo $2 moved; }
again 1 nvme nvme-subsys; again 2 ahci /ata; again 3 xhci_hcd /usb; again 4 virtio-pci /virtio
dmesg | grep -iE 'timeout|timed out|blocked|abort'; true
"""

SCRIPT = r"""
cd /etc/viaduct
for port in 01 02 03 04; do via pci-assignable-add $port:00.0; done
for name in msi nomsi cycle; do
	via create $name.cfg || exit 1
	section $name; console $name TIMEOUT
	section "stats $name"; via stats --json $name
	section "bars $name"; via pci-doctor --json
	section rest
	via destroy $name
done
wait_for sh -c '! via pci-list -a --json | grep resetting'
section functions; via pci-list -a --json
"""


@pytest.fixture(scope="module")
def storage(module_machine, soak):
    machine, count = module_machine, 100 if soak else 20
    disks = [machine.raw_image(f"disk{n}.img", 16, seed=n) for n in range(4)]
    pci = [f"0{port}:00.0" for port in (1, 2, 3, 4)]
    timeout = 150 + 15 * count
    configs = {
        "msi.cfg": full_guest("msi", WORK.replace("TO", "4"), pci=pci, vcpus=2),
        "nomsi.cfg": full_guest("nomsi", WORK.replace("TO", "8"), pci=pci,
                                extra=CONSOLE + " pci=nomsi"),
        "cycle.cfg": full_guest("cycle", CYCLE.replace("COUNT", str(count)), pci=pci, vcpus=2,
                                extra=CONSOLE + " pci=realloc"),
    }
    _, out = scenario.run(
        machine, SCRIPT.replace("TIMEOUT", str(timeout)), *nvme(disks[0], port=1),
        *ahci(disks[1], port=2), *usb_disk(disks[2], port=3), *virtio_blk(disks[3], port=4), *FULL,
        *scenario.overlay(machine, configs), timeout=timeout + 200)
    return out, disks, count


def number(driver):
    return list(DISKS).index(driver)


@pytest.mark.parametrize("driver", DISKS)
@pytest.mark.parametrize("how", ["msi", "nomsi"])
def test_reads_and_writes(storage, how, driver):
    out, disks, _ = storage
    assert "guest: exit 0" in out[how]
    data = disks[number(driver)].read_bytes()
    digest = hashlib.sha256(data[:4 * MIB]).hexdigest()
    assert f"{DISKS[driver][0]} {digest}" in out[how]
    at = 4 if how == "msi" else 8
    assert data[at * MIB:(at + 4) * MIB] == data[:4 * MIB]


@pytest.mark.parametrize("driver", DISKS)
def test_interrupts_are_messages(storage, driver):
    out, _, _ = storage
    rows = re.findall(rf"^ *\d+: +(\d+) +(\d+) +ITS-PCI-MSIX?-\S+ .* {DISKS[driver][1]}$",
                      out["msi"], re.M)
    assert sum(int(one) + int(other) for one, other in rows) > 8, out["msi"]


@pytest.mark.parametrize("driver", DISKS)
def test_interrupts_are_levels(storage, driver):
    out, _, _ = storage
    assert "ITS" not in out["nomsi"]
    row = re.search(rf"^ *\d+: +(\d+) +GICv3 +\d+ Level +{DISKS[driver][2]}$", out["nomsi"], re.M)
    assert row and int(row[1]) > 8, out["nomsi"]


@pytest.mark.parametrize("driver", DISKS)
def test_driver_comes_and_goes(storage, driver):
    out, _, count = storage
    assert f"{driver} bound {count}\n" in out["cycle"]


@pytest.mark.parametrize("driver", DISKS)
def test_function_is_removed_and_found(storage, driver):
    """With a reset before, where the guest sees a way to do it: FLR."""
    out, _, _ = storage
    text = out["cycle"]
    assert f"{driver} back\n" in text and "stayed" not in text and "differs" not in text
    assert (f"{driver} reset\n" in text) == (driver in ("nvme", "virtio-pci"))


def bars(text):
    return {entry["bdf"]: entry["bars"] for entry in json.loads(text)
            if not entry["bdf"].startswith("0000:00:")}


@pytest.mark.parametrize("driver", DISKS)
def test_bars_move_in_the_guest_only(storage, driver):
    """Linux gives them other addresses, and the disk works there; the host's stay where they are."""
    out, _, _ = storage
    assert f"{driver} moved\n" in out["cycle"]
    address = f"0000:0{number(driver) + 1}:00.0"
    before, after = (bars(out[f"bars {name}"])[address] for name in ("msi", "cycle"))
    assert before == after and any(bar["address"] for bar in before)


def test_nothing_is_wrong_in_the_end(storage):
    out, _, _ = storage
    assert "guest: exit 0" in out["cycle"]
    assert not re.search("(?i)timed? ?out|blocked|abort", out["cycle"])
    functions = [entry for entry in json.loads(out["functions"])
                 if not entry["bdf"].startswith("0000:00:")]
    assert [entry["state"] for entry in functions] == ["assignable"] * 4
    assert [entry["faults"] for entry in functions] == [0] * 4
