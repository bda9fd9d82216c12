# SPDX-License-Identifier: BSD-2-Clause
"""A guest's timer is on time, whatever long work its neighbour has the hypervisor do."""

import json
import re

from conftest import PATIENCE, TOP, root_port


def test_lateness_beside_a_big_bar(machine):
    """One CPU for both; a nanosecond is an instruction there, so the figures repeat."""
    done = machine.launch(
        "--script", TOP / "bench/late-script", "--icount", "--cpus", 1, "--timeout", 400 * PATIENCE,
        "--hv-args", "small-pages", *root_port(1),
        "--qemu", "-object memory-backend-ram,id=big,size=64G,reserve=off",
        "--device", "ivshmem-plain,memdev=big,bus=rp1")
    assert done.status == 0, done.output + done.errors
    found = dict(re.findall(r"^json (\w+) (.*)$", done.output, re.M))
    (_, idle, _), (_, busy, longest) = (
        json.loads(found[name]) for name in ("late_idle", "late_busy"))
    assert 100 < idle < 20_000
    assert busy < 2 * idle
    assert longest < 20_000
