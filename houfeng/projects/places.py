"""What records say of sites and of a pipeline's segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engineering.assessment import Assessment
from engineering.exceedance import compare
from engineering.measures import G_M_S2
from engineering.oscillator import Floats
from engineering.pipelines import apparent_speed_m_s, axial_strain, repairs_by_shaking, strain_gb_t_50470
from engineering.project import Measured, RouteTable, SiteTable
from engineering.routes import distance_km, segments
from houfeng.projects.running import Found, Record

# The chain's band-pass shapes PSA beyond this share of the longest period that it lets through.
LONGEST_SHARE = 0.8
UNKNOWN = "neither a record nor StationXML has a station of this name"
CM = 100.0


def sites_shape(found: Found) -> list[dict[str, Any]]:
    """Every site with its events."""
    return [_site(found, site) for site in found.opened.project.site]


def routes_shape(found: Found) -> list[dict[str, Any]]:
    """Every route with its segments, and their events."""
    return [_route(found, route) for route in found.opened.project.route]


def unknown_stations(found: Found) -> list[str]:
    """A line for each station that a place names and nothing tells of, with the key."""
    project = found.opened.project
    places = [(f"site[{number}]", site.stations) for number, site in enumerate(project.site, 1)]
    places += [(f"route[{number}]", route.stations) for number, route in enumerate(project.route, 1)]
    known = {*found.stations, *(station for _, station in found.refusals)}
    return [f"{key}.stations: {name}: {UNKNOWN}" for key, names in places for name in names if name not in known]


def usable_s(assessment: Assessment) -> tuple[float, float]:
    """Periods at which a record's horizontals tell of the ground."""
    bands = [one.band_hz for one in assessment.motion.components if one.azimuth_deg is not None]
    low_hz = max((band[0] for band in bands if band is not None), default=0.0)
    high_hz = min((band[1] for band in bands if band is not None), default=np.inf)
    return (1 / high_hz if high_hz else 0.0, LONGEST_SHARE / low_hz if low_hz else float(np.inf))


def measured_g(assessment: Assessment, measured: Measured) -> Floats:
    """The horizontal spectrum that is held against codes, g."""
    if measured is Measured.LARGER or assessment.rotd100_m_s2 is None or assessment.rotd50_m_s2 is None:
        level = [n for n, one in enumerate(assessment.motion.components) if one.azimuth_deg is not None]
        return np.asarray(assessment.psa_m_s2[level].max(axis=0) / G_M_S2)
    chosen = assessment.rotd100_m_s2 if measured is Measured.ROTD100 else assessment.rotd50_m_s2
    return chosen / G_M_S2


def _site(found: Found, site: SiteTable) -> dict[str, Any]:
    at = site.latitude_deg, site.longitude_deg
    return {
        "name": site.name,
        "latitude_deg": at[0],
        "longitude_deg": at[1],
        "site_class": site.site_class,
        "design": designs(found, site),
        "events": [_event(found, event.name, site, at) for event in found.opened.events],
    }


def designs(found: Found, place: SiteTable | RouteTable) -> list[dict[str, Any]]:
    """The design spectra of a place."""
    periods_s = found.oscillators.periods_s
    tables = [one for one in found.opened.project.spectrum if one.name in place.spectra]
    rows = []
    for table in tables:
        spectrum = table.on(place.site_class)
        values = spectrum.at(periods_s)
        rows.append(
            {
                "name": table.name,
                "title": spectrum.title,
                "by_the_code": spectrum.confirmed,
                "confirmed": spectrum.confirmed and not table.unconfirmed,
                "damping": table.share_of_critical,
                "psa_g": [None if np.isnan(value) else float(value) for value in values],
            }
        )
    return rows


def _route(found: Found, route: RouteTable) -> dict[str, Any]:
    points = found.opened.routes[route.name]
    pieces = []
    for piece in segments(points, route.segment_km):
        at = piece.latitude_deg, piece.longitude_deg
        events = [_event(found, event.name, route, at) for event in found.opened.events]
        for row in events:
            if row["station"] is not None:
                row |= _pipe(route, row["pga_cm_s2"] / CM, row["pgv_cm_s"] / CM, piece.to_km - piece.from_km)
        pieces.append(
            {
                "from_km": piece.from_km,
                "to_km": piece.to_km,
                "latitude_deg": at[0],
                "longitude_deg": at[1],
                "events": events,
            }
        )
    return {
        "name": route.name,
        "length_km": points[-1].km - points[0].km,
        "points": [[point.latitude_deg, point.longitude_deg, point.km] for point in points],
        "wave": str(route.wave),
        "speed_m_s": apparent_speed_m_s(route.wave) if route.speed_m_s is None else route.speed_m_s,
        "characteristic_period_s": route.characteristic_period_s,
        "shear_speed_m_s": route.shear_speed_m_s,
        "k1": route.k1,
        "strain_limit": route.strain_limit,
        "site_class": route.site_class,
        "design": designs(found, route),
        "segments": pieces,
    }


def _pipe(route: RouteTable, pga_m_s2: float, pgv_m_s: float, length_km: float) -> dict[str, Any]:
    velocity = np.array(pgv_m_s)
    strain = float(axial_strain(velocity, route.wave, route.speed_m_s))
    rate = None if route.k1 is None else float(repairs_by_shaking(velocity, route.k1))
    return {
        "strain": strain,
        "strain_over_limit": None if route.strain_limit is None else strain / route.strain_limit,
        "strain_gb_t_50470": _strain_gb_t_50470(route, pga_m_s2, pgv_m_s),
        "repairs_per_km": rate,
        "repairs": None if rate is None else rate * length_km,
    }


def _strain_gb_t_50470(route: RouteTable, pga_m_s2: float, pgv_m_s: float) -> float | None:
    if route.characteristic_period_s is None or route.shear_speed_m_s is None:
        return None
    ground = route.characteristic_period_s, route.shear_speed_m_s
    return float(strain_gb_t_50470(np.array(pga_m_s2), np.array(pgv_m_s), *ground))


def _event(found: Found, event: str, place: SiteTable | RouteTable, at: tuple[float, float]) -> dict[str, Any]:
    """The record that stands for a place in an event, and those that might have and do not."""
    passed_over: list[dict[str, Any]] = []
    for station, away_km in _standing_for(found, place.stations, at):
        record = found.records.get((event, station))
        if record is not None:
            row = {"event": event, "station": station, "station_km": away_km, "passed_over": passed_over}
            row["is_stand_in"] = station in found.true_sites
            return row | _peaks(record) | {"spectra": _comparisons(found, place, record)}
        refusal = found.refusals.get((event, station))
        reason = ("no record" if away_km is not None else UNKNOWN) if refusal is None else refusal.reason
        passed_over.append({"station": station, "station_km": away_km, "reason": reason})
    return {"event": event, "station": None, "station_km": None, "passed_over": passed_over}


def _standing_for(found: Found, named: Sequence[str], at: tuple[float, float]) -> Iterator[tuple[str, float | None]]:
    """Stations with their distance, where that is known: those that are named in their order, else the near ones."""
    away_km = {name: distance_km(site.latitude_deg, site.longitude_deg, *at) for name, site in found.stations.items()}
    if named:
        yield from ((name, away_km.get(name)) for name in named)
        return
    most_km = found.opened.project.records.max_station_km
    yield from sorted((item for item in away_km.items() if item[1] <= most_km), key=lambda item: (item[1], item[0]))


def _peaks(record: Record) -> dict[str, Any]:
    one = record.assessment
    return {
        "epicentre_km": record.distance_km,
        "pga_cm_s2": float(record.horizontal_m_s2.max()) * CM,
        "pgv_cm_s": float(record.horizontal_m_s.max()) * CM,
        "china_gb_t_17742": one.china,
        "usable_s": list(usable_s(one)),
    }


def _comparisons(found: Found, place: SiteTable | RouteTable, record: Record) -> list[dict[str, Any]]:
    periods_s = found.oscillators.periods_s
    measured = measured_g(record.assessment, found.opened.project.measured)
    rows = []
    for table in found.opened.project.spectrum:
        if table.name not in place.spectra:
            continue
        row: dict[str, Any] = {"name": table.name, "not_compared": ""}
        rows.append(row)
        if table.share_of_critical != found.oscillators.damping:
            of = f"{table.share_of_critical:.0%} and {found.oscillators.damping:.0%}"
            row["not_compared"] = f"design and measured spectra have damping of {of}"
            continue
        made = compare(periods_s, measured, table.on(place.site_class).at(periods_s), usable_s(record.assessment))
        at = made.largest
        row |= {
            "n_compared": made.n_compared,
            "n_not_compared": len(periods_s) - made.n_compared,
            "largest_ratio": None if at is None else float(made.ratio[at]),
            "at_period_s": None if at is None else float(periods_s[at]),
            "exceeded_s": [list(span) for span in made.exceeded_s],
            "ratio": [None if np.isnan(value) else float(value) for value in made.ratio],
        }
    return rows
