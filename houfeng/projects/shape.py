"""Results of a project as JSON: the same bytes from the same inputs, wherever and whenever they are made."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np

from engineering.chain import LEAST_NOISE_S, LEAST_SIGNAL_S, N_AT_RAIL, TAPER
from engineering.codes import UNCONFIRMED, SpectrumTable
from engineering.corners import DEGREE, HIGHEST_HZ, HIGHEST_LOW_HZ, LEAST_SNR, MOST_DRIFT, N_POLES, SMOOTHING, SURE_HZ
from engineering.ending import FLAGGED, REFUSED, WINDOW_S
from engineering.exceedance import APART_S, exceedances
from engineering.fourier import METHOD, fourier_amplitudes, frequencies_hz
from engineering.intensity import CHINA_HZ, CHINA_N_POLES
from engineering.project import RouteTable, SiteTable
from houfeng import __version__
from houfeng.codes import all_synthetic
from houfeng.motion_shapes import record_shape
from houfeng.projects.places import CM, LONGEST_SHARE, measured_g, routes_shape, sites_shape, usable_s
from houfeng.projects.running import EARLY_S, EARLY_SHARE, EARTH_MODEL, Found, Record
from houfeng.times import format_ns

FORMAT = "houfeng assessment 1"
# Digits that a result has; rounding of the last bits of doubles never shows in them.
N_DIGITS = 6
_LIBRARIES = ("numpy", "scipy", "obspy")
_STRAIN_ASKED = "GB/T 50470's strain formulas were not checked against the standard"
_STRAIN_NOT_ASKED = "GB/T 50470's own strain formulas were not checked and are not used"
# Measured by tests/engineering/test_intensity_filters.py.
_FILTER = (
    "the standard names the band and no filter: two poles each way; others gave up to 0.1 more or less on five "
    "records, near 6, where the rule changes, up to 0.3"
)


def to_json(shape: dict[str, Any]) -> str:
    """Canonical text: keys in order, six significant digits, a line feed at the end."""
    return json.dumps(_rounded(shape), ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def project_shape(found: Found) -> dict[str, Any]:
    """Everything that is said of a project."""
    sites, routes = sites_shape(found), routes_shape(found)
    return {
        "format": FORMAT,
        "project": asdict(found.opened.project),
        "events": [_event(found, number) for number in range(len(found.opened.events))],
        "stations": [
            {
                "name": name,
                "latitude_deg": site.latitude_deg,
                "longitude_deg": site.longitude_deg,
                "n_records": sum(key[1] == name for key in found.records),
                "n_refused": sum(key[1] == name for key in found.refusals),
                "stands_in_from": _true_place(found, name),
                "is_synthetic": all_synthetic([name.partition(".")[0]]),
            }
            for name, site in sorted(found.stations.items())
        ],
        "records": [_record(found, found.records[key]) for key in sorted(found.records)],
        "refused": [asdict(found.refusals[key]) for key in sorted(found.refusals)],
        "sites": sites,
        "routes": routes,
        "unconfirmed": _unconfirmed(found, [*sites, *routes]),
        "provenance": {
            "versions": {"houfeng": __version__, "python": platform.python_version()}
            | {name: version(name) for name in _LIBRARIES},
            "inputs": [asdict(one) for one in sorted(found.opened.inputs)],
            "chain": _chain(),
        },
    }


def _true_place(found: Found, station: str) -> list[float] | None:
    """Latitude and longitude of a stand-in's records; None where a station is where it is."""
    site = found.true_sites.get(station)
    return None if site is None else [site.latitude_deg, site.longitude_deg]


def _event(found: Found, number: int) -> dict[str, Any]:
    event = found.opened.events[number]
    return {
        "name": event.name,
        "time": format_ns(event.time_ns),
        "latitude_deg": event.latitude_deg,
        "longitude_deg": event.longitude_deg,
        "depth_km": event.depth_km,
        "magnitude": event.magnitude,
        "magnitude_type": event.magnitude_type,
        "n_records": sum(key[0] == event.name for key in found.records),
        "n_refused": sum(key[0] == event.name for key in found.refusals),
    }


def _record(found: Found, record: Record) -> dict[str, Any]:
    one = record.assessment
    rate_hz = one.motion.rate_hz
    frequency_hz = frequencies_hz(rate_hz)
    amplitudes = fourier_amplitudes(one.motion.acceleration_m_s2, rate_hz, frequency_hz)
    names = [component.name for component in one.motion.components]
    measured = measured_g(one, found.opened.project.measured)
    return record_shape(one) | {
        "event": record.event,
        "station": record.station,
        "epicentre_km": record.distance_km,
        "onset": None if record.onset_ns is None else format_ns(record.onset_ns),
        "duration_s": one.motion.acceleration_m_s2.shape[-1] / rate_hz,
        "horizontal": {
            "pga_cm_s2": float(record.horizontal_m_s2.max()) * CM,
            "pgv_cm_s": float(record.horizontal_m_s.max()) * CM,
        },
        "usable_s": list(usable_s(one)),
        "measured_g": measured.tolist(),
        "exceedances": _exceedances(found, record),
        "fourier": {
            "method": METHOD,
            "frequencies_hz": frequency_hz.tolist(),
            "amplitudes_m_s": dict(zip(names, amplitudes.tolist(), strict=True)),
        },
    }


def _exceedances(found: Found, record: Record) -> list[dict[str, Any]]:
    asked = found.opened.project.thresholds
    rate_hz = record.assessment.motion.rate_hz
    of = [("pga_cm_s2", level, record.horizontal_m_s2) for level in asked.pga_cm_s2]
    of += [("pgv_cm_s", level, record.horizontal_m_s) for level in asked.pgv_cm_s]
    return [{"quantity": name} | asdict(exceedances(signal * CM, rate_hz, level)) for name, level, signal in of]


def _unconfirmed(found: Found, places: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    project = found.opened.project
    doubtful = {one["name"] for place in places for one in place["design"] if not one["by_the_code"]}
    rows = [{"what": one.name, "why": UNCONFIRMED[one.code]} for one in project.spectrum if one.name in doubtful]
    own: list[SpectrumTable | SiteTable | RouteTable] = [*project.spectrum, *project.site, *project.route]
    rows += [{"what": one.name, "why": one.unconfirmed} for one in own if one.unconfirmed]
    if any(record.assessment.china is not None for record in found.records.values()):
        rows.append({"what": "GB/T 17742-2020", "why": _FILTER})
    if project.route:
        is_asked = any(route.shear_speed_m_s is not None for route in project.route)
        rows.append({"what": "strain", "why": _STRAIN_ASKED if is_asked else _STRAIN_NOT_ASKED})
        if any(route.k1 is not None for route in project.route):
            rows.append({"what": "repairs", "why": "ALA (2001) is of water mains: a screening, not a design"})
    return rows


def _chain() -> dict[str, Any]:
    """What the processing was set to."""
    return {
        "clipped_from_n_samples_at_a_rail": N_AT_RAIL,
        "least_noise_s": LEAST_NOISE_S,
        "least_signal_s": LEAST_SIGNAL_S,
        "taper_each_side": TAPER,
        "smoothing_konno_ohmachi_b": SMOOTHING,
        "least_signal_over_noise": LEAST_SNR,
        "signal_over_noise_up_to_hz": SURE_HZ,
        "highest_low_corner_hz": HIGHEST_LOW_HZ,
        "highest_high_corner_hz": HIGHEST_HZ,
        "most_drift_of_displacement": MOST_DRIFT,
        "drift_polynomial_degree": DEGREE,
        "butterworth_poles_each_way": N_POLES,
        "psa_usable_up_to_share_of_longest_period": LONGEST_SHARE,
        "ending_window_s": WINDOW_S,
        "ending_flagged_above": FLAGGED,
        "ending_refused_above": REFUSED,
        "exceedances_apart_s": APART_S,
        "gb_t_17742_filter": f"Butterworth, {CHINA_N_POLES} poles each way, {CHINA_HZ[0]:g} to {CHINA_HZ[1]:g} Hz",
        "onsets": f"P of {EARTH_MODEL} less {EARLY_SHARE:.0%} and {EARLY_S:g} s",
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.{N_DIGITS}g}") if np.isfinite(value) else None
    return value
