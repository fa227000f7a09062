"""Records joined many at once, against the same records one by one."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from acquisition import bulk, mseed
from acquisition.archive import Archive
from acquisition.record_windows import packets_of
from acquisition.records import pack
from houfeng.bandpass import Passband
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, parse_ns
from houfeng.traces import Traces
from houfeng.types import SourceId
from houfeng.waveforms import RecordedWaveforms

SOURCE = SourceId.parse("KR.NRN.00.HHZ")
START_NS = parse_ns("2026-03-01T23:00:00.00345")
RATE_HZ = 50.0


def raws(parts: list[tuple[int, int]], *, jitter_ns: int = 0) -> list[bytes]:
    """Records of stretches of samples, each from one number to another; records begin a little late or early."""
    samples = np.random.default_rng(1).integers(-2000, 2000, 400_000).astype(np.int32)
    chance = random.Random(4)
    return [
        raw
        for first, last in parts
        for at in range(first, last, 500)
        for raw in pack(
            SOURCE,
            START_NS + round(at * NS_PER_S / RATE_HZ) + chance.randrange(-jitter_ns, jitter_ns + 1),
            RATE_HZ,
            samples[at : min(at + 500, last)],
            2048,
        )
    ]


def one_by_one(root: Path) -> tuple[Stretch, ...]:
    """As the inspector of events reads."""
    from acquisition.waveform_files import ArchiveWindows

    read = RecordedWaveforms(ArchiveWindows(root)).read
    return tuple(read([SOURCE], START_NS, START_NS + 86_400 * NS_PER_S)[SOURCE])


@pytest.mark.parametrize(
    "parts",
    [
        [(0, 200_000)],
        [(0, 60_000), (60_001, 90_000), (100_000, 300_000)],  # one sample is missing, then some
        [(0, 60_000), (50_250, 120_000)],  # some came twice, in other records
    ],
)
@pytest.mark.parametrize("jitter_ns", [0, 2_000_000])
def test_stretches_are_those_of_single_records(tmp_path: Path, parts: list[tuple[int, int]], jitter_ns: int) -> None:
    records = raws(parts, jitter_ns=jitter_ns)
    archive = Archive(tmp_path / "sds")
    archive.append([mseed.open_record(raw) for raw in records])
    archive.close()
    expected = one_by_one(tmp_path / "sds")
    found = Traces(tmp_path / "sds", tmp_path / "cache").stretches(SOURCE, START_NS, START_NS + 86_400 * NS_PER_S)
    assert [len(each.samples) for each in found] == [len(each.samples) for each in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert abs(ours.start_ns - theirs.start_ns) <= jitter_ns
        np.testing.assert_array_equal(ours.samples, theirs.samples)


def test_what_overlaps_is_seen_and_order_does_not_matter() -> None:
    records = raws([(0, 20_000)])
    random.Random(1).shuffle(records)
    found = bulk.packets(b"".join(records))
    assert sum(each.n_samples for each in found) == 20_000
    assert len(found) < len(records)
    assert not bulk.overlap(found)
    assert bulk.overlap(bulk.packets(b"".join([*records, *raws([(300, 800)])])))


def test_what_cannot_be_joined_is_read_record_by_record() -> None:
    records = raws([(0, 20_000)])
    torn = b"".join(records)[:-700]
    assert bulk.joined(torn) is None
    assert [each.raw for each in bulk.packets(torn)] == [each.raw for each in packets_of(torn)]
    spoilt = bytearray(b"".join(records))
    spoilt[2048 * 3 + 64 : 2048 * 4] = bytes(2048 - 64)  # samples of the fourth record
    assert sum(each.n_samples for each in bulk.packets(bytes(spoilt))) == sum(
        each.n_samples for each in packets_of(bytes(spoilt))
    )


def test_a_band_that_the_rate_has_not_is_left_out() -> None:
    slow = Stretch(START_NS, 10.0, np.arange(100.0))
    assert Passband(1, 5).filtered([slow]) == []
    assert len(Passband(1, 4.9).filtered([slow])) == 1
