"""Reads single records out of the archive's day files, a few hundred of them kept open."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

from acquisition.server.growth import DAY_NS, file_of
from acquisition.server.segments import Entry
from acquisition.server.stored import StreamKey

# A client that catches up on a network reads all its streams in turn: 3,000 would be opened again for every record.
MAX_OPEN_FILES = 512


class RecordFiles:
    """Records by their entry in the ledger; may be called from any thread.

    Parameters
    ----------
    root : the archive's folder
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: OrderedDict[Path, int] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, key: StreamKey, entry: Entry) -> bytes | None:
        """A record's bytes; None when the archive no longer has them at that place."""
        path = file_of(self._root, key.source_id, entry.start_ns // DAY_NS)
        with self._lock:  # so that nobody closes the file under us
            try:
                raw = os.pread(self._descriptor(path), entry.length, entry.offset)
            except OSError:
                return None
        return raw if len(raw) == entry.length and crc32(raw) == entry.crc else None

    def close(self) -> None:
        with self._lock:
            while self._open:
                os.close(self._open.popitem()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _descriptor(self, path: Path) -> int:
        fd = self._open.get(path)
        if fd is None:
            fd = self._open[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            if len(self._open) > MAX_OPEN_FILES:
                os.close(self._open.popitem(last=False)[1])
        self._open.move_to_end(path)
        return fd
