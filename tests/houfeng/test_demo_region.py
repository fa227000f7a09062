"""The demo's synthetic network: real places, a seam that nobody hears, faults where they are said to be."""

from __future__ import annotations

import socket
import tomllib
from pathlib import Path

import numpy as np
import obspy
import pytest
from click.testing import CliRunner
from obspy.signal.trigger import coincidence_trigger

from acquisition.records import pack
from configs import load
from configs.settings import Settings
from database import queries
from database.store import Store
from houfeng.cli import main
from houfeng.cli.demo_programmes import Programme, of_region
from houfeng.demo_region import played_shocks, region_sites
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources
from houfeng.synthetic.region import CENTRAL_ASIA as REGION
from houfeng.times import NS_PER_S, parse_ns
from stations.distance import great_circle_km

NETWORKS = Path(__file__).parents[2] / "configs" / "networks"


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    return of_region(REGION.name, tmp_path_factory.mktemp("region"))


def test_stations_of_six_countries_stand_where_the_real_ones_do() -> None:
    sites = region_sites(REGION)
    real = {
        (station["code"].partition(".")[2], station["latitude_deg"], station["longitude_deg"])
        for path in NETWORKS.glob("*.toml")
        for station in tomllib.loads(path.read_text(encoding="utf-8")).get("station", ())
        if "latitude_deg" in station
    }
    placed = {(site.code.removeprefix("SY."), site.latitude_deg, site.longitude_deg) for site in sites}
    assert placed < real
    assert {site.country for site in sites} == {"CN", "KG", "KZ", "TJ", "TM", "UZ"}
    assert len(sites) >= 20
    assert {site.country for site in sites if site.link} == {REGION.link_country}


def test_each_earthquake_is_heard_once_a_turn_and_the_seam_is_not(programme: Programme) -> None:
    """ObsPy's coincidence trigger over two turns."""
    stream = obspy.Stream()
    for segment in programme.recording.segments:
        sound = segment.source_id.station not in (REGION.flat_station, REGION.spiky_station)
        if sound and segment.source_id.channel == "BHZ":
            header = {"station": segment.source_id.station, "sampling_rate": segment.sample_rate_hz}
            stream.append(obspy.Trace(np.tile(segment.samples, 2).astype(np.float64), header))
    assert len(stream) == len(programme.sites) - 2
    stream.filter("bandpass", freqmin=2, freqmax=8)
    triggers = coincidence_trigger("recstalta", 8, 1.5, stream, 4, sta=1, lta=30)
    turn = [REGION.first_s + k * REGION.every_s for k in range(len(REGION.zones))]
    origins_s = np.array([*turn, *(REGION.loop_s + origin_s for origin_s in turn)])
    begun_s = np.array([float(trigger["time"]) for trigger in triggers])
    # S may trigger again
    behind_s = (begun_s[:, None] - origins_s)[np.arange(len(begun_s)), np.searchsorted(origins_s, begun_s) - 1]
    assert behind_s.max() < 120
    assert set(np.searchsorted(origins_s, begun_s)) == set(range(1, 1 + len(origins_s)))


@pytest.mark.parametrize("is_silent", [False, True])
def test_a_turn_has_its_earthquakes_and_no_others(programme: Programme, tmp_path: Path, is_silent: bool) -> None:
    """While a link was silent, S of strong shocks was taken for events by the stations that were left."""
    away = {site.code for site in programme.sites if site.link and is_silent}
    config, records, scratch = tmp_path / "demo.toml", tmp_path / "records", tmp_path / "scratch"
    config.write_text(programme.written("127.0.0.1:1", "127.0.0.1", 1, 2), encoding="utf-8")
    records.mkdir()
    scratch.mkdir()
    start_ns = parse_ns("2026-01-01T00:00:00Z")
    for each in (each for each in programme.recording.segments if each.source_id.station_id not in away):
        packed = pack(each.source_id, start_ns + each.start_ns, each.sample_rate_hz, each.samples, 512)
        (records / f"{each.source_id}.mseed").write_bytes(b"".join(packed))
    store = Store.open(f"sqlite:///{tmp_path / 'turn.db'}")
    run = replay(load(config), find_sources([records], scratch), store)
    with store.read() as snapshot:
        found = sorted(queries.events(snapshot, run_id=run.run_id), key=lambda event: event.first_onset_ns)
    store.close()
    shocks = played_shocks(REGION, start_ns)
    assert len(found) == len(shocks) == len(REGION.zones)
    for event, shock in zip(found, shocks, strict=True):
        assert event.origin is not None and event.magnitude is not None
        place = event.origin.latitude_deg, event.origin.longitude_deg
        assert great_circle_km(place, (shock.latitude_deg, shock.longitude_deg)) < 5
        assert abs(event.origin.time_ns - shock.time_ns) < NS_PER_S
        assert event.magnitude.kind == "ML"
        assert event.magnitude.value == pytest.approx(shock.magnitude, abs=0.1)


def test_what_is_made_to_fail_fails_and_nothing_else(programme: Programme) -> None:
    verticals = {
        segment.source_id.station: segment.samples
        for segment in programme.recording.segments
        if segment.source_id.channel == "BHZ"
    }
    assert [code for code, samples in verticals.items() if len(np.unique(samples)) == 1] == [REGION.flat_station]
    jumps = {code: int(np.abs(np.diff(samples)).max()) for code, samples in verticals.items()}
    assert max(jumps, key=lambda code: jumps[code]) == REGION.spiky_station
    assert {fault.station_id for fault in programme.settings.faults} == {
        f"SY.{REGION.gappy_station}",
        *(site.code for site in programme.sites if site.link),
    }


def test_its_configuration_and_stationxml_are_good_and_every_page_says_synthetic(
    programme: Programme, tmp_path: Path
) -> None:
    config = tmp_path / "demo.toml"
    config.write_text(programme.written("127.0.0.1:18000", "127.0.0.1", 8080, 8090), encoding="utf-8")
    settings: Settings = load(config)
    assert settings.web.notice.startswith("SYNTHETIC")
    assert settings.web.notice_zh.startswith("合成数据")
    assert settings.web.notice_ru.startswith("СИНТЕТИКА")
    assert {site.code for site in settings.station} == {site.code for site in programme.sites}
    (inventory,) = programme.inventory_files
    result = CliRunner().invoke(main, ["stations", "check", str(inventory)])
    assert (result.exit_code, "0 errors, 0 warnings" in result.output) == (0, True)


@pytest.mark.parametrize(
    ("order", "said"),
    [(("--data", "."), "one of them is needed, both came"), (("--speed", "2"), "demo.speed: 2 has no effect")],
)
def test_what_a_region_cannot_be_played_with_is_told(order: tuple[str, ...], said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = CliRunner().invoke(main, ["demo", "--port", str(port), "--simulate", REGION.name, *order])
    assert result.exit_code == 2
    assert said in result.output
