# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/check says of a test that failed: which, and why, in one line."""

import importlib.machinery
import importlib.util
import sys

import pytest

from conftest import TOP

ASSERTION = ("[==========] Running 4 test(s).\n[ RUN      ] good\n[       OK ] good\n"
             "[ RUN      ] bad_one\n[  FAILED  ] bad_one\n[ RUN      ] bad_setup\n"
             "[ RUN      ] bad_two\n[  FAILED  ] bad_two\n[==========] 4 test(s) run.\n",
             "[  ERROR   ] --- 0x1 != 0x2\n[   LINE   ] --- ../test_x.c:9: error: Failure!\n"
             "Could not run test: Test setup failed\n[  ERROR   ] bad_setup\n"
             "[  ERROR   ] --- Test failed with exception: Segmentation fault(11)\n"
             "[  PASSED  ] 1 test(s).\n[  FAILED  ] 2 test(s), listed below:\n"
             "[  FAILED  ] bad_one\n[  FAILED  ] bad_two\n\n 3 FAILED TEST(S)\n")
SANITIZER = ("[ RUN      ] good\n[       OK ] good\n[ RUN      ] wild\n",
             "a.c:1:2: runtime error: index 5 out of bounds for type 'int [3]'\n    #0 0x1 in wild\n")
INTERLEAVING = ("[ RUN      ] two_at_once\nlock &f->lock: taken twice\n\n"
                "interleaving detach, COMMAND, at point 12; switches at 3 4\n", "")


@pytest.fixture(scope="module")
def check():
    loader = importlib.machinery.SourceFileLoader("check", str(TOP / "scripts/check"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
    without, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = without
    return module


def failures(check, said, result="FAIL", status=1):
    return check.program_failures("host", {
        "name": "x", "result": result, "returncode": status, "stdout": said[0], "stderr": said[1]})


def test_assertion(check):
    assert sorted(failures(check, ASSERTION)) == [
        "failed: host: x bad_one: ../test_x.c:9: error: Failure!: 0x1 != 0x2",
        "failed: host: x bad_setup: setup failed",
        "failed: host: x bad_two: Test failed with exception: Segmentation fault(11)"]


def test_a_program_that_dies(check):
    assert failures(check, SANITIZER) == [
        "failed: host: x wild: FAIL, status 1: runtime error: index 5 out of bounds for type 'int [3]'"]
    assert failures(check, INTERLEAVING, "FAIL", -6) == [
        "failed: host: x two_at_once: FAIL, status -6: lock &f->lock: taken twice"]
    assert failures(check, ("", ""), "TIMEOUT", -9) == ["failed: host: x none: TIMEOUT, status -9:"]


def test_pytest_report(check, tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="tests.system.test_a" name="test_b[c]">'
        '<failure message="AssertionError: no&#10;disk&#10;assert 1 == 2">more</failure></testcase>'
        '<testcase classname="tests.system.test_a" name="test_c"/>'
        '<testcase classname="tests.system.test_a" name="test_d"><skipped/></testcase>'
        '<testcase classname="tests.system.test_a" name="test_e"><error message="fixture"/></testcase>'
        '<testcase classname="tests.system.test_a" name="test_f"><failure message="AssertionError: &#10;'
        'Traceback (most recent call last):&#10;OSError: [Errno 28] No space left"/></testcase>'
        '</testsuite></testsuites>')
    assert check.pytest_failures(report) == (1, [
        "failed: system: tests/system/test_a.py::test_b[c]: AssertionError: no",
        "failed: system: tests/system/test_a.py::test_e: fixture",
        "failed: system: tests/system/test_a.py::test_f: OSError: [Errno 28] No space left"])


def test_one_line_whatever_the_reason(check):
    assert check.failure("lint", "scripts/lint", "\n\n a.c:1: bad\nb.c:2: bad\n") == \
        "failed: lint: scripts/lint: a.c:1: bad"
    assert check.failure("fuzz", "fuzz_x", "") == "failed: fuzz: fuzz_x: no reason given"
    assert len(check.failure("fuzz", "fuzz_x", 10000 * "x")) < 400
