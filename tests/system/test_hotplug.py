# SPDX-License-Identifier: BSD-2-Clause
"""Functions come to a running guest and go: its own Linux finds them, lets go of them, survives."""

import random
import re

import pytest

import scenario
from conftest import nvme
from scenario import guest, result

# A guest without devices. Each disk that comes is used; what came of it is said in a line.
WORK = """
modprobe -a nvme ext4
S=/sys/bus/pci/slots
B=/sys/bus/pci/devices
come() { until D=$(ls /dev/nvme*n1 2>/dev/null) && head -c 1 $D >/dev/null 2>&1; do usleep 50000; done; }
gone() { while [ -e $B/$1 ] || ls /dev/nvme*n1 >/dev/null 2>&1; do usleep 50000; done; }
look() { mount -t ext4 $D /mnt && (cd /mnt; sha256sum -c SHA256SUMS; cat new 2>/dev/null); }
for d in 1c 1d; do echo config $d; od -v -An -tx1 -w16 -N256 $B/0000:00:$d.0/config; done
echo begin $(ls $S) adapter $(cat $S/28/adapter)
come; look; echo by the guest >/mnt/new; umount /mnt
echo vectors $(grep -c nvme /proc/interrupts)
echo used $(cat $S/28/adapter) $(ls $B)
gone 0000:01:00.0
echo let-go $(cat $S/28/adapter)
come; (while dd if=$D of=/dev/null bs=64k count=64 2>/dev/null; do echo read; done; echo broke) &
gone 0000:01:00.0; wait
echo torn $(cat $S/28/adapter)
come; look; umount /mnt
echo third $(cat $S/28/adapter $S/29/adapter) $(ls -d $B/0000:02:00.0)
gone 0000:02:00.0
echo last $(cat $S/29/adapter)
"""

CHAIN = r"""
cd /etc/viaduct
via pci-assignable-add -n disk 01:00.0
via create plug.cfg; listen plug
section begin; said plug begin
try attach via pci-attach plug 01:00.0
section list; via pci-list plug
section used; said plug used
try twice via pci-attach plug 01:00.0
try detach via pci-detach -t 900 plug 01:00.0
section let-go; said plug let-go; via pci-assignable-list
try again via pci-attach plug 01:00.0
said plug read >/dev/null
try tear via pci-detach -f plug 01:00.0
section torn; said plug torn; via pci-assignable-list
try third-attach via pci-attach plug 01:00.0,vslot=1d
section third-list; via pci-list plug
section third; said plug third
via pause plug
try late via pci-detach -t 1 plug 01:00.0
via unpause plug
section last; said plug last
wait_for is_over plug
section log; via dmesg | grep -c "is asked to let go"
try seconds via pci-detach -t soon plug 01:00.0
section guest; cat /tmp/plug
for d in 1c 1d; do
	section lspci-$d
	{ echo "00:$d.0 port"; sed -n "/^config $d/,/^[cb]/p" /tmp/plug | grep '^ ' |
		awk '{ printf "%02x:%s\n", 16 * (NR - 1), $0 }'; } >/tmp/dump
	lspci -F /tmp/dump -vv
done
via destroy plug
try back via pci-assignable-remove disk
"""


@pytest.fixture(scope="module")
def chain(module_machine):
    machine = module_machine
    disk = machine.ext4_image("disk.img", 48, {
        "data": random.Random(11).randbytes(4 << 20)})
    done, out = scenario.run(machine, CHAIN, *nvme(disk, port=1), *scenario.overlay(
        machine, {"plug.cfg": guest("plug", WORK)}), timeout=900)
    return out, done


def test_empty_slots(chain):
    """A stock guest has four, which its own driver knows by their ports' device numbers."""
    out, _ = chain
    assert out["begin"] == "begin 28 29 30 31 adapter 0\n"


def test_ports(chain):
    """What lspci reads of a port: what pciehp needs, and nothing that is not there."""
    text = chain[0]["lspci-1c"]
    for words in ("PCI bridge", "Express (v2) Root Port (Slot+)", "MSI: Enable+ Count=1/1",
                  "AttnBtn+ PwrCtrl- MRL- AttnInd- PwrInd+ HotPlug+ Surprise+", "Slot #28",
                  "Power Management version 3", "NoSoftRst+", "secondary=01"):
        assert words in text, text
    assert "Slot #29" in chain[0]["lspci-1d"] and "secondary=02" in chain[0]["lspci-1d"]


def test_attach(chain):
    """pciehp finds it, the driver binds, data and MSI-X are good."""
    out, _ = chain
    assert result(out["attach"]) == (0, "")
    assert out["list"] == "Vdev Device\n1c.0 0000:01:00.0\n"
    used = out["used"].split()
    assert used[:2] == ["used", "1"] and "0000:01:00.0" in used
    said = out["guest"].replace("\r", "")
    assert re.search(r"^data: OK\nvectors [2-9]\n", said, re.M), said
    assert result(out["twice"])[0] == 1


def test_detach_asks(chain):
    """The guest lets go: its driver is unbound, the slot off, before the function leaves."""
    out, _ = chain
    assert result(out["detach"]) == (0, "")
    assert out["let-go"] == "let-go 0\n0000:01:00.0 \n"
    assert out["log"] == "2\n"  # and the one that was paused


def test_tear(chain):
    """Forced under I/O: reads fail, the guest lives, the disk is clean for the next time."""
    out, _ = chain
    assert result(out["tear"]) == (0, "")
    assert out["torn"] == "torn 0\n0000:01:00.0 \n"
    assert "\nbroke" in out["guest"].replace("\r", "")


def test_other_slot(chain):
    """vslot says which; what the guest wrote the first time is there."""
    out, _ = chain
    assert result(out["third-attach"]) == (0, "")
    assert out["third-list"] == "Vdev Device\n1d.0 0000:01:00.0\n"
    assert out["third"].split()[:3] == ["third", "0", "1"]
    assert "0000:02:00.0" in out["third"]
    assert re.search(r"^data: OK\r?\nby the guest\r?$", out["guest"], re.M)


def test_time_is_over(chain):
    """One that does not answer has it taken, and finds that out afterwards."""
    out, _ = chain
    status, text = result(out["late"])
    assert status == 0 and "0000:01:00.0: plug has not let go of it in 1 s" in text
    assert out["last"] == "last 0\n"
    assert "guest: exit 0" in out["guest"]
    assert result(out["seconds"]) == (
        2, 'pci-detach: "soon" is no number of seconds up to 3600\n')
    assert result(out["back"])[0] == 0
