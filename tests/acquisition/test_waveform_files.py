"""Windows read again: what a plain walk through all records finds, whatever the order and kind of the records."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.records import pack
from acquisition.replay import find_files
from acquisition.waveform_files import ArchiveWindows, ReplayWindows
from houfeng.errors import ArchiveError, SourceError
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Packet, SourceId

MIDNIGHT_NS = parse_ns("2024-02-29T00:00:00")
Z, N = (SourceId.parse(f"KR.NRN.00.HH{component}") for component in "ZN")


def record(source_id: SourceId, start_s: float, n_samples: int = 400, *, version: int = 2) -> Packet:
    """Noise at 100 Hz, the same for the same channel and time."""
    rng = np.random.default_rng([ord(source_id.channel[2]), round(start_s) + 10_000])
    samples = rng.integers(-1000, 1000, n_samples).astype(np.int32)
    start_ns = MIDNIGHT_NS + round(start_s * NS_PER_S)
    raws = pack(source_id, start_ns, 100.0, samples, version=version, record_length=4096 if version == 3 else 2048)
    (raw,) = raws
    return mseed.decode(raw)


def held(packets: Sequence[Packet], wanted: set[SourceId], start_ns: int, end_ns: int) -> set[bytes]:
    """The answer by the definition."""
    return {p.raw for p in packets if p.source_id in wanted and p.start_ns < end_ns and p.next_ns > start_ns}


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_windows_of_an_archive_in_any_order_across_midnight(tmp_path: Path, version: int, seed: int) -> None:
    chance = random.Random(seed)
    packets = [record(channel, 4.0 * at, version=version) for channel in (Z, N) for at in range(-150, 150)]
    chance.shuffle(packets)
    archive, windows = Archive(tmp_path / "sds"), ArchiveWindows(tmp_path / "sds")
    for until in (200, 201, 600):  # between them the files have grown by many records, and by one
        archive.append(packets[:until])
        for _ in range(8):
            start_ns = MIDNIGHT_NS + chance.randrange(-700, 700) * NS_PER_S
            end_ns = start_ns + chance.randrange(1, 90_000) * NS_PER_S // 1000
            wanted = set(chance.sample([Z, N], chance.randrange(1, 3)))
            found = windows(wanted, start_ns, end_ns)
            assert {p.raw for p in found} == held(packets[:until], wanted, start_ns, end_ns)
            assert len({p.raw for p in found}) == len(found)
    archive.close()


@pytest.mark.parametrize("version", [2, 3])
def test_windows_of_a_replay_whose_file_has_several_streams_and_garbage(tmp_path: Path, version: int) -> None:
    packets = [record(channel, 4.0 * at, version=version) for at in range(300) for channel in (N, Z)]
    chance = random.Random(4)
    chance.shuffle(packets)
    middle = b"no record" * 50
    content = b"".join(p.raw for p in packets[:300]) + middle + b"".join(p.raw for p in packets[300:])
    (tmp_path / "all.mseed").write_bytes(content + packets[0].raw[:300])
    windows = ReplayWindows(find_files(tmp_path))
    for start_s in range(0, 1200, 190):
        start_ns, end_ns = (MIDNIGHT_NS + (start_s + more) * NS_PER_S for more in (0, 50))
        for wanted in ({Z}, {N}, {Z, N}):
            assert {p.raw for p in windows(wanted, start_ns, end_ns)} == held(packets, wanted, start_ns, end_ns)


def test_a_replay_of_a_part_sees_that_part_alone(tmp_path: Path) -> None:
    packets = [record(Z, 4.0 * at) for at in range(50)]
    (tmp_path / "z.mseed").write_bytes(b"".join(p.raw for p in packets))
    start_ns, end_ns = (MIDNIGHT_NS + seconds * NS_PER_S for seconds in (42, 101))
    windows = ReplayWindows(find_files(tmp_path), start_ns=start_ns, end_ns=end_ns)
    found = windows({Z}, MIDNIGHT_NS, MIDNIGHT_NS + 3600 * NS_PER_S)
    # the very packets that ReplaySource yields: those with samples in between
    assert [p.start_ns for p in found] == [p.start_ns for p in packets[10:26]]


def test_a_file_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    packets = [record(Z, 4.0 * at) for at in range(50)]
    archive, windows = Archive(tmp_path), ArchiveWindows(tmp_path)
    archive.append(packets)
    archive.close()
    assert len(windows({Z}, MIDNIGHT_NS, MIDNIGHT_NS + 400 * NS_PER_S)) == 50
    (path,) = tmp_path.glob("2024/*/*/*/*")
    new = path.with_name("new")
    new.write_bytes(b"".join(p.raw for p in reversed(packets[:7])))
    new.replace(path)
    assert len(windows({Z}, MIDNIGHT_NS, MIDNIGHT_NS + 400 * NS_PER_S)) == 7


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    day = tmp_path / "sds" / "2024" / "KR" / "NRN" / "HHZ.D" / "KR.NRN.00.HHZ.D.2024.060"
    day.mkdir(parents=True)
    with pytest.raises(ArchiveError, match=r"HHZ.D.2024.060: cannot be read: Is a directory"):
        ArchiveWindows(tmp_path / "sds")({Z}, MIDNIGHT_NS, MIDNIGHT_NS + NS_PER_S)
    (tmp_path / "z.mseed").write_bytes(record(Z, 0.0).raw)
    windows = ReplayWindows(find_files(tmp_path))
    (tmp_path / "z.mseed").unlink()
    with pytest.raises(SourceError, match=r"z.mseed: cannot be read: No such file"):
        windows({Z}, MIDNIGHT_NS, MIDNIGHT_NS + NS_PER_S)


def test_streams_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    assert ArchiveWindows(tmp_path)({Z}, MIDNIGHT_NS, MIDNIGHT_NS + NS_PER_S) == []
