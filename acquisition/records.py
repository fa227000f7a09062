"""miniSEED records made of samples, as a digitiser makes them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from pymseed import DataEncoding, MS3Record
from pymseed.exceptions import MiniSEEDError

from houfeng.errors import RecordError
from houfeng.times import samples_ns
from houfeng.types import Samples, SourceId

# Steim 2 keeps differences of up to 30 bits (SEED Reference Manual 2.4, appendix B).
_MAX_STEIM2_DIFFERENCE = 2**29 - 1


def pack(
    source_id: SourceId,
    start_ns: int,
    sample_rate_hz: float,
    samples: ArrayLike,
    record_length: int = 512,
    *,
    max_samples: int | None = None,
    version: int = 2,
) -> list[bytes]:
    """One segment as miniSEED records, in order.

    Integers become Steim 2 (plain 32-bit integers when two neighbours differ by more than 30 bits), floats stay floats.

    Parameters
    ----------
    source_id : network, station, location and channel
    start_ns : time of the first sample, ns UTC; miniSEED 2 keeps it to the nearest microsecond
    sample_rate_hz : samples per second, more than 0
    samples : (n,) counts; integers of any width whose values fit 32 bits, float32 or float64
    record_length : bytes; miniSEED 2 needs a power of two from 128
    max_samples : most samples in one record, which bounds the time a sample waits for its record; None fills records
    version : miniSEED 2 or 3

    Returns
    -------
    records : bytes of each; empty when there are no samples

    Raises
    ------
    RecordError : if samples, rate, codes or length cannot be written as such a record; the message names the channel

    References
    ----------
    SEED Reference Manual 2.4, FDSN (2012), chapter 8; FDSN miniSEED 3 (2021).
    """
    if not sample_rate_hz > 0:
        raise RecordError(f"{source_id}: a rate above 0 Hz is needed to pack samples, {sample_rate_hz:g} came")
    if max_samples is not None and max_samples < 1:
        raise RecordError(f"{source_id}: at least 1 sample a record is needed, {max_samples} came")
    values, sample_type = _packable(source_id, samples)
    step = max_samples or max(len(values), 1)
    try:
        return [
            record
            for first in range(0, len(values), step)
            for record in _generate(
                source_id,
                start_ns + samples_ns(first, sample_rate_hz),
                sample_rate_hz,
                values[first : first + step],
                sample_type,
                record_length,
                version,
            )
        ]
    except (MiniSEEDError, ValueError, OverflowError) as error:
        reason = str(error).partition(";")[0]
        raise RecordError(
            f"{source_id}: cannot be packed as miniSEED {version} of {record_length} bytes: {reason}"
        ) from error


def _packable(source_id: SourceId, samples: ArrayLike) -> tuple[Samples, str]:
    """The samples as an array libmseed takes without converting, and its type code."""
    values = np.asarray(samples)
    if values.ndim != 1:
        raise RecordError(f"{source_id}: (n,) samples are needed, an array of {values.ndim} dimensions came")
    if values.dtype in (np.float32, np.float64):
        return np.ascontiguousarray(values), "f" if values.dtype == np.float32 else "d"
    if values.dtype.kind not in "iu":
        raise RecordError(f"{source_id}: integers, float32 or float64 are needed, {values.dtype} came")
    limits = np.iinfo(np.int32)
    if values.size and (values.min() < limits.min or values.max() > limits.max):
        raise RecordError(f"{source_id}: counts of 32 bits are needed, {values.min()} to {values.max()} came")
    return np.ascontiguousarray(values, dtype=np.int32), "i"


def _encoding(values: Samples, sample_type: str) -> DataEncoding:
    if sample_type == "f":
        return DataEncoding.FLOAT32
    if sample_type == "d":
        return DataEncoding.FLOAT64
    largest = np.abs(np.diff(values.astype(np.int64))).max(initial=0)
    return DataEncoding.STEIM2 if largest <= _MAX_STEIM2_DIFFERENCE else DataEncoding.INT32


def _generate(
    source_id: SourceId,
    start_ns: int,
    sample_rate_hz: float,
    values: Samples,
    sample_type: str,
    record_length: int,
    version: int,
) -> Iterator[bytes]:
    record = MS3Record(reclen=record_length, encoding=_encoding(values, sample_type))
    record.formatversion = version
    record.sourceid = source_id.fdsn
    record.starttime = start_ns
    record.samprate = sample_rate_hz
    # Publication version 2 is miniSEED 2's quality letter D, unknown state of quality control.
    record.pubversion = 2 if version == 2 else 1
    yield from record.generate(values, sample_type)
