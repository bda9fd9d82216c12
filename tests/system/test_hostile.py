# SPDX-License-Identifier: BSD-2-Clause
"""Hostile guests, as images of tests/guest: each can only hurt itself."""

import hashlib
import json
import re

import pytest

import scenario
from conftest import TOP, nvme, root_port
from scenario import image

# Where the launcher puts the control domain's kernel, which runs in place.
KERNEL = 0x49000000
EDU = "0000:02:00.0"
NVME = "0000:03:00.0"

SCRIPT = r"""
cd /etc/viaduct
own() { dd if="$(disk 0000:01:00.0)" bs=1M iflag=direct 2>/dev/null | sha256sum; }

# play NAME: one image from its birth to its end.
play()
{
	section "$1"
	via create "$1.cfg" >/dev/null
	console "$1" 100
	section "$1 end"
	via list "$1" | tail -n 1
	via destroy "$1"
	own
}

for function in 02:00.0 03:00.0; do via pci-assignable-add $function; done
section before; via info --json
for name in hello crash_jump crash_vector sysreg mmio_hostile its_hostile smp bar_hostile \
	edu_dma; do
	play $name
done
section log; via dmesg
section functions; via pci-list -a --json
play fight
play its_many
section again; via pci-assignable-remove -r 03:00.0
wait_for has_disk 0000:03:00.0
sha256sum <"$(disk 0000:03:00.0)"
section list; via list
section after; via info --json
section share
for name in spin1 spin2 spin3; do via create $name.cfg >/dev/null & done; wait
for name in spin1 spin2 spin3; do console $name 100 >/tmp/$name & done
wait
for name in spin1 spin2 spin3; do section $name; cat /tmp/$name; via destroy $name; done
"""


@pytest.fixture(scope="module")
def hostile(module_machine):
    machine = module_machine
    with open(TOP / "build/root/Image", "rb") as kernel:
        pattern = int.from_bytes(kernel.read(8), "little")
    disk = machine.raw_image("own.img", 4, seed=1)
    lent = machine.raw_image("lent.img", 4, seed=2)
    options = [
        *nvme(disk, port=1), *root_port(2),
        "--device", "edu,bus=rp2,dma_mask=0xffffffffffffffff", *nvme(lent, port=3),
        *scenario.overlay(machine, {
            "hello.cfg": image("hello", "hello", extra="value=c0ffee"),
            "crash_jump.cfg": image("crash_jump", "crash_jump"),
            "crash_vector.cfg": image("crash_vector", "crash_jump", extra="to=8000000"),
            "sysreg.cfg": image("sysreg", "sysreg"),
            "mmio_hostile.cfg": image("mmio_hostile", "mmio_hostile"),
            "its_hostile.cfg": image("its_hostile", "its_hostile"),
            "smp.cfg": image("smp", "smp", vcpus=5, extra="cpus=5"),
            "bar_hostile.cfg": image("bar_hostile", "bar_hostile", pci=[EDU, NVME]),
            "its_many.cfg": image("its_many", "its_many", pci=[NVME], extra="events=40"),
            "fight.cfg": image("fight", "fight", vcpus=2, pci=[EDU], extra="looks=32"),
            "edu_dma.cfg": image(
                "edu_dma", "edu_dma", pci=[EDU],
                extra=f"secret={KERNEL:x} pattern={pattern:x}"),
            **{f"spin{n}.cfg": image(f"spin{n}", "spin", vcpus=2, extra="cpus=2 ms=3000")
               for n in (1, 2, 3)},
        })]
    done, out = scenario.run(machine, SCRIPT, *options)
    return done, out, hashlib.sha256(disk.read_bytes()).hexdigest(), lent


def ended(hostile, name):
    """How it ended: its console and its state, once everyone else is seen to be well."""
    _, out, digest, _ = hostile
    state, rest = out[f"{name} end"].split("\n", 1)
    assert digest in rest, f"after {name} the control domain's disk reads {rest!r}"
    return out[name], state.split()[4]


def passed(hostile, name):
    text, state = ended(hostile, name)
    bad = [line for line in text.splitlines() if not re.match("ok ", line)]
    assert text.endswith("\nPASS\n"), "\n".join(bad)
    assert state == "---s--"
    return text


def test_hello(hostile):
    assert passed(hostile, "hello").startswith("hello, value 0xc0ffee\n")


@pytest.mark.parametrize("name", ["crash_jump", "crash_vector"])
def test_jump_to_nowhere(hostile, name):
    """Ended as crashed, alone, and the log says so once."""
    done, out, _, _ = hostile
    text, state = ended(hostile, name)
    assert text.startswith("jumping to")
    assert state == "---sc-"
    assert len(re.findall(rf"d\d+ {name} crashed", out["log"])) == 1
    assert len(re.findall(rf"{name}: vCPU 0 cannot go on: fetch at IPA 0x", out["log"])) == 1
    assert "domain: control domain powers off" in done.log


def test_hidden_features(hostile):
    passed(hostile, "sysreg")


def test_wild_accesses(hostile):
    passed(hostile, "mmio_hostile")


def test_wild_its(hostile):
    passed(hostile, "its_hostile")


def test_smp(hostile):
    text = passed(hostile, "smp")
    assert text.count("ok its SGI came back") == 12


def test_wild_bars(hostile):
    text = passed(hostile, "bar_hostile")
    assert text.count("ok decode toggled") == 2


def test_two_cpus_fight_over_a_function(hostile):
    """COMMAND and BAR written against each other: stage 2 is what the registers say."""
    text = passed(hostile, "fight")
    assert "0x4e20 steps" in text
    assert "ok mapped as the registers say" in text


def test_ended_with_all_interrupts_mapped(hostile):
    """They are taken back in slices; the function is whole afterwards: see test_lent_disk_is_whole."""
    passed(hostile, "its_many")


def test_dma_is_confined(hostile):
    """Blocked, counted at the function, and in the log; it stays usable after a reset."""
    _, out, _, _ = hostile
    passed(hostile, "edu_dma")
    functions = {entry["bdf"]: entry for entry in json.loads(out["functions"])}
    # Eight places, each read and written, and the secret.
    assert functions[EDU]["faults"] >= 17
    assert functions[EDU]["state"] == "assignable"
    assert functions[NVME]["faults"] == 0
    for attempt in [f"from {KERNEL:#x}", f"to {KERNEL + 0x10000:#x}"]:
        assert re.search(f"{EDU}: DMA {attempt} blocked", out["log"]), attempt


def test_lent_disk_is_whole(hostile):
    _, out, _, lent = hostile
    assert hashlib.sha256(lent.read_bytes()).hexdigest() in out["again"]


def test_nothing_is_left(hostile):
    _, out, _, _ = hostile
    assert len(out["list"].splitlines()) == 2
    before, after = json.loads(out["before"]), json.loads(out["after"])
    assert after["free_bytes"] == before["free_bytes"]


def test_cpus_are_shared_fairly(hostile):
    """Six busy vCPUs of three guests on two CPUs: each gets its part of the work done.

    At worst one had a CPU to itself all the time, because the others came later, and another one
    shared it all the time with two, and the control domain, which makes them: a quarter is left."""
    _, out, _, _ = hostile
    work = []
    for name in ["spin1", "spin2", "spin3"]:
        assert out[name].endswith("PASS\n"), out[name]
        work += [int(value, 16) for value in re.findall(r"work \d 0x([0-9a-f]+)", out[name])]
    assert len(work) == 6
    assert min(work) * 5 > max(work)
