"""What can be replayed: miniSEED 2 and 3, SAC, alone and mixed; what cannot is named with the reason."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.core import AttribDict

from acquisition.records import pack
from acquisition.replay import ReplaySource
from configs import Settings
from database import queries, run_results
from database.store import Store
from houfeng.demo import demo_sites
from houfeng.errors import SourceError
from houfeng.network import load_network
from houfeng.replaying import replay
from houfeng.replays.sources import Sources, find_sources, is_sac
from houfeng.times import parse_ns
from houfeng.types import Pick, SourceId
from stations.inventory import Site
from tests.houfeng.test_replays import folder

__all__ = ["folder"]

SETTINGS = Settings(station=demo_sites())
T0_NS = parse_ns("2020-01-01T00:00:00Z")


def picked(sources: Sources, database: Path) -> tuple[list[Pick], set[str]]:
    """Picks of a replay, earliest first, and the hashes of what it read."""
    store = Store.open(f"sqlite:///{database}")
    run = replay(SETTINGS, sources, store)
    with store.read() as snapshot:
        picks = sorted(row.pick for row in queries.picks(snapshot, run_id=run.run_id))
        shas = {each.sha256 for each in run_results.inputs(snapshot, run.run_id)}
    store.close()
    return picks, shas


def test_sac_gives_what_the_miniseed_it_was_made_of_gives(folder: Path, tmp_path: Path) -> None:
    """A third of the channels as SAC, as ObsPy writes it, a third as miniSEED 3, and the others as they are."""
    mixed, scratch = tmp_path / "mixed", tmp_path / "scratch"
    mixed.mkdir()
    scratch.mkdir()
    for number, file in enumerate(sorted(folder.iterdir())):
        if number % 3 == 0:
            for part, trace in enumerate(obspy.read(str(file)).merge().split()):
                trace.write(str(mixed / f"{file.stem}.{part}.sac"), format="SAC")
        elif number % 3 == 1:
            trace = obspy.read(str(file)).merge()[0]
            source_id = SourceId.parse(trace.id)
            start_ns, rate_hz = trace.stats.starttime.ns, trace.stats.sampling_rate
            records = pack(source_id, start_ns, rate_hz, trace.data, 4096, version=3)
            (mixed / file.name).write_bytes(b"".join(records))
        else:
            (mixed / file.name).write_bytes(file.read_bytes())
    found, shas = picked(find_sources([mixed], scratch), tmp_path / "mixed.db")
    expected, _ = picked(find_sources([folder], scratch), tmp_path / "plain.db")
    assert len(expected) >= 10
    assert [(pick.source_id, pick.phase, pick.polarity) for pick in found] == [
        (pick.source_id, pick.phase, pick.polarity) for pick in expected
    ]
    # a SAC header keeps its first sample's time to some microseconds
    assert [pick.onset_ns for pick in found] == pytest.approx([pick.onset_ns for pick in expected], rel=0, abs=20_000)
    assert shas == {sha256(file.read_bytes()).hexdigest() for file in mixed.iterdir()}


def sac(path: Path, data: np.ndarray, channel: str = "HHZ", idep: int = 5, network: str = "XX") -> Path:
    header = {"network": network, "station": "AAA", "channel": channel, "starttime": obspy.UTCDateTime(ns=T0_NS)}
    trace = obspy.Trace(data.astype(np.float32), header | {"sampling_rate": 100.0})
    trace.stats.sac = AttribDict(idep=idep)
    trace.write(str(path), format="SAC")
    return path


def test_counts_stay_counts_and_physical_samples_are_known(tmp_path: Path) -> None:
    counts, motion = np.arange(-500, 500) * 3, np.sin(np.arange(1000) / 7) * 1e-6
    files = [sac(tmp_path / "a.sac", counts), sac(tmp_path / "b.sac", motion, "HHN", idep=7)]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    sources = find_sources(files, scratch)
    (of_counts, of_motion) = (
        np.concatenate([p.samples for batch in ReplaySource([file], pytest.fail).packets() for p in batch])
        for file in sources.files
    )
    assert of_counts.dtype == np.int32
    assert of_counts.tolist() == counts.tolist()
    assert of_motion.tolist() == motion.astype(np.float32).tolist()
    assert {file.start_ns for file in sources.files} == {T0_NS}
    assert sources.physical == {SourceId.parse("XX.AAA..HHN")}
    assert "velocity in nm/s" in sources.remarks[0]


def test_sac_says_where_its_station_stands_unless_something_else_does(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "records", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    for station, place in (
        ("AAA", {"stla": 42.5, "stlo": 74.5, "stel": 812.0}),
        ("BBB", {}),
        ("CCC", {"stla": 91.0, "stlo": 0.0}),
    ):
        trace = obspy.Trace(np.arange(1000, dtype=np.float32), {"network": "XX", "station": station, "channel": "HHZ"})
        trace.stats.sac = AttribDict(place)
        trace.write(str(folder / f"{station}.sac"), format="SAC")
    sources = find_sources([folder], scratch)
    assert sources.sites == {"XX.AAA": Site("XX.AAA", 42.5, 74.5, 812.0)}
    assert load_network(Settings(), sources.documents, sources.sites).inventory.sites == sources.sites
    listed = tmp_path / "list.csv"
    listed.write_text("station,latitude_deg,longitude_deg,elevation_m\nXX.AAA,43,75,900\n")
    known = load_network(Settings(), [listed], sources.sites).inventory.sites
    assert known == {"XX.AAA": Site("XX.AAA", 43.0, 75.0, 900.0)}


def test_stations_that_stand_nowhere_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "scratch").mkdir()
    files = [sac(tmp_path / "a.sac", np.arange(1000))]
    picked(find_sources(files, tmp_path / "scratch"), tmp_path / "a.db")
    assert "XX.AAA: nothing says where they stand" in caplog.text


def test_dataless_seed_among_records_places_their_stations(tmp_path: Path) -> None:
    """By its name and beginning: neither a folder nor a text of such a name is one."""
    volume = tmp_path / "dataless" / "dataless.CL.AIO"
    volume.parent.mkdir()
    volume.write_bytes((Path(obspy.__file__).parent / "io/xseed/tests/data/CL.AIO.dataless").read_bytes())
    (tmp_path / "about.dataless").write_text("volumes of the Corinth Rift Laboratory")
    sac(tmp_path / "a.sac", np.arange(1000))
    (tmp_path / "scratch").mkdir()
    sources = find_sources([tmp_path], tmp_path / "scratch")
    assert sources.documents == (volume,)
    assert load_network(Settings(), sources.documents).inventory.sites.keys() == {"CL.AIO"}


def test_what_is_left_out_is_named_with_the_reason(tmp_path: Path) -> None:
    good = sac(tmp_path / "good.sac", np.arange(1000))
    no_channel = sac(tmp_path / "short.sac", np.arange(1000), "Z")
    no_number = sac(tmp_path / "nan.sac", np.full(1000, np.nan))
    text = tmp_path / "notes.txt"
    text.write_text("nothing of the kind " * 100)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    sources = find_sources([good, no_channel, no_number, text], scratch)
    assert len(sources.files) == 1
    for path, why in ((no_channel, "three letters"), (no_number, "no numbers"), (text, "no sound record of miniSEED")):
        assert any(str(path) in remark and why in remark for remark in sources.remarks)
    with pytest.raises(SourceError, match="three letters"):
        find_sources([no_channel], scratch)
    with pytest.raises(SourceError, match="there is none of this name"):
        find_sources([tmp_path / "nowhere"], scratch)


def test_many_files_with_one_fault_are_one_line(tmp_path: Path) -> None:
    good = sac(tmp_path / "good.sac", np.arange(1000))
    blank = [sac(tmp_path / f"blank{number}.sac", np.arange(1000), network="") for number in range(5)]
    (tmp_path / "scratch").mkdir()
    (said,) = find_sources([good, *blank], tmp_path / "scratch").remarks
    assert str(blank[0]) in said and "4 more files" in said and "KNETWK is blank" in said


@pytest.mark.data
def test_every_sound_reference_record_of_miniseed_3_is_read(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    """FDSN's own: of the eleven those whose channel and samples can be detected on are files of a replay."""
    names = sorted((shared_data("miniseed_reference") / "fdsn_miniseed3").glob("*.mseed3"))
    sources = find_sources(names, tmp_path)
    assert {file.path for file in sources.files} == set(names)


@pytest.mark.data
def test_miniseed_is_never_taken_for_sac(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    """One of libmseed's has a 6 where SAC has the version of its header."""
    name = shared_data("miniseed_reference") / "libmseed" / "reference-testdata-oddrate.mseed2"
    assert is_sac(name)
    sources = find_sources([name], tmp_path)
    assert [file.path for file in sources.files] == [name]
    assert not sources.remarks
