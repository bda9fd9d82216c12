# SPDX-License-Identifier: BSD-2-Clause
"""A guest's kernel starts another one by kexec: with its lent disk in use, on both of its CPUs."""

import base64
import json
import re

import pexpect
import pytest

import scenario
from conftest import TOP, nvme
from test_firmware import UBOOT, UBoot, partitioned

# With EFI, as distributions start their kernels: without it no arm64 kernel can tell the next one
# where its LPI tables are, which redistributors go on writing.
CONFIG = f"""
name = "twice"
memory = 384
vcpus = 2
firmware = "{UBOOT}"
pci = [ "01:00.0" ]
"""
START = "mount -t ext4 /dev/nvme0n1p1 /mnt && cp /mnt/work /tmp && umount /mnt && sh /tmp/work"

# Each life checks the disk's data and leaves a mark.
WORK = r"""
mount -t ext4 /dev/nvme0n1p1 /mnt && cd /mnt || exit 10
sha256sum -c SHA256SUMS || exit 11
echo cpus $(nproc) vectors $(grep -c nvme0q /proc/interrupts)
grep -q second /proc/cmdline && cat first && echo ended >second && exit
echo began >first
kexec -l Image --initrd=second.initramfs "--append=$(cat /proc/cmdline) second" || exit 12
cd / && umount /mnt && echo jump && kexec -e
"""


@pytest.fixture(scope="module")
def lives(module_machine):
    machine = module_machine
    kernels = TOP / "build/overlay/guest-kernels/boot"
    disk = partitioned(machine, 200, {
        "Image": (kernels / "Image-6.1-cloud").read_bytes(),
        "first.initramfs": (TOP / "build/overlay/guest-full/boot/initramfs-full").read_bytes(),
        "second.initramfs": (kernels / "initramfs-6.1-cloud").read_bytes(),
        "work": WORK.encode()})
    out = {}
    session = machine.interactive(
        *nvme(disk, port=1), *scenario.overlay(machine, {"fw.cfg": CONFIG}),
        "--hv-args", "loglevel=error", "--timeout", "3000")
    session.command("via pci-assignable-add 01:00.0")
    out["before"] = json.loads(session.command("via info --json")[1])
    uboot = UBoot(session)
    uboot.stop()
    run = base64.b64encode(START.encode()).decode()
    uboot.command("nvme scan")
    uboot.command("setenv bootargs console=ttyAMA0 quiet initrd=/first.initramfs "
                  f"viaduct.run={run}")
    uboot.command("load nvme 0:1 44000000 Image")
    session.send("bootefi 44000000 ${fdtcontroladdr}\r")
    session.expect(r"guest: exit (\d+)", timeout=300)
    out["lives"] = session.child.before.replace("\r", "")
    out["exit"] = session.child.match[1]
    session.expect("control# ")
    session.command("via destroy twice")
    out["after"] = json.loads(session.command("via info --json")[1])
    out["functions"] = json.loads(session.command("via pci-list -a --json")[1])
    session.send("poweroff -f\n")
    session.expect(pexpect.EOF)
    return out


def test_both_kernels_work(lives):
    """Both find the disk, its data and its interrupts, and all CPUs."""
    assert lives["exit"] == "0", lives["lives"]
    found = lives["lives"].split("jump\n")
    assert len(found) == 2
    for life in found:
        assert life.count(": OK\n") == 4
        assert re.search(r"^cpus 2 vectors [23]$", life, re.M), life
    assert "\nbegan\n" in found[1]


def test_nothing_is_left(lives):
    for what in "free_bytes", "heap_used_bytes", "lpis_used":
        assert lives["after"][what] == lives["before"][what], what
    disk = next(f for f in lives["functions"] if f["bdf"] == "0000:01:00.0")
    assert disk["state"] == "assignable" and disk["faults"] == 0
