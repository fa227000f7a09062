"""An archive with its ledger, written in the daemon's order, and records to write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.server.ledger import Ledger
from houfeng.types import Packet

from .seedlink_driver import raw

HISTORY_S = 86_400.0
# The clock of every test that does not say otherwise: the first number is 1.
CLOCK_NS = 1_000


def packet(station: str = "UH1", second: int = 0, channel: str = "SHZ", **options: int) -> Packet:
    """One second of a station as a packet."""
    return mseed.decode(raw(station, channel, second, **options))


class Writer:
    """Archive and ledger as one recorder keeps them."""

    def __init__(self, root: Path, *, clock_ns: int = CLOCK_NS, history_s: float = HISTORY_S) -> None:
        self.clock_ns = clock_ns  # goes on evenly, but for steps
        self.step_ns = 0
        self.archive = Archive(root)
        self.ledger = Ledger(root, history_s, clock=lambda: self.clock_ns + self.step_ns, steady=lambda: self.clock_ns)

    def write(self, packets: Iterable[Packet]) -> None:
        """One cycle of the recorder."""
        self.append(packets)
        self.archive.sync()
        self.ledger.commit()

    def append(self, packets: Iterable[Packet]) -> None:
        """A cycle that ends before its sync."""
        packets = list(packets)
        self.ledger.expect(packets)
        self.archive.append(packets)
        self.ledger.enter()

    def close(self) -> None:
        self.archive.close()
        self.ledger.close()
