# SPDX-License-Identifier: BSD-2-Clause
"""What is asked for with a function: an expansion ROM from a file, gaps of config space."""

import hashlib
import json
import random
import re
import struct
import subprocess

import pytest

import scenario
from conftest import nvme, root_port
from scenario import guest, result

# The ROM, read twice; the disk works all the while.
READ_ROM = """
cd /sys/bus/pci/devices/0000:00:01.0
for i in 1 2; do
echo 1 >rom; echo rom $(sha256sum <rom); echo 0 >rom
echo disk $(sha256sum </dev/nvme0n1)
done
awk 'NR == 7 { print "bar", $1, $2 }' resource
"""

LOOK = """
od -An -v -tx1 -w16 -N256 /sys/bus/pci/devices/0000:00:01.0/config
modprobe virtio_blk
until [ -b /dev/vda ]; do usleep 100000; done
sha256sum </dev/vda
"""

MORE = """
/dts-v1/;
/plugin/;
&{/chosen} { note = "from the administrator"; };
&{/} { more { number = <42>; }; };
"""
MORE_THERE = """
ls /sys/bus/pci/devices/0000:00:01.0
cd /proc/device-tree; cat chosen/note | tr '\\0' '\\n'; od -An -tx1 more/number
"""

CHAIN = r"""
cd /etc/viaduct
via pci-assignable-add 01:00.0; via pci-assignable-add 02:00.0
try norom-create via create norom.cfg
section norom; console norom 120
try no-overlay via create norom.cfg 'device_tree="/etc/viaduct/more.dts"'
via destroy norom
section before; via info --json
try bad via create bad.cfg
section bad-list; via list
try create via create rom.cfg
section rom-list; via pci-list -v rom; via pci-list --json rom
section rom; console rom 120
via destroy rom
section rom-left; via pci-list -a --json
section after; via info --json

for name in plain gap; do
	via create $name.cfg >/dev/null
	section $name; console $name 120
	section $name-list; via pci-list -v $name; via dmesg | grep '02:00.0: lent'
	via destroy $name
done
"""


def rom_image(size):
    """One image of code nobody runs, as the PCI Firmware specification has it (3.3, 5.1)."""
    image = bytearray(random.Random(9).randbytes(size))
    image[:3] = bytes([0x55, 0xaa, size // 512])
    struct.pack_into("<H", image, 0x18, 0x1c)
    struct.pack_into("<4sHHHHB3sHHBBH", image, 0x1c, b"PCIR", 0x1b36, 0x0010, 0, 0x18, 3,
                     bytes([2, 8, 1]), size // 512, 1, 0, 0x80, 0)
    return bytes(image)


@pytest.fixture(scope="module")
def chain(module_machine):
    machine = module_machine
    disk = machine.raw_image("disk.img", 8, seed=1)
    virtio = machine.raw_image("virtio.img", 4, seed=2)
    rom = rom_image(40 * 1024)
    overlay = scenario.overlay(machine, {
        "rom.cfg": guest("rom", READ_ROM, pci=["01:00.0,rom=/etc/viaduct/disk.rom"]),
        "norom.cfg": guest("norom", MORE_THERE, pci=["01:00.0"]) +
                     'device_tree = "/etc/viaduct/more.dtbo"\n',
        "bad.cfg": guest("bad", "true", pci=["01:00.0,rom=/etc/viaduct/bad.cfg"]),
        "plain.cfg": guest("plain", LOOK, pci=["02:00.0"]),
        "gap.cfg": guest("gap", LOOK, pci=["02:00.0,quirk=allow-gap"])})
    files = machine.directory / "overlay/etc/viaduct"
    (files / "disk.rom").write_bytes(rom)
    (files / "more.dts").write_text(MORE)
    subprocess.run(["dtc", "-O", "dtb", "-o", files / "more.dtbo", files / "more.dts"], check=True)
    options = [*nvme(disk, port=1), *root_port(2),
               "--drive", f"if=none,format=raw,file={virtio},id=virtio",
               "--device", "virtio-blk-pci,drive=virtio,bus=rp2,iommu_platform=on", *overlay]
    _, out = scenario.run(machine, CHAIN, *options, timeout=600)
    return out, {name: hashlib.sha256(data).hexdigest() for name, data in [
        ("rom", rom), ("disk", disk.read_bytes()), ("virtio", virtio.read_bytes())]}


def test_file_that_is_no_rom(chain):
    """One message, and nothing is made."""
    out, _ = chain
    status, text = result(out["bad"])
    assert status == 1
    assert text.splitlines()[1:] == [
        "via create: /etc/viaduct/bad.cfg: not an expansion ROM: does not begin with 55 aa"]
    assert len(out["bad-list"].splitlines()) == 2


def test_device_tree_is_laid_over(chain):
    """Its source is no overlay yet."""
    out, _ = chain
    assert re.search(r"^from the administrator\r?\n 00 00 00 2a", out["norom"], re.M)
    assert result(out["no-overlay"])[0] == 1
    assert "via create: /etc/viaduct/more.dts: not a compiled device tree\n" in out["no-overlay"]


def test_guest_reads_the_rom(chain):
    """By sysfs, like any ROM, as often as it likes; the BAR is the next power of two."""
    out, sums = chain
    assert result(out["create"])[0] == 0
    text = out["rom"]
    assert "guest: exit 0" in text
    assert re.findall(r"^(rom|disk) (\S+)", text, re.M) == 2 * [
        ("rom", sums["rom"]), ("disk", sums["disk"])]
    start, end = (int(word, 16) for word in re.search(r"^bar (\S+) (\S+)", text, re.M).groups())
    assert end - start + 1 == 0x10000
    listing, functions = out["rom-list"].split("[{", 1)
    assert "\n  expansion ROM from a file\n" in listing
    assert json.loads("[{" + functions)[0]["rom"] is True


def test_rom_goes_with_its_user(chain):
    """No other user sees it, and its memory is free again."""
    out, _ = chain
    entry = next(f for f in json.loads(out["rom-left"]) if f["bdf"] == "0000:01:00.0")
    assert entry["rom"] is False
    assert "vendor" in out["norom"].split() and "rom" not in out["norom"].split()
    before, after = json.loads(out["before"]), json.loads(out["after"])
    for key in ["free_bytes", "heap_used_bytes"]:
        assert after[key] == before[key]


def vendor_capabilities(text):
    """Fourth bytes of the vendor-specific capabilities a guest sees: virtio's types."""
    rows = re.findall(r"^((?: [0-9a-f]{2}){16})\s*$", text, re.M)
    config = bytes(int(byte, 16) for row in rows for byte in row.split())
    assert len(config) == 256
    at, types = config[0x34], []
    while at:
        if config[at] == 9:
            types.append(config[at + 3])
        at = config[at + 1]
    return sorted(types)


def test_gaps_are_closed(chain):
    """A virtio function's window from config space into its BARs is not shown."""
    out, sums = chain
    assert vendor_capabilities(out["plain"]) == [1, 2, 3, 4]
    assert sums["virtio"] in out["plain"]
    assert "quirk" not in out["plain-list"]


def test_quirk_opens_gaps(chain):
    """In so many words, written down wherever the function is."""
    out, sums = chain
    assert vendor_capabilities(out["gap"]) == [1, 2, 3, 4, 5]
    assert sums["virtio"] in out["gap"]
    assert "\n  quirk allow-gap\n" in out["gap-list"]
    assert re.search(r"02:00\.0: lent to d\d+ gap as .*, quirk allow-gap", out["gap-list"])
