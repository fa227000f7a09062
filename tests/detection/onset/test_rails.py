"""What is at a rail, and what only looks like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from detection.onset.rails import clipped as clipped_rows
from detection.plan import Floats
from tests.detection.onset.analysts import records


def clipped(windows: Sequence[Floats]) -> list[bool]:
    """Each in a row of its own among others, and filling its row."""
    n = max(map(len, windows)) + 40
    raw = np.full((len(windows), n), 1e7)
    for row, window in zip(raw, windows, strict=True):
        row[20 : 20 + len(window)] = window
    first = np.full(len(windows), 20)
    found = clipped_rows(raw, first, first + [len(window) for window in windows])
    alone = [clipped_rows(w[np.newaxis], np.array([0]), np.array([len(w)]))[0] for w in windows]
    assert found == alone
    return found


WAVE = 5000 * np.sin(2 * np.pi * 7.3 * np.arange(500) / 100) * np.linspace(0.2, 1, 500)


@pytest.mark.parametrize("lowest", [-6000, -3000])
@pytest.mark.parametrize("highest", [6000, 3500])
def test_cut_off_on_either_side(lowest: int, highest: int) -> None:
    assert clipped([np.round(np.clip(WAVE, lowest, highest))]) == [lowest > -5000 or highest < 5000]


def test_what_is_not_at_a_rail() -> None:
    slow = np.round(2000 * np.sin(2 * np.pi * np.arange(500) / 500))  # its crest is flat as far as counts go
    coarse = np.round(np.random.default_rng(0).normal(0, 2, 500))  # every value comes often
    assert clipped([slow, coarse, np.zeros(500), np.full(500, 7.0), np.round(WAVE)]) == [False] * 5


@pytest.mark.data
def test_real_records_as_they_are_and_cut(shared_data: Callable[[str], Path]) -> None:
    windows = [raw[p - 300 : p + 200] for raw, p in records(shared_data("picks_ncedc"))]
    assert not any(clipped(windows))
    wide = [window for window in windows if np.ptp(window) > 2000 * np.abs(np.diff(window)[np.diff(window) != 0]).min()]
    assert len(wide) >= 10
    halves = [np.clip(window, -np.abs(window).max() / 3, np.abs(window).max() / 3) for window in wide]
    assert np.mean(clipped(halves)) >= 0.95
