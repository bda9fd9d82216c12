# SPDX-License-Identifier: BSD-2-Clause
"""The user's guide shows what the machine prints."""

import subprocess

from conftest import TOP


def test_transcripts_are_real():
    """Every command of docs/manual.md that has a machine to run on."""
    done = subprocess.run([TOP / "scripts/manual", "--check"], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
