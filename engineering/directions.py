"""The largest motion in every direction of the horizontal plane."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from engineering.oscillator import Between, Floats

N_ANGLES = 180  # a degree apart: what follows is the same motion seen from behind
_ANGLES = np.radians(np.arange(N_ANGLES))
_UNIT: Floats = np.stack((np.cos(_ANGLES), np.sin(_ANGLES)), axis=1)
_N_SOME = 500  # points of a path, and degrees between the directions, in which those are looked for ...
_APART = 12  # ... whose extremes bound the others


def largest(signal: Floats, between: Between = Between.LINEAR) -> Floats:
    """Largest absolute value of each trace, (...,) of (..., n); of band-limited ones also between samples."""
    at = np.abs(signal).argmax(axis=-1)[..., None]
    if between is Between.LINEAR:
        return cast(Floats, np.abs(np.take_along_axis(signal, at, axis=-1)[..., 0]))
    last = signal.shape[-1] - 1
    around = [np.take_along_axis(signal, np.clip(at + step, 0, last), axis=-1)[..., 0] for step in (-1, 0, 1)]
    return _vertex(*around)


def over_directions(horizontals: Floats, between: Between = Between.LINEAR) -> Floats:
    """Largest absolute value in each of the directions 0 to 179 degrees from the first component to the second.

    Parameters
    ----------
    horizontals : (..., 2, n) at right angles
    between : band-limited motion has its largest values between samples

    Returns
    -------
    largest : (..., 180)
    """
    planes = horizontals.reshape(-1, 2, horizontals.shape[-1])
    found = np.stack([_farthest(plane, _UNIT, between) for plane in planes])
    return found.reshape(*horizontals.shape[:-2], N_ANGLES)


def _farthest(plane: Floats, unit: Floats, between: Between) -> Floats:
    outer = _outer(plane, unit)
    seen = unit @ plane[:, outer]
    at = np.abs(seen).argmax(axis=1)
    middle = seen[np.arange(len(unit)), at]
    if between is Between.LINEAR:
        return cast(Floats, np.abs(middle))
    ends = (np.clip(outer[at] + step, 0, plane.shape[1] - 1) for step in (-1, 1))
    before, behind = (unit[:, 0] * plane[0, end] + unit[:, 1] * plane[1, end] for end in ends)
    return _vertex(before, middle, behind)


def _outer(plane: Floats, unit: Floats) -> NDArray[np.intp]:
    """The points of a path that can be the farthest in some direction, and some others; exact, and few of thousands.

    Some points reach a distance in every direction; what is nearer than the least of these is the farthest in none.
    Of those that are left, none within the polygon of the farthest in a few directions is.
    """
    few = unit[::_APART]
    some = plane[:, :: max(plane.shape[1] // _N_SOME, 1)]
    corners = some[:, np.abs(few @ some).argmax(axis=1)]
    least = np.abs(unit @ corners).max(axis=1).min()
    away = plane[0] * plane[0]
    away += plane[1] * plane[1]
    outer = np.flatnonzero(away >= least**2 * (1 - 1e-12))
    far = plane[:, outer]
    seen = few @ far
    at = np.abs(seen).argmax(axis=1)
    polygon = far[:, at] * np.sign(seen[np.arange(len(few)), at])
    sides = np.diff(polygon, axis=1, append=-polygon[:, :1])  # half of it: the other is the same, seen from behind
    normals = np.stack((sides[1], -sides[0]))
    beyond = (np.abs(normals.T @ far) > (normals * polygon).sum(axis=0)[:, None]).any(axis=0)
    beyond[at] = True
    return cast(NDArray[np.intp], outer[beyond])


def _vertex(before: Floats, middle: Floats, behind: Floats) -> Floats:
    """The top of a parabola through a largest sample and its neighbours."""
    bend = np.abs(2 * middle - before - behind)
    safe = np.where(bend > 0, bend, np.inf)  # flat: it is the sample itself
    return np.asarray(np.abs(middle) + (before - behind) ** 2 / (8 * safe))
