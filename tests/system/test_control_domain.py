# SPDX-License-Identifier: BSD-2-Clause
"""The control domain's machine is the real one: bare metal with the same devices is the measure."""

import hashlib
import re

import pytest

import scenario
from conftest import nvme, root_port

SCRIPT = r"""
section lspci; lspci -D -n | grep ^0000:
section all; lspci -D -n
section paths
for function in /sys/bus/pci/devices/0000:*; do
	readlink -f "$function" | sed 's/.*\(pci0000:\)/\1/'
done
section bars
for function in /sys/bus/pci/devices/0000:*; do
	echo "${function##*/} $(head -n 1 "$function/resource")"
done
section drivers
for function in /sys/bus/pci/devices/0000:*; do
	driver=$(readlink "$function/driver" || echo none)
	echo "${function##*/} ${driver##*/}"
done
section disks
for function in $(lspci -D -n | awk '$2 == "0108:" { print $1 }'); do
	echo "$function $(sha256sum <"$(disk "$function")")"
done
section written
cd / && dd if=/bin/busybox of="$(disk 0000:01:00.0)" bs=1M conv=fsync 2>/dev/null
echo 3 >/proc/sys/vm/drop_caches
dd if="$(disk 0000:01:00.0)" bs=1M iflag=direct 2>/dev/null | head -c "$(wc -c </bin/busybox)" |
	cmp - /bin/busybox && echo same
section network
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up
wait_for grep -q 1 /sys/class/net/eth0/carrier
ethtool eth0 | grep 'Link detected'
ping -q -c 2 -w 20 10.0.2.2 | grep received
section interrupts; cat /proc/interrupts
section tree-nodes; ls /proc/device-tree
section cpus; nproc
"""

# A switch, a bridge to conventional PCI, and a port of two functions, beyond what others use.
DEVICES = [
    *root_port(3),
    "--device", "x3130-upstream,id=up,bus=rp3",
    "--device", "xio3130-downstream,id=down1,bus=up,chassis=31,slot=1",
    "--device", "xio3130-downstream,id=down2,bus=up,chassis=31,slot=2",
    "--device", "pcie-root-port,id=rp5,chassis=5,addr=8.0,multifunction=on",
    "--device", "pcie-root-port,id=rp6,chassis=6,addr=8.1",
]


@pytest.fixture(scope="module")
def twice(module_machine):
    machine = module_machine
    one = machine.raw_image("one.img", 16, seed=1)
    two = machine.raw_image("two.img", 8, seed=2)
    three = machine.raw_image("three.img", 8, seed=3)
    sums = {}
    for address, path in [("0000:01:00.0", one), ("0000:02:00.0", two)]:
        sums[address] = hashlib.sha256(path.read_bytes()).hexdigest()
    third = hashlib.sha256(three.read_bytes()).hexdigest()
    options = [
        *nvme(one, port=1), *nvme(two, port=2), *DEVICES,
        "--drive", f"if=none,format=raw,file={three},id=disk3",
        "--device", "nvme,serial=three,drive=disk3,bus=down1",
        "--device", "edu,bus=down2",
        "--qemu", "-netdev user,id=net0,restrict=on",
        "--device", "e1000e,netdev=net0,bus=rp5",
    ]
    done, ours = scenario.run(machine, SCRIPT, *options)
    _, bare = scenario.run(machine, SCRIPT, "--bare", *options)
    return done, ours, bare, sums, third


def test_same_functions(twice):
    _, ours, bare, _, _ = twice
    assert ours["lspci"] == bare["lspci"]
    assert len(ours["lspci"].splitlines()) > 12


def test_same_topology(twice):
    """Every function below the same bridges: a path of SBDFs from the root bus."""
    _, ours, bare, _, _ = twice
    assert ours["paths"] == bare["paths"]
    assert "pci0000:00/0000:00:03.0/0000:03:00.0/0000:04:01.0/0000:06:00.0\n" in ours["paths"]


def test_same_drivers(twice):
    """Ports excepted: their services are the hypervisor's."""
    _, ours, bare, _, _ = twice
    ports = {line.split()[0] for line in ours["lspci"].splitlines() if " 0604:" in line}

    def drivers(side):
        return [line for line in side["drivers"].splitlines() if line.split()[0] not in ports]

    assert drivers(ours) == drivers(bare)
    assert sum(" nvme" in line for line in drivers(ours)) == 3
    assert sum(" e1000e" in line for line in drivers(ours)) == 1


def test_disks_read_and_write(twice):
    _, ours, _, sums, third = twice
    read = dict(line.split()[:2] for line in ours["disks"].splitlines())
    for address, digest in sums.items():
        assert read[address] == digest
    assert third in read.values()
    assert ours["written"] == "same\n"


def test_network(twice):
    _, ours, _, _, _ = twice
    assert "Link detected: yes" in ours["network"]
    assert "2 packets received" in ours["network"]


def test_msi_through_the_its(twice):
    """Every interrupt of NVMe and network came as an MSI-X through the virtual ITS."""
    _, ours, _, _, _ = twice
    counts = {}
    for line in ours["interrupts"].splitlines():
        match = re.match(r" *\d+:((?: +\d+)+) +(\S+) .* (nvme\S+|eth0\S*)$", line)
        if match:
            assert match[2] == "ITS-MSI", line
            counts[match[3]] = sum(map(int, match[1].split()))
    for disk in range(3):
        assert sum(n for name, n in counts.items() if name.startswith(f"nvme{disk}q")) > 10
    assert sum(n for name, n in counts.items() if name.startswith("eth0")) > 0


def test_control_function_is_apart(twice):
    """It is the one function bare metal has not, on a segment of its own."""
    _, ours, bare, _, _ = twice
    more = set(ours["all"].splitlines()) - set(bare["all"].splitlines())
    assert len(more) == 1
    assert re.match(r"0001:00:00\.0 0880: 5644:4346", more.pop())


def test_host_bars_stay(twice):
    """What the hypervisor placed is what the control domain's Linux uses, BAR by BAR."""
    done, ours, _, _, _ = twice
    placed = {}
    for line in done.log.splitlines():
        match = re.search(r"pci: +(0000:\S+) \[.*?BAR0 (?:32|64)-bit \S+ \S+ @(0x[0-9a-f]+)", line)
        if match:
            placed[match[1]] = int(match[2], 16)
    used = {}
    for line in ours["bars"].splitlines():
        address, start = line.split()[:2]
        used[address] = int(start, 16)
    # Ports' own BARs are the hypervisor's and not shown.
    shown = [address for address in placed if not address.startswith("0000:00:")]
    assert len(shown) == 5
    for address in shown:
        assert used[address] == placed[address], address


def test_device_tree_is_filtered(twice):
    """No SMMU, no untranslated DMA master, no counters: kept, and named in the log."""
    done, ours, bare, _, _ = twice
    for node in ["smmuv3@", "fw-cfg@", "virtio_mmio@", "pmu", "flash@"]:
        assert node in bare["tree-nodes"]
        assert node not in ours["tree-nodes"]
        assert re.search(rf"boot: dt: /{node}\S* kept from the control domain", done.log)
    assert "pl031@9010000 passed to the control domain" in done.log


def test_boot_log(twice):
    done, ours, _, _, _ = twice
    for pattern in [
            r"boot: Viaduct \S+, image 0x[0-9a-f]+", r"ram: 4096 MiB", r"gic: GICv3",
            r"its: 0x8080000", r"smmu: 0x9050000.*all streams abort", r"smp: 2 of 2 CPUs online",
            r"pci: /pcie@10000000: ECAM host bridge, segment 0000, buses 00-ff"]:
        assert re.search(pattern, done.log), pattern
    for line in ours["lspci"].splitlines():
        address, _, ids = line.split()[:3]
        assert re.search(rf"pci: +{re.escape(address)} \[{ids}\] class", done.log), address
    assert ours["cpus"] == "2\n"
