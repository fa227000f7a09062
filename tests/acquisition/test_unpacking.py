"""Records whose samples cannot be unpacked: kept, said, counted, and in nobody's way."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.archive_check import check
from acquisition.archive_files import Kind
from acquisition.recorder import Recorder
from acquisition.records import pack
from acquisition.seedlink import SeedLinkSource
from acquisition.settings import SeedLinkSettings
from acquisition.unpacking import Unpacker
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Packet, SourceId
from tests.acquisition.seedlink_scripted import ScriptedServer, v4

STREAM = SourceId("XX", "TEST", "00", "HHZ")
T_NS = 1_700_000_000 * NS_PER_S


def sound(second: int) -> bytes:
    return pack(STREAM, T_NS + second * NS_PER_S, 100.0, np.arange(100, dtype=np.int32))[0]


def corrupt(second: int) -> bytes:
    return sound(second)[:64] + b"\xff" * 448


def test_a_corrupt_record_is_archived_as_received_and_is_a_gap_for_those_behind(tmp_path: Path) -> None:
    raws = [sound(0), corrupt(1), sound(2)]
    rejected: list[bytes] = []
    with ScriptedServer(b"".join(v4(b"2D", raw, n) for n, raw in enumerate(raws, 1))) as server:
        settings = SeedLinkSettings("test", f"127.0.0.1:{server.port}", ("XX.TEST.*.HHZ",))
        archive = Archive(tmp_path)
        source = SeedLinkSource(settings, {}, lambda raw, reason: rejected.append(raw))
        recorder = Recorder(archive, [("test", source)], 1 << 20)
        recorder.start()
        taken: list[Packet] = []
        for _ in range(100):
            taken += [packet for _, batch in recorder.take(0.1) for packet in batch]
            if len(taken) == 3:
                break
        recorder.stop()
        archive.close()
    assert rejected == []
    (path,) = tmp_path.rglob("*.D.*")
    assert path.read_bytes() == b"".join(raws)
    assert [packet.sequence for packet in taken] == [1, 2, 3]  # the cursor goes past it
    assert [packet.raw for packet in Unpacker().readable(taken)] == [raws[0], raws[2]]
    assert [finding.kind for finding in check(tmp_path, now_ns(), 24.0).findings] == [Kind.CORRUPT]


def test_a_stream_of_corrupt_records_is_said_once_and_then_hourly(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "acquisition.unpacking")
    now_s = [0.0]
    unpacker = Unpacker(clock=lambda: now_s[0])
    for second in range(5):
        assert unpacker.readable([mseed.open_record(corrupt(second))]) == []
    assert [entry.getMessage().partition(": the samples")[0] for entry in caplog.records] == [
        "XX.TEST.00.HHZ: record of 2023-11-14T22:13:20.000000Z"
    ]
    now_s[0] = 3600.0
    (packet,) = unpacker.readable([mseed.open_record(sound(6))])
    assert packet.n_samples == 100
    assert caplog.records[-1].getMessage() == "XX.TEST.00.HHZ: the samples of 4 more records could not be unpacked"
    now_s[0] = 8000.0
    unpacker.readable([mseed.open_record(sound(7))])
    assert len(caplog.records) == 2
    assert unpacker.n_unreadable == 5


def test_threads_that_ask_at_once_get_the_same_samples() -> None:
    for second in range(50):
        packet = mseed.open_record(sound(second))
        barrier, got = threading.Barrier(4), []

        def ask(packet: Packet = packet, barrier: threading.Barrier = barrier, got: list[bytes] = got) -> None:
            barrier.wait()
            got.append(packet.samples.tobytes())

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == [np.arange(100, dtype=np.int32).tobytes()] * 4
