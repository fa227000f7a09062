"""One channel epoch: codes, orientation and sampling; rules 301 to 332."""

from __future__ import annotations

import re

from stations.check.response import check_response
from stations.check.scope import Scope
from stations.check.units import MOTION, is_known, plain

_CHANNEL = re.compile(r"[A-Z0-9]{3}", re.ASCII)
_LOCATION = re.compile(r"[A-Z0-9]{0,8}|--", re.ASCII)
# Instruments whose channels point somewhere, by the second letter of the code (SEED manual, appendix A).
_SEISMOMETERS, _ACCELEROMETERS = "HLP", "N"
# Calibration, electronics, mass positions, electric potential, and whatever else.
_STATE_OF_HEALTH = "CEMQY"
_OTHER_TYPES = {"HEALTH", "FLAG", "MAINTENANCE"}
_MAX_TURNED_DEG = 5.0


def check_channel(channel: Scope) -> None:
    """Findings of one channel epoch, its response included."""
    code, location = channel.code(), channel.code("locationCode")
    if not _CHANNEL.fullmatch(code):
        channel.say("301", "@code", repr(code), "3 capital letters or digits")
    if not _LOCATION.fullmatch(location):
        channel.say("302", "@locationCode", repr(location), "nothing, '--', or 1-8 capital letters or digits")
    channel.number("Depth", "m", needed=True)
    unit = channel.text("CalibrationUnits/Name")
    if unit and not is_known(unit):
        channel.say("303", "CalibrationUnits/Name", repr(unit), "a known unit such as V or A")
    if channel.child("Sensor") is not None and not (channel.text("Sensor/Description") or channel.text("Sensor/Type")):
        channel.say("304", "Sensor/Description", "nothing", "what instrument it is")
    _check_orientation(channel, code)
    rate_hz = _check_rate(channel, code)
    response = channel.child("Response")
    if response is None or not len(response.element) or is_of_health(channel, code):
        return
    _check_motion(response, code)
    check_response(response, rate_hz)


def is_of_health(channel: Scope, code: str) -> bool:
    """Whether it watches the station, not the ground: logs, clocks, voltages, masses."""
    types = {(kind.element.text or "").strip().upper() for kind in channel.children("Type")}
    return code == "LOG" or code[1:2] in tuple(_STATE_OF_HEALTH) or bool(types & _OTHER_TYPES)


def _check_orientation(channel: Scope, code: str) -> None:
    azimuth, dip = channel.number("Azimuth", "deg"), channel.number("Dip", "deg")
    for tag, value in (("Azimuth", azimuth), ("Dip", dip)):
        if value is None and not channel.text(tag) and _is_seismic(code) and not is_of_health(channel, code):
            channel.say("320", tag, "nothing", "where the sensor points, degrees")
    if azimuth is not None and not 0 <= azimuth <= 360:
        channel.say("330", "Azimuth", f"{azimuth:g} deg", "0 to 360 deg, clockwise from north")
        azimuth = None
    if dip is not None and not -90 <= dip <= 90:
        channel.say("331", "Dip", f"{dip:g} deg", "-90 (up) to 90 deg (down)")
        dip = None
    if azimuth is not None and dip is not None and not is_of_health(channel, code):
        _check_direction(channel, code[2:3], azimuth, dip)


def _check_direction(channel: Scope, direction: str, azimuth: float, dip: float) -> None:
    if direction == "Z":
        if abs(dip) < 90 - _MAX_TURNED_DEG:
            channel.say("332", "Dip", f"{dip:g} deg on a Z channel", "-90 or 90 deg, or a code such as 3")
        return
    meant = {"N": 0.0, "E": 90.0}.get(direction)
    if meant is None:
        return
    # reversed polarity is common, and said by the azimuth: 180 for a north channel
    turned = abs((azimuth - meant + 90) % 180 - 90)
    if turned > _MAX_TURNED_DEG or abs(dip) > _MAX_TURNED_DEG:
        found = f"azimuth {azimuth:g}, dip {dip:g} deg on a channel {direction}"
        channel.say(
            "332", "Azimuth, Dip", found, f"{meant:g} and 0 deg within {_MAX_TURNED_DEG:g}, or a code such as 1, 2"
        )


def _check_rate(channel: Scope, code: str) -> float | None:
    rate_hz = channel.number("SampleRate", "Hz")
    response = channel.child("Response")
    if response is None or not len(response.element) or response.child("InstrumentPolynomial") is not None:
        return rate_hz
    if not (rate_hz or 0) > 0 and not is_of_health(channel, code):
        found = "nothing" if rate_hz is None else f"{rate_hz:g} Hz"
        channel.say("305", "SampleRate", found, "more than 0 Hz, or no Response")
    return rate_hz


def _is_seismic(code: str) -> bool:
    return len(code) == 3 and code[1] in _SEISMOMETERS + _ACCELEROMETERS


def _check_motion(response: Scope, code: str) -> None:
    """Unit of what the instrument feels, by its kind."""
    unit = response.text("InstrumentSensitivity/InputUnits/Name")
    if not unit or not _is_seismic(code):
        return
    if code[1] in _ACCELEROMETERS and plain(unit) not in MOTION["acceleration"]:
        response.say("322", "InstrumentSensitivity/InputUnits/Name", repr(unit), "M/S**2 of an accelerometer")
    elif code[1] in _SEISMOMETERS and not any(plain(unit) in names for names in MOTION.values()):
        response.say("321", "InstrumentSensitivity/InputUnits/Name", repr(unit), "M/S, M or M/S**2 of a seismometer")
