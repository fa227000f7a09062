"""One segment of the ledger as its readers keep it: a file of entries, and where each stream begins in it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acquisition.server.segments import ENTRY_BYTES, HEAD_BYTES, Head, entry_at, segment_path, unpack_head

# segments.Entry with its check behind it
ENTRY = np.dtype(
    [
        ("stream", "<u4"),
        ("length", "<u4"),
        ("start_ns", "<i8"),
        ("end_ns", "<i8"),
        ("offset", "<u8"),
        ("crc", "<u4"),
        ("check", "<u4"),
    ]
)
assert ENTRY.itemsize == ENTRY_BYTES

Entries = NDArray[np.void]
# (k,) lines of the streams, the sequence number of the first record of each, its start (ns UTC)
Beginnings = tuple[NDArray[np.uint32], NDArray[np.uint64], NDArray[np.int64]]


class Segment:
    """A segment that is open for reading; its file stays readable after the writer has dropped it.

    Parameters
    ----------
    folder : of the ledger
    first : number of its first entry

    Raises
    ------
    OSError : if the segment is gone
    """

    def __init__(self, folder: Path, first: int) -> None:
        self.first = first
        self.n_taken = 0
        self._beginnings: list[Beginnings] = []
        self._known = np.zeros(0, dtype=np.uint32)
        self._fd = os.open(segment_path(folder, first), os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        # Sessions read from it in threads of their own: the last of them closes it.
        if hasattr(self, "_fd"):
            os.close(self._fd)

    @property
    def following(self) -> int:
        """Number of the entry that comes next."""
        return self.first + self.n_taken

    def head(self) -> Head | None:
        return unpack_head(os.pread(self._fd, HEAD_BYTES, 0))

    def entries(self, start: int, stop: int) -> Entries:
        """Entries by their place, from `start` to before `stop`."""
        return np.frombuffer(os.pread(self._fd, (stop - start) * ENTRY_BYTES, entry_at(start)), dtype=ENTRY)

    def take(self, entries: Entries) -> None:
        """Count the next entries as seen."""
        streams, places = np.unique(entries["stream"], return_index=True)
        new = np.isin(streams, self._known, invert=True)
        if new.any():
            places = places[new]
            numbers = places.astype(np.uint64) + np.uint64(self.following)
            self._beginnings.append((streams[new], numbers, entries["start_ns"][places]))
            self._known = np.union1d(self._known, streams)
        self.n_taken += len(entries)

    def beginnings(self) -> Beginnings:
        """The first record of every stream in this segment."""
        if len(self._beginnings) > 1:
            streams, numbers, starts = zip(*self._beginnings, strict=True)
            self._beginnings = [(np.concatenate(streams), np.concatenate(numbers), np.concatenate(starts))]
        if not self._beginnings:
            return np.zeros(0, np.uint32), np.zeros(0, np.uint64), np.zeros(0, np.int64)
        return self._beginnings[0]
