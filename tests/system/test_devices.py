# SPDX-License-Identifier: BSD-2-Clause
"""What lending makes of other devices and machines: isolation groups, resets, one CPU and four."""

import hashlib
import json
import re

import pytest

import scenario
from conftest import TOP, e1000e, nvme, root_port
from scenario import guest, image, result

READ_SUM = "echo serial $(cat /sys/class/nvme/nvme0/serial); sha256sum </dev/nvme0n1"

# On one CPU: the control domain, the guest and EL2's own work take turns.
ONE_CPU = r"""
cd /etc/viaduct
section cpus; nproc; via info | grep nr_cpus
via pci-assignable-add 02:00.0; via pci-assignable-add 05:00.0
section groups; via pci-list -a --json
try group-owned via create switch5.cfg
section group-list; via list
section rest; via pci-assignable-add 06:00.0
try group-free via create switch5.cfg
try group-taken via create switch6.cfg
try group-return via pci-assignable-remove 06:00.0
via destroy switch5
try group-back via pci-assignable-remove 06:00.0

via create disk.cfg
# The owner of the port above a lent function reaches neither the function nor the port.
for register in COMMAND=0 BRIDGE_CONTROL=40 BRIDGE_CONTROL=0 SECONDARY_BUS=9 MEMORY_BASE=0 \
	MEMORY_LIMIT=0 CAP_EXP+8.w=8000 CAP_PM+4.w=3; do
	setpci -s 00:02.0 $register 2>/dev/null
	usleep 300000
done
section disk; console disk 150
via destroy disk

section edu; lspci -n -s 00:05.0
try edu-add via pci-assignable-add 00:05.0
try edu-first via create edu.cfg
section edu-console; console edu 60
try edu-destroy via destroy edu
try edu-second via create edu.cfg
try edu-unknown via create fast.cfg
try edu-quirk via create quirk.cfg
section edu-quirk-console; console edu 60
section edu-quirk-list; via pci-list -v edu; via dmesg | grep 'quirk'
via destroy edu
section edu-assignable; via pci-assignable-list
section edu-state; via pci-list -a --json
"""


@pytest.fixture(scope="module")
def one_cpu(module_machine):
    machine = module_machine
    lend = machine.raw_image("lend.img", 16, seed=5)
    options = ["--cpus", 1, *nvme(machine.raw_image("keep.img", 4), port=1), *nvme(lend, port=2),
               *root_port(3), "--device", "x3130-upstream,id=up,bus=rp3"]
    for number in (1, 2):
        file = machine.raw_image(f"switch{number}.img", 4)
        options += [
            "--device", f"xio3130-downstream,id=down{number},bus=up,chassis=3{number},slot=1",
            "--drive", f"if=none,format=raw,file={file},id=switch{number}",
            "--device", f"nvme,serial=s{number},drive=switch{number},bus=down{number}"]
    options += ["--device", "edu,addr=5,dma_mask=0xffffffffffffffff"]
    options += scenario.overlay(machine, {
        "disk.cfg": guest("disk", READ_SUM, memory=128, pci=["02:00.0"]),
        "edu.cfg": image("edu", "edu_dma", pci=["00:05.0"], extra="pattern=1"),
        "quirk.cfg": image("edu", "edu_dma", pci=["00:05.0,quirk=no-reset"], extra="pattern=1"),
        "fast.cfg": image("edu", "edu_dma", pci=["00:05.0,quirk=fast"], extra="pattern=1"),
        **{f"switch{bus}.cfg": guest(f"switch{bus}", memory=128, pci=[f"0{bus}:00.0"])
           for bus in (5, 6)}})
    done, out = scenario.run(machine, ONE_CPU, *options)
    return done, out, hashlib.sha256(lend.read_bytes()).hexdigest()


def state(text, address):
    return next(entry for entry in json.loads(text) if entry["bdf"] == address)


def test_one_cpu(one_cpu):
    _, out, _ = one_cpu
    assert out["cpus"].splitlines()[0] == "1"


def test_owner_of_the_port_cannot_disturb(one_cpu):
    """Bridge resets, windows and bus numbers the control domain writes stay its own view's."""
    _, out, digest = one_cpu
    assert "serial nvme2" in out["disk"]
    assert digest in out["disk"]
    assert "guest: exit 0" in out["disk"]
    assert not re.search("(?i)error|timeout|reset", out["disk"])


def test_switch_without_acs_is_one_group(one_cpu):
    _, out, _ = one_cpu
    groups = {address: state(out["groups"], address)["group"] for address in
              ["0000:01:00.0", "0000:02:00.0", "0000:05:00.0", "0000:06:00.0"]}
    assert groups["0000:05:00.0"] == groups["0000:06:00.0"]
    assert len(set(groups.values())) == 3


@pytest.mark.parametrize("step", ["group-owned", "group-taken", "group-return"])
def test_group_is_not_shared(one_cpu, step):
    """Not between a guest and the owner, nor between two guests."""
    _, out, _ = one_cpu
    status, text = result(out[step])
    assert status == 1
    assert "another member of its isolation group is used elsewhere" in text.splitlines()[-1]
    assert len(out["group-list"].splitlines()) == 2


def test_group_in_one_hand(one_cpu):
    _, out, _ = one_cpu
    assert result(out["group-free"])[0] == 0
    assert result(out["group-back"])[0] == 0


def test_function_without_reset_is_lent_once(one_cpu):
    """edu on the root bus has no reset of any kind."""
    _, out, _ = one_cpu
    assert result(out["edu-add"])[0] == 0
    assert result(out["edu-first"])[0] == 0
    assert out["edu-console"].endswith("\nPASS\n")
    status, text = result(out["edu-second"])
    assert status == 1
    assert "lent before and not reset since" in text.splitlines()[-1]
    assert not state(out["edu-state"], "0000:00:05.0")["reset"]


def test_function_without_reset_is_lent_again_by_a_quirk(one_cpu):
    """Asked for in words, and never silent."""
    _, out, _ = one_cpu
    status, text = result(out["edu-unknown"])
    assert status == 1
    assert text.splitlines()[1].startswith("fast.cfg:") and "no such quirk: quirk=fast" in text
    assert result(out["edu-quirk"])[0] == 0
    assert out["edu-quirk-console"].endswith("\nPASS\n")
    assert "\n  quirk no-reset\n" in out["edu-quirk-list"]
    assert re.search(r"0000:00:05\.0: lent to d\d+ edu as .*quirk no-reset", out["edu-quirk-list"])
    assert "0000:00:05.0  (quirk no-reset)\n" in out["edu-assignable"]
    assert state(out["edu-state"], "0000:00:05.0")["quirks"] == ["no-reset"]


NETWORK = """
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up
i=0
until grep -q 1 /sys/class/net/eth0/carrier; do
sleep 1; i=$((i+1)); [ $i -lt 150 ] || exit 20
done
ping -q -c 3 -w 20 10.0.2.2
grep eth0 /proc/interrupts
"""

FOUR_CPUS = r"""
cd /etc/viaduct
section cpus; nproc
section rest; via pci-assignable-add 01:00.0
for turn in 1 2; do
	via create net.cfg
	section "net $turn"; console net 200
	try "stats $turn" via stats --json net
	via destroy net
done
section functions; via pci-list -a --json
section back; via pci-assignable-remove -r 01:00.0
ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up
wait_for grep -q 1 /sys/class/net/eth0/carrier
ping -q -c 2 -w 20 10.0.2.2
"""


def test_network_card_and_pm_reset(machine):
    """An e1000e, reset by power state, works for one guest, the next, and its owner."""
    _, out = scenario.run(
        machine, FOUR_CPUS, "--cpus", 4, *e1000e(port=1),
        "--overlay", TOP / "build/overlay/guest-full", *scenario.overlay(machine, {
            "net.cfg": guest("net", NETWORK, kernel="/boot/Image-full", memory=512, vcpus=2,
                             ramdisk="/boot/initramfs-full", pci=["01:00.0"])}))
    assert out["cpus"] == "4\n"
    for turn in (1, 2):
        text = out[f"net {turn}"]
        assert "3 packets received" in text, text
        assert "guest: exit 0" in text
        taken = sum(map(int, re.findall(r"^ *\d+: +(\d+) +\d+ +ITS", text, re.M)))
        assert taken > 3
        assert json.loads(result(out[f"stats {turn}"])[1])["interrupts"] > 3
    card = state(out["functions"], "0000:01:00.0")
    assert card["state"] == "assignable" and card["resets"] >= 3 and card["faults"] == 0
    assert "2 packets received" in out["back"]
