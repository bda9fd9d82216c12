# SPDX-License-Identifier: BSD-2-Clause
"""NXP's i.MX 8M Plus EVK: a board that is not QEMU's own. Armv8.0 CPUs without VHE, a GICv3 with
neither ITS nor LPIs, an i.MX UART, devices below a bus of 32-bit addresses, no SMMU."""

import re

import pytest

import scenario

BOARD = ["--machine", "imx8mp-evk"]

SCRIPT = r"""
section list; via list
section cpus; nproc
section tree; (cd /proc/device-tree && find . -name compatible | sed 's,^\./\(.*\)/compatible$,\1,')
section cmdline; cat /proc/cmdline
section interrupts; cat /proc/interrupts
section pci; lspci -D -n
section dmesg; via dmesg
"""


@pytest.fixture(scope="module")
def board(module_machine):
    return scenario.run(module_machine, SCRIPT, *BOARD, "--cpus", 3, timeout=900)


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
    assert "iommu: none in the device tree; DMA is not confined, lending is refused" in done.log
    assert out["pci"].startswith("0001:00:00.0 0880: 5644:4346")


def test_console_input(machine):
    """Characters typed at the board's UART reach the control domain's shell."""
    session = machine.interactive(*BOARD)
    assert session.command("echo $((6 * 7)); cat /sys/class/tty/ttyAMA0/iomem_base") == (
        0, "42\n0x30890000\n")
