# SPDX-License-Identifier: BSD-2-Clause
"""Guests of random sizes come and go: what fitted at first fits again, and what is used is the same."""

import json
import random

import scenario
from scenario import image, result

SCRIPT = r"""
cd /etc/viaduct
free() { via info | awk '/^free_memory/ { print $3 }'; }
# The first guest of each size of tables; then the largest there is room for, and one too large.
via create -p guest.cfg "name='warm'" && via destroy warm || exit 1
section before; via info --json; largest=$(free)
try too-large via create -p guest.cfg "name='large'" memory=$((largest + 2))
via create -p guest.cfg "name='large'" memory=$largest && via destroy large || exit 1
HISTORY
section after; via info --json
try again via create -p guest.cfg "name='large'" memory=$largest
section list; via list large; via destroy large
"""


def history(count):
    """Shell lines: count guests made, never more than five at once, ended in any order."""
    rng = random.Random(12)
    lines, alive = [], []
    for number in range(count):
        while len(alive) == 5 or (alive and rng.random() < 0.4):
            lines.append(f"via destroy {alive.pop(rng.randrange(len(alive)))} || exit 1")
        name = f"g{number}"
        lines.append(f"via create -p guest.cfg \"name='{name}'\" memory={rng.randrange(8, 180)} "
                     f"vcpus={rng.randrange(1, 5)} >/dev/null || exit 1")
        alive.append(name)
    return "\n".join(lines + [f"via destroy {name} || exit 1" for name in alive])


def test_random_sizes(machine, soak):
    count = 1000 if soak else 50
    options = scenario.overlay(machine, {"guest.cfg": image("guest", "hello")})
    _, out = scenario.run(machine, SCRIPT.replace("HISTORY", history(count)), *options,
                          "--memory", "2048", timeout=300 + 30 * count)
    before, after = json.loads(out["before"]), json.loads(out["after"])
    assert after["free_bytes"] == before["free_bytes"]
    assert after["heap_used_bytes"] == before["heap_used_bytes"]
    status, text = result(out["too-large"])
    assert status == 1 and "not enough memory: " in text and " MiB free" in text
    assert result(out["again"])[0] == 0
    assert out["list"].split("\n")[1].startswith("large ")
