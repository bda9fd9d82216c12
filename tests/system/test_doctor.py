# SPDX-License-Identifier: BSD-2-Clause
"""via pci-doctor on a machine of hard cases: whoever cannot be lent is told exactly why."""


import pytest

import scenario
import via_json
from conftest import nvme, root_port
from scenario import guest, result

FILES = {
    "one.cfg": guest("one", pci=["08:00.0"], memory=64),
    "two.cfg": guest("two", pci=["08:00.1"], memory=64),
}

# What is where: 01:00.0 an NVMe disk; 04:00.0 and 05:00.0 behind a switch without ACS; 07:01.0 and
# 07:02.0 conventional, behind a bridge; 08:00.0 and 08:00.1 functions of one device.
MACHINE = [
    *root_port(2),
    "--device", "x3130-upstream,bus=rp2,id=up",
    "--device", "xio3130-downstream,bus=up,id=down1,chassis=11",
    "--device", "xio3130-downstream,bus=up,id=down2,chassis=12",
    "--device", "edu,bus=down1",
    "--device", "edu,bus=down2",
    *root_port(3),
    "--device", "pcie-pci-bridge,bus=rp3,id=conventional",
    "--device", "rtl8139,bus=conventional,addr=1",
    "--device", "rtl8139,bus=conventional,addr=2",
    *root_port(4),
    "--device", "e1000e,bus=rp4,addr=0.0,multifunction=on",
    "--device", "e1000e,bus=rp4,addr=0.1",
]

CASES = r"""
cd /etc/viaduct
section all; via pci-doctor --json
try text via pci-doctor 0000:08:00.0
try exit-yes via pci-doctor 01:00.0
try exit-no via pci-doctor 01:00.0 00:01.0
mount "$(disk 0000:01:00.0)" /mnt
try mounted via pci-doctor 01:00.0
section add; umount /mnt; via pci-assignable-add 08:00.0
section half; via pci-doctor --json 08:00.0
try create-half via create one.cfg
section add; via pci-assignable-add 08:00.1
section whole; via pci-doctor --json 08:00.0 08:00.1
try create-one via create one.cfg
section lent; via pci-doctor --json 08:00.0 08:00.1
try create-two via create two.cfg
try return-other via pci-assignable-remove 08:00.1
try attach-one via pci-attach one 08:00.1
section destroy; via destroy one
section after; via pci-doctor --json 08:00.0 08:00.1
section add; via pci-assignable-add 07:01.0; via pci-assignable-add 07:02.0
section conventional; via pci-doctor --json 07:01.0 07:02.0
"""


@pytest.fixture(scope="module")
def out(module_machine):
    machine = module_machine
    disk = machine.ext4_image("disk.img", 16, {"file": b"text"})
    _, sections = scenario.run(machine, CASES, *nvme(disk, port=1), *MACHINE,
                               *scenario.overlay(machine, FILES))
    return sections


def patients(text):
    """{address without segment: entry}"""
    return {entry["bdf"][5:]: entry for entry in via_json.read("pci-doctor", text)}


def codes(patient):
    return [reason["code"] for reason in patient["reasons"]]


def test_alone_behind_a_port(out):
    disk = patients(out["all"])["01:00.0"]
    assert disk["lendable"] and disk["reasons"] == [] and disk["members"] == []
    assert disk["state"] == "owned" and disk["driver"] == "nvme"
    assert disk["iommu"] and disk["its"] and disk["stream_shared_with"] == []
    # One StreamID and one DeviceID a requester on this board.
    assert disk["stream"] == disk["device_id"] == disk["requester"] == 0x100
    assert disk["msix"] > 1 and "FLR" in disk["reset"]
    assert disk["bars"][0]["size"] >= 4096 and disk["bars"][0]["own_pages"]


def test_bridges(out):
    bridges = [entry for entry in patients(out["all"]).values() if entry["class"][:2] == "06"]
    assert len(bridges) == 9
    for bridge in bridges:
        assert not bridge["lendable"] and codes(bridge) == ["bridge"]


def test_switch_without_acs(out):
    """Peers reach each other inside the switch: with one comes the other, and the ports."""
    both = patients(out["all"])
    left, right = both["04:00.0"], both["05:00.0"]
    assert left["group"] == right["group"]
    assert codes(left) == codes(right) == ["group"]
    assert left["reasons"][0]["text"].startswith(
        "0000:05:00.0 of its isolation group is used by Domain-0")
    ports = [member["bdf"] for member in left["members"] if member["bridge"]]
    assert "0000:03:00.0" in ports and "0000:03:01.0" in ports
    assert left["stream"] != right["stream"]


def test_conventional_devices_share_a_stream(out):
    both = patients(out["all"])
    first, second = both["07:01.0"], both["07:02.0"]
    assert codes(first) == codes(second) == ["group"]
    assert first["requester"] == second["requester"] == 0x700
    assert first["stream_shared_with"] == ["0000:07:02.0"]
    # Once both are out of the control domain's hands they can go, together.
    after = patients(out["conventional"])
    assert after["07:01.0"]["lendable"] and after["07:02.0"]["lendable"]


def test_multifunction_device(out):
    both = patients(out["all"])
    assert codes(both["08:00.0"]) == codes(both["08:00.1"]) == ["group"]
    assert [m["bdf"] for m in both["08:00.0"]["members"]] == ["0000:08:00.1"]
    status, text = result(out["text"])
    assert status == 1
    assert text.splitlines()[:2] == [
        "0000:08:00.0 8086:10d3 class 020000: cannot be lent",
        "  because    0000:08:00.1 of its isolation group is used by Domain-0, driver e1000e"]


def test_status(out):
    assert result(out["exit-yes"])[0] == 0
    assert result(out["exit-no"])[0] == 1
    status, text = result(out["mounted"])
    assert status == 1
    assert "is mounted on /mnt" in text


def test_half_a_group_is_not_lent(out):
    half = patients(out["half"])["08:00.0"]
    assert half["state"] == "assignable" and codes(half) == ["group"]
    status, text = result(out["create-half"])
    assert status == 1
    assert "0000:08:00.0: another member of its isolation group is used elsewhere" in text


def test_a_group_has_one_user(out):
    assert all(entry["lendable"] for entry in patients(out["whole"]).values())
    assert result(out["create-one"])[0] == 0
    lent = patients(out["lent"])
    assert "lent" in codes(lent["08:00.0"]) and lent["08:00.0"]["user"] == "one"
    assert lent["08:00.1"]["lendable"] and lent["08:00.1"]["only_to"] == "one"
    for name in ["create-two", "return-other"]:
        status, text = result(out[name])
        assert status == 1
        assert "0000:08:00.1: another member of its isolation group is used elsewhere" in text
    assert result(out["attach-one"])[0] == 0


def test_reset_between_users(out):
    """Functions of one device share the bus reset; these have one of their own by power state."""
    for entry in patients(out["after"]).values():
        assert not entry["lent_before"] and entry["reset"]
        assert codes(entry) == []


def test_without_iommu(machine):
    disk = machine.raw_image("disk.img", 4)
    _, out = scenario.run(machine, "section all; via pci-doctor --json\n"
                          "try exit via pci-doctor 01:00.0", "--no-iommu", *nvme(disk, port=1))
    patient = patients(out["all"])["01:00.0"]
    assert not patient["lendable"] and not patient["iommu"] and "stream" not in patient
    assert patient["reasons"] == [
        {"code": "iommu", "text": "no IOMMU stands between it and memory"}]
    status, text = result(out["exit"])
    assert status == 1
    assert "  because    no IOMMU stands between it and memory\n" in text
