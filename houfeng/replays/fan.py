"""A replay by a crew: channels are searched apart, their onsets are associated together."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from acquisition.replay import Reading, RecordFile
from houfeng.replays.crews import Crew
from houfeng.replays.identity import Asked
from houfeng.replays.parts import Parts
from houfeng.replays.searching import Held, Searched, Task, search, survey
from houfeng.types import SourceId

_log = logging.getLogger(__name__)

# So much of the files of a group is searched before what was found is taken in: what is lost with a process.
_SLICE_BYTES = 32 << 20
# More groups than processes, or the last one keeps all others waiting.
_GROUPS_EACH = 2


@dataclass(slots=True)
class _Group:
    """Channels that are searched together, and where their search is."""

    task: Task
    n_bytes: int


def together(asked: Asked, parts: Parts, crew: Crew) -> Iterator[tuple[Searched, ...]]:
    """Search all that was not read yet, slice by slice; the pipeline has taken a slice in when it comes.

    Raises
    ------
    DetectionError : if processes died again and again
    """
    paths = [file.path for file in asked.files]
    held = crew.finish(survey, paths, crew.begin(survey, paths))
    groups = _groups(asked, parts, dict(zip(paths, held, strict=True)), crew.n_workers * _GROUPS_EACH)
    slices = [*_slices(held, asked, sum(group.n_bytes for group in groups) // (_SLICE_BYTES * len(groups))), None]
    tasks = [replace(group.task, until_ns=slices[0]) for group in groups]
    begun = crew.begin(search, tasks)
    for until_ns in [*slices[1:], None]:
        results = crew.finish(search, tasks, begun)
        is_last = tasks[0].until_ns is None
        tasks = [] if is_last else [_next(task, of, until_ns) for task, of in zip(tasks, results, strict=True)]
        begun = crew.begin(search, tasks)  # they are at work while these onsets are associated
        take(parts, results)
        yield tuple(results)
        if is_last:
            return


def take(parts: Parts, results: Sequence[Searched]) -> None:
    """Go on with what was searched, of all channels up to a time."""
    for each in results:
        for reason, n_bytes in each.rejected:
            _log.warning("%s: %d bytes left out", reason, n_bytes)
        parts.reading.finished.update(each.reading.finished)
        parts.reading.n_read.update(each.reading.n_read)
        parts.tally.take(each.channels)
    for path in [path for path in parts.reading.n_read if path in parts.reading.finished]:
        del parts.reading.n_read[path]
    states = {source_id: state for each in results for source_id, state in each.states.items()}
    heard = [record.packet for each in results for record in each.heard]
    parts.pipeline.take(sorted(pick for each in results for pick in each.picks), heard, states)


def _next(task: Task, found: Searched, until_ns: int | None) -> Task:
    states = {**task.states, **found.states}
    return replace(task, until_ns=until_ns, reading=found.reading, states=states, channels=found.channels)


def _slices(held: Sequence[Held], asked: Asked, n: int) -> list[int]:
    """Times that cut the records into parts of about one size, ns UTC."""
    start_ns = max(min(each.start_ns for each in held), asked.start_ns or -(2**63))
    end_ns = min(max(each.end_ns for each in held), asked.end_ns or 2**63)
    return [start_ns + (end_ns - start_ns) * at // (n + 1) for at in range(1, n + 1)]


def _groups(asked: Asked, parts: Parts, held: dict[Path, Held], n: int) -> list[_Group]:
    """Files in groups that have no channel in common, of about one size."""
    bins: list[list[RecordFile]] = [[] for _ in range(n)]
    for files in sorted(_apart(asked.files, held), key=_n_bytes, reverse=True):
        min(bins, key=_n_bytes).extend(files)
    known = {SourceId.parse(each.source_id): each for each in parts.tally.channels()}
    groups = []
    for files in filter(None, bins):
        mine = {file.path for file in files}
        channels = set[SourceId]().union(*(held[path].source_ids for path in mine))
        reading = Reading(
            {path: n_read for path, n_read in parts.reading.n_read.items() if path in mine},
            {path: sha for path, sha in parts.reading.finished.items() if path in mine},
        )
        task = Task(
            asked.settings.detection,
            tuple(sorted(files)),
            *(asked.start_ns, asked.end_ns, None),
            reading,
            {source_id: state for source_id, state in parts.states.items() if source_id in channels},
            tuple(of_channel for source_id, of_channel in sorted(known.items()) if source_id in channels),
        )
        groups.append(_Group(task, _n_bytes(files)))
    return groups


def _apart(files: Sequence[RecordFile], held: dict[Path, Held]) -> list[list[RecordFile]]:
    """Files by what they have in common, channels or the first one's name, directly or through others."""
    leader: dict[SourceId, SourceId] = {}

    def find(source_id: SourceId) -> SourceId:
        while (above := leader.setdefault(source_id, source_id)) != source_id:
            leader[source_id] = leader[above]
            source_id = leader[source_id]
        return source_id

    for file in files:
        for source_id in held[file.path].source_ids:
            leader[find(source_id)] = find(file.source_id)
    found: dict[SourceId, list[RecordFile]] = {}
    for file in files:
        found.setdefault(find(file.source_id), []).append(file)
    return list(found.values())


def _n_bytes(files: Sequence[RecordFile]) -> int:
    return sum(file.n_bytes for file in files)
