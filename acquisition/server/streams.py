"""The streams of a ledger: its entries name them by their line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from acquisition.server.segments import Entry, parse_stream, stream_line
from acquisition.server.stored import StreamKey


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
        self._fd = os.open(folder / "streams", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._keys, n_bytes = read_streams(folder)
        os.ftruncate(self._fd, n_bytes)
        self._numbers = {key: number for number, key in enumerate(self._keys)}

    def __getitem__(self, number: int) -> StreamKey:
        return self._keys[number]

    def number(self, key: StreamKey) -> int:
        """The line of a stream, which is added when it is not there."""
        number = self._numbers.get(key)
        if number is None:
            size = os.fstat(self._fd).st_size
            line = stream_line(key).encode("ascii")
            if os.write(self._fd, line) < len(line):
                os.ftruncate(self._fd, size)
                raise OSError(f"{line!r} was written in part")
            number = self._numbers[key] = len(self._keys)
            self._keys.append(key)
        return number

    def known(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Entries up to the first whose stream is not listed: a power cut took it."""
        return takewhile(lambda entry: entry.stream < len(self._keys), entries)

    def sync(self) -> None:
        os.fsync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


def read_streams(folder: Path, since: int = 0) -> tuple[list[StreamKey], int]:
    """Streams listed from a byte on, and the byte behind the last whole line."""
    with (folder / "streams").open("rb") as file:
        file.seek(since)
        content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    return [parse_stream(line) for line in whole.decode("ascii").splitlines()], since + len(whole)
