# SPDX-License-Identifier: BSD-2-Clause
"""INTx: nobody uses MSI, and a guest's disk and the control domain's card interrupt by one wire.

Disk 1 and the card are behind devices 1 and 5 of the root bus: by (device + pin) % 4 both are on the
machine's second INTx line, INTID 36. Disk 2, behind device 2, has INTID 37 to itself.

The control domain does not work hard with a disk here: QEMU's NVMe leaves its pin asserted now and
then when two CPUs use it, and Linux gives the line up, without a hypervisor as well.
"""

import random
import re

import pytest

import scenario
from conftest import e1000e, nvme
from scenario import guest, result

# Reads its disk twice, past the cache.
WORK = """
mount -t ext4 /dev/nvme0n1 /mnt && cd /mnt || exit 10
for i in 1 2; do
echo 3 >/proc/sys/vm/drop_caches
sha256sum -c SHA256SUMS || exit 11
done
echo by the guest >new && sync && cd / && umount /mnt || exit 12
grep nvme /proc/interrupts
"""
EXTRA = "console=ttyAMA0 quiet pci=nomsi"

FILES = {
    "same.cfg": guest("same", WORK, pci=["0000:01:00.0"], extra=EXTRA),
    "alone.cfg": guest("alone", WORK, pci=["0000:02:00.0"], extra=EXTRA),
}

CHAIN = r"""
cd /etc/viaduct
ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0
wait_for ping -c 1 -W 1 10.0.2.2
# pings: how many answers, until there is /tmp/stop
pings() { while [ ! -e /tmp/stop ]; do ping -c 10 -i 0.1 -W 5 10.0.2.2; done; }

section before; grep -E 'nvme|eth0' /proc/interrupts
dd if="$(disk 0000:01:00.0)" bs=64k count=64 iflag=direct 2>/dev/null | sha256sum
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


@pytest.fixture(scope="module")
def chain(module_machine):
    machine = module_machine
    files = {"data": random.Random(5).randbytes(24 << 20), "small": b"small"}
    card = e1000e(port=3)
    card[1] += ",addr=05.0"
    options = [*nvme(machine.ext4_image("same.img", 64, files), port=1),
               *nvme(machine.ext4_image("alone.img", 64, files), port=2),
               *card, "--dom0-args", "pci=nomsi", *scenario.overlay(machine, FILES)]
    _, out = scenario.run(machine, CHAIN, *options)
    return out


def check_guest(text, intid):
    """It did its work by a level interrupt, a good many of them."""
    assert text.count("data: OK") == 2 and text.count("small: OK") == 2
    assert "guest: exit 0" in text
    line = re.search(r"^ *(\d+): +(\d+) +GICv3 +(\d+) Level +nvme", text, re.M)
    assert line and int(line[2]) > 100
    assert int(line[3]) == intid


def test_control_domain_without_msi(chain):
    assert len(re.findall(r"GICv3 +36 Level .*nvme", chain["before"])) == 1
    assert len(re.findall(r"GICv3 +36 Level .*eth0", chain["before"])) == 1
    assert len(re.findall(r"GICv3 +37 Level .*nvme", chain["before"])) == 1


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
