"""Leaks, polarity and orientation: on real records whose channels were copied, inverted, mixed and turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.stretch import Stretch
from houfeng.times import parse_ns
from houfeng.types import Origin
from stations.health.day_checks import (
    CROSS_TALK_HZ,
    SAME_WAVE,
    cross_talk,
    half_hours,
    long_waves,
    means,
    n_distinct,
    polarity,
)
from stations.health.orientation import bearing, needed, off_deg, rayleigh_wave

DAY_NS = parse_ns("2009-02-19")
ULN_DEG = 47.8651, 107.0532
# USGS catalogue: M 7.0, Santa Cruz Islands, 78 degrees from Ulaanbaatar.
ORIGIN = Origin(parse_ns("2015-07-18T02:27:33"), -10.401, 165.141, 11.0, 2.0, 1, 1, 1, 0, 1, 1, 1, "", "")


def stretch(trace: obspy.Trace) -> Stretch:
    start_ns = trace.stats.starttime.ns
    return Stretch(start_ns, trace.stats.sampling_rate, trace.data.astype(np.float64))


@pytest.fixture(scope="module")
def copenhagen(shared_data: Callable[[str], Path]) -> dict[str, Stretch]:
    """Three components of a day."""
    folder = shared_data("continuous_day")
    return {part: stretch(obspy.read(folder / f"COP.BH{part}.DK.2009.050")[0]) for part in "ZNE"}


@pytest.fixture(scope="module")
def ulaanbaatar(shared_data: Callable[[str], Path]) -> dict[str, Stretch]:
    """Rayleigh waves of a large earthquake."""
    traces = obspy.read(shared_data("asia_gsn") / "IU_ULN_2015-07-18T02.mseed")
    return {trace.stats.channel[2]: stretch(trace) for trace in traces}


@given(st.lists(st.lists(st.one_of(st.integers(-50, 50), st.floats(-1, 1), st.just(np.nan)), max_size=30), max_size=4))
def test_distinct_values(parts: list[list[float]]) -> None:
    expected = {value for part in parts for value in part if not np.isnan(value)}
    assert n_distinct([np.array(part, dtype=np.float64) for part in parts]) == len(expected)


def test_distinct_values_far_apart() -> None:
    assert n_distinct([np.array([-(2.0**31), 2.0**31, 5.0]), np.array([5.0, 6.0])]) == 4


def test_means_leave_holes_where_samples_are_missing() -> None:
    samples = np.arange(1000.0)
    found, rate_hz = means(
        [Stretch(DAY_NS + 10**9, 50.0, samples), Stretch(DAY_NS + 30 * 10**9, 50.0, samples)], DAY_NS, 20.0
    )
    expected = np.full(86_400 * 50 // 3 * 3, np.nan)
    expected[50:1050], expected[1500:2500] = samples, samples
    expected = expected.reshape(-1, 3).mean(axis=1)
    assert rate_hz == pytest.approx(50 / 3)
    np.testing.assert_allclose(found, expected - np.nanmean(expected), atol=1e-4)


def test_a_leak_between_components(copenhagen: dict[str, Stretch]) -> None:
    """Against correlations of single half hours as NumPy has them, trends taken off by a fit of a line."""
    z, n = copenhagen["Z"], copenhagen["N"]
    leaking = replace(n, samples=n.samples + 3 * z.samples)
    parts = {
        name: half_hours(*means([each], DAY_NS, CROSS_TALK_HZ))
        for name, each in {"z": z, "n": n, "leaking": leaking, "turned": replace(z, samples=-z.samples)}.items()
    }
    assert parts["z"].shape == (48, 36_000)
    expected = []
    for k in range(48):
        x = np.arange(36_000)
        cut = [each.samples[36_000 * k : 36_000 * (k + 1)] for each in (z, n)]
        if min(map(len, cut)) == 36_000:
            expected.append(np.corrcoef(*(one - np.polyval(np.polyfit(x, one, 1), x) for one in cut))[0, 1])
    found = cross_talk(parts["z"], parts["n"])
    # Samples are 25 ms off the grid, a sample's half: one half hour has a sample more, and the last one less.
    assert found == pytest.approx(np.median(expected), abs=1e-3)
    assert abs(found) < 0.1
    assert cross_talk(parts["z"], parts["leaking"]) > 0.9  # type: ignore[operator]
    assert cross_talk(parts["z"], parts["z"]) == pytest.approx(1)
    assert cross_talk(parts["z"], parts["turned"]) == pytest.approx(-1)
    assert cross_talk(parts["z"][:, :10], np.full((48, 10), np.nan, np.float32)) is None


def test_the_polarity_of_neighbours(copenhagen: dict[str, Stretch]) -> None:
    """Twenty kilometres on, with noise of its own: what waves long enough have in common tells the sign."""
    z = copenhagen["Z"]
    noise = np.random.default_rng(1).normal(0, z.samples.std(), len(z.samples))
    beyond = replace(z, samples=np.roll(z.samples, 100) + noise)
    turned = replace(beyond, samples=-beyond.samples)
    own, other, inverted, unlike = (long_waves([each], DAY_NS) for each in (z, beyond, turned, copenhagen["E"]))
    assert own is not None
    assert other is not None
    assert inverted is not None
    assert unlike is not None
    assert polarity(own, other, 20.0) > SAME_WAVE  # type: ignore[operator]
    assert polarity(own, inverted, 20.0) < -SAME_WAVE  # type: ignore[operator]
    assert polarity(own, unlike, 20.0) is None
    assert long_waves([Stretch(DAY_NS, 0.1, np.zeros(100))], DAY_NS) is None


def shown_deg(traces: dict[str, Stretch]) -> tuple[float, float]:
    wave = rayleigh_wave(ORIGIN, *ULN_DEG)
    assert wave is not None
    found = bearing(traces["Z"], traces["1"], traces["2"], wave)
    assert found is not None
    return found


def test_the_azimuth_that_rayleigh_waves_show(ulaanbaatar: dict[str, Stretch]) -> None:
    """Stated are 0 and 90 degrees; single events are off by 10 to 20 (Stachnik et al. 2012)."""
    azimuth_deg, correlation = shown_deg(ulaanbaatar)
    assert correlation > 0.9
    assert abs(off_deg(azimuth_deg, 0.0)) < 15


@pytest.mark.parametrize("angle_deg", [30.0, 90.0, 200.0])
def test_a_sensor_that_is_turned(ulaanbaatar: dict[str, Stretch], angle_deg: float) -> None:
    one, two = ulaanbaatar["1"], ulaanbaatar["2"]
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    turned = {
        "Z": ulaanbaatar["Z"],
        "1": replace(one, samples=cosine * one.samples + sine * two.samples),
        "2": replace(two, samples=cosine * two.samples - sine * one.samples),
    }
    before, after = shown_deg(ulaanbaatar), shown_deg(turned)
    assert off_deg(after[0], before[0] + angle_deg) == pytest.approx(0, abs=1e-6)
    assert after[1] == pytest.approx(before[1])


def test_without_the_wave_or_its_samples(ulaanbaatar: dict[str, Stretch]) -> None:
    wave = rayleigh_wave(ORIGIN, *ULN_DEG)
    assert wave is not None
    start_ns, _ = needed(wave)
    one = ulaanbaatar["1"]
    late = replace(one, start_ns=start_ns + 2 * 10**9)
    assert bearing(ulaanbaatar["Z"], late, ulaanbaatar["2"], wave) is None
    assert rayleigh_wave(replace(ORIGIN, depth_km=120.0), *ULN_DEG) is None
    assert rayleigh_wave(ORIGIN, -10.0, 164.0) is None
