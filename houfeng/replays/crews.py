"""Who does the tasks of a replay: what a crew must offer, and processes of this computer as one."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from houfeng.errors import DetectionError

_log = logging.getLogger(__name__)

_TRIES = 3

Given = TypeVar("Given")
Answer = TypeVar("Answer")


class Crew(Protocol):
    """Does tasks, in any order and as often as it takes: a task always brings the same."""

    @property
    def n_workers(self) -> int:
        """Tasks that are done at once."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begin(self, work: Callable[[Given], Answer], tasks: Sequence[Given]) -> list[Any]:
        """Have tasks done, and go on meanwhile; `finish` takes what this gives."""

    def finish(self, work: Callable[[Given], Answer], tasks: Sequence[Given], begun: list[Any]) -> list[Answer]:
        """What came of tasks that were begun, in their order.

        Raises
        ------
        DetectionError : if those who do them died again and again
        """


class Processes:
    """A crew of processes of this computer; when one of them dies its tasks are done again.

    Parameters
    ----------
    n_workers : processes
    """

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self._pool = self._new()

    def _new(self) -> Executor:
        # Not by a fork: the parent has threads, and a lock that one of them holds would never be let go in the child.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.n_workers, mp_context=context, initializer=_serve)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, work: Callable[[Given], Answer], tasks: Sequence[Given]) -> list[Future[Answer]]:
        """Have tasks done, and go on meanwhile."""
        try:
            return [self._pool.submit(work, task) for task in tasks]
        except BrokenExecutor:
            return []

    def finish(
        self, work: Callable[[Given], Answer], tasks: Sequence[Given], begun: list[Future[Answer]]
    ) -> list[Answer]:
        """What came of tasks that were begun, in their order.

        Raises
        ------
        DetectionError : if processes died again and again
        """
        for _ in range(_TRIES):
            if begun or not tasks:
                try:
                    return [future.result() for future in begun]
                except BrokenExecutor:
                    pass
            _log.warning("a process that searches records has died; what it was doing is done again")
            self._pool.shutdown(cancel_futures=True)
            self._pool = self._new()
            begun = self.begin(work, tasks)
        raise DetectionError(
            f"processes that search records died {_TRIES} times on the same records: is there enough memory?"
        )


def _serve() -> None:
    """A process lives as long as the one it works for, which alone hears the keyboard."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)  # killed, it cannot tell its processes to end: they would wait for tasks for ever

    threading.Thread(target=follow, daemon=True).start()
