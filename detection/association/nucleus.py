"""Back-projection: where an event would be that begins with a pick, judged by the picks of the stations around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.association.grid import Anchor, Field, Small, field_of
from detection.association.stations import Stations
from detection.location.geometry import displaced
from detection.location.traveltime import DEEPEST_KM, Indices
from detection.plan import Floats

# Chance that P and S are picked, and the part of the evidence that a station nearby without P takes away.
_CHANCE = np.array([0.8, 0.3], np.float32)[:, np.newaxis, np.newaxis]
_ABSENT = np.float32(1.5)
# Beyond so many standard deviations a pick does not fit; a parabola up to there takes half the time of an exponential.
_CUT = np.float32(2.2)
# A station has P where that is more likely than chance by this factor.
_HAS_P = 1.0
_AREA = np.float32(2.5)


# What one search leaves open of a place is searched again in so many parts each way, until they are this small. That is
# done three times at most, and so many of the places are kept each time.
_PARTS, _SMALL_KM = 3, 3.0
_KEPT = (4, 3, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The picks of an anchor's neighbours.

    Parameters
    ----------
    after_s : (n,) picks after the first one, ordered by slot
    slots : (n,) whose they are
    per_s : (n,) picks a second by chance
    silent : (m,) neighbours that have picks, though none of these
    can_be_s : (n,) picks that do not stand out too far for S
    """

    after_s: Floats
    slots: Indices
    per_s: Floats
    silent: NDArray[np.bool_]
    can_be_s: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Nucleus:
    """Where an event that begins with a pick would be.

    Parameters
    ----------
    score : logarithm of the evidence of the other stations
    place : latitude, longitude (degrees), depth (km)
    lead_s : travel time of P to the pick's station
    apart_km : it can be half so far away
    """

    score: float
    place: Floats
    lead_s: float
    apart_km: float


def nuclei(field: Field, picks: Around, *, n_others: int, n_best: int) -> list[Nucleus]:
    """The best places, best first; none where too few stations have P.

    Parameters
    ----------
    field : of the places
    picks : of its stations
    n_others : stations with P there must be besides the first
    n_best : places wanted
    """
    score = _scores(field, picks, n_others)
    found: list[Nucleus] = []
    while len(found) < n_best and len(score):
        number = int(np.argmax(score))
        if not np.isfinite(score[number]):
            break
        apart_km = float(field.apart_km[number])
        found.append(Nucleus(float(score[number]), field.places[number], float(field.lead_s[number]), apart_km))
        if len(found) < n_best:
            near = np.abs(field.places[:, :2] - field.places[number, :2]).max(axis=1) * 111
            score[near <= apart_km] = -np.inf
    return found


def narrowed(
    stations: Stations,
    anchor: Anchor,
    picks: Around,
    found: Sequence[Nucleus],
    *,
    tolerance_s: float,
    n_others: int,
    least: float,
) -> list[Nucleus]:
    """The same, each moved to the best place within what it leaves open; best first, without those that come to little.

    A place that was tried and the true one nearby can have quite different picks: of 13 shocks that were missed on
    synthetic days with only the best places of the first search looked at, 10 had evidence enough near where they were.

    Parameters
    ----------
    stations : of the network
    anchor : of the first pick's station
    picks : of its neighbours
    found : where to look
    tolerance_s : standard deviation of a residual near the event
    n_others : stations with P there must be besides the first
    least : score that is wanted
    """
    done = list(found)
    for n_kept in _KEPT:
        if all(nucleus.apart_km <= _SMALL_KM for nucleus in done):
            break
        parts = [_parts(nucleus) for nucleus in done]
        apart_km = np.repeat([nucleus.apart_km / _PARTS for nucleus in done], [len(part) for part in parts])
        field = field_of(stations, anchor.station, anchor.neighbours, np.concatenate(parts), apart_km, tolerance_s)
        score, start, closer = _scores(field, picks, n_others), 0, []
        for part in parts:
            number = start + int(np.argmax(score[start : start + len(part)]))
            start += len(part)
            if score[number] > least:
                lead_s, apart = float(field.lead_s[number]), float(apart_km[number])
                closer.append(Nucleus(float(score[number]), field.places[number], lead_s, apart))
        done = sorted(closer, key=lambda nucleus: -nucleus.score)[:n_kept]
    return done


def _parts(nucleus: Nucleus) -> Floats:
    """(parts, 3) places within what a nucleus leaves open."""
    steps = (np.arange(_PARTS) - (_PARTS - 1) / 2) * (nucleus.apart_km / _PARTS)
    north, east, down = (each.ravel() for each in np.meshgrid(steps, steps, steps, indexing="ij"))
    lat, lon = displaced(nucleus.place[0], nucleus.place[1], north, east)
    return np.column_stack((lat, lon, np.clip(nucleus.place[2] + down, 0.0, DEEPEST_KM)))


def _scores(field: Field, picks: Around, n_others: int) -> Floats:
    """(g,) evidence for an event at each place; minus infinity where too few stations have P."""
    starts = np.flatnonzero(np.diff(picks.slots, prepend=-1))
    if len(starts) < n_others:
        return np.full(len(field.places), -np.inf)
    likely = _likely(field, picks.after_s.astype(np.float32), picks.slots, picks.per_s.astype(np.float32))
    # a pick is of one phase: the likelier
    as_p = (likely[0] >= likely[1]) | ~picks.can_be_s[:, np.newaxis]
    likely[0] *= as_p
    likely[1] *= ~as_p
    best = np.maximum.reduceat(likely, starts, axis=1)
    n_with_p = (best[0] > _HAS_P).sum(axis=0)
    absent = (field.nearer & picks.silent[:, np.newaxis]).sum(axis=0)
    score = np.log1p(best).sum(axis=(0, 1)) - _ABSENT * absent
    score[n_with_p < n_others] = -np.inf
    return np.asarray(score, np.float64)


def _likely(field: Field, after_s: Small, slots: Indices, per_s: Small) -> Small:
    """(2, n, g) how many times more likely each pick is as P or as S of an event at each place than by chance."""
    sharp = field.sharp[:, slots].astype(np.float32)
    away = (after_s[:, np.newaxis] - field.shift_s[:, slots].astype(np.float32)) * sharp
    away /= _CUT
    np.multiply(away, away, out=away)
    np.subtract(np.float32(1), away, out=away)
    np.maximum(away, np.float32(0), out=away)
    away *= sharp
    away *= _CHANCE / (_AREA * per_s[:, np.newaxis])
    return away
