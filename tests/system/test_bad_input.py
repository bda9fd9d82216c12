# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: one clear message each, and nothing half done."""

import json
import re
import struct
import subprocess

import pexpect
import pytest

import scenario
from conftest import LAUNCHER, PATIENCE, TOP, nvme
from scenario import guest, result

HYPERVISOR = TOP / "build/arm64/hypervisor/viaduct.bin"
QEMU = ["qemu-system-aarch64", "-nographic", "-nodefaults", "-net", "none"]
BOARD = "virt,virtualization=on,gic-version=3,its=on,iommu=smmuv3"

GOOD = guest("good", memory=128)
CONFIGS = {
    "wrong_key.cfg": (GOOD + "memroy = 64\n",
                      r'wrong_key\.cfg:7: unknown key "memroy"'),
    "twice.cfg": (GOOD + "memory = 64\n", r"twice\.cfg:7: .*memory"),
    "type.cfg": (GOOD.replace("memory = 128", 'memory = "lots"'),
                 r"type\.cfg:2: memory must be a number"),
    "quote.cfg": (GOOD.replace('"good"', '"good'), r"quote\.cfg:1: "),
    "disk.cfg": (GOOD + "disk = [ 'phy:/dev/sda,xvda,w' ]\n",
                 r"disk\.cfg:7: disk: .*pci = \["),
    "no_name.cfg": ("memory = 64\nkernel = '/boot/Image'\n", r"no_name\.cfg: name is missing"),
    "no_kernel.cfg": (GOOD.replace("/boot/Image", "/boot/none"),
                      r"via create: /boot/none: No such file or directory"),
    "not_kernel.cfg": (GOOD.replace("/boot/Image", "/bin/busybox"),
                       r"via create: /bin/busybox: is not an arm64 Linux Image"),
    "no_ramdisk.cfg": (GOOD.replace("/boot/initramfs", "/boot/none"),
                       r"via create: /boot/none: No such file or directory"),
    "memory.cfg": (GOOD.replace("128", "200000"),
                   r"via create: not enough memory: 200000 MiB wanted, \d+ MiB free"),
    "small.cfg": (GOOD.replace("128", "16"),
                  r"via create: kernel and ramdisk need \d+ MiB, the domain has 16"),
    "vcpus.cfg": (GOOD.replace("vcpus = 1", "vcpus = 17"),
                  r"vcpus\.cfg:3: vcpus must be between 1 and 16"),
    "unknown.cfg": (guest("good", pci=["0000:09:00.0"]),
                    r"via create: 0000:09:00\.0: no such PCI function"),
    "owned.cfg": (guest("good", pci=["0000:01:00.0"]),
                  r"via create: 0000:01:00\.0: not assignable \(see via pci-assignable-add\)"),
    "bridge.cfg": (guest("good", pci=["0000:00:01.0,seize=1"]),
                   r"via create: 0000:00:01\.0: a bridge cannot be lent"),
    "double.cfg": (guest("good", pci=["02:00.0", "0000:02:00.0"]),
                   r"via create: 0000:02:00\.0: listed twice"),
    "malformed.cfg": (guest("good", pci=["0000:02:00"]), r'malformed\.cfg:7: pci: "0000:02:00"'),
    "slot.cfg": (guest("good", pci=["02:00.0,vslot=20"]),
                 r"slot\.cfg:7: pci: .*vslot"),
    "absent.cfg": (None, r"via create: absent\.cfg: No such file or directory"),
}

COMMANDS = {
    "add-malformed": ("pci-assignable-add 2:0", 2, r'malformed BDF "2:0"'),
    "add-function": ("pci-assignable-add 0000:02:00.8", 2, r"malformed BDF"),
    "add-unknown": ("pci-assignable-add 0000:09:00.0", 1, r"0000:09:00\.0: no such PCI function"),
    "add-segment": ("pci-assignable-add 0007:02:00.0", 1, r"0007:02:00\.0: no such PCI function"),
    "add-bridge": ("pci-assignable-add 00:01.0", 1, r"0000:00:01\.0: a bridge cannot be lent"),
    "add-control": ("pci-assignable-add 0001:00:00.0", 1, r"0001:00:00\.0: no such PCI function"),
    "remove-unknown": ("pci-assignable-remove 0000:09:00.0", 1, r"no such PCI function"),
    "remove-malformed": ("pci-assignable-remove nobody", 2, r'malformed BDF "nobody"'),
    "list-unknown": ("pci-list nobody", 1, r"via pci-list: .*nobody|no such domain"),
    "attach-malformed": ("pci-attach 0 zz", 2, r'malformed PCI_SPEC_STRING "zz"'),
    "attach-control": ("pci-attach 0 02:00.0", 1, r"via pci-attach: "),
}

REFUSED = r"""
cd /etc/viaduct
via pci-assignable-add 02:00.0
via info --json >/tmp/before
for file in CONFIGS; do
	try $file via create $file
	section "after $file"; via list; via pci-assignable-list
done
COMMANDS
section before; cat /tmp/before
section after; via info --json
section functions; via pci-list -a --json
try works via create good.cfg
section good; via list
"""


@pytest.fixture(scope="module")
def refused(module_machine):
    machine = module_machine
    files = {name: text for name, (text, _) in CONFIGS.items() if text is not None}
    script = REFUSED.replace("CONFIGS", " ".join(CONFIGS)).replace(
        "COMMANDS", "\n".join(f"try {name} via {line}" for name, (line, _, _) in COMMANDS.items()))
    options = [*nvme(machine.raw_image("keep.img", 4), port=1),
               *nvme(machine.raw_image("lend.img", 4), port=2),
               *scenario.overlay(machine, {**files, "good.cfg": GOOD})]
    return scenario.run(machine, script, *options)[1]


@pytest.mark.parametrize("name", CONFIGS)
def test_config(refused, name):
    """One line says what is wrong; no domain is there and the device is where it was."""
    status, text = result(refused[name])
    first, *rest = text.splitlines()
    assert first == f"Parsing config from {name}"
    assert status == 1
    assert len(rest) == 1, text
    assert re.match(CONFIGS[name][1], rest[0]), rest
    after = refused[f"after {name}"].splitlines()
    assert len(after) == 3
    assert after[1].startswith("Domain-0 ")
    assert after[2].split() == ["0000:02:00.0"]


@pytest.mark.parametrize("name", COMMANDS)
def test_command(refused, name):
    _, want, pattern = COMMANDS[name]
    status, text = result(refused[name])
    assert status == want, text
    assert len(text.splitlines()) == 1, text
    assert re.search(pattern, text)


def test_nothing_is_half_done(refused):
    before, after = json.loads(refused["before"]), json.loads(refused["after"])
    for key in ["free_bytes", "heap_used_bytes"]:
        assert after[key] == before[key]
    states = {entry["bdf"]: entry["state"] for entry in json.loads(refused["functions"])}
    assert states.pop("0000:02:00.0") == "assignable"
    assert set(states.values()) == {"owned"}
    assert result(refused["works"])[0] == 0
    assert len(refused["good"].splitlines()) == 3


NO_IOMMU = r"""
cd /etc/viaduct
section smmu; via info | grep smmu
section disk; dd if="$(disk 0000:01:00.0)" bs=64k iflag=direct 2>/dev/null | wc -c
section add; via pci-assignable-add 02:00.0
try create via create lend.cfg
section list; via list
try plain via create plain.cfg
section plain-list; via list
section back; via pci-assignable-remove -r 02:00.0
wait_for has_disk 0000:02:00.0 && echo back
section log; via dmesg
"""


@pytest.mark.parametrize("options, message", [
    (["--no-iommu"], r"iommu: .*lending is refused"),
    (["--qemu", f"-M {BOARD.replace('virt,', 'virt-9.1,')} -global arm-smmuv3.stage=1"],
     r"smmu: 0x9050000: stage 2 translation is not implemented .*lending is refused"),
], ids=["none", "stage-1"])
def test_no_usable_iommu(machine, options, message):
    """Lending is refused; the control domain and guests without devices work."""
    _, out = scenario.run(
        machine, NO_IOMMU, *options, *nvme(machine.raw_image("keep.img", 4), port=1),
        *nvme(machine.raw_image("lend.img", 4), port=2), *scenario.overlay(machine, {
            "lend.cfg": guest("lend", pci=["02:00.0"]), "plain.cfg": guest("plain", memory=128)}))
    assert out["smmu"].split() == ["smmu", ":", "no"]
    assert out["disk"] == f"{4 << 20}\n"
    status, text = result(out["create"])
    assert status == 1
    assert text.splitlines()[1:] == [
        "via create: 0000:02:00.0: no usable IOMMU stands between it and memory, "
        "and the domain has no unprotected_dma"]
    assert len(out["list"].splitlines()) == 2
    assert result(out["plain"])[0] == 0
    assert len(out["plain-list"].splitlines()) == 3
    assert out["back"].endswith("back\n")
    assert re.search(message, out["log"])


def stub(x0):
    """An arm64 Image that enters the hypervisor, 2 MiB behind it, with this in x0."""
    offset = 2 << 20
    code = [0x14000010] + [0] * 15
    code += [0xd2800000 | (x0 & 0xffff) << 5,               # movz x0, low half
             0xf2a00000 | (x0 >> 16 & 0xffff) << 5]          # movk x0, high half
    code.append(0x14000000 | (offset - 4 * len(code)) // 4)  # b hypervisor
    image = bytearray(struct.pack(f"<{len(code)}I", *code))
    image[16:32] = struct.pack("<QQ", 8 << 20, 0xa)
    image[56:60] = b"ARM\x64"
    return bytes(image).ljust(offset, b"\0") + HYPERVISOR.read_bytes()


def boot_fails(machine, pattern, *options):
    """Start a machine that says this instead of starting its control domain."""
    log = machine.directory / "boot.log"
    child = pexpect.spawn(str(LAUNCHER), ["--log", str(log), *map(str, options)],
                          encoding="utf-8", codec_errors="replace", timeout=60 * PATIENCE)
    try:
        child.expect([pattern, "Booting Linux"])
        assert child.after != "Booting Linux"
        # Then it stops: nobody starts, nothing else is said but the report.
        with pytest.raises((pexpect.TIMEOUT, pexpect.EOF)):
            child.expect("Booting Linux", timeout=2)
            child.close()
    finally:
        child.close(force=True)
    return log.read_text(errors="replace")


@pytest.mark.parametrize("x0, message", [
    (0, "no device tree: x0 is 0x0 at entry"),
    (0x60000004, "no device tree: x0 is 0x60000004 at entry"),
    (0x60000000, "no device tree at 0x60000000, where x0 points"),
])
def test_no_device_tree(machine, x0, message):
    """On the console compiled in: no tree has told where one is."""
    image = machine.directory / "stub.bin"
    image.write_bytes(stub(x0))
    boot_fails(machine, message, "--hypervisor", image)


def test_no_kernel_module(machine):
    """The crash report tells where: with names, from the deepest function outwards."""
    log = boot_fails(machine, "no kernel module: /chosen has no node", "--no-kernel-module")
    assert "all streams abort" in log
    report = log[log.index("Viaduct panic on CPU 0"):]
    assert re.search(r"Backtrace:\s+0x\w+ boot_\w+\+0x\w+\s+(0x\w+ \w+\+0x\w+\s+)*", report)
    assert re.search(r"0x\w+ main\w*\+0x\w+", report)


def test_unknown_gic(machine):
    tree = machine.directory / "virt.dtb"
    subprocess.run([*QEMU, "-M", f"{BOARD},dumpdtb={tree}", "-cpu", "max", "-m", "1024"],
                   check=True, capture_output=True)
    data = tree.read_bytes()
    assert data.count(b"arm,gic-v3\0") == 1
    tree.write_bytes(data.replace(b"arm,gic-v3\0", b"arm,gic-v9\0"))
    boot_fails(machine, r"arm,gic-v9.{0,80}not supported", "--memory", 1024,
               "--no-kernel-module", "--qemu", f"-dtb {tree}")


@pytest.mark.parametrize("argument, message", [
    ("dom0_mem=64M", "dom0_mem is 64 MiB, at least 512 are needed"),
    ("dom0_mem=64G", "65536 MiB wanted"),
])
def test_dom0_mem(machine, argument, message):
    boot_fails(machine, message, "--hv-args", argument)
