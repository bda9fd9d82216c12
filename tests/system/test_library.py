# SPDX-License-Identifier: BSD-2-Clause
"""libviaduct as programs of others use it: installed, found by pkg-config, linked, run."""

import os
import re
import subprocess

import pytest

import scenario
from conftest import TOP, nvme
from scenario import guest

CROSS = "aarch64-linux-gnu-"
LIBRARIES = TOP / "build/sysroot/usr/lib/aarch64-linux-gnu"
HEADER = (TOP / "tools/libviaduct/viaduct.h").read_text()
ABI = re.search(r"#define CONTROL_ABI_VERSION (\d+)U",
                (TOP / "include/viaduct/control.h").read_text())[1]


def run(*command, **environment):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True,
                          text=True, env={**os.environ, **environment}).stdout


@pytest.fixture(scope="module")
def installed(module_machine):
    """The root below which everything is installed."""
    top = module_machine.directory / "installed"
    run("meson", "install", "-C", TOP / "build/arm64", "--no-rebuild", "--destdir", top)
    return top


def pkg_config(installed, *words):
    where, = installed.rglob("libviaduct.pc")
    return run("pkg-config", *words, "libviaduct", PKG_CONFIG_LIBDIR=str(where.parent),
               PKG_CONFIG_SYSROOT_DIR=str(installed), PKG_CONFIG_ALLOW_SYSTEM_CFLAGS="1",
               PKG_CONFIG_ALLOW_SYSTEM_LIBS="1").split()


@pytest.fixture(scope="module")
def program(installed, module_machine):
    """The example, built as its first lines say."""
    out = module_machine.directory / "functions"
    run(CROSS + "gcc", "-Wall", "-Wextra", "-Werror", "-o", out, TOP / "docs/examples/functions.c",
        *pkg_config(installed, "--cflags", "--libs"), f"-Wl,-rpath-link,{LIBRARIES}")
    return out


def library(installed):
    found, = (path for path in installed.rglob(f"libviaduct.so.{ABI}*") if not path.is_symlink())
    return found


def test_names(installed):
    """The library's name changes with the interface, whose structures it hands out."""
    dynamic = run(CROSS + "readelf", "-d", library(installed))
    assert f"soname: [libviaduct.so.{ABI}]" in dynamic
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", dynamic))
    assert needed <= {"libfdt.so.1", "libc.so.6", "ld-linux-aarch64.so.1"}
    assert pkg_config(installed, "--modversion") == [
        re.search(r'VIADUCT_RELEASE "(.*)"', (TOP / "include/viaduct/version.h").read_text())[1]]


def test_symbols_are_those_of_the_header(installed):
    types = set(re.findall(r"typedef \w+ (viaduct_\w+)\(", HEADER))
    declared = set(re.findall(r"\b(viaduct_\w+)\(", HEADER)) - types
    listing = run(CROSS + "nm", "-D", "--defined-only", library(installed))
    symbols = {line.split()[2] for line in listing.splitlines()}
    assert {name.split("@@")[0] for name in symbols} == declared | {f"LIBVIADUCT_{ABI}"}
    assert all(name.endswith(f"@@LIBVIADUCT_{ABI}") for name in symbols
               if name.startswith("viaduct_"))


def test_header_stands_alone(installed, tmp_path):
    """With nothing before it, in plain C11."""
    (tmp_path / "a.c").write_text("#include <viaduct.h>\n")
    run(CROSS + "gcc", "-std=c11", "-pedantic", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
        tmp_path / "a.c", *pkg_config(installed, "--cflags"))


def test_example(installed, program, module_machine):
    root = module_machine.directory / "overlay/usr"
    for path, to in ((program, "bin/functions"), (library(installed), f"lib/libviaduct.so.{ABI}")):
        (root / to).parent.mkdir(parents=True, exist_ok=True)
        (root / to).write_bytes(path.read_bytes())
        (root / to).chmod(0o755)
    options = scenario.overlay(module_machine, {"g.cfg": guest("g", pci=["01:00.0,seize=1"])})
    disk = module_machine.raw_image("disk.img", 8)
    _, out = scenario.run(module_machine, """
export LD_LIBRARY_PATH=/usr/lib
via create -p /etc/viaduct/g.cfg >/dev/null
section list; functions
via destroy g
""", *options, *nvme(disk, 1))
    assert re.fullmatch(r"Domain-0\ng\n  0000:01:00.0  1b36:0010\n", out["list"])
