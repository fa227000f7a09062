"""Noise levels against ObsPy's PPSD and the PDF that IRIS published of the same day."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import obspy
import pytest
from numpy.typing import NDArray
from obspy.signal import PPSD

from houfeng.errors import WindowError
from houfeng.stretch import Stretch
from houfeng.times import NS_PER_S, from_utcdatetime
from houfeng.types import SourceId
from stations.health.noise import STEP_NS, Noise, correction_db, high_noise_db, low_noise_db, noise_windows
from stations.health.psd import psd_levels, psd_plan
from stations.inventory import parse_stationxml
from stations.responsexml import Responses

SIGNAL_DATA = Path(obspy.__file__).parent / "signal" / "tests" / "data"
FLAT = {"gain": 1.0, "sensitivity": 1.0, "poles": [], "zeros": []}
CLOSE_DB = 0.01


def ppsd_levels(samples: NDArray[np.generic], rate_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levels of counts and periods as ObsPy makes them, with an instrument that does nothing."""
    trace = obspy.Trace(np.array(samples), {"station": "TEST", "channel": "HHZ", "sampling_rate": rate_hz})
    ppsd = PPSD(trace.stats, FLAT)
    assert ppsd.add(obspy.Stream([trace]))
    plan = psd_plan(rate_hz)
    to_acceleration = plan.average(20 * np.log10(2 * np.pi * plan.frequencies_hz))
    return np.array(ppsd.psd_values, dtype=np.float64) - to_acceleration, np.array(ppsd.period_bin_centers)


def our_levels(samples: NDArray[np.generic], rate_hz: float) -> NDArray[np.float64]:
    """Every half hour from the first sample on."""
    plan, counts = psd_plan(rate_hz), np.asarray(samples, dtype=np.float64)
    step = round(1800 * rate_hz)
    starts = range(0, len(counts) - plan.n_window + 1, step)
    return np.array([psd_levels(counts[start : start + plan.n_window], plan) for start in starts])


def ground(seed: int, n: int, rate_hz: float) -> NDArray[np.int32]:
    """Noise that falls with frequency, with a microseism, in whole counts."""
    chance = np.random.default_rng(seed)
    time_s = np.arange(n) / rate_hz
    slow = np.cumsum(chance.normal(0, 2, n))
    slow -= np.linspace(slow[0], slow[-1], n)
    swell = 300 * np.sin(2 * np.pi * time_s / 6) * (1 + 0.3 * np.sin(2 * np.pi * time_s / 47))
    return np.round(slow / 30 + swell + chance.normal(0, 4, n)).astype(np.int32)


def with_gap(samples: NDArray[np.int32]) -> NDArray[np.int32]:
    gappy = samples.copy()
    gappy[len(samples) // 3 : len(samples) // 3 + len(samples) // 20] = 0
    return gappy


@pytest.mark.parametrize("rate_hz", [1.0, 20.0, 31.25])
@pytest.mark.parametrize("offset", [0, 5_000_000])
@pytest.mark.parametrize("is_gappy", [False, True])
def test_levels_are_those_of_ppsd(rate_hz: float, offset: int, is_gappy: bool) -> None:
    samples = ground(3, int(3 * 3600 * rate_hz), rate_hz) + offset
    samples = with_gap(samples) if is_gappy else samples
    theirs, periods_s = ppsd_levels(samples, rate_hz)
    ours = our_levels(samples, rate_hz)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < CLOSE_DB
    assert psd_plan(rate_hz).periods_s == pytest.approx(periods_s, rel=1e-9)


@pytest.mark.parametrize("factor", [1, 1e-3, 1e4, 1e9])
def test_quiet_and_loud_windows_and_fractions_of_counts(factor: float) -> None:
    samples = ground(5, 3600 * 20, 20.0) * factor
    theirs, _ = ppsd_levels(samples, 20.0)
    assert np.abs(our_levels(samples, 20.0) - theirs).max() < CLOSE_DB


@pytest.mark.parametrize(("seed", "n"), [(1, 2), (2, 3)])
def test_a_spectrum_of_whole_counts_over_a_wide_range(seed: int, n: int) -> None:
    """A swell of 20,000 counts over the noise of whole numbers: 100 dB, the end of what single precision holds."""
    chance = np.random.default_rng(seed)
    time_s = np.arange(3600 * 20 * n) / 20
    samples = np.round(28_000 * np.sin(2 * np.pi * time_s / 7.3) + chance.normal(0, 0.3, len(time_s))).astype(np.int32)
    theirs, _ = ppsd_levels(samples, 20.0)
    assert np.abs(our_levels(samples, 20.0) - theirs).max() < CLOSE_DB


def test_white_noise_has_the_level_that_theory_gives() -> None:
    """The power of white noise is its variance, spread evenly from 0 to Nyquist's frequency."""
    samples = np.random.default_rng(1).normal(0, 100, 3600 * 100)
    (levels,) = our_levels(samples, 100.0)
    short = psd_plan(100.0).periods_s < 1
    below = 10 * np.log10(100**2 / 50) - levels[short]
    # The mean of a logarithm is less than the logarithm of the mean: 0.12 dB for 18 segments, more as they overlap.
    assert (below > 0.12).all()
    assert (below < 0.6).all()


def test_a_dead_channel_has_no_level_and_raises_nothing() -> None:
    (levels,) = our_levels(np.full(3600, 17), 1.0)
    assert (levels < -1000).all()
    assert np.isfinite(levels).all()


@pytest.mark.parametrize("rate_hz", [0.001, 0.01])
def test_rates_that_give_no_spectrum(rate_hz: float) -> None:
    with pytest.raises(WindowError, match=r"3600 s at 0\.0.* a spectrum needs 64"):
        psd_plan(rate_hz)


@pytest.fixture(scope="module")
def day() -> tuple[Stretch, NDArray[np.float64]]:
    """IU.ANMO 00 LHZ on 1 January 2010, and the correction of its instrument."""
    (trace,) = obspy.read(SIGNAL_DATA / "IUANMO.seed")
    start_ns = from_utcdatetime(trace.stats.starttime)
    piece = Stretch(start_ns, 1.0, np.asarray(trace.data, dtype=np.float64))
    inventory = parse_stationxml((SIGNAL_DATA / "IUANMO.xml").read_bytes(), "IUANMO.xml")
    response = Responses(inventory).at(SourceId("IU", "ANMO", "00", "LHZ"), start_ns)
    return piece, correction_db(response, psd_plan(1.0))


def test_a_day_of_a_real_station_is_that_of_ppsd(day: tuple[Stretch, NDArray[np.float64]]) -> None:
    piece, correction = day
    (trace,) = obspy.read(SIGNAL_DATA / "IUANMO.seed")
    ppsd = PPSD(trace.stats, obspy.read_inventory(SIGNAL_DATA / "IUANMO.xml"))
    assert ppsd.add(trace)
    windows = noise_windows([piece], piece.start_ns, piece.start_ns + 86_400 * NS_PER_S)
    assert len(windows) == 47
    ours = np.array([window.levels for window in windows]) + correction
    assert np.abs(ours - np.array(ppsd.psd_values)).max() < CLOSE_DB
    assert [window.start_ns for window in windows] == [from_utcdatetime(time) for time in ppsd.times_processed]
    ppsd.calculate_histogram()
    noise = Noise(psd_plan(1.0).periods_s, ours)
    for percent in (5, 50, 95):  # theirs are the lower ends of bins
        assert np.abs(noise.percentile(percent) - ppsd.get_percentile(percent)[1] - 0.5).max() < 1.6
    assert (noise.density() == ppsd.current_histogram / len(windows)).all()
    periods_s = noise.periods_s
    assert np.isfinite(low_noise_db(periods_s)).all()
    median = noise.percentile(50)
    swell = (periods_s > 3) & (periods_s < 20)
    assert (median[swell] > low_noise_db(periods_s)[swell]).all()
    assert (median[swell] < high_noise_db(periods_s)[swell]).all()


def test_the_pdf_of_a_real_day_is_near_what_iris_published(day: tuple[Stretch, NDArray[np.float64]]) -> None:
    """They average power where ObsPy averages decibels, and their periods lie between ours."""
    piece, correction = day
    published: dict[float, Counter[int]] = {}
    for line in (SIGNAL_DATA / "IRISpdfExample").read_text().splitlines():
        if re.match(r"\d", line):
            frequency_hz, level, n = (float(each) for each in line.split(","))
            published.setdefault(1 / frequency_hz, Counter())[int(level)] = int(n)
    windows = noise_windows([piece], piece.start_ns, piece.start_ns + 86_400 * NS_PER_S)
    ours = np.median([window.levels for window in windows], axis=0) + correction
    periods_s = np.array(sorted(period_s for period_s in published if 4 < period_s < 200))
    # A level stands for the decibel above it.
    theirs = np.array([np.median(list(published[period_s].elements())) + 0.5 for period_s in periods_s])
    apart = theirs - np.interp(np.log(periods_s), np.log(psd_plan(1.0).periods_s), ours)
    assert len(apart) > 40
    assert np.abs(apart).max() < 3
    assert abs(np.median(apart)) < 1


def test_windows_begin_with_the_time_asked_for_and_are_complete() -> None:
    rate_hz, start_ns = 20.0, 1_700_000_000 * NS_PER_S
    counts = ground(9, int(3 * 3600 * rate_hz), rate_hz).astype(np.float64)
    cut = int(3600 * rate_hz)
    later_ns = start_ns + int(1.4 * 3600 * NS_PER_S)
    pieces = [
        Stretch(start_ns, rate_hz, counts[:cut]),
        Stretch(later_ns, rate_hz, counts[round(1.4 * cut) :]),
    ]
    end_ns = start_ns + 3 * 3600 * NS_PER_S
    windows = noise_windows(pieces, start_ns, end_ns, least_filled=0.5)
    assert [window.start_ns for window in windows] == [start_ns + k * STEP_NS for k in (0, 1, 2, 3, 4)]
    assert [window.filled for window in windows] == pytest.approx([1, 0.6, 0.6, 1, 1])
    strict = noise_windows(pieces, start_ns, end_ns)
    assert [window.start_ns for window in strict] == [start_ns + k * STEP_NS for k in (0, 3, 4)]
    assert (strict[1].levels == windows[3].levels).all()
    assert noise_windows([], start_ns, end_ns) == []
