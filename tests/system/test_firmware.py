# SPDX-License-Identifier: BSD-2-Clause
"""Firmware as a guest: Debian's U-Boot for QEMU's virt board, unmodified, and Linux it starts."""

import base64
import json
import random
import re
import subprocess
import zlib

import pexpect
import pytest

import scenario
from conftest import TOP, nvme

UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
PROMPT = "\n=> "
SECTOR = 512
PARTITION = 2048 # first sector

CONFIG = f"""
name = "fw"
memory = 256
firmware = "{UBOOT}"
pci = [ "01:00.0,vslot=2" ]
"""

# What Linux does that U-Boot started. U-Boot's command line for it has 512 bytes at most.
START = "mount -t ext4 /dev/nvme0n1p1 /mnt && cp /mnt/work /tmp && umount /mnt && sh /tmp/work"

# The disk, then the flash, where nothing can be written.
WORK = """
mount -t ext4 /dev/nvme0n1p1 /mnt && cd /mnt && sha256sum -c SHA256SUMS || exit 10
echo by Linux >new && cd / && umount /mnt || exit 11
grep nvme /proc/interrupts; grep RAM /proc/iomem
for at in 0 100000 1ffff00 7ffff00; do
	was=$(devmem 0x$at 32) && devmem 0x$at 32 0x5a5a5a5a && echo $at $was $(devmem 0x$at 32)
done
"""

EXTLINUX = """default linux
label linux
	kernel /Image
	initrd /initramfs
	append console=ttyAMA0 quiet viaduct.run={}
"""


def boot_file(name):
    """A file from /boot of the control domain's root: what guests boot."""
    with open(TOP / "build/root/control.cpio", "rb") as archive:
        return subprocess.run(["cpio", "-i", "--quiet", "--to-stdout", f"boot/{name}"],
                              stdin=archive, check=True, capture_output=True).stdout


def partitioned(machine, mebibytes, files):
    """A disk with one bootable ext4 partition."""
    system = machine.ext4_image("system.img", mebibytes, files).read_bytes()
    entry = (b"\x80\0\0\0\x83\0\0\0" + PARTITION.to_bytes(4, "little") +
             (len(system) // SECTOR).to_bytes(4, "little"))
    path = machine.directory / "disk.img"
    path.write_bytes(entry.rjust(462, b"\0") + b"\0" * 48 + b"\x55\xaa" +
                     b"\0" * (PARTITION - 1) * SECTOR + system)
    return path


def boot_disk(machine):
    """Kernel, initramfs, how to start them, and data."""
    run = base64.b64encode(START.encode()).decode()
    return partitioned(machine, 160, {
        "Image": boot_file("Image"), "initramfs": boot_file("initramfs"),
        "extlinux/extlinux.conf": EXTLINUX.format(run).encode(), "work": WORK.encode(),
        "data": random.Random(11).randbytes(8 << 20)})


class UBoot:
    """U-Boot's prompt, on the console of a guest that was just created there."""

    def __init__(self, session):
        self.session = session
        session.send("via create -c /etc/viaduct/fw.cfg\n")
        session.expect("U-Boot 20")

    def stop(self):
        """Keep it from booting; what it said until then."""
        self.session.expect("Hit any key to stop autoboot")
        banner = self.session.child.before.replace("\r", "")
        self.session.send(" ")
        self.session.expect(PROMPT)
        return banner

    def command(self, line):
        """Run one command; returns its output."""
        self.session.send(line + "\r")
        self.session.expect(PROMPT)
        return self.session.child.before.replace("\r", "").partition("\n")[2]


def free_bytes(session):
    return json.loads(session.command("via info --json")[1])["free_bytes"]


def faults(session):
    functions = json.loads(session.command("via pci-list -a --json")[1])
    return next(f["faults"] for f in functions if f["bdf"] == "0000:01:00.0")


def at_prompt(session, out):
    """A first life: commands at the prompt, and a reset."""
    uboot = UBoot(session)
    out["banner"] = uboot.stop()
    for name, line in [
            ("enum", "pci enum"), ("pci", "pci"), ("scan", "nvme scan"), ("info", "nvme info"),
            ("read", "nvme read 44000000 800 4000"), ("crc", "crc32 44000000 800000"),
            ("write", "mw.l 44000000 a5a5a5a5 80; nvme write 44000000 1 1"),
            ("flash", "md.l 0 1; md.l 100000 1; md.l 3fffffc 1; md.l 4000000 1; md.l 7fffffc 1"),
            ("save", "saveenv"),
            ("dma", "nvme read 100000 1 1"), ("after-dma", "md.l 100000 1")]:
        out[name] = uboot.command(line)
    session.send("reset\r")
    session.expect("control# ")
    out["list"] = session.command("via list fw")[1]
    out["faults"] = faults(session)
    out["stats"] = json.loads(session.command("via stats --json fw")[1])
    out["log"] = session.command("via dmesg")[1]


@pytest.fixture(scope="module")
def lives(module_machine):
    machine = module_machine
    disk = boot_disk(machine)
    out = {"disk": disk.read_bytes()[:(PARTITION + 0x4000) * SECTOR]}
    session = machine.interactive(
        *nvme(disk, port=1), *nvme(machine.raw_image("keep.img", 8), port=2),
        *scenario.overlay(machine, {"fw.cfg": CONFIG}), "--hv-args", "loglevel=error",
        "--timeout", "3000")
    session.command("via pci-assignable-add 01:00.0")
    out["word"] = session.command(f"od -A n -t x4 -N 4 {UBOOT}")[1].strip()
    before = free_bytes(session)
    at_prompt(session, out)
    out["destroy"] = session.command("via destroy fw")
    out["leaked"] = before - free_bytes(session)
    # So much DMA that went wrong has cost the guest its disk: it is lent again when it is asked for.
    session.command("via pci-assignable-add 01:00.0")
    # A second life, left alone: it finds Linux on the disk.
    UBoot(session)
    session.expect(r"guest: exit (\d+)", timeout=150)
    out["linux"] = session.child.before.replace("\r", "")
    out["exit"] = session.child.match[1]
    session.expect("control# ")
    out["list-linux"] = session.command("via list fw")[1]
    out["destroy-linux"] = session.command("via destroy fw")
    session.send("poweroff -f\n")
    session.expect(pexpect.EOF)
    after = machine.directory / "after.img"
    after.write_bytes(disk.read_bytes()[PARTITION * SECTOR:])
    out["new"] = machine.read_ext4(after, "new")
    return out, disk


def test_comes_up(lives):
    """With the memory that was configured, and nothing to complain of but an empty environment."""
    out, _ = lives
    assert "DRAM:  256 MiB" in out["banner"]
    assert re.findall(r"\*\*\*.*|.*[Ee]rror.*|.*[Ff]ail.*", out["banner"]) == [
        "*** Warning - bad CRC, using default environment"]


def test_sees_what_is_lent(lives):
    """One function, where vslot says, found through 40-bit addresses."""
    out, _ = lives
    assert re.findall(r"^\d\d\.\d\d\.\d\d .*", out["pci"], re.M) == [
        "00.02.00   0x1b36     0x0010     Mass storage controller 0x08"]


def test_drives_the_disk(lives):
    out, disk = lives
    assert "Capacity: 161.0 MB" in out["info"]
    assert "16384 blocks read: OK" in out["read"]
    data = out["disk"][PARTITION * SECTOR:]
    assert len(data) == 0x800000
    assert f"==> {zlib.crc32(data):08x}" in out["crc"]
    assert "1 blocks written: OK" in out["write"]
    assert disk.read_bytes()[SECTOR:2 * SECTOR] == b"\xa5" * SECTOR


def test_flash(lives):
    """The firmware at its start, then zeroes; saving the environment fails, and that is all."""
    out, _ = lives
    words = re.findall(r"^[0-9a-f]{8}: ([0-9a-f]{8})", out["flash"], re.M)
    assert words[0] == out["word"]
    assert words[1:] == ["00000000"] * 4
    assert "Failed" in out["save"]
    # U-Boot has read all of its environment, byte by byte, twice.
    assert out["stats"]["exits"]["mmio_other"] == 0


def test_devices_do_not_reach_flash(lives):
    out, _ = lives
    assert re.findall(r"^00100000: ([0-9a-f]{8})", out["after-dma"], re.M) == ["00000000"]
    assert out["faults"] > 0


def test_reset_ends_the_guest(lives):
    out, _ = lives
    assert out["list"].splitlines()[1].split()[2:5] == ["256", "1", "---sr-"]
    assert re.search("d1 fw asked for a reboot", out["log"])
    assert out["destroy"] == (0, "")
    assert out["leaked"] == 0


def test_starts_linux_from_the_disk(lives):
    """Its own boot script finds it; the kernel drives the same disk and the data are right."""
    out, _ = lives
    assert "Found /extlinux/extlinux.conf" in out["linux"]
    assert "Starting kernel" in out["linux"]
    assert "data: OK" in out["linux"] and "extlinux/extlinux.conf: OK" in out["linux"]
    assert out["exit"] == "0"
    assert re.search(r"ITS-PCI-MSIX-0000:00:02\.0 .*nvme0q", out["linux"])
    assert re.search(r"^40000000-4fffffff : System RAM", out["linux"], re.M)
    assert out["new"] == b"by Linux\n"
    assert out["list-linux"].splitlines()[1].split()[4] == "---s--"
    assert out["destroy-linux"] == (0, "")


def test_flash_is_read_only(lives):
    """A write changes nothing and hurts nobody: a word of U-Boot, then three zeroes."""
    out, _ = lives
    rows = re.findall(r"^([0-9a-f]+) 0x([0-9A-F]{8}) 0x([0-9A-F]{8})$", out["linux"], re.M)
    assert [row[0] for row in rows] == ["0", "100000", "1ffff00", "7ffff00"]
    assert rows[0][1].lower() == out["word"]
    assert all(was == now for _, was, now in rows)
