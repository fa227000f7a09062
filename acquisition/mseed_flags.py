"""What a record says of its clock and its digitiser beside the samples.

References
----------
SEED Reference Manual 2.4, FDSN (2012), chapter 8: activity, I/O and data quality flags of the fixed header.
FDSN miniSEED 3 (2021): flags of the fixed header; reserved extra headers `FDSN.Flags`.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from houfeng.types import Packet

_VERSION_3 = b"MS\x03"
_FIXED_BYTES_3 = 40
_CLIPPED = ("AmplifierSaturation", "DigitizerClipping")
# By bit, under MUSTANG's names; "" for what says nothing of quality.
_QUALITY = (
    *("amplifier_saturation", "digitizer_clipping", "spikes", "glitches", "missing_padded_data"),
    *("telemetry_sync_error", "digital_filter_charging", "suspect_time_tag"),
)
_ACTIVITY = ("calibration_signal", "timing_correction", "event_begin", "event_end", "", "", "event_in_progress", "")
_EXTRA = {
    "AmplifierSaturation": "amplifier_saturation",
    "DigitizerClipping": "digitizer_clipping",
    "Spikes": "spikes",
    "Glitches": "glitches",
    "MissingData": "missing_padded_data",
    "TelemetrySyncError": "telemetry_sync_error",
    "FilterCharging": "digital_filter_charging",
}
FLAGS = (*_QUALITY, *(name for name in _ACTIVITY if name), "clock_locked")


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


def is_calibrating(packet: Packet) -> bool:
    """Whether the record of a packet says that calibration signals are present; without reading its other flags."""
    raw = packet.raw
    return bool(raw[3] & 1) if raw[:3] == _VERSION_3 else len(raw) > 36 and bool(raw[36] & 0x01)


def is_clipped(packet: Packet) -> bool:
    """Whether the record of a packet says that the digitiser clipped or the amplifier was saturated."""
    raw = packet.raw
    if raw[:3] == _VERSION_3:
        return _is_clipped(raw)
    return len(raw) > 38 and bool(raw[38] & 0x03)


def flag_names(raw: bytes) -> tuple[str, ...]:
    """Flags of one whole record that are set, of `FLAGS`: miniSEED 2 or 3.

    miniSEED 3 has no flag of corrected times and of events.
    """
    if raw[:3] == _VERSION_3:
        bits = raw[3]
        fixed = {"calibration_signal": bits & 1, "suspect_time_tag": bits & 2, "clock_locked": bits & 4}
        found = {name for name, is_set in fixed.items() if is_set}
        found |= {_EXTRA[name] for name, value in _extra_flags(raw).items() if value is True and name in _EXTRA}
        return tuple(name for name in FLAGS if name in found)
    activity, in_out, quality = raw[36], raw[37], raw[38]
    if not (activity or quality or in_out & 0x20):
        return ()
    found = {name for bit, name in enumerate(_QUALITY) if quality >> bit & 1}
    found |= {name for bit, name in enumerate(_ACTIVITY) if name and activity >> bit & 1}
    return tuple(name for name in FLAGS if name in found or (name == "clock_locked" and in_out & 0x20))


def _is_clipped(raw: bytes) -> bool:
    flags = _extra_flags(raw)
    return any(flags.get(name) is True for name in _CLIPPED)


def _extra_flags(raw: bytes) -> dict[str, object]:
    """`FDSN.Flags` of the extra headers of a miniSEED 3 record."""
    begin = _FIXED_BYTES_3 + raw[33]
    length = int.from_bytes(raw[34:36], "little")
    if not length:
        return {}
    try:
        extra = json.loads(raw[begin : begin + length])
    except ValueError:
        return {}
    fdsn = extra.get("FDSN") if isinstance(extra, dict) else None
    flags = fdsn.get("Flags") if isinstance(fdsn, dict) else None
    return flags if isinstance(flags, dict) else {}
