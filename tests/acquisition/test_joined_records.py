"""Records that adjoin, taken as one packet: what comes of them is what comes of each by itself."""

from __future__ import annotations

import random
import resource
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import acquisition.replay
from acquisition.memory import SampleMemory
from acquisition.records import pack
from acquisition.replay import Reading, ReplaySource, find_files
from detection.blocks import Blocker, Chunk
from houfeng.times import NS_PER_S, samples_ns
from houfeng.types import ROOM, JoinedRecords, Packet, Samples, SourceId

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
    monkeypatch.setattr(acquisition.replay, "_BATCH_BYTES", 2 << 20)  # the files would be one packet each
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


def test_no_stream_gets_far_ahead_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams of any rate that begin at any time: what comes later than others by hours is too late for association."""
    monkeypatch.setattr(acquisition.replay, "_BATCH_BYTES", 300_000)
    rng = np.random.default_rng(6)
    for number, rate_hz in enumerate((1.0, 1.0, 5.0, 20.0, 20.0, 20.0)):
        samples = rng.integers(-50, 50, int(rate_hz * 80_000)).astype(np.int32)
        source_id = SourceId("XX", f"S{number}", "", "HHZ")
        records = pack(source_id, START_NS + number * 2200 * NS_PER_S, rate_hz, samples, 512)
        (tmp_path / f"{number}.mseed").write_bytes(b"".join(records))
    apart_ns = 4096 * NS_PER_S
    source = ReplaySource(find_files(tmp_path), lambda raw, reason: pytest.fail(reason), apart_ns=apart_ns)
    ahead_ns, reached_ns, n_batches = 0, 0, 0
    for batch in source.joined():
        if reached_ns:
            ahead_ns = max(ahead_ns, reached_ns - min(packet.start_ns for packet in batch))
        reached_ns, n_batches = max(reached_ns, *(packet.next_ns for packet in batch)), n_batches + 1
    assert n_batches > 5
    assert apart_ns / 4 < ahead_ns < 1.2 * apart_ns


def test_a_batch_of_many_small_files_needs_few_descriptors(tmp_path: Path) -> None:
    """Files of an hour, say, of which hundreds are in one batch."""
    samples = np.random.default_rng(4).integers(-500, 500, 1000).astype(np.int32)
    for number in range(300):
        records = pack(CHANNELS[0], START_NS + number * 100 * NS_PER_S, RATE_HZ, samples, 512)
        (tmp_path / f"{number:03}.mseed").write_bytes(b"".join(records))
    files = find_files(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 20, hard))
    try:
        batches = list(ReplaySource(files, lambda raw, reason: pytest.fail(reason)).joined())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert sum(isinstance(packet, JoinedRecords) for batch in batches for packet in batch) == 300


def one_packet(tmp_path: Path) -> tuple[JoinedRecords, bytes]:
    samples = np.random.default_rng(2).integers(-500, 500, 9000).astype(np.int32)
    (tmp_path / "all.mseed").write_bytes(b"".join(pack(CHANNELS[0], START_NS, RATE_HZ, samples)))
    source = ReplaySource(find_files(tmp_path), lambda raw, reason: pytest.fail(reason))
    (packet,) = next(source.joined())
    assert isinstance(packet, JoinedRecords)
    return packet, samples.tobytes()


def test_samples_are_put_behind_others_without_a_copy_once(tmp_path: Path) -> None:
    """Who asks later gets an array of its own: what the first one got stays what it was."""
    packet, samples = one_packet(tmp_path)
    one, two = np.array([1, 2, 3], np.int32), np.array([7, 8], np.int32)
    first, second = packet.behind(one), packet.behind(two)
    assert np.shares_memory(first, packet.samples)
    assert not np.shares_memory(second, packet.samples)
    assert first.tobytes() == one.tobytes() + samples
    assert second.tobytes() == two.tobytes() + samples
    assert packet.samples.tobytes() == samples


@pytest.mark.parametrize("before", [np.zeros(ROOM + 1, np.int32), np.array([0.5])])
def test_what_does_not_fit_before_the_samples_is_joined_to_a_copy(tmp_path: Path, before: Samples) -> None:
    packet, samples = one_packet(tmp_path)
    joined = packet.behind(before)
    assert joined[: len(before)].tolist() == before.tolist()
    assert joined[len(before) :].tolist() == np.frombuffer(samples, np.int32).tolist()
    assert joined.dtype == before.dtype


def test_samples_that_were_forgotten_are_unpacked_again(tmp_path: Path) -> None:
    packet, samples = one_packet(tmp_path)
    held = packet.behind(np.array([4], np.int32))
    packet.forget()
    again = packet.samples
    assert not np.shares_memory(again, held)
    assert again.tobytes() == held[1:].tobytes() == samples
    assert b"".join(record.samples.tobytes() for record in packet.records) == samples


def test_a_source_gives_up_the_samples_of_a_batch_before_it_unpacks_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What holds on to every batch would hold a year in memory otherwise; the bytes stay to be had."""
    monkeypatch.setattr(acquisition.replay, "_BATCH_BYTES", 20_000)
    samples = np.random.default_rng(3).integers(-500, 500, 200_000).astype(np.int32)
    (tmp_path / "all.mseed").write_bytes(b"".join(pack(CHANNELS[0], START_NS, RATE_HZ, samples)))
    source, taken, take = ReplaySource(find_files(tmp_path), pytest.fail), list[int](), SampleMemory.take

    def counted(self: SampleMemory, n: int) -> NDArray[np.int32]:
        made = take(self, n)
        taken.append(made.__array_interface__["data"][0])
        return made

    monkeypatch.setattr(SampleMemory, "take", counted)
    batches = list(source.joined())
    assert len(taken) > 5
    assert len(set(taken)) < 4
    assert b"".join(packet.samples.tobytes() for batch in batches for packet in batch) == samples.tobytes()


def test_memory_is_used_again_when_nothing_of_it_is_held() -> None:
    memory = SampleMemory()
    whole = memory.take(50_000)
    whole[:] = 1
    part = whole[100:200][::2]
    del whole
    other = memory.take(50_000)
    other[:] = 2
    assert part.tolist() == [1] * 50
    place = part.__array_interface__["data"][0] - 400
    del part
    again = memory.take(55_000)
    assert again.__array_interface__["data"][0] == place
    assert other.tolist() == [2] * 50_000
