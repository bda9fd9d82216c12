# SPDX-License-Identifier: BSD-2-Clause
"""One disk goes round among three running guests, each of which reads what the last one wrote."""

import hashlib
import json
import random

import scenario
from conftest import nvme
from scenario import guest

# The disk has a number in its first sector, a checksum in the second, and from the ninth on what
# it is of. By the number a guest knows how it will lose the disk: torn out while it reads, asked for
# it, or by its own turning the slot off.
USE = r"""
modprobe -q nvme
S=/sys/bus/pci/slots/28; B=/sys/bus/pci/devices/0000:01:00.0
get() { dd if=$D bs=512 $* 2>/dev/null; }
put() { dd of=$D bs=512 conv=sync,fsync $* 2>/dev/null; }
sum() { sha256sum | head -c 64; }
ls $S >/dev/null && echo ready
while :; do
	until D=$(ls /dev/nvme*n1 2>/dev/null) && n=$(get count=1 | head -n 1) && [ "$n" ]; do
		usleep 200000
	done
	how=bad
	[ "$(get skip=1 count=1 | head -c 64)" = "$(get skip=8 count=2048 | sum)" ] && how=good
	n=$((n + 1))
	head -c 1048576 /dev/urandom >/tmp/new
	put seek=8 </tmp/new; sum </tmp/new | put seek=1; echo $n | put
	echo "move $n $how $(grep -c nvme0q /proc/interrupts)"
	case $n in
	*[13579]) while [ -e $B ]; do get count=2048 >/dev/null; done ;;
	*0) ;;
	*) echo 0 >$S/power ;;
	esac
	while [ -e $B ]; do usleep 50000; done
	echo "gone $n"
done
"""

MOVES = r"""
cd /etc/viaduct
via pci-assignable-add -n disk 02:00.0
for name in a b c; do via create $name.cfg && listen $name || exit 1; done
for name in a b c; do said $name ready; done
is_free() { via pci-assignable-list | grep -q 02:00.0; }
for move in $(seq COUNT); do
	set -- a b c; shift $((move % 3))
	via pci-attach $1 02:00.0 || exit 1
	section "move $move"; said $1 "move $move " || exit 1
	case $move in
	*[13579]) via pci-detach -f $1 02:00.0 || exit 1 ;;
	*0) via pci-detach -t 900 $1 02:00.0 || exit 1 ;;
	esac
	said $1 "gone $move" || exit 1
	case $move in *[2468]) via pci-detach -t 900 $1 02:00.0 || exit 1 ;; esac
	wait_for is_free || exit 1
	section "info $move"; via info --json
	for name in Domain-0 a b c; do section "stats $move $name"; via stats --json $name; done
	section "functions $move"; via pci-list -a --json
done
section log; via dmesg | grep -i -e error -e broken
section end; for name in a b c; do via destroy $name; done
via pci-assignable-remove -r disk; wait_for has_disk 0000:02:00.0
section disk; head -n 1 "$(disk 0000:02:00.0)"
"""


def counters(out, move):
    """What must not grow: of the machine, and of each domain its tables."""
    info = json.loads(out[f"info {move}"])
    found = {key: info[key] for key in ["free_bytes", "heap_used_bytes", "lpis_used"]}
    for name in ["Domain-0", "a", "b", "c"]:
        found[f"tables of {name}"] = json.loads(out[f"stats {move} {name}"])["table_bytes"]
    return found


def functions(out, move):
    return [{key: value for key, value in entry.items() if key not in {"resets", "interrupts"}}
            for entry in json.loads(out[f"functions {move}"])]


def test_moves_leak_nothing(machine, soak):
    """Data are right at each, and when all three have had it once nothing grows any more."""
    count = 500 if soak else 20
    content = random.Random(8).randbytes(1 << 20)
    disk = machine.raw_image("disk.img", 4)
    first = [b"0\n", hashlib.sha256(content).hexdigest().encode()]
    disk.write_bytes(b"".join(part.ljust(512, b"\0") for part in first) + bytes(3072) + content +
                     bytes((3 << 20) - 4096))
    options = [*nvme(machine.raw_image("keep.img", 4), port=1), *nvme(disk, port=2),
               *scenario.overlay(machine, {f"{name}.cfg": guest(name, USE, memory=128)
                                           for name in "abc"})]
    _, out = scenario.run(machine, MOVES.replace("COUNT", str(count)), *options,
                          timeout=300 + 60 * count)
    for move in range(1, count + 1):
        words = out[f"move {move}"].split()
        assert words[:3] == ["move", str(move), "good"] and int(words[3]) >= 2
    for move in range(4, count + 1):
        assert counters(out, move) == counters(out, 3), f"move {move}"
        assert functions(out, move) == functions(out, 3), f"move {move}"
    assert out["log"] == ""
    assert out["disk"] == f"{count}\n"
