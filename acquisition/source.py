"""What every supplier of packets looks like to the daemon, the replay and the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from houfeng.types import Packet

# Bytes that no decoder understands, and why: kept by the archive's quarantine, reported once, in nobody's way.
Reject = Callable[[bytes, str], None]


class Source(Protocol):
    """A supplier of packets; iterating blocks until some are there and ends when the source is closed or done."""

    def packets(self) -> Iterator[list[Packet]]:
        """Batches of packets, in order for each stream; never an empty batch.

        Raises
        ------
        SourceError : if the source cannot go on; the message names it
        """
        ...

    def close(self) -> None:
        """End `packets()` from another thread; calling it twice is allowed."""
        ...
