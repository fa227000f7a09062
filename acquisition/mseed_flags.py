"""What a record says of its clock and its digitiser beside the samples.

References
----------
SEED Reference Manual 2.4, FDSN (2012), chapter 8: activity, I/O and data quality flags of the fixed header.
FDSN miniSEED 3 (2021): flags of the fixed header; reserved extra headers `FDSN.Flags`.
"""

from __future__ import annotations

import json
from typing import NamedTuple

_VERSION_3 = b"MS\x03"
_FIXED_BYTES_3 = 40
_CLIPPED = ("AmplifierSaturation", "DigitizerClipping")


class RecordFlags(NamedTuple):
    """Flags of one record.

    Parameters
    ----------
    is_locked : whether the clock was locked
    is_questionable : whether the time tag is
    is_clipped : whether the amplifier was saturated or the digitiser clipped
    is_calibrating : whether calibration signals are present
    """

    is_locked: bool
    is_questionable: bool
    is_clipped: bool
    is_calibrating: bool


def record_flags(raw: bytes) -> RecordFlags:
    """The flags of one whole record whose header is sound, miniSEED 2 or 3."""
    if raw[:3] == _VERSION_3:
        bits = raw[3]
        return RecordFlags(bool(bits & 4), bool(bits & 2), _is_clipped(raw), bool(bits & 1))
    activity, in_out, quality = raw[36], raw[37], raw[38]
    return RecordFlags(bool(in_out & 0x20), bool(quality & 0x80), bool(quality & 0x03), bool(activity & 0x01))


def is_calibrating(raw: bytes) -> bool:
    """Whether a whole record says that calibration signals are present; without reading its other flags."""
    return bool(raw[3] & 1) if raw[:3] == _VERSION_3 else len(raw) > 36 and bool(raw[36] & 0x01)


def _is_clipped(raw: bytes) -> bool:
    begin = _FIXED_BYTES_3 + raw[33]
    length = int.from_bytes(raw[34:36], "little")
    if not length:
        return False
    try:
        extra = json.loads(raw[begin : begin + length])
    except ValueError:
        return False
    fdsn = extra.get("FDSN") if isinstance(extra, dict) else None
    flags = fdsn.get("Flags") if isinstance(fdsn, dict) else None
    return isinstance(flags, dict) and any(flags.get(name) is True for name in _CLIPPED)
