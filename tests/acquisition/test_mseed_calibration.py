"""The calibration flag of a record, against libmseed."""

from __future__ import annotations

import numpy as np
import pytest
from pymseed import MS3Record

from acquisition.mseed import decode
from acquisition.mseed_flags import is_calibrating, record_flags
from acquisition.records import pack
from houfeng.types import SourceId


@pytest.mark.parametrize("activity", [0, 1, 4, 5])
def test_a_record_tells_of_its_calibration(activity: int) -> None:
    raw = bytearray(pack(SourceId("XX", "AAA", "", "HHZ"), 0, 100.0, np.arange(50, dtype=np.int32))[0])
    raw[36] |= activity
    packet = decode(bytes(raw))
    told = bool(MS3Record.parse(bytes(raw)).flags & 1)
    assert is_calibrating(packet) is told is bool(activity & 1)
    assert record_flags(packet.raw).is_calibrating is told


def test_so_does_one_of_version_3() -> None:
    record = MS3Record()
    record.starttime = 0
    record.sourceid, record.samprate, record.formatversion, record.flags = "FDSN:XX_AAA__H_H_Z", 100.0, 3, 1
    (raw,) = [bytes(each) for each in record.generate(data_samples=list(range(50)), sample_type="i")]
    assert raw[:3] == b"MS\x03" and is_calibrating(decode(raw))
