# SPDX-License-Identifier: BSD-2-Clause
"""The test image, whose ECAM bridge looks like an R-Car Gen3 controller to its owner.

The owner is the control domain, and its kernel tests/guest/rcar.c: a driver of that controller, which
uses an NVMe through it.
"""

import random
import subprocess

import pytest

from conftest import PATIENCE, TOP, e1000e, nvme

BUILD = TOP / "build/arm64"
DRIVER = BUILD / "tests/guest/rcar.bin"
BLOCK = 512


def block_sum(data):
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xffffffff
    return total


def boot(machine, image, *options):
    """Boot the driver in place of Linux: (what it said, line by line, the disk it used)."""
    disk = machine.directory / "disk.img"
    data = random.Random(7).randbytes(BLOCK)
    disk.write_bytes(bytes(BLOCK) + data + bytes((1 << 20) - 2 * BLOCK))
    run = machine.launch(
        "--image", image, "--kernel", DRIVER, "--dom0-args", f"sum={block_sum(data):x}",
        "--cpus", 1, "--memory", 1024, "--timeout", PATIENCE * 60, *nvme(disk, port=1), *options)
    assert run.status == 0, run.errors
    return run.output.replace("\r", "").splitlines(), disk


@pytest.fixture(scope="module")
def driven(module_machine):
    # The card is on a port of its own, of which an R-Car controller knows nothing.
    return boot(module_machine, "test", *e1000e(2))


def test_driver_enumerates_and_uses_an_nvme(driven):
    lines, _ = driven
    assert "PASS" in lines, "\n".join(lines)
    assert not [line for line in lines if line.startswith("BAD")]
    assert [line for line in lines if line.startswith("function")] == [
        "function 0: 0x101b36, class 0x10802"]
    for fact in ("data link active", "of that sum", "still of that sum",
                 "no cycle gets back to the root bus"):
        assert f"ok {fact}" in lines


def test_data_is_on_the_disk(driven):
    data = driven[1].read_bytes()
    assert data[BLOCK:2 * BLOCK] == data[2 * BLOCK:3 * BLOCK] != bytes(BLOCK)
    assert data[3 * BLOCK:] == bytes(len(data) - 3 * BLOCK)


def test_log_says_so(driven):
    assert any("R-Car Gen3 front end for tests, root port 0000:00:01.0" in line
               for line in driven[0])


def test_release_has_no_front_end(machine):
    """Neither in the file nor in what it does."""
    for image, there in (("viaduct", False), ("viaduct-test", True)):
        path = BUILD / "hypervisor" / image
        assert (b"front end for tests" in path.with_suffix(".bin").read_bytes()) is there
        names = subprocess.run(
            ["aarch64-linux-gnu-nm", path.with_suffix(".elf")], capture_output=True, text=True,
            check=True).stdout
        assert "main" in names
        assert ("rcar_front" in names) is there
    lines, disk = boot(machine, "release")
    assert "BAD no link before it is started" in lines
    assert "FAIL" in lines
    assert disk.read_bytes()[2 * BLOCK:] == bytes((1 << 20) - 2 * BLOCK)


def test_tree_describes_the_controller(machine):
    """For kernels with a driver; Linux here has none, sees no function there, and runs on."""
    run = machine.run(
        "cd /proc/device-tree/pcie@4010000000\n"
        "tr '\\0' ' ' <compatible; echo\n"
        "tr '\\0' ' ' <clock-names; echo\n"
        "wc -c <interrupts\n"
        "hexdump -ve '4/1 \"%02x\"' reg; echo\n"
        "cat ../clock@4010000000/phandle ../clock@4010000000/phandle | cmp - clocks && echo same\n"
        "ls /sys/bus/pci/devices\n"
        "via list >/dev/null && echo via works\n",
        "--image", "test", *e1000e(1))
    assert run.status == 0, run.errors
    assert run.output.splitlines() == [
        "renesas,pcie-r8a7795 renesas,pcie-rcar-gen3 ", "pcie pcie_bus ", "36",
        "00000040100000000000000000080000", "same", "0001:00:00.0", "via works"]
