"""How far a station is from good, as points taken off 100, each with what it is taken off for.

It sorts stations that are in the same state; it never makes the state.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import NamedTuple

from stations.health.status import ChannelStatus, Reading, State

FULL = 100
# This project's own proposal: what is lost while a rule says BAD on every required channel. Without data there is
# nothing left; a dead sensor is nearly as much; what is wrong about time or amplitudes makes data half as useful.
_WORTH = {"total_latency": 100, "flat": 80, "future_data": 60, "sample_mean": 50, "clipping": 50, "timing_quality": 50}
_WORTH |= {"dead_channel_lin": 80, "dead_channel_gsn": 80, "cross_talk": 80, "sample_unique": 80, "low_rms": 80}
_WORTH |= {"polarity_check": 60, "sample_rms": 50, "pct_above_nhnm": 50, "pct_below_nlnm": 50, "clock_locked": 50}
_WORTH |= {"clock_quality": 50, "clock_error": 50, "metadata_rate": 50, "supply_voltage": 30, "mass_position": 30}
_WORTH |= {"temperature": 30, "gnss_satellites": 30, "buffer_used": 30}
_OTHERWISE = 20
_SHARE = {State.BAD: 1.0, State.UNKNOWN: 0.5, State.WARN: 0.25}


class Deduction(NamedTuple):
    """Points that one rule takes off.

    Parameters
    ----------
    points : at least 1
    rule : its id
    state : the worst that it says
    channels : codes of the required channels that it says BAD, UNKNOWN or WARN of
    reason : of the first of them
    """

    points: int
    rule: str
    state: State
    channels: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        return f"{self.points} for {self.rule} {self.state} ({', '.join(self.channels)}): {self.reason}"


def deductions(channels: Iterable[ChannelStatus]) -> tuple[Deduction, ...]:
    """What is taken off, most first: a rule's worth by its state and by the share of required channels it says it of.

    Parameters
    ----------
    channels : of one station; those that are not required do not count
    """
    required = [channel for channel in channels if channel.required]
    said: dict[str, list[tuple[str, Reading]]] = {}
    for channel in required:
        for reading in channel.readings:
            if reading.votes and reading.state is not State.OK:
                said.setdefault(reading.rule, []).append((channel.source_id.rsplit(".", 1)[1], reading))
    found = [_deduction(rule, readings, len(required)) for rule, readings in said.items()]
    return tuple(sorted(found, key=lambda each: (-each.points, each.rule)))


def score(taken: Iterable[Deduction]) -> int:
    """100 less what is taken off, at least 0."""
    return max(0, FULL - sum(each.points for each in taken))


def _deduction(rule: str, said: list[tuple[str, Reading]], n_required: int) -> Deduction:
    points = _WORTH.get(rule, _OTHERWISE) * sum(_SHARE[reading.state] for _, reading in said) / n_required
    first = min((reading for _, reading in said), key=lambda reading: list(_SHARE).index(reading.state))
    codes = tuple(dict.fromkeys(code for code, _ in said))
    return Deduction(ceil(round(points, 6)), rule, first.state, codes, first.reason)
