"""Periodic work goes on whatever the computer's clock says for a moment."""

from __future__ import annotations

import itertools
import time
from datetime import datetime, timedelta, tzinfo

import pytest
from apscheduler.schedulers import base

from acquisition.daemon.jobs import Job, Jobs

EVERY_S = 0.05


@pytest.mark.parametrize(
    "wrong", [timedelta(days=-5000), timedelta(hours=-1), timedelta(hours=1), timedelta(days=5000)]
)
@pytest.mark.parametrize("nth", [2, 3, 4, 5])  # APScheduler reads the clock before it looks for jobs, and after
def test_one_wrong_reading_of_the_clock_holds_nothing_up(
    nth: int, wrong: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = itertools.count()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Clock:
            return super().now(tz) + (wrong if next(readings) == nth else timedelta())

    monkeypatch.setattr(base, "datetime", Clock)
    jobs = Jobs([Job("loop", EVERY_S, lambda: None, on_loop=True), Job("pool", EVERY_S, lambda: None)])
    jobs.start()
    until = time.monotonic() + 20
    while min(each.n_runs for each in jobs.outcomes.values()) < 8 and time.monotonic() < until:
        jobs.run_due()
        time.sleep(0.01)
    jobs.stop()
    assert next(readings) > nth
    assert min(each.n_runs for each in jobs.outcomes.values()) >= 8
