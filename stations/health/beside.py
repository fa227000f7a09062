"""Rules of what stands beside a channel's samples: its metadata, and the state of health of its instrument.

State of health (SOH) comes as channels of its own, `VEP` or `LCQ`, which StationXML scales. What they say counts for
the channels of ground motion of their station: a clock that is off spoils these, not itself. A rule whose source a
station does not have gives no verdict.

References
----------
SEED Reference Manual 2.4, appendix A: instrument codes M (mass position) and E (electronic test point). EarthScope,
channel codes of Quanterra Q330 and Nanometrics Centaur: VEP and VEI supply, VM* mass position, LCQ and LCE clock, VDT
temperature, GNS satellites, VPB packet buffer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stations.health.channel import ChannelWatch
from stations.health.metadata import Metadata
from stations.health.rules import Rule, Verdict
from stations.health.status import State
from stations.settings import HealthSettings

SUPPLY, MASS, CLOCK_QUALITY, CLOCK_ERROR = "supply_voltage", "mass_position", "clock_quality", "clock_error"
TEMPERATURE, SATELLITES, BUFFER = "temperature", "gnss_satellites", "buffer_used"
RATE, EPOCH, RESPONSE = "metadata_rate", "metadata_epoch", "metadata_response"

_BY_CODE = {"EP": SUPPLY, "EI": SUPPLY, "CQ": CLOCK_QUALITY, "CE": CLOCK_ERROR, "DT": TEMPERATURE}
# Quanterra's own, whose letters stand for something else elsewhere.
_BY_WHOLE_CODE = {"GNS": SATELLITES, "VPB": BUFFER}
_VOLTS = {"v": 1.0, "volt": 1.0, "volts": 1.0, "mv": 1e-3, "millivolt": 1e-3}
_MILLISECONDS = {"s": 1e3, "sec": 1e3, "ms": 1.0, "us": 1e-3, "usec": 1e-3, "microseconds": 1e-3}
_PERCENT = {"%": 1.0, "percent": 1.0}
_CELSIUS = {"c": 1.0, "degc": 1.0, "celsius": 1.0, "degrees celsius": 1.0, "deg_c": 1.0}
_NUMBERS = {"": 1.0, "number": 1.0, "count": 1.0, "counts": 1.0}
_UNITS = {
    SUPPLY: _VOLTS,
    MASS: _VOLTS,
    CLOCK_ERROR: _MILLISECONDS,
    CLOCK_QUALITY: _PERCENT,
    TEMPERATURE: _CELSIUS,
    SATELLITES: _NUMBERS,
    BUFFER: _PERCENT,
}
# The sign of these says which way; of others only how far counts.
_SIGNED = (TEMPERATURE,)
# Headers have rates with few digits, and digitisers that resample are off by some ppm.
_RATE_SHARE = 1e-3


def soh_rule(channel: str) -> str:
    """The rule that a channel code (`VEP`) is the source of; "" for none."""
    if channel in _BY_WHOLE_CODE:
        return _BY_WHOLE_CODE[channel]
    return MASS if channel[1] == "M" else _BY_CODE.get(channel[1:], "")


class SohRules:
    """The limits of state of health.

    Parameters
    ----------
    settings : limits
    """

    def __init__(self, settings: HealthSettings) -> None:
        s, none = settings, ""
        limits = s.supply_warn_v, s.supply_bad_v, "Supply {value}, limit {limit}"
        supply = Rule(SUPPLY, "supply_voltage_v", "V", *limits, none, low_is_bad=True)
        limits = s.mass_warn_v, s.mass_bad_v, "Mass position {value}, limit {limit}"
        mass = Rule(MASS, "mass_position_v", "V", *limits, none)
        limits = s.timing_quality_warn_percent, s.timing_quality_bad_percent, "Clock quality {value}, limit {limit}"
        quality = Rule(CLOCK_QUALITY, "clock_quality", "%", *limits, none, low_is_bad=True)
        limits = s.clock_error_warn_s * 1e3, s.clock_error_bad_s * 1e3, "Clock off by {value}, limit {limit}"
        error = Rule(CLOCK_ERROR, "clock_error_ms", "ms", *limits, none)
        limits = s.temperature_warn_c, s.temperature_bad_c, "Temperature {value}, limit {limit}"
        warmth = Rule(TEMPERATURE, "temperature_c", "°C", *limits, none)
        limits = s.satellites_warn, s.satellites_bad, "Satellites {value}, limit {limit}"
        sky = Rule(SATELLITES, "gnss_satellites", "", *limits, none, low_is_bad=True)
        limits = s.buffer_warn_percent, s.buffer_bad_percent, "Buffer used {value}, limit {limit}"
        buffer = Rule(BUFFER, "buffer_used_percent", "%", *limits, none)
        self._rules = {rule.name: rule for rule in (supply, mass, quality, error, warmth, sky, buffer)}

    def judge(self, watches: Iterable[ChannelWatch], metadata: Metadata, now_ns: int) -> dict[str, list[Verdict]]:
        """Verdicts of one station by location code of their source, the worst of each rule; none without a source.

        Parameters
        ----------
        watches : of all its channels
        metadata : scale them
        now_ns : ns UTC
        """
        worst: dict[tuple[str, str], Verdict] = {}
        for watch in watches:
            verdict = self._verdict(watch, metadata, now_ns)
            if verdict is not None:
                key = (watch.source_id.location, verdict.rule)
                worst[key] = verdict if key not in worst else min(worst[key], verdict, key=_worse)
        found: dict[str, list[Verdict]] = {}
        for (location, _), verdict in sorted(worst.items()):
            found.setdefault(location, []).append(verdict)
        return found

    def _verdict(self, watch: ChannelWatch, metadata: Metadata, now_ns: int) -> Verdict | None:
        rule = self._rules.get(soh_rule(watch.source_id.channel))
        epoch = None if rule is None else metadata.epoch(watch.source_id, now_ns)
        if rule is None or epoch is None or epoch.gain is None or watch.newest_counts is None:
            return None
        factor = _UNITS[rule.name].get(epoch.gain_unit.strip().lower())
        if factor is None:
            return None
        value = watch.newest_counts / epoch.gain * factor
        verdict = rule.judge(value if rule.low_is_bad or rule.name in _SIGNED else abs(value))
        if not watch.is_late(now_ns):
            return verdict
        # What it said last stays as evidence of why everything stopped; it is no evidence of how things are.
        return verdict._replace(state=State.UNKNOWN, what=f"Last {verdict.what[:1].lower()}{verdict.what[1:]}")


def _worse(verdict: Verdict) -> tuple[int, float]:
    order = (State.BAD, State.WARN, State.OK, State.UNKNOWN).index(verdict.state)
    value = verdict.value or 0.0
    return order, value if verdict.rule in (SUPPLY, CLOCK_QUALITY, SATELLITES) else -value


def of_location(said: Mapping[str, list[Verdict]], location: str, motion: Iterable[str]) -> list[Verdict]:
    """What state of health says of the channels of one location code, each rule once.

    A source of the same location comes first; one whose location has no ground motion (`D0`, a digitiser) counts for
    all; one of another sensor for none.

    Parameters
    ----------
    said : by location code of the source
    location : of the channel that is judged
    motion : location codes of the station that have ground motion
    """
    sensors = set(motion)
    found: dict[str, Verdict] = {}
    for source in sorted(said, key=lambda each: (each != location, each)):
        if source == location or source not in sensors:
            for verdict in said[source]:
                found.setdefault(verdict.rule, verdict)
    return list(found.values())


def metadata_verdicts(watch: ChannelWatch, metadata: Metadata, now_ns: int) -> list[Verdict]:
    """Whether a channel's packets and its metadata contradict each other, and these themselves.

    Nothing where the station has no epochs at all: a network may be run with places alone.
    """
    source_id = watch.source_id
    if not metadata.is_described(source_id.station_id) or not watch.sample_rate_hz:
        return []
    epoch = metadata.epoch(source_id, now_ns)
    if epoch is None:
        return [_said(EPOCH, "n_epochs", State.BAD, 0.0, 1.0, "StationXML has no epoch for now")]
    verdicts = [_said(EPOCH, "n_epochs", State.OK, 1.0, 1.0, "")]
    if epoch.sample_rate_hz:
        differs = abs(watch.sample_rate_hz - epoch.sample_rate_hz) > _RATE_SHARE * epoch.sample_rate_hz
        state = State.BAD if differs else State.OK
        what = "Records {value} Hz, StationXML {limit} Hz"
        verdicts.append(_said(RATE, "sample_rate_hz", state, watch.sample_rate_hz, epoch.sample_rate_hz, what))
    faults = metadata.faults(source_id, now_ns)
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    what = f"StationXML breaks rule {faults[0]}{more}" if faults else ""
    state = State.BAD if faults else State.OK
    return [*verdicts, _said(RESPONSE, "n_metadata_faults", state, float(len(faults)), 0.0, what)]


def _said(rule: str, metric: str, state: State, value: float, limit: float, what: str) -> Verdict:
    return Verdict(rule, metric, state, value, limit, limit, "", what)
