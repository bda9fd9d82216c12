# SPDX-License-Identifier: BSD-2-Clause
"""Memory that guests share: QEMU's ivshmem as tests/guest/ivshmem.c drives it, which is tried on
QEMU's own in test_devices_misc.py, and stock guests with the program of docs/examples.
"""

import re
import subprocess

import pytest

import scenario
import via_json
from conftest import TOP
from scenario import guest, image, result

ROUNDS = 5

FUNCTION = r"""
d=$(basename "$(dirname "$(grep -l 0x1110 /sys/bus/pci/devices/*/device)")")
"""
UIO = FUNCTION + r"""
modprobe uio_pci_generic; echo 1af4 1110 >/sys/bus/pci/drivers/uio_pci_generic/new_id
m() { shared_memory "$d" "$@"; }
echo "uio $(ls /sys/bus/pci/devices/$d/uio)"; echo "number $(m number)"
"""
# Rings for who is not there, and for a vector that is not, go nowhere.
RINGS = UIO + f"""
m heard 1; m ring 7 0; m ring 65535 0; m ring 0 2; m ring 0 65535
i=1; while [ $i -le {ROUNDS} ]; do m heard $i; m ring 0 0; i=$((i+1)); done
m heard {ROUNDS + 1}; m put 3 'from the one that rang'; echo written; m get 4
"""
AGAIN = UIO + "m get 3; m put 4 'from the one that came back'\n"
# Another region: nothing of the first is in it.
STRANGER = UIO + r"""
m put 4 'from a stranger'
echo "others $(m get 4)"
"""

SCRIPT = r"""
cd /etc/viaduct
for f in rings again stranger; do
	sed 's,/boot/initramfs,/tmp/initramfs,' $f.cfg >/tmp/$f.cfg
done
cat /boot/initramfs programs.cpio >/tmp/initramfs
free() { via info | sed -n 's/^free_memory *: //p'; }
gone() { ! via list "$1" >/dev/null 2>&1; }

# The first domains leave the hypervisor's heap as big as it gets.
for round in 1 2; do
	section free$round; free
	for name in plain0 plain1 bell0 bell1; do via create $name.cfg >/dev/null || exit 1; done
	section shared; via shared-memory-list; via shared-memory-list --json
	section metrics; via metrics | grep shared
	try size via create size.cfg
	try vectors via create vectors.cfg
	for name in plain0 plain1 bell0 bell1; do console $name 150 >/tmp/$name & done
	wait
	for name in plain0 plain1 bell0 bell1; do
		section $name; cat /tmp/$name; via destroy $name; wait_for gone $name
	done
done
section free3; free

mv listens.cfg /tmp
for name in listens rings stranger; do
	via create /tmp/$name.cfg >/dev/null || exit 1
	listen $name
done
said rings written >/dev/null; wait_for is_over listens
via destroy listens; wait_for gone listens
section between; via shared-memory-list
via create /tmp/again.cfg >/dev/null || exit 1
listen again
for name in rings again stranger; do wait_for is_over $name; done
sleep 1
for name in listens rings again stranger; do section $name; tr -d '\r' </tmp/$name; done
for name in rings again stranger; do via destroy $name; wait_for gone $name; done
section after; via shared-memory-list
"""


def programs(directory):
    """The example, built as its first lines say, as a part of an initramfs."""
    root = directory / "programs/bin"
    root.mkdir(parents=True)
    subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", "-Wall", "-Wextra", "-Werror", "-o",
                    root / "shared_memory", TOP / "docs/examples/shared_memory.c"], check=True)
    return subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], check=True,
                          cwd=root.parent, input=b"bin/shared_memory\n",
                          capture_output=True).stdout


def shares(config, *regions):
    return config + "shared_memory = [ " + ", ".join(f'"{region}"' for region in regions) + " ]\n"


@pytest.fixture(scope="module")
def shared(module_machine):
    plain, bell = "name=plain,size=1M", "name=bell,size=256K,vectors=1"
    ring, other = "name=ring,size=4M,vectors=2", "name=other,size=4K"
    files = {
        "size.cfg": shares(image("size", "ivshmem"), "name=plain,size=2M"),
        "vectors.cfg": shares(image("vectors", "ivshmem"), "name=bell,size=256K,vectors=2"),
        "listens.cfg": shares(image("listens", "ivshmem", extra=f"heard={ROUNDS}"), ring),
        "rings.cfg": shares(guest("rings", RINGS), ring),
        "again.cfg": shares(guest("again", AGAIN), ring),
        "stranger.cfg": shares(guest("stranger", STRANGER), other),
    }
    for n in (0, 1):
        files[f"plain{n}.cfg"] = shares(image(f"plain{n}", "ivshmem", extra=f"role={n}"), plain)
        files[f"bell{n}.cfg"] = shares(
            image(f"bell{n}", "ivshmem", extra=f"role={n} doorbell=1"), bell)
    options = scenario.overlay(module_machine, files)
    (module_machine.directory / "overlay/etc/viaduct/programs.cpio").write_bytes(
        programs(module_machine.directory))
    run, out = scenario.run(module_machine, SCRIPT, *options, timeout=300)
    return {**out, "log": run.log}


@pytest.mark.parametrize("name", ["plain0", "plain1", "bell0", "bell1"])
def test_as_qemu_has_it(shared, name):
    """tests/guest/ivshmem.c says what it checks."""
    assert shared[name].endswith("\nPASS\n"), shared[name]
    assert "BAD" not in shared[name]


def test_list(shared):
    """The region is everybody's who names it; the first one has number 0."""
    table, listing = shared["shared"].split("[", 1)
    assert table.splitlines() == [
        "Name                                  KiB Vectors Members",
        "plain                                1024       0 0=plain0 1=plain1",
        "bell                                  256       1 0=bell0 1=bell1"]
    plain, bell = via_json.read("shared-memory-list", "[" + listing)
    assert (plain["bytes"], plain["vectors"]) == (1 << 20, 0)
    assert [(member["position"], member["domain"]) for member in bell["members"]] == [
        (0, "bell0"), (1, "bell1")]
    assert 'viaduct_shared_memory_bytes{name="bell"} 262144\n' in shared["metrics"]


@pytest.mark.parametrize("name", ["size", "vectors"])
def test_all_must_agree(shared, name):
    status, text = result(shared[name])
    assert status == 1
    assert "it is there with another size or number of vectors" in text


def test_memory_comes_back(shared):
    assert shared["free2"] == shared["free3"]
    assert shared["after"] == "Name                                  KiB Vectors Members\n"


def test_stock_guests(shared):
    """uio_pci_generic and docs/examples: numbers, data, rings that an interrupt answers."""
    rings, again, stranger = (shared[name] for name in ("rings", "again", "stranger"))
    assert re.search(r"^uio uio0\nnumber 1\nwritten\nfrom the one that came back\nguest: exit 0$",
                     rings, re.M), rings
    assert shared["listens"].endswith("\nPASS\n"), shared["listens"]
    assert shared["listens"].count("ok a ring\n") == ROUNDS
    # A member that has ended leaves number and memory.
    assert re.search(r"^ring +4096 +2 1=rings$", shared["between"], re.M)
    assert re.search(r"^uio uio0\nnumber 0\nfrom the one that rang\nguest: exit 0$", again, re.M), again
    # Plain: there is no number. What it reads is its own, in the same place.
    assert re.search(r"^uio uio0\nnumber 0\nothers from a stranger\nguest: exit 0$", stranger, re.M)
