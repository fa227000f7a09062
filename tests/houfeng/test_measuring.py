"""Rows of minutes, hours and days: after any history the same, and those that a walk over single samples gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.archive import Archive
from acquisition.mseed import decode
from acquisition.records import pack
from database import measures, tables
from database.measures import TABLES
from database.store import Store
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Packet, SourceId
from stations.health.measures import Measures
from stations.settings import MetricsSettings

# Records lie on both sides of a midnight.
T0_NS = parse_ns("2026-03-01T23:57:30")
NOW_NS = T0_NS + 3600 * NS_PER_S
SOURCE_ID = SourceId("XX", "A", "00", "HHZ")
RATE_HZ = 10.0
CLIP_COUNTS = 500.0
UNIT_NS = {"minute": 60 * NS_PER_S, "hour": 3600 * NS_PER_S, "day": 86_400 * NS_PER_S}
Rows = dict[str, list[Measures]]


def packet(start_s: float, n_samples: int, seed: int) -> Packet:
    samples = np.random.default_rng(seed).integers(-600, 600, n_samples) // (1 if seed % 3 else 600)
    (raw,) = pack(SOURCE_ID, T0_NS + round(start_s * NS_PER_S), RATE_HZ, samples.astype(np.int32))
    return decode(raw)


def append(root: Path, packets: Iterable[Packet]) -> None:
    archive = Archive(root)
    archive.append(packets)
    archive.close()


def bring_up_to_date(root: Path, store: Store, now_ns: int = NOW_NS, **kept: float) -> None:
    ArchiveIndex(root, store).update()
    Measuring(root, store, MetricsSettings(**kept), CLIP_COUNTS).update(now_ns)


def stored(store: Store) -> Rows:
    with store.read() as snapshot:
        return {name: measures.read(snapshot, table, SOURCE_ID) for name, table in TABLES.items()}


def by_walking(packets: Sequence[Packet], unit_ns: int) -> dict[int, dict[str, object]]:
    """What one walk over all samples, one by one, gives for each unit of time."""
    ordered = sorted({each.raw: each for each in packets}.values(), key=lambda p: (p.start_ns, -p.n_samples, p.raw))
    interval_ns = round(NS_PER_S / RATE_HZ)
    taken: dict[int, list[int]] = {}
    gaps: dict[int, list[int]] = {}
    overlaps: dict[int, int] = {}
    covered: dict[int, int] = {}
    reach_ns = None
    for each in ordered:
        unit = each.start_ns // unit_ns
        if reach_ns is not None and 2 * (each.start_ns - reach_ns) >= interval_ns:
            gaps.setdefault(unit, []).append(each.start_ns - reach_ns)
        if reach_ns is not None and 2 * (reach_ns - each.start_ns) >= interval_ns:
            overlaps[unit] = overlaps.get(unit, 0) + 1
        for number, value in enumerate(each.samples.tolist()):
            t_ns = each.start_ns + number * interval_ns
            if reach_ns is None or 2 * (reach_ns - t_ns) <= interval_ns:
                taken.setdefault((t_ns + interval_ns // 4) // unit_ns, []).append(value)
        begin_ns = each.start_ns
        if reach_ns is not None and 2 * (each.start_ns - reach_ns) < interval_ns:
            begin_ns = min(reach_ns, each.next_ns)
        reach_ns = each.next_ns if reach_ns is None else max(reach_ns, each.next_ns)
        for at_ns in range(begin_ns // 1_000_000, each.next_ns // 1_000_000, 50):
            covered[at_ns * 1_000_000 // unit_ns] = covered.get(at_ns * 1_000_000 // unit_ns, 0) + 50_000_000
    return {
        unit: {
            "n_samples": len(values),
            "covered_ns": covered[unit],
            "num_gaps": len(gaps.get(unit, [])),
            "max_gap_ns": max(gaps.get(unit, [0])),
            "num_overlaps": overlaps.get(unit, 0),
            "n_clipped": sum(abs(value) >= CLIP_COUNTS for value in values),
            "sample_min": min(values),
            "sample_max": max(values),
            "sample_mean": pytest.approx(np.mean(values), abs=1e-9),
            "sample_rms": pytest.approx(np.std(values), abs=1e-9),
        }
        for unit, values in taken.items()
    }


# Starts are on a grid of half an interval: records join, overlap, repeat each other and leave holes.
RECORDS = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(1, 200), st.integers(0, 5)), min_size=1, max_size=12
).map(lambda drawn: [packet(start * 0.05, n, seed) for start, n, seed in drawn])


@settings(max_examples=12, deadline=None)
@given(RECORDS, st.lists(st.integers(1, 4), max_size=3), st.randoms(use_true_random=False))
def test_rows_are_those_of_a_walk_over_the_samples(
    tmp_path_factory: pytest.TempPathFactory, packets: list[Packet], batches: list[int], chance: object
) -> None:
    """In whatever order and batches records came, with a new process for each batch, and some of them twice."""
    folder = tmp_path_factory.mktemp("history")
    store = Store.open(f"sqlite:///{folder}/houfeng.db")
    arriving = [*packets, *packets[:2]]
    chance.shuffle(arriving)  # type: ignore[attr-defined]
    for size in [*batches, len(arriving)]:
        batch, arriving = arriving[:size], arriving[size:]
        append(folder / "archive", batch)
        bring_up_to_date(folder / "archive", store)
    found = stored(store)
    store.close()
    anew = Store.open(f"sqlite:///{folder}/anew.db")
    bring_up_to_date(folder / "archive", anew)
    assert found == stored(anew)
    anew.close()
    for name, unit_ns in UNIT_NS.items():
        expected = by_walking(packets, unit_ns)
        seen = {row.start_ns // unit_ns: row for row in found[name] if row.n_samples}
        picked = {unit: {key: getattr(row, key) for key in expected[unit]} for unit, row in seen.items()}
        assert picked == expected


def test_late_records_of_hours_whose_minutes_are_gone(tmp_path: Path) -> None:
    """Rows of minutes are purged; a late record still revises the hour and the day as if they were there."""
    root = tmp_path / "archive"
    first, late, second = (packet(start_s, 100, 1) for start_s in (0, 10, 20))
    expected = Store.open(f"sqlite:///{tmp_path}/expected.db")
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    append(root, [first, second])
    bring_up_to_date(root, store)
    assert len(stored(store)["minute"]) == 1
    for days in (20, 400):  # minutes gone, then hours gone as well
        now_ns = NOW_NS + days * 86_400 * NS_PER_S
        bring_up_to_date(root, store, now_ns, minutes_days=10, hours_days=100)
    assert (stored(store)["minute"], stored(store)["hour"], len(stored(store)["day"])) == ([], [], 1)
    append(root, [late])
    bring_up_to_date(root, store, now_ns, minutes_days=10, hours_days=100)
    bring_up_to_date(root, expected)
    assert stored(store)["minute"] == []
    assert stored(store)["day"] == stored(expected)["day"]
    assert stored(store)["day"][0].num_gaps == 0
    store.close()
    expected.close()


def test_rows_go_when_their_records_do(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    append(root, [packet(0, 100, 1), packet(200, 100, 2)])
    bring_up_to_date(root, store)
    assert [len(rows) for rows in stored(store).values()] == [2, 2, 2]
    (root / "2026" / "XX" / "A" / "HHZ.D" / "XX.A.00.HHZ.D.2026.060").unlink()
    bring_up_to_date(root, store)
    assert [[row.num_gaps for row in rows] for rows in stored(store).values()] == [[0], [0], [0]]
    store.close()


@pytest.mark.parametrize("back_end", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_both_databases_have_the_same_rows(back_end: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path}/a.db" if back_end == "sqlite" else str(request.getfixturevalue("postgresql_url"))
    store = Store.open(url)
    packets = [packet(start_s, 90, seed) for seed, start_s in enumerate((0, 10, 31, 29, 140))]
    append(tmp_path / "archive", packets)
    bring_up_to_date(tmp_path / "archive", store)
    append(tmp_path / "archive", [packet(60, 400, 3)])
    bring_up_to_date(tmp_path / "archive", store)
    (day,) = (row for row in stored(store)["day"] if row.start_ns < T0_NS)
    assert (day.n_minutes, day.n_records, day.num_overlaps) == (3, 6, 1)
    with store.read() as snapshot:
        assert len(snapshot.execute(tables.measured_file.select()).all()) == len(stored(store)["day"])
    store.close()


def test_flags_and_timing_quality(tmp_path: Path) -> None:
    """Bits of the fixed header: clock locked (I/O flags), digitiser clipped (data quality flags)."""
    plain = packet(0, 100, 1)
    locked = bytearray(packet(10, 100, 2).raw)
    locked[37] |= 0x20
    clipped = bytearray(packet(20, 100, 3).raw)
    clipped[38] |= 0x02
    root = tmp_path / "archive"
    append(root, [plain, decode(bytes(locked)), decode(bytes(clipped))])
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    bring_up_to_date(root, store)
    (row,) = stored(store)["minute"]
    values = asdict(row)
    assert (values["n_records"], values["n_locked"], values["n_flagged"]) == (3, 1, 1)
    store.close()
