# SPDX-License-Identifier: BSD-2-Clause
"""
A machine with a GICv4: a lent disk's messages reach a running vCPU without the hypervisor, and wake
one that sleeps.
"""

import json
import random
import re

import pytest

import scenario
from conftest import nvme
from scenario import guest, result

READS = 1000

# One vCPU alone on its CPU, where it waits natively: it always runs, as far as the GIC knows.
ALONE = f"""
ticks() {{ grep arch_timer /proc/interrupts; }}
ticks; echo ready; read line
dd if=/dev/nvme0n1 of=/dev/null bs=4k count={READS} iflag=direct 2>/dev/null || exit 10
ticks; echo done; read line
cat /proc/interrupts
"""

# Two vCPUs that share CPUs with the control domain, and are moved while they work.
SHARED = """
mount -t ext4 /dev/nvme0n1 /mnt && cd /mnt || exit 10
echo ready
for i in 1 2 3 4; do
	echo 3 >/proc/sys/vm/drop_caches
	sha256sum -c SHA256SUMS || exit 11
	for irq in $(sed -n 's/^ *\\([0-9]*\\):.*nvme0q[1-9].*/\\1/p' /proc/interrupts); do
		echo $((i % 2)) >/proc/irq/$irq/smp_affinity_list 2>/dev/null
	done
done
echo by the guest >new && sync && cd / && umount /mnt || exit 12
cat /proc/interrupts
"""

FILES = {
    "alone.cfg": guest("alone", ALONE, pci=["0000:02:00.0"]) + "cpus = '1'\n",
    "shared.cfg": guest("shared", SHARED, vcpus=2, pci=["0000:02:00.0"]),
}

SCRIPT = r"""
cd /etc/viaduct
# Stops the line that was typed: the guest's next read has it.
go() { type_to alone go; }
memory() { section heap-$1; via info --json; section tables-$1; via stats --json $1; }
section info; via info --json
try add via pci-assignable-add 02:00.0
section heap-none; via info --json
via vcpu-pin Domain-0 all 0
try alone via create alone.cfg
listen alone
said alone ready >/dev/null
section functions-before; via pci-list -a --json
section stats-before; via stats --json alone
go
said alone done >/dev/null
section functions-after; via pci-list -a --json
section stats-after; via stats --json alone
section verbose; via pci-list -v alone
memory alone
go
section guest-alone; console alone 200
via destroy alone
section functions-left; via pci-list -a --json
via vcpu-pin Domain-0 all all
try shared via create shared.cfg
listen shared
said shared ready >/dev/null
memory shared
for cpus in 1 0 1 all; do via vcpu-pin shared all $cpus; usleep 100000; done
section guest-shared; console shared 200
section functions-shared; via pci-list -a --json
via destroy shared
try again via create shared.cfg
section guest-again; console shared 200
via destroy shared
try remove via pci-assignable-remove -r 02:00.0
wait_for has_disk 0000:02:00.0
section back; mount "$(disk 0000:02:00.0)" /mnt && cat /mnt/new; umount /mnt
section own; grep nvme /proc/interrupts
section log; via dmesg
"""


@pytest.fixture(scope="module")
def machine4(module_machine):
    machine = module_machine
    keep = machine.raw_image("keep.img", 8)
    data = machine.ext4_image("data.img", 64, {"data": random.Random(8).randbytes(8 << 20)})
    options = [*nvme(keep, port=1), *nvme(data, port=2), *scenario.overlay(machine, FILES)]
    return scenario.run(machine, SCRIPT, "--gic", "4", "--cpus", "2", *options, timeout=600)


def function(text):
    return next(f for f in json.loads(text) if f["bdf"] == "0000:02:00.0")


def disk_interrupts(text):
    """Of the disk's queues: all that the guest's CPUs took."""
    lines = re.findall(r"^ *\d+:((?: +\d+)+) .*nvme\dq\d+", text, re.M)
    return sum(int(n) for line in lines for n in line.split())


def test_no_exit_an_interrupt(machine4):
    """Interrupts as many as reads, and nothing of them is seen at EL2. Ticks of the guest's timer are
    exits, as on any GIC."""
    out = machine4[1]
    assert result(out["add"])[0] == 0 and result(out["alone"])[0] == 0, out["alone"]
    assert "guest: exit 0" in out["guest-alone"], out["guest-alone"]
    assert disk_interrupts(out["guest-alone"]) >= READS
    before, after = (json.loads(out[f"stats-{when}"]) for when in ("before", "after"))
    assert after["interrupts"] == before["interrupts"] == 0
    first, last, *_ = map(int, re.findall(r"^ *\d+: +(\d+) .*arch_timer", out["guest-alone"], re.M))
    assert after["exits_total"] - before["exits_total"] - (last - first) < READS / 2
    before, after = (function(out[f"functions-{when}"]) for when in ("before", "after"))
    # No doorbell: it never slept.
    assert after["interrupts"] - before["interrupts"] < READS / 100


def test_shown(machine4):
    out = machine4[1]
    assert json.loads(out["info"])["direct_interrupts"]
    assert function(out["functions-after"])["direct"] >= 2
    assert re.search(r"^  \d+ interrupts direct", out["verbose"], re.M)
    # In quarantine it has none.
    assert function(out["functions-left"])["direct"] == 0


def test_memory(machine4):
    """A guest's share of the heap besides its page tables, its disk's included: 256 KiB, and 64 KiB
    for each vCPU's pending table."""
    out = machine4[1]
    heap = {name: json.loads(out[f"heap-{name}"])["heap_used_bytes"]
            for name in ("none", "alone", "shared")}
    for name, vcpus in ("alone", 1), ("shared", 2):
        tables = json.loads(out[f"tables-{name}"])["table_bytes"]
        used = heap[name] - heap["none"] - tables
        assert vcpus * 64 << 10 < used < (256 + vcpus * 64) << 10, (name, used, tables)


def test_sleeping_vcpus_are_woken(machine4):
    """Data arrives whole, while interrupts and vCPUs move."""
    out = machine4[1]
    for section in ("guest-shared", "guest-again"):
        assert "guest: exit 0" in out[section], out[section]
        assert out[section].count("data: OK") == 4
        assert disk_interrupts(out[section]) > 100
    assert function(out["functions-shared"])["interrupts"] > \
        function(out["functions-left"])["interrupts"]


def test_back(machine4):
    out = machine4[1]
    assert result(out["remove"])[0] == 0, out["remove"]
    assert out["back"] == "by the guest\n"
    assert disk_interrupts(out["own"]) > 0
    assert "no room" not in out["log"] and "do not settle" not in out["log"]
