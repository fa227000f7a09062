"""The places that a back-projection found, each moved to the best within what it leaves open."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from detection.association.grid import Anchor, Field, field_of, joined, split
from detection.association.nucleus import Around, Nucleus, scores
from detection.association.stations import Stations
from detection.location.geometry import displaced
from detection.location.traveltime import DEEPEST_KM
from detection.plan import Floats

# What one search leaves open of a place is searched again in so many parts each way, until they are this small. That is
# done three times at most, and so many of the places are kept each time.
_PARTS, _SMALL_KM = 3, 3.0
_KEPT = (4, 3, 2)
# Places whose parts are kept, of 10 kB each. Of those that the first search leaves, three of five came again within
# eight hours of 15 stations with 30 picks of noise an hour; of all, where the picks of Ridgecrest came one by one, four
# of five.
_N_KEPT = 2500
# (3, parts) north, east and down of a place, in distances between parts.
_ASIDE = np.array(list(itertools.product(np.arange(_PARTS) - (_PARTS - 1) / 2, repeat=3))).T


class Closer:
    """Searches places in ever smaller parts.

    A place that was tried and the true one nearby can have quite different picks: of 13 shocks that were missed on
    synthetic days with only the best places of the first search looked at, 10 had evidence enough near where they were.

    Parameters
    ----------
    stations : of the network
    tolerance_s : standard deviation of a residual near the event
    n_others : stations with P there must be besides the first
    """

    def __init__(self, stations: Stations, tolerance_s: float, n_others: int) -> None:
        self._stations = stations
        self._tolerance_s = tolerance_s
        self._n_others = n_others
        self._made: OrderedDict[tuple[int, float, bytes], Field] = OrderedDict()

    def narrowed(self, anchor: Anchor, picks: Around, found: Sequence[Nucleus], least: float) -> list[Nucleus]:
        """The same places, each moved to the best nearby; best first, without those that come to little.

        Parameters
        ----------
        anchor : of the first pick's station
        picks : of its neighbours
        found : where to look
        least : score that is wanted
        """
        done = list(found)
        for n_kept in _KEPT:
            if all(nucleus.apart_km <= _SMALL_KM for nucleus in done):
                break
            fields = self._fields(anchor, done)
            score, start, closer = scores(joined(fields), picks, self._n_others), 0, []
            for field in fields:
                stop = start + len(field.places)
                best = int(np.argmax(score[start:stop]))
                if score[start + best] > least:
                    lead_s, apart_km = float(field.lead_s[best]), float(field.apart_km[best])
                    closer.append(Nucleus(float(score[start + best]), field.places[best], lead_s, apart_km))
                start = stop
            done = sorted(closer, key=lambda nucleus: -nucleus.score)[:n_kept]
        return done

    def _fields(self, anchor: Anchor, nuclei: Sequence[Nucleus]) -> list[Field]:
        """The parts of each nucleus: those that were not made lately are made at once."""
        keys = [(anchor.station, nucleus.apart_km, nucleus.place.tobytes()) for nucleus in nuclei]
        fields = {key: field for key in keys if (field := self._made.pop(key, None)) is not None}
        missing = {key: nucleus for key, nucleus in zip(keys, nuclei, strict=True) if key not in fields}
        if missing:
            places, apart_km = _parts(list(missing.values()))
            made = field_of(self._stations, anchor.station, anchor.neighbours, places, apart_km, self._tolerance_s)
            fields |= zip(missing, split(made, len(missing)), strict=True)
        self._made |= fields
        while len(self._made) > _N_KEPT:
            self._made.popitem(last=False)
        return [fields[key] for key in keys]


def _parts(nuclei: Sequence[Nucleus]) -> tuple[Floats, Floats]:
    """(parts, 3) places within what nuclei leave open, one nucleus' after the other's, and how far apart they are."""
    apart_km = np.array([[nucleus.apart_km / _PARTS] for nucleus in nuclei])
    at_lat, at_lon, at_depth_km = np.array([nucleus.place for nucleus in nuclei]).T[:, :, np.newaxis]
    north, east, down = _ASIDE[:, np.newaxis] * apart_km
    lat, lon = displaced(at_lat, at_lon, north, east)
    depth_km = np.clip(at_depth_km + down, 0.0, DEEPEST_KM)
    return np.stack((lat, lon, depth_km), axis=-1).reshape(-1, 3), np.repeat(apart_km, _ASIDE.shape[1])
