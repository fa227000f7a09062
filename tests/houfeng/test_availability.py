"""Availability and measures of real records with defects against ObsPy, and of made ones against single ticks."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import obspy
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy.signal.quality_control import MSEEDMetadata

from acquisition.archive import Archive
from acquisition.archive_import import import_files
from acquisition.spans import merged
from database import holdings, measures
from database.measures import TABLES
from database.store import Store
from houfeng.availability import WINDOWS_NS, availability
from houfeng.cli import main
from houfeng.indexing import ArchiveIndex
from houfeng.measuring import Measuring
from houfeng.times import NS_PER_S, from_utcdatetime, parse_ns
from houfeng.types import SourceId, Span
from stations.health.measures import rolled_up
from stations.inventory import Inventory, Site
from stations.settings import MetricsSettings

MSEED = Path(obspy.__file__).parent / "io" / "mseed" / "tests" / "data"
END_NS = parse_ns("2026-03-02T00:00:10")
TICK_NS = 50_000_000
STREAMS = [SourceId("XX", "A", "", "HHZ"), SourceId("XX", "A", "", "HHN"), SourceId("YY", "B", "", "HHZ")]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = f"sqlite:///{tmp_path}/houfeng.db"
    opened = Store.open(sqlite if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url")))
    yield opened
    opened.close()


def by_ticks(spans: list[tuple[int, int]], length_ns: int) -> float | None:
    """Share of a window, tick by tick of half a sample from the first sample on; single ticks are no holes."""
    start_ns = max(END_NS - length_ns, min(start for start, _ in spans))
    if start_ns >= END_NS:
        return None
    ticks = range(min(start for start, _ in spans), END_NS, TICK_NS)
    has = [any(start <= at < end for start, end in spans) for at in ticks]
    inside = [known for at, known in zip(ticks, has, strict=True) if at >= start_ns]
    return 100 * sum(inside) / len(inside)


SPANS = st.lists(st.tuples(st.integers(2, 400), st.integers(1, 150)), min_size=1, max_size=6)


@settings(max_examples=8, deadline=None)
@given(st.lists(SPANS, min_size=3, max_size=3))
def test_shares_are_those_of_single_ticks(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[list[tuple[int, int]]]
) -> None:
    """Spans of 10 Hz, whose half sample is a tick; none begins a tick beside another's end: that is a hole."""
    path = tmp_path_factory.mktemp("spans") / "houfeng.db"
    store = Store.open(f"sqlite:///{path}")
    made = [[(END_NS - 2 * a * TICK_NS, END_NS - 2 * (a - b) * TICK_NS) for a, b in each] for each in drawn]
    day_ns = END_NS // (86_400 * NS_PER_S) * 86_400 * NS_PER_S
    files = {}
    for source_id, spans in zip(STREAMS, made, strict=True):
        for start_ns, end_ns in spans:
            key = source_id, day_ns if start_ns >= day_ns else day_ns - 86_400 * NS_PER_S
            files.setdefault(key, ((1, 1, 1, 1, 1), []))[1].append(Span(start_ns, end_ns, 10.0))
    inventory = Inventory({"XX.A": Site("XX.A", 0, 0, 0, "", "KZ"), "YY.B": Site("YY.B", 0, 0, 0, "", "KZ")}, ())
    with store.begin() as unit:
        files = {key: (mark, merged(spans)) for key, (mark, spans) in files.items()}
        holdings.save(unit.connection, files)
        unit.save_inventory(inventory)
    with store.read() as snapshot:
        found = {(row.level, row.name): row for row in availability(snapshot, END_NS)}
    store.close()
    expected_of = dict(zip(map(str, STREAMS), made, strict=True))
    for source_id in STREAMS:
        spans = expected_of[str(source_id)]
        row = found["channel", str(source_id)]
        for window, length_ns in WINDOWS_NS.items():
            expected = by_ticks(spans, length_ns)
            assert row.percent(window) == (None if expected is None else pytest.approx(expected, abs=1e-9))
    country = found["country", "KZ"]
    assert country.n_channels == 3
    assert country.covered_ns["1y"] == sum(found["channel", str(each)].covered_ns["1y"] for each in STREAMS)


@pytest.mark.parametrize("name", ["gaps.mseed", "timingquality.mseed", "test.mseed"])
def test_real_records_are_as_obspy_judges_them(name: str, store: Store, tmp_path: Path) -> None:
    path = MSEED / name
    archive = Archive(tmp_path / "archive")
    import_files(archive, [path])
    archive.close()
    ArchiveIndex(tmp_path / "archive", store).update()
    now_ns = parse_ns("2012-01-01")
    kept = MetricsSettings(minutes_days=20_000, hours_days=30_000)
    Measuring(tmp_path / "archive", store, kept, 2.0**23).update(now_ns)
    with store.read() as snapshot:
        streams = holdings.streams(snapshot)
        rows = {each: measures.read(snapshot, TABLES["day"], each) for each in streams}
    assert streams
    for source_id, days in rows.items():
        found = rolled_up(days, days[0].start_ns)
        told = MSEEDMetadata([str(path)], add_flags=True).meta
        start_ns, end_ns = (from_utcdatetime(told[key]) for key in ("start_time", "end_time"))
        assert str(source_id) == f"{told['network']}.{told['station']}.{told['location'] or ''}.{told['channel']}"
        assert found.n_samples == told["num_samples"]
        assert found.num_gaps == told["num_gaps"]
        assert found.num_overlaps == told["num_overlaps"]
        assert found.n_records == told["num_records"]
        assert 100 * found.covered_ns / (end_ns - start_ns) == pytest.approx(told["percent_availability"], abs=0.01)
        assert (found.sample_min, found.sample_max) == (told["sample_min"], told["sample_max"])
        assert found.sample_mean == pytest.approx(told["sample_mean"], rel=1e-9)
        assert found.sample_rms == pytest.approx(told["sample_stdev"], rel=1e-6)
        assert found.timing_quality == (
            None
            if told["miniseed_header_percentages"]["timing_quality_mean"] is None
            else pytest.approx(told["miniseed_header_percentages"]["timing_quality_mean"])
        )


def test_records_of_one_time(store: Store, tmp_path: Path) -> None:
    """Eighteen records of the same two seconds, but for their flags: each time counts once, where ObsPy adds copies up.

    Byte for byte there are 16. What a record is counted for agrees with ObsPy on these; samples with it on one of them.
    """
    raw = (MSEED / "qualityflags.mseed").read_bytes()
    records = list(dict.fromkeys(raw[at : at + 512] for at in range(0, len(raw), 512)))
    told = []
    for name, its in (("all", records), ("one", records[:1])):
        (tmp_path / name).write_bytes(b"".join(its))
        told.append(MSEEDMetadata([str(tmp_path / name)], add_flags=True).meta)
    every, one = told
    archive = Archive(tmp_path / "archive")
    import_files(archive, [MSEED / "qualityflags.mseed"])
    archive.close()
    ArchiveIndex(tmp_path / "archive", store).update()
    kept = MetricsSettings(minutes_days=20_000, hours_days=30_000)
    Measuring(tmp_path / "archive", store, kept, 2.0**23).update(END_NS)
    with store.read() as snapshot:
        days = measures.read(snapshot, TABLES["day"], SourceId("BW", "BGLD", "", "EHE"))
    found = rolled_up(days, days[0].start_ns)
    assert (found.n_records, found.num_overlaps) == (every["num_records"], every["num_overlaps"]) == (16, 15)
    assert (found.n_samples, every["num_samples"]) == (one["num_samples"], 16 * one["num_samples"])
    assert found.sample_mean == pytest.approx(one["sample_mean"], rel=1e-9)
    assert found.sample_rms == pytest.approx(one["sample_stdev"], rel=1e-6)
    length_ns = from_utcdatetime(one["end_time"]) - from_utcdatetime(one["start_time"])
    assert 100 * found.covered_ns / length_ns == every["percent_availability"] == 100
    clipped = sum(1 for each in records if each[38] & 3)
    assert found.n_flagged == clipped == 9


def test_the_commands_tell_what_is_there(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    import_files(archive, [MSEED / "gaps.mseed"])
    archive.close()
    config = tmp_path / "houfeng.toml"
    config.write_text('[archive]\npath = "archive"\n[metrics]\nminutes_days = 20000\nhours_days = 30000\n')
    start_ns = from_utcdatetime(obspy.read(MSEED / "gaps.mseed")[0].stats.starttime)
    options = ["--config", str(config), "--format"]
    since = obspy.UTCDateTime(ns=start_ns).strftime("%Y-%m-%d")
    measured = CliRunner().invoke(main, ["metrics", *options, "json", "--by", "day", "--since", since, "--update"])
    assert measured.exit_code == 0, measured.output
    assert "1 channels were measured" in measured.stderr
    days = json.loads(measured.stdout)["metrics"]
    told = MSEEDMetadata([str(MSEED / "gaps.mseed")]).meta
    assert sum(day["num_gaps"] for day in days) == told["num_gaps"]
    assert sum(day["n_samples"] for day in days) == told["num_samples"]
    assert {day["pct_above_nhnm"] for day in days} == {None}
    until = str(told["end_time"])
    shown = CliRunner().invoke(main, ["availability", *options, "csv", "--by", "all", "--until", until])
    assert shown.exit_code == 0, shown.output
    rows = list(csv.DictReader(shown.stdout.splitlines()))
    assert [row["level"] for row in rows] == ["channel", "station", "network", "country"]
    assert float(rows[0]["percent_1y"]) == pytest.approx(told["percent_availability"], abs=0.01)
    page = CliRunner().invoke(main, ["availability", *options, "html", "--until", until])
    assert "<td>BW.BGLD</td>" in page.stdout
    assert page.stdout.rstrip().endswith("</html>")
