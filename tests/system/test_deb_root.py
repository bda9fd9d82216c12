# SPDX-License-Identifier: BSD-2-Clause
"""The packages of `make deb`, installed and used in a control domain that runs Debian 12."""

import hashlib
import os
import re
import subprocess

import pytest

import scenario
from conftest import TOP, nvme
from packages import build
from scenario import guest, result

GUEST = "sha256sum </dev/nvme0n1; exec sleep 1000000"

SCRIPT = r"""
# Debian has no such program.
usleep() { sleep "$(($1 / 1000000)).$(printf %06d $(($1 % 1000000)))"; }
via_units() { systemctl list-units --all --plain --no-legend 'via@*' | awk '{ print $1, $3 }'; }
is_listed() { via list | grep -q "^$1 "; }
journal() { journalctl --sync; journalctl -o cat -u "via@$1.service"; }

section before; command -v via; ls /lib/systemd/system | grep via
try install dpkg -i /packages/*.deb
section installed; dpkg-query -W -f '${Package} ${db:Status-Status}\n' '*viaduct*'
try unchanged dpkg --verify $(dpkg-query -W -f '${Package} ' '*viaduct*')
try verify systemd-analyze verify --man=no via@disk.service
section list; via list

try start systemctl start via@disk
wait_for is_listed disk; listen disk
section guest; said disk '[0-9a-f]\{64\} '
section active; via_units; via list; via pci-list disk
section functions; functions
try stop systemctl stop via@disk
section stopped; journal disk; via_units; via list; via pci-assignable-list

try deaf systemctl start via@deaf
try again systemctl start via@disk
wait_for is_listed deaf; wait_for is_listed disk
listen disk; section rest; said disk '[0-9a-f]\{64\} '
section active-again; via_units; via list
try stop-deaf systemctl stop via@deaf
section stopped-deaf; via_units; via list; journal deaf

try missing systemctl start via@missing
systemctl start via@wrong; wait_for systemctl is-failed via@wrong
section why; journal wrong
section failed; via_units; via list

ln -s /boot/Image /vmlinuz; ln -s /boot/initramfs /initrd.img
try boot-image viaduct-boot-image -o /boot /usr/share/doc/viaduct/examples/boot.conf
section itb; mkimage -l /boot/viaduct.itb

try enable systemctl enable via@disk
section enabled; readlink /etc/systemd/system/multi-user.target.wants/via@disk.service
section rest; systemctl disable via@disk
try remove dpkg --purge viaduct viaduct-utils $(dpkg-query -W -f '${Package} ' 'libviaduct*')
section ended; journal disk
section after; systemctl is-active via@disk
ls /usr/bin/via* /usr/sbin/via* /usr/lib/viaduct /usr/lib/*/libvia* /usr/share/viaduct /lib/systemd/system/via* 2>/dev/null; ls /etc/viaduct
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    subprocess.run([TOP / "scripts/deb-root"], check=True)
    return sorted(build(tmp_path_factory.mktemp("packages")).values())


def example(packages, directory):
    """The example of libviaduct-dev, built with what is in the packages; into the overlay."""
    root = directory / "extracted"
    for package in packages:
        if package.name.startswith("lib"):
            subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    config, = root.rglob("libviaduct.pc")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libviaduct"], check=True, capture_output=True, text=True,
        env={**os.environ, "PKG_CONFIG_LIBDIR": str(config.parent),
             "PKG_CONFIG_SYSROOT_DIR": str(root), "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
             "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}).stdout.split()
    source, = root.rglob("functions.c")
    program = directory / "overlay/usr/local/bin/functions"
    program.parent.mkdir(parents=True)
    subprocess.run(["aarch64-linux-gnu-gcc", "-o", program, source, *flags,
                    f"-Wl,-rpath-link,{TOP}/build/sysroot/usr/lib/aarch64-linux-gnu"], check=True)


@pytest.fixture(scope="module")
def scene(packages, module_machine):
    machine = module_machine
    full = {"kernel": "/boot/Image-full", "ramdisk": "/boot/initramfs-full"}
    options = scenario.overlay(machine, {
        # The unit's name is the domain's, whatever the file says.
        "disk.cfg": guest("other", GUEST, pci=["0000:02:00.0,seize=1"], **full),
        # Its kernel has no driver for a power key.
        "deaf.cfg": guest("deaf"),
        "wrong.cfg": 'memory = 64\nkernal = "/boot/Image"\n'})
    for name, seconds in ("disk", 3600), ("deaf", 1):
        settings = machine.directory / f"overlay/etc/systemd/system/via@{name}.service.d/time.conf"
        settings.parent.mkdir(parents=True)
        settings.write_text(f"[Service]\nEnvironment=SHUTDOWN_SECONDS={seconds}\n")
    place = machine.directory / "overlay/packages"
    place.mkdir()
    for package in packages:
        (place / package.name).write_bytes(package.read_bytes())
    example(packages, machine.directory)
    one = machine.raw_image("one.img", 8, seed=1)
    two = machine.raw_image("two.img", 8, seed=2)
    done, out = scenario.run(machine, SCRIPT, "--root", TOP / "build/root/debian.cpio", *options,
                             "--overlay", TOP / "build/overlay/guest-full",
                             *nvme(one, port=1), *nvme(two, port=2))
    return done, out, hashlib.sha256(two.read_bytes()).hexdigest()


def domains(text):
    """{name: state} of via list."""
    rows = re.findall(r"^(\S+) +\d+ +\d+ +\d+\s+(\S+)\s+[\d.]+$", text, re.M)
    return {name: state for name, state in rows}


def test_packages_install(packages, scene):
    """What they depend on is there, and dpkg finds each file as it is in the package."""
    _, out, _ = scene
    assert out["before"] == ""
    assert result(out["install"])[0] == 0
    names = re.findall(r"^(\S+) installed$", out["installed"], re.M)
    assert set(names) == {path.name.partition("_")[0] for path in packages}
    assert result(out["unchanged"]) == (0, "")
    assert set(domains(out["list"])) == {"Domain-0"}


def test_programs_find_the_library(scene):
    assert re.fullmatch(r"Domain-0\ndisk\n  0000:02:00\.0  1b36:0010\n", scene[1]["functions"])


def test_the_unit_is_one(scene):
    _, out, _ = scene
    assert result(out["verify"]) == (0, "")
    assert result(out["enable"])[0] == 0
    assert out["enabled"] == "/lib/systemd/system/via@.service\n"


def test_a_guest_is_a_unit(scene):
    """It gets its disk from the control domain's driver, reads it, and is gone with the unit."""
    _, out, sha256 = scene
    assert result(out["start"]) == (0, "")
    assert "via@disk.service active" in out["active"]
    assert set(domains(out["active"])) == {"Domain-0", "disk"}
    assert "01.0 0000:02:00.0" in out["active"]
    assert out["guest"] == f"{sha256}  -\n"
    assert result(out["stop"]) == (0, "")
    # It did so by itself, or via shutdown had complained.
    assert "Deactivated successfully" in out["stopped"]
    assert "did not react" not in out["stopped"]
    assert set(domains(out["stopped"])) == {"Domain-0"}
    assert "0000:02:00.0" in out["stopped"]
    assert result(out["again"]) == (0, "")
    assert "via@disk.service active" in out["active-again"]


def test_a_guest_that_does_not_shut_down_is_ended(scene):
    _, out, _ = scene
    assert result(out["deaf"]) == (0, "")
    assert set(domains(out["active-again"])) == {"Domain-0", "deaf", "disk"}
    assert result(out["stop-deaf"]) == (0, "")
    assert "deaf did not react to its power key in 1 s" in out["stopped-deaf"]
    assert "via@deaf.service failed" not in out["stopped-deaf"]
    assert set(domains(out["stopped-deaf"])) == {"Domain-0", "disk"}


def test_a_unit_that_fails_says_why(scene):
    _, out, _ = scene
    status, text = result(out["missing"])
    assert status != 0 and "ssertion failed" in text
    assert re.search(r"^/etc/viaduct/wrong\.cfg:2: .*kernal", out["why"], re.M)
    assert "via@wrong.service failed" in out["failed"]
    assert set(domains(out["failed"])) == {"Domain-0", "disk"}


def test_boot_files_are_made_there(scene):
    _, out, _ = scene
    assert result(out["boot-image"]) == (0, "")
    assert re.findall(r"Image \d+ \((.*)\)", out["itb"]) == [
        "control-kernel", "control-ramdisk", "hypervisor"]


def test_packages_leave_nothing_but_configuration(scene):
    """A guest that runs when they go is shut down first."""
    _, out, _ = scene
    assert result(out["remove"])[0] == 0
    assert out["ended"].count("Deactivated successfully") == 2
    assert "did not react" not in out["ended"]
    assert out["after"].split() == ["inactive", "deaf.cfg", "disk.cfg", "wrong.cfg"]
