"""Whether onsets look like those of an earthquake far away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from detection.judgement.settings import JudgementSettings
from detection.location.geometry import distance_azimuth
from houfeng.times import NS_PER_S
from houfeng.types import Origin, Pick
from stations.inventory import Site

KM_PER_DEG = 111.195
# At 20 degrees S comes 215 s after P (ak135), from 600 km depth 180 s.
_LATEST_NEAR_S = 150.0
# An energy maximum above this is no teleseism's: its P waves have lost what is above some hertz in the mantle.
_HIGH_HZ = 6.0
# Time and two slownesses; one onset more checks them.
_LEAST_ONSETS = 4
_BAND = re.compile(r"([\d.]+)-([\d.]+) Hz")


class PlaneWave(NamedTuple):
    """What passes over stations like a wave from far away.

    Parameters
    ----------
    velocity_km_s : apparent, along the surface
    least_km_s : the least that the scatter of the onsets allows (two standard deviations)
    misfit_s : scatter of the onsets about it
    """

    velocity_km_s: float
    least_km_s: float
    misfit_s: float


def teleseism_reasons(
    settings: JudgementSettings,
    picks: Sequence[Pick],
    sites: Mapping[str, Site],
    origin: Origin | None,
) -> tuple[str, ...]:
    """Why an event is taken for a teleseism; empty where it is not.

    A location that is far, its error ellipse included, is enough, and one that is near rules it out, if it explains the
    onsets better than a plane wave does. Else two things must agree: a high apparent velocity, and low frequencies.
    High frequencies and S waves that come soon after P rule it out always.

    Parameters
    ----------
    picks, sites : the onsets, and where stations stand
    origin : as located, if it was
    """
    middle_hz = dominant_hz(picks)
    if (middle_hz is not None and middle_hz > _HIGH_HZ) or _is_near_by_s(picks):
        return ()
    is_low = middle_hz is not None and middle_hz <= settings.teleseism_band_hz
    frequency = (f"onsets stand out best about {middle_hz:.1f} Hz",) if is_low else ()
    wave = plane_wave(picks, sites)
    is_fast = wave is not None and wave.least_km_s >= settings.teleseism_velocity_km_s
    velocity = (f"apparent velocity {wave.velocity_km_s:.0f} km/s",) if wave is not None and is_fast else ()
    if origin is not None:
        nearest_km, limit_km = origin.nearest_km, settings.teleseism_distance_deg * KM_PER_DEG
        if nearest_km - origin.semi_major_km >= limit_km:
            far = f"nearest station {nearest_km / KM_PER_DEG:.0f}° > {settings.teleseism_distance_deg:g}°"
            return (far, *velocity, *frequency)
        is_near = nearest_km + origin.semi_major_km < limit_km
        if is_near and (wave is None or origin.rms_s <= wave.misfit_s):
            return ()
    return (*velocity, *frequency) if is_low and is_fast else ()


def dominant_hz(picks: Sequence[Pick]) -> float | None:
    """Middle (geometric mean) of the pass band that triggered in most P picks; None if no band is named.

    Of several bands the one in which an onset stands out most triggers: with one alone this is its middle.
    """
    middles = [
        float(np.sqrt(float(found[1]) * float(found[2])))
        for pick in picks
        if pick.phase == "P" and (found := _BAND.fullmatch(pick.band))
    ]
    return float(np.median(middles)) if middles else None


def plane_wave(picks: Sequence[Pick], sites: Mapping[str, Site]) -> PlaneWave | None:
    """The plane wave that explains the first P onset of each station best, by least squares.

    Returns
    -------
    wave : None with fewer than four stations with known places, or where they stand in a line
    """
    first: dict[str, int] = {}
    for pick in sorted(picks):
        if pick.phase == "P" and pick.source_id.station_id in sites:
            first.setdefault(pick.source_id.station_id, pick.onset_ns)
    if len(first) < _LEAST_ONSETS:
        return None
    places = [sites[station_id] for station_id in sorted(first)]
    lat, lon = (np.array([getattr(site, name) for site in places]) for name in ("latitude_deg", "longitude_deg"))
    distance_km, azimuth_deg = distance_azimuth(lat[:1], lon[:1], lat, lon)
    east, north = distance_km * np.sin(np.radians(azimuth_deg)), distance_km * np.cos(np.radians(azimuth_deg))
    start_ns = min(first.values())
    time_s = np.array([(first[station_id] - start_ns) / NS_PER_S for station_id in sorted(first)])
    design = np.column_stack([np.ones_like(east), east - east.mean(), north - north.mean()])
    if np.linalg.cond(design) > 1e4:
        return None
    solution, *_ = np.linalg.lstsq(design, time_s, rcond=None)
    misfit_s2 = float(((time_s - design @ solution) ** 2).sum()) / (len(first) - 3)
    slowness = float(np.hypot(*solution[1:]))
    error = float(np.sqrt(misfit_s2 * np.linalg.inv(design.T @ design)[1:, 1:].diagonal().max()))
    return PlaneWave(1 / max(slowness, 1e-9), 1 / max(slowness + 2 * error, 1e-9), float(np.sqrt(misfit_s2)))


def _is_near_by_s(picks: Sequence[Pick]) -> bool:
    """Whether S follows P at a station sooner than it can from far away."""
    onsets: dict[tuple[str, str], int] = {}
    for pick in sorted(picks):
        onsets.setdefault((pick.source_id.station_id, pick.phase), pick.onset_ns)
    return any(
        0 < (s_ns - onsets[station_id, "P"]) / NS_PER_S < _LATEST_NEAR_S
        for (station_id, phase), s_ns in onsets.items()
        if phase == "S" and (station_id, "P") in onsets
    )
