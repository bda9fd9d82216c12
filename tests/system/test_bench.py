# SPDX-License-Identifier: BSD-2-Clause
"""What operations cost has not grown: bench/run measures, and holds it against bench/results."""

import importlib.machinery
import importlib.util
import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from conftest import TOP

EXIT_KIND = re.compile(r"^exit_|_(abort|fetch|fp|hvc|irq|other|smc|sysreg|wake|wfx)_exits$")
RESULTS = TOP / "bench/results/bench.json"
# Instructions at EL2 with interrupts masked: of the operations of bench/masked-script, and in all runs
# on one CPU but for boots.
MASKED_LIMIT = 10_000
MASKED_OPERATIONS = {
    "views", "reset", "quarantine", "guest", "console", "destroy", "create-8g", "destroy-8g",
    "attach", "many", "detach", "destroy-many", "hostile", "destroy-its", "destroy-live", "flood",
    "retry", "return", "bar", "destroy-bar", "shared", "destroy-shared", "vfs-on", "vfs-off",
}


def load_run():
    """bench/run as a module."""
    loader = importlib.machinery.SourceFileLoader("bench_run", str(TOP / "bench/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_run", loader))
    sys.path.insert(0, str(TOP / "bench"))
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("bench") / "bench.json"


@pytest.fixture(scope="module")
def bench(output):
    """(the run, its figures)"""
    done = subprocess.run(
        [TOP / "bench/run", "--against", RESULTS, "--output", output], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert output.exists(), done.stdout
    return done, json.loads(output.read_text())


def test_figures_have_not_grown(bench):
    done, _ = bench
    assert done.returncode == 0, done.stdout


def test_no_target_is_missed(bench, output):
    _, figures = bench
    lines = output.with_suffix(".txt").read_text().splitlines()
    assert len([line for line in lines if " under " in line or "as bare" in line]) > 35
    assert [line for line in lines if "MISSES" in line] == []
    for row, most in (("config_read", 300), ("config_write", 300), ("hvc", 150), ("gicd_read", 300),
                      ("self_ipi", 1200), ("timer_wake", 11_500), ("gicv4_timer_wake", 11_500)):
        assert 0 < figures[f"{row}_insns"] < most


def test_an_interrupt_of_the_disk_is_one_exit(bench):
    """However late the disk; and none on a GICv4."""
    _, figures = bench
    assert 0 < figures["nvme_read_el2_insns"] < 450
    assert figures["nvme_read_exits"] == figures["seq_read_exits"] == 1
    for row in "msi_delivery", "nvme_read", "nvme_qd32", "seq_read":
        assert figures[f"gicv4_{row}_el2_insns"] == figures[f"gicv4_{row}_exits"] == 0


def test_a_sequential_read_costs_what_it_does_on_bare_metal(bench):
    """With a GICv4. Neither is one that did not read."""
    _, figures = bench
    bare = figures["bare_seq_read_total_insns"]
    assert bare > figures["bare_nvme_read_total_insns"] > 1000
    assert abs(figures["gicv4_seq_read_total_insns"] - bare) <= bare / 100


def test_exits_are_told_by_kind(bench, output):
    """Also of reads that share one; on a GICv4 only an idle guest has any."""
    _, figures = bench
    assert figures["nvme_read_irq_exits"] == 1
    assert 0.02 < figures["nvme_qd32_irq_exits"] < 0.04
    kinds = {}
    for key in figures:
        if match := re.fullmatch(r"gicv4_(\w+)_([a-z]+)_exits", key):
            kinds.setdefault(match[1], set()).add(match[2])
    kinds = {row: own for row, own in kinds.items() if f"gicv4_{row}_el2_insns" in figures}
    assert set(kinds) == {"timer_wake", "nvme_idle"}
    assert all({"wfx", "wake"} <= own for own in kinds.values())
    text = output.with_suffix(".txt").read_text()
    assert re.search(r"^NVMe 4 KiB read, GICv4 {23}( +-){6}$", text, re.M)


def test_looking_costs_little(bench):
    """via trace records each exit of the reads that cost more then."""
    _, figures = bench
    assert figures["traced_config_read_el2_insns"] > figures["config_read_el2_insns"]
    assert 0 < figures["traced_nvme_percent"] < 3


def test_tracing_costs_nothing_when_off(bench):
    """The guest beside via top runs after the one that was recorded; the other one ran before it."""
    _, figures = bench
    for row in "config_read", "nvme_read":
        for name in "el2_insns", "exits":
            assert figures[f"topped_{row}_{name}"] == figures[f"{row}_{name}"] > 0
    assert figures["topped_nvme_percent"] == 0


def test_only_operations_of_one_kind_count():
    """However busy the host: those in which the reader idled are many, and another row."""
    run = load_run()
    rows = {row.key: row for row in run.ROWS}
    awake = run.Sample(1, run.Counts(10, 90, 0, 0, 1, 0, 0), {})
    idle = run.Sample(1, run.Counts(10, 8990, 0, 0, 2, 1, 1), {})
    samples = {f"guest:{name}": [awake] * 30 + [idle] * 300 for name in ("nvme", "late")}
    figures = run.row_figures(rows["nvme_read"], samples, "guest", "")
    assert figures["nvme_read_total_insns"] == 100 and figures["nvme_read_exits"] == 1
    assert 9 < figures["nvme_read_counted_percent"] < 10
    assert run.row_figures(rows["nvme_idle"], samples, "guest", "")["nvme_idle_total_insns"] == 9000
    with pytest.raises(run.BenchError):
        run.row_figures(rows["nvme_read"], {"guest:nvme": [idle] * 300}, "guest", "")


def test_a_figure_that_grows_is_told(bench):
    """The guard: rows that repeat to 1 % may grow by 5 %, those that idle by 10 %, some not at all."""
    _, figures = bench
    run = load_run()
    allowed = {"hvc_insns": 1.06, "gicv4_timer_wake_el2_insns": 1.11, "many_attach_el2_insns": 1.11,
               "exit_hvc_p50_insns": 1.06, "nvme_read_el2_insns": 1.06, "function_heap_bytes": 1.06}
    for key, factor in allowed.items():
        now = {**figures, key: figures[key] * factor}
        assert [line.split(":")[0] for line in run.grown(figures, now)] == [key]
        now[key] = figures[key] * (factor - 0.02)
        assert not list(run.grown(figures, now))
    # An interrupt that fell into the sample.
    assert not list(run.grown(figures, {**figures, "syscall_el2_insns": 0.41}))
    assert list(run.grown(figures, {**figures, "gicv4_nvme_read_exits": 0.01}))


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


def longest_masked(figures):
    """{operation: instructions}"""
    return {key[len("masked_"):-len("_insns")].replace("_", "-"): value
            for key, value in figures.items() if key.startswith("masked_")}


def test_every_operation_is_counted(bench):
    _, figures = bench
    longest = longest_masked(figures)
    assert set(longest) == MASKED_OPERATIONS
    assert all(count > 0 for count in longest.values())


def test_interrupts_are_not_masked_for_long(bench):
    """In any operation, whatever its size: 8 GiB, 64 GiB, 2048 vectors; nor between them."""
    _, figures = bench
    longest = longest_masked(figures)
    too_long = {name: count for name, count in longest.items() if count >= MASKED_LIMIT}
    assert not too_long
    assert max(longest.values()) <= figures["longest_masked_insns"] < MASKED_LIMIT


def test_the_hypervisor_is_small(bench):
    """With a guest and a lent disk: image, heap, page tables, tables of GIC and SMMU."""
    _, figures = bench
    assert 0 < figures["hypervisor_used_bytes"] <= figures["hypervisor_memory_bytes"] < 4 << 20


def test_a_chart_is_drawn(bench, output):
    """Of each row that both have, two bars; the surface and two legends are rectangles, too."""
    _, figures = bench
    rows = [key for key in figures if key.endswith("_insns") and f"bare_{key}" in figures
            and not key.startswith("boot_")]
    chart = ElementTree.parse(output.with_suffix(".svg")).getroot()
    assert rows
    assert len(chart.findall("{http://www.w3.org/2000/svg}rect")) == 3 + 2 * len(rows)


def test_many_functions_and_domains_cost_the_others_nothing(bench):
    _, figures = bench
    assert figures["many_functions"] > 256 and figures["many_domains"] == 60
    rows = {key.removeprefix("few_") for key in figures if key.startswith("few_")}
    # A run of pages is halved, and put together again: a few steps more or less.
    heap = {"attach_el2_insns": 300, "detach_el2_insns": 300}
    growth = {row: (figures[f"many_{row}"] - heap.get(row, 0)) / figures[f"few_{row}"]
              for row in rows}
    assert len(growth) == 11
    assert {row: by for row, by in growth.items() if by > 1.02} == {}


def test_boot_grows_in_a_straight_line(bench):
    _, figures = bench
    first, more = figures["boot_function_el2_insns"], figures["boot_function_more_el2_insns"]
    assert 0 < more < 1.02 * first
    assert more < 90_000


def test_a_domain_and_a_function_are_small(bench):
    """Page tables included."""
    _, figures = bench
    assert 0 < figures["domain_heap_bytes"] < 256 << 10
    assert 0 < figures["many_domain_heap_bytes"] < 256 << 10
    assert 0 < figures["vf_heap_bytes"] < 16 << 10
    assert 0 < figures["function_heap_bytes"] < 32 << 10
