"""Headers of a whole file read at once, against the same headers read one by one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest

from acquisition import mseed
from acquisition.mseed_header import quick_header
from acquisition.mseed_rows import alike
from acquisition.record_files import opened
from acquisition.records import pack
from houfeng.errors import RecordError
from houfeng.types import Packet, SourceId

IO_DATA = Path(obspy.__file__).parent / "io" / "mseed" / "tests" / "data"
STREAM = SourceId("XX", "TEST", "00", "HHZ")
DAY_END_NS = 1_704_066_900_123_400_000  # a minute before 2024, a leap year


def n_alike(content: bytes) -> int:
    """How many records were read together; each as it is read alone."""
    found = alike(memoryview(content))
    if found is None:
        return 0
    raws = [content[at : at + found.length] for at in range(0, len(content), found.length)]
    qualities = [None] * len(raws) if found.timing_quality is None else found.timing_quality
    of_each = zip(raws, found.are_alike, found.start_ns, found.n_samples, qualities, strict=True)
    for raw, is_alike, start_ns, n_samples, quality in of_each:
        if is_alike:
            header = (found.source_id, start_ns, n_samples, found.rate_hz, quality, found.encoding)
            assert quick_header(raw) == header
    return int(found.are_alike.sum())


def of_a_day(rate_hz: float) -> bytes:
    """Records that run into a new year."""
    samples = np.random.default_rng(3).integers(-9999, 9999, 20_000).astype(np.int32)
    return b"".join(pack(STREAM, DAY_END_NS, rate_hz, samples, 512))


@pytest.mark.parametrize("rate_hz", [100.0, 1.0, 0.1])
def test_records_of_a_stream_are_read_together(rate_hz: float) -> None:
    content = of_a_day(rate_hz)
    assert n_alike(content) == len(content) // 512 > 50


@pytest.mark.data
def test_records_with_blockette_100_are_read_together(shared_data: Callable[[str], Path]) -> None:
    content = next(shared_data("continuous_day").glob("COP.BHZ.*.050")).read_bytes()
    assert n_alike(content) == len(content) // 4096 == 552


def test_every_file_that_obspy_ships_is_read_as_its_records_are() -> None:
    files = [path for path in IO_DATA.rglob("*") if path.is_file()]
    assert sum(n_alike(path.read_bytes()) for path in files) > 100


def test_a_record_that_differs_is_left_to_libmseed() -> None:
    """One byte of every header is another: what is still read together is what it is alone, the packets as well."""
    chance, whole = random.Random(5), of_a_day(100.0)
    n_left = 0
    for _ in range(20):
        content = bytearray(whole)
        for at in range(512, len(content), 512):
            content[at + chance.randrange(72)] = chance.randrange(256)
        n_left += len(whole) // 512 - n_alike(bytes(content))
        packets = list(opened(memoryview(bytes(content)), lambda *damage: None, lambda *refused: None))
        assert [shape(packet) for packet, _ in packets] == alone(bytes(content))
    assert n_left > 200


def alone(content: bytes) -> list[tuple[object, ...]]:
    """Of the packets of a file that is walked through."""
    found = []
    for record in mseed.split(content, lambda *damage: None):
        try:
            found.append(shape(mseed.open_record(record.raw)))
        except RecordError:
            continue
    return found


def shape(packet: Packet) -> tuple[object, ...]:
    return packet.raw, packet.source_id, packet.start_ns, packet.sample_rate_hz, packet.n_samples, packet.timing_quality


def test_a_replay_goes_on_behind_the_records_that_were_read() -> None:
    content = of_a_day(100.0)
    every = [(shape(packet), number) for packet, number in opened(memoryview(content), print, print)]
    rest = [(shape(packet), number) for packet, number in opened(memoryview(content), print, print, 30)]
    assert rest == every[30:]
    assert [number for _, number in every] == list(range(1, len(content) // 512 + 1))
