"""Hypocentres of synthetic onsets, whose truth is known, and of analysts' readings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detection.location.geometry import displaced, distance_azimuth
from detection.location.hypocentre import gap_deg, locate
from detection.location.model import EarthModel
from detection.location.onsets import Onset, weighted_median
from detection.location.traveltime import PHASES, TravelTimes, published
from houfeng.times import NS_PER_S, parse_ns, seconds_ns
from houfeng.types import Origin
from stations.inventory import Site

ORIGIN_NS = parse_ns("2026-03-01T04:05:06Z")


def network(n: int, rng: np.random.Generator, radius_km: float = 150.0) -> list[Site]:
    """Stations strewn about 42 N, 75 E."""
    places = zip(radius_km * np.sqrt(rng.uniform(0, 1, n)), rng.uniform(0, 2 * np.pi, n), strict=True)
    sites = []
    for number, (r, azimuth) in enumerate(places):
        lat, lon = map(float, displaced(42.0, 75.0, r * np.cos(azimuth), r * np.sin(azimuth)))
        sites.append(Site(f"XX.S{number:02d}", lat, lon, float(rng.uniform(0, 3000))))
    return sites


def onsets_of(
    place: tuple[float, float, float], sites: list[Site], rng: np.random.Generator, sigma_s: float, phases: str = "PS"
) -> list[Onset]:
    """What stations read of an event at latitude, longitude and depth."""
    times, made = published("ak135"), []
    for site in sites:
        for phase in phases:
            distance_km, _ = distance_azimuth(place[0], place[1], site.latitude_deg, site.longitude_deg)
            index = np.array(PHASES.index(phase))
            travel_s = float(times(index, np.array(place[2]), distance_km, np.array(site.elevation_m / 1000)).time_s)
            onset_ns = ORIGIN_NS + seconds_ns(travel_s + rng.normal(0, sigma_s))
            made.append(Onset(site, phase, onset_ns, max(sigma_s, 0.02)))
    return made


def off_km(found: Origin, lat: float, lon: float) -> float:
    return float(distance_azimuth(found.latitude_deg, found.longitude_deg, lat, lon)[0])


def found(onsets: list[Onset], times: TravelTimes | None = None) -> Origin:
    located = locate(onsets, times or published("ak135"))
    assert located is not None
    return located.origin


@pytest.mark.parametrize("seed", range(8))
def test_exact_onsets_give_the_place_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lat, lon = map(float, displaced(42.0, 75.0, *rng.uniform(-120, 120, 2)))
    depth_km = float(rng.uniform(2, 60))
    hypocentre = found(onsets_of((lat, lon, depth_km), network(10, rng), rng, 0.0))
    assert off_km(hypocentre, lat, lon) < 0.05
    assert hypocentre.depth_km == pytest.approx(depth_km, abs=0.1)
    assert hypocentre.time_ns == pytest.approx(ORIGIN_NS, abs=0.02 * NS_PER_S)
    assert hypocentre.rms_s < 0.01


@pytest.mark.parametrize(("north_km", "east_km", "depth_km"), [(2500.0, 1500.0, 33.0), (-5000.0, 3000.0, 120.0)])
def test_far_events_are_found_far_away(north_km: float, east_km: float, depth_km: float) -> None:
    rng = np.random.default_rng(3)
    lat, lon = map(float, displaced(42.0, 75.0, north_km, east_km))
    hypocentre = found(onsets_of((lat, lon, depth_km), network(14, rng, 500.0), rng, 0.0))
    assert off_km(hypocentre, lat, lon) < hypocentre.semi_major_km < 0.05 * np.hypot(north_km, east_km)
    assert hypocentre.gap_deg > 180


def test_one_wrong_onset_leads_nobody_astray() -> None:
    rng = np.random.default_rng(5)
    onsets = onsets_of((42.3, 75.4, 12.0), network(9, rng), rng, 0.05)
    wrong = onsets[4]
    onsets[4] = Onset(wrong.site, wrong.phase, wrong.time_ns + 6 * NS_PER_S, wrong.uncertainty_s)
    located = locate(onsets, published("ak135"))
    assert located is not None
    assert off_km(located.origin, 42.3, 75.4) < 2.0
    weights = {(arrival.station_id, arrival.phase): arrival.weight for arrival in located.arrivals}
    assert weights.pop((wrong.site.station_id, wrong.phase)) < 0.15
    assert min(weights.values()) > 0.5


def test_nine_of_ten_ellipses_hold_the_truth() -> None:
    rng = np.random.default_rng(11)
    n, inside, deep_enough, n_free = 150, 0, 0, 0
    for _ in range(n):
        lat, lon = map(float, displaced(42.0, 75.0, *rng.uniform(-100, 100, 2)))
        sites = network(8, rng)
        # what a reading and the model are off by, as `Onsets` expects it
        onsets = onsets_of((lat, lon, 15.0), sites, rng, 0.0)
        moved = [Onset(o.site, o.phase, o.time_ns + seconds_ns(rng.normal(0, 0.3)), 0.1) for o in onsets]
        hypocentre = found(moved)
        distance_km, azimuth = distance_azimuth(hypocentre.latitude_deg, hypocentre.longitude_deg, lat, lon)
        angle = np.radians(azimuth - hypocentre.major_azimuth_deg)
        along, across = distance_km * np.cos(angle), distance_km * np.sin(angle)
        inside += (along / hypocentre.semi_major_km) ** 2 + (across / hypocentre.semi_minor_km) ** 2 < 1
        if hypocentre.depth_error_km is not None:
            n_free += 1
            deep_enough += abs(hypocentre.depth_km - 15.0) < hypocentre.depth_error_km
    assert 0.84 <= inside / n <= 1.0
    assert n_free > n / 2
    assert 0.84 <= deep_enough / n_free <= 1.0


def test_the_order_of_the_onsets_changes_no_bit() -> None:
    rng = np.random.default_rng(7)
    onsets = onsets_of((41.8, 74.6, 18.0), network(7, rng), rng, 0.2)
    first = locate(onsets, published("ak135"))
    for _ in range(3):
        assert locate([onsets[i] for i in rng.permutation(len(onsets))], published("ak135")) == first


def test_two_stations_locate_nothing() -> None:
    rng = np.random.default_rng(1)
    assert locate(onsets_of((42.0, 75.0, 10.0), network(2, rng), rng, 0.0), published("ak135")) is None


def test_three_p_onsets_leave_the_depth_open() -> None:
    rng = np.random.default_rng(2)
    sites = [Site(f"XX.T{n}", lat, lon, 0.0) for n, (lat, lon) in enumerate([(42.5, 75), (41.6, 74.4), (41.7, 75.7)])]
    hypocentre = found(onsets_of((42.0, 75.1, 10.0), sites, rng, 0.0, "P"))
    assert hypocentre.depth_error_km is None
    assert hypocentre.depth_km == 10.0
    assert off_km(hypocentre, 42.0, 75.1) < 1.0
    assert hypocentre.semi_major_km > 2


def test_gaps_are_measured_round_the_compass() -> None:
    assert gap_deg(np.array([350.0, 10.0, 100.0])) == pytest.approx(250)
    assert gap_deg(np.array([42.0])) == pytest.approx(360)


def test_the_weighted_median_is_where_half_of_the_weight_lies() -> None:
    values, weights = np.array([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0]]), np.array([[1.0, 1.0, 1.0], [5.0, 1.0, 1.0]])
    assert weighted_median(values, weights).tolist() == [2.0, 3.0]


def neic_onsets(path: Path) -> list[Onset]:
    """The first P and S of each station that NEIC used."""
    first: dict[tuple[str, str], Onset] = {}
    for pick in json.loads(path.read_text())["InputData"]:
        phase = pick.get("LocatedPhase", pick.get("AssociatedPhase", pick.get("PickedPhase")))
        if not pick["Use"] or phase not in {"P", "Pg", "Pn", "Pb", "S", "Sg", "Sn", "Sb"}:
            continue
        at = pick["Site"]
        site = Site(f"{at['Network']}.{at['Station']}", at["Latitude"], at["Longitude"], at["Elevation"])
        onset = Onset(site, phase[0], parse_ns(pick["Time"]), 0.1 if phase[0] == "P" else 0.2)
        key = (site.station_id, phase[0])
        if key not in first or onset.time_ns < first[key].time_ns:
            first[key] = onset
    return list(first.values())


@pytest.mark.data
def test_neic_events_are_where_neic_has_them(shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("locator_neic")
    offs_km = {}
    for name in ("wus", "cus", "global"):
        theirs = json.loads((folder / f"{name}Verification.json").read_text())["Hypocenter"]
        hypocentre = found(neic_onsets(folder / f"{name}Input.json"))
        offs_km[name] = off_km(hypocentre, theirs["Latitude"], theirs["Longitude"])
    assert offs_km["wus"] < 5
    assert offs_km["cus"] < 5
    assert offs_km["global"] < 30  # Chile, from stations of one side alone; NEIC held the depth
    assert float(np.median(list(offs_km.values()))) < 10


def hypo71_onsets(folder: Path, name: str) -> list[Onset]:
    """P and S cards of HYPO71 (columns as in its manual), with the stations of its listing."""
    listing = next(folder.glob("*03.51.phs.prt")).read_text(errors="replace")
    row = re.compile(r"^\s+\d+\s+(\w+)\s+(\d\d)(\d\d\.\d\d)N\s+(\d\d)\s*(\d{1,2}\.\d\d)E", re.MULTILINE)
    # their programme knew no elevations
    sites = {
        code: Site(code, int(a) + float(b) / 60, int(c) + float(d) / 60, 0.0)
        for code, a, b, c, d in row.findall(listing)
    }
    sigma_s = {" ": 0.05, "0": 0.05, "1": 0.1, "2": 0.2, "3": 0.5}
    onsets = []
    for card in (folder / name).read_text().splitlines():
        if len(card) < 24 or (site := sites.get(card[:4].strip())) is None:
            continue
        minute_ns = parse_ns(f"20{card[9:11]}-{card[11:13]}-{card[13:15]}T{card[15:17]}:{card[17:19]}:00Z")
        for phase, seconds, weight in (("P", card[19:24], card[7]), ("S", card[31:36].strip(), card[39:40] or " ")):
            if seconds and weight in sigma_s:
                onsets.append(Onset(site, phase, minute_ns + seconds_ns(float(seconds)), sigma_s[weight]))
    return onsets


@pytest.mark.data
@pytest.mark.parametrize(
    ("cards", "lat", "lon", "depth_km", "origin", "limit_km", "limit_s"),
    [
        ("2010.01.18-17.03.51.phs", 38 + 24.81 / 60, 21 + 54.66 / 60, 7.63, "2010-01-18T17:04:06.39Z", 1.5, 0.3),
        ("2010.01.20-08.10.27.phs", 38 + 24.21 / 60, 21 + 58.25 / 60, 7.11, "2010-01-20T08:10:41.27Z", 1.5, 0.3),
        # nine onsets, most of stations to the south-east
        ("2010.01.18-17.03.51.pha", 38 + 28.85 / 60, 21 + 56.50 / 60, 9.14, "2010-01-18T17:03:59.45Z", 10.0, 1.5),
    ],
)
def test_corinth_events_are_where_the_analysts_have_them(
    shared_data: Callable[[str], Path],
    cards: str,
    lat: float,
    lon: float,
    depth_km: float,
    origin: str,
    limit_km: float,
    limit_s: float,
) -> None:
    layers = [(0.0, 4.8), (4.0, 5.2), (7.2, 5.8), (8.2, 6.1), (10.4, 6.3), (15.0, 6.5), (30.0, 8.0)]
    times = TravelTimes(EarthModel.layered("Corinth Rift", [(top, vp, vp / 1.8) for top, vp in layers]))
    hypocentre = found(hypo71_onsets(shared_data("corinth2010") / "bulletin", cards), times)
    assert off_km(hypocentre, lat, lon) < limit_km
    assert hypocentre.time_ns == pytest.approx(parse_ns(origin), abs=limit_s * NS_PER_S)
    assert hypocentre.depth_km == pytest.approx(depth_km, abs=1.5)


@pytest.mark.parametrize("place", [(12.0, 125.0, 33.0), (38.0, 142.0, 40.0), (36.0, 30.0, 60.0), (-6.0, 130.0, 100.0)])
def test_p_waves_alone_tell_that_an_event_is_far(place: tuple[float, float, float]) -> None:
    """51, 51, 36 and 71 degrees from nine stations: not among these, and within what the ellipse says."""
    rng = np.random.default_rng(2)
    hypocentre = found(onsets_of(place, network(9, rng), rng, 0.1, "P"))
    assert off_km(hypocentre, place[0], place[1]) < 2 * hypocentre.semi_major_km
    assert hypocentre.nearest_km > 3000
    assert hypocentre.rms_s < 0.3
