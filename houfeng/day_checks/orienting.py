"""Azimuths of horizontal components that the Rayleigh waves of a day's large events show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from database.records import EventRow
from detection.inspection.stretches import stretches
from houfeng.day_checks.context import Context, is_same_sensor
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId
from houfeng.waveforms import Reader
from stations.health.orientation import Bearing, Wave, bearing, needed, off_deg, rayleigh_wave
from stations.inventory import ChannelEpoch

_DAY_NS = 86_400 * NS_PER_S
# First and second horizontal: the second points 90 degrees clockwise of the first, or the other way.
_PAIRS = (("N", "E"), ("1", "2"))


class Turned(NamedTuple):
    """Azimuth that a wave shows less the one in the metadata, degrees, and how like a Rayleigh wave it is, up to 1."""

    off_deg: float
    correlation: float


def turned(source_ids: Sequence[SourceId], day_ns: int, context: Context, reader: Reader) -> dict[SourceId, Turned]:
    """Of the horizontals of one station; left out where no event tells.

    Parameters
    ----------
    source_ids : channels of the station that have records of the day
    day_ns : midnight, ns UTC: of the day in which the waves come
    """
    found: dict[SourceId, Turned] = {}
    for trio in _trios(source_ids):
        epochs = [context.inventory.epoch_at(each, day_ns) for each in trio]
        known = [each for each in epochs if each is not None]
        if len(known) < len(trio) or known[1].azimuth_deg is None:
            continue
        best: Bearing | None = None
        for wave in _waves(context.events, known[0], day_ns):
            shown = _bearing(trio, known, wave, reader)
            if shown is not None and (best is None or shown.correlation > best.correlation):
                best = shown
        if best is not None:
            off = Turned(off_deg(best.azimuth_deg, known[1].azimuth_deg), best.correlation)
            found |= dict.fromkeys(trio[1:], off)
    return found


def _trios(source_ids: Sequence[SourceId]) -> Iterator[tuple[SourceId, SourceId, SourceId]]:
    """Vertical and horizontals of each sensor."""
    for vertical in source_ids:
        of_sensor = {each.channel[2]: each for each in source_ids if is_same_sensor(vertical, each)}
        for first, second in _PAIRS:
            if vertical.channel.endswith("Z") and first in of_sensor and second in of_sensor:
                yield vertical, of_sensor[first], of_sensor[second]


def _waves(events: Sequence[EventRow], epoch: ChannelEpoch, day_ns: int) -> list[Wave]:
    origins = [event.origin for event in events if event.origin is not None]
    found = [rayleigh_wave(origin, epoch.latitude_deg, epoch.longitude_deg) for origin in origins]
    return [wave for wave in found if wave is not None and day_ns <= wave.start_ns < day_ns + _DAY_NS]


def _bearing(
    trio: tuple[SourceId, SourceId, SourceId], epochs: Sequence[ChannelEpoch], wave: Wave, reader: Reader
) -> Bearing | None:
    start_ns, end_ns = needed(wave)
    packets: dict[SourceId, list[Packet]] = {}
    for packet in reader(trio, start_ns - NS_PER_S, end_ns + NS_PER_S):
        packets.setdefault(packet.source_id, []).append(packet)
    cut = [_longest(packets.get(each, []), start_ns, end_ns) for each in trio]
    known = [each for each in cut if each is not None]
    if len(known) < len(trio):
        return None
    gains = [each.gain or 1.0 for each in epochs]
    if epochs[0].dip_deg is not None and epochs[0].dip_deg > 0:
        gains[0] = -gains[0]
    first_deg, second_deg = epochs[1].azimuth_deg, epochs[2].azimuth_deg
    if first_deg is not None and second_deg is not None and off_deg(second_deg, first_deg) < 0:
        gains[2] = -gains[2]
    scaled = [replace(each, samples=each.samples / gain) for each, gain in zip(known, gains, strict=True)]
    return bearing(scaled[0], scaled[1], scaled[2], wave)


def _longest(packets: Sequence[Packet], start_ns: int, end_ns: int) -> Stretch | None:
    found = stretches(packets, start_ns - NS_PER_S, end_ns + NS_PER_S)
    return max(found, key=lambda each: each.end_ns - each.start_ns, default=None)
