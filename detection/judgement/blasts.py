"""Whether an event lies where and when somebody is known to blast. That is a flag: earthquakes happen there as well."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from detection.judgement.settings import DAYS, BlastArea
from detection.location.geometry import distance_azimuth
from houfeng.times import NS_PER_S
from houfeng.types import Origin

_DAY_S = 86400


def blast_reasons(origin: Origin, areas: Iterable[BlastArea]) -> tuple[str, ...]:
    """Why an event may be a blast; empty where nothing says so.

    Parameters
    ----------
    origin : its epicentre, depth and origin time count, not their errors: an area is drawn as wide as these are
    areas : the first that holds the event speaks
    """
    for area in areas:
        day, hour = _local(origin.time_ns, area.utc_offset_h)
        if not (_holds(area, origin) and _is_shallow(area, origin) and _is_time(area, day, hour)):
            continue
        minutes = int(hour * 60)
        depth = "depth fixed" if origin.depth_error_km is None else f"{origin.depth_km:.0f} km deep"
        first, last = area.hours
        when = f"{DAYS[day]} {minutes // 60:02d}:{minutes % 60:02d} local time, hours {first:g} to {last:g}"
        return (f"in known blast area {area.name}", when, depth)
    return ()


def _local(time_ns: int, utc_offset_h: float) -> tuple[int, float]:
    """Day of the week, 0 for Monday, and hour of the day."""
    local_s = time_ns / NS_PER_S + utc_offset_h * 3600
    # 1970 began on a Thursday
    return int(local_s // _DAY_S + 3) % 7, local_s % _DAY_S / 3600


def _is_time(area: BlastArea, day: int, hour: float) -> bool:
    first, last = area.hours
    if first < last:
        return DAYS[day] in area.days and first <= hour < last
    # over midnight: the early hours belong to the evening before
    return (DAYS[day] in area.days and hour >= first) or (DAYS[day - 1] in area.days and hour < last)


def _is_shallow(area: BlastArea, origin: Origin) -> bool:
    return origin.depth_error_km is None or origin.depth_km <= area.max_depth_km


def _holds(area: BlastArea, origin: Origin) -> bool:
    lat, lon = origin.latitude_deg, origin.longitude_deg
    if area.latitude_deg is not None and area.longitude_deg is not None and area.radius_km is not None:
        place = (np.array(value) for value in (area.latitude_deg, area.longitude_deg, lat, lon))
        return float(distance_azimuth(*place)[0]) <= area.radius_km
    return _inside(area.polygon, lat, lon)


def _inside(polygon: tuple[tuple[float, float], ...], lat: float, lon: float) -> bool:
    """Whether a line to the east crosses the polygon's sides an odd number of times."""
    inside = False
    for (lat1, lon1), (lat2, lon2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (lat1 > lat) != (lat2 > lat) and lon < lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1):
            inside = not inside
    return inside
