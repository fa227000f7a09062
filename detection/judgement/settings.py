"""What a network may tune about hints of an event's type; validated where it is made."""

from __future__ import annotations

from dataclasses import dataclass

from houfeng.checks import need, not_negative, positive, within
from houfeng.errors import ConfigError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class BlastArea:
    """Where and when somebody blasts: a circle or a polygon, and local hours.

    Parameters
    ----------
    name : what the place is called
    latitude_deg, longitude_deg, radius_km : the circle
    polygon : corners (latitude, longitude) instead of a circle; no area reaches across 180 degrees east
    hours : local time from (inclusive) to (exclusive); a range from 22 to 4 goes over midnight
    days : of the week on which a blast is begun, "mon" to "sun"
    utc_offset_h : local time less UTC, hours
    max_depth_km : deeper events are no blasts; one whose depth is fixed may be any

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    name: str
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    radius_km: float | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    hours: tuple[float, float] = (0.0, 24.0)
    days: tuple[str, ...] = DAYS
    utc_offset_h: float = 0.0
    max_depth_km: float = 5.0

    def __post_init__(self) -> None:
        need(bool(self.name.strip()), "name", "the name of the place", "none")
        circle = (self.latitude_deg, self.longitude_deg, self.radius_km)
        n_given = sum(value is not None for value in circle)
        if self.polygon:
            need(n_given == 0, "polygon", "a polygon or a circle, not both,", "both")
            need(len(self.polygon) > 2, "polygon", "3 corners or more", len(self.polygon))
        else:
            need(n_given == 3, "polygon", "it or latitude_deg, longitude_deg and radius_km", f"{n_given} of the three")
        for latitude_deg, longitude_deg in (*self.polygon, (self.latitude_deg, self.longitude_deg)):
            within("polygon" if self.polygon else "latitude_deg", latitude_deg, -90, 90)
            within("polygon" if self.polygon else "longitude_deg", longitude_deg, -180, 180)
        if self.radius_km is not None:
            positive(self, "radius_km")
        _check_time(self)
        not_negative(self, "max_depth_km")


def _check_time(area: BlastArea) -> None:
    first, last = area.hours
    within("hours", first, 0, 24)
    within("hours", last, 0, 24)
    need(first != last, "hours", "two different hours", f"{first:g} twice")
    for day in area.days:
        need(day in DAYS, "days", f"one of {', '.join(DAYS)}", repr(day))
    need(bool(area.days), "days", "at least one day", "none")
    within("utc_offset_h", area.utc_offset_h, -12, 14)


@dataclass(frozen=True, slots=True)
class JudgementSettings:
    """When an event is said to look like something else than an earthquake nearby. Nothing is left out because of it.

    Parameters
    ----------
    teleseism_distance_deg : an event further from its nearest station is a teleseism
    teleseism_velocity_km_s : apparent velocity over the stations, from which onsets look like those of a teleseism
    teleseism_band_hz : middle of the pass band in which most onsets stand out best, up to which they do so, too
    blast_area : where and when somebody blasts

    Raises
    ------
    ConfigError : naming the key, what was needed and what came
    """

    teleseism_distance_deg: float = 20.0
    teleseism_velocity_km_s: float = 10.0
    teleseism_band_hz: float = 2.5
    blast_area: tuple[BlastArea, ...] = ()

    def __post_init__(self) -> None:
        positive(self, "teleseism_velocity_km_s", "teleseism_band_hz")
        within("teleseism_distance_deg", self.teleseism_distance_deg, 1, 180)
        names = [area.name for area in self.blast_area]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigError(f"blast_area.name: each blast_area must have its own name, {twice[0]!r} came twice")
