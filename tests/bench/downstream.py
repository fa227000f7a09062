"""Many SeedLink clients in one process of their own: when each byte came, so that measuring costs the server little.

`python downstream.py PORT N_CLIENTS RESULT.npz` says `ready` once all N_CLIENTS are served, and receives until its
standard input ends.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys
import time
from array import array
from zlib import crc32

import numpy as np

PACKET_BYTES = 520
# Answers to this come before the records that DATA asks for: whoever has them misses nothing from then on.
_ASK = b"DATA\r\nINFO ID\r\n"


class Receiver:
    """One downstream client of version 3.

    `times` and `n_bytes`: when it had received how much (seconds of the monotonic clock); `crc` of all it received.
    """

    def __init__(self, port: int, *, keep: bool) -> None:
        self.times = array("d")
        self.n_bytes = array("q")
        self.crc = 0
        self.kept = bytearray()
        self._keep = keep
        self._n = 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.sendall(_ASK)
        answer = b""
        while not answer.endswith(b"\0") or b"SLINFO  " not in answer:
            answer += self.socket.recv(PACKET_BYTES - len(answer) % PACKET_BYTES)

    def take(self) -> bool:
        """What has arrived; False when the server has closed."""
        data = self.socket.recv(1 << 18)
        self._n += len(data)
        self.times.append(time.monotonic())
        self.n_bytes.append(self._n)
        self.crc = crc32(data, self.crc)
        if self._keep:
            self.kept += data
        return bool(data)


def receive(receivers: list[Receiver]) -> None:
    """Until standard input ends or the server has closed every connection."""
    with selectors.DefaultSelector() as selector:
        for one in receivers:
            selector.register(one.socket, selectors.EVENT_READ, one)
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while len(selector.get_map()) > 1:
            for key, _ in selector.select():
                if key.data is None:
                    os.read(key.fd, 1)
                    return
                if not key.data.take():
                    selector.unregister(key.fileobj)


def main() -> None:
    port, n_clients, result = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    receivers = [Receiver(port, keep=n == 0) for n in range(n_clients)]
    print("ready", flush=True)
    receive(receivers)
    np.savez(
        result,
        kept=np.frombuffer(bytes(receivers[0].kept), dtype=np.uint8),
        crcs=np.array([one.crc for one in receivers]),
        **{f"times{n}": np.array(one.times) for n, one in enumerate(receivers)},
        **{f"n_bytes{n}": np.array(one.n_bytes) for n, one in enumerate(receivers)},
    )


if __name__ == "__main__":
    main()
