"""Records that are unpacked together have the samples, or the fault, that each has alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import obspy

from acquisition import mseed
from acquisition.records import pack
from acquisition.replay import ReplaySource, find_files
from houfeng.errors import RecordError
from houfeng.types import Packet, SourceId

IO_DATA = Path(obspy.__file__).parent / "io" / "mseed" / "tests" / "data"


def opened(content: bytes) -> list[Packet]:
    """Every record of a file whose header is sound."""
    packets = []
    for record in mseed.split(content, lambda *damage: None):
        try:
            packets.append(mseed.open_record(record.raw))
        except RecordError:
            continue
    return packets


def torn(packets: list[Packet]) -> list[Packet]:
    """The same with some bytes of their data changed, at random."""
    rng = np.random.default_rng(4)
    changed = []
    for packet in packets:
        raw = bytearray(packet.raw)
        raw[int(rng.integers(64, len(raw)))] ^= int(rng.integers(1, 256))
        changed.append(mseed.open_record(bytes(raw)))
    return changed


def test_every_encoding_and_every_fault() -> None:
    """What ObsPy's bug reports collected (Steim 1 and 2, floats, text, both byte orders, 128 to 65,536 bytes) at once,
    as it is and damaged.
    """
    sound = [packet for path in sorted(IO_DATA.rglob("*")) if path.is_file() for packet in opened(path.read_bytes())]
    steim = [packet for packet in sound if packet.raw[52:53] in (b"\x0a", b"\x0b") and len(packet.raw) > 64]
    packets = sound + torn(steim)
    errors = {packet: str(error) for packet, error in mseed.unpack(packets)}
    for packet in packets:
        try:
            alone = mseed.decode(packet.raw).samples
        except RecordError as error:
            assert errors[packet] == str(error)
            continue
        assert packet not in errors
        assert packet.samples.dtype == alone.dtype
        assert packet.samples.tobytes() == alone.tobytes()
        assert not packet.samples.flags.writeable
    assert len(packets) > 500
    assert 10 < len(errors) < len(packets) / 2
    assert len({packet.samples.dtype for packet in packets if packet not in errors}) == 3


def test_a_record_that_cannot_be_unpacked_is_reported_and_the_rest_is_replayed(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).integers(-1000, 1000, 5000).astype(np.int32)
    records = pack(SourceId("XX", "AAA", "", "HHZ"), 0, 100.0, samples)
    bad = bytearray(records[3])
    bad[64:] = b"\xff" * (len(bad) - 64)
    (tmp_path / "all.mseed").write_bytes(b"".join([*records[:3], bytes(bad), *records[4:]]))
    rejected: list[tuple[bytes, str]] = []
    source = ReplaySource(find_files(tmp_path), lambda raw, reason: rejected.append((raw, reason)))
    replayed = [packet.raw for batch in source.packets() for packet in batch]
    assert replayed == [*records[:3], *records[4:]]
    ((raw, reason),) = rejected
    assert raw == bytes(bad)
    assert "all.mseed: XX.AAA..HHZ: record of 1970-01-01T00:00:" in reason
