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
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from houfeng.errors import HoufengError
from houfeng.times import NS_PER_S, now_ns

_log = logging.getLogger(__name__)

# A clock that is kept right by slewing moves less between two looks; one that is set moves more.
_STEP_NS = NS_PER_S
# The scheduler is late by milliseconds; by more it sleeps.
_LATE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do now and then.

    Parameters
    ----------
    name : of the job in status and metrics, one word
    every_s : from the beginning of one run to that of the next, seconds
    action : what is done; runs of one job never overlap
    on_loop : whether the daemon's own thread does it, which alone may touch detection and write to the store
    first_s : when it runs first, seconds after the start; None for `every_s`
    """

    name: str
    every_s: float
    action: Callable[[], None]
    on_loop: bool = False
    first_s: float | None = None


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


class _Every(BaseTrigger):  # type: ignore[misc]
    """Fires in equal intervals, and once for all that a clock set forward has left out.

    APScheduler's own interval lists each of them: 12 years in steps of 5 s took all memory.
    """

    def __init__(self, seconds: float, first_s: float) -> None:
        self._interval = timedelta(seconds=seconds)
        self._first = timedelta(seconds=first_s)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        if previous is None:
            return now + self._first
        due = previous + self._interval
        return due if due > now else now + self._interval


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
        self._clock_offset_ns = now_ns() - time.monotonic_ns()
        # The default grace time of 1 s silently drops late jobs; coalesced and without grace none is lost.
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for job in self._jobs.values():
            due = self._due[job.name].set if job.on_loop else self._run_aside
            every = _Every(job.every_s, job.every_s if job.first_s is None else job.first_s)
            self._scheduler.add_job(due, every, args=[] if job.on_loop else [job], id=job.name)

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What became of each job, by name; may be read from any thread."""
        return dict(self._outcomes)

    def start(self) -> None:
        """Begin to count the time."""
        self._scheduler.start()

    def run_due(self) -> None:
        """Do what is due for the daemon's own thread. What a job raises is noted and raised."""
        self._follow_clock()
        for name, due in self._due.items():
            if due.is_set():
                due.clear()
                self._run(self._jobs[name])

    def stop(self) -> None:
        """Begin nothing more; a job that runs in the pool goes on to its end."""
        self._scheduler.shutdown(wait=False)

    def _follow_clock(self) -> None:
        """Count anew when the wall clock was set: set back by a day, APScheduler would begin nothing for a day.

        APScheduler reads the time once more before it sleeps; if that was wrong for a moment it would sleep for as long
        as the clock was wrong by, so whoever has overslept is woken.
        """
        offset_ns = now_ns() - time.monotonic_ns()
        step_ns = offset_ns - self._clock_offset_ns
        self._clock_offset_ns = offset_ns
        if abs(step_ns) >= _STEP_NS:
            _log.warning("this computer's clock was set by %+.3f s", step_ns / NS_PER_S)
        now = datetime.fromtimestamp(now_ns() / NS_PER_S, UTC)
        for scheduled in self._scheduler.get_jobs():
            job = self._jobs[scheduled.id]
            # also when the clock was wrong for a moment that only the scheduler saw
            if scheduled.next_run_time > now + timedelta(seconds=max(job.every_s, job.first_s or 0.0) + 1):
                self._scheduler.reschedule_job(job.name, trigger=_Every(job.every_s, job.every_s))
            elif scheduled.next_run_time < now - _LATE:
                self._scheduler.wakeup()

    def _run_aside(self, job: Job) -> None:
        try:
            self._run(job)
        except (HoufengError, OSError) as error:
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
