# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts masked at EL2, in operations that the bench's machine has not: docs/bench.md says how it
is counted. One CPU, so that all of it is."""

import subprocess

import scenario
from conftest import TOP, nvme, root_port
from imx8mp import BOARD, switch
from qemu_monitor import Monitor, Registers
from test_bench import MASKED_LIMIT
from test_dom0less import domains
from test_owner_driven import KERNEL, MODULES

PRELUDE = r"""
bench=/usr/lib/viaduct/bench/viaduct-bench
cd /etc/viaduct
op() { name=$1; shift; $bench begin "$name"; "$@" >&2 || exit 1; $bench end "$name"; }
exists() { via list "$1"; }
is_gone() { ! exists "$1"; }
gone() { via destroy "$1"; wait_for is_gone "$1"; }
# Its memory is still being cleaned then.
begin_and_kill() { via create "$1.cfg" & wait_for exists "$1"; kill -9 $!; }
"""

# RAM in one piece, and as much as the bench's largest guest has; all vCPUs; flash up to its end.
GUESTS = PRELUDE + r"""
op in-place begin_and_kill big
op end-in-place gone big
op vcpus via create -p wide.cfg
op end-vcpus gone wide
head -c 3000000 /dev/urandom >/tmp/firmware
op flash via create -p flash.cfg
op end-flash gone flash
"""

# A device of eight functions, which goes while the control domain has it, and one with VFs (behind
# port 2: bus 2 was kept free for port 1).
PLUGS = PRELUDE + r"""
known() { via pci-list -a | grep -q "^0000:$1"; }
unknown() { ! known "$1"; }
tell() { echo "now""-$1" >/dev/console; wait_for "$2" "$3" && sleep 1; }
op functions tell functions known 01:00.7
op torn tell torn unknown 01:00
op card tell card known 03:00.0
"""

# A device of eight functions in a slot of a guest's Linux, which lets go of all of them together; they
# come again, and the guest ends while it has them.
SLOT = PRELUDE + r"""
here() { grep -q "now $1 disks" /tmp/slot; }
for fn in 0 1 2 3 4 5 6 7; do via pci-assignable-add 01:00.$fn; done
via create slot.cfg; listen slot
wait_for here 0
op attach via pci-attach slot "01:00.*"
op use wait_for here 8
op let-go via pci-detach slot "01:00.*"
wait_for here "0 again"
op again via pci-attach slot "01:00.*"
wait_for here "8 again"
op end gone slot
"""
DISKS = """
disks() { set -- /sys/block/nvme?n1; [ -e "$1" ] || shift; echo $#; }
await() { until [ "$(disks)" = "$1" ]; do usleep 100000; done; }
echo now 0 disks
await 8; echo now 8 disks
await 0; echo now 0 again disks
await 8; echo now 8 again disks
sleep 1000
"""

# All 2048 (0x800) interrupts of a disk, which hardware delivers. The guest is still there when the disk
# comes again, with them mapped.
DIRECT = PRELUDE + r"""
direct() { via pci-list -a --json | grep -q "\"direct\": 2048"; }
via pci-assignable-add 01:00.0
op commands via create many.cfg
op over wait_for is_over many
via console many </dev/null | grep -q PASS && direct || exit 1
op leave via pci-detach many 01:00.0
op come via pci-attach many 01:00.0,vslot=1
op again wait_for direct
op end gone many
"""

# Domains of the device tree that ask for a reboot as soon as they run.
RESTARTS = PRELUDE + r"""
ended() { wait_for via destroy "$1"; wait_for is_gone "$1"; }
id() { via list "$1" | awk 'NR == 2 { print $2 }'; }
is_another() { now=$(id "$1"); [ -n "$now" ] && [ "$now" != "$before" ]; }
another() { before=$(id "$1"); wait_for is_another "$1"; }
twice() { another "$1" && another "$1"; }
op lent twice lent
op owner twice owner
op end-owner ended owner
op end-lent ended lent
"""

# The controller's own driver waits for that of its PHY.
BRING_UP = PRELUDE + r"""
up() { insmod phy.ko && wait_for test -e /sys/bus/pci/devices/0000:04:00.0; }
op bring-up up
"""


def masked(machine, script, *options):
    """{operation: instructions of its longest run}"""
    plugin, count = machine.directory / "count.so", machine.directory / "count"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", plugin,
                    *sorted((TOP / "bench/plugin").glob("*.c"))], check=True)
    scenario.run(machine, script, "--icount", "--cpus", "1", "--qemu",
                 f"-plugin {plugin},out={count}", *options)
    lines = [line.split("\t") for line in count.read_text().splitlines()]
    return {fields[1]: int(fields[2]) for fields in lines if fields[0] == "s"}


def check(longest, operations):
    assert set(longest) == operations
    assert {name: count for name, count in longest.items() if not 0 < count < MASKED_LIMIT} == {}


def test_guests(machine):
    """Without an IOMMU: only there RAM is in one piece."""
    files = {
        "big.cfg": scenario.image("big", "hello", memory=8192) + "unprotected_dma = 1\n",
        "wide.cfg": scenario.image("wide", "hello", vcpus=16),
        "flash.cfg": 'name = "flash"\nmemory = 32\nfirmware = "/tmp/firmware"\n',
    }
    longest = masked(machine, GUESTS, "--no-iommu", "--memory", "10240", "--hv-args",
                     "dom0_mem=1024M", *scenario.overlay(machine, files))
    check(longest, {"in-place", "end-in-place", "vcpus", "end-vcpus", "flash", "end-flash"})


def test_hot_plug(machine):
    """Beside 192 functions."""
    monitor, registers = Monitor(machine), Registers(machine)
    functions = ["device_add virtio-rng-pci-non-transitional,bus=rp1,multifunction=on,"
                 f"addr=0.{fn:x}" for fn in (*range(1, 8), 0)]
    thread = monitor.at([("now-functions", functions),
                         ("now-torn", [lambda: registers.tear_out(1)]),
                         ("now-card", ["device_add igb,bus=rp2"])])
    others = [option for fn in range(192) for option in (
        "--device", f"virtio-rng-pci-non-transitional,addr={8 + fn // 8:#x}.{fn % 8},multifunction=on")]
    longest = masked(machine, PLUGS, *root_port(1), *root_port(2), *others, *monitor.options(),
                     *registers.options())
    thread.join()
    assert not any(monitor.answers), monitor.answers
    check(longest, {"functions", "torn", "card"})


def test_slot(machine):
    functions = [option for fn in range(8) for option in (
        "--drive", f"if=none,id=null{fn},driver=null-co,size=1048576,read-zeroes=on", "--device",
        f"nvme,serial=s{fn},drive=null{fn},bus=rp1,addr=0.{fn},multifunction=on")]
    files = {"slot.cfg": scenario.guest("slot", DISKS)}
    longest = masked(machine, SLOT, *root_port(1), *functions, *scenario.overlay(machine, files))
    check(longest, {"attach", "use", "let-go", "again", "end"})


def test_direct(machine):
    """With a GICv4."""
    files = {"many.cfg": scenario.image("many", "its_many", vcpus=2, extra="events=800 rounds=2",
                                        pci=["01:00.0"])}
    disk = machine.raw_image("disk.img", 1)
    longest = masked(machine, DIRECT, "--gic", "4", *root_port(1), "--drive",
                     f"if=none,id=many,file={disk},format=raw", "--device",
                     "nvme,serial=many,drive=many,bus=rp1,msix_qsize=2048",
                     *scenario.overlay(machine, files))
    check(longest, {"commands", "over", "leave", "come", "again", "end"})


def test_restart(machine):
    """Of a domain that two functions are lent to, and of one that owns a bridge with 20."""
    (machine.directory / "restart.bin").write_bytes(
        (TOP / "build/arm64/tests/guest/restart.bin").read_bytes())
    disks = [machine.raw_image(f"disk{n}.img", 1) for n in (1, 2, 3)]
    many = [option for fn in (*range(1, 8), 0) for port in (4, 5) for option in (
        "--device", "virtio-rng-pci-non-transitional,multifunction=on,"
        f"bus=rp{port},addr=0.{fn:x}")]
    section = "[domain {}]\nkernel = restart.bin\nmemory = 32\n{}\n"
    longest = masked(
        machine, RESTARTS, "--split-root", *nvme(disks[0], port=1), *nvme(disks[1], port=2),
        *nvme(disks[2], port=3, root="pcie.1"), *root_port(4, "pcie.1"), *root_port(5, "pcie.1"),
        *many, *domains(machine, section.format("owner", "bridges = 0001:40-ff"),
                        section.format("lent", "pci = 01:00.0 02:00.0")))
    check(longest, {"lent", "owner", "end-owner", "end-lent"})


def test_bring_up(machine):
    """Of a bridge that its owner's driver brings up."""
    phy = next(MODULES.rglob("phy-fsl-imx8m-pcie.ko"))
    options = scenario.overlay(machine, {})
    here = machine.directory / "overlay"
    (here / "etc/viaduct/phy.ko").write_bytes(phy.read_bytes())
    there = here / phy.relative_to(MODULES)
    there.parent.mkdir(parents=True)
    there.write_bytes(b"")
    longest = masked(machine, BRING_UP, *BOARD, "--owner-driven", "--kernel", KERNEL, "--overlay",
                     MODULES, *options, *switch(machine.raw_image("disk.img", 1)))
    check(longest, {"bring-up"})
