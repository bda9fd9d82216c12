# SPDX-License-Identifier: BSD-2-Clause
"""Devices of several functions: lent together they stay one device, apart they are several."""

import hashlib
import re

import pytest

import scenario
from conftest import TOP, root_port
from scenario import guest, result

# Every function's place, multi-function bit, and what is on its disk.
LOOK = """
cd /sys/bus/pci/devices
for d in *; do echo $d type $(od -An -tx1 -j14 -N1 $d/config); done
for b in /sys/block/nvme?n1; do
echo $(cat $b/device/serial) $(sha256sum </dev/${b##*/})
done
grep -E 'nvme.*q' /proc/interrupts
"""

# Reads the second function's disk when the first one has gone.
LOSE = """
cd /sys/bus/pci/devices
echo here
until [ $(od -An -tx2 -N2 0000:00:01.0/config) = ffff ]; do usleep 100000; done
b=$(grep -l s1 /sys/block/nvme?n1/device/serial | cut -d/ -f4)
echo gone; sha256sum </dev/$b
"""

NETWORK = """
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up
ip addr add 10.0.3.15/24 dev eth1 && ip link set eth1 up
for n in 0 1; do
i=0
until grep -q 1 /sys/class/net/eth$n/carrier; do
sleep 1; i=$((i+1)); [ $i -lt 150 ] || exit 20
done
done
ping -q -c 3 -w 20 10.0.2.2 && ping -q -c 3 -w 20 10.0.3.2 || exit 21
grep eth /proc/interrupts
"""

CHAIN = r"""
cd /etc/viaduct
via pci-assignable-add 01:00.0
try part via create first.cfg
via pci-assignable-add 01:00.1
via create both.cfg
section both-list; via pci-list both
section both; console both 120
via destroy both
via create second.cfg
section second-list; via pci-list second
section second; console second 120
via destroy second
via create slot.cfg
section slot-list; via pci-list slot
section slot; console slot 120
via destroy slot

via create lose.cfg
console lose 120 >/tmp/lose &
wait_for grep -q here /tmp/lose
try lose-detach via pci-detach lose 01:00.0
section lose-list; via pci-list lose
wait
section lose; cat /tmp/lose
try lose-attach via pci-attach lose 01:00.0
section lose-again; via pci-list lose
try lose-device via pci-detach lose 01:00.*
section lose-end; via pci-list lose; via pci-assignable-list
via destroy lose

try cards via create cards.cfg
section cards-list; via pci-list cards
section cards-guest; console cards 200
via destroy cards
section left; via pci-assignable-list
"""


@pytest.fixture(scope="module")
def chain(module_machine):
    machine = module_machine
    options = root_port(1)
    sums = []
    for fn in (0, 1):
        file = machine.raw_image(f"disk{fn}.img", 8, seed=fn + 1)
        sums.append(hashlib.sha256(file.read_bytes()).hexdigest())
        options += [
            "--drive", f"if=none,format=raw,file={file},id=disk{fn}", "--device",
            f"nvme,serial=s{fn},drive=disk{fn},bus=rp1,addr=0.{fn},multifunction=on"]
    options += [*root_port(2), "--device", "pcie-pci-bridge,id=conv,bus=rp2"]
    for fn in (0, 1):
        options += ["--qemu", f"-netdev user,id=net{fn},restrict=on,net=10.0.{2 + fn}.0/24",
                    "--device", f"e1000,netdev=net{fn},bus=conv,addr=1.{fn},multifunction=on"]
    full = {"kernel": "/boot/Image-full", "ramdisk": "/boot/initramfs-full", "memory": 512}
    options += ["--overlay", TOP / "build/overlay/guest-full", *scenario.overlay(machine, {
        "both.cfg": guest("both", LOOK, pci=["01:00.1", "01:00.0"]),
        "first.cfg": guest("first", LOOK, pci=["01:00.0"]),
        "second.cfg": guest("second", LOOK, pci=["01:00.1"]),
        "slot.cfg": guest("slot", LOOK, pci=["01:00.*@1c"]),
        "lose.cfg": guest("lose", LOSE, pci=["01:00.*"]),
        "cards.cfg": guest("cards", NETWORK, pci=["03:01.*,seize=1"], **full)})]
    _, out = scenario.run(machine, CHAIN, *options, timeout=600)
    return out, sums


def test_one_device(chain):
    """Function 0 goes first, whatever the order they are written in."""
    out, sums = chain
    assert out["both-list"] == "Vdev Device\n01.0 0000:01:00.0\n01.1 0000:01:00.1\n"
    text = out["both"]
    assert re.findall(r"^(0000:00:0\S+) type (\S+)$", text, re.M) == [
        ("0000:00:01.0", "80"), ("0000:00:01.1", "80")]
    for fn in (0, 1):
        assert f"s{fn} {sums[fn]}" in text
    assert len(re.findall(r"ITS-PCI-MSIX-0000:00:01\.[01] .*nvme[01]q0", text)) == 2


def test_one_function_alone(chain):
    """It is function 0, of a device with one function."""
    out, sums = chain
    assert out["second-list"] == "Vdev Device\n01.0 0000:01:00.1\n"
    assert re.findall(r"^(0000:00:0\S+) type (\S+)$", out["second"], re.M) == [("0000:00:01.0", "00")]
    assert f"s1 {sums[1]}" in out["second"] and "guest: exit 0" in out["second"]


def test_functions_are_one_group(chain):
    """While the control domain uses one, no guest gets another."""
    out, _ = chain
    status, text = result(out["part"])
    assert status == 1
    assert "0000:01:00.0: " in text and "isolation group is used elsewhere" in text


def test_all_functions_at_a_device_number(chain):
    out, sums = chain
    assert out["slot-list"] == "Vdev Device\n1c.0 0000:01:00.0\n1c.1 0000:01:00.1\n"
    assert f"s0 {sums[0]}" in out["slot"] and f"s1 {sums[1]}" in out["slot"]
    assert len(re.findall(r"ITS-PCI-MSIX-0000:00:1c\.[01] .*nvme[01]q0", out["slot"])) == 2


def test_function_0_leaves(chain):
    """The other function works on; function 0 comes back to its place."""
    out, sums = chain
    assert result(out["lose-detach"])[0] == 0
    assert out["lose-list"] == "Vdev Device\n01.1 0000:01:00.1\n"
    assert sums[1] in out["lose"].split("gone", 1)[1]
    assert result(out["lose-attach"])[0] == 0
    assert out["lose-again"] == "Vdev Device\n01.0 0000:01:00.0\n01.1 0000:01:00.1\n"
    assert result(out["lose-device"])[0] == 0
    assert out["lose-end"].split() == ["Vdev", "Device", "0000:01:00.0", "0000:01:00.1"]


def test_conventional_functions(chain):
    """Two e1000 on a PCI bus, with one requester ID and one wire: both work in one guest."""
    out, _ = chain
    assert result(out["cards"])[0] == 0
    assert out["cards-list"] == "Vdev Device\n01.0 0000:03:01.0\n01.1 0000:03:01.1\n"
    text = out["cards-guest"]
    assert text.count("3 packets received") == 2, text
    line = re.search(r"^ *\d+: +(\d+) +GICv3 +36 Level +eth[01], eth[01]$", text, re.M)
    assert line and int(line[1]) > 6
    assert "guest: exit 0" in text
    assert len(out["left"].split()) == 4
