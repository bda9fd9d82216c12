# SPDX-License-Identifier: BSD-2-Clause
"""via trace: what CPUs record of their exits while guests go on, and what is left of it afterwards."""

import json

import pytest

import scenario
from scenario import image, result

FILES = {"work.cfg": image("work", "spin", vcpus=2, extra="cpus=2 ms=3600000")}

SCRIPT = r"""
cd /etc/viaduct
heap() { via info --json | sed 's/.*"heap_used_bytes": //; s/[,}].*//'; }
ended() { via trace -s 0.01 -o /tmp/again; }
is_back() { [ "$(heap)" -lt "$(($1 + 262144))" ]; }
via create work.cfg
held=$(heap)
section one; via trace -s 0.5 work
section all; via trace -s 0.2 -o /tmp/all && grep '"name": "process_name"' /tmp/all; tail -n 1 /tmp/all
via trace -s 3600 -o /tmp/killed &
wait_for test -s /tmp/killed
try second via trace -s 0.1 -o /tmp/all
kill -9 $!
section later; wait_for ended && echo again
section given-back; wait_for is_back "$held" && echo back
section goes-on; via list work
via destroy work
"""


@pytest.fixture(scope="module")
def trace(module_machine):
    options = scenario.overlay(module_machine, FILES)
    return scenario.run(module_machine, SCRIPT, *options)[1]


def test_one_guest(trace):
    events = json.loads(trace["one"])["traceEvents"]
    names = {e["pid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    assert names[1] == "work" and names[65535] == "CPUs"
    mine = [e for e in events if e["pid"] == 1 and e["ph"] == "X"]
    assert {e["tid"] for e in mine} <= {0, 1}
    assert any(e["name"].startswith("irq ") for e in mine)
    assert any(e["name"] == "runs" and e["dur"] > 0 for e in mine)
    # Nobody else's, but for what the machine's CPUs did for it.
    assert {e["pid"] for e in events if e["ph"] != "M"} <= {1, 65535}


def test_times_fit(trace):
    """A CPU runs one virtual CPU at a time."""
    events = json.loads(trace["one"])["traceEvents"]
    for cpu in (0, 1):
        spans = sorted((e["ts"], e["dur"]) for e in events
                       if e["ph"] == "X" and (e["pid"], e["tid"]) == (65535, cpu))
        for (start, length), (following, _) in zip(spans, spans[1:]):
            assert start + length <= following + 0.002


def test_what_viewers_read(trace):
    """The trace event format: what each kind of event must have, and of which type."""
    events = json.loads(trace["one"])["traceEvents"]
    assert {"M", "X"} <= {e["ph"] for e in events} <= {"M", "X", "i"}
    for e in events:
        assert isinstance(e["pid"], int) and isinstance(e["tid"], int) and e["name"]
        assert e["ph"] == "M" or isinstance(e["ts"], float) and e["ts"] >= 0
        assert e["ph"] != "X" or isinstance(e["dur"], float) and e["dur"] >= 0
        assert e["ph"] != "i" or e["s"] == "t"
        assert e["ph"] != "M" or e["name"] == "process_name" and isinstance(e["args"]["name"], str)


def test_all_domains(trace):
    lines = trace["all"].splitlines()
    assert {n for n in ("CPUs", "Domain-0", "work") if any(f'"{n}"' in line for line in lines)} == {
        "CPUs", "Domain-0", "work"}
    assert lines[-1] == "]}"


def test_one_at_a_time(trace):
    status, text = result(trace["second"])
    assert (status, text) == (
        1, "via trace: exits are recorded already, or were until a moment ago\n")


def test_killed(trace):
    """The hypervisor ends it, and gives its memory back."""
    assert trace["later"].splitlines()[-1] == "again"
    assert trace["given-back"].splitlines()[-1] == "back"
    assert " work " in f" {trace['goes-on']}".replace("\n", " ")
