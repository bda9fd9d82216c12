# SPDX-License-Identifier: BSD-2-Clause
"""How long interrupts stay masked at EL2, in instructions: counted by a plugin of QEMU's on a
machine whose time is the number of instructions, so that load and luck have no part in it.
"""

import importlib.machinery
import importlib.util
import subprocess

import pytest

from conftest import TOP, root_port

LIMIT = 10_000
EXPECTED = {
    "views", "reset", "quarantine", "guest", "console", "destroy", "create-8g", "destroy-8g",
    "attach", "many", "detach", "destroy-many", "hostile", "destroy-its", "destroy-live", "flood",
    "retry", "return", "bar", "destroy-bar", "shared", "destroy-shared", "vfs-on",
    "vfs-off",
}


def bench():
    """bench/run as a module: the same machine."""
    loader = importlib.machinery.SourceFileLoader("bench_run", str(TOP / "bench/run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_run", loader))
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def longest(module_machine):
    """{operation: instructions}"""
    machine = module_machine
    plugin, counts = machine.directory / "count.so", machine.directory / "count"
    subprocess.run(["cc", "-std=gnu11", "-O2", "-shared", "-fPIC", "-o", plugin,
                    *(TOP / "bench/plugin").glob("*.c")], check=True)
    done = machine.launch(
        "--script", TOP / "bench/masked-script", "--icount", "--cpus", 1, "--memory", 10240,
        "--timeout", 900, "--hv-args", "dom0_mem=1024M", *root_port(1),
        "--qemu", f"-plugin {plugin},out={counts}", *bench().MASKED_DEVICES)
    assert done.status == 0, done.output + done.errors
    found = {}
    for line in counts.read_text().splitlines():
        kind, *fields = line.split("\t")
        if kind == "s":
            found[fields[0]] = int(fields[1])
    return found


def test_every_operation_is_counted(longest):
    assert set(longest) == EXPECTED
    assert all(count > 0 for count in longest.values())


def test_interrupts_are_not_masked_for_long(longest):
    """In any operation, whatever its size: 8 GiB, 64 GiB, 2048 vectors."""
    too_long = {name: count for name, count in longest.items() if count >= LIMIT}
    assert not too_long
