"""Routes: kilometre posts, GeoJSON, segments."""

from __future__ import annotations

import json

import pytest

from engineering.routes import geojson_points, place_at, route_points, segments
from houfeng.errors import ConfigError

# A degree of latitude from 0 to 1 on WGS 84, km (Vincenty).
DEGREE_KM = 110.574


def test_posts_are_distances_along_the_line() -> None:
    points = route_points([[0.0, 10.0], [1.0, 10.0], [2.0, 10.0]], "points")
    assert points[1].km == pytest.approx(DEGREE_KM, abs=1e-3)
    pieces = segments(points, 50.0)
    assert len(pieces) == 5
    assert [round(piece.to_km - piece.from_km, 6) for piece in pieces] == [round(points[2].km / 5, 6)] * 5
    assert pieces[2].latitude_deg == pytest.approx(1.0, abs=1e-3)


def test_posts_of_ones_own_may_be_farther_apart_and_never_nearer() -> None:
    points = route_points([[0, 10, 100], [1, 10, 220]], "points")
    assert place_at(points, 160.0) == pytest.approx((0.5, 10.0))
    with pytest.raises(
        ConfigError, match=r"points\[2\]: posts must grow .* 100 and 200 are 100 km apart, points 110.57"
    ):
        route_points([[0, 10, 100], [1, 10, 200]], "points")


def test_a_route_crosses_the_date_line_by_the_short_way() -> None:
    points = route_points([[0.0, 179.0], [0.0, -179.0]], "points")
    assert place_at(points, points[1].km * 0.75) == pytest.approx((0.0, -179.5), abs=1e-6)


def test_every_fault_of_points_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        route_points([[95.0, 0.0], [1.0], [2.0, 3.0]], "route[1].points")
    assert len(str(caught.value).splitlines()) == 2
    with pytest.raises(ConfigError, match="all points have a kilometre post, or none has"):
        route_points([[0, 0], [1, 0, 200]], "points")
    with pytest.raises(ConfigError, match="two points and more are needed, 1 came"):
        route_points([[0, 0]], "points")
    with pytest.raises(ConfigError, match=r"points\[2\]: is where the point before it is"):
        route_points([[0, 0], [0, 0]], "points")


def test_a_line_is_found_in_whatever_geojson_holds_it() -> None:
    line = {"type": "LineString", "coordinates": [[10.0, 0.0, 55.0], [10.0, 1.0]]}
    feature = {"type": "Feature", "geometry": line, "properties": {}}
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}, "properties": {}}
    for document in (line, feature, {"type": "FeatureCollection", "features": [point, feature]}):
        assert geojson_points(json.dumps(document).encode(), "a.geojson") == [[0.0, 10.0], [1.0, 10.0]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "a.geojson: is no JSON"),
        (b'{"type": "Point", "coordinates": [0, 0]}', "one LineString is needed, came Point"),
        (b'{"type": "LineString", "coordinates": [[0, "x"], [1, 1]]}', r"positions of \[longitude, latitude\]"),
        (b"[]", "one LineString is needed, came no geometry"),
    ],
)
def test_what_is_no_line_is_said(content: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        geojson_points(content, "a.geojson")
