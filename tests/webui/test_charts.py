"""Pictures of series: every extreme is there, gaps are never bridged."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.times import NS_PER_S, parse_ns
from webui.charts import HEIGHT, WIDTH, chart, is_midnight, ticks

STEP_NS = 60 * NS_PER_S
SINCE_NS = parse_ns("2026-03-01")

SERIES = st.lists(
    st.one_of(st.none(), st.floats(-1000, 1000, allow_subnormal=False), st.just("absent")), min_size=1, max_size=2500
)


def drawn(path: str) -> list[list[tuple[float, float]]]:
    """Lines of a path of M and L, each as its points."""
    lines = [line.removesuffix("h0") for line in path.split("M")[1:]]
    return [[(float(x), float(y)) for x, y in (point.split() for point in line.split("L"))] for line in lines]


@settings(max_examples=60, deadline=None)
@given(SERIES)
def test_every_extreme_is_drawn_and_no_gap_is_bridged(series: list[float | str | None]) -> None:
    until_ns = SINCE_NS + len(series) * STEP_NS
    points = [(SINCE_NS + n * STEP_NS, value) for n, value in enumerate(series) if value != "absent"]
    runs: list[list[tuple[int, float]]] = []
    for n, value in enumerate(series):
        if isinstance(value, float):
            if n == 0 or not isinstance(series[n - 1], float):
                runs.append([])
            runs[-1].append((n, value))
    found = chart(points, STEP_NS, SINCE_NS, until_ns)  # type: ignore[arg-type]
    lines = drawn(found.path)
    assert len(lines) == len(runs)
    if not runs:
        assert found.low is None
        return
    values = [value for run in runs for _, value in run]
    scale = HEIGHT / ((found.high or 0.0) - (found.low or 0.0))
    for line, run in zip(lines, runs, strict=True):
        # each line spans the columns, and reaches as high and as low, as its rows do
        for at, (n, _) in ((line[0], run[0]), (line[-1], run[-1])):
            assert abs(at[0] - WIDTH * (n + 0.5) / len(series)) <= 1.001
        assert min(y for _, y in line) == pytest.approx(scale * (found.high - max(v for _, v in run)), abs=0.051)
        assert max(y for _, y in line) == pytest.approx(scale * (found.high - min(v for _, v in run)), abs=0.051)
        assert [x for x, _ in line] == sorted(x for x, _ in line)
    assert found.low <= min(values)
    assert found.high >= max(values)


def test_one_spike_among_ten_thousand_rows_is_seen() -> None:
    points = [(SINCE_NS + n * STEP_NS, 100.0 if n == 6789 else 1.0) for n in range(10_000)]
    found = chart(points, STEP_NS, SINCE_NS, SINCE_NS + 10_000 * STEP_NS)
    assert [x for line in drawn(found.path) for x, y in line if y == 0] == [pytest.approx(WIDTH * 0.67895, abs=0.1)]
    counted = chart(points, STEP_NS, SINCE_NS, SINCE_NS + 10_000 * STEP_NS, counted=True)
    assert re.findall(r"M(\S+) 100V0", counted.path) == ["407.4"]


def test_numbers_of_things_stand_on_zero_and_percent_end_at_a_hundred() -> None:
    points = [(SINCE_NS, 3.0), (SINCE_NS + STEP_NS, 0.0)]
    found = chart(points, STEP_NS, SINCE_NS, SINCE_NS + 2 * STEP_NS, counted=True)
    assert (found.low, found.high, found.path) == (0.0, 3.0, "M150 100V0")
    assert found.known == "M0 100H600"
    full = chart([(SINCE_NS, 100.0)], STEP_NS, SINCE_NS, SINCE_NS + STEP_NS, most=100.0, limit=98.0)
    assert (full.low, full.high, full.limit_y) == (98.0, 100.0, 100.0)


def test_a_logarithmic_axis_has_decades_of_one_height() -> None:
    points = [(SINCE_NS + n * STEP_NS, value) for n, value in enumerate((1.0, 10.0, 100.0))]
    found = chart(points, STEP_NS, SINCE_NS, SINCE_NS + 3 * STEP_NS, log=True)
    assert [y for _, y in drawn(found.path)[0]] == [100.0, 50.0, 0.0]


@pytest.mark.parametrize("hours", [1, 6, 24, 168, 720, 8760, 43_824])
def test_ticks_are_round_and_few(hours: int) -> None:
    since_ns = parse_ns("2026-02-11T05:17:00")
    found = ticks(since_ns, since_ns + hours * 3600 * NS_PER_S)
    assert 3 <= len(found) <= 8
    assert all(0 <= tick.percent < 100 for tick in found)
    assert all(tick.t_ns % (600 * NS_PER_S) == 0 for tick in found)
    assert all(is_midnight(tick.t_ns) for tick in found) == (hours >= 168)
