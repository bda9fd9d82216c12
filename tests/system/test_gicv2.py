# SPDX-License-Identifier: BSD-2-Clause
"""A machine with a GICv2: the control domain and a guest on several CPUs, and a disk that is lent."""

import random
import re

import pytest

import scenario
from conftest import nvme
from scenario import guest, result

WORK = """
nproc
mount -t ext4 /dev/nvme0n1 /mnt && cd /mnt || exit 10
sha256sum -c SHA256SUMS || exit 11
echo by the guest >new && sync && cd / && umount /mnt || exit 12
cat /proc/interrupts
"""

FILES = {
    "work.cfg": guest("work", WORK, vcpus=2, pci=["0000:02:00.0"]),
    "many.cfg": guest("many", "true", vcpus=9, memory=64),
}

SCRIPT = r"""
cd /etc/viaduct
section info; via info
section owner
nproc; mount "$(disk 0000:02:00.0)" /mnt && (cd /mnt && sha256sum -c SHA256SUMS); umount /mnt
section interrupts; cat /proc/interrupts
section msix; dmesg | grep GICv2m; lspci -vv -s 01:00.0 | grep MSI-X
try add via pci-assignable-add 02:00.0
try many via create many.cfg
try create via create work.cfg
section guest; console work 200
try destroy via destroy work
try again via create work.cfg
section guest-again; console work 200
via destroy work
try remove via pci-assignable-remove -r 02:00.0
wait_for has_disk 0000:02:00.0
section back; mount "$(disk 0000:02:00.0)" /mnt && cat /mnt/new
section list; via list
"""


@pytest.fixture(scope="module")
def machine2(module_machine):
    machine = module_machine
    keep = machine.raw_image("keep.img", 8)
    data = machine.ext4_image("data.img", 64, {"data": random.Random(7).randbytes(16 << 20)})
    options = [*nvme(keep, port=1), *nvme(data, port=2), *scenario.overlay(machine, FILES)]
    return scenario.run(machine, SCRIPT, "--gic", "2", "--cpus", "4", *options, timeout=600)


def counts(text, what):
    """Interrupts of each CPU in the line of /proc/interrupts that ends with what."""
    line = re.search(rf"^ *\w+: +((?:\d+ +)+).*{what}\s*$", text, re.M)
    assert line, text
    return [int(count) for count in line[1].split()]


def test_control_domain(machine2):
    run, out = machine2
    assert re.search(r"^gic_version +: 2$", out["info"], re.M)
    assert "gic: GICv2" in run.log
    lines = out["owner"].splitlines()
    assert lines[0] == "4" and "data: OK" in lines


def test_timer_on_every_cpu_and_ipis(machine2):
    _, out = machine2
    assert "GIC-0" in out["interrupts"]
    assert min(counts(out["interrupts"], "arch_timer")) > 0
    assert sum(counts(out["interrupts"], "Function call interrupts")) > 0


def test_control_domain_has_msix(machine2):
    """A vector for each queue of two disks, through tables that the hypervisor rewrites."""
    _, out = machine2
    assert "GICv2m" in out["msix"] and "Enable+" in out["msix"]
    for disk in ["nvme0", "nvme1"]:
        assert sum(counts(out["interrupts"], f"MSI.*{disk}q0")) > 0
        queues = [counts(out["interrupts"], f"MSI.*{disk}q{queue}") for queue in range(1, 5)]
        assert sum(map(sum, queues)) > 0


@pytest.mark.parametrize("section", ["guest", "guest-again"])
def test_guest(machine2, section):
    _, out = machine2
    text = out[section]
    assert "data: OK" in text
    assert re.search(r"^2$", text, re.M)
    assert "GIC-0" in text and "gic-v3" not in text
    assert min(counts(text, "arch_timer")) > 0
    assert sum(counts(text, "Function call interrupts")) > 0
    assert sum(counts(text, "nvme0q0, nvme0q1")) > 0


def test_lent_and_back(machine2):
    _, out = machine2
    for step in ["add", "create", "destroy", "again", "remove"]:
        assert result(out[step])[0] == 0, out[step]
    assert "by the guest" in out["back"]
    assert len(out["list"].splitlines()) == 2


def test_more_vcpus_than_the_gic_has_room_for(machine2):
    _, out = machine2
    status, _ = result(out["many"])
    assert status != 0
