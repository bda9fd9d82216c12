# SPDX-License-Identifier: BSD-2-Clause
"""What system tests are written with: the launcher, disk images, and a console to talk to.

    def test_disk(machine):
        disk = machine.ext4_image("disk.img", 64, {"hello": b"world"})
        run = machine.run("mount /dev/nvme0n1 /mnt && cat /mnt/hello", *nvme(disk, port=1))
        assert (run.status, run.output) == (0, "world")

`machine` is a fixture; each test gets its own directory for images and logs. Options are the
launcher's own, as it takes them on its command line.
"""

import dataclasses
import hashlib
import os
import pathlib
import random
import re
import subprocess

import pexpect
import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LAUNCHER = TOP / "scripts/viaduct-qemu"
# A limit of time ends what hangs; what is slow it must let be. All are written for an idle machine.
PATIENCE = 5
RUN_SECONDS = 120
BOOT_SECONDS = 600


def root_port(port, bus="pcie.0"):
    """Options for PCI Express root port number `port`, from 1, with id rp<port>."""
    return ["--device", f"pcie-root-port,id=rp{port},chassis={port},bus={bus}"]


def nvme(image, port, root="pcie.0", **properties):
    """Options for an NVMe disk with serial number nvme<port>, behind a root port of its own."""
    drive = f"disk{port}"
    device = {"serial": f"nvme{port}", "drive": drive, "bus": f"rp{port}", **properties}
    return [
        *root_port(port, root),
        "--drive", f"if=none,format=raw,file={image},id={drive}",
        "--device", "nvme," + ",".join(f"{key}={value}" for key, value in device.items()),
    ]


def e1000e(port):
    """Options for a network card on a user-mode network, behind a root port of its own."""
    return [
        *root_port(port),
        "--qemu", f"-netdev user,id=net{port},restrict=on",
        "--device", f"e1000e,netdev=net{port},bus=rp{port}",
    ]


@dataclasses.dataclass
class Run:
    """A finished run: exit status, the script's output, the launcher's messages, console log."""

    status: int
    output: str
    errors: str
    log: str


class Session:
    """The control domain's shell on the console."""

    PROMPT = "control# "

    def __init__(self, child):
        self.child = child
        self.expect(re.escape(self.PROMPT), timeout=BOOT_SECONDS)
        # Without echo the shell does no line editing: what comes back is output only.
        self.send("stty -echo\n")
        self.expect(re.escape(self.PROMPT))

    def expect(self, pattern, timeout=60):
        """Wait for a regular expression; returns the match object."""
        self.child.expect(pattern, timeout=PATIENCE * timeout)
        return self.child.match

    def send(self, text):
        """Type text as it is."""
        self.child.send(text)

    def command(self, line, timeout=60):
        """Run one line in the shell; returns (exit status, output)."""
        self.child.send(line + "; echo status=$?\n")
        self.child.expect(r"status=(\d+)\r+\n", timeout=PATIENCE * timeout)
        result = int(self.child.match[1]), self.child.before.replace("\r", "")
        self.expect(re.escape(self.PROMPT))
        return result

    def close(self):
        self.child.close(force=True)


def wait_with_progress(process, output):
    """Say every minute what the script printed last; shown under `make soak`."""
    while True:
        try:
            process.wait(60)
            return
        except KeyboardInterrupt:
            process.kill()
            raise
        except subprocess.TimeoutExpired:
            lines = output.read_text(errors="replace").splitlines() or ["nothing yet"]
            print(f" ... {next((line for line in lines[::-1] if line[:4] == '=== '), lines[-1])}",
                  flush=True)


class Machine:
    """Runs machines and makes their disks, in one test's directory."""

    def __init__(self, directory):
        self.directory = directory
        self.sessions = []
        self.count = 0

    def run(self, script, *options, timeout=RUN_SECONDS):
        """Run a shell script in the control domain of a machine with these launcher options."""
        self.count += 1
        file = self.directory / f"script{self.count}.sh"
        file.write_text("#!/bin/sh\n" + script + "\n")
        return self.launch("--script", file, "--timeout", PATIENCE * timeout, *options)

    def launch(self, *options):
        """Run the launcher to its end, without a console."""
        log = self.directory / f"console{self.count}.log"
        output, errors = self.directory / "stdout", self.directory / "stderr"
        with open(output, "wb") as out, open(errors, "wb") as err:
            with subprocess.Popen(
                    [LAUNCHER, "--log", log, *map(str, options)], stdin=subprocess.DEVNULL,
                    stdout=out, stderr=err) as process:
                wait_with_progress(process, output)
        return Run(
            process.returncode, output.read_text(errors="replace"),
            errors.read_text(errors="replace"),
            log.read_text(errors="replace") if log.exists() else "")

    def run_twice(self, script, *options, timeout=RUN_SECONDS):
        """The same script with Viaduct and on bare metal: (with, bare)."""
        return (self.run(script, *options, timeout=timeout),
                self.run(script, "--bare", *options, timeout=timeout))

    def interactive(self, *options):
        """Start a machine and wait for the control domain's prompt; closed with the test."""
        self.count += 1
        log = self.directory / f"console{self.count}.log"
        child = pexpect.spawn(
            str(LAUNCHER), ["--log", str(log), *map(str, options)], encoding="utf-8",
            codec_errors="replace", timeout=PATIENCE * RUN_SECONDS, echo=False, dimensions=(40, 200))
        session = Session(child)
        self.sessions.append(session)
        return session

    def close(self):
        for session in self.sessions:
            session.close()

    def raw_image(self, name, mib, seed=None):
        """A disk of zeroes, or of random bytes that only depend on the seed."""
        path = self.directory / name
        with open(path, "wb") as image:
            if seed is None:
                image.truncate(mib << 20)
            else:
                image.write(random.Random(seed).randbytes(mib << 20))
        return path

    def ext4_image(self, name, mib, files):
        """A disk with an ext4 file system that holds files {name: bytes} and SHA256SUMS."""
        path = self.directory / name
        tree = self.directory / (name + ".d")
        tree.mkdir()
        sums = ""
        for file, data in files.items():
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            (tree / file).write_bytes(data)
            sums += f"{hashlib.sha256(data).hexdigest()}  {file}\n"
        (tree / "SHA256SUMS").write_text(sums)
        subprocess.run(
            ["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, path, f"{mib}M"], check=True)
        return path

    @staticmethod
    def read_ext4(image, name):
        """Contents of a file on such a disk, after the run."""
        done = subprocess.run(
            ["/sbin/debugfs", "-R", f"cat /{name}", str(image)], check=True, capture_output=True)
        return done.stdout


@pytest.fixture
def machine(tmp_path):
    one = Machine(tmp_path)
    yield one
    one.close()


@pytest.fixture(scope="module")
def module_machine(tmp_path_factory):
    """One machine's directory for all tests of a file, for scenarios that boot once."""
    one = Machine(tmp_path_factory.mktemp("machine"))
    yield one
    one.close()


@pytest.fixture(scope="session")
def soak():
    """True when `make soak` asks for the large counts."""
    return bool(os.environ.get("VIADUCT_SOAK"))
