"""From a project file to a checked project and the bytes of everything it names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from configs.convert import build
from configs.load import read_table
from detection.tuning.catalogue import KnownEvent, parse_catalogue
from engineering.project import Project, RouteTable
from engineering.routes import Point, distance_km, geojson_points, route_points
from houfeng.errors import CatalogueError, ConfigError
from houfeng.times import format_ns, parse_ns


@dataclass(frozen=True, slots=True, order=True)
class Input:
    """A file that results depend on.

    Parameters
    ----------
    role : what it was read as
    name : relative to the project file, as the project names it
    n_bytes, sha256 : of its content
    """

    role: str
    name: str
    n_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AssessedEvent:
    """An earthquake of the project.

    Parameters
    ----------
    name : of an `[[event]]`, or made of time and magnitude
    time_ns : origin, ns UTC
    """

    name: str
    time_ns: int
    latitude_deg: float
    longitude_deg: float
    depth_km: float
    magnitude: float | None
    magnitude_type: str = ""


@dataclass(slots=True)
class Opened:
    """A project with the files it names.

    Parameters
    ----------
    project : as its file has it
    folder : that its paths are relative to
    events : earliest first
    routes : points of each, by name
    inputs : files read so far
    """

    project: Project
    folder: Path
    events: tuple[AssessedEvent, ...] = ()
    routes: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    inputs: set[Input] = field(default_factory=set)

    def read(self, role: str, path: Path) -> bytes:
        """A file's content, on record as an input.

        Raises
        ------
        ConfigError : if it cannot be read
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
        self.inputs.add(Input(role, self.name(path), len(content), hashlib.sha256(content).hexdigest()))
        return content

    def name(self, path: Path) -> str:
        """A path as seen from the project's folder: the same wherever the two were copied to together."""
        return os.path.relpath(path.absolute(), self.folder).replace(os.sep, "/")


def open_project(path: Path) -> Opened:
    """A project file, its catalogue and its routes; paths in it are relative to the folder that it is in.

    Raises
    ------
    ConfigError : a line for each fault, with the file and the dotted key
    CatalogueError : if the catalogue cannot be read, or has no event within the window
    """
    try:
        project = build(Project, read_table(path))
    except ConfigError as error:
        lines = str(error).splitlines()
        raise ConfigError("\n".join(x if x.startswith(f"{path}:") else f"{path}: {x}" for x in lines)) from error
    opened = Opened(project, path.absolute().parent)
    opened.read("project", path)
    opened.routes = {route.name: _points(opened, route) for route in project.route}
    opened.events = _events(opened)
    return opened


def _points(opened: Opened, route: RouteTable) -> tuple[Point, ...]:
    if not route.geojson:
        return route_points(route.points, f"route[{route.name}].points")
    content = opened.read("route", opened.folder / route.geojson)
    points = geojson_points(content, route.geojson)
    try:
        return route_points(points, f"{route.geojson}: coordinates")
    except ConfigError as error:
        raise ConfigError(f"{error}\n{route.geojson}: GeoJSON itself has [longitude, latitude]") from error


def places_of(opened: Opened) -> list[tuple[float, float]]:
    """Latitude and longitude of each site and of each point of a route."""
    found = [(site.latitude_deg, site.longitude_deg) for site in opened.project.site]
    return found + [(point.latitude_deg, point.longitude_deg) for points in opened.routes.values() for point in points]


def _events(opened: Opened) -> tuple[AssessedEvent, ...]:
    found = [
        AssessedEvent(
            *(one.name, one.time_ns, one.latitude_deg, one.longitude_deg, one.depth_km, one.magnitude),
            one.magnitude_type,
        )
        for one in opened.project.event
    ]
    asked = opened.project.catalogue
    if asked is not None:
        known = parse_catalogue(opened.read("catalogue", opened.folder / asked.file), asked.file)
        window = parse_ns(asked.start), parse_ns(asked.end)
        places = places_of(opened)
        chosen = [
            event
            for event in known
            if window[0] <= event.time_ns < window[1]
            and event.magnitude is not None
            and event.magnitude >= asked.min_magnitude
            and _nearest_km(event, places) <= asked.max_distance_km
        ]
        if not chosen:
            within = f"from {asked.start} to {asked.end}, magnitude {asked.min_magnitude:g} and more"
            raise CatalogueError(f"{asked.file}: no event {within}, {asked.max_distance_km:g} km from the places")
        found += [_named(event) for event in chosen]
    names = [event.name for event in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"catalogue: {', '.join(twice)} came twice: name another window or take the [[event]] out")
    return tuple(sorted(found, key=lambda event: (event.time_ns, event.name)))


def _nearest_km(event: KnownEvent, places: Sequence[tuple[float, float]]) -> float:
    return min(distance_km(event.latitude_deg, event.longitude_deg, *place) for place in places)


def _named(event: KnownEvent) -> AssessedEvent:
    name = f"{format_ns(event.time_ns)[:19]} M{event.magnitude:g}"
    place = event.latitude_deg, event.longitude_deg, event.depth_km
    return AssessedEvent(name, event.time_ns, *place, event.magnitude)
