"""Rows of minutes and hours go when their data are old enough, those of days stay: on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.archive import Archive
from acquisition.mseed import decode
from acquisition.records import pack
from database import latencies, measures
from database.measures import DAY_NS, TABLES
from database.store import Store
from houfeng.arriving import Arriving
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Cursor, SourceId
from stations.settings import MetricsSettings

T0_NS = parse_ns("2026-03-01T12:00:00")
SOURCE_IDS = [SourceId("XX", name, "00", "HHZ") for name in ("A", "B")]
DAYS = (0, 30, 105, 110)
KEPT = MetricsSettings(minutes_days=10, hours_days=100)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = f"sqlite:///{tmp_path}/houfeng.db"
    opened = Store.open(sqlite if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url")))
    yield opened
    opened.close()


def days_of(starts_ns: list[int]) -> list[int]:
    return sorted({(start_ns - T0_NS // DAY_NS * DAY_NS) // DAY_NS for start_ns in starts_ns})


def starts(store: Store) -> list[set[int]]:
    """When rows begin, of measures and of latencies of the first channel."""
    with store.read() as snapshot:
        measured = [measures.read(snapshot, table, SOURCE_IDS[0]) for table in TABLES.values()]
        late = [latencies.read(snapshot, name, SOURCE_IDS[0]) for name in ("minute", "hour")]
    return [{row.start_ns for row in rows} for rows in (*measured, *late)]


def test_rows_go_by_the_age_of_their_data(store: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    arriving = Arriving(store, KEPT, 60)
    index = ArchiveIndex(tmp_path / "archive", store)
    measuring = Measuring(tmp_path / "archive", store, KEPT, 2.0**23)
    for day in DAYS:
        for source_id in SOURCE_IDS:
            for part in range(3):
                start_ns = T0_NS + day * DAY_NS + 60 * part * NS_PER_S
                raws = pack(source_id, start_ns, 1.0, np.arange(60, dtype=np.int32))
                packets = [decode(raw, received_ns=start_ns + 61 * NS_PER_S) for raw in raws]
                archive.append(packets)
                arriving.observe(packets)
                index.touch(packets)
        index.update()
        measuring.update(T0_NS + day * DAY_NS + 600 * NS_PER_S)
        arriving.save(T0_NS + day * DAY_NS + 240 * NS_PER_S)
    archive.close()
    expected = {"minute": [105, 110], "hour": [30, 105, 110], "day": list(DAYS)}
    with store.read() as snapshot:
        for source_id in SOURCE_IDS:
            rows = {name: measures.read(snapshot, table, source_id) for name, table in TABLES.items()}
            assert {name: days_of([row.start_ns for row in its]) for name, its in rows.items()} == expected
            late = {name: latencies.read(snapshot, name, source_id) for name in latencies.TABLES}
            # A channel that has gone silent is told of for a day, the one after its last record included.
            seen = {name: days_of([row.start_ns for row in its]) for name, its in late.items()}
            assert {name: [day for day in days if day in DAYS] for name, days in seen.items()} == expected
            assert len(rows["minute"]) == 2 * 3
    with store.begin() as unit:  # a clock that is far ahead of all records
        unit.save_cursors("up", {"XX.A": Cursor(1, T0_NS + DAYS[-1] * DAY_NS)})
    before = starts(store)
    measuring.update(T0_NS + 1000 * DAY_NS)
    arriving.save(T0_NS + 1000 * DAY_NS)
    assert all(old <= now for old, now in zip(before, starts(store), strict=True))
    with store.begin() as unit:
        unit.save_cursors("up", {"XX.A": Cursor(2, T0_NS + 1000 * DAY_NS)})
    measuring.update(T0_NS + 1000 * DAY_NS)
    arriving.save(T0_NS + 1000 * DAY_NS)
    with store.read() as snapshot:
        counts = [len(measures.read(snapshot, table, SOURCE_IDS[0])) for table in TABLES.values()]
        late_counts = [len(latencies.read(snapshot, name, SOURCE_IDS[0])) for name in ("minute", "hour")]
    assert counts == [0, 0, len(DAYS)]
    assert late_counts == [0, 0]
