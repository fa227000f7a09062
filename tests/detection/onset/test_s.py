"""S against known wave trains and analysts; what must not matter; and when there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detection.onset.s import SOnset, _split, find_s
from detection.plan import Floats

RATE_HZ = 100.0
N_P = 500


def earthquake(seed: int, n_s: int = 900, s_amplitude: float = 3000.0) -> tuple[Floats, Floats]:
    """Noise of 50, P of 300 dying in its coda, S polarised at random; counts."""
    rng = np.random.default_rng(seed)
    both = rng.normal(0, 50, (2, 3000))
    for at, amplitude in ((N_P, 300.0), (n_s, s_amplitude)):
        n = 3000 - at
        train = rng.normal(0, amplitude, n) * np.exp(-np.arange(n) / 300)
        angle = rng.uniform(0.3, 1.2)
        both[:, at:] += np.outer((np.cos(angle), np.sin(angle)), train) + 0.3 * train[::-1]
    return both[0], both[1]


def errors(**values: float) -> Floats:
    found = [find_s(*earthquake(seed, **values), N_P, RATE_HZ) for seed in range(40)]
    return np.array([onset.index - 900 for onset in found if onset is not None])


def test_known_wave_trains() -> None:
    off = errors()
    assert len(off) == 40
    assert abs(np.median(off)) <= 1
    assert np.quantile(np.abs(off), 0.9) <= 5


def test_what_must_not_matter() -> None:
    """Names of the horizontals, their sign and scale, samples long before P."""
    north, east = earthquake(1)
    onset = find_s(north, east, N_P, RATE_HZ)
    assert onset is not None
    turned = find_s(east, -north, N_P, RATE_HZ)
    assert turned is not None
    assert (turned.index, turned.snr) == (onset.index, pytest.approx(onset.snr))
    scaled = find_s(north * 1000, east * 1000, N_P, RATE_HZ)
    assert scaled is not None
    assert (scaled.index, scaled.snr) == (onset.index, pytest.approx(onset.snr))
    later = find_s(north[200:], east[200:], N_P - 200, RATE_HZ)
    assert later is not None
    assert later.index + 200 == onset.index


def test_expected_times_bound_it() -> None:
    """Of two S, as of two earthquakes, the one that the origin foretells."""
    one, other = earthquake(2), earthquake(3, n_s=1800, s_amplitude=6000)
    north, east = (a + b for a, b in zip(one, other, strict=True))
    first = find_s(north, east, N_P, RATE_HZ, (700, 1100))
    second = find_s(north, east, N_P, RATE_HZ, (1600, 2000))
    assert first is not None
    assert second is not None
    assert abs(first.index - 900) <= 10
    assert abs(second.index - 1800) <= 10


def test_one_dead_horizontal_leaves_the_other() -> None:
    north, _ = earthquake(4)
    onset = find_s(north, np.full_like(north, 7.0), N_P, RATE_HZ)
    assert onset is not None
    assert abs(onset.index - 900) <= 5


def test_when_it_is_not_clear_there_is_none() -> None:
    north, east = earthquake(5)
    silent = np.zeros(3000)
    assert find_s(silent, silent, N_P, RATE_HZ) is None
    assert find_s(north[:540], east[:540], N_P, RATE_HZ) is None
    assert find_s(north, east, N_P, RATE_HZ, (2000, 1500)) is None
    without = [find_s(*earthquake(seed, s_amplitude=30.0), N_P, RATE_HZ) for seed in range(40)]
    assert sum(onset is not None for onset in without) <= 6


@pytest.mark.data
def test_analysts_s(shared_data: Callable[[str], Path]) -> None:
    """27 S of Northern California with both horizontals, cropped at random; P from the analyst too."""
    rng = np.random.default_rng(6)
    found: list[tuple[SOnset, float]] = []
    n_records = 0
    for file in sorted(shared_data("picks_ncedc").glob("*.npz")):
        with np.load(file) as record:
            east, north, p, s = record["data"][:, 0], record["data"][:, 1], int(record["itp"]), int(record["its"])
        if not (east.any() and north.any()):
            continue
        n_records += 1
        skip = int(rng.integers(0, 1500))
        onset = find_s(north[skip:], east[skip:], p - skip, RATE_HZ)
        if onset is not None:
            found.append((onset, (onset.index + skip - s) / RATE_HZ))
    off = np.abs([error for _, error in found])
    inside = np.mean([abs(error) <= onset.uncertainty_s for onset, error in found])
    print(
        f"{len(off)} of {n_records}: median {np.median(off):.3f} s, {np.mean(off <= 0.1001):.2f} within 0.1 s", inside
    )
    assert n_records == 27
    assert len(off) >= 25
    assert np.median(off) <= 0.05
    assert np.mean(off <= 0.1001) >= 0.8
    assert np.mean(off > 1) == 0
    assert 0.55 <= inside <= 0.85


def test_too_few_samples_to_split_are_no_onset() -> None:
    """DK.COP at 20 Hz, where 0.2 s are four samples: no part is long enough, and NaN is not a certainty."""
    horizontals = np.array([[163.06, -144.79, 45.67, 193.78], [397.84, -243.62, 2.62, 410.92]])
    assert _split(horizontals) is None
