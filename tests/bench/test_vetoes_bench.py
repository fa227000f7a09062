"""What it costs to ask whether a trigger is an artefact: two bands on three channels of a day of a city's noise."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from acquisition.replay import ReplaySource, find_files
from detection import channel
from detection.detector import Detector
from detection.plan import Plan
from detection.settings import DetectionSettings
from detection.vetoes import Refusal, refuse

pytestmark = [pytest.mark.bench, pytest.mark.data]

MOST_MS = 2.0  # 2.4 when every trigger was fitted; others use the computer too


def test_the_cost_of_a_trigger(shared_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: dict[bool, list[float]] = {True: [], False: []}

    def timed(raw: np.ndarray, at: int, lta: float, plan: Plan, number: int) -> Refusal | None:  # type: ignore[type-arg]
        began = time.thread_time()
        refusal = refuse(raw, at, lta, plan, number)
        seconds[refusal is not None].append(time.thread_time() - began)
        return refusal

    monkeypatch.setattr(channel, "refuse", timed)
    detector = Detector(DetectionSettings(channels=("*.*.*.*",)), by_rows=True)
    source = ReplaySource(find_files(shared_data("continuous_day")), lambda raw, reason: pytest.fail(reason))
    n_picks = sum(len(detector.feed(packets)) for packets in source.packets())
    for is_refused, spent in seconds.items():
        name = "refused" if is_refused else "kept"
        mean_ms, median_ms = 1e3 * float(np.mean(spent)), 1e3 * float(np.median(spent))
        print(f"{len(spent)} {name}: {mean_ms:.2f} ms a trigger, half of them below {median_ms:.2f} ms")
    assert n_picks >= 0.9 * len(seconds[False])
    assert np.mean(seconds[False]) < MOST_MS / 1e3
