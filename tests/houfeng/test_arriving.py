"""How late records come: against a walk over half seconds, and an hour that is back-filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.archive import Archive
from acquisition.mseed import decode
from acquisition.records import pack
from database import latencies, metric_queries
from database.store import Store
from houfeng.arriving import Arriving
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Packet, SourceId
from stations.health import HealthMonitor
from stations.health.latencies import Latencies, LatencyWatch
from stations.settings import HealthSettings, MetricsSettings

T0_NS = parse_ns("2026-03-01T22:00:00")
SOURCE_ID = SourceId("XX", "A", "00", "HHZ")
MINUTE_S = 60


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = f"sqlite:///{tmp_path}/houfeng.db"
    opened = Store.open(sqlite if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url")))
    yield opened
    opened.close()


def by_walking(arrivals: Sequence[tuple[int, int]], first: int, last: int) -> dict[int, tuple[float, ...]]:
    """Second by second, at the middle of each: feed and data latency, records, the oldest that a sample was."""
    found: dict[int, tuple[float, ...]] = {}
    for minute in range(first, last):
        feed, data, oldest = [], [], 0
        for second in range(minute * MINUTE_S, (minute + 1) * MINUTE_S):
            came = [each for each in arrivals if each[0] <= second]
            at, newest = came[-1][0], max(end for _, end in came)
            feed.append(second + 0.5 - at)
            data.append(at - newest)
            oldest = max(oldest, second + 1 - newest)
        here = [each for each in arrivals if each[0] // MINUTE_S == minute]
        late = max([at - end for at, end in here], default=0)
        found[minute] = (len(here), np.mean(feed), np.mean(data), max(late, 0), oldest)
    return found


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200)), min_size=1, max_size=12),
    st.lists(st.integers(0, 400), max_size=5),
)
def test_latencies_are_those_of_a_walk_over_seconds(drawn: list[tuple[int, int]], asked: list[int]) -> None:
    """Whenever somebody asks in between."""
    arrivals = sorted((at, at - age) for at, age in drawn)
    watch = LatencyWatch(60)
    found: list[tuple[SourceId, Latencies]] = []
    for at, end in arrivals:
        for time in (each for each in asked if each < at):
            found += watch.finished(T0_NS + time * NS_PER_S)
        watch.arrive(SOURCE_ID, T0_NS + end * NS_PER_S, T0_NS + at * NS_PER_S)
    found += watch.finished(T0_NS + 400 * NS_PER_S)
    first = -(-arrivals[0][0] // MINUTE_S)
    expected = by_walking(arrivals, first, 400 // MINUTE_S)
    seen = {(row.start_ns - T0_NS) // NS_PER_S // MINUTE_S: row[2:] for _, row in found}
    assert set(seen) == set(expected)
    for minute, values in expected.items():
        assert seen[minute] == pytest.approx(values)


def record(start_s: float, came_s: float | None) -> Packet:
    """Ten seconds of 10 Hz and when they came, seconds after T0; None where nobody knows."""
    samples = np.random.default_rng(round(start_s) + 1000).integers(-600, 600, 100).astype(np.int32)
    (raw,) = pack(SOURCE_ID, T0_NS + round(start_s * NS_PER_S), 10.0, samples)
    return decode(raw, received_ns=0 if came_s is None else T0_NS + round(came_s * NS_PER_S))


def test_an_hour_is_back_filled(store: Store, tmp_path: Path) -> None:
    """An hour live, an hour without link, which sends in a minute what it kept then; and what was imported."""
    monitor = HealthMonitor(HealthSettings())
    arriving = Arriving(store, MetricsSettings(), 60)
    live = [record(10 * k, 10 * k + 12) for k in range(360)]
    filled = [record(3600 + 10 * k, 7200 + k / 6) for k in range(360)]
    archive = Archive(tmp_path / "archive")
    for packet in live:
        monitor.observe([packet])
        arriving.observe([packet])
    hours = [at_s(monitor, 7199)]
    archive.append(live)
    for packet in filled[:180]:
        monitor.observe([packet])
        arriving.observe([packet])
    hours.append(at_s(monitor, 7231))
    for packet in filled[180:]:
        monitor.observe([packet])
        arriving.observe([packet])
    hours.append(at_s(monitor, 7261))
    archive.append(filled)
    archive.append([record(-600, None)])
    archive.close()
    ArchiveIndex(tmp_path / "archive", store).update()
    Measuring(tmp_path / "archive", store, MetricsSettings(), 2.0**23).update(T0_NS + 8000 * NS_PER_S)
    assert arriving.save(T0_NS + 7260 * NS_PER_S) == 120
    assert arriving.save(T0_NS + 7260 * NS_PER_S) == 0
    before, during, after = hours
    for total_s, feed_s, data_s, _ in hours:
        assert total_s == pytest.approx(feed_s + data_s)
    assert before[1] > 3500
    assert during[1] < 2
    assert during[2] > 1800
    assert before[3] < during[3] < after[3]
    with store.read() as snapshot:
        minutes = {row.start_ns: row.values for row in metric_queries.rows(snapshot, SOURCE_ID, "minute")}
        days = latencies.read(snapshot, "day", SOURCE_ID)
        stored = latencies.read(snapshot, "hour", SOURCE_ID)
    outage, fill, imported = (minutes[T0_NS + each * NS_PER_S] for each in (7140, 7200, -600))
    assert outage["feed_latency_s"] == pytest.approx(7170 - 3602)
    assert outage["data_latency_s"] == pytest.approx(2)
    assert outage["percent_availability"] == pytest.approx(100)  # of the samples that came later
    assert fill["feed_latency_s"] == pytest.approx(1 / 12, abs=0.02)
    assert fill["data_latency_s"] == pytest.approx(1800, rel=0.02)
    assert fill["max_data_latency_s"] == pytest.approx(3590, abs=1)
    assert fill["total_latency_s"] == fill["feed_latency_s"] + fill["data_latency_s"]  # type: ignore[operator]
    assert (fill["n_arrived"], fill["num_gaps"]) == (360, None)
    assert imported["total_latency_s"] is None
    assert imported["n_records"] == 1
    # The first minute, which began before the first record, is not told.
    assert [(row.n_minutes, row.n_arrived) for row in stored] == [(59, 354), (60, 1), (1, 360)]
    assert [(row.n_minutes, row.max_data_latency_s) for row in days] == [
        (119, stored[0].max_data_latency_s),
        (1, fill["max_data_latency_s"]),
    ]
    assert stored[1].feed_latency_s == pytest.approx(sum(m["feed_latency_s"] or 0 for m in hour_of(minutes, 1)) / 60)


def at_s(monitor: HealthMonitor, s: int) -> tuple[float, float, float, float]:
    """Latencies and availability of the last hour, of the channel at a time."""
    ((status,),) = (each.channels for each in monitor.evaluate(T0_NS + s * NS_PER_S))
    found = status.metrics
    values = found.total_latency_s, found.feed_latency_s, found.data_latency_s, found.percent_availability_1h
    return tuple(-1.0 if each is None else each for each in values)  # type: ignore[return-value]


def hour_of(minutes: dict[int, Mapping[str, float | None]], number: int) -> list[Mapping[str, float | None]]:
    start_ns = T0_NS + number * 3600 * NS_PER_S
    return [values for at_ns, values in minutes.items() if start_ns <= at_ns < start_ns + 3600 * NS_PER_S]


def test_what_cannot_be_is_not_counted() -> None:
    watch = LatencyWatch(60)
    watch.observe([record(0, None), record(7200, 10)])
    assert watch.finished(T0_NS + 10_000 * NS_PER_S) == []
    watch.observe([record(0, 11), record(10, 5)])  # a clock that was set back
    rows = watch.finished(T0_NS + 120 * NS_PER_S)
    assert [row.n_arrived for _, row in rows] == [0]
    assert len(watch.finished(T0_NS + 10 * 86_400 * NS_PER_S)) == 1438  # silent for a day: no more
