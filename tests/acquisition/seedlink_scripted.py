"""A SeedLink server that answers as a test tells it to: refusals, oddities and silences that ours does not have."""

from __future__ import annotations

import json
import re
import socket
import threading
from types import TracebackType
from typing import Self


def v4(code: bytes, payload: bytes, sequence: int = 0, station: bytes = b"XX_TEST") -> bytes:
    """A packet of version 4."""
    size = len(payload).to_bytes(4, "little")
    return b"SE" + code + size + sequence.to_bytes(8, "little") + bytes([len(station)]) + station + payload


class ScriptedServer:
    """Listens on loopback and answers every line that comes, on as many connections as come.

    Parameters
    ----------
    data : bytes sent when streaming begins
    answers : command (its longest prefix decides) -> answer, in place of the usual one
    hello : first line of the greeting; decides the version
    """

    def __init__(
        self,
        data: bytes = b"",
        answers: dict[str, bytes] | None = None,
        hello: str = "SeedLink v4.0 (Test) :: SLPROTO:4.0 SLPROTO:3.1 TIME",
    ) -> None:
        stations = {"station": [{"id": "XX_TEST", "start_seq": 1, "end_seq": 9}]}
        self.answers = {
            "HELLO": f"{hello}\r\nTest\r\n".encode(),
            "INFO ID": v4(b"JI", b'{"server_start":"2026-01-01T00:00:00Z"}'),
            "INFO STATIONS": v4(b"JI", json.dumps(stations).encode()),
            "END": data,
            "": b"OK\r\n",
            **(answers or {}),
        }
        self.lines: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self.drop()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def drop(self) -> None:
        """Close every connection."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was first

    def send(self, data: bytes) -> None:
        """Bytes for every client, out of turn."""
        for connection in self._open:
            try:
                connection.sendall(data)
            except OSError:
                continue  # it has gone

    def asked(self, word: str) -> list[str]:
        """Lines that begin with a word, in order."""
        return [line for line in list(self.lines) if line.startswith(word)]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            waiting = ""
            try:
                while data := connection.recv(4096):
                    *texts, waiting = re.split("[\r\n]+", waiting + data.decode())  # ObsPy ends lines with CR alone
                    for text in filter(None, texts):
                        self.lines.append(text)
                        longest = max((key for key in self.answers if text.startswith(key)), key=len)
                        connection.sendall(self.answers[longest])
            except OSError:
                return
