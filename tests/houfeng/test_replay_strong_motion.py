"""Strong motion as agencies publish it, replayed: channel and time are the header's, the onset is where P should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from obspy.geodetics import gps2dist_azimuth
from obspy.taup import TauPyModel

from acquisition.replay import RecordFile, ReplaySource
from engineering.formats import csmip_raw, read
from engineering.formats.lines import File
from houfeng.errors import SourceError
from houfeng.replays.sources import Sources, find_sources
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Packet, SourceId
from tests.houfeng.test_replay_sources import picked

Folder = Callable[[str], Path]
CSMIP, GEONET = "nc71734741", "nz2018p115908"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def packets(file: RecordFile) -> list[Packet]:
    return [packet for batch in ReplaySource([file], pytest.fail).packets() for packet in batch]


def samples(sources: Sources, source_id: str) -> np.ndarray:
    wanted = SourceId.parse(source_id)
    found = [each for file in sources.files for each in packets(file) if each.source_id == wanted]
    return np.concatenate([each.samples for each in found])


def test_europe_names_its_channels(shared_data: Folder, tmp_path: Path, scratch: Path) -> None:
    sources = find_sources([shared_data("strong_motion") / "us60004wsq_ESM"], scratch)
    assert sorted(map(str, sources.physical)) == [
        f"{one}..HN{axis}" for one in ("HI.ARS1", "HL.DLFA") for axis in "ENZ"
    ]
    (made,) = (file for file in sources.files if str(file.source_id) == "HI.ARS1..HNZ")
    assert packets(made)[0].start_ns == parse_ns("2019-07-28T16:09:19.870Z")
    assert packets(made)[0].sample_rate_hz == pytest.approx(200.0)
    printed = np.loadtxt(sources.originals[made.path], skiprows=64)
    np.testing.assert_allclose(samples(sources, "HI.ARS1..HNZ"), printed * 0.01, atol=1e-8)
    picks, _ = picked(sources, tmp_path / "replayed.db")
    assert "HL.DLFA" in {pick.source_id.station_id for pick in picks}


def test_california_is_told_from_owner_rate_and_azimuth(shared_data: Folder, scratch: Path) -> None:
    folder = shared_data("strong_motion") / CSMIP
    sources = find_sources([folder], scratch)
    assert sorted(map(str, sources.physical)) == ["CE.89146..HNE", "CE.89146..HNN", "CE.89146..HNZ"]
    # of what was recorded and what was filtered in both directions the former comes first, and one of them is enough
    assert [path.name for path in sources.originals.values()] == ["CE89146.V1"]
    assert any("CE89146.V2" in said and "which is taken" in said for said in sources.remarks)
    (scratch / "corrected").mkdir()
    corrected = find_sources([folder / "CE89146.V2"], scratch / "corrected")
    (file,) = corrected.files
    assert file.start_ns == parse_ns("2012-02-13T21:06:45Z")
    for axis in "NEZ":
        before, after = (samples(one, f"CE.89146..HN{axis}") for one in (sources, corrected))
        assert abs(int(np.argmax(np.abs(before))) - int(np.argmax(np.abs(after)))) <= 2  # one beginning for both
    raw = csmip_raw.read(File.of("", (folder / "CE89146.V1").read_bytes()))
    np.testing.assert_allclose(samples(sources, "CE.89146..HNE"), raw[2].acceleration_m_s2, rtol=1e-6)


@pytest.mark.parametrize(("folder", "station"), [(CSMIP, "CE.89146"), (GEONET, "NZ.WPWS")])
def test_p_is_found_when_it_should_come(
    shared_data: Folder, tmp_path: Path, scratch: Path, folder: str, station: str
) -> None:
    """The header's time, held against the agency's origin and iasp91: GeoNet puts 5 s before what it recorded."""
    where = shared_data("strong_motion") / folder
    event = json.loads((where / "event.json").read_text())
    latitude, longitude = {"CE.89146": (40.9406, -123.6327), "NZ.WPWS": (-39.944, 176.584)}[station]
    away_m, _, _ = gps2dist_azimuth(event["latitude"], event["longitude"], latitude, longitude)
    waves = TauPyModel("iasp91").get_travel_times(event["depth_km"], away_m / 111_195, ["p", "P", "Pn", "Pg"])
    expected_ns = parse_ns(event["time"]) + round(min(wave.time for wave in waves) * NS_PER_S)
    picks, _ = picked(find_sources([where], scratch), tmp_path / "replayed.db")
    best = max((pick for pick in picks if pick.source_id.station_id == station), key=lambda pick: pick.snr or 0)
    assert best.phase == "P"
    assert abs(best.onset_ns - expected_ns) < NS_PER_S


def test_new_zealand_has_location_and_horizontals_off_north(shared_data: Folder, scratch: Path) -> None:
    sources = find_sources([shared_data("strong_motion") / GEONET], scratch)
    assert sorted(map(str, sources.physical)) == ["NZ.WPWS.20.BN1", "NZ.WPWS.20.BN2", "NZ.WPWS.20.BNZ"]
    (file,) = sources.files
    (name,) = sources.originals.values()
    first, *_ = read(File.of(name.name, name.read_bytes()))
    np.testing.assert_allclose(samples(sources, "NZ.WPWS.20.BN1"), first.acceleration_m_s2, rtol=1e-6)
    assert file.start_ns == parse_ns("2018-02-12T21:15:12Z")


@pytest.mark.parametrize(
    ("folder", "suffix", "old", "new", "why"),
    [
        (CSMIP, ".V2", "  CGS  ", "  USC  ", "a known owner"),
        (CSMIP, ".V2", "UTC (GPS)", "PST      ", "when it begins, in UTC"),
        (CSMIP, ".V2", ":  90 Deg", ":  Trnsv ", "'Chan  1: 360 Deg' or 'Up'"),
        (CSMIP, ".V1", "  CGS  ", "  USC  ", "a known owner"),
        (GEONET, ".V2A", "GNS Science", "Elsewhere  ", "a known owner"),
        (GEONET, ".V2A", "at  43.68 sec", "at  40.68 sec", "when it begins, in UTC"),
        (GEONET, ".V2A", "15   17000", "75   17000", "when it begins, in UTC"),
        (GEONET, ".V2A", "Component S74E", "Component Up  ", "a known owner"),
    ],
)
def test_what_does_not_follow_from_the_header_is_refused(
    shared_data: Folder, scratch: Path, folder: str, suffix: str, old: str, new: str, why: str
) -> None:
    """As where the owner is another, the time is local, an azimuth is missing, or two things contradict each other."""
    (name,) = (shared_data("strong_motion") / folder).glob(f"*{suffix}")
    text = name.read_text("latin-1")
    assert old in text
    altered = scratch.parent / name.name
    altered.write_text(text.replace(old, new), "latin-1")
    with pytest.raises(SourceError, match=why):
        find_sources([altered], scratch)
