# SPDX-License-Identifier: BSD-2-Clause
"""The Debian packages of `make deb`: what they hold, and what lintian says of them."""

import hashlib
import re
import subprocess

import pytest

from conftest import TOP
from packages import build

ABI = re.search(r"#define CONTROL_ABI_VERSION (\d+)U",
                (TOP / "include/viaduct/control.h").read_text())[1]
LIBRARY = f"libviaduct{ABI}"
LIB = "/usr/lib/aarch64-linux-gnu"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return build(tmp_path_factory.mktemp("packages"))


def dpkg(*arguments):
    return subprocess.run(["dpkg-deb", *arguments], capture_output=True, text=True,
                          check=True).stdout


def modes(package):
    """{file: mode and owner} of a package's files."""
    rows = [line.split() for line in dpkg("--contents", package).splitlines()]
    return {row[5][1:]: f"{row[0]} {row[1]}" for row in rows if not row[5].endswith("/")}


def test_lintian_has_nothing_to_say(packages):
    """Overridden is only what debian/*.lintian-overrides names, and those rules are needed."""
    changes, = packages["viaduct"].parent.glob("*.changes")
    done = subprocess.run(
        ["lintian", "--allow-root", "--display-info", "--show-overrides", "--fail-on", "none",
         changes],
        capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()) == (0, [
        "N: via top draws with it; as above.",
        "O: viaduct-utils: embedded-library ncurses [usr/bin/via]",
        "N: Runs in a control domain's initramfs, too, where there may be no library.",
        "O: viaduct-utils: statically-linked-binary [usr/bin/via]"]), done.stderr


def test_contents(packages):
    assert set(packages) == {"viaduct", "viaduct-utils", LIBRARY, "libviaduct-dev"}
    program, file = "-rwxr-xr-x root/root", "-rw-r--r-- root/root"
    viaduct, utils, library, dev = (modes(packages[name]) for name in (
        "viaduct", "viaduct-utils", LIBRARY, "libviaduct-dev"))
    docs = {f"/usr/share/doc/{name}" for name in packages}
    assert {name: mode for name, mode in library.items() if name.rsplit("/", 1)[0] not in docs} == {
        f"{LIB}/libviaduct.so.{ABI}": file,
    }
    assert {name: mode for name, mode in dev.items() if name.rsplit("/", 1)[0] not in docs} == {
        "/usr/include/viaduct.h": file,
        "/usr/include/viaduct/control.h": file,
        f"{LIB}/libviaduct.so": "lrwxrwxrwx root/root",
        f"{LIB}/pkgconfig/libviaduct.pc": file,
        "/usr/share/doc/libviaduct-dev/examples/functions.c": file,
    }
    assert {name: mode for name, mode in viaduct.items() if name.rsplit("/", 1)[0] not in docs} == {
        "/usr/lib/viaduct/viaduct.bin": file,
        "/usr/sbin/viaduct-boot-image": program,
        "/usr/share/doc/viaduct/examples/boot.conf": file,
        "/usr/share/man/man8/viaduct-boot-image.8.gz": file,
    }
    assert {name: mode for name, mode in utils.items() if name.rsplit("/", 1)[0] not in docs} == {
        "/lib/systemd/system/via@.service": file,
        "/usr/bin/via": program,
        "/usr/share/bash-completion/completions/via": file,
        "/usr/share/doc/viaduct-utils/examples/guest.cfg": file,
        "/usr/share/lintian/overrides/viaduct-utils": file,
        "/usr/share/man/man1/via.1.gz": file,
        "/usr/share/man/man5/via.cfg.5.gz": file,
        **{f"/usr/share/viaduct/json-schema/{path.name}": file
           for path in (TOP / "docs/json-schema").iterdir()},
    }


def test_contents_are_the_build(packages, tmp_path):
    for package in packages.values():
        dpkg("--extract", package, tmp_path)
    built = (TOP / "build/arm64/hypervisor/viaduct.bin").read_bytes()
    assert (tmp_path / "usr/lib/viaduct/viaduct.bin").read_bytes() == built
    # An arm64 program.
    assert (tmp_path / "usr/bin/via").read_bytes()[18:20] == b"\xb7\0"


def test_the_library_says_what_is_in_it(packages, tmp_path):
    """Its symbols, so that who links it depends on the right version; and what it needs itself."""
    dpkg("--control", packages[LIBRARY], tmp_path)
    lines = (tmp_path / "symbols").read_text().splitlines()
    assert lines[0] == f"libviaduct.so.{ABI} {LIBRARY} #MINVER#"
    header = (TOP / "tools/libviaduct/viaduct.h").read_text()
    symbols = {line.split("@")[0].strip() for line in lines[2:]}
    assert {"viaduct_open", "viaduct_domain_list", "viaduct_pci_attach"} <= symbols
    assert all(name in header for name in symbols if name.startswith("viaduct_"))
    fields = dpkg("--field", packages[LIBRARY], "Depends")
    assert re.findall(r"[\w.-]+(?= \()", fields) == ["libc6", "libfdt1"]
    version = dpkg("--field", packages[LIBRARY], "Version").strip()
    assert dpkg("--field", packages["libviaduct-dev"], "Depends").strip() == (
        f"{LIBRARY} (= {version})")


def test_version_is_the_release_or_older(packages):
    """What is built between two releases is replaced by the next one."""
    release = re.search(r"version: '(.*)'", (TOP / "meson.build").read_text())[1]
    for name, package in packages.items():
        fields = dpkg("--field", package, "Version", "Architecture", "Package")
        version = re.search(r"^Version: (\S+)$", fields, re.M)[1]
        assert version.startswith(release)
        subprocess.run(["dpkg", "--compare-versions", version, "le", release], check=True)
        assert f"Architecture: arm64\nPackage: {name}\n" in sorted_fields(fields)


def sorted_fields(text):
    return "".join(sorted(text.splitlines(keepends=True)))


def test_the_same_tree_makes_the_same_packages(packages, tmp_path):
    """Also when its files have another date."""
    before = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in packages.items()}
    (TOP / "debian/rules").touch()
    (TOP / "tools/via/via.bash").touch()
    again = build(tmp_path)
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in again.items()} == before


def test_boot_description_is_one(packages, tmp_path):
    """The example, with the files it names, is what viaduct-boot-image takes."""
    for package in packages.values():
        dpkg("--extract", package, tmp_path)
    text = (tmp_path / "usr/share/doc/viaduct/examples/boot.conf").read_text()
    header = bytes(16) + (4096).to_bytes(8, "little") + bytes(32) + b"ARM\x64" + bytes(4)
    (tmp_path / "vmlinuz").write_bytes(header.ljust(4096, b"k"))
    (tmp_path / "initrd.img").write_bytes(b"initrd")
    (tmp_path / "boot.conf").write_text(re.sub(r"= /", f"= {tmp_path}/", text))
    subprocess.run([tmp_path / "usr/sbin/viaduct-boot-image", "-o", tmp_path / "boot",
                    tmp_path / "boot.conf"], check=True)
    assert sorted(path.name for path in (tmp_path / "boot").iterdir()) == ["boot.scr", "viaduct.itb"]
