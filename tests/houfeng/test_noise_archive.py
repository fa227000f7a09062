"""Noise by day in the database: made once, anew for late records and other responses, and read as from the records."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import obspy
import pytest
from click.testing import CliRunner
from obspy.signal import PPSD

from acquisition.archive import Archive
from acquisition.archive_import import import_files
from database import noise_days
from database.store import Store
from houfeng.cli import main
from houfeng.indexing import ArchiveIndex
from houfeng.noise_archive import NoiseArchive, stored_levels
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import SourceId
from stations.health.noise import NoiseWindow
from stations.health.noise_days import pack, unpack
from stations.health.psd import psd_plan
from stations.inventory import Inventory, parse_stationxml
from stations.responsexml import Responses

SIGNAL_DATA = Path(obspy.__file__).parent / "signal" / "tests" / "data"
ANMO = SourceId("IU", "ANMO", "00", "LHZ")
DAY_NS = parse_ns("2010-01-01")
NOW_NS = DAY_NS + 3 * 86_400 * NS_PER_S
NONE = Responses(Inventory({}, ()))
XML = (SIGNAL_DATA / "IUANMO.xml").read_bytes()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = f"sqlite:///{tmp_path}/houfeng.db"
    opened = Store.open(sqlite if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url")))
    yield opened
    opened.close()


def archived(folder: Path, from_s: float, to_s: float) -> None:
    """Put a part of the day of IU.ANMO into an archive."""
    (trace,) = obspy.read(SIGNAL_DATA / "IUANMO.seed")
    start = obspy.UTCDateTime(ns=DAY_NS)
    trace.trim(start + from_s, start + to_s)
    path = folder / f"{from_s}.mseed"
    trace.write(path, format="MSEED", reclen=512)
    archive = Archive(folder / "archive")
    import_files(archive, [path])
    archive.close()


def update(folder: Path, store: Store, responses: Responses, now_ns: int = NOW_NS) -> int:
    ArchiveIndex(folder / "archive", store).update()
    return NoiseArchive(folder / "archive", store, 3600).update(responses, now_ns)


def test_a_day_is_that_of_ppsd_and_follows_late_records_and_responses(store: Store, tmp_path: Path) -> None:
    responses = Responses(parse_stationxml(XML, "IUANMO.xml"))
    archived(tmp_path, 0, 40_000)
    assert update(tmp_path, store, responses, DAY_NS + 86_400 * NS_PER_S) == 0  # the day is not over
    assert update(tmp_path, store, NONE) == 1
    assert update(tmp_path, store, NONE) == 0
    with store.read() as snapshot:
        (row,) = noise_days.read(snapshot, ANMO)
    assert (row.n_windows, row.response_crc, set(row.metrics.values())) == (21, None, {None})
    archived(tmp_path, 40_001, 90_000)
    assert update(tmp_path, store, responses) >= 1
    with store.read() as snapshot:
        (row,) = noise_days.read(snapshot, ANMO, DAY_NS, DAY_NS + 1)
    levels = np.concatenate(stored_levels([row], ANMO, responses, None, None)[1.0])
    ppsd = PPSD(obspy.read(SIGNAL_DATA / "IUANMO.seed")[0].stats, obspy.read_inventory(SIGNAL_DATA / "IUANMO.xml"))
    ppsd.add(obspy.read(SIGNAL_DATA / "IUANMO.seed"))
    # Theirs begin at the first sample, 70 ms later, at the same half hours.
    assert np.abs(levels - np.array(ppsd.psd_values)[: len(levels)]).max() < 0.02
    assert row.n_windows == 47
    assert row.metrics["pct_below_nlnm"] == pytest.approx(0, abs=1)
    assert row.metrics["dead_channel_gsn"] is not None
    assert row.metrics["dead_channel_gsn"] < -5  # a living site is above the low noise model
    assert update(tmp_path, store, NONE) == 0  # levels stay, metrics need a response
    with store.read() as snapshot:
        (bare,) = noise_days.read(snapshot, ANMO, DAY_NS, DAY_NS + 1)
    assert (bare.levels, bare.response_crc) == (row.levels, None)


def test_noise_goes_when_its_records_do(store: Store, tmp_path: Path) -> None:
    archived(tmp_path, 0, 40_000)
    update(tmp_path, store, NONE)
    (path,) = (tmp_path / "archive").glob("2010/IU/ANMO/LHZ.D/*")
    kept = path.read_bytes()
    path.unlink()
    yesterday_ns = DAY_NS + 3600 * NS_PER_S
    update(tmp_path, store, NONE, yesterday_ns)  # a clock that was set back removes nothing
    with store.read() as snapshot:
        assert [row.n_windows for row in noise_days.read(snapshot, ANMO)] == [21]
    update(tmp_path, store, NONE)
    with store.read() as snapshot:
        assert noise_days.made_from(snapshot, ANMO) == {}
        assert noise_days.channels(snapshot, with_windows=False) == []
    path.write_bytes(kept)
    assert update(tmp_path, store, NONE) == 1


def test_levels_survive_packing() -> None:
    plan = psd_plan(100.0)
    chance = np.random.default_rng(2)
    windows = [
        NoiseWindow(DAY_NS + slot * 1800 * NS_PER_S, 100.0, chance.normal(-50, 90, len(plan.periods_s)), 1.0)
        for slot in (0, 3, 47)
    ]
    dead = NoiseWindow(DAY_NS + 5 * 1800 * NS_PER_S, 100.0, np.full(len(plan.periods_s), -3076.0), 1.0)
    slots, packed = pack([windows[2], dead, *windows[:2]], DAY_NS)
    starts_ns, levels = unpack(slots, packed, DAY_NS, plan)
    assert starts_ns == [window.start_ns for window in (*windows[:2], dead, windows[2])]
    expected = np.array([window.levels for window in windows])
    assert np.abs(levels[[0, 1, 3]] - np.maximum(expected, -327.67)).max() <= 0.00501
    assert (levels[2] == -327.67).all()


def test_the_command_shows_stored_noise_as_from_the_records(tmp_path: Path) -> None:
    archived(tmp_path, 0, 90_000)
    shutil.copy(SIGNAL_DATA / "IUANMO.xml", tmp_path)
    (tmp_path / "houfeng.toml").write_text('[inventory]\nfiles = ["IUANMO.xml"]\n[archive]\npath = "archive"\n')
    options = ["--config", str(tmp_path / "houfeng.toml"), "--format", "json", "--end", "2010-01-02"]
    nothing = CliRunner().invoke(main, ["noise", "--stored", *options])
    assert "the database has no stored noise of at all; --update makes it" in nothing.output
    stored = CliRunner().invoke(main, ["noise", "--update", "IU.*.*.LH?", *options])
    assert stored.exit_code == 0, stored.output
    assert "the noise of 1 days was made" in stored.stderr
    direct = CliRunner().invoke(main, ["noise", str(tmp_path / "archive"), *options])
    ours, theirs = (json.loads(each.stdout)["noise"] for each in (stored, direct))
    assert len(ours) == len(theirs) > 50
    for name in ("n_windows", "period_s", "low_noise_db", "high_noise_db"):
        assert [row[name] for row in ours] == [row[name] for row in theirs]
    for name in ("p05_db", "p50_db", "p95_db"):
        assert np.abs([a[name] - b[name] for a, b in zip(ours, theirs, strict=True)]).max() <= 0.011
