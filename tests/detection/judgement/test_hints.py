"""Hints of an event's type: onsets of events at known places, and areas where somebody blasts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.geodetics import locations2degrees
from obspy.taup import TauPyModel

from detection.judgement.blasts import blast_reasons
from detection.judgement.judge import judge
from detection.judgement.settings import BlastArea, JudgementSettings
from detection.judgement.teleseisms import plane_wave
from detection.location.geometry import displaced
from detection.location.locator import Locator
from detection.settings import LocationSettings
from houfeng.errors import ConfigError
from houfeng.times import parse_ns, seconds_ns
from houfeng.types import Event, Origin, Pick, SourceId
from stations.inventory import Site

ORIGIN_NS = parse_ns("2026-03-06T04:30:00Z")  # a Friday
MODEL = TauPyModel("ak135")
DEFAULT = JudgementSettings()


def network(n: int = 9, radius_km: float = 150.0) -> dict[str, Site]:
    """Stations in two rings about 42 N, 75 E."""
    sites = {}
    for i in range(n):
        r, azimuth = radius_km * (0.4 if i % 2 else 1.0), 2 * np.pi * i / n
        lat, lon = map(float, displaced(42.0, 75.0, r * np.cos(azimuth), r * np.sin(azimuth)))
        sites[f"XX.S{i}"] = Site(f"XX.S{i}", lat, lon, 0.0)
    return sites


def seen(
    place: tuple[float, float, float],
    sites: dict[str, Site],
    *,
    band: str = "1-4 Hz",
    scatter_s: float = 0.1,
    with_s: bool = False,
) -> Event:
    """What the stations read of an event, by ObsPy's travel times."""
    rng = np.random.default_rng(2)
    picks = []
    for site in sites.values():
        distance_deg = locations2degrees(place[0], place[1], site.latitude_deg, site.longitude_deg)
        for phase in "PS" if with_s else "P":
            names = ["p", "P", "Pdiff"] if phase == "P" else ["s", "S"]
            travel_s = MODEL.get_travel_times(place[2], distance_deg, names)[0].time + rng.normal(0, scatter_s)
            source_id = SourceId("XX", site.station_id[3:], "", "BHZ")
            onset_ns = ORIGIN_NS + seconds_ns(travel_s)
            picks.append(Pick(onset_ns, source_id, phase, "aic", 1, 0.1, 9.0, band, onset_ns))
    return Event(tuple(sorted(picks)))


def hint(event: Event, sites: dict[str, Site]) -> str:
    located = Locator(LocationSettings(), sites).locate(event)
    assert (located.type_hint == "") == (located.type_reasons == ())
    return located.type_hint


@pytest.mark.parametrize(
    "place",
    [
        (12.0, 125.0, 33.0),  # the Philippines, 51 degrees
        (38.0, 142.0, 40.0),  # Tohoku, 51 degrees
        (36.0, 30.0, 100.0),  # Cyprus, 36 degrees
        (-6.0, 130.0, 300.0),  # the Banda Sea, 71 degrees
    ],
)
def test_far_events_are_teleseisms(place: tuple[float, float, float]) -> None:
    sites = network()
    assert hint(seen(place, sites), sites) == "teleseism"


@pytest.mark.parametrize(
    ("place", "band"),
    [
        ((42.3, 75.2, 12.0), "3-10 Hz"),
        ((42.3, 75.2, 12.0), "1-4 Hz"),
        ((43.5, 78.0, 15.0), "1-4 Hz"),  # 250 km
        ((36.5, 71.0, 200.0), "1-4 Hz"),  # the Hindu Kush, 700 km: deep, but not far
        ((30.0, 80.0, 20.0), "1-4 Hz"),  # 13 degrees
        ((42.0, 75.1, 190.0), "1-4 Hz"),  # straight below
    ],
)
def test_near_events_are_not(place: tuple[float, float, float], band: str) -> None:
    sites = network()
    assert hint(seen(place, sites, band=band), sites) == ""
    assert hint(seen(place, sites, band=band, with_s=True), sites) == ""


def test_high_frequencies_are_no_teleseisms() -> None:
    sites = network()
    event = seen((12.0, 125.0, 33.0), sites, band="8-25 Hz")
    assert hint(event, sites) == ""
    assert hint(replace(event, picks=tuple(replace(p, band="1-4 Hz") for p in event.picks)), sites) == "teleseism"


def test_without_a_place_velocity_and_frequency_must_agree() -> None:
    """A small network whose ellipse is too long to tell, or that has no origin at all."""
    sites = network(6, 40.0)
    far = seen((12.0, 125.0, 33.0), sites)
    said = judge(far, DEFAULT, sites)
    assert said.type_hint == "teleseism"
    assert [reason.split(" ")[0] for reason in said.type_reasons] == ["apparent", "onsets"]
    assert judge(replace(far, picks=far.picks[:3]), DEFAULT, sites).type_hint == ""
    middle = replace(far, picks=tuple(replace(pick, band="2-10 Hz") for pick in far.picks))
    assert judge(middle, DEFAULT, sites).type_hint == ""
    assert judge(seen((42.4, 75.0, 10.0), sites), DEFAULT, sites).type_hint == ""
    # S soon after P
    below = seen((42.0, 75.0, 250.0), sites, with_s=True)
    assert judge(below, DEFAULT, sites).type_hint == ""


@pytest.mark.parametrize("distance_deg", [25.0, 40.0, 80.0])
def test_the_apparent_velocity_is_that_of_the_earth_model(distance_deg: float) -> None:
    """Ray parameters of ak135 by TauP."""
    sites = network(9, 60.0)
    lat, lon = map(float, displaced(42.0, 75.0, -distance_deg * 111.195, 0.0))
    wave = plane_wave(seen((lat, lon, 10.0), sites, scatter_s=0.0).picks, sites)
    assert wave is not None
    ray = MODEL.get_travel_times(10.0, distance_deg, ["P"])[0].ray_param_sec_degree
    assert wave.velocity_km_s == pytest.approx(111.195 / ray, rel=0.03)
    assert wave.least_km_s <= wave.velocity_km_s


def test_stations_in_a_line_have_no_plane_wave() -> None:
    sites = {f"XX.S{i}": Site(f"XX.S{i}", 42.0 + 0.1 * i, 75.0, 0.0) for i in range(5)}
    assert plane_wave(seen((12.0, 125.0, 33.0), sites).picks, sites) is None


QUARRY: dict[str, Any] = {"name": "Kurmenty", "hours": (9.0, 17.0), "utc_offset_h": 6.0, "max_depth_km": 5.0}
CIRCLE = BlastArea(latitude_deg=42.0, longitude_deg=75.0, radius_km=5.0, **QUARRY)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def at(time: str, lat: float = 42.0, lon: float = 75.0, depth_km: float = 1.0, *, is_fixed: bool = False) -> Origin:
    depth_error_km = None if is_fixed else 2.0
    errors = (0.1, 2.0, 1.0, 0.0, 0.1, 80.0, 3.0)
    return Origin(parse_ns(time), lat, lon, depth_km, depth_error_km, *errors, "ak135", "KYRGYZSTAN")


def test_a_blast_is_one_by_place_hour_and_depth() -> None:
    noon = "2026-03-06T04:30:00Z"
    assert blast_reasons(at(noon), [CIRCLE]) == (
        "in known blast area Kurmenty",
        "fri 10:30 local time, hours 9 to 17",
        "1 km deep",
    )
    assert blast_reasons(at(noon, depth_km=10.0, is_fixed=True), [CIRCLE])[2] == "depth fixed"
    for other in (at(noon, lat=42.05), at(noon, lon=75.07), at(noon, depth_km=6.0), at("2026-03-06T12:00:00Z")):
        assert blast_reasons(other, [CIRCLE]) == ()
    assert blast_reasons(at(noon), []) == ()


@pytest.mark.parametrize("hour", range(0, 24, 3))
@pytest.mark.parametrize("day", range(1, 8))
def test_local_days_and_hours_are_those_of_the_calendar(day: int, hour: int) -> None:
    utc = UTCDateTime(2026, 3, day, hour, 30)
    local = utc + 6 * 3600
    expected = local.weekday < 5 and 9 <= local.hour < 17
    area = replace(CIRCLE, days=WEEKDAYS)
    assert bool(blast_reasons(at(f"{utc.isoformat()}Z"), [area])) == expected
    night = replace(CIRCLE, hours=(22.0, 4.0), days=WEEKDAYS)
    began = local if local.hour >= 22 else local - 86400
    expected = (local.hour >= 22 or local.hour < 4) and began.weekday < 5
    assert bool(blast_reasons(at(f"{utc.isoformat()}Z"), [night])) == expected


def test_polygons_hold_what_is_inside() -> None:
    corner = BlastArea(polygon=((42.0, 75.0), (42.2, 75.0), (42.2, 75.3), (42.1, 75.1), (42.0, 75.3)), **QUARRY)
    noon = "2026-03-06T04:30:00Z"
    inside, outside = ((42.1, 75.05), (42.18, 75.25), (42.02, 75.25)), ((42.1, 75.2), (41.9, 75.1), (42.1, 74.9))
    assert all(blast_reasons(at(noon, *place), [corner]) for place in inside)
    assert not any(blast_reasons(at(noon, *place), [corner]) for place in outside)


def test_a_blast_stays_an_event() -> None:
    sites = network(9, 30.0)
    event = seen((42.0, 75.0, 2.0), sites, band="3-10 Hz", scatter_s=0.0)
    settings = JudgementSettings(blast_area=(CIRCLE,))
    said = Locator(LocationSettings(), sites, settings).locate(event)
    assert said.type_hint == "possible blast"
    plain = Locator(LocationSettings(), sites).locate(event)
    assert replace(said, type_hint="", type_reasons=()) == plain
    assert plain.origin is not None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": " "}, "name: the name of the place is needed"),
        (
            {"radius_km": None},
            "polygon: it or latitude_deg, longitude_deg and radius_km is needed, 2 of the three came",
        ),
        ({"polygon": ((1.0, 1.0), (2.0, 2.0), (1.0, 2.0))}, "a polygon or a circle, not both"),
        ({"latitude_deg": 91.0}, "latitude_deg: -90 to 90 is needed"),
        ({"radius_km": 0.0}, "radius_km: more than 0 km is needed"),
        ({"hours": (9.0, 25.0)}, "hours: 0 to 24 is needed"),
        ({"hours": (9.0, 9.0)}, "hours: two different hours is needed"),
        ({"days": ("monday",)}, "days: one of mon, tue"),
        ({"days": ()}, "days: at least one day"),
        ({"utc_offset_h": 15.0}, "utc_offset_h: -12 to 14"),
        ({"max_depth_km": -1.0}, "max_depth_km: 0 km or more"),
    ],
)
def test_wrong_areas_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(CIRCLE, **values)


def test_areas_have_names_of_their_own() -> None:
    with pytest.raises(ConfigError, match="'Kurmenty' came twice"):
        JudgementSettings(blast_area=(CIRCLE, CIRCLE))
