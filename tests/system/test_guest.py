# SPDX-License-Identifier: BSD-2-Clause
"""A guest's life by `via`: create, list, console, pause, end, destroy; and what the guest sees."""

import re

import pytest

import scenario
import via_json
from scenario import guest, result

LOOK = """
nproc; grep MemTotal /proc/meminfo; ls /proc/device-tree /sys/bus/pci/devices
cat /proc/iomem /proc/interrupts; lspci -n 2>/dev/null; head -c 8 /dev/vda 2>&1
dmesg | grep -e GICv3 -e psci -e SMP:
"""

FILES = {
    "look.cfg": guest("look", LOOK, vcpus=2, memory=192),
    "reboot.cfg": guest("reboot", "reboot -f; sleep 100"),
    "idle.cfg": guest("idle", "while true; do :; done"),
}

SCRIPT = r"""
cd /etc/viaduct
section before; via list
try create via create look.cfg
section listed; via list
section numbered; via list 1
section look; console look 120
section ended; via list look
try destroy-ended via destroy look
section gone; via list
try destroy-gone via destroy look
try console-gone via console look
try list-gone via list look
try destroy-control via destroy Domain-0
try pause-control via pause 0
section more
via create reboot.cfg; via create -p idle.cfg memory=64 vcpus=2
wait_for is_over reboot
section rebooted; via list reboot
section fresh; via list idle
section fresh-vcpus; via vcpu-list idle; via vcpu-list --json; via unpause idle
section paused
# Its CPUs stop at their next exit.
stopped() { before=$(via list idle); usleep 300000; [ "$(via list idle)" = "$before" ]; }
via pause idle && wait_for stopped && via list idle && sleep 1 && via list idle
section resumed
via unpause idle && sleep 2 && via list idle
try unpause-running via unpause idle
try start-twice via create idle.cfg
for words in info list vcpu-list sched-weight shared-memory-list pci-assignable-list pci-doctor \
	"pci-list -a" "stats idle"; do
	section "json ${words%% *}"; via $words --json
done
began() { via stats idle | grep -q '^exits_mmio_gic *: [1-9]'; }
section stats; wait_for began; via stats idle
try destroy-running via destroy idle
try destroy-rebooted via destroy 2
section after; via list
section alive; uptime >/dev/null && echo yes
try no-command via frobnicate
try usage via destroy
try help via --help
"""


@pytest.fixture(scope="module")
def life(module_machine):
    options = scenario.overlay(module_machine, FILES)
    return scenario.run(module_machine, SCRIPT, *options)


def rows(text):
    """via list as {name: [id, memory, vCPUs, state, seconds]}."""
    lines = text.splitlines()
    assert lines[0].split() == ["Name", "ID", "Mem", "VCPUs", "State", "Time(s)"]
    return {line.split()[0]: line.split()[1:] for line in lines[1:]}


def test_control_domain_is_listed(life):
    before = rows(life[1]["before"])
    assert list(before) == ["Domain-0"]
    assert before["Domain-0"][:4] == ["0", "2046", "2", "r-----"]


def test_create(life):
    _, out = life
    assert result(out["create"]) == (0, "Parsing config from look.cfg\n")
    listed = rows(out["listed"])
    assert list(listed) == ["Domain-0", "look"]
    assert listed["look"][:3] == ["1", "192", "2"]
    assert re.fullmatch("[r-][b-]----", listed["look"][3])
    assert list(rows(out["numbered"])) == ["look"]


def test_guest_sees_its_share_only(life):
    """Its CPUs, its memory, QEMU's virt board, an empty PCI bus; nothing of the host."""
    text = life[1]["look"]
    assert re.search(r"^2$", text, re.M)
    assert 150 << 10 < int(re.search(r"MemTotal: +(\d+)", text)[1]) <= 192 << 10
    assert re.search(r"40000000-4bffffff : System RAM", text)
    assert not re.search(r"4c000000-[0-9a-f]+ : System RAM", text)
    for node in ["intc@8000000", "pl011@9000000", "pcie@10000000", "psci", "timer"]:
        assert node in text, node
    assert "smmu" not in text and "virtio" not in text
    assert "0000:01:00.0" not in text
    assert "SMP: Total of 2 processors activated" in text
    assert "guest: exit" in text


def test_end_and_destroy(life):
    _, out = life
    assert rows(out["ended"])["look"][3] == "---s--"
    assert result(out["destroy-ended"]) == (0, "")
    assert list(rows(out["gone"])) == ["Domain-0"]


def test_unknown_domain(life):
    _, out = life
    for command in ["destroy", "console", "list"]:
        status, text = result(out[command + "-gone"])
        assert status == 1
        assert text.splitlines()[-1].startswith(f"via {command}: ")
        assert "look" in text or "no such domain" in text


def test_control_domain_is_not_destroyed(life):
    _, out = life
    for name in ["destroy-control", "pause-control"]:
        status, text = result(out[name])
        assert status == 1
        assert len(text.splitlines()) == 1
    assert out["alive"] == "yes\n"


def test_reboot_is_an_end(life):
    assert rows(life[1]["rebooted"])["reboot"][3] == "---sr-"


def test_create_paused(life):
    """It has not run at all yet, and is as the command line says."""
    assert rows(life[1]["fresh"])["idle"] == ["3", "64", "2", "--p---", "0.0"]
    lines = life[1]["fresh-vcpus"].splitlines()
    vcpus = [line.split() for line in lines[1:3]]
    assert [row[:3] + row[4:6] for row in vcpus] == [
        ["idle", "3", "0", "--p", "0.0"], ["idle", "3", "1", "--p", "0.0"]]
    own = [entry for entry in via_json.read("vcpu-list", lines[3]) if entry["name"] == "Domain-0"]
    assert [entry["vcpu"] for entry in own] == [0, 1]
    assert "running" in [entry["state"] for entry in own]
    assert max(entry["cpu_seconds"] for entry in own) > 0


def test_json_is_as_described(life):
    """By docs/json-schema, which has one for each command with such an option; monitor's is its own test."""
    for path in via_json.FOLDER.glob("*.json"):
        if path.stem != "monitor":
            assert via_json.read(path.stem, life[1][f"json {path.stem}"]) is not None
    domains = via_json.read("list", life[1]["json list"])
    assert {d["name"]: (d["id"], d["memory"], d["vcpus"]) for d in domains}["idle"] == (3, 64, 2)


def test_pause(life):
    """A paused domain uses no CPU time; unpaused it does again."""
    _, out = life
    first, second = re.findall(r"^idle .*", out["paused"], re.M)
    assert first.split()[4] == "--p---"
    assert first == second
    resumed = re.search(r"^idle .*", out["resumed"], re.M)[0].split()
    assert resumed[4][2] == "-"
    assert float(resumed[5]) > float(first.split()[5])
    assert result(out["unpause-running"])[0] == 1


def test_same_name_twice(life):
    status, text = result(life[1]["start-twice"])
    assert (status, text.splitlines()[-1]) == (
        1, 'via create: a domain called "idle" exists')


def test_stats(life):
    stats = dict(re.findall(r"^(\w+) +: (\d+)$", life[1]["stats"], re.M))
    assert int(stats["exits_total"]) == sum(
        int(count) for name, count in stats.items()
        if name.startswith("exits_") and name != "exits_total")
    assert int(stats["exits_mmio_gic"]) > 0
    assert int(stats["interrupts"]) == 0


def test_destroy_running(life):
    _, out = life
    assert result(out["destroy-running"]) == (0, "")
    assert result(out["destroy-rebooted"]) == (0, "")
    assert list(rows(out["after"])) == ["Domain-0"]


def test_exit_statuses(life):
    _, out = life
    assert result(out["no-command"])[0] == 2
    assert result(out["usage"]) == (2, "usage: via destroy DOMAIN\n")
    status, text = result(out["help"])
    assert status == 0
    for command in ["info", "list", "create", "destroy", "console", "pci-assignable-add",
                    "pci-assignable-remove", "pci-assignable-list", "pci-list", "dmesg"]:
        assert re.search(rf"^  {command} ", text, re.M), command


def test_console_both_ways(machine):
    """A person at a guest's console: types, gets answers, leaves it with Ctrl-] and comes back."""
    options = scenario.overlay(machine, {"shell.cfg": guest("shell")})
    session = machine.interactive(*options)
    session.send("via create -c /etc/viaduct/shell.cfg\n")
    session.expect("Guest is up")
    session.expect("guest# ")
    session.send("echo $((6 * 7)) from $(hostname)\n")
    session.expect("42 from guest")
    session.send("\x1d")
    session.expect("control# ")
    assert session.command("via list shell | tail -n 1 | cut -d' ' -f1")[1] == "shell\n"
    session.send("via console shell\n")
    session.expect("guest# ")
    session.send("poweroff -f\n")
    session.expect("control# ")
    assert session.command("via destroy shell")[0] == 0
