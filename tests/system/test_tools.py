# SPDX-License-Identifier: BSD-2-Clause
"""`via` as one of many, and as one that dies: all state is the hypervisor's."""

import json
import re
import xml.etree.ElementTree

import pytest

import scenario
from conftest import nvme
from scenario import guest, image, result

SCRIPT = r"""
cd /etc/viaduct
is_listed() { via list | grep -q "^$1 "; }
via pci-assignable-add 01:00.0
via info --json >/tmp/before

section readers
for n in 1 2 3 4 5 6; do
	(i=0; while [ $i -lt 15 ]; do
		via list >/tmp/r$n.$i && via pci-list -a --json >/tmp/p$n.$i &&
			via info >/dev/null && via dmesg >/tmp/d$n.$i || echo "failed $n $i"
		grep -q '^Domain-0 ' /tmp/r$n.$i || echo "no Domain-0 in $n $i"
		cmp -s /tmp/p1.0 /tmp/p$n.$i || [ ! -s /tmp/p1.0 ] || echo "differs $n $i"
		i=$((i + 1))
	done) &
	[ $n != 1 ] || while [ ! -s /tmp/p1.0 ]; do usleep 1000; done
done
for n in 1 2 3; do
	(i=0; while [ $i -lt 4 ]; do
		via create life$n.cfg >/dev/null && wait_for is_over life$n && via destroy life$n ||
			echo "life $n $i"
		i=$((i + 1))
	done) &
done
wait; echo done

section metrics
via create -p big.cfg >/dev/null; via metrics
section tree; via pci-tree; LC_ALL=C.UTF-8 via pci-tree
section svg; via pci-tree --svg
via destroy big

section race
for n in 1 2 3 4; do via create same.cfg >/tmp/race$n 2>&1 && echo made || echo refused; done
cat /tmp/race* | grep -v Parsing; via destroy same
for n in 1 2 3 4; do (via create same.cfg >/tmp/race$n 2>&1 && echo made || echo refused) & done
wait
section race-list; via list; cat /tmp/race* | grep -v Parsing
via destroy same

for delay in 0 30 60 120 250 500 900; do
	section "killed $delay"
	via create big.cfg >/dev/null 2>&1 &
	usleep ${delay}000; kill -9 $! 2>/dev/null; wait $! 2>/dev/null
	via list | grep -c '^big '
	! via list | grep -q '^big ' || via destroy big || echo "not destroyed"
	via list | grep -c '^big '
	via pci-list -a --json
done

section "killed seen"
via create big.cfg >/dev/null 2>&1 &
wait_for is_listed big; kill -9 $! 2>/dev/null; wait $! 2>/dev/null
via list | grep -c '^big '; via destroy big

for delay in 30 120 400; do
	section "interrupted $delay"
	sh -c 'exec via create big.cfg' >/tmp/out 2>&1 &
	usleep ${delay}000; kill -TERM $! 2>/dev/null; wait $! 2>/dev/null; echo "status $?"
	via list | grep -c '^big '
	! via list | grep -q '^big ' || via destroy big
done
section before; cat /tmp/before
section after; via info --json
section last; via list
try works via create big.cfg
via destroy big
"""


@pytest.fixture(scope="module")
def tools(module_machine):
    machine = module_machine
    hello = {f"life{n}.cfg": image(f"life{n}", "hello") for n in (1, 2, 3)}
    options = [*nvme(machine.raw_image("disk.img", 4), port=1), *scenario.overlay(machine, {
        **hello, "same.cfg": image("same", "spin", extra="ms=fffff"),
        "big.cfg": guest("big", "sleep 1000", memory=256, pci=["01:00.0"])})]
    return scenario.run(machine, SCRIPT, *options)[1]


def test_many_at_once(tools):
    """Six readers and three who make and end domains; every answer is right."""
    assert tools["readers"] == "done\n"


def test_metrics(tools):
    """Each sample of a metric that was introduced; a domain that has not run yet, and its disk."""
    samples, kinds = {}, {}
    for line in tools["metrics"].splitlines():
        if line.startswith("# TYPE "):
            kinds.update([line[7:].split()])
        elif not line.startswith("# HELP "):
            key, value = line.rsplit(" ", 1)
            assert key not in samples and key.split("{")[0] in kinds, line
            samples[key] = float(value)
    assert set(kinds.values()) == {"counter", "gauge"}
    assert samples['viaduct_domain_state{domain="big",state="paused"}'] == 1
    assert samples['viaduct_domain_cpu_seconds_total{domain="big"}'] == 0
    assert samples['viaduct_domain_cpu_seconds_total{domain="Domain-0"}'] > 0
    assert samples['viaduct_domain_exits_total{domain="Domain-0",reason="mmio_pci"}'] > 0
    assert samples['viaduct_function_state{function="0000:01:00.0",state="lent"}'] == 1
    assert samples['viaduct_function_resets_total{function="0000:01:00.0"}'] > 0
    info = next(key for key in samples if key.startswith(
        'viaduct_function_info{function="0000:01:00.0"'))
    assert 'domain="big"' in info


def test_tree(tools):
    """The disk is behind its port, and the guest's; a browser's parser reads the drawing."""
    disk = r"0000:01:00\.0 [0-9a-f]{4}:[0-9a-f]{4} class 010802, lent to big as 01\.0"
    port = r"0000:\S+ \S+ class 060400, bridge to bus(?:es)? 01\S*, owned by Domain-0"
    assert re.search(rf"^[|`]-- {port}\n[| ]   `-- {disk}$", tools["tree"], re.M)
    assert re.search(rf"^[├└]── {port}\n[│ ]   └── {disk}$", tools["tree"], re.M)
    svg = "{http://www.w3.org/2000/svg}"
    groups = xml.etree.ElementTree.fromstring(tools["svg"].encode()).findall(svg + "g")
    lent = [g.find(svg + "text").text for g in groups if g.get("class") == "lent"]
    assert len(lent) == 1 and re.fullmatch(disk, lent[0])


def test_one_name_one_domain(tools):
    """Whether one after the other or at once, one of four wins."""
    first = tools["race"].splitlines()
    assert first[:4] == ["made", "refused", "refused", "refused"]
    assert sorted(line for line in first if line in ("made", "refused")) == sorted(
        2 * ["made", "refused", "refused", "refused"])
    listed = tools["race-list"].splitlines()
    assert sum(line.startswith("same ") for line in listed) == 1
    # The others say that it exists, or, while the one that wins is at it, that it is half made.
    assert sum(bool(re.search("same.*(exists|half made)|a domain of that name exists", line))
               for line in listed) == 3


@pytest.mark.parametrize("delay", [0, 30, 60, 120, 250, 500, 900])
def test_killed_in_mid_create(tools, delay):
    """What it left can be seen and destroyed; its device is back."""
    lines = tools[f"killed {delay}"].splitlines()
    assert lines[0] in ("0", "1")
    assert lines[-2] == "0", lines
    assert "not destroyed" not in lines
    disk = next(entry for entry in json.loads(lines[-1]) if entry["bdf"] == "0000:01:00.0")
    assert disk["state"] == "assignable"


def test_a_kill_hit_a_half_made_domain(tools):
    """Killed as soon as it is listed; what is made after that may have been made."""
    assert tools["killed seen"] == "1\n"


@pytest.mark.parametrize("delay", [30, 120, 400])
def test_interrupted_create_undoes_itself(tools, delay):
    """Unless it was through already, or had not begun: then the shell says so, in a line before."""
    status, count = tools[f"interrupted {delay}"].splitlines()[-2:]
    assert (status, count) in [("status 1", "0"), ("status 143", "0"), ("status 0", "1")]


def test_nothing_is_left(tools):
    before, after = json.loads(tools["before"]), json.loads(tools["after"])
    assert after["free_bytes"] == before["free_bytes"]
    assert after["heap_used_bytes"] == before["heap_used_bytes"]
    assert len(tools["last"].splitlines()) == 2
    assert result(tools["works"])[0] == 0
