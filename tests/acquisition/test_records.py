"""Records are packed so that ObsPy's reader, an independent decoder, finds the same samples, times and codes."""

from __future__ import annotations

import io
import struct
from itertools import pairwise

import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acquisition.mseed import read_header
from acquisition.records import pack
from houfeng.errors import RecordError
from houfeng.types import SourceId

UH1 = SourceId("BW", "UH1", "", "SHZ")
START_NS = 1_274_977_443_679_998_000


def read(records: list[bytes]) -> obspy.Stream:
    return obspy.read(io.BytesIO(b"".join(records)), format="MSEED")


@pytest.mark.parametrize(("dtype", "encoding"), [("int32", "STEIM2"), ("float32", "FLOAT32"), ("float64", "FLOAT64")])
def test_obspy_reads_what_was_packed(dtype: str, encoding: str) -> None:
    samples = (np.random.default_rng(7).normal(0, 3000, 5000)).astype(dtype)
    records = pack(SourceId("BW", "UH1", "00", "SHZ"), START_NS, 50.0, samples)
    stream = read(records)
    assert {len(record) for record in records} == {512}
    assert len(stream) == 1
    trace = stream[0]
    assert trace.id == "BW.UH1.00.SHZ"
    assert trace.stats.starttime.ns == START_NS
    assert trace.stats.sampling_rate == 50.0
    assert trace.stats.mseed.encoding == encoding
    np.testing.assert_array_equal(trace.data, samples)
    assert trace.data.dtype == np.dtype(dtype)


@given(
    samples=st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=400),
    rate_hz=st.sampled_from([0.1, 1.0, 20.0, 50.0, 99.99, 100.0, 200.0]),
    offset_ns=st.integers(0, 86_400_000_000_000),
    max_samples=st.none() | st.integers(1, 500),
)
@settings(max_examples=60, deadline=None)
def test_any_integers_survive(samples: list[int], rate_hz: float, offset_ns: int, max_samples: int | None) -> None:
    records = pack(UH1, START_NS + offset_ns, rate_hz, np.array(samples), max_samples=max_samples)
    traces = sorted(read(records), key=lambda trace: trace.stats.starttime.ns)
    assert np.concatenate([trace.data for trace in traces]).tolist() == samples
    # miniSEED 2 keeps microseconds (blockette 1001): nearest, never cut off
    assert abs(traces[0].stats.starttime.ns - (START_NS + offset_ns)) <= 500


def test_every_record_starts_where_its_samples_are() -> None:
    records = pack(UH1, START_NS, 50.0, np.arange(1000) * 977 % 5003, max_samples=50)
    starts = [obspy.read(io.BytesIO(record))[0].stats.starttime.ns for record in records]
    assert starts == [START_NS + n * 1_000_000_000 for n in range(20)]


def test_no_record_is_longer_than_asked() -> None:
    records = pack(UH1, START_NS, 100.0, np.zeros(1050, dtype=np.int32), max_samples=100)
    lengths = [obspy.read(io.BytesIO(record))[0].stats.npts for record in records]
    assert lengths == [100] * 10 + [50]


@pytest.mark.parametrize("samples", [[0, 2**29], [0, -(2**29) - 1], [2**31 - 1, -(2**31)]])
def test_differences_beyond_steim2_are_kept_as_plain_integers(samples: list[int]) -> None:
    (trace,) = read(pack(UH1, START_NS, 50.0, np.array(samples)))
    assert trace.stats.mseed.encoding == "INT32"
    assert trace.data.tolist() == samples


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "uint32", "int64", ">i4"])
def test_integers_that_fit_are_converted(dtype: str) -> None:
    samples: NDArray[np.generic] = np.array([0, 1, 100, 7], dtype=dtype)
    (trace,) = read(pack(UH1, START_NS, 50.0, samples))
    assert trace.data.tolist() == [0, 1, 100, 7]


def test_strided_samples_are_not_mixed_up() -> None:
    (trace,) = read(pack(UH1, START_NS, 50.0, np.arange(100, dtype=np.int32)[::2]))
    assert trace.data.tolist() == list(range(0, 100, 2))


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.array([0, 2**31]), "32 bits"),
        (np.array([-(2**31) - 1]), "32 bits"),
        (np.array([2**63], dtype=np.uint64), "32 bits"),
        (np.zeros((2, 3), dtype=np.int32), "2 dimensions"),
        (np.array(["a"]), "integers, float32 or float64"),
        (np.array([1 + 2j]), "integers, float32 or float64"),
    ],
)
def test_samples_that_cannot_be_written_are_refused(samples: NDArray[np.generic], reason: str) -> None:
    with pytest.raises(RecordError, match=rf"BW\.UH1\.\.SHZ: .*{reason}"):
        pack(UH1, START_NS, 50.0, samples)


@pytest.mark.parametrize(
    ("source_id", "length", "rate_hz"),
    [
        (SourceId("BW", "UNTERHA", "", "SHZ"), 512, 50.0),
        (SourceId("BW", "UH1", "000", "SHZ"), 512, 50.0),
        (UH1, 100, 50.0),
        (UH1, 512, 0.0),
        (UH1, 512, float("nan")),
    ],
)
def test_headers_that_cannot_be_written_are_refused(source_id: SourceId, length: int, rate_hz: float) -> None:
    with pytest.raises(RecordError, match=str(source_id)):
        pack(source_id, START_NS, rate_hz, np.arange(10), length)


def test_nothing_makes_no_record() -> None:
    assert pack(UH1, START_NS, 50.0, np.array([], dtype=np.int32)) == []


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("length", [256, 512, 4096])
def test_the_header_tells_stream_and_time(version: int, length: int) -> None:
    source_id = SourceId("BW", "UH3", "10", "SHN")
    records = pack(source_id, START_NS, 50.0, np.arange(3000) ** 2 % 7919, length, version=version)
    headers = [read_header(record) for record in records]
    assert len(records) > 1
    assert {(h.source_id, h.version, h.content) for h in headers} == {(source_id, version, "D")}
    assert headers[0].start_ns == START_NS
    assert headers[-1].end_ns == START_NS + 60_000_000_000
    assert all(abs(a.end_ns - b.start_ns) <= 500 for a, b in pairwise(headers))


def test_a_log_record_lasts_no_time() -> None:
    raw = log_record(b"clock locked")
    header = read_header(raw)
    assert (header.content, header.start_ns, header.end_ns) == ("L", header.end_ns, header.start_ns)


@pytest.mark.parametrize(("blockette", "content"), [(200, "E"), (201, "E"), (300, "C"), (500, "T"), (2000, "O")])
def test_records_without_samples_tell_what_they_are(blockette: int, content: str) -> None:
    assert read_header(blockette_record(blockette)).content == content


@pytest.mark.parametrize("raw", [b"", b"x" * 512, b"HTTP/1.1 200 OK\r\n" * 32])
def test_what_is_no_record_has_no_header(raw: bytes) -> None:
    with pytest.raises(RecordError, match="not a miniSEED record"):
        read_header(raw)


def test_a_record_with_something_behind_it_has_no_header() -> None:
    (raw,) = pack(UH1, START_NS, 50.0, np.arange(10))
    with pytest.raises(RecordError, match="512 bytes, 520 came"):
        read_header(raw + b"trailing")


def fixed_header(n_samples: int, blockettes: bytes, n_blockettes: int, data_at: int) -> bytes:
    """A miniSEED 2 header after the SEED manual 2.4, chapter 8, for records that pack() never makes."""
    return (
        b"000001D UH1    LOGBW"
        + struct.pack(">HHBBBBH", 2010, 147, 16, 24, 3, 0, 0)
        + struct.pack(">HhhBBBBiHH", n_samples, 0, 0, 0, 0, 0, n_blockettes, 0, data_at, 48)
        + blockettes
    )


def log_record(text: bytes) -> bytes:
    blockette_1000 = struct.pack(">HHBBBB", 1000, 0, 0, 1, 9, 0)
    return (fixed_header(len(text), blockette_1000, 1, 64).ljust(64, b"\0") + text).ljust(512, b"\0")


def blockette_record(kind: int) -> bytes:
    bodies = {200: 52, 201: 60, 300: 60, 500: 200, 2000: 20}
    blockette_1000 = struct.pack(">HHBBBB", 1000, 56, 0, 1, 9, 0)
    body = struct.pack(">HH", kind, 0).ljust(bodies[kind], b"\0")
    if kind == 2000:
        body = struct.pack(">HHHHIBBB", 2000, 0, 20, 15, 0, 1, 0, 0).ljust(20, b"\0")
    return fixed_header(0, blockette_1000 + body, 2, 0).ljust(512, b"\0")
