# SPDX-License-Identifier: BSD-2-Clause
"""The launcher's own promises, on bare metal: no hypervisor takes part."""

import os
import re
import signal
import subprocess
import time

import pexpect
import pytest

from conftest import LAUNCHER, e1000e, nvme, root_port


def test_script_output_and_status(machine):
    run = machine.run("echo out; echo err >&2; exit 7", "--bare")
    assert run.status == 7
    assert run.output == "out\nerr\n"
    assert "Linux version" in run.log


def test_script_output_is_byte_clean(machine):
    """Line ends, NULs and bytes a terminal would act on come through, with the console busy."""
    script = r"""
        printf 'a\r\nb\0c\0d\003\004\021\023\177\n' && printf '\0viaduct-exit not the end\n'
        echo noise >/dev/console; printf end"""
    path = machine.directory / "s.sh"
    path.write_text("#!/bin/sh\n" + script)
    done = subprocess.run(
        [LAUNCHER, "--bare", "--script", path, "--timeout", "600"], stdin=subprocess.DEVNULL,
        capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout == (
        b"a\r\nb\0c\0d\003\004\021\023\177\n\0viaduct-exit not the end\nend")


def test_long_output_is_complete(machine):
    run = machine.run("seq 1 40000", "--bare")
    assert run.status == 0
    assert run.output == "".join(f"{i}\n" for i in range(1, 40001))


def test_script_that_leaves_a_process(machine):
    run = machine.run("sleep 1000 & test -t 1 || echo no terminal", "--bare")
    assert (run.status, run.output) == (0, "no terminal\n")


def test_timeout(machine):
    """Enough time to begin, as another machine has just shown, and none to end."""
    start = time.monotonic()
    assert machine.run("true", "--bare").status == 0
    seconds = 10 + round(4 * (time.monotonic() - start))
    script = machine.directory / "s.sh"
    script.write_text("echo begun; sleep 100000\n")
    run = machine.launch("--script", script, "--timeout", seconds, "--bare")
    assert run.status == 124
    assert run.output == "begun\n"
    assert f"timed out after {seconds} s" in run.errors


def test_machine_that_dies(machine):
    """A machine that ends before its script: status 125, one clear line, the end of the log."""
    run = machine.run("echo begun; echo c >/proc/sysrq-trigger; sleep 100", "--bare")
    assert run.status == 125
    assert run.output == "begun\n"
    assert run.errors.startswith("viaduct-qemu: the machine ended before the script did\n")
    assert "Kernel panic" in run.errors


def test_qemu_that_does_not_start(machine):
    run = machine.run("true", "--bare", "--device", "no-such-device")
    assert run.status == 125
    assert "no-such-device" in run.errors


@pytest.mark.parametrize("options, word", [
    (["--machine", "imx8mp-evk", "--gic", "3"], "--gic"),
    (["--machine", "imx8mp-evk", "--no-iommu"], "--no-iommu"),
    (["--machine", "imx8mp-evk", "--split-root"], "--split-root"),
    (["--machine", "imx8mp-evk", "--cpus", "5"], "--cpus 5"),
    (["--bare", "--kernel", "/nonexistent/Image"], "/nonexistent/Image"),
    (["--bare", "--overlay", "/nonexistent"], "/nonexistent"),
    (["--bare", "--script", "/nonexistent.sh"], "/nonexistent.sh"),
    (["--hypervisor", "/nonexistent.bin"], "/nonexistent.bin"),
    (["--bare", "--u-boot"], "--u-boot"),
])
def test_wrong_options(machine, options, word):
    run = machine.launch(*options)
    assert run.status == 2
    assert word in run.errors
    assert len(run.errors.splitlines()) == 1


def test_overlay(machine):
    overlay = machine.directory / "overlay"
    (overlay / "etc/deep").mkdir(parents=True)
    (overlay / "etc/deep/file").write_text("laid over\n")
    (overlay / "etc/deep/tool").write_text("#!/bin/sh\necho ran\n")
    (overlay / "etc/deep/tool").chmod(0o755)
    (overlay / "etc/deep/link").symlink_to("file")
    run = machine.run("cd /etc/deep; cat link; ./tool; readlink link; ls /etc/passwd",
                      "--bare", "--overlay", overlay)
    assert run.output == "laid over\nran\nfile\n/etc/passwd\n"


def test_no_device_but_the_root_complex(machine):
    run = machine.run("lspci -D -n; nproc; grep MemTotal /proc/meminfo; cat /proc/cmdline",
                      "--bare", "--cpus", 3, "--memory", 1024, "--dom0-args", "one=1 two=a,b")
    pci, cpus, memory, cmdline = run.output.splitlines()
    assert pci.startswith("0000:00:00.0 0600: 1b36:0008")
    assert cpus == "3"
    assert 900 << 10 < int(memory.split()[1]) < 1024 << 10
    assert cmdline.endswith("one=1 two=a,b")


def test_drives_and_devices(machine):
    content = bytes(range(256)) * 4096
    disk = machine.ext4_image("disk.img", 16, {"file": content})
    run = machine.run(
        "lspci -D -n; mount /dev/nvme0n1 /mnt && cd /mnt && sha256sum -c SHA256SUMS"
        " && echo written >new && cd / && umount /mnt",
        "--bare", *nvme(disk, port=1), *e1000e(port=2), *root_port(3))
    assert run.status == 0, run.errors
    assert "0000:01:00.0 0108: 1b36:0010" in run.output
    assert "0000:02:00.0 0200: 8086:10d3" in run.output
    assert "0000:00:03.0 0604: 1b36:000c" in run.output
    assert "file: OK" in run.output
    assert machine.read_ext4(disk, "new") == b"written\n"


@pytest.mark.parametrize("options, present", [([], True), (["--no-iommu"], False)])
def test_iommu(machine, options, present):
    run = machine.run("ls /proc/device-tree", "--bare", *options)
    assert run.status == 0
    assert bool(re.search(r"^smmuv3@", run.output, re.M)) == present


def test_icount_repeats(machine):
    """With --icount virtual time is the number of instructions, so a busy loop takes the same."""
    script = "dmesg | sed -n 's/^\\[ *\\([0-9.]*\\)\\] Run .init.*/\\1/p'"
    first, second = (
        float(machine.run(script, "--bare", "--icount", "--cpus", 1).output) for _ in range(2))
    assert 0.1 < first < 10
    assert first == pytest.approx(second, rel=0.01)


def test_console_session(machine):
    session = machine.interactive("--bare")
    assert session.command("echo $((6 * 7))") == (0, "42\n")
    assert session.command("false") == (1, "")
    session.send("poweroff -f\n")
    session.expect(pexpect.EOF)
    session.child.close()
    assert session.child.exitstatus == 0


def test_quit_key(machine):
    session = machine.interactive("--bare")
    session.send("\x1c\x1c")
    session.expect(pexpect.EOF)
    session.child.close()
    assert session.child.exitstatus == 130


def test_interrupt_leaves_nothing(machine):
    log = machine.directory / "console.log"
    with subprocess.Popen([LAUNCHER, "--bare", "--log", log], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as launcher:
        deadline = time.monotonic() + 600
        while not (log.exists() and log.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.1)
        children = _children(launcher.pid)
        directories = _directories(children[0])
        launcher.send_signal(signal.SIGINT)
        assert launcher.wait(200) == 130
    assert len(children) == 1
    assert not os.path.exists(f"/proc/{children[0]}")
    assert directories and not any(os.path.exists(path) for path in directories)


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return children.read().split()


def _directories(pid):
    """Temporary directories a QEMU was given on its command line."""
    with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
        return set(re.findall(r"(/[^\0=,]*/viaduct-[^\0=,/]*)/", cmdline.read().decode()))
