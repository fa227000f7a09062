"""Days of channels in the database: real records, of which a neighbour has copied, inverted and leaking ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pytest
from click.testing import CliRunner
from obspy.signal.quality_control import MSEEDMetadata

from acquisition.archive import Archive
from acquisition.archive_import import import_files
from database import day_checks
from database.day_checks import DayCheck
from database.records import Run
from database.store import Store
from houfeng.cli import main
from houfeng.day_checks import DayChecks
from houfeng.indexing import ArchiveIndex
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Event, Magnitude, Origin, Pick, SourceId
from stations.inventory import ChannelEpoch, Inventory, Site, parse_stationxml

MSEED = Path(obspy.__file__).parent / "io" / "mseed" / "tests" / "data"
DAY_NS = parse_ns("2009-02-19")
NOW_NS = DAY_NS + 3 * 86_400 * NS_PER_S
NOTHING = Inventory({}, ())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = f"sqlite:///{tmp_path}/houfeng.db"
    opened = Store.open(sqlite if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url")))
    yield opened
    opened.close()


def archived(folder: Path, files: list[Path]) -> None:
    archive = Archive(folder / "archive")
    import_files(archive, files)
    archive.close()


def update(folder: Path, store: Store, inventory: Inventory = NOTHING, now_ns: int = NOW_NS) -> int:
    ArchiveIndex(folder / "archive", store).update()
    return DayChecks(folder / "archive", store, 3600).update(inventory, now_ns)


def stored(store: Store, name: str) -> DayCheck:
    with store.read() as snapshot:
        (row,) = day_checks.read(snapshot, SourceId.parse(name))
    return row


def written(folder: Path, name: str, trace: obspy.Trace, samples: np.ndarray) -> Path:
    network, station, location, channel = name.split(".")
    made = trace.copy()
    made.data = np.round(samples).astype(np.int32)
    made.stats.update({"network": network, "station": station, "location": location, "channel": channel})
    made.stats.pop("mseed", None)
    made.write(folder / name, format="MSEED", reclen=4096)
    return folder / name


@pytest.fixture(scope="module")
def copenhagen(shared_data: Callable[[str], Path]) -> dict[str, obspy.Trace]:
    """Every tenth sample of a real day: 2 Hz."""
    folder = shared_data("continuous_day")
    traces = {part: obspy.read(folder / f"COP.BH{part}.DK.2009.050")[0] for part in "ZNE"}
    for trace in traces.values():
        trace.decimate(10)
    return traces


def network(rate_hz: float, azimuth_deg: float = 0.0) -> Inventory:
    """Two stations, 11 km apart."""
    sites = {f"DK.{name}": Site(f"DK.{name}", lat, 12.4, 0.0) for name, lat in (("COP", 55.7), ("NEAR", 55.8))}
    epochs = []
    for name, site in sites.items():
        for channel, azimuth, dip in (("BHZ", 0.0, -90.0), ("BHN", 0.0, 0.0), ("BHE", 90.0, 0.0)):
            turned = azimuth_deg if name == "DK.NEAR" else 0.0
            source_id = SourceId.parse(f"{name}..{channel}")
            place = site.latitude_deg, site.longitude_deg, 0.0, 0.0
            epochs.append(ChannelEpoch(source_id, 0, None, *place, azimuth + turned, dip, rate_hz, 1.0, "M/S"))
    return Inventory(sites, tuple(epochs))


def test_neighbours_and_components(store: Store, tmp_path: Path, copenhagen: dict[str, obspy.Trace]) -> None:
    z, n, e = (copenhagen[part] for part in "ZNE")
    noise = np.random.default_rng(1).normal(0, z.data.std() / 4, len(z.data))
    files = [written(tmp_path, f"DK.COP..BH{part}", trace, trace.data) for part, trace in copenhagen.items()]
    files.append(written(tmp_path, "DK.NEAR..BHZ", z, noise - np.roll(z.data, 6)))
    files.append(written(tmp_path, "DK.NEAR..BHN", n, np.roll(n.data, 6) + noise))
    archived(tmp_path, files)
    assert update(tmp_path, store, now_ns=DAY_NS + 86_400 * NS_PER_S) == 0  # the day is not over
    assert update(tmp_path, store) == 5  # without metadata nobody knows who is whose neighbour
    alone = stored(store, "DK.COP..BHZ")
    assert (alone.polarity_check, alone.sample_rate_channel, alone.orientation_check) == (None, None, None)
    assert alone.sample_unique == len(np.unique(np.round(z.data).astype(np.int32)))
    assert update(tmp_path, store, network(2.0)) == 5
    assert update(tmp_path, store, network(2.0)) == 0
    row = stored(store, "DK.COP..BHZ")
    assert row.polarity_with == "DK.NEAR..BHZ"
    assert row.polarity_check is not None
    assert row.polarity_check < -0.7
    same = stored(store, "DK.NEAR..BHN")
    assert same.polarity_check is not None
    assert same.polarity_check > 0.7
    assert abs(row.cross_talk or 1) < 0.3
    assert row.sample_rate_channel == 0
    archived(tmp_path, [written(tmp_path, "DK.NEAR..BHE", e, np.roll(n.data, 6) + noise)])
    assert update(tmp_path, store, network(2.1)) == 6
    leak = stored(store, "DK.NEAR..BHE")
    assert (leak.cross_talk_with, leak.cross_talk) == ("DK.NEAR..BHN", pytest.approx(1))
    assert leak.sample_rate_channel == 1
    assert leak.polarity_check is None  # another component's waves
    assert update(tmp_path, store, network(2.0, azimuth_deg=40)) == 6
    assert stored(store, "DK.NEAR..BHN").polarity_check is None  # it points elsewhere


def test_rows_go_with_their_records(store: Store, tmp_path: Path, copenhagen: dict[str, obspy.Trace]) -> None:
    archived(tmp_path, [written(tmp_path, "DK.COP..BHZ", copenhagen["Z"], copenhagen["Z"].data)])
    update(tmp_path, store)
    assert stored(store, "DK.COP..BHZ").n_records > 0
    shutil.rmtree(tmp_path / "archive" / "2009" / "DK" / "COP" / "BHZ.D")
    archived(tmp_path, [MSEED / "gaps.mseed"])
    update(tmp_path, store)
    with store.read() as snapshot:
        assert day_checks.read(snapshot, SourceId.parse("DK.COP..BHZ")) == []


def test_flags_are_those_that_obspy_counts(store: Store, tmp_path: Path) -> None:
    """Of the 18 records two are there twice, byte for byte: the archive has 16."""
    raw = (MSEED / "qualityflags.mseed").read_bytes()
    records = list(dict.fromkeys(raw[at : at + 512] for at in range(0, len(raw), 512)))
    assert len(records) == 16
    (tmp_path / "once.mseed").write_bytes(b"".join(records))
    archived(tmp_path, [MSEED / "qualityflags.mseed"])
    update(tmp_path, store)
    told = MSEEDMetadata([str(tmp_path / "once.mseed")], add_flags=True).meta
    counts = told["miniseed_header_counts"]["data_quality_flags"]
    with store.read() as snapshot:
        (row,) = day_checks.read(snapshot, SourceId.parse("BW.BGLD..EHE"))
    assert row.n_records == told["num_records"] == 16
    assert dict(row.flags) == {name: count for name, count in counts.items() if count}
    assert len(row.flags) == 8


def test_large_events_show_which_way_sensors_point(
    store: Store, tmp_path: Path, shared_data: Callable[[str], Path]
) -> None:
    """Ulaanbaatar in the M 7.0 of the Santa Cruz Islands, its metadata, and the same turned by 30 degrees."""
    folder = shared_data("asia_gsn")
    archived(tmp_path, [folder / "IU_ULN_2015-07-18T02.mseed"])
    inventory = parse_stationxml((folder / "IU_ULN.xml").read_bytes(), "IU_ULN.xml")
    t0_ns = parse_ns("2015-07-18T02:27:33")
    now_ns = t0_ns + 3 * 86_400 * NS_PER_S
    assert update(tmp_path, store, inventory, now_ns) == 3
    assert stored(store, "IU.ULN.00.LH1").orientation_check is None
    origin = Origin(t0_ns, -10.401, 165.141, 11.0, 2.0, 1, 1, 1, 0, 1, 1, 1, "iasp91", "Santa Cruz Islands")
    pick = Pick(t0_ns + 720 * NS_PER_S, SourceId("IU", "ULN", "00", "LHZ"), "P", "sta_lta", 1, 0.1, 9.0, "local", t0_ns)
    event = Event((pick,), origin, magnitudes=(Magnitude("Mw", 7.0, 0.1, 12, "mean", "USGS"),))
    with store.begin() as unit:
        unit.save_run(Run("live", "live", t0_ns, "c0ffee", "1", "test"))
        unit.save_picks("live", [pick])
        unit.save_events("live", [event])
    assert update(tmp_path, store, inventory, now_ns) == 3
    found = {name: stored(store, f"IU.ULN.00.LH{name}") for name in "12Z"}
    assert found["Z"].orientation_check is None
    assert found["1"].orientation_check == found["2"].orientation_check
    assert found["1"].orientation_check == pytest.approx(12.6, abs=1)
    assert found["1"].orientation_correlation > 0.9  # type: ignore[operator]
    assert (found["1"].sample_rate_channel, found["1"].sample_rate_resp) == (0, 0)
    epochs = [
        replace(each, azimuth_deg=(each.azimuth_deg or 0) + 30, sample_rate_hz=1.02)
        if each.source_id.channel in ("LH1", "LH2")
        else each
        for each in inventory.epochs
    ]
    update(tmp_path, store, Inventory(inventory.sites, tuple(epochs), inventory.documents), now_ns)
    turned = stored(store, "IU.ULN.00.LH1")
    assert turned.orientation_check == pytest.approx(found["1"].orientation_check - 30)  # type: ignore[operator]
    assert (turned.sample_rate_channel, turned.sample_rate_resp) == (1, 0)


def test_the_command_shows_checks_of_days(tmp_path: Path) -> None:
    archived(tmp_path, [MSEED / "qualityflags.mseed"])
    config = tmp_path / "houfeng.toml"
    config.write_text('[archive]\npath = "archive"\n[metrics]\nminutes_days = 20000\nhours_days = 30000\n')
    options = ["--config", str(config), "--format", "json", "--by", "day", "--since", "2007-12-01", "--update"]
    done = CliRunner().invoke(main, ["metrics", *options])
    assert done.exit_code == 0, done.output
    assert "1 days of channels were checked" in done.stderr
    days = json.loads(done.stdout)["metrics"]
    assert [(day["start"][:10], day["spikes"]) for day in days] == [("2007-12-31", 7), ("2008-01-01", None)]
    assert days[0]["sample_unique"] is not None
