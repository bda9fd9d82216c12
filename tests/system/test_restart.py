# SPDX-License-Identifier: BSD-2-Clause
"""Guests that begin again in other ways than by a reboot: by kexec, and by their watchdog."""

import json
import re
import subprocess

import pytest

import scenario
from conftest import TOP, nvme
from devices import FULL
from scenario import guest

# Its disk has the kernel it runs, and what checks whether both lives read and write it rightly.
TWICE = r"""
mount -t ext4 /dev/nvme0n1 /mnt && cd /mnt || exit 10
sha256sum -c SHA256SUMS || exit 11
echo cpus $(nproc) vectors $(grep -c nvme0q /proc/interrupts)
grep -q second /proc/cmdline && cat first && echo ended >second && exit
echo began >first
kexec -l Image --initrd=initramfs "--append=$(cat /proc/cmdline) second" || exit 12
cd / && umount /mnt && echo jump && kexec -e
"""

# Served for a while, then no more.
DOG = r"""
cd /sys/class/watchdog/watchdog0 && cat identity || exit 10
exec 3>/dev/watchdog
for n in 1 2 3; do echo >&3; echo served $n; sleep 1; done
echo state $(cat state) timeout $(cat timeout)
while :; do sleep 100; done
"""

SCRIPT = r"""
cd /etc/viaduct; mkdir -p /var/log
via pci-assignable-add 01:00.0
via info --json >/tmp/before
via create dog.cfg && listen dog
via create twice.cfg || exit 1
section twice; console twice 300
via destroy twice
section dog; wait_for grep -q watchdog: /var/log/via-dog.log; cat /tmp/dog; via dmesg | grep dog
section policy; cat /var/log/via-dog.log
via destroy dog
gone() { ! via list dog; }
wait_for gone
section before; cat /tmp/before
section after; via info --json
section functions; via pci-list -a --json
via pci-assignable-remove -r 01:00.0; wait_for has_disk 0000:01:00.0
mount "$(disk 0000:01:00.0)" /mnt; section disk; cat /mnt/first /mnt/second
"""


def member(name):
    """A file of the control domain's root."""
    with open(TOP / "build/root/control.cpio", "rb") as archive:
        return subprocess.run(["cpio", "-i", "--quiet", "--to-stdout", name], stdin=archive,
                              capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def restart(module_machine):
    machine = module_machine
    disk = machine.ext4_image("disk.img", 96, {
        "Image": member("boot/Image"), "initramfs": member("boot/initramfs")})
    full = {"kernel": "/boot/Image-full", "ramdisk": "/boot/initramfs-full"}
    files = {
        # The kernel of every guest, with the programs of a full one.
        "twice.cfg": guest("twice", TWICE, pci=["01:00.0"], memory=384, vcpus=2,
                           ramdisk=full["ramdisk"]),
        "dog.cfg": guest("dog", DOG, **full) + "watchdog = 1\non_watchdog = 'restart'\n"}
    return scenario.run(machine, SCRIPT, *FULL, *nvme(disk, port=1),
                        *scenario.overlay(machine, files), timeout=900)[1]


def test_kexec(restart):
    """Both kernels find the disk, its data and its interrupts; both of the CPUs begin again."""
    text = restart["twice"].replace("\r", "")
    assert text.count("Image: OK\n") == 2 and text.count("initramfs: OK\n") == 2
    lives = text.split("jump\n")
    assert len(lives) == 2
    for life in lives:
        assert re.search(r"^cpus 2 vectors [23]$", life, re.M), life
    assert "\nbegan\nguest: exit 0\n" in lives[1]
    assert restart["disk"] == "began\nended\n"


def test_watchdog(restart):
    """Debian's driver; served it lives, not served it ends and begins again."""
    text = restart["dog"].replace("\r", "")
    assert "SBSA Generic Watchdog" in text and "served 3" in text
    assert "state active timeout 10" in text
    assert "dog did not serve its watchdog" in text
    assert " dog: watchdog: begins again\n" in restart["policy"]


def test_nothing_is_left(restart):
    before, after = json.loads(restart["before"]), json.loads(restart["after"])
    for what in ["free_bytes", "heap_used_bytes", "lpis_used"]:
        assert after[what] == before[what], what
    disk = next(f for f in json.loads(restart["functions"]) if f["bdf"] == "0000:01:00.0")
    assert disk["state"] == "assignable" and disk["faults"] == 0
