# SPDX-License-Identifier: BSD-2-Clause
"""
A machine with a GICv2: the control domain and guests on several CPUs, and a disk that is lent, which
interrupts by its pin, or by MSI-X in a guest that asks for unsafe interrupts.
"""

import hashlib
import json
import random
import re

import pytest

import scenario
from conftest import nvme, root_port
from devices import FULL, ahci, full_guest
from scenario import guest, image, result
from test_dom0less import domain, domains

WORK = """
nproc
mount -t ext4 /dev/nvme0n1 /mnt && cd /mnt || exit 10
sha256sum -c SHA256SUMS || exit 11
echo by the guest >new && sync && cd / && umount /mnt || exit 12
cat /proc/interrupts
"""

FILES = {
    "work.cfg": guest("work", WORK, vcpus=2, pci=["0000:02:00.0"]),
    "unsafe.cfg": guest("unsafe", WORK, vcpus=2, pci=["0000:02:00.0"])
                  + "unsafe_interrupts = 1\n",
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
section doctor; via pci-doctor 02:00.0
try unsafe via create unsafe.cfg
section unsafe-list; via list
section guest-unsafe; console unsafe 200
section unsafe-json; via list --json unsafe
try destroy-unsafe via destroy unsafe
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


SATA = """
modprobe sd_mod; i=0; until [ -b /dev/sda ] || [ $i = 1000 ]; do usleep 100000; i=$((i+1)); done
dd if=/dev/sda bs=1M count=4 iflag=direct 2>/dev/null | sha256sum
dd if=/dev/sda bs=1M count=4 2>/dev/null | dd of=/dev/sda bs=1M seek=4 conv=fsync || exit 13
cat /proc/interrupts
"""

LIMIT = 2000
UNSAFE = "unsafe_interrupts = 1\n"

MESSAGES = r"""
cd /etc/viaduct
via pci-assignable-add 01:00.0; via pci-assignable-add 02:00.0
try edu via create edu.cfg
section storm; console edu 200
section storm-functions; via pci-list -a --json
via destroy edu
try sata via create sata.cfg
section sata-work; console sata 300
via destroy sata
section log; via dmesg
"""


@pytest.fixture(scope="module")
def messages(module_machine):
    """Devices that have MSI and no MSI-X: a storm of edu's, and work for a SATA disk."""
    machine = module_machine
    disk = machine.raw_image("sata.img", 16, seed=3)
    options = [*root_port(1), "--device", "edu,bus=rp1", *ahci(disk, port=2), *FULL,
               "--hv-args", f"irq_limit={LIMIT}",
               *scenario.overlay(machine, {
                   "edu.cfg": image("edu", "irq_storm", pci=["01:00.0"],
                                    extra="ms=2000 gic=2") + UNSAFE,
                   "sata.cfg": full_guest("sata", SATA, pci=["02:00.0"]) + UNSAFE})]
    return *scenario.run(machine, MESSAGES, "--gic", "2", *options, timeout=600), disk


# Neither disk is the control domain's.
BOOT_WORK = "for disk in /dev/nvme?n1; do sha256sum <$disk; done; grep nvme /proc/interrupts"

BOOT = r"""
section list; via list
for name in unsafe domd; do
	wait_for is_over $name
	section $name; console $name 100
done
"""


@pytest.fixture(scope="module")
def at_boot(module_machine):
    """Domains of the boot configuration: one that asks for unsafe interrupts, one that owns a bridge."""
    machine = module_machine
    disks = [machine.raw_image(f"boot{n}.img", 8, seed=10 + n) for n in (1, 2)]
    done, out = scenario.run(
        machine, BOOT, "--gic", "2", "--split-root", *nvme(disks[0], port=1),
        *nvme(disks[1], port=2, root="pcie.1"), *domains(
            machine, domain("unsafe", BOOT_WORK, pci="01:00.0", **{"unsafe-interrupts": 1}),
            domain("domd", BOOT_WORK, bridges="0001:40-ff")))
    return done, out, [hashlib.sha256(disk.read_bytes()).hexdigest() for disk in disks]


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


@pytest.mark.parametrize("section", ["guest", "guest-again", "guest-unsafe"])
def test_guest(machine2, section):
    _, out = machine2
    text = out[section]
    assert "data: OK" in text
    assert re.search(r"^2$", text, re.M)
    assert "GIC-0" in text and "gic-v3" not in text
    assert min(counts(text, "arch_timer")) > 0
    assert sum(counts(text, "Function call interrupts")) > 0


@pytest.mark.parametrize("section", ["guest", "guest-again"])
def test_guest_has_its_pin_only(machine2, section):
    _, out = machine2
    assert sum(counts(out[section], "nvme0q0, nvme0q1")) > 0
    assert "MSI" not in out[section]


def test_guest_with_unsafe_interrupts_has_msix(machine2):
    """A vector for each of its two queues, and the one for the administrator's."""
    run, out = machine2
    assert sum(counts(out["guest-unsafe"], "MSI.*nvme0q0")) > 0
    queues = [counts(out["guest-unsafe"], f"MSI.*nvme0q{queue}") for queue in (1, 2)]
    assert min(map(sum, queues)) > 0
    assert re.search(r"\(unsafe\): unsafe interrupts: no ITS", run.log)


def test_unsafe_interrupts_are_told(machine2):
    _, out = machine2
    assert re.search(r"^unsafe .*unsafe-interrupts$", out["unsafe-list"], re.M)
    assert out["unsafe-list"].count("unsafe-interrupts") == 1
    assert '"unsafe_interrupts": true' in out["unsafe-json"]
    assert "no ITS: they reach only a guest with unsafe_interrupts = 1" in out["doctor"]


def test_lent_and_back(machine2):
    _, out = machine2
    for step in ["add", "create", "destroy", "again", "unsafe", "destroy-unsafe", "remove"]:
        assert result(out[step])[0] == 0, out[step]
    assert "by the guest" in out["back"]
    assert len(out["list"].splitlines()) == 2


def test_more_vcpus_than_the_gic_has_room_for(machine2):
    _, out = machine2
    status, _ = result(out["many"])
    assert status != 0


def test_message_storm_is_limited(messages):
    """By MSI, masked at the frame's own vector; the last one arrives all the same."""
    _, out, _ = messages
    assert result(out["edu"])[0] == 0
    text = out["storm"]
    assert text.endswith("\nPASS\n"), text
    edu = next(f for f in json.loads(out["storm-functions"]) if f["bdf"] == "0000:01:00.0")
    milliseconds = int(re.search(r"^ms 0x([0-9a-f]+)$", text, re.M)[1], 16)
    assert edu["storms"] > 0
    assert 0 < edu["interrupts"] < 2 * LIMIT * milliseconds / 1000
    assert "0000:01:00.0: interrupt storm (1 times)" in out["log"]


def test_stock_driver_with_msi(messages):
    _, out, disk = messages
    assert result(out["sata"])[0] == 0
    text, data = out["sata-work"], disk.read_bytes()
    assert "guest: exit 0" in text
    half = data[:4 << 20]
    assert hashlib.sha256(half).hexdigest() in text
    assert data[4 << 20:8 << 20] == half
    assert sum(counts(text, r"MSI.*ahci\[.*")) > 0


def test_boot_domain_with_unsafe_interrupts(at_boot):
    """MSI-X through a frame of its own; the list and the log say what that means."""
    done, out, sums = at_boot
    assert f"{sums[0]}  -" in out["unsafe"]
    assert sum(counts(out["unsafe"], "MSI.*nvme0q0")) > 0
    assert sum(counts(out["unsafe"], "MSI.*nvme0q1")) > 0
    assert re.search(r"^unsafe .*unsafe-interrupts$", out["list"], re.M)
    assert out["list"].count("unsafe-interrupts") == 1
    assert re.search(r"\(unsafe\): unsafe interrupts: no ITS", done.log)


def test_driver_domain_has_pins(at_boot):
    _, out, sums = at_boot
    assert f"{sums[1]}  -" in out["domd"]
    assert sum(counts(out["domd"], "GIC-0.*nvme0q0, nvme0q1")) > 0
    assert "MSI" not in out["domd"]
