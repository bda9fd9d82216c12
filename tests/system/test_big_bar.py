# SPDX-License-Identifier: BSD-2-Clause
"""A BAR of 64 GiB, in blocks and where only 4 KiB pages fit, and taken away in the middle."""

import json
import re

import pytest

import scenario
from conftest import root_port
from scenario import image, result

IVSHMEM, TESTDEV = "0000:01:00.0", "0000:02:00.0"
DEVICE = [*root_port(1), "--qemu", "-object memory-backend-ram,id=big,size=64G,reserve=off",
          "--device", "ivshmem-plain,memdev=big,bus=rp1"]

PLAY = r"""
cd /etc/viaduct
functions() { via pci-list -a --json; }
play()
{
	section "$1"
	via create "$1.cfg" >/dev/null
	console "$1" 200
	via list "$1" | tail -n 1
	via destroy "$1"
}
via pci-assignable-add 01:00.0 >/dev/null
"""


def passed(text):
    assert "\nPASS\n" in text, text
    assert "---s--" in text, text
    assert "BAD" not in text, text


TOUCHES = 50000


@pytest.fixture(scope="module")
def blocks(module_machine):
    machine = module_machine
    _, out = scenario.run(machine, PLAY + r"""
via pci-assignable-add 02:00.0 >/dev/null
section before; via info --json
play blocks
section after; via info --json
via create touch.cfg >/dev/null
via console touch </dev/null >/tmp/touch 2>&1 &
wait_for grep -q touched /tmp/touch
section exits; via stats --json touch
section rest
try detach via pci-detach -f touch 02:00.0
wait
section touch; tr -d '\r' </tmp/touch; via list touch | tail -n 1
section functions; functions
""", *DEVICE, *root_port(2), "--device", "pci-testdev,bus=rp2,membar=64G",
        *scenario.overlay(machine, {
        "blocks.cfg": image("blocks", "bar_big", pci=[IVSHMEM], extra="rounds=20"),
        "touch.cfg": image("touch", "testdev", pci=[TESTDEV],
                           extra=f"size={64 << 30:x} touch={TOUCHES:x}")}))
    return out


def test_blocks(blocks):
    """1 GiB blocks: a handful of entries, within the trap."""
    passed(blocks["blocks"])
    assert "BAR 2 has 0x1000000000 bytes" in blocks["blocks"]
    before, after = json.loads(blocks["before"]), json.loads(blocks["after"])
    assert before["heap_bytes"] == after["heap_bytes"], "blocks need no memory to speak of"


def test_first_and_last_page_are_mapped(blocks):
    """Nothing answers in pci-testdev's, nor where no BAR is; but there each read is an exit."""
    passed(blocks["touch"])
    assert json.loads(blocks["exits"])["exits_total"] < TOUCHES


def test_taken_away_from_who_reads_it(blocks):
    assert result(blocks["detach"])[0] == 0
    entry = next(entry for entry in json.loads(blocks["functions"]) if entry["bdf"] == TESTDEV)
    assert (entry["state"], entry["faults"]) == ("assignable", 0)


PAGES = PLAY + r"""
play refused
section refused-log; via dmesg
play pages
section after-pages; via info --json

# Begun, and taken away in the middle of a mapping: there is hardly anything else.
begin()
{
	rm -f /tmp/loop
	via create loop.cfg >/dev/null
	via console loop </dev/null >/tmp/loop 2>&1 &
	wait_for grep -q 'round 0x1' /tmp/loop || echo "does not begin"
	usleep "$1"
}
for pause in 0 100000 250000; do
	section "detach $pause"
	begin $pause
	via pci-detach -f loop 01:00.0; echo "status $?"
	functions
	via list loop | tail -n 1
	via destroy loop; echo "status $?"
	section "destroy $pause"
	begin $pause
	via destroy loop; echo "status $?"
	functions
	section "info $pause"; via info --json
done
play again
section end; via list; via dmesg
"""


@pytest.fixture(scope="module")
def pages(module_machine):
    machine = module_machine
    _, out = scenario.run(machine, PAGES, *DEVICE, "--hv-args", "small-pages",
                          *scenario.overlay(machine, {
        "refused.cfg": image("refused", "bar_big", pci=[IVSHMEM], extra="refused=1"),
        "pages.cfg": "shadow_memory = 130\n" + image(
            "pages", "bar_big", pci=[IVSHMEM], extra="rounds=2"),
        "loop.cfg": "shadow_memory = 130\n" + image("loop", "bar_big", pci=[IVSHMEM]),
        "again.cfg": "shadow_memory = 130\n" + image(
            "again", "bar_big", pci=[IVSHMEM], extra="rounds=1")}), timeout=600)
    return out


def test_pages_beyond_the_quota(pages):
    """Refused as a whole, with the reason in the log; the rest of the function works."""
    passed(pages["refused"])
    assert re.search(r"d1 refused: 0000:00:01.0: BAR 2 at 0x\w+ not mapped: no memory for tables",
                     pages["refused-log"])


def test_pages_within_the_quota(pages):
    passed(pages["pages"])


@pytest.mark.parametrize("pause", [0, 100000, 250000])
def test_taken_away_in_the_middle(pages, pause):
    text = pages[f"detach {pause}"]
    assert text.count("status 0") == 2 and "does not begin" not in text, text
    assert '"state": "lent"' not in text
    text = pages[f"destroy {pause}"]
    assert text.count("status 0") == 1 and "does not begin" not in text, text
    assert '"state": "lent"' not in text


def test_nothing_is_left(pages):
    first = json.loads(pages["after-pages"])
    for pause in [0, 100000, 250000]:
        now = json.loads(pages[f"info {pause}"])
        assert now["free_bytes"] == first["free_bytes"], pause
        # The control domain could not map the BAR either, and gives those tables back in time.
        assert now["heap_used_bytes"] <= first["heap_used_bytes"], pause


def test_usable_afterwards(pages):
    passed(pages["again"])
    assert len(pages["end"].split("[")[0].splitlines()) == 2
