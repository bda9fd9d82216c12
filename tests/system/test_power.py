# SPDX-License-Identifier: BSD-2-Clause
"""How guests end: by their power key, if they look at it, and by themselves."""

import pytest

import scenario
from devices import FULL
from scenario import image, result
from test_guest import rows

SCRIPT = r"""
cd /etc/viaduct
# Debian's kernel, and what it is told about keys goes to busybox's acpid.
via create keyed.cfg >/dev/null; listen keyed
via create deaf.cfg >/dev/null
section up; said keyed "Guest is up"
try deaf via shutdown -t 2 deaf
try taken via rename deaf keyed
try rename via rename deaf dumb
section renamed; via list
try reboot via reboot -w -t $((PATIENCE * 60)) keyed
section rebooted; via list keyed; grep "power key" /tmp/keyed
via destroy keyed
try paused-create via create -p keyed.cfg
try paused via shutdown keyed
via unpause keyed; listen keyed; said keyed "Guest is up"
try shutdown via shutdown -w -t $((PATIENCE * 60)) keyed
section off; via list keyed
via destroy keyed; via destroy dumb
try own via shutdown 0
section left; via list
"""


@pytest.fixture(scope="module")
def power(module_machine):
    keyed = scenario.guest("keyed", kernel="/boot/Image-full", ramdisk="/boot/initramfs-full")
    options = [*FULL, *scenario.overlay(module_machine, {
        "keyed.cfg": keyed, "deaf.cfg": image("deaf", "spin", extra="ms=fffff")})]
    return scenario.run(module_machine, SCRIPT, *options)[1]


def test_reboot_by_key(power):
    """The guest only powers off; that it was asked for a reboot makes one of it."""
    assert result(power["reboot"]) == (0, "")
    assert rows(power["rebooted"].split("guest:")[0])["keyed"][3] == "---sr-"
    assert "guest: power key" in power["rebooted"]


def test_shutdown_by_key(power):
    assert result(power["shutdown"]) == (0, "")
    assert rows(power["off"])["keyed"][3] == "---s--"


def test_who_does_not_react(power):
    status, text = result(power["deaf"])
    assert (status, text) == (1, "via shutdown: deaf did not react to its power key in 2 s: it "
                                 "runs nothing that looks at it\n")
    status, text = result(power["paused"])
    assert status == 1 and "keyed does not run" in text
    assert result(power["own"])[0] == 1


def test_rename(power):
    status, text = result(power["taken"])
    assert status == 1 and "a domain of that name exists" in text
    assert result(power["rename"]) == (0, "")
    assert set(rows(power["renamed"])) == {"Domain-0", "keyed", "dumb"}
    assert list(rows(power["left"])) == ["Domain-0"]
