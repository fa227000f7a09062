"""The ring: numbers that only grow, a bound that holds, and what is left of each stream."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from acquisition.records import pack
from acquisition.server import Ring
from houfeng.errors import RecordError
from houfeng.types import SourceId

START_NS = 1_274_977_443_000_000_000


def record(station: str = "UH1", second: int = 0, channel: str = "SHZ", length: int = 512) -> bytes:
    source_id = SourceId("BW", station, "", channel)
    (raw,) = pack(source_id, START_NS + second * 1_000_000_000, 50.0, np.arange(50), length)
    return raw


def test_records_are_numbered_from_one_without_holes() -> None:
    ring = Ring()
    assert ring.bounds() == (1, 1)
    assert [ring.append(record(second=n)) for n in range(5)] == [1, 2, 3, 4, 5]
    assert ring.bounds() == (1, 6)


def test_reading_gives_the_bytes_that_came() -> None:
    ring = Ring()
    raws = [record(second=n) for n in range(5)]
    for raw in raws:
        ring.append(raw)
    assert [stored.raw for stored in ring.read(1, 100)[0]] == raws
    assert [stored.sequence for stored in ring.read(3, 2)[0]] == [3, 4]
    assert ring.read(6, 10) == ([], 6)


def test_the_oldest_make_room_when_the_bytes_are_used_up() -> None:
    ring = Ring(max_bytes=3 * 512 + 511)
    for n in range(10):
        ring.append(record(second=n))
    assert ring.bounds() == (8, 11)
    assert [stored.sequence for stored in ring.read(1, 100)[0]] == [8, 9, 10]


def test_a_stream_that_left_the_ring_is_not_listed() -> None:
    ring = Ring(max_bytes=2 * 512)
    ring.append(record("UH1", 0))
    ring.append(record("UH2", 0))
    ring.append(record("UH3", 0))
    assert [span.key.station for span in ring.streams()] == ["BW_UH2", "BW_UH3"]


def test_spans_tell_first_and_last_of_each_stream() -> None:
    ring = Ring()
    for n in range(3):
        ring.append(record("UH2", n))
        ring.append(record("UH1", n))
    first, second = ring.streams()
    assert (first.key.station, first.key.stream, first.key.kind) == ("BW_UH1", "_S_H_Z", "2D")
    assert (first.first_sequence, first.last_sequence) == (2, 6)
    assert (second.first_sequence, second.last_sequence) == (1, 5)
    assert (first.start_ns, first.end_ns) == (START_NS, START_NS + 3_000_000_000)


def test_a_record_larger_than_the_ring_is_refused() -> None:
    with pytest.raises(RecordError, match=r"BW\.UH1\.\.SHZ: a record of 4096 bytes does not fit"):
        Ring(max_bytes=4095).append(record(length=4096))


def test_what_is_no_record_is_refused_and_takes_no_number() -> None:
    ring = Ring()
    with pytest.raises(RecordError):
        ring.append(b"\0" * 512)
    assert ring.append(record()) == 1


def test_watchers_are_told_until_they_stop() -> None:
    ring = Ring()
    seen: list[tuple[int, int]] = []
    stop = ring.watch(lambda: seen.append(ring.bounds()))
    ring.append(record())
    stop()
    ring.append(record())
    assert seen == [(1, 2)]


def test_many_threads_share_the_numbers() -> None:
    ring = Ring()
    raw = record()
    given: list[list[int]] = [[] for _ in range(4)]

    def append(mine: list[int]) -> None:
        mine.extend(ring.append(raw) for _ in range(500))

    threads = [threading.Thread(target=append, args=(mine,)) for mine in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in given)
    assert sorted(n for mine in given for n in mine) == list(range(1, 2001))
