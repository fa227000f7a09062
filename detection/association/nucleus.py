"""Back-projection: where an event would be that begins with a pick, judged by the picks of the stations around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.association.grid import Field, Small
from detection.location.traveltime import Indices
from detection.plan import Floats

# Chance that P and S are picked, and the evidence that a station without P takes away amid those that have it.
_CHANCE = np.array([0.8, 0.3], np.float32)[:, np.newaxis, np.newaxis]
_ABSENT = np.float32(1.5)
# Beyond so many standard deviations a pick does not fit; a parabola up to there takes half the time of an exponential.
_CUT = np.float32(2.2)
# A station has P where that is more likely than chance by this factor.
_HAS_P = 1.0
_LEAST_P = np.float32(np.log1p(_HAS_P))
_AREA = np.float32(2.5)


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The picks of an anchor's neighbours.

    Parameters
    ----------
    after_s : (n,) picks after the first one, ordered by slot
    slots : (n,) whose they are
    per_s : (n,) picks a second by chance
    working : (m,) neighbours that have had picks lately: none of P tells something of these
    can_be_s : (n,) picks that do not stand out too far for S
    """

    after_s: Floats
    slots: Indices
    per_s: Floats
    working: NDArray[np.bool_]
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
    score = scores(field, picks, n_others)
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


def scores(field: Field, picks: Around, n_others: int) -> Floats:
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
    worth = np.log1p(best)
    score = _within_reach(field, picks, picks.slots[starts], worth[0]) + worth[1].sum(axis=0)
    score[n_with_p < n_others] = -np.inf
    return np.asarray(score, np.float64)


def _within_reach(field: Field, picks: Around, slots: Indices, worth: Small) -> Small:
    """(g,) evidence of P as far from each place as is best: within that, stations that have none count against it.

    Parameters
    ----------
    slots : (k,) neighbours with picks
    worth : (k, g) evidence of the best of these as P
    """
    lost = np.where(picks.working, -_ABSENT, np.float32(0))
    of_all = np.repeat(lost[:, np.newaxis], len(field.places), axis=1)
    of_all[slots] = np.where(worth > _LEAST_P, worth, of_all[slots])
    so_far = np.cumsum(np.take_along_axis(of_all, field.order, axis=0), axis=0)
    # the first pick's own station has P: it is seen at least as far as there
    n_nearer = field.nearer.sum(axis=0)
    so_far[np.arange(len(of_all))[:, np.newaxis] < n_nearer - 1] = -np.inf
    return np.asarray(np.maximum(so_far.max(axis=0), np.where(n_nearer > 0, -np.inf, 0.0)))


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
