# SPDX-License-Identifier: BSD-2-Clause
"""Words that scenarios with guests share: sections of a script's output, guests and their work.

A boot costs more than a check, so a scenario boots once, its script prints sections, and each test
asserts one of them:

    section one; lspci
    section two; via list
"""

import base64
import re

from conftest import PATIENCE

# Put before every scenario's script.
PRELUDE = r"""
section() { echo "=== $*"; }

# try NAME COMMAND...: a section with the command's output and, at its end, "status N".
try()
{
	section "$1"
	shift
	"$@" 2>&1
	echo "status $?"
	section rest
}

# wait_for COMMAND...: until it is true, for some minutes.
wait_for()
{
	tries=3000
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		usleep 100000
	done
}

# state NAME: a domain's state letters, or nothing when there is none.
state() { via list "$1" 2>/dev/null | awk 'NR == 2 { print $5 }'; }
is_over() { case $(state "$1") in *s*) true ;; *) false ;; esac; }

# console NAME SECONDS: all a domain prints until it ends, which takes less on an idle machine.
console() { timeout $((PATIENCE * $2)) via console "$1" </dev/null 2>&1 | tr -d '\r'; }

# listen NAME: what a domain prints from its beginning on, in the background, and nothing that was
# heard before.
listen() { : >"/tmp/$1"; via console "$1" </dev/null >"/tmp/$1" 2>&1 & }

# said NAME PATTERN: the first line of a domain's console that begins with it, as soon as it is there.
said() { wait_for grep -q "^$2" "/tmp/$1" && grep -m 1 "^$2" "/tmp/$1"; }

# type_to NAME LINE: Ctrl-] leaves the console again.
type_to() { printf '%s\n\035' "$2" | via console "$1" >/dev/null; }
has_id() { via list "$1" | grep -q "^$1 *$2 "; }

# disk SBDF: the block device of an NVMe controller, when there is one.
disk()
{
	controller=$(basename /sys/bus/pci/devices/"$1"/nvme/nvme*)
	for link in /sys/class/nvme-subsystem/*/"$controller"; do
		for name in "${link%/*}"/nvme*n1; do
			[ -b "/dev/$(basename "$name")" ] && echo "/dev/$(basename "$name")"
		done
	done
}

has_disk() { [ -n "$(disk "$1")" ]; }
"""


def sections(output):
    """{name: text} of what a script printed."""
    parts = re.split(r"^=== (.*)\n", output, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def result(text):
    """(status, output) of a section made by try."""
    match = re.fullmatch(r"(.*?)status (\d+)\n", text, re.S)
    assert match, f"no status in {text!r}"
    return int(match[2]), match[1]


def guest(name, script=None, *, memory=256, vcpus=1, pci=(), kernel="/boot/Image",
          ramdisk="/boot/initramfs", extra="console=ttyAMA0 quiet"):
    """A guest's configuration. The script runs in it, before it powers off."""
    if script is not None:
        extra += " viaduct.run=" + base64.b64encode(script.encode()).decode()
    lines = [f'name = "{name}"', f"memory = {memory}", f"vcpus = {vcpus}",
             f'kernel = "{kernel}"', f'extra = "{extra}"']
    if ramdisk:
        lines.append(f'ramdisk = "{ramdisk}"')
    if pci:
        lines.append("pci = [ " + ", ".join(f'"{spec}"' for spec in pci) + " ]")
    return "\n".join(lines) + "\n"


def image(name, test, **options):
    """A guest that runs one of tests/guest's images."""
    return guest(name, kernel=f"/usr/lib/viaduct/guest/{test}.bin", ramdisk=None,
                 **{"memory": 32, "extra": "", **options})


def overlay(machine, files):
    """Launcher options that put files {name: text} into the control domain's /etc/viaduct."""
    top = machine.directory / "overlay/etc/viaduct"
    top.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (top / name).write_text(text)
    return ["--overlay", machine.directory / "overlay"]


def run(machine, script, *options, timeout=300):
    """Run a scenario: (Run, its sections). A script that fails shows everything there is."""
    done = machine.run(f"PATIENCE={PATIENCE}\n" + PRELUDE + script, *options, timeout=timeout)
    (machine.directory / f"output{machine.count}").write_text(done.output)
    assert done.status == 0, (
        f"status {done.status}: {done.errors}\n{done.output}\n{done.log[-3000:]}")
    return done, sections(done.output)
