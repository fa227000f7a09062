"""What a network makes of its stations' magnitudes, and which kind it prefers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import fsum, sqrt

from detection.magnitude.moment import moment_magnitude
from detection.magnitude.settings import PREFERENCE, MagnitudeSettings
from houfeng.types import Magnitude, StationMagnitude

# So much of the stations is left out, half of it at either end; below 4 stations none is.
TRIMMED, MIN_TRIMMED = 0.25, 4
MEAN, TRIMMED_MEAN = "mean", "trimmed mean"

REFERENCES = {
    "ML": "Hutton & Boore 1987",
    "mb": "Gutenberg & Richter 1956",
    "Mwp": "Tsuboi et al. 1995",
    "Mw(Mwp)": "Whitmore et al. 2002",
    "Md": "Lee et al. 1972",
    "K": "Rautian 1960",
}


def trimmed_mean(values: Sequence[float]) -> float:
    """Mean of sorted values; from 4 values on without the outer 12.5 % at either end, fractions of a value included.

    The mean of 5 values counts the outermost by 1 - 5 * 0.125 = 0.375.
    """
    ordered = sorted(values)
    n_cut = TRIMMED / 2 * len(ordered) if len(ordered) >= MIN_TRIMMED else 0.0
    counts = [min(max(min(k, len(ordered) - 1 - k) + 1 - n_cut, 0.0), 1.0) for k in range(len(ordered))]
    return fsum(value * count for value, count in zip(ordered, counts, strict=True)) / fsum(counts)


def network_magnitudes(
    stations: Iterable[StationMagnitude], settings: MagnitudeSettings, *, error_km: float = 0.0
) -> tuple[Magnitude, ...]:
    """The network's magnitude of each kind, the preferred one first.

    Preferred is the first of Mw(Mwp), ML, mb, Md that at least `min_stations` stations tell, with a scatter of no more
    than `max_scatter`; Mw(Mwp) only from `mwp_smallest` on, and not where ML is below `mwp_least_ml`. If there is none,
    the first of them that any station tells. K is never preferred.

    Parameters
    ----------
    error_km : how far off the epicentre may be; beyond `max_error_km` every magnitude is flagged
    """
    found: dict[str, Magnitude] = {}
    used: dict[str, list[float]] = {}
    bounds: dict[str, list[float]] = {}
    for station in stations:
        if station.value is None:
            continue
        if station.is_used:
            used.setdefault(station.kind, []).append(station.value)
        elif station.snr is not None and station.snr < settings.min_snr:
            bounds.setdefault(station.kind, []).append(station.value)
    for kind, values in used.items():
        found[kind] = _network(kind, values, settings, error_km, bounds.get(kind, ()))
    if "Mwp" in found:
        found["Mwp"] = _held_against_ml(found["Mwp"], found.get("ML"), settings)
        found["Mw(Mwp)"] = _moment(found["Mwp"])
    preferred = _preferred(found, settings)
    if preferred is not None and "K" in settings.kinds:
        found["K"] = _energy_class(preferred, settings)
    rest = [found[kind] for kind in (*PREFERENCE, "Mwp", "K") if kind in found and found[kind] is not preferred]
    return (preferred, *rest) if preferred is not None else tuple(rest)


def _network(
    kind: str, values: list[float], settings: MagnitudeSettings, error_km: float, bounds: Sequence[float]
) -> Magnitude:
    """Of the stations used; `bounds` are what others would say whose noise is too large: no more than that it was."""
    n, value = len(values), trimmed_mean(values)
    centre = fsum(values) / n
    scatter = sqrt(fsum((value - centre) ** 2 for value in values) / (n - 1)) if n > 1 else None
    remark = ""
    if n < settings.min_stations:
        remark = f"stations: {n}, {settings.min_stations} needed"
    elif scatter is not None and scatter > settings.max_scatter:
        remark = f"scatter {scatter:.1f}, at most {settings.max_scatter:g} wanted"
    elif n_below := _contradicting(value, n, bounds, settings):
        remark = f"stations too noisy to be used that saw less: {n_below}"
    elif error_km > settings.max_error_km:
        remark = f"epicentre ± {error_km:.0f} km"
    method = TRIMMED_MEAN if n >= MIN_TRIMMED else MEAN
    return Magnitude(kind, value, scatter, n, method, REFERENCES[kind], remark)


def _contradicting(value: float, n_used: int, bounds: Sequence[float], settings: MagnitudeSettings) -> int:
    """How many stations saw less than the network's value is, noise included; 0 unless they are half as many as used.

    Then what the used ones saw is another event, nearer to them.
    """
    n_below = sum(bound < value - settings.max_scatter for bound in bounds)
    return n_below if 2 * n_below >= n_used else 0


def _held_against_ml(mwp: Magnitude, ml: Magnitude | None, settings: MagnitudeSettings) -> Magnitude:
    """Flagged where a sound ML says that the shock was too small for waves of 20 s."""
    if mwp.remark or ml is None or ml.remark or ml.value >= settings.mwp_least_ml:
        return mwp
    return replace(mwp, remark=f"ML is {ml.value:.1f}, {settings.mwp_least_ml:g} needed")


def _moment(mwp: Magnitude) -> Magnitude:
    scatter = None if mwp.scatter is None else moment_magnitude(mwp.scatter) - moment_magnitude(0.0)
    value = moment_magnitude(mwp.value)
    return Magnitude("Mw(Mwp)", value, scatter, mwp.n_stations, "from Mwp", REFERENCES["Mw(Mwp)"], mwp.remark)


def _preferred(found: dict[str, Magnitude], settings: MagnitudeSettings) -> Magnitude | None:
    wanted = [found[kind] for kind in PREFERENCE if kind in found]
    large = [m for m in wanted if m.kind != "Mw(Mwp)" or m.value >= settings.mwp_smallest]
    sound = [m for m in large if not m.remark]
    return next(iter([*sound, *large]), None)


def _energy_class(of: Magnitude, settings: MagnitudeSettings) -> Magnitude:
    """Energy class K = 1.8 M + 4 of Central Asian bulletins, of the preferred magnitude.

    References
    ----------
    Rautian (1960), K = 4 + 1.8 M; not confirmed for any of these M, which the remark says.
    """
    value = settings.k_slope * of.value + settings.k_constant
    scatter = None if of.scatter is None else settings.k_slope * of.scatter
    remark = f"K = {settings.k_slope:g} M + {settings.k_constant:g} is not confirmed"
    return Magnitude("K", value, scatter, of.n_stations, f"from {of.kind}", REFERENCES["K"], remark)
