# SPDX-License-Identifier: BSD-2-Clause
"""A host bridge that the control domain's own driver brings up: Linux 6.12's imx6q-pcie on QEMU's
imx8mp-evk. Its registers are trapped; functions are found when the driver looks for them."""

import hashlib
import re

import pytest

import scenario
from conftest import TOP
from imx8mp import BOARD, DISK, switch

KERNEL = TOP / "build/overlay/guest-full/boot/Image-full"
MODULES = TOP / "build/overlay/control-full"

SCRIPT = r"""
# Drivers of what came after the root's own look.
load() { cat /sys/bus/pci/devices/*/modalias | sort -u | xargs -r -n 1 modprobe -q -b; }
digest() { wait_for has_disk 0000:04:00.0; sha256sum <"$(disk 0000:04:00.0)"; }
vendor() { setpci -s 04:00.0 0.l; }

section driver
wait_for test -e /sys/bus/pci/devices/0000:04:00.0
basename "$(readlink /sys/bus/platform/devices/33800000.pcie/driver)"
load
section pci; lspci -D -n
section numbers; setpci -s 0000:00:00.0 18.l
section bars; cat /sys/bus/pci/devices/0000:04:00.0/resource
section disk; digest
section network
wait_for test -e /sys/class/net/eth0
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up
wait_for grep -q 1 /sys/class/net/eth0/carrier
ping -q -c 2 -w 60 10.0.2.2 | grep received
section interrupts; grep -E 'nvme|eth' /proc/interrupts
section fixed
setpci -s 0000:00:00.0 18.l=00330201; setpci -s 0000:00:00.0 18.l
setpci -s 02:01.0 3e.w=0040:0040; vendor; setpci -s 02:01.0 3e.w=0000:0040; vendor
section moved
unbind=/sys/bus/pci/devices/0000:04:00.0/driver/unbind
echo 0000:04:00.0 >$unbind
old=$(setpci -s 04:00.0 10.l)
setpci -s 04:00.0 04.w=0000:0002
setpci -s 04:00.0 10.l=ffffffff; setpci -s 04:00.0 10.l
setpci -s 04:00.0 10.l="$old"; setpci -s 04:00.0 10.l
echo 0000:04:00.0 >/sys/bus/pci/drivers/nvme/bind
digest
section again
echo 1 >/sys/bus/pci/devices/0000:01:00.0/remove
ls /sys/bus/pci/devices
echo 1 >/sys/bus/pci/rescan
digest
try quarantine via pci-assignable-add 04:00.0
section identity; lspci -D -n -s 04:00.0; setpci -s 04:00.0 10.l 04.w; ls /sys/class/nvme
try return via pci-assignable-remove -r 04:00.0
section back; digest
section log; via dmesg
via pci-assignable-add 04:00.0
try lend via create /etc/viaduct/lent.cfg
section frozen
setpci -s 0000:00:00.0 820.l; setpci -s 0000:00:00.0 820.l=0; setpci -s 0000:00:00.0 820.l
section guest; console lent 200
try destroy via destroy lent
try home via pci-assignable-remove -r 04:00.0
section home-disk; digest
"""

LENT = (scenario.guest("lent", "sha256sum </dev/nvme0n1; grep nvme /proc/interrupts", pci=[DISK])
        + "unprotected_dma = 1\n")


@pytest.fixture(scope="module")
def owned(module_machine):
    image = module_machine.raw_image("disk.img", 16, seed=9)
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    done, out = scenario.run(
        module_machine, SCRIPT, *BOARD, "--owner-driven", "--kernel", KERNEL, "--overlay", MODULES,
        *switch(image), *scenario.overlay(module_machine, {"lent.cfg": LENT}), timeout=1200)
    return done, {**out, "digest": digest}


def test_its_own_driver_is_in_charge(owned):
    _, out = owned
    assert out["driver"] == "imx6q-pcie\n"


def test_functions_are_found_when_it_looks(owned):
    """Nothing is known of them before; numbers are the hypervisor's."""
    done, out = owned
    assert [line.split()[:3] for line in out["pci"].splitlines()] == [
        ["0000:00:00.0", "0604:", "16c3:abcd"],
        ["0000:01:00.0", "0604:", "104c:8232"],
        ["0000:02:00.0", "0604:", "104c:8233"],
        ["0000:02:01.0", "0604:", "104c:8233"],
        ["0000:03:00.0", "0200:", "8086:10d3"],
        ["0000:04:00.0", "0108:", "1b36:0010"],
        ["0001:00:00.0", "0880:", "5644:4346"],
    ]
    assert out["numbers"] == "00040100\n"
    assert "its owner brings it up" in done.log
    assert done.log.index("0000:04:00.0 [1b36:0010]") > done.log.index("Booting Linux")


def test_data_and_messages(owned):
    """Disk and network by MSI, through the controller's own block, which is the owner's."""
    _, out = owned
    assert out["disk"].split()[0] == out["digest"]
    assert "2 packets received" in out["network"]
    rows = [line.split() for line in out["interrupts"].splitlines()]
    assert rows and all("PCI-MSI" in line for line in out["interrupts"].splitlines())
    # The disk has a queue for each CPU, and which of them reads is the scheduler's business.
    for name in (r"nvme0q[1-9]", "eth0-rx-0"):
        counts = [row[1:3] for row in rows if re.fullmatch(name, row[-1])]
        assert sum(int(n) for queue in counts for n in queue) > 0


def test_no_warning_about_its_driver(owned):
    """Translations it programs are the bridge's windows; nothing it does is refused."""
    _, out = owned
    assert "no effect" not in out["log"]
    assert "dropped" not in out["log"]


def test_bus_numbers_and_resets_stay(owned):
    """Written, they change nothing: the disk answers while the port above seems to reset it."""
    _, out = owned
    assert out["fixed"].split() == ["00040100", "00101b36", "00101b36"]


def test_bars_are_sized_and_moved_without_hardware(owned):
    _, out = owned
    lines = out["moved"].split()
    assert lines[:2] == ["ffffc004", "18100004"]
    assert lines[2] == out["digest"]
    assert re.match(r"0x0*18100000 0x0*18103fff", out["bars"])


def test_it_enumerates_again(owned):
    _, out = owned
    listed = out["again"].split()
    assert "0000:00:00.0" in listed and "0000:04:00.0" not in listed
    assert out["digest"] in listed


def test_taken_and_given_back(owned):
    """In quarantine the owner finds the identity only; back, its driver has the disk again."""
    _, out = owned
    assert scenario.result(out["quarantine"])[0] == 0
    assert out["identity"].splitlines() == ["0000:04:00.0 0108: 1b36:0010 (rev 02)", "00000000",
                                            "0000"]
    assert scenario.result(out["return"])[0] == 0
    assert out["back"].split()[0] == out["digest"]


def test_guest_uses_the_disk(owned):
    """Lent without isolation, by INTx, data checked; then it is the owner's again."""
    _, out = owned
    assert scenario.result(out["lend"])[0] == 0
    assert out["digest"] in out["guest"]
    assert re.search(r"GICv3 +\d+ Level +nvme0q0", out["guest"])
    assert scenario.result(out["home"])[0] == 0
    assert out["home-disk"].split()[0] == out["digest"]


def test_capture_address_is_frozen_while_lent(owned):
    done, out = owned
    before, after = out["frozen"].split()
    assert before == after != "00000000"
    assert "write to register 0x820 dropped: a function below is lent" in done.log
