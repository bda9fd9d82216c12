# SPDX-License-Identifier: BSD-2-Clause
"""What two ivshmem-doorbell devices connect to (QEMU docs/specs/ivshmem-spec): hands out shared
memory, numbers, and event descriptors by which the peers ring each other."""

import os
import socket
import struct
import threading

VERSION = 0
MEMORY = -1


class Server:
    """Serves two peers with one vector each, in a thread, until they have all they need."""

    def __init__(self, directory, size):
        self.path = directory / "ivshmem.socket"
        self.memory = os.memfd_create("ivshmem")
        os.ftruncate(self.memory, size)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(2)
        self.peers = []
        threading.Thread(target=self.serve, daemon=True).start()

    @staticmethod
    def send(peer, number, descriptor=None):
        socket.send_fds(peer, [struct.pack("<q", number)],
                        [] if descriptor is None else [descriptor])

    def serve(self):
        for number in range(2):
            peer, _ = self.listener.accept()
            bell = os.eventfd(0)
            self.send(peer, VERSION)
            self.send(peer, number)
            self.send(peer, MEMORY, self.memory)
            for other, (connection, others_bell) in enumerate(self.peers):
                self.send(peer, other, others_bell)
                self.send(connection, number, bell)
            self.send(peer, number, bell)
            self.peers.append((peer, bell))
