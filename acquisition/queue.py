"""The rooms between connections, archive and detection: bounded by bytes, never dropping a record by themselves."""

from __future__ import annotations

import threading
from collections import deque

from houfeng.types import Packet


class PacketQueue:
    """Hands batches from many threads to one, in the order they were put.

    When it is full, `put` waits: the connection's socket buffer fills, TCP slows the server, and the server keeps
    what we have not read. Nothing is dropped on our side.

    Parameters
    ----------
    max_bytes : of raw records held; one batch is always let in
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._batches: deque[tuple[str, list[Packet]]] = deque()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def n_bytes(self) -> int:
        """Bytes of raw records that wait."""
        return self._n_bytes

    def put(self, server: str, packets: list[Packet]) -> bool:
        """Add a batch, waiting for room; False when the queue was closed instead."""
        n_bytes = _n_bytes(packets)
        with self._changed:
            while self._n_bytes and self._n_bytes + n_bytes > self._max_bytes and not self._closed:
                self._changed.wait()
            if self._closed:
                return False
            self._let_in(server, packets, n_bytes)
            return True

    def offer(self, server: str, packets: list[Packet]) -> bool:
        """Add a batch if there is room now; whether it was added."""
        n_bytes = _n_bytes(packets)
        with self._changed:
            if self._closed or (self._n_bytes and self._n_bytes + n_bytes > self._max_bytes):
                return False
            self._let_in(server, packets, n_bytes)
            return True

    def take(self, timeout_s: float) -> list[tuple[str, list[Packet]]]:
        """Everything that waits, or nothing after the timeout."""
        with self._changed:
            if not self._batches and not self._closed:
                self._changed.wait(timeout_s)
            taken = list(self._batches)
            self._batches.clear()
            self._n_bytes = 0
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """Let nothing more in; what is inside can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _let_in(self, server: str, packets: list[Packet], n_bytes: int) -> None:
        self._batches.append((server, packets))
        self._n_bytes += n_bytes
        self._changed.notify_all()


def _n_bytes(packets: list[Packet]) -> int:
    return sum([len(packet.raw) for packet in packets])
