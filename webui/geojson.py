"""Stations and events as points on a map (RFC 7946)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict

from flask import Response, jsonify

_TYPE = "application/geo+json"


class Point(TypedDict):
    """Longitude and latitude, degrees of WGS 84; and height where it is known, metres."""

    type: Literal["Point"]
    coordinates: list[float]


class Feature(TypedDict):
    """A row with its place; one whose place nobody knows has no geometry."""

    type: Literal["Feature"]
    id: str
    geometry: Point | None
    properties: dict[str, Any]


class FeatureCollection(TypedDict):
    """Rows of a list."""

    type: Literal["FeatureCollection"]
    features: list[Feature]


def places(rows: Iterable[Mapping[str, Any]], link: str | None) -> Response:
    """Rows as points.

    Parameters
    ----------
    rows : with `id`, `latitude_deg`, `longitude_deg` and perhaps `elevation_m`; a depth stays a property, for the
        third coordinate is a height
    link : address of the next page, if there is one
    """
    collection: FeatureCollection = {"type": "FeatureCollection", "features": [_feature(row) for row in rows]}
    response = jsonify(collection)
    response.mimetype = _TYPE
    if link is not None:
        response.headers["Link"] = f'<{link}>; rel="next"'
    return response


def _feature(row: Mapping[str, Any]) -> Feature:
    at = [row["longitude_deg"], row["latitude_deg"]]
    if row.get("elevation_m") is not None:
        at.append(row["elevation_m"])
    point: Point | None = None if None in at else {"type": "Point", "coordinates": at}
    kept = {name: value for name, value in row.items() if name not in ("longitude_deg", "latitude_deg", "elevation_m")}
    return {"type": "Feature", "id": row["id"], "geometry": point, "properties": kept}
