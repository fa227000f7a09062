"""How often a station triggers by chance, as far as it can be known."""

from __future__ import annotations

import random

import pytest

from detection.association.rates import Rates
from houfeng.times import seconds_ns

T0_NS = 1_700_000_000_000_000_000
QUIET = 1.5


def rates(per_hour: float, hours: float, order: random.Random | None = None) -> Rates:
    """Of one station with picks at even times."""
    step_s = 3600 / per_hour
    onsets_s = [number * step_s for number in range(round(hours * per_hour))]
    if order is not None:
        order.shuffle(onsets_s)
    made = Rates(QUIET)
    for onset_s in onsets_s:
        made.add(0, T0_NS + seconds_ns(onset_s))
    return made


def per_hour(of: Rates, after_s: float, station: int = 0) -> float:
    return of.per_s(station, T0_NS + seconds_ns(after_s)) * 3600


def test_the_rate_of_a_noisy_station_is_known_before_the_hour_is_over() -> None:
    noisy = rates(30, 3)
    assert per_hour(noisy, 0) == pytest.approx(2 * QUIET)  # nothing is known, which is not that nothing happens
    assert per_hour(noisy, 1200) > 12
    assert per_hour(noisy, 2400) == pytest.approx(30, rel=0.4)
    assert per_hour(noisy, 7200) == pytest.approx(30, rel=0.1)


def test_what_was_silent_for_an_hour_is_quiet() -> None:
    noisy = rates(30, 3)
    assert per_hour(noisy, 7200, station=1) == pytest.approx(QUIET)


def test_what_is_silent_for_longer_than_it_ever_was_may_be_away() -> None:
    """With 30 picks an hour until then, 19 in 20 stations working: of 2.9 that are missing the odds are even."""
    works = [
        rates(30, 3).works(0, T0_NS + seconds_ns(3 * 3600 + 300 + after_s)) for after_s in (0, 200, 300, 700, 8000)
    ]
    assert works[:2] == [1.0, 1.0]
    assert 0.3 < works[2] < 0.5
    assert 0.0 < works[3] < 0.06
    assert works[4] == 0.0  # nothing is known of it any more
    rare = rates(2, 3)
    assert rare.works(0, T0_NS + seconds_ns(3 * 3600 + 300 + 900)) == 1.0  # a quarter of an hour is nothing there
    assert rare.works(1, T0_NS + seconds_ns(3600)) == 0.0


def test_a_main_shock_does_not_count_against_its_first_aftershocks() -> None:
    shaken = Rates(QUIET)
    before = per_hour(shaken, 0)
    for after_s in (0, 10, 20):
        shaken.add(0, T0_NS + seconds_ns(after_s))
    assert per_hour(shaken, 240) == before
    assert per_hour(shaken, 330) > before


def test_neither_order_nor_what_is_forgotten_changes_a_rate() -> None:
    expected, shuffled, short = rates(12, 4), rates(12, 4, random.Random(3)), rates(12, 4)
    short.forget(T0_NS + seconds_ns(3 * 3600 - 7200))
    for after_s in (3 * 3600, 3.5 * 3600):
        assert per_hour(shuffled, after_s) == per_hour(short, after_s) == per_hour(expected, after_s)
    assert per_hour(shuffled, 900) == per_hour(expected, 900)
