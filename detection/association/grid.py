"""Places where an event can be whose first onset is at a given station: fine where its stations are close."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detection.association import evidence
from detection.association.sight import mask_of
from detection.association.stations import Stations
from detection.location.geometry import displaced
from detection.location.traveltime import Indices
from detection.plan import Floats

Small = NDArray[np.float32]
# Half a thousandth of a time, or of an error, is less than either is known to.
Half = NDArray[np.float16]

# Stations that tell where an event is when its first onset is at one of them: the nearest ones.
_N_NEIGHBOURS = 20
# The first onset seen is at one of so many stations, or of this share of the neighbours, that the wave reaches first.
_N_FIRST, _FIRST_SHARE = 5, 0.3
# Neighbouring places are this part of their distance from the station apart, but no less than that of the stations'.
_STEP, _FINEST = 0.35, 0.25
_SHALLOWEST_KM, _DEEPER = 2.0, 2.2
_DEEPEST_KM = 300.0
_FAR_KM, _FARTHEST_KM, _FAR_RATIO = 1200.0, 10_500.0, 1.5
_FAR_DEPTH_KM = 33.0
_MOST_DIRECTIONS = 20
# Of the largest possible error of a time at a place that stands for those around it, this part is a standard deviation.
_WITHIN = 0.6
# Kept at once, of 70 kB each: all those of a thousand stations, whose noise comes to all of them. With 400 each pick of
# a thousand had its anchor made again, in 4 to 10 ms.
_N_KEPT = 1200


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Places, and when waves from there arrive at some stations, counted from P at one of them.

    Parameters
    ----------
    places : (g, 3) latitude, longitude (degrees), depth (km)
    apart_km : (g,) distance between neighbouring places
    lead_s : (g,) travel time of P to the one station
    shift_s : (2, m, g) arrival of P and S at the others after that of P at the one
    sharp : (2, m, g) one over the standard deviation of these, 1/s; 0 where no wave arrives
    nearer : (m, g) whether P is there clearly before
    order : (m, g) numbers of the others, in the order in which P reaches them
    longest_s : the longest that P takes from the one station to another
    """

    places: Floats
    apart_km: Floats
    lead_s: Floats
    shift_s: Small | Half
    sharp: Small | Half
    nearer: NDArray[np.bool_]
    order: NDArray[np.uint8]
    longest_s: float


# The dimension of a field's arrays that places are along.
_BY_PLACE = {"places": 0, "apart_km": 0, "lead_s": 0, "shift_s": 2, "sharp": 2, "nearer": 1, "order": 1}


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """Where events with their first onset at one station can be, and when its neighbours have theirs.

    Parameters
    ----------
    station : whose onset is the first
    neighbours : (m,) the other stations
    slots : index of a neighbour among these, by station
    mask : of the station and these neighbours
    field : of the places
    window_s : no onset of P at a neighbour is later than this
    spacing_km : to the third neighbour
    """

    station: int
    neighbours: Indices
    slots: dict[int, int]
    mask: int
    field: Field
    window_s: float
    spacing_km: float


class Anchors:
    """The anchors of a network, made when they are first needed.

    Parameters
    ----------
    stations : of the network
    tolerance_s : standard deviation of a residual near the event
    """

    def __init__(self, stations: Stations, tolerance_s: float) -> None:
        self._stations = stations
        self._tolerance_s = tolerance_s
        self._made: OrderedDict[int, Anchor] = OrderedDict()

    def at(self, station: int) -> Anchor:
        """The anchor at a station."""
        anchor = self._made.get(station)
        if anchor is None:
            anchor = self._made[station] = _anchor(self._stations, station, self._tolerance_s)
            if len(self._made) > _N_KEPT:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(station)
        return anchor


def _anchor(stations: Stations, station: int, tolerance_s: float) -> Anchor:
    distance_km = stations.from_station(station)
    order = np.argsort(distance_km, kind="stable")
    neighbours = order[order != station][:_N_NEIGHBOURS]
    near_km = distance_km[neighbours]
    spacing_km = float(near_km[min(2, len(near_km) - 1)]) if len(near_km) else 10.0
    places, apart_km = _places(stations, station, max(spacing_km, 1.0))
    _, _, arrivals = stations.seen_from(places, np.append(neighbours, station))
    first = _is_first(arrivals.time_s[0])
    field = field_of(stations, station, neighbours, places[first], apart_km[first], tolerance_s)
    field = replace(field, shift_s=field.shift_s.astype(np.float16), sharp=field.sharp.astype(np.float16))
    slots = {int(neighbour): slot for slot, neighbour in enumerate(neighbours)}
    mask = mask_of([*neighbours.tolist(), station])
    return Anchor(station, neighbours, slots, mask, field, field.longest_s + 3 * tolerance_s, spacing_km)


def field_of(
    stations: Stations, station: int, others: Indices, places: Floats, apart_km: Floats, tolerance_s: float
) -> Field:
    """What waves from places do at some stations.

    Parameters
    ----------
    station : the one from whose P times are counted
    others : (m,) stations
    places : (g, 3) latitude, longitude (degrees), depth (km)
    apart_km : (g,) each stands for those around it, half so far to each side
    tolerance_s : standard deviation of a residual near the event
    """
    away_km, azimuth_deg, arrivals = stations.seen_from(places, np.append(others, station))
    time_s, per_km = arrivals.time_s, arrivals.per_km
    # how fast the time between the others and the one changes from place to place
    azimuth = np.radians(azimuth_deg)
    north, east = per_km * np.cos(azimuth), per_km * np.sin(azimuth)
    slope = np.hypot(north[:, :, :-1] - north[:1, :, -1:], east[:, :, :-1] - east[:1, :, -1:])
    within_s = slope * apart_km[:, np.newaxis] / 2
    shift_s = time_s[:, :, :-1] - time_s[:1, :, -1:]
    sigma_s = _WITHIN * within_s + evidence.sigma_s(away_km[:, :-1], tolerance_s)
    nearer = shift_s[0] < -(within_s[0] + tolerance_s)
    return Field(
        places,
        apart_km,
        time_s[0, :, -1].copy(),  # a view kept the times of all stations, more than all the rest
        _small(np.nan_to_num(shift_s)),
        _small(np.nan_to_num(1 / sigma_s)),
        np.ascontiguousarray(nearer.T),
        np.argsort(np.nan_to_num(shift_s[0], nan=np.inf).T, axis=0, kind="stable").astype(np.uint8),
        float(np.nanmax(shift_s[0] + within_s[0], initial=0.0)),
    )


def joined(fields: Sequence[Field]) -> Field:
    """Fields of the same stations as one."""
    columns = {name: [getattr(field, name) for field in fields] for name in _BY_PLACE}
    arrays = {name: np.concatenate(column, axis=_BY_PLACE[name]) for name, column in columns.items()}
    return Field(**arrays, longest_s=max(field.longest_s for field in fields))


def split(field: Field, n_parts: int) -> list[Field]:
    """A field as so many, each of as many of its places."""
    size = len(field.places) // n_parts
    along = {name: np.moveaxis(getattr(field, name), axis, 0) for name, axis in _BY_PLACE.items()}
    return [
        # copies: a part that is kept does not keep the whole
        Field(
            **{name: np.moveaxis(column[at : at + size], 0, _BY_PLACE[name]).copy() for name, column in along.items()},
            longest_s=field.longest_s,
        )
        for at in range(0, len(field.places), size)
    ]


def _small(array: Floats) -> Small:
    return np.ascontiguousarray(np.swapaxes(array, 1, 2), dtype=np.float32)


def _is_first(time_s: Floats) -> NDArray[np.bool_]:
    """(g,) where P is at the last of the (g, m) stations among the first."""
    n_first = max(_N_FIRST, int(_FIRST_SHARE * (time_s.shape[1] - 1)))
    with np.errstate(invalid="ignore"):
        rank = (time_s[:, :-1] < time_s[:, -1:]).sum(axis=1)
    return np.asarray((rank < n_first) & np.isfinite(time_s[:, -1]))


def _places(stations: Stations, station: int, spacing_km: float) -> tuple[Floats, Floats]:
    """(g, 3) places about a station, and how far apart they are there, km."""
    rings = []
    depth_km = max(_SHALLOWEST_KM, 0.12 * spacing_km)
    while depth_km < _DEEPEST_KM:
        rings += _rings(depth_km, _FINEST * spacing_km)
        depth_km *= _DEEPER
    radius_km = _FAR_KM
    while radius_km < _FARTHEST_KM:
        rings.append((radius_km, _FAR_DEPTH_KM, radius_km * (_FAR_RATIO - 1)))
        radius_km *= _FAR_RATIO
    north, east, depths, apart = [], [], [], []
    for number, (radius_km, depth_km, apart_km) in enumerate(rings):
        n = min(max(int(np.ceil(2 * np.pi * radius_km / apart_km)), 1), _MOST_DIRECTIONS)
        azimuth = (np.arange(n) + number % 2 / 2) * (2 * np.pi / n)
        north.append(radius_km * np.cos(azimuth))
        east.append(radius_km * np.sin(azimuth))
        depths.append(np.full(n, depth_km))
        apart.append(np.full(n, apart_km))
    lat, lon = (stations.lat_deg[station], stations.lon_deg[station])
    places = np.column_stack(
        (*displaced(lat, lon, np.concatenate(north), np.concatenate(east)), np.concatenate(depths))
    )
    return places, np.concatenate(apart)


def _rings(depth_km: float, finest_km: float) -> list[tuple[float, float, float]]:
    """Radius, depth and step of rings of one depth, km."""
    radius_km, rings = 0.0, []
    while radius_km < _FAR_KM:
        apart_km = max(_STEP * float(np.hypot(radius_km, depth_km)), finest_km)
        rings.append((radius_km, depth_km, apart_km))
        radius_km += apart_km
    return rings
