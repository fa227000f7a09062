"""Metrics by name, as pages and commands read them, on both back-ends."""

from __future__ import annotations

import pytest

from database import measures, metric_queries, noise_days
from database.measures import DAY_NS, HOUR_NS, TABLES
from database.noise_days import NoiseDay
from database.store import Store
from houfeng.errors import StoreError
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import SourceId
from stations.health.measures import Measures
from stations.inventory import ChannelEpoch, Inventory

T0_NS = parse_ns("2026-03-01")
GROUND, CLOCK = SourceId("XX", "A", "00", "HHZ"), SourceId("XX", "A", "", "LCQ")


def row(start_ns: int, **values: float) -> Measures:
    return Measures(start_ns, sample_rate_hz=1.0, n_samples=30, covered_ns=30 * NS_PER_S, n_records=4, **values)  # type: ignore[arg-type]


def epoch(start_ns: int, end_ns: int | None, gain: float | None, unit: str) -> ChannelEpoch:
    return ChannelEpoch(CLOCK, start_ns, end_ns, 0.0, 0.0, 0.0, 0.0, None, None, 1.0, gain, unit)


def test_rows_series_and_the_newest(store: Store) -> None:
    minutes = [row(T0_NS + k * 60 * NS_PER_S, n_locked=k, num_gaps=k, max_gap_ns=k * NS_PER_S) for k in range(3)]
    clock = [row(T0_NS + k * DAY_NS, sample_mean=80.0) for k in range(3)]
    noise = NoiseDay(T0_NS, 1.0, 1, 1, b"", 7, {"dead_channel_lin": 3.5})
    epochs = (epoch(0, T0_NS + DAY_NS, 2.0, "%"), epoch(T0_NS + DAY_NS, T0_NS + 2 * DAY_NS, None, ""))
    with store.begin() as unit:
        measures.save(unit.connection, TABLES["minute"], [(GROUND, each) for each in minutes])
        measures.save(unit.connection, TABLES["day"], [(GROUND, row(T0_NS)), *((CLOCK, each) for each in clock)])
        noise_days.save(unit.connection, GROUND, T0_NS, "print", [noise])
        unit.save_inventory(Inventory({}, epochs))
    with store.read() as snapshot:
        assert metric_queries.channels(snapshot) == sorted([GROUND, CLOCK])
        newest = metric_queries.latest(snapshot)
        series = metric_queries.series(snapshot, GROUND, "max_gap_s", "minute", T0_NS + 1, T0_NS + HOUR_NS)
        (day,) = metric_queries.rows(snapshot, GROUND, "day")
        scaled = metric_queries.series(snapshot, CLOCK, "value", "day")
        units = [metric_queries.unit_of(snapshot, CLOCK, each.start_ns) for each in clock]
    assert list(newest) == [GROUND]
    assert newest[GROUND].start_ns == minutes[-1].start_ns
    assert (newest[GROUND].values["percent_locked"], newest[GROUND].values["percent_availability"]) == (50, 50)
    assert series == [(minutes[1].start_ns, 1.0), (minutes[2].start_ns, 2.0)]
    assert (day.values["dead_channel_lin"], day.values["pct_above_nhnm"], day.values["value"]) == (3.5, None, None)
    assert scaled == [(clock[0].start_ns, 40.0), (clock[1].start_ns, None), (clock[2].start_ns, None)]
    assert units == ["%", "", ""]


def test_what_there_is_not(store: Store) -> None:
    with store.read() as snapshot:
        assert metric_queries.latest(snapshot, "hour", [GROUND]) == {}
        with pytest.raises(StoreError, match=r"one of percent_availability.*'colour' came"):
            metric_queries.series(snapshot, GROUND, "colour", "day")
        with pytest.raises(StoreError, match="by minute, hour, day is needed, 'week' came"):
            metric_queries.rows(snapshot, GROUND, "week")
