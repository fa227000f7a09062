"""Records that adjoin, taken as one packet: what comes of them is what comes of each by itself."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import acquisition.replay
from acquisition.records import pack
from acquisition.replay import Reading, ReplaySource, find_files
from detection.blocks import Blocker, Chunk
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import JoinedRecords, Packet, SourceId

CHANNELS = (SourceId("XX", "AAA", "", "HHZ"), SourceId("XX", "BBB", "00", "BHZ"))
RATE_HZ = 20.0
START_NS = 1_700_000_000 * NS_PER_S
Shape = tuple[bytes, int, int, int | None, bytes]


def disturbed(chance: random.Random, source_id: SourceId) -> bytes:
    """A file with clocks that wander, gaps, overlaps, records that come twice, late, torn, with a fault of the data."""
    samples = np.random.default_rng(chance.randrange(99)).integers(-500, 500, 40_000).astype(np.int32).cumsum()
    records, at_ns, number, wander = list[bytes](), START_NS, 0, 0.0
    while number < len(samples):
        n = chance.choice((150, 200, 250))
        wander += chance.choice((0.0, 0.0, 0.0, 0.02, -0.02, 0.2))
        off_ns = round(wander * NS_PER_S / RATE_HZ)
        part = samples[number : number + n]
        records += pack(source_id, at_ns + off_ns, RATE_HZ, part.astype(np.int32), 512, max_samples=len(part))
        at_ns, number = at_ns + samples_ns(len(part), RATE_HZ), number + n
        fault = chance.randrange(40)
        if fault == 0:
            at_ns += chance.choice((1, 40, 4000)) * NS_PER_S // 20
        elif fault == 1:
            at_ns -= chance.choice((1, 40)) * NS_PER_S // 20
        elif fault == 2:
            records.append(records[-1])
        elif fault == 3:
            records.insert(max(len(records) - 5, 0), records.pop())
        elif fault == 4:
            records[-1] = records[-1][:64] + bytes([255]) * (len(records[-1]) - 64)
        elif fault == 5:
            records[-1] = chance.choice((records[-1][:6] + b"R", b"ABCDEFD")) + records[-1][7:]
    return b"".join(records)


def shape(packet: Packet) -> Shape:
    return packet.raw, packet.start_ns, packet.n_samples, packet.timing_quality, packet.samples.tobytes()


def segments(chunks: list[Chunk]) -> list[tuple[int, int, int | None, list[int]]]:
    found: list[tuple[int, int, int | None, list[int]]] = []
    for chunk in chunks:
        if chunk.gap is not None or not found:
            found.append((chunk.grid_ns, chunk.first, chunk.gap, []))
        found[-1][3].extend(chunk.samples.tolist())
    return found


@pytest.mark.parametrize("seed", range(8))
def test_joined_records_are_what_each_is(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for source_id in CHANNELS:
        (tmp_path / f"{source_id}.mseed").write_bytes(disturbed(chance, source_id))
    files = find_files(tmp_path)
    span_ns = 40_000 * NS_PER_S // 20
    window = {"start_ns": START_NS + span_ns // 9, "end_ns": START_NS + span_ns * 3 // 4, "until_ns": None}
    if seed % 2:
        window = {"start_ns": None, "end_ns": None, "until_ns": START_NS + span_ns // 2}
    refused: list[list[tuple[bytes, str]]] = [[], []]
    readings = Reading(), Reading()
    sources = [
        ReplaySource(files, lambda raw, why, to=to: to.append((raw, why)), **window, reading=reading)  # type: ignore[misc]
        for to, reading in zip(refused, readings, strict=True)
    ]
    alone = [packet for batch in sources[0].packets() for packet in batch]
    joined = [packet for batch in sources[1].joined() for packet in batch]
    assert sum(isinstance(packet, JoinedRecords) for packet in joined) > 5
    assert len(joined) < len(alone)
    for source_id in CHANNELS:
        each = [packet for packet in alone if packet.source_id == source_id]
        as_one = [packet for packet in joined if packet.source_id == source_id]
        assert [shape(record) for packet in as_one for record in packet.records] == [shape(one) for one in each]
        assert as_one[-1].next_ns == each[-1].next_ns
        made = []
        for packets in (each, as_one):
            blocker = Blocker(RATE_HZ, 16, 50, packets[0].start_ns)
            made.append((segments(blocker.push(*packets)), blocker.position_ns, blocker.waiting.tolist()))
        assert made[0] == made[1]
        assert len(made[0][0]) > 1
    assert sorted(refused[0]) == sorted(refused[1])
    assert refused[0] or seed % 2
    assert readings[0] == readings[1]


def test_joined_records_end_where_those_of_other_streams_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels of any rate advance together: what belongs to one earthquake is searched at one time."""
    monkeypatch.setattr(acquisition.replay, "_BATCH_BYTES", 4 << 20)  # the files would be one packet each
    for source_id, rate_hz in zip(CHANNELS, (20.0, 100.0), strict=True):
        samples = np.random.default_rng(1).integers(-500, 500, int(rate_hz * 9000)).astype(np.int32)
        (tmp_path / f"{source_id}.mseed").write_bytes(b"".join(pack(source_id, START_NS, rate_hz, samples)))
    edges = {}
    for source_id in CHANNELS:
        source = ReplaySource(find_files(tmp_path), lambda raw, reason: pytest.fail(reason))
        packets = [packet for batch in source.joined() for packet in batch if packet.source_id == source_id]
        edges[source_id] = [packet.start_ns for packet in packets]
    slow, fast = (edges[source_id] for source_id in CHANNELS)
    apart_s = [min(abs(one - other) for other in fast) / NS_PER_S for one in slow]
    assert 1 < len(slow) <= len(fast) < 40
    assert max(apart_s) < 30
