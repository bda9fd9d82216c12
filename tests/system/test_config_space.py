# SPDX-License-Identifier: BSD-2-Clause
"""What Linux reads of a function, bit by bit, in a guest and in the control domain."""

import hashlib
import pathlib
import re

import pytest

import scenario
from conftest import TOP, e1000e, nvme, root_port
from scenario import guest

GOLDEN = pathlib.Path(__file__).parent / "data/lspci_guest.txt"

# Then the disk in D3hot and back, and read.
LOOK = """
for slot in 1 2 3; do lspci -vvv -n -s 00:0$slot.0; done
echo ---
cd /sys/bus/pci
bar=$(cut -d' ' -f1 devices/0000:00:01.0/resource | head -n1)
echo 0000:00:01.0 >drivers/nvme/unbind
setpci -s 1.0 COMMAND=6
look() { echo $1 $(devmem $bar 32) $(setpci -s 1.0 CAP_PM+4.w); }
look awake
setpci -s 1.0 CAP_PM+4.w=3; usleep 20000; look asleep
setpci -s 1.0 CAP_PM+4.w=0; usleep 20000; look again
echo 0000:00:01.0 >drivers/nvme/bind
i=0; until [ -b /dev/nvme0n1 ] || [ $i -gt 150 ]; do sleep 1; i=$((i+1)); done
sha256sum </dev/nvme0n1
"""

FUNCTIONS = r"""
cd /etc/viaduct
section functions
for bus in 01 02 03; do lspci -D -vvv -n -s 0000:$bus:00.0; done
"""

LEND = r"""
section lend
for bus in 01 02 03; do via pci-assignable-add $bus:00.0; done
via create look.cfg
section guest; console look 250
"""


@pytest.fixture(scope="module")
def looked(module_machine):
    """(control domain's and guest's sections, bare metal's, the disk's digest)"""
    machine = module_machine
    disk = machine.raw_image("disk.img", 16, seed=7)
    options = [
        "--memory", 2048, *nvme(disk, port=1), *e1000e(port=2),
        *root_port(3), "--qemu", "-netdev user,id=net3,restrict=on",
        "--device", "igb,netdev=net3,bus=rp3,mac=52:54:00:12:34:03",
        "--overlay", TOP / "build/overlay/guest-full",
        *scenario.overlay(machine, {"look.cfg": guest(
            "look", LOOK, kernel="/boot/Image-full", ramdisk="/boot/initramfs-full", memory=512,
            pci=["01:00.0,vslot=1", "02:00.0,vslot=2", "03:00.0,vslot=3"])})]
    _, ours = scenario.run(machine, FUNCTIONS + LEND, *options)
    _, bare = scenario.run(machine, FUNCTIONS, "--bare", *options)
    return ours, bare, hashlib.sha256(disk.read_bytes()).hexdigest()


def test_a_guests_functions(looked):
    """lspci -vvv of a disk and two network cards, but for numbers Linux chooses."""
    ours, _, _ = looked
    text = ours["guest"].split("---\n")[0]
    text = re.sub(r"IRQ \d+", "IRQ N", text)
    text = re.sub(r"( at )[0-9a-f]+", r"\1ADDRESS", text)
    assert text == GOLDEN.read_text()


def test_d3hot(looked):
    """Asleep its memory does not answer; awake it is as it was."""
    ours, _, digest = looked
    said = dict(line.split(" ", 1) for line in ours["guest"].split("---\n")[1].splitlines()
                if line.startswith(("awake", "asleep", "again")))
    assert said["asleep"].lower() == "0xffffffff 000b"
    assert said["again"] == said["awake"]
    assert said["awake"].endswith(" 0008") and "ffffffff" not in said["awake"].lower()
    assert digest in ours["guest"]
    assert "guest: exit 0" in ours["guest"]


def without(text, *beginnings):
    """Lines of lspci's output, but for those that begin so, with the lines indented below them."""
    kept, skipped = [], None
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip("\t"))
        if skipped is not None and depth > skipped:
            continue
        skipped = depth if line.strip().startswith(beginnings) else None
        if skipped is None:
            kept.append(line)
    return kept


def test_an_owners_functions(looked):
    """
    In the control domain they are those of bare metal: identity, status, every capability. Places
    and interrupt numbers are each side's own, there is no IOMMU to see, ports have no slots, ROMs
    are not shown. Which errors are reported is the hypervisor's choice. What SR-IOV offers is a
    matter of test_sriov.py.
    """
    ours, bare, _ = looked
    own = ["Region", "Interrupt:", "IOMMU group", "Physical Slot", "Expansion ROM",
           "UEMsk:", "Capabilities: [160 v1] Single Root"]
    text, measure = (without(re.sub("DevCtl:.*", "DevCtl:", side["functions"]), *own)
                     for side in (ours, bare))
    assert text == measure
    assert sum("Capabilities:" in line for line in text) > 12
