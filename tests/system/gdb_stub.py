# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's debugger port, to make a CPU take an exception that QEMU's devices never cause."""

import re
import socket
import subprocess

from conftest import PATIENCE, TOP

PC = 32  # its number among the debugger's registers


def symbol(name):
    """Where a function of the hypervisor is."""
    image = TOP / "build/arm64/hypervisor/viaduct.elf"
    names = subprocess.run(["nm", image], check=True, capture_output=True, text=True).stdout
    return int(re.search(rf"^(\w+) T {name}$", names, re.M)[1], 16)


class GdbStub:
    """The machine stands still while this is connected and has not said otherwise."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE * 60)
        self.socket.connect(str(path))
        self.data = b""

    @staticmethod
    def options(path):
        """Launcher options for a machine with a debugger port at a path."""
        return ["--qemu", f"-chardev socket,path={path},server=on,wait=off,id=gdb -gdb chardev:gdb"]

    def answer(self):
        """The next packet."""
        while True:
            match = re.search(rb"\$([^#]*)#..", self.data)
            if match:
                self.data = self.data[match.end():]
                self.socket.sendall(b"+")
                return match[1].decode()
            received = self.socket.recv(4096)
            assert received, "QEMU has closed the debugger port"
            self.data += received

    def ask(self, packet):
        """Send a packet; returns the answer."""
        self.socket.sendall(f"${packet}#{sum(packet.encode()) & 0xff:02x}".encode())
        return self.answer()

    def divert(self, cpu, start, to):
        """When a CPU comes to one function's start it goes to another's, with the same arguments."""
        stop = f"0,{start:x},4"
        assert self.ask("Z" + stop) == "OK"
        while not re.search(rf"thread:(p01\.)?0*{cpu + 1};", self.ask("c")):
            assert self.ask("z" + stop) == "OK"
            self.ask("s")
            assert self.ask("Z" + stop) == "OK"
        assert self.ask("z" + stop) == "OK"
        assert self.ask(f"P{PC:x}={to.to_bytes(8, 'little').hex()}") == "OK"
        assert self.ask("D") == "OK"
