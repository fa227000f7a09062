"""An archive of records at the end of the present, and what the daemon makes of it in the database."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from acquisition.archive import Archive
from acquisition.mseed import decode
from acquisition.records import pack
from database.store import Store
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from stations.settings import MetricsSettings

NRN = SourceId("KR", "NRN", "00", "BHZ")
HOUR_NS = 3600 * NS_PER_S
N_HOURS = 5
# Seconds from the first whole hour on that have samples, at 1 Hz: two gaps.
PARTS = ((0, 5000), (5100, 9000), (9030, N_HOURS * 3600))
SPIKE_S = 7300


def first_ns() -> int:
    """The whole hour that the records begin with: the last of theirs is over."""
    return (now_ns() // HOUR_NS - N_HOURS) * HOUR_NS


def archive_hours(root: Path, begin_ns: int, source_id: SourceId = NRN) -> np.ndarray:
    """Archive five hours with two gaps and a spike; returns the sample of every second, 0 in gaps."""
    samples = np.random.default_rng(5).integers(-400, 400, N_HOURS * 3600).astype(np.int32)
    samples[SPIKE_S] = 60_000
    archive = Archive(root)
    for start, end in PARTS:
        for first in range(start, end, 100):
            part = samples[first : min(first + 100, end)]
            archive.append([decode(raw) for raw in pack(source_id, begin_ns + first * NS_PER_S, 1.0, part)])
    archive.close()
    for (_, end), (start, _) in pairwise(PARTS):
        samples[end:start] = 0
    return samples


def measure(root: Path, store: Store, sources: Sequence[SourceId] = (NRN,)) -> tuple[int, np.ndarray]:
    """Archive and measure; returns when the records begin, ns UTC, and the samples."""
    begin_ns = first_ns()
    samples = [archive_hours(root, begin_ns, source_id) for source_id in sources]
    ArchiveIndex(root, store).update()
    Measuring(root, store, MetricsSettings(), 2.0**23).update(now_ns())
    return begin_ns, samples[0]
