"""A sweep of settings over archived records, by this process or shared among several."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from acquisition.replay import RecordFile, ReplaySource
from detection.settings import DetectionSettings
from detection.tuning.sweep import Heard, Sweep
from houfeng.replays.crews import Crew, Processes
from houfeng.types import Packet

_log = logging.getLogger(__name__)

# Each part reads all the records again; with more parts than processes they end at about the same time.
_PARTS_EACH = 2

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """Some combinations and the records that they are tried on.

    Parameters
    ----------
    combinations : at least one
    files : of records
    start_ns, end_ns : only records that hold samples in between, ns UTC; None for no limit
    """

    combinations: tuple[DetectionSettings, ...]
    files: tuple[RecordFile, ...]
    start_ns: int | None
    end_ns: int | None


@dataclass(frozen=True, slots=True)
class _Tried:
    heard: Heard
    rejected: tuple[tuple[str, int], ...]


def swept(trial: Trial, n_workers: int, progress: Progress) -> Heard:
    """Try every combination on all records.

    Parameters
    ----------
    trial : all of it
    n_workers : processes; what is heard does not depend on it
    progress : told now and then which share of the whole was done since it was told last

    Raises
    ------
    DetectionError : if processes died again and again
    """
    if n_workers == 1:
        tried = [_listen(trial, _by_bytes(trial, progress))]
    else:
        with Processes(n_workers) as crew:
            tried = list(_shared(trial, crew, progress))
    for reason, n_bytes in tried[0].rejected:
        _log.warning("%s: %d bytes left out", reason, n_bytes)
    return tried[0].heard.with_more([each.heard for each in tried[1:]])


def _shared(trial: Trial, crew: Crew, progress: Progress) -> Iterator[_Tried]:
    """What parts of the combinations brought, in their order."""
    n = len(trial.combinations)
    n_parts = min(crew.n_workers * _PARTS_EACH, n)
    edges = pairwise(n * number // n_parts for number in range(n_parts + 1))
    parts = [replace(trial, combinations=trial.combinations[begin:end]) for begin, end in edges]
    begun = [crew.begin(_listen, [part]) for part in parts]
    for part, of_part in zip(parts, begun, strict=True):
        yield from crew.finish(_listen, [part], of_part)
        progress(len(part.combinations) / n)


def _by_bytes(trial: Trial, progress: Progress) -> Callable[[Sequence[Packet]], None]:
    n_bytes = sum(file.n_bytes for file in trial.files)
    return lambda packets: progress(sum(packet.n_bytes for packet in packets) / n_bytes)


def _listen(trial: Trial, progress: Callable[[Sequence[Packet]], None] = lambda _: None) -> _Tried:
    sweep = Sweep(trial.combinations)
    rejected: list[tuple[str, int]] = []
    source = ReplaySource(
        trial.files,
        lambda raw, reason: rejected.append((reason, len(raw))),
        start_ns=trial.start_ns,
        end_ns=trial.end_ns,
    )
    for packets in source.joined():
        sweep.feed(packets)
        progress(packets)
    return _Tried(sweep.heard, tuple(rejected))
