# SPDX-License-Identifier: BSD-2-Clause
"""Debian's kernels as guests at one time, each with a disk of its own: 6.1 and 6.12, the generic
and the cloud flavour, and 16 KiB pages, where BARs of several functions fit into one page.
"""

import hashlib
import random
import re

import pytest

import scenario
from conftest import TOP, nvme
from devices import FULL, full_guest, virtio_blk
from scenario import guest

KERNELS = ["6.1", "6.1-cloud", "16k", "6.12", "6.12-cloud"]
MIB = 1 << 20

# Reads the disk and copies its first half to the second.
WORK = r"""
uname -r; grep -m 1 KernelPageSize /proc/self/smaps
modprobe virtio_blk 2>/dev/null
for d in /dev/nvme0n1 /dev/vda; do [ -b $d ] || continue
echo $d $(sha256sum <$d)
dd if=$d bs=1M count=4 2>/dev/null | dd of=$d bs=1M seek=4 conv=fsync 2>/dev/null || exit 20
done
grep -E 'nvme|virtio' /proc/interrupts
"""

SCRIPT = r"""
cd /etc/viaduct
for port in 01 02 03 04 05 06; do via pci-assignable-add $port:00.0; done
for kernel in KERNELS; do via create $kernel.cfg || exit 1; done
for kernel in KERNELS; do console $kernel 240 >/tmp/$kernel & done
wait
for kernel in KERNELS; do section $kernel; cat /tmp/$kernel; via destroy $kernel; done
section faults; via pci-list -a --json | grep -o '"faults": [1-9]'
true
"""


@pytest.fixture(scope="module")
def kernels(module_machine):
    machine = module_machine
    disks = [machine.raw_image(f"disk{n}.img", 8, seed=n) for n in range(6)]
    files = {}
    for n, name in enumerate(KERNELS[:3]):
        files[f"{name}.cfg"] = guest(
            name, WORK, kernel=f"/boot/Image-{name}", ramdisk=f"/boot/initramfs-{name}",
            memory=320, pci=[f"0{n + 1}:00.0"] + (["06:00.0"] if name == "16k" else []))
    files["6.12.cfg"] = full_guest("6.12", WORK, pci=["04:00.0"], memory=320)
    files["6.12-cloud.cfg"] = guest("6.12-cloud", WORK, pci=["05:00.0"])
    options = [option for n in range(5) for option in nvme(disks[n], port=n + 1)]
    _, out = scenario.run(
        machine, SCRIPT.replace("KERNELS", " ".join(KERNELS)), *options,
        *virtio_blk(disks[5], port=6), *FULL, "--overlay", TOP / "build/overlay/guest-kernels",
        *scenario.overlay(machine, files), timeout=300)
    return out, disks


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_drives_its_disk(kernels, name):
    out, disks = kernels
    number = KERNELS.index(name)
    data = disks[number].read_bytes()
    digest = hashlib.sha256(random.Random(number).randbytes(8 * MIB)).hexdigest()
    assert f"/dev/nvme0n1 {digest}" in out[name], out[name]
    assert "guest: exit 0" in out[name]
    assert data[4 * MIB:] == data[:4 * MIB]
    rows = re.findall(r"^ *\d+: +(\d+) +ITS-\S+ .* nvme0q1$", out[name], re.M)
    assert rows and int(rows[0]) > 8


@pytest.mark.parametrize("name,version,page", [
    ("6.1", r"6\.1\.\d+-\d+-arm64", 4), ("6.1-cloud", r"6\.1\.\d+-\d+-cloud-arm64", 4),
    ("16k", r"6\.12\.\S+-arm64-16k", 16), ("6.12", r"6\.12\.\S+-arm64", 4),
    ("6.12-cloud", r"6\.12\.\S+-cloud-arm64", 4)])
def test_kernel_is_what_it_should_be(kernels, name, version, page):
    out, _ = kernels
    assert re.search(rf"^{version}\nKernelPageSize: +{page} kB$", out[name], re.M), out[name]


def test_small_bars_with_16k_pages(kernels):
    """A virtio disk's BAR of 4 KiB beside others in one of the guest's pages."""
    out, disks = kernels
    data = disks[5].read_bytes()
    assert "/dev/vda " in out["16k"]
    assert data[4 * MIB:] == data[:4 * MIB]
    assert out["faults"] == ""
