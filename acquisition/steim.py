"""Samples of Steim-packed records, which are nearly all: libmseed's decoder called without a record around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pymseed.clib import clibmseed, ffi

from acquisition.memory import SampleMemory
from acquisition.mseed_header import steim_payload
from houfeng.types import ROOM, Samples

_NO_NAME, _SAMPLE_TYPE = ffi.new("char[]", b""), ffi.new("char *")  # nobody reads the second one
_N_SAMPLES = slice(30, 32)


def unpack_steim(raw: bytes) -> Samples | None:
    """What most records hold, at a third of the cost of a record made for it; None for all else and what is damaged."""
    if (payload := steim_payload(raw)) is None:
        return None
    samples = np.empty(payload[2], dtype=np.int32)
    if not unpack_into(raw, payload, ffi.from_buffer(samples)):
        return None
    samples.flags.writeable = False
    return samples


def unpack_into(raw: bytes, payload: tuple[int, int, int], into: object) -> bool:
    """Whether the samples are sound; they are written to an address.

    Parameters
    ----------
    raw : a record
    payload : of `steim_payload`
    into : room for them, 32-bit integers
    """
    encoding, at, n = payload
    packed, n_packed = ffi.from_buffer(raw) + at, len(raw) - at
    made = clibmseed.ms_decode_data(packed, n_packed, encoding, n, into, 4 * n, _SAMPLE_TYPE, 1, _NO_NAME, 0)
    return int(made) == n


def unpack_adjoining(content: memoryview, length: int, memory: SampleMemory) -> Samples | None:
    """The samples of records one behind the other, whose headers differ in time and number of samples alone.

    Parameters
    ----------
    content : (k * length,) bytes
    length : of each record
    memory : for the samples

    Returns
    -------
    samples : of all of them, behind `ROOM` of anything; None if the first is not Steim-packed, or any is damaged
    """
    if (payload := steim_payload(bytes(content[:length]))) is None:
        return None
    encoding, at, _ = payload
    counts: NDArray[np.uint8] = np.frombuffer(content, np.uint8).reshape(-1, length)[:, _N_SAMPLES]
    n_each = np.ascontiguousarray(counts).view(">u2")[:, 0].astype(np.int64)
    samples = memory.take(ROOM + int(n_each.sum()))
    decode, packed, into = clibmseed.ms_decode_data, ffi.from_buffer(content) + at, ffi.from_buffer(samples) + 4 * ROOM
    for n in n_each.tolist():
        if decode(packed, length - at, encoding, n, into, 4 * n, _SAMPLE_TYPE, 1, _NO_NAME, 0) != n:
            return None
        packed, into = packed + length, into + 4 * n
    return samples
