"""Reasons as DESIGN has them: what, value, limit; never longer than forty characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.health import words
from stations.health.rules import Rulebook
from stations.health.status import Metrics, State
from stations.settings import HealthSettings


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.8, "0.8 s"), (0, "0 s"), (5, "5 s"), (9.96, "10 s"), (75, "75 s"), (60.2, "61 s"), (180, "180 s"),
        (181, "4 min"), (19 * 60, "19 min"), (5 * 3600 + 13 * 60, "5 h 13 min"), (2 * 3600, "2 h"),
        (12 * 86400, "12 d"), (-3, "\u22123 s"),
    ],
)  # fmt: skip
def test_ages(seconds: float, text: str) -> None:
    assert words.age(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (38, "38 %"),
        (97.98, "97.9 %"),
        (100, "100 %"),
        (0.0167, "0.017 %"),
        (0, "0 %"),
        (1e-9, "<0.001 %"),
        (89.99999, "89.9 %"),
    ],
)
def test_percentages_are_cut_off(value: float, text: str) -> None:
    assert words.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(6e6, "6\u2009000\u2009000"), (-523.4, "\u2212523"), (3, "3"), (0.25, "0.25"), (2**31, "2.1e9")],
)
def test_numbers(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(720, "12 min"), (3600, "1 h"), (18_900, "5.2 h"), (86_400, "24 h")])
def test_windows(seconds: float, text: str) -> None:
    assert words.window(seconds) == text


def test_two_long_durations_leave_room_for_the_limit() -> None:
    said = words.reason("Feed latency {value}, limit {limit}", 5460, 5400, "s")
    assert said == "Feed latency 1h 31m, limit 1h 30m"


some = st.one_of(st.none(), st.floats(-1e12, 1e12))
# Records come from 1880 to 2100.
ages_s = st.one_of(st.none(), st.floats(-7e9, 7e9))
share = st.one_of(st.none(), st.floats(0, 100))
count = st.one_of(st.none(), st.integers(0, 10**7))


@given(
    st.builds(
        Metrics, total_latency_s=ages_s, feed_latency_s=ages_s, num_gaps=count, num_overlaps=count, sample_mean=some,
        percent_availability_1h=share, percent_availability_24h=share, watched_s=st.floats(600, 86_400),
        timing_quality=share, sample_rms=st.one_of(st.none(), st.floats(0, 1e9)), clipping=share,
        num_distinct=st.one_of(st.none(), st.integers(1, 3)),
    ),
    st.floats(0, 7e9),
    st.floats(1, 1e4),
)  # fmt: skip
def test_no_reason_is_longer_than_forty_characters(metrics: Metrics, future_s: float, patience: float) -> None:
    verdicts = Rulebook(HealthSettings()).judge(
        metrics, channel="HHZ", timing_seen=True, patience=patience, future_s=future_s
    )
    for verdict in verdicts:
        for state in (State.WARN, State.BAD):
            reason = verdict.reason(state)
            assert len(reason) <= words.MAX_REASON and "{" not in reason
            assert len(words.recovering(reason)) <= words.MAX_REASON
            if verdict.state is state:
                assert "limit" in reason
