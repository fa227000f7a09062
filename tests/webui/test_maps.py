"""The map: places where Mercator has them, land where there is land, and a frame that holds every station."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from matplotlib.path import Path as Outline

import houfeng.geography
from database import queries
from database.records import StationRow
from database.store import Store
from houfeng.geography import land, mercator_deg
from stations.health import Metrics, State
from webui.maps import HEIGHT, WIDTH, drawn, of_event

FOLDER = Path(houfeng.geography.__file__).parent / "world-atlas"
ROW = StationRow("KR.NRN", "Naryn", "KG", 41.42, 75.97, 2120.0, State.OK, "", None, None, "full", Metrics())


def at(station_id: str, latitude_deg: float | None, longitude_deg: float | None, state: State = State.OK) -> StationRow:
    return replace(ROW, station_id=station_id, latitude_deg=latitude_deg, longitude_deg=longitude_deg, state=state)


def is_land(path: str, x: float, y: float) -> bool:
    """By the even-odd rule, as matplotlib decides for each outline."""
    rings = [re.findall(r"(-?[\d.]+) (-?[\d.]+)", ring) for ring in path.split("Z") if ring]
    return sum(Outline(np.array(ring, float)).contains_point((x, y)) for ring in rings) % 2 == 1


def test_the_outlines_are_those_of_natural_earth() -> None:
    sums = dict(reversed(line.split()) for line in (FOLDER / "SHA256SUMS").read_text().splitlines())
    assert sums == {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in sums}
    assert "land-50m.json" in sums


def test_mercator_keeps_angles() -> None:
    assert mercator_deg(0.0) == pytest.approx(0, abs=1e-12)
    for latitude_deg in (-60.0, 30.0, 75.0):
        step = (mercator_deg(latitude_deg + 1e-4) - mercator_deg(latitude_deg - 1e-4)) / 2e-4
        assert step == pytest.approx(1 / np.cos(np.radians(latitude_deg)), rel=1e-6)


@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg", "expected"),
    [
        (3.1, 101.7, True),  # Kuala Lumpur
        (-6.3, 106.9, True),  # Jakarta
        (20.0, 96.0, True),  # Myanmar
        (15.0, 88.0, False),  # Bay of Bengal
        (0.0, 90.0, False),
        (42.0, 51.0, False),  # the Caspian Sea
        (-25.0, 134.0, True),  # Australia
        (-17.8, 178.0, True),  # Fiji, by the antimeridian
    ],
)
def test_land_is_land_and_sea_is_sea(latitude_deg: float, longitude_deg: float, expected: bool) -> None:
    west_deg, north = 40.0, float(mercator_deg(50.0))
    east_deg, south = 200.0, float(mercator_deg(-45.0))
    path = land(west_deg, east_deg, south, north, 1600)
    x, y = (longitude_deg - west_deg) * 10, (north - float(mercator_deg(latitude_deg))) * 10
    assert is_land(path, x, y) is expected


@pytest.mark.parametrize("shift_deg", [0.0, 75.0, 179.9, -179.9, 300.0])
def test_every_station_is_on_the_map_wherever_the_network_lies(shift_deg: float) -> None:
    longitudes = [(degrees + shift_deg + 180) % 360 - 180 for degrees in (-20.0, 0.0, 25.0)]
    rows = [at(f"XX.S{k}", 10.0 * k, longitude) for k, longitude in enumerate(longitudes)]
    chart = drawn(rows, [], now_ns=0)
    assert chart is not None
    marks = {mark.row.station_id: mark for mark in chart.stations}
    assert [marks[f"XX.S{k}"].x for k in range(3)] == sorted(mark.x for mark in chart.stations)
    assert all(0 < mark.x < WIDTH and 0 < mark.y < HEIGHT for mark in chart.stations)
    scale = (marks["XX.S2"].x - marks["XX.S0"].x) / 45.0
    assert marks["XX.S1"].x - marks["XX.S0"].x == pytest.approx(20 * scale, abs=0.2)
    assert marks["XX.S0"].y - marks["XX.S1"].y == pytest.approx(float(mercator_deg(10.0)) * scale, abs=0.2)


def test_the_worst_are_drawn_last_and_those_without_a_place_are_counted() -> None:
    rows = [at("A.B", 1.0, 1.0, State.BAD), at("A.W", 1.0, 1.1, State.WARN), at("A.O", 1.0, 1.2), at("A.N", None, None)]
    chart = drawn(rows, [], now_ns=0)
    assert chart is not None
    assert [mark.row.state for mark in chart.stations] == [State.OK, State.WARN, State.BAD]
    assert chart.n_unplaced == 1
    assert drawn([at("A.N", None, None)], [], now_ns=0) is None


@pytest.mark.parametrize("longitude", np.linspace(11.0, 11.2, 21))
def test_no_label_of_the_grid_is_cut_at_the_edge(longitude: float) -> None:
    chart = drawn([at("A.B", 48.0 + longitude - 11, longitude), at("A.C", 48.2, longitude + 0.3)], [], now_ns=0)
    assert chart is not None
    assert all(line.at < WIDTH - 80 for line in chart.meridians if line.label)
    assert all(line.at > 24 for line in chart.parallels if line.label)
    assert any(line.label for line in chart.meridians)


def test_a_single_station_has_a_map_with_a_grid() -> None:
    chart = drawn([at("A.B", 48.0, 11.6)], [], now_ns=0)
    assert chart is not None
    assert 2 <= len(chart.meridians) <= 8
    assert 2 <= len(chart.parallels) <= 8
    assert {line.label for line in chart.parallels} >= {"48° N"}


def test_of_many_stations_those_that_are_ok_are_dots_and_the_others_links() -> None:
    rows = [at(f"XX.S{n:03}", 40 + n / 100, 70 + n / 50) for n in range(400)]
    rows[7] = at("XX.S007", 41.0, 71.0, State.BAD)
    few, many = drawn(rows[:100], [], 0), drawn(rows, [], 0)
    assert few
    assert (len(few.stations), few.quiet, few.n_placed) == (100, "", 100)
    assert many
    assert [mark.row.station_id for mark in many.stations] == ["XX.S007"]
    assert many.quiet.count("M") == 399
    assert many.n_placed == 400


def test_names_lie_on_nothing() -> None:
    """Stations that stand close together: each name is read, or is left to the mark's own title."""
    chance = np.random.default_rng(7)
    places = [(38.0, 68.0), (40.0, 72.0), *chance.uniform((38.5, 69.0), (39.0, 70.0), (48, 2)).tolist()]
    chart = drawn([at(f"SY.{number:04}", *place, State.BAD) for number, place in enumerate(places)], [], 0)
    assert chart is not None
    boxes = []
    for mark in chart.stations:
        if mark.name:
            wide = 6.2 * len(mark.row.station_id)
            left = mark.x + mark.name.x - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.name.anchor]
            boxes.append((left, mark.y + mark.name.y - 8, left + wide, mark.y + mark.name.y))
    assert 10 < len(boxes) < 50
    marks = [(mark.x - 6, mark.y - 6, mark.x + 6, mark.y + 6) for mark in chart.stations]
    for number, box in enumerate(boxes):
        others = [*boxes[:number], *marks]
        assert not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in others)
        assert box[0] >= 0 and box[1] >= 0 and box[2] <= WIDTH and box[3] <= HEIGHT


def test_an_event_is_on_its_map_with_the_stations_that_heard_it(client: FlaskClient, filled: Store) -> None:
    with filled.read() as snapshot:
        (event,) = queries.events(snapshot, run_id="run/live")
    page = client.get(f"/events/{event.public_id}").text
    (circle,) = re.findall(r'<circle class="shock" cx="([\d.]+)" cy="([\d.]+)"', page)
    heard = dict(re.findall(r"<title>\w+ (\S+) [^<]*</title><use [^>]*( x=[^>]*)/>", page))
    assert set(heard) == {"KR.NRN", "II.AAK", "IC.LSA"}  # IM.BDK did not hear it
    assert 0 < float(circle[0]) < WIDTH and 0 < float(circle[1]) < HEIGHT
    # far from all of them it is still inside
    far = replace(event, origin=replace(event.origin, latitude_deg=-5.0, longitude_deg=140.0))  # type: ignore[type-var]
    chart = of_event([at("KR.NRN", 41.42, 75.97)], far)
    assert chart is not None
    (shock,), (mark,) = chart.events, chart.stations
    assert mark.x < shock.x < WIDTH and mark.y < shock.y < HEIGHT
    assert shock.opacity == 1  # on its own page it does not fade
    assert of_event([], replace(event, origin=None)) is None
