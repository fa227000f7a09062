"""What comes through real SeedLink connections: formats and lengths of records, time windows, streams that stop."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from acquisition.records import pack
from acquisition.seedlink import Phase
from acquisition.server import Ring, SeedLinkServer
from houfeng.times import NS_PER_S, format_ns
from houfeng.types import SourceId
from tests.faults.test_seedlink_faults import RECORDS, START_NS, filled, receiving, record
from tests.plugins.daemon import wait_for
from tests.plugins.proxy import Fault, FaultProxy

N_CLOSES = 20


def lasting(first: int, n_samples: int, length: int, version: int) -> list[bytes]:
    """Records of one stream that are at most so long."""
    samples = np.random.default_rng(length).integers(-1000, 1000, n_samples, dtype=np.int32)
    source_id = SourceId("XX", "TEST", "00", "HHZ")
    start_ns = START_NS + first * NS_PER_S
    return list(pack(source_id, start_ns, 100.0, samples, length, version=version))


@pytest.mark.parametrize("length", [128, 256, 512, 1024, 4096])
@pytest.mark.parametrize("version", [2, 3])
def test_records_of_any_length_and_format_are_archived_as_they_came(tmp_path: Path, version: int, length: int) -> None:
    records = lasting(0, 20_000, length, version)
    assert len(records) > 5
    with (
        SeedLinkServer("127.0.0.1", 0, filled(records)) as server,
        receiving(tmp_path, f"127.0.0.1:{server.port}") as receiver,
    ):
        receiver.wait_for(records)
        assert receiver.lost_and_doubled(records) == (0, 0)


@pytest.mark.parametrize("kind", ["duplicate", "reorder", "garbage"])
def test_a_bad_link_costs_nothing_in_version_3_either(tmp_path: Path, kind: str) -> None:
    faults = [Fault(kind, after_bytes) for after_bytes in (700, 5_000, 40_000, 100_000)]  # type: ignore[arg-type]
    with (
        SeedLinkServer("127.0.0.1", 0, filled(RECORDS)) as server,
        FaultProxy(server.port, faults, only_v3=True) as proxy,
        receiving(tmp_path, f"127.0.0.1:{proxy.port}") as receiver,
    ):
        receiver.wait_for(RECORDS)
        assert receiver.lost_and_doubled(RECORDS) == (0, 0)
        assert proxy.n_spoilt > 0


@pytest.mark.parametrize("only_v3", [False, True])
def test_closed_connections_are_made_again_within_three_seconds(tmp_path: Path, only_v3: bool) -> None:
    ring = filled(RECORDS[:1])
    took_s = []
    with (
        SeedLinkServer("127.0.0.1", 0, ring) as server,
        FaultProxy(server.port, only_v3=only_v3) as proxy,
        receiving(tmp_path, f"127.0.0.1:{proxy.port}", retry_min_s=0.5) as receiver,
    ):
        for n in range(1, N_CLOSES + 1):
            receiver.wait_for(RECORDS[:n])
            proxy.drop()
            began = time.monotonic()
            ring.append(RECORDS[n])
            receiver.wait_for(RECORDS[: n + 1])
            took_s.append(time.monotonic() - began)
            assert receiver.lost_and_doubled(RECORDS[: n + 1]) == (0, 0)
    took_s.sort()
    p95_s = took_s[int(0.95 * N_CLOSES) - 1]
    print(f"closed to receiving again: median {took_s[N_CLOSES // 2]:.2f} s, 95 % within {p95_s:.2f} s of {N_CLOSES}")
    assert p95_s <= 3


@pytest.mark.parametrize("only_v3", [False, True])
def test_a_time_window_brings_its_records_and_ends(tmp_path: Path, only_v3: bool) -> None:
    window = {"begin": format_ns(START_NS + 100 * NS_PER_S), "end": format_ns(START_NS + 200 * NS_PER_S)}
    with (
        SeedLinkServer("127.0.0.1", 0, filled(RECORDS)) as server,
        FaultProxy(server.port, only_v3=only_v3) as proxy,
        receiving(tmp_path, f"127.0.0.1:{proxy.port}", **window) as receiver,  # type: ignore[arg-type]
    ):
        wait_for("the end of the window", lambda: receiver.source.state.phase is Phase.CLOSED)
        wait_for("its records", lambda: set(RECORDS[100:200]) <= set(receiver.archived()))
        got = set(receiver.archived())
        assert set(RECORDS[100:200]) <= got <= set(RECORDS[99:201])
        assert proxy.n_connections == 1


def test_a_stream_that_stops_beside_one_that_goes_on_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ring = Ring()
    with (
        SeedLinkServer("127.0.0.1", 0, ring) as server,
        receiving(tmp_path, f"127.0.0.1:{server.port}", silent_s=2.0) as receiver,
    ):
        ring.append(record(0, "STOPS"))
        stopped = SourceId("XX", "STOPS", "00", "HHZ")
        second = 0

        def goes_on() -> None:
            nonlocal second
            second += 1
            ring.append(record(second, "GOES"))

        def is_silent() -> bool:
            goes_on()
            return receiver.source.state.silent == (stopped,)

        wait_for("the watchdog", is_silent)
        said = "XX.STOPS.00.HHZ is silent for 2 s, the connection is not"
        wait_for("its words", lambda: said in caplog.text)
        assert caplog.text.count(said) == 1
        assert receiver.source.state.phase is Phase.STREAMING
        wait_for("a rate", lambda: receiver.source.state.packets_per_s > 0)
        ring.append(record(1, "STOPS"))
        wait_for("its return", lambda: not receiver.source.state.silent)
        wait_for("every packet", lambda: receiver.source.state.n_packets == second + 2)
