# SPDX-License-Identifier: BSD-2-Clause
"""INTx: nobody uses MSI, and a guest's disk and the control domain's card interrupt by one wire.

Disk 1 and the card are behind devices 1 and 5 of the root bus: by (device + pin) % 4 both are on the
machine's second INTx line, INTID 36. Disk 2, behind device 2, has INTID 37 to itself, edu, behind
device 4, INTID 35.

The disks have no doorbell buffers (dbcs=off). With them Linux tells the controller in memory that it
has seen a completion, and at a doorbell only when the controller asked for that; QEMU's lowers the
pin only then, so it may stay asserted with nothing left to find. On bare metal too, Linux 6.1 that
reads such a disk from two CPUs finds every fifth interrupt unhandled, and after a minute or so gives
the line up ("nobody cared"). Without them /proc/irq/N/spurious stays at 0, with and without Viaduct.
"""

import json
import random
import re

import pytest

import scenario
from conftest import e1000e, nvme, root_port
from scenario import guest, image, result

# Reads its disk twice, past the cache.
WORK = """
mount -t ext4 /dev/nvme0n1 /mnt && cd /mnt || exit 10
for i in 1 2; do
echo 3 >/proc/sys/vm/drop_caches
sha256sum -c SHA256SUMS || exit 11
done
echo by the guest >new && sync && cd / && umount /mnt || exit 12
grep nvme /proc/interrupts
n=$(awk '/nvme/ { print $1 + 0 }' /proc/interrupts)
cat /proc/irq/$n/spurious
"""
EXTRA = "console=ttyAMA0 quiet pci=nomsi"

FEW, MANY = 100, 3100  # interrupts

FILES = {
    "same.cfg": guest("same", WORK, pci=["0000:01:00.0"], extra=EXTRA),
    "alone.cfg": guest("alone", WORK, pci=["0000:02:00.0"], extra=EXTRA),
    "few.cfg": image("few", "wire_honest", pci=["0000:03:00.0"], extra=f"count={FEW:x}"),
    "many.cfg": image("many", "wire_honest", pci=["0000:03:00.0"], extra=f"count={MANY:x}"),
}

CHAIN = r"""
cd /etc/viaduct
ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0
wait_for ping -c 1 -W 1 10.0.2.2
# pings: how many answers, until there is /tmp/stop
pings() { while [ ! -e /tmp/stop ]; do ping -c 10 -i 0.1 -W 5 10.0.2.2; done; }

section before; grep -E 'nvme|eth0' /proc/interrupts
section unhandled
for reader in 1 2 3 4; do
	dd if="$(disk 0000:01:00.0)" of=/dev/null bs=4k count=500 skip=${reader}000 iflag=direct 2>/dev/null &
done
wait
n=$(awk '/eth0/ { print $1 + 0 }' /proc/interrupts)
grep eth0 /proc/interrupts; cat /proc/irq/$n/spurious
section exits
via pci-assignable-add 03:00.0
for name in few many; do
	via create $name.cfg >/dev/null && console $name 120
	via stats --json $name
	via destroy $name
done
section own-wire
via pci-assignable-add 02:00.0 && via create alone.cfg && console alone 120
via destroy alone
section one-wire
via pci-assignable-add 01:00.0 && via create same.cfg
pings >/tmp/pings &
console same 120
touch /tmp/stop; wait
section pings; grep 'packets transmitted' /tmp/pings; grep eth0 /proc/interrupts
via destroy same
try again ping -c 10 -i 0.1 -W 5 10.0.2.2
try remove via pci-assignable-remove -r 01:00.0
wait_for has_disk 0000:01:00.0
section back; mount "$(disk 0000:01:00.0)" /mnt && cat /mnt/new && cd /mnt && sha256sum -c SHA256SUMS
section complaints; dmesg | grep -i 'nobody cared\|timeout, completion\|I/O.*timeout\|transmit queue'
section wires; via dmesg | grep 'INTx line'
true
"""


def at_device(port, number):
    """A root port that is device `number` of the root bus."""
    options = root_port(port)
    return [options[0], f"{options[1]},addr={number:02x}.0"]


@pytest.fixture(scope="module")
def chain(module_machine):
    machine = module_machine
    files = {"data": random.Random(5).randbytes(24 << 20), "small": b"small"}
    card = [*at_device(4, 5), *e1000e(port=4)[2:]]
    options = [*nvme(machine.ext4_image("same.img", 64, files), port=1, dbcs="off"),
               *nvme(machine.ext4_image("alone.img", 64, files), port=2, dbcs="off"),
               *at_device(3, 4), "--device", "edu,bus=rp3", *card,
               "--dom0-args", "pci=nomsi", *scenario.overlay(machine, FILES)]
    _, out = scenario.run(machine, CHAIN, *options)
    return out


def check_guest(text, intid):
    """It did its work by a level interrupt, a good many of them."""
    assert text.count("data: OK") == 2 and text.count("small: OK") == 2
    assert "guest: exit 0" in text
    line = re.search(r"^ *(\d+): +(\d+) +GICv3 +(\d+) Level +nvme", text, re.M)
    assert line and int(line[2]) > 100
    assert int(line[3]) == intid
    assert unhandled(text) * 100 < int(line[2])


def unhandled(text):
    return int(re.search(r"^unhandled (\d+)$", text, re.M)[1])


def test_control_domain_without_msi(chain):
    assert len(re.findall(r"GICv3 +36 Level .*nvme", chain["before"])) == 1
    assert len(re.findall(r"GICv3 +36 Level .*eth0", chain["before"])) == 1
    assert len(re.findall(r"GICv3 +37 Level .*nvme", chain["before"])) == 1


def test_no_interrupt_comes_for_nothing(chain):
    """Two CPUs work hard with the disk; the wire is the control domain's alone."""
    line = re.search(r"^ *\d+: +(\d+) +(\d+) +GICv3 +36 Level", chain["unhandled"], re.M)
    assert int(line[1]) + int(line[2]) > 100
    assert unhandled(chain["unhandled"]) * 100 < int(line[1]) + int(line[2])


def test_the_end_of_an_interrupt_costs_no_exit(chain):
    """One exit an interrupt, to take it. An exit for EOI would be one more; few others come in."""
    assert chain["exits"].count("\nPASS\n") == 2, chain["exits"]
    few, many = (json.loads(text) for text in re.findall(r"^{.*}$", chain["exits"], re.M))
    assert many["interrupts"] - few["interrupts"] == MANY - FEW
    assert many["exits_total"] - few["exits_total"] < 1.5 * (MANY - FEW)


def test_guest_alone_on_a_wire(chain):
    check_guest(chain["own-wire"], 36)  # slot 1, pin A: the guest's own second line


def test_one_wire_two_domains(chain):
    check_guest(chain["one-wire"], 36)
    counts = re.findall(r"(\d+) packets transmitted, (\d+) (?:packets )?received", chain["pings"])
    assert counts and all(sent == received == "10" for sent, received in counts)
    status, text = result(chain["again"])
    assert status == 0 and "10 packets transmitted, 10" in text


def test_back_to_one_owner(chain):
    assert result(chain["remove"])[0] == 0
    assert chain["back"].startswith("by the guest\n") and chain["back"].count(": OK") == 2
    wires = re.findall(r"INTx line (\d+): (\w+)", chain["wires"])
    assert [how for line, how in wires if line == "36"] == ["forwarded", "shared", "forwarded"]
    assert [how for line, how in wires if line == "37"] == [
        "forwarded", "off", "forwarded", "off"]


def test_no_interrupt_is_lost(chain):
    assert chain["complaints"] == ""


# Interrupts a second of one function: five in 10 ms, which a storm makes on a slow machine too. The
# honest guest makes one in 4 ms or fewer.
LIMIT = 500
WIRE = {"hostile": "0000:01:00.0", "honest": "0000:02:00.0"}
MODES = ["assert", "toggle", "hold", "pulse"]
ROUNDS = 300

HOSTILE = r"""
cd /etc/viaduct
ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0
wait_for ping -c 1 -W 1 10.0.2.2
via pci-assignable-add 01:00.0; via pci-assignable-add 02:00.0
interrupts() { via pci-list -a -v | sed -n '/^0000:01:00.0/{n;s/.*interrupts \([0-9]*\),.*/\1/p}'; }
began() { [ "$(interrupts)" -gt "$old" ]; }
for mode in MODES; do
	old=$(interrupts)
	via create $mode.cfg >/dev/null; wait_for began
	section $mode-before; cat /proc/uptime; via pci-list -a --json
	ping -c 20 -i 0.1 -W 30 10.0.2.2 >/tmp/pings &
	section $mode; via create honest.cfg >/dev/null; console honest 200
	wait
	section $mode-after; cat /proc/uptime; via pci-list -a --json
	section $mode-pings; cat /tmp/pings
	section $mode-list; via list
	via destroy honest; via destroy $mode
done
section complaints; dmesg | grep -i 'nobody cared\|transmit queue'
section wires; via dmesg | grep 'INTx line 36'
true
"""


@pytest.fixture(scope="module")
def hostile(module_machine):
    """On one wire: a guest's edu that is up to no good, another's, and the control domain's card."""
    files = {"honest.cfg": image("honest", "wire_honest", pci=[WIRE["honest"]],
                                 extra=f"count={ROUNDS:x} gap={4000:x}")}
    for number, mode in enumerate(MODES):
        files[f"{mode}.cfg"] = image(mode, "wire_hostile", pci=[WIRE["hostile"]],
                                     extra=f"mode={number}")
    options = [*at_device(1, 1), "--device", "edu,bus=rp1", *at_device(2, 5), "--device",
               "edu,bus=rp2", *at_device(3, 9), *e1000e(port=3)[2:],
               "--dom0-args", "pci=nomsi", "--hv-args", f"irq_limit={LIMIT}",
               *scenario.overlay(module_machine, files)]
    return scenario.run(module_machine, HOSTILE.replace("MODES", " ".join(MODES)), *options)[1]


def counters(hostile, mode, who):
    """Its interrupts and storms while the others worked, and the seconds that took."""
    before, after = (hostile[f"{mode}-{when}"].split("\n", 1) for when in ("before", "after"))
    then, now = (next(f for f in json.loads(text) if f["bdf"] == WIRE[who])
                 for _, text in (before, after))
    seconds = float(after[0].split()[0]) - float(before[0].split()[0])
    return now["interrupts"] - then["interrupts"], now["storms"] - then["storms"], seconds


@pytest.mark.parametrize("mode", MODES)
def test_an_honest_guest_misses_nothing(hostile, mode):
    """Each of its interrupts came, and none that was not its own."""
    assert hostile[mode].endswith("PASS\n"), hostile[mode]
    count, storms, _ = counters(hostile, mode, "honest")
    assert (count, storms) == (ROUNDS, 0)


@pytest.mark.parametrize("mode", MODES)
def test_the_control_domain_misses_nothing(hostile, mode):
    assert "20 packets transmitted, 20" in hostile[f"{mode}-pings"]
    assert hostile["complaints"] == ""


@pytest.mark.parametrize("mode", MODES)
def test_a_hostile_guest_is_limited(hostile, mode):
    """It goes on all the time, and gets what it may have."""
    count, storms, seconds = counters(hostile, mode, "hostile")
    states = {line.split()[0]: line.split()[4] for line in hostile[f"{mode}-list"].splitlines()[1:]}
    assert not set("scd") & set(states[mode]), states
    assert count < 2 * LIMIT * seconds
    if mode == "assert":
        assert count > 0 and storms > 0
    elif mode == "hold":
        assert count == 0
