"""Periodic work, and what became of it.

A job runs in a thread of APScheduler's pool, or, where it needs what only the daemon's own thread may touch, in that
one at its next turn. Neither can hold the archive up. To add one, list it in `Session._jobs`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from apscheduler.schedulers.background import BackgroundScheduler

from houfeng.errors import HoufengError
from houfeng.times import now_ns

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do now and then.

    Parameters
    ----------
    name : of the job in status and metrics, one word
    every_s : from the beginning of one run to that of the next, seconds
    action : what is done; runs of one job never overlap
    on_loop : whether the daemon's own thread does it, which alone may touch detection and write to the store
    """

    name: str
    every_s: float
    action: Callable[[], None]
    on_loop: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job so far.

    Parameters
    ----------
    n_runs, n_failures : since the process started
    began_ns : when the last run began, ns UTC; None before the first
    duration_s : of the last run that ended
    error : of the last run that ended; empty when it went well
    """

    n_runs: int = 0
    n_failures: int = 0
    began_ns: int | None = None
    duration_s: float = 0.0
    error: str = ""


class Jobs:
    """Runs jobs when they are due. A run that comes late is made up for once; none is dropped for coming late.

    Parameters
    ----------
    jobs : with names of their own
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._due = {job.name: threading.Event() for job in self._jobs.values() if job.on_loop}
        self._outcomes = {name: Outcome() for name in self._jobs}
        # The default grace time of 1 s silently drops late jobs; coalesced and without grace none is lost.
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for job in self._jobs.values():
            due = self._due[job.name].set if job.on_loop else self._run_aside
            self._scheduler.add_job(
                due, "interval", args=[] if job.on_loop else [job], seconds=job.every_s, id=job.name
            )

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What became of each job, by name; may be read from any thread."""
        return dict(self._outcomes)

    def start(self) -> None:
        """Begin to count the time."""
        self._scheduler.start()

    def run_due(self) -> None:
        """Do what is due for the daemon's own thread. What a job raises is noted and raised."""
        for name, due in self._due.items():
            if due.is_set():
                due.clear()
                self._run(self._jobs[name])

    def stop(self) -> None:
        """Begin nothing more; a job that runs in the pool goes on to its end."""
        self._scheduler.shutdown(wait=False)

    def _run_aside(self, job: Job) -> None:
        try:
            self._run(job)
        except HoufengError as error:
            _log.error("%s: %s", job.name, error)
        except Exception:
            _log.exception("%s failed", job.name)

    def _run(self, job: Job) -> None:
        before = self._outcomes[job.name]
        running = replace(before, n_runs=before.n_runs + 1, began_ns=now_ns())
        self._outcomes[job.name] = running
        began_s = time.monotonic()
        try:
            job.action()
        except BaseException as error:
            self._outcomes[job.name] = replace(
                running,
                n_failures=running.n_failures + 1,
                duration_s=time.monotonic() - began_s,
                error=str(error) or type(error).__name__,
            )
            raise
        self._outcomes[job.name] = replace(running, duration_s=time.monotonic() - began_s, error="")
