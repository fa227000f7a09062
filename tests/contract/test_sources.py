"""What every source of packets must do, whatever is behind it: one suite for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.fdsn.settings import FdsnSettings
from acquisition.fdsn.source import FdsnSource
from acquisition.records import pack
from acquisition.replay import ReplaySource, find_files
from acquisition.seedlink import open_source
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import SeedLinkSettings
from acquisition.source import Source
from houfeng.types import Gap, Packet, SourceId
from tests.acquisition.fdsn_server import serving
from tests.plugins.proxy import FaultProxy

START_NS = 1_700_000_000_000_000_000
CHANNELS = [SourceId("XX", station, "00", channel) for station in ("AAA", "BBB") for channel in ("HHZ", "HHN")]

MakeSource = Callable[[list[bytes]], Source]


@pytest.fixture(scope="module")
def records() -> list[bytes]:
    """Twenty seconds of four channels, one record a second each, in order of time."""
    return [
        pack(channel, START_NS + second * 1_000_000_000, 100.0, np.arange(100, dtype=np.int32) + second)[0]
        for second in range(20)
        for channel in CHANNELS
    ]


@pytest.fixture(params=["replay", "seedlink v4", "seedlink v3", "seedlink by obspy", "fdsn"])
def make_source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeSource]:
    """A source that supplies given records."""
    with (
        SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server,
        serving([]) as data_centre,
        FaultProxy(server.port, only_v3=True) as old_server,
    ):

        def make(records: list[bytes]) -> Source:
            if request.param == "fdsn":
                data_centre.records = [mseed.decode(raw) for raw in records]
                gaps = [Gap(channel, START_NS, START_NS + 20_000_000_000) for channel in CHANNELS]
                return FdsnSource(FdsnSettings(data_centre.address), gaps, lambda raw, reason: None)
            if request.param == "replay":
                (tmp_path / "records.mseed").write_bytes(b"".join(records))
                return ReplaySource(find_files(tmp_path), lambda raw, reason: None)
            for raw in records:
                ring.append(raw)
            port = old_server.port if request.param == "seedlink v3" else server.port
            settings = SeedLinkSettings("test", f"127.0.0.1:{port}", ("XX.AAA.*.HH?", "XX.BBB.*.HH?"))
            if request.param == "seedlink by obspy":
                settings = replace(settings, client="obspy")
            return open_source(settings, {}, lambda raw, reason: None)

        yield make


def take(source: Source, n_packets: int) -> list[Packet]:
    taken: list[Packet] = []
    for batch in source.packets():
        assert batch
        taken += batch
        if len(taken) >= n_packets:
            source.close()
    return taken


def test_every_record_comes_once_and_unchanged(make_source: MakeSource, records: list[bytes]) -> None:
    taken = take(make_source(records), len(records))
    assert sorted(packet.raw for packet in taken) == sorted(records)


def test_each_stream_comes_in_order(make_source: MakeSource, records: list[bytes]) -> None:
    taken = take(make_source(records), len(records))
    for channel in CHANNELS:
        starts = [packet.start_ns for packet in taken if packet.source_id == channel]
        assert starts == sorted(starts)
        assert len(starts) == 20


def test_packets_are_those_of_the_decoder(make_source: MakeSource, records: list[bytes]) -> None:
    answers = {raw: mseed.decode(raw) for raw in records}
    for packet in take(make_source(records), len(records)):
        answer = answers[packet.raw]
        assert (packet.source_id, packet.start_ns, packet.sample_rate_hz) == (
            answer.source_id,
            answer.start_ns,
            answer.sample_rate_hz,
        )
        np.testing.assert_array_equal(packet.samples, answer.samples)


def test_closing_from_another_thread_ends_the_packets(make_source: MakeSource, records: list[bytes]) -> None:
    source = make_source(records)
    thread = threading.Thread(target=lambda: list(source.packets()))
    thread.start()
    source.close()
    source.close()
    thread.join(timeout=60)
    assert not thread.is_alive()
