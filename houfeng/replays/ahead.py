"""Searching what has come while the rest is fetched: a replay waits for the slower of the two only."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from acquisition.replay import Reading, RecordFile, inspect
from detection.settings import DetectionSettings
from houfeng.errors import SourceError
from houfeng.replays.crews import Processes
from houfeng.replays.identity import Asked
from houfeng.replays.searching import Searched, Task, search

_log = logging.getLogger(__name__)


class Ahead:
    """Searches an archive's folder up to a time, in a process of its own, while records behind that time come.

    What it found is used when all is there and the files are those that it read; else they are searched again.

    Parameters
    ----------
    detection : settings
    root : of the archive
    start_ns, end_ns : only records that hold samples in between, ns UTC
    scratch : an empty folder for what is found, which may be more than fits in memory
    """

    def __init__(self, detection: DetectionSettings, root: Path, start_ns: int, end_ns: int, scratch: Path) -> None:
        self._root, self._scratch = root, scratch
        self._crew = Processes(1)
        self._task = Task(detection, (), start_ns, end_ns, None, Reading(), {}, ())
        self._begun: list[Any] | None = None
        self._known: dict[Path, RecordFile] = {}
        self._n_bytes: dict[Path, int] = {}  # of each file, when it was searched to its end
        self._n_found = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.__exit__(kind, error, trace)

    def begin(self, until_ns: int | None) -> None:
        """Have everything searched that begins before a time, ns UTC, and go on; waits for what was begun before."""
        self._finish()
        self._task = replace(self._task, files=self._files(), until_ns=until_ns)
        self._begun = self._crew.begin(search, [self._task])

    def results(self, asked: Asked) -> Iterator[Searched] | None:
        """What was found, in the order of time; None where the replay is asked for other files than were searched."""
        if not self._n_found and self._begun is None:
            return None
        self.begin(None)
        self._finish()
        sizes = {file.path: file.n_bytes for file in asked.files}
        if sizes != self._n_bytes or asked.originals:
            _log.info("%s: files have changed since they were searched: they are searched again", self._root)
            return None
        return (self._load(number) for number in range(self._n_found))

    def _files(self) -> tuple[RecordFile, ...]:
        """Those of the archive as they are now; the first record of each is looked at once."""
        for path in sorted(self._root.rglob("*")):
            if not path.is_file() or "quarantine" in path.relative_to(self._root).parts or path.suffix == ".xml":
                continue
            if path in self._known:
                self._known[path] = replace(self._known[path], n_bytes=path.stat().st_size)
            elif (file := inspect(path)) is not None:
                self._known[path] = file
        return tuple(sorted(self._known.values()))

    def _finish(self) -> None:
        if self._begun is None:
            return
        (found,) = self._crew.finish(search, [self._task], self._begun)
        self._begun = None
        sizes = {file.path: file.n_bytes for file in self._task.files}
        for path in found.reading.finished:
            self._n_bytes.setdefault(path, sizes[path])
        with self._path(self._n_found).open("wb") as file:
            pickle.dump(found, file)
        self._n_found += 1
        states = {**self._task.states, **found.states}
        self._task = replace(self._task, reading=found.reading, states=states, channels=found.channels)

    def _path(self, number: int) -> Path:
        return self._scratch / f"ahead-{number}"

    def _load(self, number: int) -> Searched:
        with self._path(number).open("rb") as file:
            found = pickle.load(file)  # of our own process, in a folder that is nobody else's
        if not isinstance(found, Searched):
            raise SourceError(f"{self._path(number)}: what was searched ahead is not in it any more")
        return found
