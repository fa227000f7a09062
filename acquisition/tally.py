"""What the archive has done since the process started, counted: written by one thread, read by any."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

from acquisition.dayfile import Verdict

# Upper bounds, seconds: 5 ms is a sync of an ordinary disk, 10 s one behind somebody else's copying.
SYNC_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Tally:
    """Records by what became of them, bytes set aside, and how long syncs took."""

    def __init__(self) -> None:
        self._records: Counter[Verdict] = Counter()
        self.n_quarantined = 0
        self.n_passed_over = 0
        self.sync_total_s = 0.0
        self._lock = threading.Lock()
        self._syncs = [0] * (len(SYNC_BOUNDS_S) + 1)

    def archived(self, verdicts: Mapping[Verdict, int]) -> None:
        """Records were offered to the archive."""
        self._records.update(verdicts)

    def quarantined(self) -> None:
        """Bytes that are no record were set aside."""
        with self._lock:  # every connection's thread may
            self.n_quarantined += 1

    def synced(self, duration_s: float) -> None:
        """The archive was synced."""
        self._syncs[bisect_left(SYNC_BOUNDS_S, duration_s)] += 1
        self.sync_total_s += duration_s

    def by_outcome(self) -> dict[str, int]:
        """Records by what became of them, in the archive's words."""
        return {verdict.value: self._records[verdict] for verdict in Verdict}

    @property
    def n_syncs(self) -> int:
        """Syncs so far."""
        return sum(self._syncs)

    def sync_buckets(self) -> list[tuple[float, int]]:
        """Upper bound in seconds, and syncs that took no longer; the last bound is infinite."""
        total, buckets = 0, []
        for bound_s, n in zip((*SYNC_BOUNDS_S, float("inf")), self._syncs, strict=True):
            total += n
            buckets.append((bound_s, total))
        return buckets
