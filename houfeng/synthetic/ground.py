"""How the ground of one station moves, and what its nominal seismometer makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

from detection.magnitude.local import wood_anderson
from detection.magnitude.settings import MagnitudeSettings
from detection.plan import Floats
from houfeng.synthetic.settings import SimulationSettings
from houfeng.synthetic.truth import Shock, arrivals_s, distances_km
from stations.inventory import Site
from stations.response import grid_hz

Complexes = NDArray[np.complex128]

COMPONENTS = "ZNE"
# A seismometer that is flat to ground velocity from 120 s on, 0.707 of critical damping, and its digitiser.
CORNER_HZ = 1 / 120
POLES = tuple(2 * np.pi * CORNER_HZ * (-(0.5**0.5) + sign * 1j * 0.5**0.5) for sign in (1, -1))
ZEROS = (0j, 0j)
VOLTS_PER_M_S = 1500.0
COUNTS_PER_M_S = 6.29e8  # 419,333 counts per volt
MOST_COUNTS = 2**23 - 1  # 24 bits
# Amplitudes against those of S on the horizontals, by component: P, S.
SHARES = {"Z": (0.35, 0.4), "N": (0.15, 1.0), "E": (0.15, 1.0)}
SITE_SCATTER = 0.1  # of log10 of amplitudes, station by station and event by event
LOWEST_HZ, HIGHEST_HZ = 1.0, 12.0
SLOWEST_NOISE_HZ = 0.005
BURST_S, BURST_HZ, BURST_HEIGHT = (0.3, 3.0), (2.0, 15.0), (5.0, 40.0)
LONGEST_GAP_S = 60.0


@dataclass(frozen=True, slots=True)
class Motion:
    """What one station records.

    Parameters
    ----------
    counts : (3, n) by component; -1 everywhere else where nothing is recorded: see `kept`
    kept : (n,) whether a sample is recorded
    """

    counts: NDArray[np.int32]
    kept: NDArray[np.bool_]


def response(frequency_hz: Floats) -> Complexes:
    """Counts per m/s of ground velocity."""
    felt: Complexes = COUNTS_PER_M_S * shape(frequency_hz)
    return felt


def shape(frequency_hz: Floats) -> Complexes:
    """How the seismometer weakens and delays, against what it does at high frequencies."""
    s = 2j * np.pi * frequency_hz
    felt: Complexes = s**2 / ((s - POLES[0]) * (s - POLES[1]))
    return felt


def motion(settings: SimulationSettings, site: Site, number: int, shocks: list[Shock]) -> Motion:
    """The record of one station: noise, waves, bursts and gaps.

    Parameters
    ----------
    number : of the station: each has noise of its own
    """
    rng = np.random.default_rng([settings.seed, 2, number])
    n = round(settings.hours * 3600 * settings.rate_hz)
    # long enough that what the filter rings comes in at no end
    n_fft = 1 << (n + round(300 * settings.rate_hz) - 1).bit_length()
    frequency_hz = grid_hz(n_fft, settings.rate_hz)
    waves = velocities(settings, site, shocks, n, rng)
    density = noise_velocity(frequency_hz, settings.noise + rng.uniform(-0.1, 0.1))
    scale = np.sqrt(density * settings.rate_hz * n_fft / 2)
    counts = np.empty((len(COMPONENTS), n))
    for k in range(len(COMPONENTS)):
        white = rng.standard_normal((2, len(frequency_hz)))
        spectrum = np.fft.rfft(waves[k], n_fft) + scale * (white[0] + 1j * white[1]) / np.sqrt(2)
        spectrum *= response(frequency_hz)
        counts[k] = np.fft.irfft(spectrum, n_fft)[:n]
    _disturb(settings, counts, rng)
    whole = np.clip(np.rint(counts), -MOST_COUNTS, MOST_COUNTS).astype(np.int32)
    return Motion(whole, _kept(settings, n, rng))


def noise_velocity(frequency_hz: Floats, level: float) -> Floats:
    """One-sided power density of ground velocity, (m/s)²/Hz, between Peterson's models of acceleration.

    Parameters
    ----------
    level : 0 is the low noise model, 1 the high one; between them in dB

    References
    ----------
    Peterson (1993) USGS Open-File Report 93-322, as ObsPy has it.
    """
    level = min(max(level, 0.0), 1.0)
    heard = np.maximum(frequency_hz, SLOWEST_NOISE_HZ)
    low, high = (
        np.interp(np.log10(1 / heard), np.log10(period_s), density_db)
        for period_s, density_db in (_ascending(*get_nlnm()), _ascending(*get_nhnm()))
    )
    acceleration = 10 ** ((low + level * (high - low)) / 10)
    density: Floats = acceleration / (2 * np.pi * heard) ** 2
    density[frequency_hz < SLOWEST_NOISE_HZ] = 0
    return density


def _ascending(period_s: Floats, density_db: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(period_s)
    return period_s[order], density_db[order]


def velocities(
    settings: SimulationSettings, site: Site, shocks: list[Shock], n: int, rng: np.random.Generator
) -> Floats:
    """(3, n) ground velocity of the earthquakes' waves, m/s.

    Of every earthquake the largest amplitude of S on a horizontal Wood-Anderson seismograph is what its ML says at the
    station's distance, but for the site's scatter.
    """
    found = np.zeros((len(COMPONENTS), n))
    if not shocks:
        return found
    at_s = arrivals_s(shocks, site, settings.start_ns)
    distance_km = np.hypot(distances_km(shocks, site), [each.depth_km for each in shocks])
    for number, shock in enumerate(shocks):
        scatter = 10 ** rng.normal(0, SITE_SCATTER)
        for phase in (0, 1):
            if not np.isfinite(at_s[phase, number]):
                continue
            for k, component in enumerate(COMPONENTS):
                wave = wavelet(shock.magnitude, settings.rate_hz, rng)
                height_m = _displacement_m(shock.magnitude, float(distance_km[number])) * scatter
                share = SHARES[component][phase] * height_m / _wood_anderson_m(wave, settings.rate_hz)
                _add(found[k], share * wave, float(at_s[phase, number]), settings.rate_hz)
    return found


def wavelet(magnitude: float, rate_hz: float, rng: np.random.Generator) -> Floats:
    """Ground velocity of a phase and its coda, of any height: a damped swing, and noise that dies away.

    Sooner than on real ground, so that shocks can follow each other closely: Md of them is too small.
    """
    corner_hz = float(np.clip(10 ** (1.35 - 0.25 * magnitude), LOWEST_HZ, HIGHEST_HZ))
    coda_s = 1.5 + 1.5 * max(magnitude, 0.0)
    t_s = np.arange(round(6 * coda_s * rate_hz)) / rate_hz
    swing = np.sin(2 * np.pi * corner_hz * t_s) * np.exp(-t_s * corner_hz / 2)
    # of noise the running mean over half a period, so that it is of the same band
    n_mean = max(round(rate_hz / corner_hz / 2), 1)
    rough = np.convolve(rng.standard_normal(len(t_s)), np.ones(n_mean) / np.sqrt(n_mean), "same")
    rises = 1 - np.exp(-t_s * corner_hz)
    wave: Floats = rng.choice((-1, 1)) * swing + 0.25 * np.diff(rough, append=0.0) * rises * np.exp(-t_s / coda_s)
    return wave


def _displacement_m(magnitude: float, distance_km: float) -> float:
    """Wood-Anderson amplitude of gain 1 that an ML means, m: the formula that measures it, the other way round."""
    formula = MagnitudeSettings()
    km = max(distance_km, 1.0)
    log_nm = magnitude - formula.ml_log * np.log10(km) - formula.ml_per_km * km - formula.ml_constant
    return float(1e-9 * 10**log_nm)


def _wood_anderson_m(wave: Floats, rate_hz: float) -> float:
    """Largest amplitude of a Wood-Anderson seismograph of gain 1 on a ground velocity, m."""
    n_fft = 1 << (2 * len(wave) - 1).bit_length()
    frequency_hz = grid_hz(n_fft, rate_hz)
    spectrum = np.fft.rfft(wave, n_fft)
    shape = np.zeros(len(frequency_hz), np.complex128)
    shape[1:] = wood_anderson(frequency_hz[1:]) / (2j * np.pi * frequency_hz[1:])
    return float(np.abs(np.fft.irfft(spectrum * shape, n_fft)).max())


def _add(trace: Floats, wave: Floats, at_s: float, rate_hz: float) -> None:
    first = round(at_s * rate_hz)
    if first < len(trace):
        part = wave[: len(trace) - first]
        trace[first : first + len(part)] += part


def _disturb(settings: SimulationSettings, counts: Floats, rng: np.random.Generator) -> None:
    """Bursts that no other station has: a door, a car."""
    n = counts.shape[1]
    usual = counts.std(axis=1)
    for _ in range(rng.poisson(settings.bursts_per_hour * settings.hours)):
        length = round(rng.uniform(*BURST_S) * settings.rate_hz)
        first, hz, height = rng.integers(0, n - length), rng.uniform(*BURST_HZ), rng.uniform(*BURST_HEIGHT)
        t_s = np.arange(length) / settings.rate_hz
        shape = np.sin(np.pi * np.arange(length) / length) * np.sin(2 * np.pi * hz * t_s)
        counts[:, first : first + length] += height * usual[:, None] * shape * rng.uniform(0.3, 1, (3, 1))


def _kept(settings: SimulationSettings, n: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    kept = np.ones(n, np.bool_)
    for _ in range(rng.poisson(settings.gaps_per_hour * settings.hours)):
        first = rng.integers(1, n)
        kept[first : first + round(rng.uniform(1, LONGEST_GAP_S) * settings.rate_hz)] = False
    return kept
