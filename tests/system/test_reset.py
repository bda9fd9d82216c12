# SPDX-License-Identifier: BSD-2-Clause
"""Resets that users ask for: the driver goes on, in the control domain and in a guest."""

import json

import pytest

import scenario
from conftest import e1000e, nvme
from scenario import guest

GUEST = """
d=/sys/bus/pci/devices/0000:00:01.0
cat $d/reset_method
sha256sum </dev/nvme0n1
echo 1 >$d/reset || exit 10
sha256sum </dev/nvme0n1
echo 1 >$d/reset || exit 11
dd if=/dev/zero of=/dev/nvme0n1 bs=64k count=1 conv=fsync 2>/dev/null || exit 12
"""

RESETS = r"""
cd /etc/viaduct
section disk; cat /sys/bus/pci/devices/0000:01:00.0/reset_method
dd if="$(disk 0000:01:00.0)" bs=1M 2>/dev/null | sha256sum
echo 1 >/sys/bus/pci/devices/0000:01:00.0/reset; echo "reset $?"
dd if="$(disk 0000:01:00.0)" bs=1M iflag=direct 2>/dev/null | sha256sum
section nic; cat /sys/bus/pci/devices/0000:03:00.0/reset_method
echo 1 >/sys/bus/pci/devices/0000:03:00.0/reset; echo "reset $?"
ip link set eth0 up
wait_for grep -q 1 /sys/class/net/eth0/carrier && echo carrier
ip link set eth0 down
section quarantine; via pci-assignable-add 03:00.0 2>&1; via pci-assignable-remove -r 03:00.0 2>&1
ip link set eth0 up
wait_for grep -q 1 /sys/class/net/eth0/carrier && echo carrier
section functions; via pci-list -a --json
section create; via pci-assignable-add 02:00.0 && via create reset.cfg || exit 1
section guest; console reset 120
section lent; via pci-list -a --json
via destroy reset
section after; via pci-list -a --json
"""


@pytest.fixture(scope="module")
def resets(module_machine):
    machine = module_machine
    disks = [machine.raw_image(f"disk{n}.img", 8, seed=n) for n in (1, 2)]
    options = [*nvme(disks[0], port=1), *nvme(disks[1], port=2), *e1000e(port=3),
               *scenario.overlay(machine, {"reset.cfg": guest("reset", GUEST, pci=["02:00.0"])})]
    _, out = scenario.run(machine, RESETS, *options)
    return out, disks


def function(text, address):
    return next(entry for entry in json.loads(text) if entry["bdf"] == address)


def test_control_domain_resets_its_disk(resets):
    out, _ = resets
    lines = out["disk"].splitlines()
    assert "flr" in lines[0].split()
    assert lines[2] == "reset 0"
    assert lines[1] == lines[3]
    assert function(out["functions"], "0000:01:00.0")["resets"] == 1


def test_control_domain_resets_its_card_by_power_state(resets):
    out, _ = resets
    lines = out["nic"].splitlines()
    assert "pm" in lines[0].split()
    assert lines[1:] == ["reset 0", "carrier"]


def test_card_comes_back_from_quarantine(resets):
    out, _ = resets
    assert out["quarantine"].splitlines() == [
        "0000:03:00.0: driver e1000e unbound", "0000:03:00.0: driver e1000e bound", "carrier"]


def test_guest_resets_its_disk(resets):
    """Same data before and after, and a reset more per write of the guest's."""
    out, disks = resets
    text = out["guest"]
    assert "guest: exit 0" in text
    assert "flr" in text.split()
    sums = [line for line in text.splitlines() if line.endswith("  -")]
    assert len(sums) == 2 and sums[0] == sums[1]
    assert function(out["lent"], "0000:02:00.0")["state"] == "lent"
    assert function(out["lent"], "0000:02:00.0")["resets"] == 3
    assert function(out["after"], "0000:02:00.0")["state"] == "assignable"
    assert disks[1].read_bytes()[:65536] == bytes(65536)
