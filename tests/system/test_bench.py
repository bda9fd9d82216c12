# SPDX-License-Identifier: BSD-2-Clause
"""What operations cost has not grown: bench/run measures, and holds it against bench/results."""

import json
import re
import subprocess

import pytest

from conftest import TOP

EXIT_KIND = re.compile(r"^exit_|_(abort|fetch|fp|hvc|irq|other|smc|sysreg|wfx)_exits$")
RESULTS = TOP / "bench/results/bench.json"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """(the run, its figures)"""
    output = tmp_path_factory.mktemp("bench") / "bench.json"
    done = subprocess.run(
        [TOP / "bench/run", "--against", RESULTS, "--output", output], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert output.exists(), done.stdout
    return done, json.loads(output.read_text())


def test_figures_have_not_grown(bench):
    done, _ = bench
    assert done.returncode == 0, done.stdout


def test_every_committed_figure_is_measured(bench):
    _, figures = bench
    committed = set(json.loads(RESULTS.read_text()))
    # Rare kinds of exits come and go, with the disk's luck too.
    assert {key for key in committed ^ set(figures) if not EXIT_KIND.search(key)} == set()


def test_lateness_beside_a_big_bar(bench):
    """One CPU for both; a nanosecond is an instruction there."""
    _, figures = bench
    idle = figures["late_idle_p99_ns"]
    assert 100 < idle < 20_000
    assert figures["late_busy_p99_ns"] < 2 * idle
    assert figures["late_busy_max_ns"] < 20_000


def test_a_busy_neighbour_on_another_cpu_does_not_delay(bench):
    _, figures = bench
    idle = figures["apart_idle_p99_insns"]
    assert 0 < idle < 1000
    assert figures["apart_computes_p99_insns"] <= 1.2 * idle
    assert figures["apart_busy_p99_insns"] <= 1.2 * idle
