# SPDX-License-Identifier: BSD-2-Clause
"""NXP's i.MX 8M Plus EVK: a board that is not QEMU's own. Armv8.0 CPUs without VHE, a GICv3 with
neither ITS nor LPIs, an i.MX UART, devices below a bus of 32-bit addresses, a DesignWare host bridge
whose config space is seen one function at a time, no SMMU."""

import hashlib
import re

import pytest

import scenario
from imx8mp import BOARD, switch

SCRIPT = r"""
section list; via list
section cpus; nproc
section tree; (cd /proc/device-tree && find . -name compatible | sed 's,^\./\(.*\)/compatible$,\1,')
section cmdline; cat /proc/cmdline
section interrupts; cat /proc/interrupts
section pci; lspci -D -n
section disk; sha256sum <"$(disk 0000:04:00.0)"
section written
cd / && dd if=/bin/busybox of="$(disk 0000:04:00.0)" bs=1M conv=fsync 2>/dev/null
echo 3 >/proc/sys/vm/drop_caches
dd if="$(disk 0000:04:00.0)" bs=1M iflag=direct 2>/dev/null | head -c "$(wc -c </bin/busybox)" |
	cmp - /bin/busybox && echo same
section network
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up
wait_for grep -q 1 /sys/class/net/eth0/carrier
ping -q -c 2 -w 60 10.0.2.2 | grep received
section messages; grep -E "nvme|eth" /proc/interrupts
section enabled; lspci -s 0000:03:00.0 -v | grep MSI-X; lspci -s 0000:04:00.0 -v | grep MSI-X
section pins; rmmod e1000e && modprobe e1000e IntMode=0
wait_for test -e /sys/class/net/eth0
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up
wait_for grep -q 1 /sys/class/net/eth0/carrier
ping -q -c 2 -w 60 10.0.2.2 | grep received
grep eth /proc/interrupts
section port; setpci -s 0000:00:00.0 820.l 900.l; lspci -s 0000:00:00.0 -v | grep -i 'memory behind'
section doctor; via pci-doctor 04:00.0 || true
"""

@pytest.fixture(scope="module")
def image(module_machine):
    return module_machine.raw_image("disk.img", 16, seed=8)


@pytest.fixture(scope="module")
def board(module_machine, image):
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    done, out = scenario.run(
        module_machine, SCRIPT, *BOARD, "--cpus", 3, *switch(image), timeout=900)
    return done, {**out, "digest": digest}


def test_control_domain_boots(board):
    _, out = board
    assert re.search(r"^Domain-0 +0 +\d+ +3 ", out["list"], re.M)
    assert out["cpus"] == "3\n"


def test_devices_below_buses(board):
    """The free UART is passed on where it is; the console is a PL011 in its place."""
    _, out = board
    tree = out["tree"].split()
    assert "soc@0/bus@30800000/serial@30860000" in tree
    assert "pl011@30890000" in tree
    assert not any(name in path for path in tree
                   for name in ("serial@30890000", "pcie@33800000", "pcie-phy", "its@"))


def test_interrupts_reach_all_cpus(board):
    """Timers on each CPU, calls between them, and the passed UART that carries this output."""
    _, out = board
    rows = {fields[-1]: fields for fields in map(str.split, out["interrupts"].splitlines())}
    assert all(int(count) > 10 for count in rows["arch_timer"][1:4])
    calls = re.search(r"^IPI1: +(.*?) +Function", out["interrupts"], re.M)[1].split()
    assert sum(map(int, calls)) > 0
    assert rows["30860000.serial"][-2] == "Level"


def test_what_the_machine_lacks_is_said(board):
    done, out = board
    assert ("iommu: none in the device tree; DMA is not confined, lending is refused "
            "without unprotected_dma") in done.log
    assert "no IOMMU stands between it and memory" in out["doctor"]


def test_functions_behind_a_switch(board):
    """Enumerated through the controller's one window, shown to the control domain as ECAM."""
    _, out = board
    assert [line.split()[:3] for line in out["pci"].splitlines()] == [
        ["0000:00:00.0", "0604:", "16c3:abcd"],
        ["0000:01:00.0", "0604:", "104c:8232"],
        ["0000:02:00.0", "0604:", "104c:8233"],
        ["0000:02:01.0", "0604:", "104c:8233"],
        ["0000:03:00.0", "0200:", "8086:10d3"],
        ["0000:04:00.0", "0108:", "1b36:0010"],
        ["0001:00:00.0", "0880:", "5644:4346"],
    ]


def test_disk_and_network(board):
    _, out = board
    assert out["disk"].split()[0] == out["digest"]
    assert out["written"] == "same\n"
    assert "2 packets received" in out["network"]


def test_interrupts_by_message(board):
    """The bridge's own block of 32 vectors, through tables that the hypervisor rewrites."""
    done, out = board
    assert "msi: /soc@0/pcie@33800000: 32 vectors" in done.log
    assert out["enabled"].count("MSI-X: Enable+") == 2
    counts = {}
    for line in out["messages"].splitlines():
        fields = line.split()
        assert fields[4] == "MSI"
        name = re.match(r"[a-z]+\d", fields[-1])[0]
        counts[name] = counts.get(name, 0) + sum(map(int, fields[1:4]))
    assert counts["nvme0"] > 0 and counts["eth0"] > 0


def test_interrupts_by_wire(board):
    """A driver that is told to use its pin: INTA of the map, as the card is device 0 of its bus."""
    _, out = board
    assert "2 packets received" in out["pins"]
    counts, = re.findall(r"^ *\d+:((?: +\d+){3}) +GICv3 +158 +Level +eth0$", out["pins"], re.M)
    assert sum(map(int, counts.split())) > 0
    assert out["pins"].count("eth0") == 1


def test_controller_is_not_in_the_ports_config_space(board):
    """MSI capture address and translation viewport of the controller read as nothing."""
    _, out = board
    assert out["port"].splitlines()[:2] == ["00000000", "00000000"]
    assert "18000000-181fffff" in out["port"]


def test_console_input(machine):
    """Characters typed at the board's UART reach the control domain's shell."""
    session = machine.interactive(*BOARD)
    assert session.command("echo $((6 * 7)); cat /sys/class/tty/ttyAMA0/iomem_base") == (
        0, "42\n0x30890000\n")
