"""miniSEED decoding, against ObsPy's independent reader and against FDSN's reference records."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition import mseed
from houfeng.errors import RecordError
from houfeng.times import from_utcdatetime, parse_ns

IO_DATA = Path(obspy.__file__).parent / "io" / "mseed" / "tests" / "data"


def split_all(content: bytes) -> tuple[list[bytes], list[tuple[int, int, str]]]:
    damages: list[tuple[int, int, str]] = []
    records = [record.raw for record in mseed.split(content, lambda *damage: damages.append(damage))]
    return records, damages


@pytest.mark.parametrize(
    "name",
    ["BW.BGLD.__.EHE.D.2008.001.first_10_records", "test.mseed", "timingquality.mseed", "qualityflags.mseed"],
)
def test_samples_and_times_are_those_obspy_reads(name: str) -> None:
    content = (IO_DATA / name).read_bytes()
    records, damages = split_all(content)
    assert not damages
    assert b"".join(records) == content
    for raw in records:
        packet = mseed.decode(raw)
        (trace,) = obspy.read(BytesIO(raw), format="MSEED")
        assert trace.id == str(packet.source_id)
        # ObsPy rounds to microseconds; so does a miniSEED 2 header
        assert abs(from_utcdatetime(trace.stats.starttime) - packet.start_ns) < 1000
        assert trace.stats.sampling_rate == packet.sample_rate_hz
        np.testing.assert_array_equal(trace.data, packet.samples)


def test_timing_quality_is_that_of_blockette_1001() -> None:
    records, _ = split_all((IO_DATA / "timingquality.mseed").read_bytes())
    qualities = [mseed.decode(raw).timing_quality for raw in records]
    assert sorted(qualities) == list(range(101))  # each quality once: so ObsPy describes the file


@pytest.mark.data
def test_reference_records_of_miniseed_3(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("miniseed_reference") / "fdsn_miniseed3"
    checked = 0
    for answer_path in sorted(folder.glob("reference-*.json")):
        (answer,) = json.loads(answer_path.read_text())
        packet = mseed.decode(answer_path.with_suffix(".mseed3").read_bytes())
        assert packet.source_id.fdsn == answer["SID"]
        assert packet.start_ns == parse_ns(answer["StartTime"])
        assert packet.timing_quality == answer.get("ExtraHeaders", {}).get("FDSN", {}).get("Time", {}).get("Quality")
        if answer["EncodingFormat"] != 0 and "Data" in answer:
            np.testing.assert_allclose(packet.samples, answer["Data"], rtol=1e-6)
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"hello, this is text and no seismogram at all, not even a bit of one, is it? " * 8, "not a miniSEED record"),
        (b"", "not a miniSEED record"),
    ],
)
def test_what_is_no_record_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(RecordError, match=why):
        mseed.decode(raw)


def test_a_record_with_bytes_behind_it_is_refused(bgld_bytes: bytes) -> None:
    with pytest.raises(RecordError, match="the record says 512 bytes, 612 came"):
        mseed.decode(bgld_bytes[:612])


def test_a_truncated_record_is_refused(bgld_bytes: bytes) -> None:
    with pytest.raises(RecordError, match="212 more bytes needed"):
        mseed.decode(bgld_bytes[:300])


def test_codes_that_would_leave_the_archive_are_refused(bgld_bytes: bytes) -> None:
    evil = bytearray(bgld_bytes[:512])
    evil[8:13] = b"../.."
    with pytest.raises(RecordError, match="capital letters"):
        mseed.decode(bytes(evil))


def test_samples_cannot_be_written_to(bgld_bytes: bytes) -> None:
    packet = mseed.decode(bgld_bytes[:512])
    with pytest.raises(ValueError, match="read-only"):
        packet.samples[0] = 1


def test_damage_in_the_middle_costs_only_itself(bgld_bytes: bytes) -> None:
    whole, _ = split_all(bgld_bytes)
    torn = bgld_bytes[: 3 * 512 + 100] + bgld_bytes[4 * 512 :]
    records, damages = split_all(torn)
    assert records == whole[:3] + whole[4:]
    assert [(offset, length) for offset, length, _ in damages] == [(3 * 512, 100)]


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 5120), noise=st.binary(max_size=700), at=st.integers(0, 10))
def test_every_byte_is_either_a_record_or_reported(bgld_bytes: bytes, cut: int, noise: bytes, at: int) -> None:
    content = bgld_bytes[: at * 512] + noise + bgld_bytes[at * 512 : cut]
    records, damages = split_all(content)
    assert sum(map(len, records)) + sum(length for _, length, _ in damages) == len(content)
