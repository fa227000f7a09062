"""The archive under clocks that are wrong, days that end oddly, and files that were cut off anywhere."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from acquisition import archive as archive_module
from acquisition import mseed
from acquisition.archive import Archive, day_path
from acquisition.archive_check import check
from acquisition.archive_files import Kind
from acquisition.archive_repair import repair
from acquisition.dayfile import Verdict
from acquisition.recorder import Recorder
from acquisition.records import pack
from houfeng.times import NS_PER_S, now_ns, parse_ns
from houfeng.types import Packet, SourceId

STREAM = SourceId("XX", "TEST", "00", "HHZ")
HOUR_NS = 3600 * NS_PER_S
DAY_NS = 24 * HOUR_NS


def record(start_ns: int, first: int = 0, n_samples: int = 100) -> Packet:
    """One record of 100 Hz."""
    return mseed.decode(pack(STREAM, start_ns, 100.0, np.arange(first, first + n_samples, dtype=np.int32))[0])


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.glob("[12]*/*/*/*/*")}


def file_all(root: Path, packets: list[Packet], future_limit_h: float = 24.0) -> dict[Verdict, int]:
    archive = Archive(root, future_limit_h=future_limit_h)
    verdicts = dict(archive.append(packets))
    archive.close()
    return verdicts


@pytest.mark.parametrize(
    ("midnight", "before", "after"),
    [
        ("2024-03-01", "2024.060", "2024.061"),  # 29 February
        ("2023-03-01", "2023.059", "2023.060"),
        ("2024-01-01", "2023.365", "2024.001"),
        ("2025-01-01", "2024.366", "2025.001"),
        ("2017-01-01", "2016.366", "2017.001"),  # a leap second before it
        ("1970-01-01", "1969.365", "1970.001"),
    ],
)
def test_a_minute_across_midnight_lies_in_two_files(tmp_path: Path, midnight: str, before: str, after: str) -> None:
    midnight_ns = parse_ns(midnight)
    packets = [record(midnight_ns + (n - 30) * NS_PER_S - NS_PER_S // 2, n) for n in range(60)]
    last_before = record(midnight_ns - 1000, 500, n_samples=1)  # miniSEED 2 keeps microseconds
    exactly = record(midnight_ns, 600, n_samples=1)
    file_all(tmp_path, [*packets, last_before, exactly])
    name = "XX.TEST.00.HHZ.D."
    assert files(tmp_path) == {
        name + before: b"".join(p.raw for p in packets[:31]) + last_before.raw,
        name + after: b"".join(p.raw for p in packets[31:]) + exactly.raw,
    }
    kinds = {finding.kind for finding in check(tmp_path, now_ns(), 24.0).findings}
    assert not kinds & {Kind.MISPLACED, Kind.CONFLICT, Kind.DUPLICATE}


def with_clock(packet: Packet, hour: int, minute: int, second: int, *, day: int, year: int, leap: bool) -> Packet:
    """The record with another start time in its header, one that has no nanosecond count of its own (23:59:60)."""
    raw = bytearray(packet.raw)
    raw[20:24] = year.to_bytes(2, "big") + day.to_bytes(2, "big")
    raw[24:27] = bytes((hour, minute, second))
    raw[36] |= 0x10 if leap else 0  # activity flag: a positive leap second happened in this record
    return mseed.decode(bytes(raw))


def test_the_second_60_is_kept_beside_the_second_that_shares_its_count(tmp_path: Path) -> None:
    at_59 = with_clock(record(0, 0), 23, 59, 59, day=366, year=2016, leap=True)
    at_60 = with_clock(record(0, 100), 23, 59, 60, day=366, year=2016, leap=False)
    at_00 = with_clock(record(0, 200), 0, 0, 0, day=1, year=2017, leap=False)
    assert at_60.start_ns == at_00.start_ns == parse_ns("2017-01-01")  # UTC counted as POSIX does
    # as they come, and again: the second 60 is no second of 2017-01-01 00:00:00
    assert file_all(tmp_path, [at_59, at_60, at_00]) == {Verdict.WRITTEN: 2, Verdict.CONFLICT: 1}
    assert file_all(tmp_path, [at_59, at_60, at_00]) == {Verdict.DUPLICATE: 3}
    assert files(tmp_path) == {
        "XX.TEST.00.HHZ.D.2016.366": at_59.raw,
        "XX.TEST.00.HHZ.D.2017.001": at_60.raw + at_00.raw,
    }


def test_a_clock_that_was_an_hour_wrong_and_is_set_back_loses_nothing(tmp_path: Path) -> None:
    start_ns = (now_ns() // DAY_NS - 1) * DAY_NS + 12 * HOUR_NS  # all in one day's file
    right = [record(start_ns + n * NS_PER_S, n) for n in range(20)]
    ahead = [record(start_ns + HOUR_NS + n * NS_PER_S, n) for n in range(20, 40)]
    back = [record(start_ns + n * NS_PER_S, n) for n in range(20, 40)]
    # the true hour comes later, over the times that the wrong clock gave away
    later = [record(start_ns + HOUR_NS + n * NS_PER_S, 1000 + n) for n in range(20, 40)]
    sent = [*right, *ahead, *back, *later]
    assert file_all(tmp_path, sent) == {Verdict.WRITTEN: 60, Verdict.CONFLICT: 20}
    assert file_all(tmp_path, sent) == {Verdict.DUPLICATE: 80}
    assert b"".join(files(tmp_path).values()) == b"".join(packet.raw for packet in sent)


def test_records_from_the_future_are_kept_apart_once_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    near = record(now_ns() + 23 * HOUR_NS)
    far = [record(parse_ns("2090-05-06") + n * NS_PER_S) for n in range(5)]
    assert file_all(tmp_path, [near, *far]) == {Verdict.WRITTEN: 1, Verdict.FUTURE: 5}
    assert file_all(tmp_path, far) == {Verdict.FUTURE: 5}
    assert list(files(tmp_path).values()) == [near.raw]
    assert list(files(tmp_path / "quarantine" / "future").values()) == [b"".join(packet.raw for packet in far)]
    said = [entry.getMessage() for entry in caplog.records if "clock is wrong" in entry.getMessage()]
    assert len(said) == 2  # one for each time the archive was opened
    assert "XX.TEST.00.HHZ: a record begins at 2090-05-06T00:00:00.000000Z, more than 24 h from now" in said[0]


class Given:
    """A source that supplies what it was given."""

    def __init__(self, packets: list[Packet]) -> None:
        self._packets = packets

    def packets(self) -> Iterator[list[Packet]]:
        yield self._packets

    def close(self) -> None:
        self._packets = []


def test_a_record_from_the_future_does_not_reach_detection(tmp_path: Path) -> None:
    near, far = record(now_ns() - HOUR_NS), record(parse_ns("2090-05-06"))
    archive = Archive(tmp_path, future_limit_h=24.0)
    recorder = Recorder(archive, [("server", Given([far, near]))], 1 << 20)
    recorder.start()
    taken = recorder.take(10.0) + recorder.stop()
    archive.close()
    assert [packet.raw for _, packets in taken for packet in packets] == [near.raw]


def truncated(root: Path, chance: random.Random, packets: list[Packet]) -> int:
    """Cut the packets' day file at a random byte; how many records stay whole."""
    path = day_path(root, packets[0].source_id, packets[0].start_ns)
    content = path.read_bytes()
    cut = chance.randrange(len(content))
    path.write_bytes(content[:cut])
    whole, end = 0, 0
    for packet in packets:
        end += len(packet.raw)
        whole += end <= cut
    return whole


@pytest.mark.parametrize("version", [2, 3])
def test_fifty_truncations_leave_every_whole_record_readable(tmp_path: Path, version: int) -> None:
    chance = random.Random(version)
    packets = [
        mseed.decode(pack(STREAM, (1_700_000_000 + n) * NS_PER_S, 100.0, np.arange(n, n + 100), version=version)[0])
        for n in range(200)
    ]
    for n in range(50):
        root = tmp_path / str(n)
        file_all(root, packets)
        n_whole = truncated(root, chance, packets)
        if n % 2:
            repair(root)
        read = [r.raw for content in files(root).values() for r in mseed.split(content, lambda *_: None)]
        assert read == [packet.raw for packet in packets[:n_whole]]  # mended or as it was cut
        assert file_all(root, packets) == {
            verdict: count
            for verdict, count in ((Verdict.DUPLICATE, n_whole), (Verdict.WRITTEN, 200 - n_whole))
            if count
        }
        assert check(root, now_ns(), 24.0).findings == []


@dataclass
class Supply:
    """A source of a few batches."""

    batches: list[list[Packet]]

    def packets(self) -> Iterator[list[Packet]]:
        yield from self.batches

    def close(self) -> None:
        """It ends by itself."""


@pytest.mark.parametrize("first_h", [-12, 12])
def test_a_clock_that_is_set_while_a_batch_is_archived_tells_one_story_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first_h: int
) -> None:
    """What is kept apart is not detected on, and what is archived is."""
    packets = [record(now_ns() + n * HOUR_NS) for n in range(-5, 5)]
    clock = itertools.cycle([now_ns() + first_h * HOUR_NS, now_ns() - first_h * HOUR_NS])
    archive = Archive(tmp_path, future_limit_h=1.0)
    recorder = Recorder(archive, [("server", Supply([packets]))], 1 << 20)
    with monkeypatch.context() as patch:
        patch.setattr(archive_module, "now_ns", lambda: next(clock))
        recorder.start()
        taken = [packet.raw for _, batch in recorder.stop() for packet in batch]
    archive.close()
    archived = b"".join(content for _, content in sorted(files(tmp_path).items()))
    assert b"".join(taken) == archived
    assert len(taken) == (0 if first_h < 0 else len(packets))
