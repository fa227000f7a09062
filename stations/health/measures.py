"""What the records of one channel say of a minute, an hour or a day: a function of the records and of nothing else.

Which samples a minute has is decided record by record, so that it makes no difference how much is looked at together,
in which order the records came, or when.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from houfeng.times import NS_PER_S
from houfeng.types import Packet
from stations.health.spikes import REACH, spikes

Floats = NDArray[np.float64]

MINUTE_NS = 60 * NS_PER_S
# At most so many values in a minute: the channel is dead.
FLAT_VALUES = 2
# A start time is rounded to microseconds: a sample this much of an interval early is the next minute's.
_EARLY = 0.25
# Samples beside a minute that its spikes and the records it begins and ends with depend on.
MARGIN_SAMPLES = REACH + 5


@dataclass(frozen=True, slots=True)
class Measures:
    """One channel in one minute, or in the minutes of an hour or a day.

    Parameters
    ----------
    start_ns : of the time, ns UTC
    sample_rate_hz : of most of its samples
    n_samples : that are counts (neither NaN nor infinite), each time once
    covered_ns : time that records cover
    num_gaps, max_gap_ns : gaps that end here, and the longest of them, all of it
    num_overlaps : records that begin before those before them have ended
    n_records, n_timed, n_locked, n_flagged : records that begin here; those that tell a timing quality; those that say
        that the clock was locked; those that say that the digitiser clipped or the amplifier was saturated
    timing_quality : mean of those that tell, %
    sample_mean, sample_rms, sample_min, sample_max : counts; rms about the mean
    n_clipped : samples at full scale
    num_spikes : samples far outside of what their neighbours say
    n_minutes, n_flat : minutes with samples, and those of them that have at most two different values
    n_calibrated : minutes in which records say that a calibration signal is on
    rms_median : of hours the median of the rms of their minutes without a calibration, of days that of their hours,
        counts: what is brief is not in it; None of a minute
    """

    start_ns: int
    sample_rate_hz: float = 0.0
    n_samples: int = 0
    covered_ns: int = 0
    num_gaps: int = 0
    max_gap_ns: int = 0
    num_overlaps: int = 0
    n_records: int = 0
    n_timed: int = 0
    n_locked: int = 0
    n_flagged: int = 0
    timing_quality: float | None = None
    sample_mean: float | None = None
    sample_rms: float | None = None
    sample_min: float | None = None
    sample_max: float | None = None
    n_clipped: int = 0
    num_spikes: int = 0
    n_minutes: int = 0
    n_flat: int = 0
    n_calibrated: int = 0
    rms_median: float | None = None


class MeasuredRecord(NamedTuple):
    """One record: what its header says, and its flags."""

    packet: Packet
    is_locked: bool
    is_flagged: bool
    is_calibrating: bool = False


class _Part(NamedTuple):
    """Samples of one record that no record before it has, and whether they go on from those before."""

    start_ns: int
    rate_hz: float
    samples: Floats
    goes_on: bool


def measure(records: Iterable[MeasuredRecord], minutes: Sequence[int], clip_counts: float) -> list[Measures]:
    """Measures of some minutes, without their gaps; those that no record reaches into are left out.

    Parameters
    ----------
    records : of one channel, in any order: all that reach into one of the minutes, or into MARGIN_SAMPLES beside one
    minutes : numbers of minutes since 1970, rising
    clip_counts : magnitude from which a sample counts as clipped
    """
    wanted = {minute: Measures(minute * MINUTE_NS) for minute in minutes}
    ordered = sorted((record for record in records if record.packet.n_samples), key=_order)
    parts, n_overlaps = _parts(ordered)
    _count_records(ordered, n_overlaps, wanted)
    for start_ns, end_ns in _covered(ordered):
        for minute in _minutes(start_ns, end_ns, wanted):
            begin_ns = minute * MINUTE_NS
            length_ns = min(end_ns, begin_ns + MINUTE_NS) - max(start_ns, begin_ns)
            wanted[minute] = replace(wanted[minute], covered_ns=wanted[minute].covered_ns + length_ns)
    for record in ordered:
        if record.is_calibrating:
            for minute in _minutes(record.packet.start_ns, record.packet.next_ns, wanted):
                wanted[minute] = replace(wanted[minute], n_calibrated=1)
    for minute, found in _by_minute(parts, wanted).items():
        wanted[minute] = _with_samples(wanted[minute], found, clip_counts)
    for minute, n in _spikes(parts, wanted).items():
        wanted[minute] = replace(wanted[minute], num_spikes=n)
    return [found for found in wanted.values() if found.covered_ns or found.n_records]


def rolled_up(rows: Sequence[Measures], start_ns: int) -> Measures:
    """Measures of a longer time, from those of its parts, at least one.

    The mean square is taken about the mean of all: of squares about 0, an offset of 5,000,000 counts would leave three
    digits.
    """
    n_samples = sum(row.n_samples for row in rows)
    full = [row for row in rows if row.n_samples]
    mean = sum(row.n_samples * (row.sample_mean or 0.0) for row in full) / n_samples if n_samples else 0.0
    squares = sum(
        row.n_samples * ((row.sample_rms or 0.0) ** 2 + ((row.sample_mean or 0.0) - mean) ** 2) for row in full
    )
    n_timed = sum(row.n_timed for row in rows)
    timing = sum(row.n_timed * (row.timing_quality or 0.0) for row in rows)
    by_rate: dict[float, int] = {}
    for row in rows:
        by_rate[row.sample_rate_hz] = by_rate.get(row.sample_rate_hz, 0) + row.n_samples
    sums = {name: sum(getattr(row, name) for row in rows) for name in _SUMS}
    return Measures(
        start_ns,
        sample_rate_hz=max(by_rate, key=lambda rate_hz: (by_rate[rate_hz], rate_hz)),
        max_gap_ns=max(row.max_gap_ns for row in rows),
        timing_quality=timing / n_timed if n_timed else None,
        sample_mean=mean if n_samples else None,
        sample_rms=sqrt(squares / n_samples) if n_samples else None,
        sample_min=min((row.sample_min for row in full if row.sample_min is not None), default=None),
        sample_max=max((row.sample_max for row in full if row.sample_max is not None), default=None),
        rms_median=_rms_median(full),
        **sums,
    )


def _rms_median(rows: Sequence[Measures]) -> float | None:
    """Of minutes, or of hours that have one of their own."""
    # of a minute its own; an hour or a day that is all calibration has none
    its = [row.sample_rms if row.rms_median is None and not row.n_calibrated else row.rms_median for row in rows]
    known = [rms for rms in its if rms is not None]
    return median(known) if known else None


_SUMS = (
    *("n_samples", "covered_ns", "num_gaps", "num_overlaps", "n_records", "n_timed", "n_locked", "n_flagged"),
    *("n_clipped", "num_spikes", "n_minutes", "n_flat", "n_calibrated"),
)


def _order(record: MeasuredRecord) -> tuple[int, float, int, bytes]:
    packet = record.packet
    return packet.start_ns, packet.sample_rate_hz, -packet.n_samples, packet.raw


def _parts(ordered: Sequence[MeasuredRecord]) -> tuple[list[_Part], list[bool]]:
    """Samples that are new with each record, and which records begin before those before them have ended."""
    parts: list[_Part] = []
    overlaps: list[bool] = []
    # By rate: a damaged header of one sample an hour must not take the place of days of others.
    reaches: dict[float, int] = {}
    rate_hz = 0.0
    for packet, *_ in ordered:
        reach_ns = reaches.get(packet.sample_rate_hz)
        step_ns = 0 if reach_ns is None else packet.start_ns - reach_ns
        is_near = reach_ns is not None and 2 * step_ns * packet.sample_rate_hz < NS_PER_S
        overlaps.append(reach_ns is not None and -2 * step_ns * packet.sample_rate_hz >= NS_PER_S)
        first = max(0, ceil(-step_ns * packet.sample_rate_hz / NS_PER_S - 0.5)) if step_ns < 0 else 0
        if first < packet.n_samples:
            samples = np.asarray(packet.samples, dtype=np.float64)[first:]
            start_ns = packet.start_ns + round(first * NS_PER_S / packet.sample_rate_hz)
            parts.append(_Part(start_ns, packet.sample_rate_hz, samples, is_near and rate_hz == packet.sample_rate_hz))
            rate_hz = packet.sample_rate_hz
        reaches[packet.sample_rate_hz] = max(reach_ns or packet.next_ns, packet.next_ns)
    return parts, overlaps


def _covered(ordered: Sequence[MeasuredRecord]) -> list[tuple[int, int]]:
    """Times that the records cover, holes of less than half a sample closed."""
    found: list[tuple[int, int]] = []
    for packet, *_ in ordered:
        if found and 2 * (packet.start_ns - found[-1][1]) * packet.sample_rate_hz < NS_PER_S:
            found[-1] = found[-1][0], max(found[-1][1], packet.next_ns)
        else:
            found.append((packet.start_ns, packet.next_ns))
    return found


def _minutes(start_ns: int, end_ns: int, wanted: dict[int, Measures]) -> list[int]:
    return [minute for minute in range(start_ns // MINUTE_NS, -(-end_ns // MINUTE_NS)) if minute in wanted]


def _count_records(ordered: Sequence[MeasuredRecord], overlaps: Sequence[bool], wanted: dict[int, Measures]) -> None:
    begun: dict[int, list[tuple[MeasuredRecord, bool]]] = {}
    for record, overlaps_others in zip(ordered, overlaps, strict=True):
        if (minute := record.packet.start_ns // MINUTE_NS) in wanted:
            begun.setdefault(minute, []).append((record, overlaps_others))
    for minute, its in begun.items():
        told = [record.packet.timing_quality for record, _ in its if record.packet.timing_quality is not None]
        wanted[minute] = replace(
            wanted[minute],
            n_records=len(its),
            n_locked=sum(record.is_locked for record, _ in its),
            n_flagged=sum(record.is_flagged for record, _ in its),
            num_overlaps=sum(overlaps_others for _, overlaps_others in its),
            n_timed=len(told),
            timing_quality=sum(told) / len(told) if told else None,
        )


def _by_minute(parts: Sequence[_Part], wanted: dict[int, Measures]) -> dict[int, list[tuple[float, Floats]]]:
    found: dict[int, list[tuple[float, Floats]]] = {}
    for part in parts:
        end_ns = part.start_ns + round(len(part.samples) * NS_PER_S / part.rate_hz)
        early_ns = int(_EARLY * NS_PER_S / part.rate_hz)
        for minute in _minutes(part.start_ns, end_ns + early_ns, wanted):
            first, last = (_index(part, each * MINUTE_NS) for each in (minute, minute + 1))
            if first < last and first < len(part.samples):
                found.setdefault(minute, []).append((part.rate_hz, part.samples[first:last]))
    return found


def _index(part: _Part, t_ns: int) -> int:
    """First sample at or after a time, or a little before it."""
    return max(0, ceil((t_ns - part.start_ns) * part.rate_hz / NS_PER_S - _EARLY))


def _with_samples(row: Measures, found: Sequence[tuple[float, Floats]], clip_counts: float) -> Measures:
    samples = np.concatenate([part for _, part in found])
    samples = samples[np.isfinite(samples)]
    by_rate: dict[float, int] = {}
    for rate_hz, part in found:
        by_rate[rate_hz] = by_rate.get(rate_hz, 0) + len(part)
    row = replace(row, sample_rate_hz=max(by_rate, key=lambda rate_hz: (by_rate[rate_hz], rate_hz)))
    if not len(samples):
        return row
    low, high = float(samples.min()), float(samples.max())
    # About one of them: the sums of an offset of 5,000,000 counts would drown a quiet minute.
    about = samples - samples[0]
    mean = float(about.mean())
    n_clipped = int(np.count_nonzero(np.abs(samples) >= clip_counts)) if max(-low, high) >= clip_counts else 0
    is_flat = bool(((samples == low) | (samples == high)).all())
    return replace(
        row,
        n_samples=len(samples),
        sample_mean=float(samples[0]) + mean,
        sample_rms=float(np.sqrt(np.mean((about - mean) ** 2))),
        sample_min=low,
        sample_max=high,
        n_clipped=n_clipped,
        n_minutes=1,
        n_flat=int(is_flat and len(samples) > FLAT_VALUES),
    )


def _spikes(parts: Sequence[_Part], wanted: dict[int, Measures]) -> dict[int, int]:
    found: dict[int, int] = {}
    run: list[_Part] = []
    for part in [*parts, None]:
        if run and (part is None or not part.goes_on):
            samples = np.concatenate([each.samples for each in run])
            starts = np.cumsum([0, *(len(each.samples) for each in run)])
            at = spikes(samples)
            for index, number in zip(
                at.tolist(), (np.searchsorted(starts, at, side="right") - 1).tolist(), strict=True
            ):
                its = run[number]
                minute = (its.start_ns + int((index - starts[number] + _EARLY) * NS_PER_S / its.rate_hz)) // MINUTE_NS
                if minute in wanted:
                    found[minute] = found.get(minute, 0) + 1
            run = []
        if part is not None:
            run.append(part)
    return found
