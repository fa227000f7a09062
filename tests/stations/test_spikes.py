"""Spikes that were put into noise are found, and nothing else; wherever the samples are cut."""

from __future__ import annotations

import numpy as np
import pytest

from stations.health.spikes import REACH, spikes


def noise(seed: int, n: int = 60_000) -> np.ndarray:
    """A swell under white noise, in whole counts."""
    chance = np.random.default_rng(seed)
    return np.round(800 * np.sin(np.arange(n) / 2000) + chance.normal(0, 20, n) + 1_000_000)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_all_that_were_put_in_and_no_others(seed: int, sign: int) -> None:
    samples = noise(seed)
    at = np.sort(np.random.default_rng(seed).choice(np.arange(1, 1400) * 40, 40, replace=False))
    samples[at] += sign * 20 * 25  # 25 standard deviations; the swell moves by 16 counts in the window
    assert spikes(samples).tolist() == at.tolist()
    assert len(spikes(noise(seed))) == 0


def test_a_step_and_a_burst_are_no_spikes_and_neighbours_are_one() -> None:
    samples = noise(4)
    samples[20_000:] += 5000
    samples[40_000:40_100] += 400 * np.sin(np.arange(100))
    assert len(spikes(samples)) == 0
    samples[50_000:50_002] += 1000
    assert spikes(samples).tolist() == [50_000]


def test_what_is_found_depends_on_the_neighbours_alone() -> None:
    samples = noise(5, 4000)
    samples[[500, 1000, 1021, 3000]] += 2000
    whole = spikes(samples)
    for cut in range(900, 1100, 7):
        parts = [spikes(samples[: cut + REACH]), spikes(samples[cut - REACH :]) + cut - REACH]
        joined = [*parts[0][parts[0] < cut].tolist(), *parts[1][parts[1] >= cut].tolist()]
        assert joined == whole.tolist()
    assert len(spikes(samples[:40])) == 0
