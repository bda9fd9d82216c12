# SPDX-License-Identifier: BSD-2-Clause
"""U-Boot starts the hypervisor, from a disk scripts/boot-image makes (docs/boot.md)."""

import hashlib
import re
import subprocess
import threading

import pytest

import scenario
from conftest import TOP, nvme

BOOT_IMAGE = TOP / "scripts/boot-image"
U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"

# What a shell, U-Boot's among them, could take for its own.
WORDS = "a=\"b  c\" d=$e;f&g|h x={y},(z)<0>[1]~#!*?^%@`"

SCRIPT = f"""
section cmdline; cat /proc/cmdline
section list; via list
section lspci; lspci -D -n | grep ^0000:
section owner; sha256sum <"$(disk 0000:01:00.0)"
section start; via pci-assignable-add 02:00.0 && via create /etc/viaduct/guest.cfg || exit 1
wait_for is_over guest
section guest; console guest 60
"""


@pytest.fixture(scope="module")
def booted(module_machine):
    machine = module_machine
    one = machine.raw_image("one.img", 8, seed=1)
    two = machine.raw_image("two.img", 8, seed=2)
    guest = scenario.guest("guest", "sha256sum </dev/nvme0n1", pci=["02:00.0"])
    done, out = scenario.run(
        machine, SCRIPT, "--u-boot", *nvme(one, port=1), *nvme(two, port=2),
        "--hv-args", "dom0_mem=1000M loglevel=debug", "--dom0-args", WORDS,
        *scenario.overlay(machine, {"guest.cfg": guest}))
    return done, out, [hashlib.sha256(path.read_bytes()).hexdigest() for path in (one, two)]


def test_u_boot_starts_it(booted):
    """Every part is checked, the control domain's kernel runs where U-Boot left it."""
    done, _, _ = booted
    assert "Found U-Boot script /boot.scr" in done.log
    assert done.log.count("crc32+") == 3
    assert re.search(r"control domain: 2 vCPUs, 1000 MiB, kernel at 0x[0-9a-f]+ in place", done.log)


def test_command_lines_arrive(booted):
    _, out, _ = booted
    assert out["cmdline"] == f"console=ttyAMA0 panic=-1 {WORDS}\n"
    assert out["list"].splitlines()[1].split()[:4] == ["Domain-0", "0", "1000", "2"]


def test_disks_are_found_and_lent(booted):
    """U-Boot had numbered the buses and placed BARs of its own before."""
    _, out, (one, two) = booted
    assert re.findall(r"^(\S+) 0108:", out["lspci"], re.M) == ["0000:01:00.0", "0000:02:00.0"]
    assert out["owner"] == f"{one}  -\n"
    assert f"{two}  -" in out["guest"]


def image(directory, name, size=4096, memory=4096):
    """A file with the header of an arm64 Image, and bytes that are in no other file."""
    header = bytes(16) + memory.to_bytes(8, "little") + bytes(32) + b"ARM\x64" + bytes(4)
    (directory / name).write_bytes((header + name.encode()).ljust(size, b"\xa5"))


GOOD = """# comment
[machine]
board = qemu-virt
hypervisor = viaduct.bin

[control]
kernel = Image
ramdisk = ramdisk
extra = a b
"""


@pytest.fixture
def description(tmp_path):
    """Write a description beside files it can name; returns its path."""
    image(tmp_path, "viaduct.bin")
    image(tmp_path, "Image", memory=3 << 20)
    (tmp_path / "ramdisk").write_bytes(b"ramdisk" * 1000)
    (tmp_path / "empty").touch()
    (tmp_path / "Image.gz").write_bytes(b"\x1f\x8b" + bytes(100))

    def write(text):
        path = tmp_path / "boot.conf"
        path.write_text(text)
        return path
    return write


def boot_image(*arguments):
    return subprocess.run([BOOT_IMAGE, *arguments], capture_output=True, text=True, check=False)


def test_files(description, tmp_path):
    done = boot_image(description(GOOD), "-o", tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    fit = tmp_path / "out/viaduct.itb"
    listed = subprocess.run(["dumpimage", "-l", fit], capture_output=True, text=True, check=True)
    # The kernel has the memory it claims to itself; the hypervisor is the last.
    assert re.findall(r"\((\S+)\)\n(?:.*\n)*?.*Data Size: +(\d+)(?:.*\n)*?.*Load Address: (\S+)",
                      listed.stdout) == [
        ("control-kernel", str(3 << 20), "0x44400000"),
        ("control-ramdisk", "7000", "0x44800000"), ("hypervisor", "4096", "0x44a00000")]
    assert fit.read_bytes()[0x200000:][:4096] == (tmp_path / "Image").read_bytes()
    assert fit.read_bytes()[0x600000:][:7000] == (tmp_path / "ramdisk").read_bytes()


@pytest.mark.parametrize("old, new, message", [
    ("[control]", "[controls]", "boot.conf:6: [controls]: not a section; there are [machine], "),
    ("[control]", "[machine]", "boot.conf:6: a second section [machine]"),
    ("[control]", "control", "boot.conf:6: neither [section] nor key = value: control"),
    ("[machine]\n", "", "boot.conf:2: board: before the first [section]"),
    (GOOD, "[control]\nkernel = Image\n", "boot.conf: no section [machine]"),
    ("kernel", "kernal", "boot.conf:7: kernal: unknown in [control]; it takes kernel, "),
    ("kernel = Image", "", "boot.conf:6: [control] has no kernel"),
    ("kernel = Image", "kernel =", "boot.conf:7: kernel: has no value"),
    ("extra = a b", "kernel = Image", "boot.conf:9: kernel: given twice"),
    ("= Image", "= Imago", "boot.conf:7: kernel: no file "),
    ("= Image", "= empty", "boot.conf:7: kernel: "),
    ("= Image", "= Image.gz", "Image.gz is compressed: unpack it first"),
    ("= Image", "= ramdisk", "ramdisk is not an arm64 Image"),
    ("viaduct.bin", "ramdisk", "boot.conf:4: hypervisor: "),
    ("= qemu-virt", "= virt", "boot.conf:3: board: only qemu-virt is known; for another one give "),
    ("[control]", "[domain a.b]", "boot.conf:6: [domain a.b]: not a section"),
    ("[control]", "[domain web]", "boot.conf:6: [domain web] has no memory"),
    ("[control]", "[domain web]\nmemory = 0", "boot.conf:7: memory: not a number from 1 to "),
    ("[control]", "[domain web]\nmemory = 64\nvcpus = 17", "boot.conf:8: vcpus: not a number "),
    ("[control]", "[domain web]\nmemory = 64\nunprotected-dma = no",
     "boot.conf:8: unprotected-dma: not a number from 1 to 1"),
    ("[control]", "[domain web]\nmemory = 64\npci = 1:0.0 '", "boot.conf:8: pci: holds what "),
    ("[control]", "[domain " + 32 * "w" + "]", "boot.conf:6: the name is longer than 31 "),
    (GOOD[GOOD.index("[control]"):], "", "boot.conf: neither [control] nor a [domain NAME]"),
    ("board = qemu-virt", "", "boot.conf:2: [machine] needs board or load-address"),
    ("board = qemu-virt", "load-address = 0x44100000",
     "boot.conf:3: load-address: not a multiple of 2 MiB"),
    ("board = qemu-virt", "load-address = here", "boot.conf:3: load-address: not a number"),
    ("= a b", "= it's", "boot.conf:9: extra: holds what U-Boot's shell cannot pass on"),
    ("= a b", "= a\\b", "boot.conf:9: extra: holds what U-Boot's shell cannot pass on"),
    ("= a b", "= \N{LATIN SMALL LETTER E WITH ACUTE}", "boot.conf:9: extra: holds what "),
    ("= a b", "= <0>", "boot.conf:9: extra: holds what U-Boot's shell cannot pass on"),
    ("= a b", "= " + 1024 * "x", "boot.conf:9: extra: longer than 1023 characters"),
])
def test_bad_description(description, tmp_path, old, new, message):
    """One line, with the place, and nothing is made."""
    done = boot_image(description(GOOD.replace(old, new)), "-o", tmp_path / "out")
    assert done.returncode == 2
    assert re.fullmatch(r"boot-image: .*\n", done.stderr), done.stderr
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_no_description(tmp_path):
    done = boot_image(tmp_path / "none.conf", "-o", tmp_path / "out")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "none.conf" in done.stderr and "No such file" in done.stderr


def u_boot_says(disk, last, seconds=180):
    """What U-Boot prints when it starts from the disk, up to one of the words last."""
    said = ""
    with subprocess.Popen([
            "qemu-system-aarch64", "-M", "virt,virtualization=on", "-cpu", "max", "-m", "512",
            "-nographic", "-nodefaults", "-net", "none", "-serial", "stdio", "-bios", U_BOOT,
            "-drive", f"if=none,id=disk,format=raw,file={disk}",
            "-device", "virtio-blk-device,drive=disk"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as qemu:
        timer = threading.Timer(seconds, qemu.kill)
        timer.start()
        for line in qemu.stdout:
            said += line
            if any(word in line for word in last):
                break
        timer.cancel()
        qemu.kill()
    return said


def test_damaged_disk(description, tmp_path):
    """U-Boot starts nothing of a FIT image in which one bit has changed."""
    disk = tmp_path / "disk.img"
    assert boot_image(description(GOOD), "--disk", disk).returncode == 0
    data = bytearray(disk.read_bytes())
    data[data.rindex(b"ramdiskramdisk")] ^= 1
    disk.write_bytes(data)
    said = u_boot_says(disk, ["SCRIPT FAILED", "Starting kernel"])
    assert "Image 1 (control-ramdisk): crc32 error" in said
    assert "Viaduct: viaduct.itb is damaged" in said
    assert "Starting kernel" not in said and said.count("Viaduct: ") == 2
