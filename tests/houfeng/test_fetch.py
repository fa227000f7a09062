"""`houfeng fetch` against a data centre on loopback: everything comes once, and what does not is explained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from obspy import UTCDateTime
from obspy.core.event import Catalog, Event, Origin

from acquisition import mseed
from acquisition.fdsn.metadata import StationService
from acquisition.fdsn.settings import FdsnSettings
from acquisition.records import pack
from houfeng.cli import main
from houfeng.errors import SourceError
from houfeng.times import NS_PER_S, format_ns, parse_ns
from houfeng.types import Packet, SourceId
from tests.acquisition.fdsn_server import (
    Answer,
    FdsnServer,
    always,
    cut_without_length,
    page,
    serving,
    status,
)

START_NS = parse_ns("2023-11-14T23:55:00")
CHANNELS = [SourceId("XX", station, "", channel) for station in ("AAA", "BBB") for channel in ("HHN", "HHZ")]
WINDOW = ("--start", format_ns(START_NS), "--end", format_ns(START_NS + 600 * NS_PER_S))


def stationxml(channels: list[SourceId], end: str = "", gain: float = 1e6) -> bytes:
    """StationXML of channels that began in 2020, with what the schema asks for."""
    where = "<Latitude>42</Latitude><Longitude>75</Longitude><Elevation>900</Elevation>"
    stations = ""
    for code in dict.fromkeys(channel.station for channel in channels):
        inner = "".join(
            f'<Channel code="{c.channel}" locationCode="{c.location}" startDate="2020-01-01T00:00:00Z"{end}>{where}'
            "<Depth>0</Depth><Azimuth>0</Azimuth><Dip>-90</Dip><SampleRate>100</SampleRate><Response>"
            f"<InstrumentSensitivity><Value>{gain}</Value><Frequency>1</Frequency><InputUnits><Name>M/S</Name>"
            "</InputUnits><OutputUnits><Name>COUNTS</Name></OutputUnits></InstrumentSensitivity></Response></Channel>"
            for c in channels
            if c.station == code
        )
        stations += f'<Station code="{code}">{where}<Site><Name>Site {code}</Name></Site>{inner}</Station>'
    head = '<FDSNStationXML xmlns="http://www.fdsn.org/xml/station/1" schemaVersion="1.2"><Source>test</Source>'
    created = "<Created>2024-01-01T00:00:00Z</Created>"
    return f'{head}{created}<Network code="XX">{stations}</Network></FDSNStationXML>'.encode()


def by_station(handler, body: bytes) -> None:  # type: ignore[no-untyped-def]
    """The document of the stations that the request's lines name."""
    codes = [line.split()[1] for line in body.decode().splitlines() if "=" not in line]
    always(stationxml([c for c in CHANNELS if c.station in codes or "*" in codes]))(handler, body)


@pytest.fixture(scope="module")
def records() -> list[Packet]:
    noise = np.random.default_rng(4).normal(0, 300, 60_000).astype(np.int32)
    return [mseed.decode(raw) for channel in CHANNELS for raw in pack(channel, START_NS, 100.0, noise)]


@pytest.fixture
def server(records: list[Packet]) -> Iterator[FdsnServer]:
    with serving(records) as opened:
        opened.others["station"] = by_station
        yield opened


def fetch(server: FdsnServer, folder: Path, *options: str, streams: str = "XX.*.*.HH?") -> Result:
    command = ["fetch", "--server", server.address, "--streams", streams, "--to", str(folder), *options]
    return CliRunner().invoke(main, command)


def stored(folder: Path) -> list[bytes]:
    files = [path for path in folder.rglob("*.D.*") if path.is_file()]
    return sorted(r.raw for f in files for r in mseed.split(f.read_bytes(), lambda *damage: pytest.fail(str(damage))))


def test_channels_of_all_stations_come_with_their_stationxml(
    server: FdsnServer, records: list[Packet], tmp_path: Path
) -> None:
    result = fetch(server, tmp_path, *WINDOW)
    assert result.exit_code == 0, result.output
    assert stored(tmp_path) == sorted(packet.raw for packet in records)
    assert sorted(path.name for path in (tmp_path / "stationxml").iterdir()) == ["XX.AAA.xml", "XX.BBB.xml"]
    assert (tmp_path / "stationxml" / "XX.AAA.xml").read_bytes() == stationxml(CHANNELS[:2])
    assert "XX.BBB     100.0 % of 20.0 min" in result.output


def test_the_same_again_asks_for_no_records(server: FdsnServer, tmp_path: Path) -> None:
    fetch(server, tmp_path, *WINDOW)
    n_requests = len(server.bodies)
    result = fetch(server, tmp_path, *WINDOW)
    assert len(server.bodies) == n_requests
    assert "0 s came (0 records, 0.0 MB, 0 requests), 40.0 min were there" in result.output


def test_a_longer_window_asks_only_for_what_is_new(server: FdsnServer, tmp_path: Path) -> None:
    fetch(server, tmp_path, "--start", format_ns(START_NS), "--end", format_ns(START_NS + 300 * NS_PER_S))
    n_requests = len(server.bodies)
    fetch(server, tmp_path, *WINDOW)
    starts = [line.split()[4] for body in server.bodies[n_requests:] for line in body.splitlines()]
    assert starts and min(map(parse_ns, starts)) >= START_NS + 300 * NS_PER_S


def test_only_channels_that_match_come(server: FdsnServer, tmp_path: Path) -> None:
    assert fetch(server, tmp_path, *WINDOW, streams="XX.AAA..HHZ,XX.BBB.--.HHN").exit_code == 0
    came = {str(mseed.decode(raw).source_id) for raw in stored(tmp_path)}
    assert came == {"XX.AAA..HHZ", "XX.BBB..HHN"}


def test_events_bring_windows_around_their_origin_times(server: FdsnServer, tmp_path: Path) -> None:
    times = [UTCDateTime(ns=START_NS + seconds * NS_PER_S) for seconds in (100, 400)]
    catalogue = tmp_path / "events.xml"
    Catalog([Event(origins=[Origin(time=t, latitude=0, longitude=0)]) for t in times]).write(str(catalogue), "QUAKEML")
    options = ("--events", str(catalogue), "--before", "10", "--after", "20")
    assert fetch(server, tmp_path / "out", *options, streams="XX.AAA..HHZ").exit_code == 0
    asked = [tuple(map(parse_ns, line.split()[4:])) for body in server.bodies for line in body.splitlines()]
    offsets = [round((t - START_NS) / NS_PER_S, 3) for window in asked for t in window]
    assert offsets == [90, 120, 390, 420]


def test_what_is_missing_is_said_with_its_reason(server: FdsnServer, records: list[Packet], tmp_path: Path) -> None:
    server.records = [r for r in records if r.source_id != CHANNELS[3]]
    result = fetch(server, tmp_path, *WINDOW)
    assert result.exit_code == 0
    assert "missing: the server has no such data (HTTP 204)" in result.output
    assert "XX.BBB..HHZ      2023-11-14T23:55:00.00Z to 2023-11-15T00:05:00.00Z (10.0 min)" in result.output
    assert "XX.BBB      50.0 %" in result.output
    again = fetch(server, tmp_path, *WINDOW)
    assert "not asked for again before" in again.output and "XX.BBB      50.0 %" in again.output


def test_a_failing_server_makes_the_exit_status_one(server: FdsnServer, tmp_path: Path) -> None:
    server.answers = [status(503, b"Overloaded", Retry_After="7200")]
    result = fetch(server, tmp_path, *WINDOW)
    assert result.exit_code == 1
    assert "missing: the server asks for a pause of 7200 s (HTTP 503: Overloaded)" in result.output


def test_a_truncated_answer_is_completed(server: FdsnServer, records: list[Packet], tmp_path: Path) -> None:
    server.answers = [cut_without_length(0.24)]
    assert fetch(server, tmp_path, *WINDOW).exit_code == 0
    assert stored(tmp_path) == sorted(packet.raw for packet in records)


def test_changed_stationxml_is_fetched_anew_and_the_change_is_shown(server: FdsnServer, tmp_path: Path) -> None:
    fetch(server, tmp_path, *WINDOW, streams="XX.AAA..HHZ")
    changed = stationxml(CHANNELS[:2], end=' endDate="2024-06-01T00:00:00Z"', gain=2e6)
    server.others["station"] = always(changed)
    result = fetch(server, tmp_path, *WINDOW, streams="XX.AAA..HHZ")
    assert (tmp_path / "stationxml" / "XX.AAA.xml").read_bytes() == changed
    assert "XX.AAA..HHZ from 2020-01-01T00:00:00Z: end: open -> 2024-06-01T00:00:00Z" in result.output
    assert "XX.AAA..HHZ from 2020-01-01T00:00:00Z: gain: 1e+06 -> 2e+06" in result.output


def test_without_a_station_service_named_channels_come_and_wildcards_are_refused(
    server: FdsnServer, tmp_path: Path
) -> None:
    del server.others["station"]
    result = fetch(server, tmp_path, *WINDOW)
    assert result.exit_code == 2 and "no station service" in result.output
    assert fetch(server, tmp_path, *WINDOW, streams="XX.AAA..HHZ").exit_code == 0
    assert {str(mseed.decode(raw).source_id) for raw in stored(tmp_path)} == {"XX.AAA..HHZ"}


def test_replay_finds_records_and_stationxml_in_the_folder(server: FdsnServer, tmp_path: Path) -> None:
    fetch(server, tmp_path / "data", *WINDOW)
    config = tmp_path / "houfeng.toml"
    config.write_text("")
    result = CliRunner().invoke(main, ["replay", str(tmp_path / "data"), "--config", str(config)])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--start", "2023-01-01"], "--start and --end are needed"),
        (["--start", "2023-01-02", "--end", "2023-01-01"], "--start must be before --end"),
        (["--start", "2023-01-01", "--end", "2023-01-02", "--archive"], "one of --to DIR and --archive"),
        (["--events", __file__], "no catalogue that ObsPy can read"),
    ],
)
def test_options_without_sense_are_refused(options: list[str], complaint: str, tmp_path: Path) -> None:
    with serving([]) as server:
        result = fetch(server, tmp_path, *options)
    assert result.exit_code == 2
    assert complaint in " ".join(result.output.split())


@pytest.mark.parametrize("streams", ["XX.AAA.HHZ", "XX", "XX.AAA..", "..."])
def test_streams_that_are_none_are_refused(streams: str, server: FdsnServer, tmp_path: Path) -> None:
    result = fetch(server, tmp_path, *WINDOW, streams=streams)
    assert result.exit_code == 2 and "NET.STA.LOC.CHA is needed" in result.output


def test_an_unknown_data_centre_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["fetch", "--server", "NOWHERE", "--streams", "XX.A..HHZ", "--to", str(tmp_path), *WINDOW]
    )
    assert result.exit_code == 2
    assert "NOWHERE" in result.output and "Traceback" not in result.output


@pytest.mark.parametrize("faulty", [cut_without_length(0.9), page, status(503)])
def test_stationxml_that_broke_off_is_never_taken(faulty: Answer, records: list[Packet]) -> None:
    xml = stationxml(CHANNELS)
    answers = [faulty, faulty]

    def at_last(handler, body: bytes) -> None:  # type: ignore[no-untyped-def]
        (answers.pop(0) if answers else always(xml))(handler, xml)

    with serving(records) as server:
        server.others["station"] = at_last
        service = StationService(FdsnSettings(server.address, retry_min_s=0.01))
        assert service.document([("XX", "*", "*", "*")], 0, START_NS, level="channel") == xml
        answers += [faulty] * 4
        with pytest.raises(SourceError, match="no station metadata came"):
            service.document([("XX", "*", "*", "*")], 0, START_NS, level="channel")
