# SPDX-License-Identifier: BSD-2-Clause
"""Devices come into the machine's own slots and leave them while it runs, whoever has them."""

import hashlib
import json
import re

import pytest

import scenario
from conftest import nvme, root_port
from qemu_monitor import Monitor, Registers
from scenario import guest, result

# Behind a root port of the guest's, and on its bus itself.
READER = """
modprobe nvme
disks() { ls /dev/nvme*n1 2>/dev/null | wc -l; }
has() { while [ "$(disks)" != "$1" ]; do usleep 50000; done; }
has 1; echo begin $(cat /sys/bus/pci/slots/28/adapter)
has 2; echo both $(cat /sys/bus/pci/slots/28/adapter); sha256sum </dev/nvme1n1
echo reading
(while dd if=/dev/nvme1n1 of=/dev/null bs=64k 2>/dev/null; do :; done; echo broke) &
wait
has 1; echo torn $(cat /sys/bus/pci/slots/28/adapter) $(ls /sys/bus/pci/devices)
echo still; sha256sum </dev/nvme0n1
"""

# A card in port 2, put in and torn out; the disk behind port 1 is the guest's all the time.
SCRIPT = r"""
cd /etc/viaduct
known() { via pci-list -a | grep -q "^0000:$1"; }
unknown() { ! known "$1"; }
# Nothing may come and go between two looks of the monitor.
noticed() { [ "$(grep -c "disappeared.*02:00.0" /tmp/monitor)" -ge "$1" ]; }
tell() { echo "now""-$1" >/dev/console; }
via monitor --json >/tmp/monitor & monitor=$!
via pci-assignable-add 01:00.0; via create reader.cfg; listen reader
said reader begin >/dev/null
section before; via pci-list -a
tell plug; wait_for known 02:00.0; echo "known $?"
section added; via pci-list -a --json
try assign via pci-assignable-add 02:00.0
try attach via pci-attach reader 02:00.0
said reader reading >/dev/null
tell tear; wait_for unknown 02:00.0; echo "unknown $?"; wait_for noticed 1
section torn; said reader torn; via pci-list reader
section guest; wait_for is_over reader; cat /tmp/reader; via destroy reader
section own; tell again; wait_for known 02:00.0
echo 1 >/sys/bus/pci/rescan; wait_for has_disk 0000:02:00.0
sha256sum <"$(disk 0000:02:00.0)"
tell button; wait_for unknown 02:00.0; echo "unknown $?"
echo 1 >/sys/bus/pci/devices/0000:02:00.0/remove; echo "removed $?"
section log; via dmesg
section cycles; via create -p idle.cfg
for i in $(seq 0 CYCLES); do
	tell "in-$i."; wait_for known 02:00.0
	via pci-assignable-add 02:00.0 2>/dev/null
	via pci-attach idle 02:00.0 || echo "no $i"
	tell "out-$i."; wait_for unknown 02:00.0
	case $i in 0 | CYCLES) via info --json ;; esac
done
via destroy idle
section events; wait_for noticed 2; kill $monitor; cat /tmp/monitor
"""


@pytest.fixture(scope="module")
def slots(module_machine, soak):
    machine = module_machine
    monitor, registers = Monitor(machine), Registers(machine)
    disk, card = (machine.raw_image(f"disk{n}.img", 4, seed=n) for n in (1, 2))
    cycles = 100 if soak else 4

    # The same card each time; to QEMU a new one, since it may never be done with one that was torn
    # out under I/O. And it says no until the slot of the one before has no power any more.
    cards = [f"card{i}" for i in range(cycles + 3)]
    left = iter(cards)

    def plug():
        name = next(left)
        monitor.say_until_silent(f"device_add nvme,serial=card,drive={name},bus=rp2,id={name}")

    def tear():
        registers.tear_out(2)

    steps = [("now-plug", plug), ("now-tear", tear), ("now-again", plug)]
    steps += [("now-button", f"device_del {cards[1]}")]
    for i in range(cycles + 1):
        steps += [(f"now-in-{i}.", plug), (f"now-out-{i}.", tear)]
    thread = monitor.at([(word, [what]) for word, what in steps])
    _, out = scenario.run(
        machine, SCRIPT.replace("CYCLES", str(cycles)), *nvme(disk, port=1), *root_port(2), *monitor.options(),
        *registers.options(), *[word for name in cards for word in ("--qemu",
            f"-blockdev driver=raw,node-name={name},file.driver=file,file.locking=off,"
            f"file.filename={card}")],
        *scenario.overlay(machine, {
            "reader.cfg": guest("reader", READER, pci=["01:00.0"]), "idle.cfg": guest("idle")}),
        timeout=6000 if soak else 600)
    thread.join()
    assert not any(monitor.answers), monitor.answers
    return out, [hashlib.sha256(image.read_bytes()).hexdigest() for image in (disk, card)]


def test_comes(slots):
    """The hypervisor finds it, places it, and gives it to the owner of its bridge."""
    out, _ = slots
    assert "02:00.0" not in out["before"]
    assert "known 0\n" in out["before"]
    card = next(f for f in json.loads(out["added"]) if f["bdf"] == "0000:02:00.0")
    assert (card["state"], card["user"]) == ("owned", 0)


def test_is_lent(slots):
    """To a guest that runs, whose own driver reads it; the control domain's kernel knew nothing of it."""
    out, digests = slots
    assert result(out["assign"])[0] == 0
    assert result(out["attach"]) == (0, "")
    said = out["guest"].replace("\r", "")
    assert f"both 1\n{digests[1]}" in said, said


def test_torn_out_of_a_guest(slots):
    """Under I/O: its slot is empty, the guest lives, and so does its other disk."""
    out, digests = slots
    assert "02:00.0" not in out["torn"]
    said = out["guest"].replace("\r", "")
    assert re.search(r"^broke\ntorn 0 ", said, re.M), said
    assert "0000:01:00.0" not in said.split("torn 0")[1].split("\n")[0]
    assert f"still\n{digests[0]}" in said
    assert "guest: exit 0" in said
    assert re.search(r"0000:02:00\.0: taken from d\d+ reader: torn out", out["log"])


def test_the_control_domains_own(slots):
    """After a rescan it reads it; the button's five seconds over it is gone, from QEMU's bus too."""
    out, digests = slots
    assert digests[1] in out["own"]
    assert "unknown 0\nremoved 0\n" in out["own"]
    assert "0000:00:02.0: its slot's button was pressed" in out["log"]


def test_events(slots):
    """via monitor tells them, in their order."""
    out, _ = slots
    events = [json.loads(line) for line in out["events"].splitlines()]
    told = [e["event"] for e in events if e.get("function") == "0000:02:00.0"]
    assert [e for e in told if e in ("appeared", "disappeared")][:4] == [
        "appeared", "disappeared"] * 2, events


def test_nothing_stays(slots):
    """In and out, lent in between: from the second time on neither memory nor heap becomes less."""
    out, _ = slots
    first, last = (json.loads(line) for line in out["cycles"].splitlines() if line.startswith("{"))
    assert "no " not in out["cycles"]
    for what in ("free_bytes", "heap_used_bytes"):
        assert first[what] == last[what], (what, first, last)
