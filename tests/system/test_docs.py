# SPDX-License-Identifier: BSD-2-Clause
"""What docs/security.md and docs/testing.md name is there: each file of code, each test."""

import re

from conftest import TOP

TEXT = (TOP / "docs/security.md").read_text()


def test_code_exists():
    files = re.findall(r"`(\w+/[\w/]+\.\w+)`", TEXT)
    assert len(files) > 40
    missing = [name for name in files if not (TOP / "hypervisor" / name).is_file()]
    assert missing == []


def test_tests_exist():
    text = TEXT + (TOP / "docs/testing.md").read_text()
    tests = re.findall(r"`(test_\w+\.(?:c|py)):(\w+)`", text)
    assert len(tests) > 40
    for file, function in tests:
        folder = "system" if file.endswith(".py") else "host"
        source = (TOP / "tests" / folder / file).read_text()
        assert re.search(rf"^(def|static void) {function}\(", source, re.M), (file, function)
