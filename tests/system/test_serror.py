# SPDX-License-Identifier: BSD-2-Clause
"""An SError while the control domain runs: its kernel is told and panics, everybody else lives."""

import hashlib

import pexpect

import scenario
from conftest import nvme
from gdb_stub import GdbStub, symbol
from scenario import guest

ESCAPE = "\x0f\x0f\x0f"

# Answers each line with what its disk holds.
READER = """
while read word; do
echo 3 >/proc/sys/vm/drop_caches
echo $word $(sha256sum </dev/nvme0n1)
done
"""


def test_control_domain_is_told(machine):
    disk = machine.raw_image("disk.img", 4, seed=3)
    port = machine.directory / "gdb"
    # CPU 0 is the control domain's alone, CPU 1 the guest's.
    session = machine.interactive(
        "--hv-args", "dom0_max_vcpus=1", "--dom0-args", "panic=0", *nvme(disk, port=1),
        *GdbStub.options(port), *scenario.overlay(machine, {
            "lives.cfg": guest("lives", READER, pci=["01:00.0"])}))
    digest = hashlib.sha256(disk.read_bytes()).hexdigest()
    assert session.command("via pci-assignable-add 01:00.0")[0] == 0
    assert session.command("via create /etc/viaduct/lives.cfg", timeout=120)[0] == 0
    GdbStub(port).divert(0, symbol("trap_irq"), symbol("trap_serror"))
    session.expect(r"SError while vCPU 0 ran, ESR 0x[0-9a-f]+; it is told")
    session.expect("Kernel panic - not syncing: Asynchronous SError Interrupt")
    session.send(ESCAPE)
    session.expect("input goes to d1 lives")
    # Said again until the guest has started and hears it.
    for _ in range(120):
        session.send("alive\r")
        if session.child.expect([f"alive {digest}", pexpect.TIMEOUT], timeout=5) == 0:
            return
    assert False, session.child.before
