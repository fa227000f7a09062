"""What the database takes and gives of replays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RunInput:
    """A file that a replay read, or a document that told it of stations.

    Parameters
    ----------
    name : the file's, below what was replayed; of a document its name
    kind : "records" or "metadata"
    source_id : of its first record; "" of a document
    sha256, n_bytes : of its content
    """

    name: str
    kind: str
    source_id: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class RunChannel:
    """What a replay was given of a channel.

    Parameters
    ----------
    source_id : NET.STA.LOC.CHA
    n_records, n_samples : that were replayed
    start_ns, end_ns : of its samples, ns UTC, end exclusive
    n_gaps, gap_ns : stretches between records in their order, longer than half a sample, and their length together
    vetoed : triggers that were no onsets, by reason
    """

    source_id: str
    n_records: int = 0
    n_samples: int = 0
    start_ns: int = 0
    end_ns: int = 0
    n_gaps: int = 0
    gap_ns: int = 0
    vetoed: Mapping[str, int] = field(default_factory=dict)
