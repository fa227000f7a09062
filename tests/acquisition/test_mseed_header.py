"""Headers read in place, against libmseed: on ObsPy's records, on FDSN's, and on thousands of broken ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymseed import MS3Record
from pymseed.exceptions import MiniSEEDError

from acquisition import mseed
from acquisition.mseed_header import ordinary_length, quick_header
from acquisition.records import pack
from houfeng.errors import RecordError
from houfeng.types import SourceId

IO_DATA = Path(obspy.__file__).parent / "io" / "mseed" / "tests" / "data"
STREAM = SourceId("XX", "TEST", "00", "HHZ")
T_NS = 1_700_000_000_123_400_000


def oracle(raw: bytes) -> tuple[object, ...] | None:
    """What libmseed reads in the header; None when it refuses it or it is not of this length."""
    try:
        record = MS3Record.parse(raw)
    except (MiniSEEDError, ValueError):  # also of codes that are not text
        return None
    if record.reclen != len(raw):
        return None
    quality = record.get_extra_header("/FDSN/Time/Quality") if record.extra else None
    name = SourceId.parse(record.sourceid)
    return name, record.starttime, record.samplecnt, record.samprate, quality, record.encoding


def records_of(folder: Path) -> list[bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [record.raw for path in files for record in mseed.split(path.read_bytes(), lambda *_: None)]


def n_agreeing(raws: list[bytes]) -> int:
    """How many were read in place; each exactly as libmseed reads it."""
    read = [(raw, found) for raw in raws if (found := quick_header(raw)) is not None]
    assert [found for _, found in read] == [oracle(raw) for raw, _ in read]
    return len(read)


def test_every_record_that_obspy_ships_is_read_as_libmseed_reads_it() -> None:
    raws = records_of(IO_DATA)
    assert len(raws) > 500
    assert n_agreeing(raws) > 0.6 * len(raws)  # the rest are odd on purpose


@pytest.mark.data
def test_reference_records_are_read_as_libmseed_reads_them(shared_data: Callable[[str], Path]) -> None:
    raws = records_of(shared_data("miniseed_reference"))
    assert n_agreeing(raws) > 100


def mutations(count: int, seed: int) -> list[bytes]:
    """Records of all kinds with one to four bytes of their first 80 changed."""
    chance = random.Random(seed)
    grown = records_of(IO_DATA)
    made = []
    for _ in range(count):
        raw = bytearray(chance.choice(grown))
        for _ in range(chance.randint(1, 4)):
            raw[chance.randrange(min(80, len(raw)))] = chance.randrange(256)
        made.append(bytes(raw))
    return made


def test_records_with_broken_headers_are_read_as_libmseed_reads_them() -> None:
    assert n_agreeing(mutations(20_000, 1)) > 5_000


def test_a_received_record_is_what_decoding_it_gives() -> None:
    n_equal = n_unpacked = 0
    for raw in mutations(3_000, 2):
        try:
            packet = mseed.open_record(raw)
        except RecordError:
            with pytest.raises(RecordError):
                mseed.decode(raw)
            continue
        assert packet.raw == raw
        n_equal += 1
        try:
            samples = packet.samples
        except RecordError:
            continue
        assert packet.n_samples == len(samples)
        if packet.n_samples:
            np.testing.assert_array_equal(samples, MS3Record.parse(raw, unpack_data=True).np_datasamples)
        n_unpacked += 1
    assert n_equal > 1_000
    assert n_unpacked > 500


@settings(max_examples=300, deadline=None)
@given(
    start_ns=st.integers(0, 2_500_000_000_000_000).map(lambda us: us * 1000),
    rate_hz=st.sampled_from([100.0, 40.0, 20.0, 1.0, 0.1, 250.0, 99.9998, 1e-3, 5000.0, 3.3]),
    length=st.sampled_from([256, 512, 4096]),
)
def test_packed_records_are_read_in_place(start_ns: int, rate_hz: float, length: int) -> None:
    (raw, *_) = pack(STREAM, start_ns, rate_hz, np.arange(5, dtype=np.int32), length)
    assert quick_header(raw) == oracle(raw)
    assert quick_header(raw) is not None
    assert ordinary_length(b"behind" + raw, 6) in (length, None)


def test_a_length_is_told_only_when_the_blockette_is_there() -> None:
    raw = pack(STREAM, T_NS, 100.0, np.arange(5, dtype=np.int32))[0]
    assert ordinary_length(raw, 0) == 512
    assert ordinary_length(raw[:54], 0) is None
    assert ordinary_length(raw[:54] + b"\x40" + raw[55:], 0) is None


def corrupt(raw: bytes) -> bytes:
    """The same header, samples that no decoder unpacks."""
    return raw[:64] + b"\xff" * (len(raw) - 64)


def test_samples_are_unpacked_when_asked_for_once() -> None:
    raw = pack(STREAM, T_NS, 100.0, np.arange(100, dtype=np.int32))[0]
    packet = mseed.open_record(raw, 5, 77, "server")
    assert (packet.n_samples, packet.next_ns - packet.start_ns) == (100, 10**9)
    assert (packet.received_ns, packet.sequence, packet.server_start) == (5, 77, "server")
    np.testing.assert_array_equal(packet.samples, np.arange(100))
    assert packet.samples is packet.samples
    with pytest.raises(ValueError, match="read-only"):
        packet.samples[0] = 1


def test_samples_that_cannot_be_unpacked_are_named_and_the_record_is_kept() -> None:
    raw = corrupt(pack(STREAM, T_NS, 100.0, np.arange(100, dtype=np.int32))[0])
    packet = mseed.open_record(raw)
    assert packet.raw == raw
    why = r"XX\.TEST\.00\.HHZ: record of 2023-11-14T22:13:20\.123400Z: the samples cannot be unpacked: "
    with pytest.raises(RecordError, match=why):
        _ = packet.samples
    with pytest.raises(RecordError, match=why):
        mseed.decode(raw)


def test_a_wrong_checksum_of_version_3_is_refused_at_once() -> None:
    raw = bytearray(pack(STREAM, T_NS, 100.0, np.arange(100, dtype=np.int32), version=3)[0])
    raw[-1] ^= 1
    with pytest.raises(RecordError, match=r"not a miniSEED record: .*CRC"):
        mseed.open_record(bytes(raw))


@pytest.mark.parametrize("read", [mseed.open_record, mseed.decode, mseed.read_header])
def test_codes_that_are_no_text_are_refused(read: Callable[[bytes], object]) -> None:
    raw = bytearray(pack(STREAM, T_NS, 100.0, np.arange(100, dtype=np.int32))[0])
    raw[8:13] = b"\xe5\xff\x80\xc0A"
    with pytest.raises(RecordError):
        read(bytes(raw))
