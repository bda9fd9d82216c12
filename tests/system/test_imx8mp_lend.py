# SPDX-License-Identifier: BSD-2-Clause
"""Lending where nothing confines a device's DMA: the i.MX 8M Plus has no SMMU and no ITS. Only to a
guest that says unprotected_dma, whose RAM is at its physical address, and never without a word."""

import hashlib
import random
import re

import pytest

import scenario
import via_json
from devices import FULL, full_guest
from imx8mp import BOARD, DISK, NIC, boot_domain, switch
from scenario import guest, result

WORK = """
ls -d /proc/device-tree/memory*
ls /sys/bus/pci/devices
mount -t ext4 /dev/nvme0n1 /mnt && cd /mnt || exit 10
sha256sum -c SHA256SUMS || exit 11
cp data copy && sync && sha256sum <copy >sum && sync && cd / && umount /mnt || exit 12
grep nvme /proc/interrupts
"""

# The link takes its time.
NETWORK = """
ip addr add 10.0.2.16/24 dev eth0; ip link set eth0 up
i=0; until grep -q 1 /sys/class/net/eth0/carrier; do i=$((i+1)); [ $i -lt 600 ] || exit 10; usleep 100000; done
ping -q -c 2 -w 60 10.0.2.2 | grep received
grep eth0 /proc/interrupts
"""

KEY = "unprotected_dma = 1\n"

FILES = {
    "seize.cfg": guest("plain", WORK, pci=[f"{DISK},seize=1"]),
    "plain.cfg": guest("plain", WORK, pci=[DISK]),
    "lent.cfg": guest("lent", WORK, pci=[DISK]) + KEY,
    "again.cfg": guest("again", "sha256sum </dev/nvme0n1", pci=[DISK], vcpus=2) + KEY,
    "net.cfg": full_guest("net", NETWORK, pci=[NIC]) + KEY,
}

SCRIPT = r"""
cd /etc/viaduct
network()
{
	ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up
	wait_for grep -q 1 /sys/class/net/eth0/carrier
	ping -q -c 2 -w 60 10.0.2.2 | grep received
}
section network; network
section before
mount "$(disk 0000:04:00.0)" /mnt && cd /mnt && sha256sum -c SHA256SUMS; cd /etc/viaduct; umount /mnt
section functions; via pci-list -a
try seize via create seize.cfg
section still-bound; ls /sys/bus/pci/devices/0000:04:00.0/nvme
try add via pci-assignable-add 04:00.0
section assignable; via pci-assignable-list
section doctor; via pci-doctor 04:00.0
section doctor-json; via pci-doctor --json 04:00.0
try plain via create plain.cfg
section domains-refused; via list
try create via create lent.cfg
section domains; via list
section domains-json; via list --json
section lent; via pci-list lent
section lent-json; via pci-list --json lent
section guest; console lent 200
section still; ping -q -c 2 -w 60 10.0.2.2 | grep received
try destroy via destroy lent
try create-again via create again.cfg
section guest-again; console again 200
try destroy-again via destroy again
try remove via pci-assignable-remove -r 04:00.0
wait_for has_disk 0000:04:00.0
section back
sha256sum <"$(disk 0000:04:00.0)"
mount "$(disk 0000:04:00.0)" /mnt && cd /mnt && sha256sum -c SHA256SUMS && cat sum
cd /etc/viaduct; via pci-assignable-add 03:00.0
try create-net via create net.cfg
section guest-net; console net 300
try destroy-net via destroy net
try remove-net via pci-assignable-remove -r 03:00.0
wait_for test -e /sys/class/net/eth0
section network-back; network; grep eth0 /proc/interrupts
section end; via list
"""


@pytest.fixture(scope="module")
def lent(module_machine):
    machine = module_machine
    data = random.Random(9).randbytes(12 << 20)
    image = machine.ext4_image("data.img", 48, {"data": data})
    done, out = scenario.run(machine, SCRIPT, *BOARD, *switch(image), *FULL,
                             *scenario.overlay(machine, FILES), timeout=900)
    return done, out, machine, image, data


def test_before(lent):
    """Both work in the control domain, behind the switch; what may be lent is marked."""
    _, out, *_ = lent
    assert "2 packets received" in out["network"]
    assert "data: OK" in out["before"]
    marked = {line.split()[0] for line in out["functions"].splitlines() if "not isolated" in line}
    assert marked >= {DISK, NIC} and not any(line.startswith("0000:00") for line in marked)


def test_refused_without_the_key(lent):
    """In clear words, before the disk is taken or anything is made."""
    _, out, *_ = lent
    for name in ["seize", "plain"]:
        status, text = result(out[name])
        assert status == 1
        assert text.splitlines()[1:] == [
            f"via create: {DISK}: no usable IOMMU stands between it and memory, "
            "and the domain has no unprotected_dma"]
    assert out["still-bound"] == "nvme0\n"
    assert len(out["domains-refused"].splitlines()) == 2


def test_not_isolated_is_said_everywhere(lent):
    done, out, *_ = lent
    assert out["assignable"] == f"{DISK}  (not isolated)\n"
    assert "can be lent only to a domain with unprotected_dma" in out["doctor"]
    assert "isolation  not isolated\n" in out["doctor"]
    assert not via_json.read("pci-doctor", out["doctor-json"])[0]["isolated"]
    rows = {line.split()[0]: line for line in out["domains"].splitlines()}
    assert rows["lent"].endswith("  not isolated  unsafe-interrupts")
    assert "isolated" not in rows["Domain-0"] and "unsafe" not in rows["Domain-0"]
    domains = via_json.read("list", out["domains-json"])
    assert [d["isolated"] for d in domains] == [True, False]
    assert [d["unsafe_interrupts"] for d in domains] == [False, True]
    assert "no ITS: they reach only a guest with unprotected_dma = 1\n" in out["doctor"]
    assert out["lent"] == f"Vdev Device\n01.0 {DISK} (not isolated)\n"
    assert not via_json.read("pci-list", out["lent-json"])[0]["isolated"]
    assert re.search(rf"pci: {DISK}: lent to d1 lent as .*, not isolated", done.log)


def test_guest_works_on_the_disk(lent):
    """It reads what the host wrote and writes what the host reads; its RAM is where it really is."""
    _, out, machine, image, data = lent
    assert result(out["create"])[0] == 0
    text = out["guest"]
    assert "data: OK" in text and "guest: exit 0" in text
    assert re.findall(r"^0000:\S+$", text, re.M) == ["0000:00:01.0"]
    base = int(re.search(r"/memory@(\w+)", text)[1], 16)
    assert base > 0x40000000 and base % (2 << 20) == 0
    assert machine.read_ext4(image, "copy") == data


def messages(text, name):
    """How often MSIs of the frame were taken for handlers of this name."""
    rows = re.findall(rf"^ *\d+:((?: +\d+)+) +\S*MSI\S* +\d+ Edge +{name}.*$", text, re.M)
    return sum(int(count) for row in rows for count in row.split())


def test_guest_gets_messages(lent):
    """Through the bridge's own block: nothing of a device is kept from any doorbell here."""
    done, out, *_ = lent
    assert messages(out["guest"], "nvme0q1") > 0
    assert "Level" not in out["guest"]
    assert "(lent): unsafe interrupts: no ITS" in done.log
    assert via_json.read("pci-list", out["lent-json"])[0]["state"] == "lent"


def test_network_card_goes_to_a_guest(lent):
    """By messages as well, and the control domain has it again."""
    _, out, *_ = lent
    for step in ["create-net", "destroy-net", "remove-net"]:
        assert result(out[step])[0] == 0, out[step]
    text = out["guest-net"]
    assert "2 packets received" in text and "guest: exit 0" in text
    assert messages(text, "eth0") > 0 and "Level" not in text
    assert "2 packets received" in out["network-back"]
    assert messages(out["network-back"], "eth0") > 0


def test_sibling_of_its_group_stays_in_use(lent):
    """The network card is the control domain's all the time: groups mean nothing here."""
    _, out, *_ = lent
    assert "2 packets received" in out["still"]


def test_from_guest_to_guest_and_back(lent):
    """What the next guest reads is what the control domain reads in the end."""
    _, out, _, _, data = lent
    for step in ["add", "destroy", "create-again", "destroy-again", "remove"]:
        assert result(out[step])[0] == 0, out[step]
    lines = out["back"].splitlines()
    assert lines[0] == re.search(r"^\w{64}  -$", out["guest-again"], re.M)[0]
    assert lines[1] == "data: OK"
    assert lines[2].split()[0] == hashlib.sha256(data).hexdigest()
    assert len(out["end"].splitlines()) == 2


BOOT_WORK = """
ls -d /proc/device-tree/memory*
sha256sum </dev/nvme0n1
grep nvme /proc/interrupts
read -r word
reboot -f
"""

BOOT = r"""
section network; basename /sys/bus/pci/drivers/e1000e/0000*
section list; via list
listen disk
wait_for grep -q nvme0q0 /tmp/disk
section first; cat /tmp/disk
type_to disk go
wait_for has_id disk 3
listen disk
wait_for grep -q nvme0q0 /tmp/disk
section second; cat /tmp/disk
section functions; via pci-list disk
"""


@pytest.fixture(scope="module")
def at_boot(module_machine):
    """Domains that start with the machine: one has the disk, the other asks for the network card."""
    machine = module_machine
    image = machine.raw_image("boot.img", 8, seed=4)
    tree = machine.directory / "domains.dts"
    source, options = boot_domain(machine.directory, "disk", BOOT_WORK,
                                  'pci-devices = "04:00.0"; unprotected-dma;')
    refused, _ = boot_domain(machine.directory, "refused", BOOT_WORK, 'pci-devices = "03:00.0";')
    tree.write_text(source + refused)
    done, out = scenario.run(machine, BOOT, *BOARD, "--dts", tree, *options, *switch(image))
    return done, out, hashlib.sha256(image.read_bytes()).hexdigest()


@pytest.mark.parametrize("time", ["first", "second"])
def test_boot_domain_works_on_the_disk(at_boot, time):
    """At an address of RAM that is the same after a reboot, as its device tree is."""
    _, out, checksum = at_boot
    assert f"{checksum}  -" in out[time]
    base = int(re.search(r"/memory@(\w+)", out[time])[1], 16)
    assert base > 0x40000000 and f"/memory@{base:x}" in out["first"]
    assert re.search(r"^ *\d+: +[1-9].*MSI.*nvme0q0", out[time], re.M)


def test_boot_domain_needs_the_property(at_boot):
    """What it may not have stays in the control domain's use."""
    done, out, _ = at_boot
    assert "/chosen/refused: pci-devices: 0000:03:00.0: no usable IOMMU" in done.log
    assert "refused" not in out["list"]
    assert out["network"] == NIC + "\n"
    assert re.search(r"^disk .*not isolated", out["list"], re.M)
    assert f"{DISK} (not isolated)" in out["functions"]
