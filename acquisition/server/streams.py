"""The streams of a ledger: its entries name them by their line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from acquisition.server.segments import Entry, parse_stream, stream_line
from acquisition.server.stored import StreamKey
from acquisition.server.writing import rewrite, sync, write_at


class Streams:
    """Reads the list of streams and adds to it; only the ledger's writer may add.

    Parameters
    ----------
    folder : of the ledger

    Raises
    ------
    OSError : if the list cannot be read or written
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "streams"
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._keys, self._size = read_streams(folder)
        rewrite(self._fd, self._path.read_bytes()[: self._size])
        os.ftruncate(self._fd, self._size)
        self._numbers = {key: number for number, key in enumerate(self._keys)}

    def __getitem__(self, number: int) -> StreamKey:
        return self._keys[number]

    def number(self, key: StreamKey) -> int:
        """The line of a stream, which is added when it is not there."""
        number = self._numbers.get(key)
        if number is None:
            line = stream_line(key).encode("ascii")
            os.ftruncate(self._fd, self._size)  # of what a full disk took in part and would not give back
            write_at(self._fd, line, self._size)
            self._size += len(line)
            number = self._numbers[key] = len(self._keys)
            self._keys.append(key)
        return number

    def known(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Entries up to the first whose stream is not listed: a power cut took it."""
        return takewhile(lambda entry: entry.stream < len(self._keys), entries)

    def sync(self) -> None:
        sync(self._fd, self._path)

    def close(self) -> None:
        os.close(self._fd)


def read_streams(folder: Path, since: int = 0) -> tuple[list[StreamKey], int]:
    """Streams listed from a byte on, and the byte behind the last whole line."""
    with (folder / "streams").open("rb") as file:
        file.seek(since)
        content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    return [parse_stream(line) for line in whole.decode("ascii").splitlines()], since + len(whole)
