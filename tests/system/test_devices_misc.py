# SPDX-License-Identifier: BSD-2-Clause
"""Devices with nothing but ports, with shared memory, with a DMA engine of their own: CAN cards
that talk between two guests, ivshmem, edu, pci-testdev.
"""

import json
import re

import pytest

import scenario
from conftest import root_port
from devices import FULL, full_guest
from ivshmem_server import Server
from scenario import image

# One waits for the other's hello, then 16 frames go each way; acceptance by identifier.
CAN = r"""
modprobe -a kvaser_pci can_raw
i=0; until [ -e /sys/class/net/can0 ]; do i=$((i+1)); [ $i -lt 100 ] || exit 20; usleep 100000; done
d=0000:00:01.0; P=/sys/bus/pci/drivers/kvaser_pci; n=0
while [ $n -lt COUNT ]; do echo $d >$P/unbind && echo $d >$P/bind || break; n=$((n+1)); done
echo bound $n
/bin/ip link set can0 up type can bitrate 500000 || exit 21
got() { candump -L -n $1 can0,$2 >/tmp/$2 & }
got 1 00FROM:7FF; got 16 FROM00:700; all=$!
i=0; until [ -s /tmp/00FROM:7FF ]; do cansend can0 00MINE#; usleep 200000; i=$((i+1))
[ $i -lt 300 ] || exit 22; done
for i in 0 1 2; do cansend can0 00MINE#; usleep 100000; done
for i in 0 1 2 3 4 5 6 7 8 9 A B C D E F; do cansend can0 MINE0$i#DEADBEEF0${i}0MINE; done
i=0; while kill -0 $all 2>/dev/null && [ $i -lt 300 ]; do usleep 200000; i=$((i+1)); done
sed 's/.* //' /tmp/FROM00:700
grep can0 /proc/interrupts
"""

SCRIPT = r"""
cd /etc/viaduct
for port in 01 02 03 04 05 06 07 08; do via pci-assignable-add $port:00.0; done
section functions; via pci-list -a --json

# together NAME...: guests at one time, from their birth to their end.
together()
{
	for name in "$@"; do via create $name.cfg >/dev/null || exit 1; done
	for name in "$@"; do console $name 150 >/tmp/$name & done
	wait
	for name in "$@"; do section $name; cat /tmp/$name; via destroy $name; done
}
together can1 can2
together master
section master-functions; via pci-list -a --json
together edu testdev
together plain0 plain1
together bell0 bell1
wait_for sh -c '! via pci-list -a --json | grep resetting'
together edu
section after; via pci-list -a --json
"""


@pytest.fixture(scope="module")
def misc(module_machine, soak):
    machine, count = module_machine, 100 if soak else 20
    size = 1 << 20
    server = Server(machine.directory, size)
    shared = machine.raw_image("shared", 1)
    memory = f"memory-backend-file,share=on,mem-path={shared},size={size}"
    options = [
        *FULL, *root_port(1), *root_port(2), "--qemu", "-object can-bus,id=can",
        "--device", "kvaser_pci,canbus=can,bus=rp1", "--device", "kvaser_pci,canbus=can,bus=rp2",
        *root_port(3), "--device", "edu,bus=rp3,dma_mask=0xffffffffffffffff",
        *root_port(4), "--device", "pci-testdev,bus=rp4,membar=256M"]
    for n in (0, 1):
        options += [*root_port(5 + n), "--qemu", f"-object {memory},id=memory{n}",
                    "--device", f"ivshmem-plain,memdev=memory{n},bus=rp{5 + n}"]
    for n in (0, 1):
        options += [
            *root_port(7 + n), "--qemu", f"-chardev socket,path={server.path},id=bell{n}",
            "--device", f"ivshmem-doorbell,chardev=bell{n},vectors=1,bus=rp{7 + n}"]
    files = {
        f"can{n}.cfg": full_guest(
            f"can{n}", CAN.replace("MINE", str(n)).replace("FROM", str(3 - n)).replace("COUNT", str(count)),
            pci=[f"0{n}:00.0"]) for n in (1, 2)}
    files["master.cfg"] = image("master", "edu_master", pci=["03:00.0"])
    files["edu.cfg"] = image("edu", "edu_interrupt", pci=["03:00.0"])
    files["testdev.cfg"] = image("testdev", "testdev", pci=["04:00.0"], extra="size=10000000")
    for n in (0, 1):
        files[f"plain{n}.cfg"] = image(f"plain{n}", "ivshmem", pci=[f"0{5 + n}:00.0"],
                                       extra=f"role={n}")
        files[f"bell{n}.cfg"] = image(f"bell{n}", "ivshmem", pci=[f"0{7 + n}:00.0"],
                                      extra=f"role={n} doorbell=1")
    _, out = scenario.run(machine, SCRIPT, *options, *scenario.overlay(machine, files), timeout=260)
    return {**out, "count": count}


@pytest.mark.parametrize("one,other", [("1", "2"), ("2", "1")])
def test_can_frames(misc, one, other):
    """Cards with I/O BARs only, and interrupts by pin."""
    text = misc[f"can{one}"]
    assert f"bound {misc['count']}\n" in text
    frames = re.findall(rf"^({other}0.#\w+)$", text, re.M)
    assert frames == [f"{other}0{n:X}#DEADBEEF0{n:X}0{other}" for n in range(16)], text
    row = re.search(r"^ *\d+: +(\d+) +GICv3 +\d+ Level +can0$", text, re.M)
    assert row and int(row[1]) >= 16
    assert "guest: exit 0" in text


@pytest.mark.parametrize("name", ["master", "edu", "testdev", "plain0", "plain1", "bell0", "bell1"])
def test_image(misc, name):
    """See tests/guest: edu_master, edu_interrupt, testdev and ivshmem say what they check."""
    assert misc[name].endswith("\nPASS\n"), misc[name]
    assert "BAD" not in misc[name]


def test_bus_mastering_off(misc):
    """What edu_master did not get did not reach the machine either, and nothing was blocked."""
    before, after = (next(entry for entry in json.loads(misc[name])
                          if entry["bdf"] == "0000:03:00.0")
                     for name in ("functions", "master-functions"))
    taken = int(re.search(r"^messages 0x([0-9a-f]+)$", misc["master"], re.M)[1], 16)
    assert taken == 4
    assert after["interrupts"] - before["interrupts"] == taken
    assert (after["faults"], after["storms"]) == (0, 0)


def test_all_are_reset_and_whole(misc):
    """None of these has a reset of its own: the port above each gives it one."""
    before, after = (json.loads(misc[name]) for name in ("functions", "after"))
    for old, new in zip(before, after):
        assert new["faults"] == 0
        if not new["bdf"].startswith("0000:00:"):
            assert new["state"] == "assignable" and new["resets"] > old["resets"]
