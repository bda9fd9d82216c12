# SPDX-License-Identifier: BSD-2-Clause
"""What docs/requirements.md, security.md and testing.md name is there: files, functions, tests."""

import re

from conftest import TOP

TEXT = (TOP / "docs/security.md").read_text()
REQUIREMENTS = (TOP / "docs/requirements.md").read_text()


def test_code_exists():
    files = re.findall(r"`(\w+/[\w/]+\.\w+)`", TEXT)
    assert len(files) > 40
    missing = [name for name in files if not (TOP / "hypervisor" / name).is_file()]
    assert missing == []


def test_required_code_exists():
    """Below hypervisor/ unless the path begins at the top; a function is one at a line's start."""
    named = re.findall(r"`((?:\w+/)+\w+\.[ch])(?::(\w+))?`", REQUIREMENTS)
    assert len(named) > 80
    for file, function in named:
        path = TOP / file if (TOP / file).exists() else TOP / "hypervisor" / file
        assert path.is_file(), file
        assert not function or re.search(
            rf"^[^\s;][^\n;]*\b{function}\([^;]*$", path.read_text(), re.M), (file, function)


def test_every_requirement_is_answered():
    """In order; what is said to be met, in full or otherwise, names code and a test."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]]
            for line in REQUIREMENTS.splitlines() if re.match(r"\| \d+\.\d+ \|", line)]
    numbers = [tuple(map(int, row[0].split("."))) for row in rows]
    assert {patch for patch, _ in numbers} == set(range(1, 11))
    assert numbers == [(patch, number) for patch in range(1, 11)
                       for number in range(1, 1 + sum(row[0] == patch for row in numbers))]
    for number, _, met, code, test in rows:
        answer = re.match(r"yes|otherwise|part|no", met)[0]
        assert answer in ("part", "no") or ("`" in code and "`test_" in test), number


def test_tests_exist():
    text = TEXT + REQUIREMENTS + (TOP / "docs/testing.md").read_text()
    tests = re.findall(r"`(test_\w+\.(?:c|py)):(\w+)`", text)
    assert len(tests) > 40
    for file, function in tests:
        folder = "system" if file.endswith(".py") else "host"
        source = (TOP / "tests" / folder / file).read_text()
        assert re.search(rf"^(def|static void) {function}\(", source, re.M), (file, function)


def test_json_has_a_schema():
    """Each command that takes --json, by its line of usage, and no other."""
    usage = re.findall(r'^\t\{ "([\w-]+)", "([^"]*)"',
                       (TOP / "tools/via/command.c").read_text(), re.M)
    assert {name for name, arguments in usage if "--json" in arguments} == {
        path.stem for path in (TOP / "docs/json-schema").iterdir()}
