# SPDX-License-Identifier: BSD-2-Clause
"""DMA that is under way when its function, or its guest, goes: the function's next user and the
memory's next owner see nothing of it. Functions behind a bridge to conventional PCI go together.
"""

import hashlib
import json
import re

import pytest

import scenario
from conftest import nvme, root_port
from devices import conventional_bridge, drive
from scenario import guest, image, result

EDU = "0000:01:00.0"
# Two on one stream: who floods, and who does no harm. Its own disk, and a bystander's.
FLOOD, SIBLING = "0000:03:01.0", "0000:03:02.0"
OWN, HEALTHY = "0000:04:00.0", "0000:05:00.0"
DETACHES, DESTROYS = 3, 2

READER = """
for i in 1 2 3 4; do
sha256sum </dev/nvme0n1
sleep 1
done
"""

SCRIPT = r"""
cd /etc/viaduct
own() { dd if="$(disk 0000:04:00.0)" bs=1M iflag=direct 2>/dev/null | sha256sum; }
functions() { via pci-list -a --json; }
# begin NAME WORD: a guest that goes on when it has said WORD.
begin()
{
	rm -f "/tmp/$1"
	via create "$1.cfg" >/dev/null
	via console "$1" </dev/null >"/tmp/$1" 2>&1 &
	wait_for grep -q "$2" "/tmp/$1" || echo "$1 does not begin"
}
# all_memory NAME: its configuration for what memory there is now, so that it has the last one's.
all_memory()
{
	megabytes=$(via info | awk '$1 == "free_memory" { print $3 - 24 }')
	size=$(printf %x $((megabytes << 20)))
	sed "s/MEGABYTES/$megabytes/; s/SIZE/$size/" "$1.in" >"$1.cfg"
	echo "$megabytes MiB"
}
for function in 01:00.0 03:01.0 03:02.0 05:00.0; do via pci-assignable-add $function; done
section before; functions

for round in DETACHES; do
	section "detach $round"
	begin next watching
	begin mover moving
	via pci-detach -f mover 01:00.0 && via pci-attach next 01:00.0@1; echo "status $?"
	wait
	section "mover $round"; tr -d '\r' </tmp/mover
	section "next $round"; tr -d '\r' </tmp/next
	via destroy mover; via destroy next
done

for round in DESTROYS; do
	section "memory $round"
	all_memory large
	begin large moving
	via destroy large; echo "status $?"
	all_memory watch
	via create watch.cfg >/dev/null
	section "watch $round"; console watch 200
	via destroy watch
done
section detached; functions

via create healthy.cfg >/dev/null
section flood; via create flood.cfg >/dev/null; console flood 100
section cut; functions
section list; via pci-list -a; via list
section doctor; via pci-doctor 03:02.0
section cut-own; own
section rest; via destroy flood
all_memory watch; via create watch.cfg >/dev/null
section "watch cut"; console watch 200
via destroy watch
try retry-one via pci-assignable-add 03:01.0
try create-one via create one.cfg
try return-one via pci-assignable-remove 03:01.0
try retry-other via pci-assignable-add 03:02.0
try create-both via create flood.cfg
section again; console flood 100
via destroy flood
section healthy; console healthy 100
section log; via dmesg
"""


@pytest.fixture(scope="module")
def out(module_machine):
    machine = module_machine
    disks = [machine.raw_image(f"disk{n}.img", 4, seed=n) for n in range(3)]
    options = [
        "--memory", 1536, *root_port(1), "--device", "edu,bus=rp1,dma_mask=0xffffffffffffffff",
        *conventional_bridge("old", port=2), *drive("old1", disks[0]),
        "--device", "nvme,serial=old,drive=old1,bus=old,addr=1",
        "--device", "edu,bus=old,addr=2,dma_mask=0xffffffffffffffff",
        *nvme(disks[1], port=3), *nvme(disks[2], port=4)]
    # Both guests of a round have the page that is written to at the same address.
    large = {"memory": "MEGABYTES"}
    files = {
        "mover.cfg": image("mover", "edu_moving", pci=[EDU]),
        "next.cfg": image("next", "memory_watch", extra="edu=1"),
        "large.in": image("large", "edu_moving", pci=[EDU], extra="at=48000000", **large),
        "watch.in": image("watch", "memory_watch", extra="size=SIZE ms=1", **large),
        "flood.cfg": image("flood", "dma_flood", pci=[FLOOD, SIBLING]),
        "one.cfg": image("one", "dma_flood", pci=[FLOOD]),
        "healthy.cfg": guest("healthy", READER, pci=[HEALTHY], memory=128),
    }
    script = SCRIPT
    for word, count in (("DETACHES", DETACHES), ("DESTROYS", DESTROYS)):
        script = script.replace(word, " ".join(map(str, range(count))))
    _, sections = scenario.run(machine, script, *options, *scenario.overlay(machine, files),
                               timeout=500)
    digests = [hashlib.sha256(disk.read_bytes()).hexdigest() for disk in disks]
    return {**sections, "own digest": digests[1], "healthy digest": digests[2]}


def function(text, address):
    return next(entry for entry in json.loads(text) if entry["bdf"] == address)


def passed(text):
    assert text.endswith("\nPASS\n") and "BAD" not in text, text


@pytest.mark.parametrize("number", range(DETACHES))
def test_next_user_of_the_function(out, number):
    """It sets bus mastering as soon as it can: nothing of the last user's comes out."""
    assert out[f"detach {number}"].endswith("status 0\n"), out[f"detach {number}"]
    for name in ("mover", "next"):
        passed(out[f"{name} {number}"])


@pytest.mark.parametrize("number", range(DESTROYS))
def test_next_owner_of_the_memory(out, number):
    """All memory there was belonged to the one whose function wrote, then to the one who looks."""
    text = out[f"memory {number}"]
    assert "status 0\n" in text and "does not begin" not in text, text
    one, other = map(int, re.findall(r"^(\d+) MiB$", text, re.M))
    assert one > 400 and other > one - 16
    passed(out[f"watch {number}"])


def test_function_is_whole(out):
    """Reset each time; what was under way ended at its own bus mastering, so nothing was blocked."""
    before, after = (function(out[name], EDU) for name in ("before", "detached"))
    assert (after["state"], after["faults"]) == ("assignable", 0)
    assert after["resets"] == before["resets"] + 2 * DETACHES + DESTROYS


def test_all_on_the_stream_go(out):
    """A fault names the stream only: both count it, both are broken, and the list says so. What the
    other one had under way does not arrive: see dma_flood.c.
    """
    passed(out["flood"])
    for address in (FLOOD, SIBLING):
        cut = function(out["cut"], address)
        assert (cut["state"], cut["broken"]) == ("broken", "dma-faults")
        assert cut["faults"] >= 100 and "user" not in cut
        assert re.search(rf"^{address} .* broken .*\(dma-faults\)$", out["list"], re.M)
        assert re.search(rf"{address}: cut off from d\d+ flood: dma-faults", out["log"])
    assert f"because    {FLOOD} of its isolation group is broken: dma-faults\n" in out["doctor"]
    assert "because    it is broken: dma-faults\n" in out["doctor"]


def test_nobody_else_does(out):
    """Not their guest, nor who has other functions, on the same machine and bridge."""
    for address in (OWN, HEALTHY, EDU):
        assert function(out["cut"], address)["state"] != "broken"
    states = {line.split()[0]: line.split()[4] for line in out["list"].splitlines()
              if re.match("flood|healthy", line)}
    assert states["flood"] == "---s--", "it ended by itself, not as crashed"
    assert not set("scd") & set(states["healthy"])
    assert out["own digest"] in out["cut-own"]
    assert out["healthy"].count(out["healthy digest"]) == 4
    passed(out["watch cut"])


def test_each_has_to_be_retried(out):
    """Until then none is lent or returned, and the refusal names who is in the way."""
    assert result(out["retry-one"])[0] == 0
    for name in ("create-one", "return-one"):
        status, text = result(out[name])
        assert status == 1
        assert text.endswith(f"{FLOOD}: another member of its isolation group is used elsewhere or "
                             f"broken: {SIBLING} is broken: dma-faults\n"), text
    assert result(out["retry-other"])[0] == 0
    assert result(out["create-both"])[0] == 0
    passed(out["again"])
