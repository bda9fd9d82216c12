# SPDX-License-Identifier: BSD-2-Clause
"""The Debian packages of `make deb`, for the tests of them."""

import fcntl
import shutil
import subprocess

from conftest import TOP


def build(directory):
    """{package: file}, in a directory of one's own: another test may build them anew meanwhile."""
    with open(TOP / "build/.deb.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([TOP / "scripts/setup", "deb"], check=True)
        subprocess.run([TOP / "scripts/deb"], check=True)
        for path in (TOP / "build/deb").glob("*_arm64.*"):
            shutil.copy(path, directory)
    return {path.name.partition("_")[0]: path for path in directory.glob("*.deb")}
