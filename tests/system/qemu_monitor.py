# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's own sockets: its monitor, and the hand that reaches into the machine's registers."""

import json
import socket
import threading
import time

from conftest import PATIENCE


class Monitor:
    """QEMU's monitor, which is told things when the script says so on the console."""

    def __init__(self, machine):
        self.machine = machine
        self.path = machine.directory / "monitor"
        self.answers = []

    def options(self):
        return ["--qemu", f"-qmp unix:{self.path},server=on,wait=off"]

    def say(self, line):
        """A human monitor command; its answer."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(self.path))
            stream = peer.makefile("rw")
            stream.readline()
            self.ask(stream, "qmp_capabilities")
            return self.ask(stream, "human-monitor-command", {"command-line": line})

    def say_until_silent(self, line):
        """The same, again until nothing is said against it."""
        end = time.monotonic() + 20 * PATIENCE
        while answer := self.say(line):
            assert time.monotonic() < end, answer
            time.sleep(0.2)

    @staticmethod
    def ask(stream, command, arguments=None):
        stream.write(json.dumps({"execute": command, "arguments": arguments or {}}) + "\n")
        stream.flush()
        while "return" not in (answer := json.loads(stream.readline())):
            assert "error" not in answer, answer
        return answer["return"]

    def at(self, steps):
        """In a thread: for each (word, lines) the commands when the word is on the console.

        A line may be a function instead, which is called."""
        def run():
            try:
                follow()
            except (AssertionError, OSError, ValueError) as error:
                self.answers.append(repr(error))

        def follow():
            log = self.machine.directory / f"console{self.machine.count + 1}.log"
            for word, lines in steps:
                end = time.monotonic() + 200 * PATIENCE
                while not (log.exists() and word in log.read_text(errors="replace")):
                    assert time.monotonic() < end, f"no {word}"
                    time.sleep(0.2)
                for line in lines:
                    if callable(line):
                        line()
                    else:
                        self.answers.append(self.say(line))
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread


class Registers:
    """The config space of a port on bus 0, behind the back of the hypervisor that owns it."""

    ECAM = 0x4010000000
    EXPRESS = 0x10
    SLOT_CONTROL = 0x18
    OFF = 0x0700  # power indicator off, power off

    def __init__(self, machine):
        self.path = machine.directory / "registers"

    def options(self):
        return ["--qemu", f"-qtest unix:{self.path},server=on,wait=off -qtest-log none"]

    def tear_out(self, device):
        """What is in the slot of port 00:device.0 goes at once: the port's power fails."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(self.path))
            stream = peer.makefile("rw")
            base = self.ECAM + (device << 15)
            at = self.ask(stream, f"readb {base + 0x34:#x}")
            while self.ask(stream, f"readb {base + at:#x}") != self.EXPRESS:
                at = self.ask(stream, f"readb {base + at + 1:#x}")
                assert at != 0
            self.ask(stream, f"writew {base + at + self.SLOT_CONTROL:#x} {self.OFF:#x}")

    @staticmethod
    def ask(stream, command):
        stream.write(command + "\n")
        stream.flush()
        while not (answer := stream.readline()).startswith("OK"):
            assert answer.startswith("IRQ"), answer
        words = answer.split()
        return int(words[1], 0) if len(words) > 1 else None
