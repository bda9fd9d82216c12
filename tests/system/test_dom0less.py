# SPDX-License-Identifier: BSD-2-Clause
"""Domains that start with the machine, without a control domain and beside one (docs/boot.md)."""

import base64
import hashlib
import re

import pexpect
import pytest

import scenario
from conftest import LAUNCHER, nvme, root_port
from test_firmware import boot_file


def domain(name, script=None, **keys):
    """A section for scripts/boot-image: a guest with a shell, or one that runs a script."""
    extra = "console=ttyAMA0 quiet"
    if script is not None:
        extra += " viaduct.run=" + base64.b64encode(script.encode()).decode()
    keys = {"kernel": "Image", "ramdisk": "initramfs", "memory": 256, "extra": extra, **keys}
    return f"[domain {name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def domains(machine, *sections):
    """Launcher options for a machine with these domains."""
    for name in "Image", "initramfs":
        (machine.directory / name).write_bytes(boot_file(name))
    path = machine.directory / "domains.conf"
    path.write_text("\n".join(sections))
    return ["--u-boot", "--domains", path]


def disks(machine):
    """Two disks behind root ports 1 and 2, and the sums of what they hold."""
    images = [machine.raw_image(f"disk{n}.img", 8, seed=n) for n in (1, 2)]
    return ([*nvme(images[0], port=1), *nvme(images[1], port=2)],
            [hashlib.sha256(image.read_bytes()).hexdigest() for image in images])


@pytest.fixture(scope="module")
def alone(module_machine):
    """Two guests with a shell, and three that cannot be: no control domain at all."""
    machine = module_machine
    options, sums = disks(machine)
    child = pexpect.spawn(str(LAUNCHER), list(map(str, [
        *domains(machine,
                 domain("one", pci="01:00.0,vslot=5"),
                 domain("two", memory=512, vcpus=2, pci="0000:02:00.0"),
                 domain("nothere", pci="07:00.0"),
                 domain("taken", pci="02:00.0"),
                 domain("small", memory=32)),
        "--no-kernel-module", "--timeout", "400", *options])),
        encoding="utf-8", codec_errors="replace", timeout=200, echo=False, dimensions=(40, 200))
    out = {}
    try:
        child.expect(r"\(d1\) guest# ")
        boot = child.before
        child.send("busybox sha256sum </dev/nvme0n1; echo cpus $(nproc); ls /sys/bus/pci/devices\n")
        child.expect(r"cpus [\s\S]*guest# ")
        out["one"] = child.before + child.after
        child.send("\x0f\x0f\x0f")
        child.expect("input goes to d2 two")
        boot += child.before
        child.send("\n")
        child.expect(r"\(d2\) guest# ")
        child.send("busybox sha256sum </dev/nvme0n1; echo cpus $(nproc); "
                   "grep MemTotal /proc/meminfo\n")
        child.expect(r"MemTotal[\s\S]*guest# ")
        out["two"] = child.before + child.after
        child.send("poweroff -f\n")
        child.expect("d2 two powered off")
        child.send("\x0f\x0f\x0f\x0f\x0f\x0f")
        child.expect("input goes to d1 one")
        child.send("poweroff -f\n")
        child.expect(pexpect.EOF)
        out["end"] = child.before
        child.wait()
        out["status"] = child.exitstatus
    finally:
        child.close(force=True)
    out["boot"] = boot.replace("\r", "")
    return out, sums


def test_guests_run_alone(alone):
    """Each with its own disk and its own CPUs and memory."""
    out, sums = alone
    assert sums[0] in out["one"] and "cpus 1" in out["one"] and "0000:00:05.0" in out["one"]
    assert sums[1] in out["two"] and "cpus 2" in out["two"]
    assert 400_000 < int(re.search(r"MemTotal: +(\d+) kB", out["two"])[1]) < 512 * 1024


def test_bad_domains_are_named(alone):
    """One line each, with node and property; the others start."""
    out, _ = alone
    bad = [line.partition("] ")[2] for line in out["boot"].splitlines() if "is not started" in line]
    assert [re.sub(r"need \d+", "need N", line) for line in bad] == [
        "boot: /chosen/nothere: pci-devices: 0000:07:00.0: is not there: domain nothere is not "
        "started",
        "boot: /chosen/taken: pci-devices: 0000:02:00.0: in use or being reset: domain taken is "
        "not started",
        "boot: /chosen/small: memory: kernel and ramdisk need N MiB, it is 32: domain small is "
        "not started"]


def test_machine_ends_with_the_last(alone):
    out, _ = alone
    assert "no domain is left to run: the machine is switched off" in out["end"]
    assert out["status"] == 0


BESIDE = r"""
section list; via list
section pci; via pci-list -a
section mine; lspci -D -n | grep ' 0108:'; ls /sys/class/nvme
try taken via pci-assignable-add 02:00.0
wait_for is_over work
section work; console work 30
try info via list idle
via pause idle
section paused; state idle
via unpause idle
section running; state idle
section console
until console idle 10 | grep -x up; do
	usleep 100000
done
try destroy via destroy idle
section after; via list
via destroy work
# Again, of the same name, from a file of the tool's.
try made-again via create /etc/viaduct/work.cfg
section made-again-work; wait_for is_over work; console work 30; via pci-list work; via list work
via destroy work
# Destroying has put it into quarantine. The kernel here met it without BARs.
wait_for via pci-assignable-remove 02:00.0
echo 1 >/sys/bus/pci/devices/0000:02:00.0/remove
echo 1 >/sys/bus/pci/rescan
wait_for has_disk 0000:02:00.0
section disk; sha256sum <"$(disk 0000:02:00.0)"
listen again
section first; said again sum
type_to again go
wait_for has_id again 5
listen again
section second; said again sum; via pci-list again
"""


@pytest.fixture(scope="module")
def beside(module_machine):
    machine = module_machine
    options, sums = disks(machine)
    third = machine.raw_image("disk3.img", 8, seed=3)
    sums.append(hashlib.sha256(third.read_bytes()).hexdigest())
    done, out = scenario.run(
        machine, BESIDE, *domains(
            machine, domain("work", "sha256sum </dev/nvme0n1", pci="02:00.0"),
            domain("idle", "echo up; sleep 1000", vcpus=2, memory=128),
            domain("again", "echo sum $(sha256sum </dev/nvme0n1); read -r word; reboot -f",
                   pci="03:00.0", memory=128)), *options, *nvme(third, port=3),
        *scenario.overlay(machine, {
            "work.cfg": scenario.guest(
                "work", "echo again; sha256sum </dev/nvme0n1", pci=["02:00.0"])}))
    return done, out, sums


def test_beside_a_control_domain(beside):
    """It has them in its list by name, and never sees the disk they have."""
    _, out, sums = beside
    rows = {line.split()[0]: line.split()[1:4] for line in out["list"].splitlines()[1:]}
    assert rows["work"] == ["1", "256", "1"] and rows["idle"] == ["2", "128", "2"]
    assert rows["Domain-0"][0] == "0"
    assert "0000:02:00.0 0108:" in out["mine"] and "nvme1" not in out["mine"]
    assert scenario.result(out["taken"])[0] != 0
    assert f"{sums[1]}  -" in out["work"]


def test_tool_manages_them(beside):
    _, out, sums = beside
    assert "p" in out["paused"] and "p" not in out["running"]
    assert "up" in out["console"].splitlines()
    assert scenario.result(out["destroy"]) == (0, "")
    assert "idle" not in out["after"] and "work" in out["after"]
    assert out["disk"] == f"{sums[1]}  -\n"


def test_tool_makes_it_again(beside):
    """A domain that was destroyed, with its disk."""
    _, out, sums = beside
    assert scenario.result(out["made-again"])[0] == 0
    text = out["made-again-work"]
    assert re.search(rf"^again$\n^{sums[1]}  -$", text, re.M)
    assert "0000:02:00.0" in text and re.search(r"^work +\d+ +256 +1 ", text, re.M)


def test_reboot(beside):
    """One that asks for it begins again, with its disk."""
    _, out, sums = beside
    for section in "first", "second":
        assert out[section].startswith(f"sum {sums[2]} -")
    assert "0000:03:00.0" in out["second"]


def test_nothing_can_run(machine):
    """Then the machine says so, and stops."""
    run = machine.launch(
        *domains(machine, domain("one", memory=32)), "--no-kernel-module", "--timeout", "120",
        *root_port(1))
    assert "/chosen/one: memory: kernel and ramdisk need" in run.log
    assert "no control domain, and no domain of the device tree can be started" in run.log
