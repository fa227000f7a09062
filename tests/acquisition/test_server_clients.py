"""Independent clients against the real server over loopback: EarthScope's seedlink-client (3 and 4) and ObsPy's (3)."""

from __future__ import annotations

import io
import statistics
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import obspy
import pytest
from obspy import UTCDateTime
from obspy.clients.seedlink.basic_client import Client as ObspyClient
from obspy.clients.seedlink.client.seedlinkconnection import SeedLinkConnection
from obspy.clients.seedlink.slpacket import SLPacket
from seedlink_client import SeedLink
from seedlink_client.protocol import Protocol

from acquisition.records import pack
from acquisition.server import Ring, SeedLinkServer
from houfeng.types import SourceId

from .seedlink_driver import START_NS, raw

STREAMS = (("UH1", "", "SHZ"), ("UH2", "", "SHZ"), ("UH3", "", "SHZ"), ("UH3", "10", "SHN"))
BOTH = pytest.mark.parametrize("protocol", [Protocol.V3, Protocol.V4])


@pytest.fixture(scope="module")
def records() -> list[bytes]:
    """1,200 records of four channels, five minutes, in the order of their time."""
    random = np.random.default_rng(2010)
    made = []
    for station, location, channel in STREAMS:
        samples = random.normal(0, 2000, 15_000).astype(np.int32)
        made += [
            (START_NS + n * 10**9, station, channel, record)
            for n, record in enumerate(
                pack(SourceId("BW", station, location, channel), START_NS, 50.0, samples, max_samples=50)
            )
        ]
    return [record for *_, record in sorted(made)]


@pytest.fixture
def server(records: list[bytes]) -> Iterator[SeedLinkServer]:
    ring = Ring()
    for record in records:
        ring.append(record)
    with SeedLinkServer("127.0.0.1", 0, ring, organization="Test network") as running:
        yield running


def client(server: SeedLinkServer, protocol: Protocol, *, dialup: bool = True) -> SeedLink:
    return SeedLink("127.0.0.1", server.port, timeout=60, protocol=protocol, dialup=dialup)


def of(records: list[bytes], *stations: str) -> list[bytes]:
    return [record for record in records if record[8:13].decode().strip() in stations]


@BOTH
def test_dial_up_brings_every_record_once_and_unchanged(
    server: SeedLinkServer, records: list[bytes], protocol: Protocol
) -> None:
    with client(server, protocol) as one:
        one.set_all_stations()
        packets = list(one.collect(reconnect=False))
    assert [packet.payload for packet in packets] == records
    assert [packet.seqnum for packet in packets] == list(range(1, len(records) + 1))
    assert {packet.station_id for packet in packets} == {"BW_UH1", "BW_UH2", "BW_UH3"}


@BOTH
def test_a_client_resumes_by_number_where_it_was_cut_off(
    server: SeedLinkServer, records: list[bytes], protocol: Protocol
) -> None:
    wanted = of(records, "UH1", "UH3")
    with client(server, protocol) as one:
        one.add_stream("BW_UH1")
        one.add_stream("BW_UH3")
        got = []
        for cut in (1, 137, 500, 10_000):
            for packet in one.collect(reconnect=False):
                got.append(packet.payload)
                if len(got) == cut:
                    break
            one.close()
            one.connect()
    assert got == wanted


@BOTH
def test_real_time_goes_on_after_what_was_queued(
    server: SeedLinkServer, records: list[bytes], protocol: Protocol
) -> None:
    new = [raw("UH1", second=900 + n) for n in range(3)]
    with client(server, protocol, dialup=False) as one:
        one.add_stream("BW_UH1", seqnum=len(records) - 9)
        collected = one.collect(reconnect=False)
        got = [next(collected).payload for _ in range(2)]
        for record in new:
            server_ring(server).append(record)
        got += [next(collected).payload for _ in range(3)]
    assert got == [*of(records[-9:], "UH1"), *new]


def server_ring(server: SeedLinkServer) -> Ring:
    ring = server.backlog
    assert isinstance(ring, Ring)
    return ring


@BOTH
@pytest.mark.parametrize(
    ("station", "selectors", "stations", "channel"),
    [
        ("BW_UH?", "_S_H_Z", ("UH1", "UH2", "UH3"), b"  SHZ"),
        ("BW_UH3", "10_S_H_?", ("UH3",), b"10SHN"),
        ("*_UH3", "!10_S_H_N", ("UH3",), b"  SHZ"),
    ],
)
def test_patterns_pick_the_same_records_in_both_versions(
    server: SeedLinkServer,
    records: list[bytes],
    protocol: Protocol,
    station: str,
    selectors: str,
    stations: tuple[str, ...],
    channel: bytes,
) -> None:
    # The client translates selectors for version 3, except negated ones.
    if protocol is Protocol.V3 and selectors.startswith("!"):
        selectors = "!10SHN"
    with client(server, protocol) as one:
        one.add_stream(station, selectors)
        got = [packet.payload for packet in one.collect(reconnect=False)]
    assert got == [record for record in of(records, *stations) if record[13:18] == channel]


@BOTH
def test_a_window_in_time_brings_what_overlaps_it(
    server: SeedLinkServer, records: list[bytes], protocol: Protocol
) -> None:
    start = UTCDateTime(ns=START_NS)
    with client(server, protocol) as one:
        one.add_stream("BW_UH1")
        one.set_timewindow((start + 60).datetime, (start + 90).datetime)
        got = [packet.payload for packet in one.collect(reconnect=False)]
    # the record that starts exactly at the end belongs to the window of version 3 only
    assert got == of(records, "UH1")[60 : 91 if protocol is Protocol.V3 else 90]


@BOTH
def test_info_is_understood(server: SeedLinkServer, protocol: Protocol) -> None:
    with client(server, protocol) as one:
        assert one.organization == "Test network"
        answer = one.info_dict("STREAMS")
    if protocol is Protocol.V3:
        stations = {s["name"]: [c["seedname"] for c in s["stream"]] for s in answer["seedlink"]["station"]}
        assert stations == {"UH1": ["SHZ"], "UH2": ["SHZ"], "UH3": ["SHN", "SHZ"]}
    else:
        stations = {s["id"]: [c["id"] for c in s["stream"]] for s in answer["station"]}
        assert stations == {"BW_UH1": ["_S_H_Z"], "BW_UH2": ["_S_H_Z"], "BW_UH3": ["10_S_H_N", "_S_H_Z"]}


@BOTH
def test_keep_alives_are_answered_between_records(server: SeedLinkServer, protocol: Protocol) -> None:
    one = SeedLink("127.0.0.1", server.port, timeout=5, protocol=protocol, keepalive=0.1)
    with one:
        one.add_stream("BW_UH1")
        collected = one.collect(reconnect=False)
        timer = threading.Timer(1.5, server_ring(server).append, [raw("UH1", second=999)])
        timer.start()
        assert next(collected).payload == raw("UH1", second=999)
        timer.join()


# --- ObsPy


def test_obspy_fetches_a_window(server: SeedLinkServer, records: list[bytes]) -> None:
    start = UTCDateTime(ns=START_NS)
    got = ObspyClient("127.0.0.1", server.port, timeout=60).get_waveforms(
        "BW", "UH*", "", "SHZ", start + 10, start + 70
    )
    expected = obspy.read(io.BytesIO(b"".join(records))).select(location="", channel="SHZ").merge()
    expected.trim(start + 10, start + 70)
    assert len(got) == 3
    for trace in got.merge():
        (same,) = expected.select(id=trace.id)
        assert trace.stats.starttime == same.stats.starttime
        np.testing.assert_array_equal(trace.data, same.data)


def test_obspy_reads_the_list_of_streams(server: SeedLinkServer) -> None:
    got = ObspyClient("127.0.0.1", server.port, timeout=60).get_info(level="channel")
    assert got == sorted(("BW", station, location, channel) for station, location, channel in STREAMS)


def test_obspy_receives_and_resumes(server: SeedLinkServer, records: list[bytes]) -> None:
    wanted = of(records, "UH2")
    got: list[bytes] = []
    sequence = 0
    for n_wanted in (100, 150, 50):
        connection = SeedLinkConnection(timeout=60)
        connection.set_sl_address(f"127.0.0.1:{server.port}")
        connection.add_stream("BW", "UH2", "SHZ", sequence, None)
        for _ in range(n_wanted):
            packet = connection.collect()
            assert isinstance(packet, SLPacket)
            got.append(bytes(packet.msrecord))
            sequence = packet.get_sequence_number()
        connection.close()
    assert got == wanted


# --- push latency


def receive_forever(one: SeedLink, arrived: dict[bytes, int], clock: Callable[[], int]) -> None:
    for packet in one.collect(reconnect=False):
        arrived[packet.payload] = clock()
        if len(arrived) == 200:
            return


@BOTH
def test_a_new_record_is_pushed_at_once(protocol: Protocol) -> None:
    """From `Ring.append` to the payload in a client's hands; ringserver's median is 500 ms (95 %: tests/bench)."""
    ring = Ring()
    arrived: dict[bytes, int] = {}
    sent: dict[bytes, int] = {}
    with SeedLinkServer("127.0.0.1", 0, ring) as server, client(server, protocol, dialup=False) as one:
        one.set_all_stations()
        one.negotiate()
        thread = threading.Thread(target=receive_forever, args=(one, arrived, time.monotonic_ns))
        thread.start()
        wait_for(lambda: server.n_clients == 1)
        time.sleep(0.1)
        for second in range(200):
            record = raw("UH1", second=second)
            sent[record] = time.monotonic_ns()
            ring.append(record)
            time.sleep(0.003)
        thread.join(timeout=60)
    delays_ms = sorted((arrived[record] - t) / 1e6 for record, t in sent.items())
    assert len(delays_ms) == 200
    print(f"{protocol}: median {statistics.median(delays_ms):.2f} ms, p95 {delays_ms[190]:.2f} ms")
    assert statistics.median(delays_ms) < 50


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
