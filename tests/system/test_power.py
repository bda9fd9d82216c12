# SPDX-License-Identifier: BSD-2-Clause
"""How guests end, by their power key or by themselves, and what is done then."""

import json

import pytest

import scenario
import via_json
from conftest import nvme
from devices import FULL
from scenario import guest, image, result
from test_guest import rows

# Counts its lives on its disk.
COUNTED = r"""
n=$(head -c 1 /dev/nvme0n1 | tr -cd 0-9)
printf $((n + 1)) | dd of=/dev/nvme0n1 conv=fsync 2>/dev/null
echo "life $n"; [ "$n" = 2 ] || reboot -f
"""

# Serves its watchdog for a while, then no more.
DOG = r"""
cd /sys/class/watchdog/watchdog0 && cat identity || exit 10
exec 3>/dev/watchdog
for n in 1 2 3; do echo >&3; echo served $n; sleep 1; done
echo state $(cat state) timeout $(cat timeout)
while :; do sleep 100; done
"""

SCRIPT = r"""
cd /etc/viaduct; mkdir -p /var/log
id() { via list "$1" 2>/dev/null | awk 'NR == 2 { print $2 }'; }
is_state() { [ "$(state "$1")" = "$2" ]; }
is_gone() { ! via list "$1"; }
is_newer() { [ "$(id "$1")" -gt "$2" ]; }

via pci-assignable-add 01:00.0
via info --json >/tmp/before
# Debian's kernel, and what it is told about keys goes to busybox's acpid.
via create keyed.cfg >/dev/null; listen keyed; first=$(id keyed)
via create deaf.cfg >/dev/null
section up; said keyed "Guest is up"
try deaf via shutdown -t 2 deaf
try taken via rename deaf keyed
try rename via rename deaf dumb
section renamed; via list
via destroy dumb
via create dog.cfg >/dev/null; listen dog
try reboot via reboot -w -t $((PATIENCE * 60)) keyed
section again; wait_for is_newer keyed "$first" && echo begun; grep "power key" /tmp/keyed
wait_for is_state keyed "-b----"; via pause keyed
try paused via shutdown keyed
via unpause keyed; listen keyed; said keyed "Guest is up"
try shutdown via shutdown -w -t $((PATIENCE * 60)) keyed
section destroyed; wait_for is_gone keyed && echo gone; cat /var/log/via-keyed.log
try own via shutdown 0

try counted via create counted.cfg
section counted-over; wait_for is_state counted "---s--" && via list counted
via destroy counted
section dog; wait_for grep -q watchdog: /var/log/via-dog.log; cat /tmp/dog; via dmesg | grep dog
section dog-again; cat /var/log/via-dog.log; via destroy dog; wait_for is_gone dog
section told
via monitor --json >/tmp/events 2>/tmp/watching & monitor=$!
wait_for grep -q watching /tmp/watching
# Each step waits until the one before was told.
is_told() { wait_for grep -q "\"event\": \"$1\"" /tmp/events || echo "$1 is not told"; }
via create -p hello.cfg "on_poweroff='preserve'" 'pci=["01:00.0"]'; is_told paused
via rename hello bye; is_told renamed
via unpause bye; is_told shut-down
via destroy bye; is_told assignable; is_told gone; kill $monitor; cat /tmp/events
section fails; via create fails.cfg; wait_for grep -q crash /var/log/via-fails.log
cat /var/log/via-fails.log; via list fails; via destroy fails
try preserved via create kept.cfg
section kept; wait_for is_over kept; via list kept; via destroy kept
try foreground timeout $((PATIENCE * 60)) via create -F hello.cfg
section killed; via create -p hello.cfg "on_poweroff='destroy'"
kill -9 $(pidof via); via unpause hello
wait_for is_over hello; sleep 1; via list hello; via destroy hello
try core via create kept.cfg "on_crash='coredump-destroy'"
section before; cat /tmp/before
section after; via info --json
section left; via list
"""


@pytest.fixture(scope="module")
def power(module_machine):
    machine = module_machine
    keyed = guest("keyed", kernel="/boot/Image-full", ramdisk="/boot/initramfs-full")
    files = {
        "keyed.cfg": keyed + "on_reboot = 'restart'\n",
        "dog.cfg": guest("dog", DOG, kernel="/boot/Image-full", ramdisk="/boot/initramfs-full") +
                   "watchdog = 1\non_watchdog = 'restart'\n",
        "deaf.cfg": image("deaf", "spin", extra="ms=fffff"),
        "counted.cfg": guest("counted", COUNTED, pci=["01:00.0"]) + "on_poweroff = 'preserve'\n",
        "fails.cfg": image("fails", "crash_jump") + "on_crash = 'restart'\n",
        "kept.cfg": image("kept", "crash_jump") + "on_crash = 'preserve'\n",
        "hello.cfg": image("hello", "hello")}
    disk = machine.raw_image("disk.img", 4)
    disk.write_bytes(b"0" + bytes((4 << 20) - 1))
    options = [*FULL, *nvme(disk, port=1), *scenario.overlay(machine, files)]
    return scenario.run(machine, SCRIPT, *options)[1], disk


def test_reboot_by_key(power):
    """The guest only powers off; that it was asked for a reboot makes one of it."""
    out, _ = power
    assert result(out["reboot"]) == (0, "")
    assert out["again"].startswith("begun\n") and "guest: power key" in out["again"]


def test_shutdown_by_key(power):
    out, _ = power
    assert result(out["shutdown"]) == (0, "")
    lines = out["destroyed"].splitlines()
    assert lines[0] == "gone"
    assert [line.split(" ", 2)[2] for line in lines[1:]] == [
        "keyed: reboot: begins again", "keyed: poweroff: destroyed"]


def test_who_does_not_react(power):
    out, _ = power
    assert result(out["deaf"]) == (
        1, "via shutdown: deaf did not react to its power key in 2 s: it runs nothing that "
           "looks at it\n")
    status, text = result(out["paused"])
    assert status == 1 and "keyed does not run" in text
    assert result(out["own"])[0] == 1


def test_rename(power):
    out, _ = power
    status, text = result(out["taken"])
    assert status == 1 and "a domain of that name exists" in text
    assert result(out["rename"]) == (0, "")
    assert set(rows(out["renamed"])) == {"Domain-0", "keyed", "dumb"}


def test_reboot_from_inside(power):
    """Three lives with a disk that keeps count; the last one powers off and stays listed."""
    out, disk = power
    assert result(out["counted"])[0] == 0
    assert list(rows(out["counted-over"])) == ["counted"]
    assert disk.read_bytes()[:1] == b"3"


def test_monitor(power):
    """A domain's whole life, and what its disk goes through."""
    lines = [via_json.read("monitor", line) for line in power[0]["told"].splitlines()
             if line.startswith("{")]
    domain = [line for line in lines if "function" not in line]
    assert len({line["domain"] for line in domain}) == 1
    # It does not run for long.
    assert [(line["event"], line["name"]) for line in domain if line["event"] != "unpaused"] == [
        ("created", "hello"), ("started", "hello"), ("paused", "hello"), ("renamed", "bye"),
        ("shut-down", "bye"), ("gone", "bye")]
    assert [line["reason"] for line in domain if line["event"] == "shut-down"] == ["poweroff"]
    disk = [line for line in lines if "function" in line]
    assert {line["function"] for line in disk} == {"0000:01:00.0"}
    assert [line["event"] for line in disk] == ["lent", "taken-back", "assignable"]
    assert disk[0]["name"] == "hello" and disk[1]["name"] == "bye"


def test_crash(power):
    out, _ = power
    assert " fails: crash: within 2 s of its beginning, so it does not begin again" in out["fails"]
    assert "---sc-" in out["fails"]
    assert rows(out["kept"])["kept"][3] == "---sc-"
    # Without who waits for it, it stays.
    assert rows(out["killed"].split("\n", 1)[1])["hello"][3] == "---s--"
    status, text = result(out["core"])
    assert status == 2 and "\"coredump-destroy\" is not served" in text


def test_watchdog(power):
    """Debian's driver; served it lives, not served it ends and begins again."""
    text = power[0]["dog"].replace("\r", "")
    assert "SBSA Generic Watchdog" in text and "served 3" in text
    assert "state active timeout 10" in text
    assert "dog did not serve its watchdog" in text
    assert " dog: watchdog: begins again\n" in power[0]["dog-again"]


def test_in_the_foreground(power):
    """Until the guest, which powers off, is destroyed."""
    status, text = result(power[0]["foreground"])
    assert status == 0 and text.endswith(" hello: poweroff: destroyed\n")


def test_nothing_is_left(power):
    out, _ = power
    assert list(rows(out["left"])) == ["Domain-0"]
    before, after = json.loads(out["before"]), json.loads(out["after"])
    for what in ["free_bytes", "heap_used_bytes"]:
        assert after[what] == before[what], what
