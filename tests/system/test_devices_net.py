# SPDX-License-Identifier: BSD-2-Clause
"""Network cards of every kind: two guests whose drivers come and go, whose cards are removed, found
again and reset, and then exchange data over three wires, by MSI and by INTx. Two of the cards are
conventional PCI, behind one bridge.
"""

import json
import re

import pytest

import scenario
from conftest import root_port
from devices import CONSOLE, FULL, conventional_bridge, full_guest, hub_nic

# Card at end E of hub H becomes interface nHE with address 10.0.H.E. virtio's driver does not notice
# a reset, so it is not there meanwhile; the others are.
WORDS = r"""
modprobe virtio_net
P=/sys/bus/pci/drivers
cycle() { d=0000:00:0$1.0; n=0; while [ $n -lt COUNT ]; do
echo $d >$P/$2/unbind && echo $d >$P/$2/bind || break; n=$((n+1)); done; echo $2 bound $n; }
again() { b=0000:00:0$1.0 d=/sys/bus/pci/devices/0000:00:0$1.0 v=
echo 1 >$d/remove; [ -e $d ] && echo $2 stayed; echo 1 >/sys/bus/pci/rescan
[ -e $d/driver ] && echo $2 back; [ -e $d/reset ] || return; [ $2 = virtio-pci ] && v=1
[ $v ] && echo $b >$P/$2/unbind; echo 1 >$d/reset && echo $2 reset
[ $v ] && echo $b >$P/$2/bind; }
up() { for l in /sys/class/net/eth*; do read m <$l/address; m=${m#52:54:00:00:}
h=$((0x${m%:*})) e=$((0x${m#*:})) i=n$h$e; ip link set ${l##*/} name $i
ip addr add 10.0.$h.$e/24 dev $i; ip link set $i up; done; }
"""
# Sends back what it got, all of it, until somebody says that it is enough.
SERVER = WORDS + r"""
CYCLES
wait; AGAIN
printf '#!/bin/sh\nf=$(mktemp); cat >$f; cat $f; rm $f\n' >/tmp/echo; chmod +x /tmp/echo
for h in HUBS; do nc -ll -p 70$h -e /tmp/echo & done
up
nc -l -p 99 >/dev/null
grep -E ' n[0-9]|virtio' /proc/interrupts
"""
CLIENT = WORDS + r"""
CYCLES
wait; AGAIN; up
talk() { i=0; until ping -c 1 -W 1 10.0.$1.2 >/dev/null; do i=$((i+1)); [ $i -lt 600 ] || exit 20; done
s=$(sha256sum </tmp/out); [ "$(nc 10.0.$1.2 70$1 </tmp/out | sha256sum)" = "$s" ] && echo hub $1 same; }
dd if=/dev/urandom of=/tmp/out bs=64k count=32 2>/dev/null
for h in HUBS; do talk $h & done; wait
grep -E ' n[0-9]|virtio' /proc/interrupts
echo enough | nc 10.0.0.2 99
dmesg | grep -iE 'timeout|hang|reset adapter'; true
"""

CLIENT_CARDS = ["e1000", "8139cp", "igb"]
SERVER_CARDS = ["e1000e", "virtio-pci", "e1000e"]
CLIENT_PCI = ["02:01.0", "02:02.0", "03:00.0"]
SERVER_PCI = ["04:00.0", "05:00.0", "06:00.0"]

SCRIPT = r"""
cd /etc/viaduct
# In a name space of its own the other end of the wire does not take the short way.
modprobe virtio_net
unshare -n sleep 1000 &
other=$!
sleep 1
card=$(ls /sys/bus/pci/devices/0000:05:00.0/virtio*/net)
ip link set "$card" netns $other
nsenter -t $other -n ip addr add 10.0.1.2/24 dev "$card"
nsenter -t $other -n ip link set "$card" up
card=$(ls /sys/bus/pci/devices/0000:02:02.0/net)
ip addr add 10.0.1.1/24 dev "$card"; ip link set "$card" up
section neighbour
ping -q -c 2 -w 20 10.0.1.2 | grep received
via pci-assignable-add 02:01.0
ping -q -c 2 -w 20 10.0.1.2 | grep received
kill $other
section rest
for function in 02:02.0 03:00.0 04:00.0 05:00.0 06:00.0; do via pci-assignable-add $function; done
for how in msi nomsi; do
	via create server-$how.cfg && via create client-$how.cfg || exit 1
	console server-$how TIMEOUT >/tmp/server &
	section client $how; console client-$how TIMEOUT
	wait
	section server $how; cat /tmp/server
	via destroy client-$how; via destroy server-$how
done
wait_for sh -c '! via pci-list -a --json | grep resetting'
section functions; via pci-list -a --json
"""


def pair(how, count, hubs, extra):
    """Configurations of the two guests, with the cards on so many hubs."""
    files = {}
    for name, text, drivers, pci in [("client", CLIENT, CLIENT_CARDS, CLIENT_PCI),
                                     ("server", SERVER, SERVER_CARDS, SERVER_PCI)]:
        cycles = " & ".join(f"cycle {n + 1} {drivers[n]}" for n in range(hubs)) + " &"
        again = "; ".join(f"again {n + 1} {drivers[n]}" for n in range(hubs))
        text = (text.replace("CYCLES", cycles).replace("AGAIN", again).replace("COUNT", str(count))
                .replace("HUBS", " ".join(map(str, range(hubs)))))
        files[f"{name}-{how}.cfg"] = full_guest(f"{name}-{how}", text, pci=pci[:hubs], extra=extra)
    return files


@pytest.fixture(scope="module")
def network(module_machine, soak):
    machine, count = module_machine, 100 if soak else 20
    timeout = 200 + 5 * count
    options = [
        *conventional_bridge("old", port=1), *hub_nic("e1000", 0, 1, "old", ",addr=1"),
        *hub_nic("rtl8139", 1, 1, "old", ",addr=2"),
        *root_port(2), *hub_nic("igb", 2, 1, "rp2"),
        *root_port(3), *hub_nic("e1000e", 0, 2, "rp3"),
        *root_port(4), *hub_nic("virtio-net-pci", 1, 2, "rp4",
                                ",iommu_platform=on,disable-legacy=on"),
        *root_port(5), *hub_nic("e1000e", 2, 2, "rp5"), *FULL,
        *scenario.overlay(machine, {**pair("msi", count, 3, CONSOLE),
                                    **pair("nomsi", 1, 2, CONSOLE + " pci=nomsi")})]
    _, out = scenario.run(machine, SCRIPT.replace("TIMEOUT", str(timeout)), *options,
                          timeout=2 * timeout + 100)
    return out, count


def test_neighbour_behind_the_bridge(network):
    """They share a StreamID: quarantine of one leaves the other its DMA."""
    out, _ = network
    assert out["neighbour"].count("2 packets received") == 2


@pytest.mark.parametrize("how,hubs", [("msi", 3), ("nomsi", 2)])
def test_data_goes_and_comes_back(network, how, hubs):
    out, _ = network
    for hub in range(hubs):
        assert f"hub {hub} same\n" in out[f"client {how}"]
    for end in ("client", "server"):
        assert "guest: exit 0" in out[f"{end} {how}"]
    assert not re.search("(?i)timeout|hang|reset adapter", out[f"client {how}"])


@pytest.mark.parametrize("end,drivers", [("client", CLIENT_CARDS), ("server", SERVER_CARDS)])
def test_driver_comes_and_goes(network, end, drivers):
    out, count = network
    for driver in drivers:
        assert out[f"{end} msi"].count(f"{driver} bound {count}\n") == drivers.count(driver)


@pytest.mark.parametrize("how,hubs", [("msi", 3), ("nomsi", 2)])
@pytest.mark.parametrize("end,drivers", [("client", CLIENT_CARDS), ("server", SERVER_CARDS)])
def test_card_is_removed_found_and_reset(network, how, hubs, end, drivers):
    """All data goes afterwards. The conventional ones have no reset that a guest could ask for."""
    out, _ = network
    text, here = out[f"{end} {how}"], drivers[:hubs]
    assert "stayed" not in text
    for driver in here:
        assert text.count(f"{driver} back\n") == here.count(driver)
        resets = 0 if driver in ("e1000", "8139cp") else here.count(driver)
        assert text.count(f"{driver} reset\n") == resets


@pytest.mark.parametrize("how,end,name,kind", [
    ("msi", "client", "n01", "GICv3"), ("msi", "client", "n11", "GICv3"),
    ("msi", "client", "n21.*", "ITS"), ("msi", "server", "n02.*", "ITS"),
    ("msi", "server", "virtio.*", "ITS"), ("msi", "server", "n22.*", "ITS"),
    ("nomsi", "client", "n01", "GICv3"), ("nomsi", "client", "n11", "GICv3"),
    ("nomsi", "server", "n02", "GICv3"), ("nomsi", "server", "virtio.*", "GICv3"),
])
def test_interrupts(network, how, end, name, kind):
    """Conventional PCI has wires only; the others use what they may."""
    out, _ = network
    rows = re.findall(rf"^ *\d+: +(\d+) +(GICv3|ITS)\S* .* {name}$", out[f"{end} {how}"], re.M)
    assert rows and {row[1] for row in rows} == {kind}, out[f"{end} {how}"]
    assert sum(int(row[0]) for row in rows) > 20


def test_all_can_be_lent_again(network):
    """The conventional ones too: the bus behind their bridge was reset."""
    out, _ = network
    functions = {entry["bdf"]: entry for entry in json.loads(out["functions"])}
    for address in CLIENT_PCI + SERVER_PCI:
        entry = functions["0000:" + address]
        assert (entry["state"], entry["faults"]) == ("assignable", 0)
        assert entry["resets"] >= 2, address
