"""Behind an artefact the channel goes on as if it had not been, to the same bits however the stream was cut."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter, sosfilt

from detection import channel
from detection.aftermath import level_before
from detection.detector import Detector
from detection.plan import plan_for
from detection.settings import DetectionSettings, Form
from houfeng.types import Packet, Pick, SourceId
from tests.detection.artefacts import START_NS, disturbed, packets_of

Samples = np.ndarray[Any, Any]
Cut = Callable[..., list[Packet]]

RATE_HZ = 100.0
SETTINGS = DetectionSettings()
SOURCE = SourceId.parse("XX.AAA.00.HHZ")


def noise_of(n: int, seed: int = 2) -> Samples:
    return np.round(np.random.default_rng(seed).normal(0, 100, n))


def with_shock(data: Samples, at: int, amplitude: float) -> Samples:
    n = len(data) - at
    shock = np.random.default_rng(3).normal(0, amplitude, n) * np.exp(-np.arange(n) / 200)
    return np.round(np.concatenate((data[:at], data[at:] + shock)))


def triggers_s(picks: list[Pick]) -> list[float]:
    return [round((pick.trigger_ns - START_NS) / 1e9, 2) for pick in picks]


def run(data: Samples, settings: DetectionSettings = SETTINGS) -> list[Pick]:
    return Detector(settings, by_rows=True).feed(packets_of(data, RATE_HZ, []))


def spiked(data: Samples) -> Samples:
    data[3000] += 100_000
    return data


def shaken(data: Samples) -> Samples:
    """A sine of 5 Hz for 12 s, which is a calibration."""
    data[3000:4200] += np.round(20_000 * np.sin(2 * np.pi * 5 * np.arange(1200) / RATE_HZ))
    return data


def jumped(data: Samples) -> Samples:
    """A jump that leaks away within half a second."""
    data[3000:] += np.round(50_000 * np.exp(-np.arange(len(data) - 3000) / 20))
    return data


@pytest.mark.parametrize(("disturb", "at"), [(spiked, 3500), (spiked, 3250), (jumped, 3500), (shaken, 4900)])
@pytest.mark.parametrize("form", [Form.RECURSIVE, Form.CLASSIC, Form.SEISCOMP])
def test_a_shock_behind_it_is_found_as_without_it(
    monkeypatch: pytest.MonkeyPatch, disturb: Callable[[Samples], Samples], at: int, form: Form
) -> None:
    ratios = {Form.SEISCOMP: (2.2, 1.4)}
    on, off = ratios.get(form, (5.0, 2.0))
    of_form = DetectionSettings(form=form, on_ratio=on, off_ratio=off)
    shock = with_shock(noise_of(8000), at, 600)
    alone = triggers_s(run(shock, of_form))
    (expected,) = alone
    assert at / RATE_HZ <= expected < at / RATE_HZ + 0.3
    disturbed_too = disturb(shock.copy())
    (found,) = triggers_s(run(disturbed_too, of_form))
    assert abs(found - expected) <= 0.05
    monkeypatch.setattr(channel, "aftermath", lambda *_: None)
    assert [at_s for at_s in triggers_s(run(disturbed_too, of_form)) if abs(at_s - expected) <= 0.05] == []


def test_no_dead_time_behind_what_was_refused() -> None:
    """A spike of fifteen times the noise, which a minute's average hardly notices, and a shock 5 s behind it."""
    of_minutes = DetectionSettings(lta_s=60.0, on_ratio=4.0, dead_time_s=20.0)
    data = with_shock(noise_of(16_000), 10_500, 600)
    (expected,) = triggers_s(run(data, of_minutes))
    data[10_000] += 1500
    detector = Detector(of_minutes, by_rows=True)
    assert triggers_s(detector.feed(packets_of(data, RATE_HZ, []))) == [pytest.approx(expected, abs=0.05)]
    assert detector.vetoed[SOURCE] == {"spike": 1}


@pytest.mark.parametrize("form", [Form.RECURSIVE, Form.SEISCOMP])
def test_the_level_before_is_what_the_average_was(form: Form) -> None:
    """SciPy's recursion over the whole record, read one short window before the trigger."""
    plan = plan_for(DetectionSettings(form=form, on_ratio=3.0), RATE_HZ)
    data, at = spiked(noise_of(6000)), 3025
    for number, band in enumerate(plan.bands):
        signal, _ = sosfilt(band.sections, data, zi=band.rest * data[0])
        plan.rectify(signal, out=signal)
        if form is Form.SEISCOMP:
            signal = lfilter([1 / plan.n_sta], [1, 1 / plan.n_sta - 1], signal)
        lta = lfilter([1 / plan.n_lta], [1, 1 / plan.n_lta - 1], signal)
        begin = at - plan.n_run_in - plan.n_before
        level = level_before(data[begin : at + 100], at - begin, float(lta[at]), plan, number)
        assert level == pytest.approx(lta[at - plan.n_sta], rel=0.01)
        assert lta[at] > 1.2 * level


def eventful() -> tuple[Samples, list[Packet]]:
    """Four minutes of noise with every kind of artefact, and a shock among them."""
    data, artefacts = disturbed(shaken(noise_of(24_000)), RATE_HZ, np.random.default_rng(1), 9.0)
    data = with_shock(data, 15_050, 2000)
    return data, packets_of(data, RATE_HZ, artefacts)


@pytest.fixture(scope="module")
def whole() -> tuple[list[Pick], dict[str, int]]:
    detector = Detector(SETTINGS, by_rows=True)
    picks = detector.feed(eventful()[1])
    assert picks
    vetoed = dict(detector.vetoed[SOURCE])
    assert sum(vetoed.values()) >= 8
    assert vetoed["calibration"]
    return picks, vetoed


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 23_999), max_size=12), stop=st.integers(0, 12))
def test_any_cut_and_restart_give_the_same_bits(
    whole: tuple[list[Pick], dict[str, int]], cuts: list[int], stop: int
) -> None:
    packets = [part for packet in eventful()[1] for part in split(packet, cuts)]
    first, second = Detector(SETTINGS, by_rows=True), Detector(SETTINGS, by_rows=True)
    picks = [pick for packet in packets[:stop] for pick in first.feed([packet])]
    second.restore(first.snapshot())
    picks += [pick for packet in packets[stop:] for pick in second.feed([packet])]
    assert (sorted(picks), dict(second.vetoed[SOURCE])) == whole


def split(packet: Packet, cuts: list[int]) -> list[Packet]:
    n = packet.n_samples
    first = round((packet.start_ns - START_NS) / 1e9 * RATE_HZ)
    edges = sorted({0, n, *(cut - first for cut in cuts if 0 < cut - first < n)})
    return [
        Packet(SOURCE, packet.start_ns + a * 10_000_000, RATE_HZ, packet.samples[a:b], b"")
        for a, b in itertools.pairwise(edges)
    ]


def test_restarted_at_any_second_it_gives_the_same_bits(whole: tuple[list[Pick], dict[str, int]]) -> None:
    """A restart at each second of half a minute: inside masks, behind them, and while a sine lasts."""
    packets = [part for packet in eventful()[1] for part in split(packet, list(range(0, 24_000, 100)))]
    detector, picks = Detector(SETTINGS, by_rows=True), []
    for packet in packets:
        picks += detector.feed([packet])
        states = detector.snapshot()
        detector = Detector(SETTINGS, by_rows=True)
        detector.restore(states)
    assert (sorted(picks), dict(detector.vetoed[SOURCE])) == whole


def test_in_tiles_the_same_triggers(whole: tuple[list[Pick], dict[str, int]]) -> None:
    detector = Detector(SETTINGS)
    assert detector.engine == "tiles"
    assert triggers_s(detector.feed(eventful()[1])) == triggers_s(whole[0])
