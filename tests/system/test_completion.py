# SPDX-License-Identifier: BSD-2-Clause
"""bash completes via's commands, options, domains and functions: bash itself, and answers like via's."""

import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent

VIA = r"""#!/bin/sh
case $* in
--help) printf 'usage: via COMMAND\n\n  list    the domains\n  pci-list  functions\n  pci-attach   lend\n\nvia x\n' ;;
'pci-list --help') printf 'usage: via pci-list [-v] [--json] DOMAIN | -a [-v] [--json]\nfunctions.\n' ;;
'create --help') printf 'usage: via create [-c] [-p] FILE [KEY=VALUE...]\nmake.\n' ;;
list) printf 'Name ID\nDomain-0 0 2046\ndisk 1 256\n' ;;
'pci-list -a') cat <<END
Device       ID        Class  State      User Group Faults Name
0000:00:01.0 1b36:000c 060400 owned         0     1      0
0000:01:00.0 1b36:0010 010802 assignable    -     2      0 ssd
0001:02:00.0 1b36:0010 010802 lent          1     3      0
END
;;
'pci-list disk') printf 'Vdev Device\n01.0 0001:02:00.0\n' ;;
'pci-assignable-list -n') printf '0000:01:00.0 ssd\n' ;;
*) exit 1 ;;
esac
"""

ASK = """
source "$1"; COMP_LINE=$2; COMP_POINT=${#2}
complete -p via >/dev/null && _via && printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """line -> what bash offers at its end."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "via").write_text(VIA)
    (folder / "via").chmod(0o755)
    (folder / "guest.cfg").touch()

    def ask(line):
        done = subprocess.run(
            ["bash", "--norc", "-c", ASK, "bash", TOP / "tools/via/via.bash", line], cwd=folder,
            env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.split()
    return ask


@pytest.mark.parametrize("line, words", [
    ("via ", ["list", "pci-list", "pci-attach"]),
    ("via pci-", ["pci-list", "pci-attach"]),
    ("via pci-list -", ["-v", "--json", "-a", "--help"]),
    ("via create -p --", ["--help"]),
    ("via list ", ["Domain-0", "disk"]),
    ("via list disk D", ["Domain-0"]),
    ("via vcpu-list disk D", ["Domain-0"]),
    ("via pci-list -v d", ["disk"]),
    ("via destroy disk ", []),
    ("via create ", ["guest.cfg", "via"]),
    ("via create -p gu", ["guest.cfg"]),
    ("via create guest.cfg ", []),
    ("via pci-attach disk ", ["0000:01:00.0"]),
    ("via pci-attach disk 0000:01", ["01:00.0"]),
    ("via pci-detach -f disk ", ["0001:02:00.0"]),
    ("via pci-assignable-add 0", ["0000:00:01.0"]),
    ("via pci-assignable-remove s", ["ssd"]),
    ("via pci-doctor 0000:01:00.0 0001:02:", ["00.0"]),
    ("via frobnicate ", []),
])
def test_completion(complete, line, words):
    assert sorted(set(complete(line))) == sorted(words)
