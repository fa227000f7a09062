"""Each form of STA/LTA against ObsPy or its own definition, sample by sample, and the same bits for any cut."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import obspy
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from obspy.signal.trigger import classic_sta_lta, trigger_onset, z_detect
from scipy.signal import sosfilt

from detection.bank import Bank
from detection.detector import Detector
from detection.plan import Plan, plan_for
from detection.search import search
from detection.settings import DetectionSettings, Form
from detection.trigger import intervals
from detection.windowed_search import search_windows
from detection.windows import Window
from houfeng.types import Packet, Pick

Samples = np.ndarray[Any, Any]
BAND = ((7.0, 20.0),)
SETTINGS = {
    Form.CLASSIC: DetectionSettings(bands=BAND, form=Form.CLASSIC, on_ratio=4.0, off_ratio=1.5),
    Form.Z_DETECT: DetectionSettings(bands=BAND, form=Form.Z_DETECT, on_ratio=3.0, off_ratio=1.0),
    Form.SEISCOMP: DetectionSettings(bands=BAND, form=Form.SEISCOMP, on_ratio=2.5, off_ratio=1.5),
}


def classic(filtered: Samples, plan: Plan) -> Samples:
    return np.asarray(classic_sta_lta(filtered, plan.n_sta, plan.n_lta))


def z_score(filtered: Samples, plan: Plan) -> Samples:
    """ObsPy scores against the whole record, which is STA up to a factor and an offset; here against its last LTA."""
    scored = z_detect(filtered, plan.n_sta)
    scored -= scored[0]  # its STA is 0 there
    windows = sliding_window_view(np.concatenate((np.zeros(plan.n_lta - 1), scored)), plan.n_lta)
    return np.asarray((scored - windows.mean(axis=1)) / np.maximum(windows.std(axis=1), 1e-300))


def seiscomp(filtered: Samples, plan: Plan) -> Samples:
    sta = lta = 0.0
    ratio = []
    for value in filtered.tolist():
        sta += (abs(value) - sta) / plan.n_sta
        lta += (sta - lta) / plan.n_lta
        ratio.append(sta / lta if lta else 0.0)
    return np.array(ratio)


ORACLES: dict[Form, Callable[[Samples, Plan], Samples]] = {
    Form.CLASSIC: classic,
    Form.Z_DETECT: z_score,
    Form.SEISCOMP: seiscomp,
}
EACH = pytest.mark.parametrize("form", list(ORACLES), ids=[form.value for form in ORACLES])


def state_of(plan: Plan, data: Samples, cuts: Sequence[int]) -> Samples:
    """Whether each sample lies in a trigger."""
    bank = Bank(plan)
    row = bank.add()
    bank.filters[row] = plan.rest * data[0]
    is_on = np.zeros(len(data), dtype=bool)
    for begin, end in itertools.pairwise([0, *cuts, len(data)]):
        part = [data[begin:end]]
        for found in (search_windows if plan.is_windowed else search)(bank, [row], part):
            for start, stop in found.spans:
                is_on[begin + found.first + start : begin + found.first + stop] = True
    return is_on


@EACH
@pytest.mark.parametrize("n_cut", [1000, 100_000])
def test_triggers_are_those_of_the_oracle(unterhaching: Sequence[obspy.Trace], form: Form, n_cut: int) -> None:
    n_triggers = 0
    for trace in unterhaching:
        plan = plan_for(SETTINGS[form], trace.stats.sampling_rate)
        data = trace.data.astype(float)
        filtered, _ = sosfilt(plan.bands[0].sections, data, zi=plan.bands[0].rest * data[0])
        ratio = ORACLES[form](filtered, plan)
        ratio[: plan.n_lta] = 0
        expected = trigger_onset(ratio, plan.settings.on_ratio, plan.settings.off_ratio)
        n_part = n_cut // plan.n_block * plan.n_block
        assert intervals(state_of(plan, data, range(n_part, len(data), n_part))) == [
            (on, off + 1) for on, off in expected
        ]
        n_triggers += len(expected)
    assert n_triggers >= 10


@pytest.mark.parametrize("n", [50, 1000])
def test_windows_are_exact_while_and_after_a_hundred_million_counts(n: int) -> None:
    """Energy of 10^16: mean and variance to 10^-12 of long doubles, and never negative."""
    energy = np.random.default_rng(1).normal(0, 100, 6000) ** 2
    energy[1500:1510] = 1e16
    mean, variance = Window(n).moments(energy, spread=True)
    windows = sliding_window_view(np.concatenate((np.zeros(n - 1), energy)).astype(np.longdouble), n)
    assert np.abs(mean / windows.mean(axis=1) - 1).max() <= 1e-12
    assert np.abs(variance / windows.var(axis=1) - 1)[1:].max() <= 1e-12
    energy[2000:] = 0  # the channel dies
    assert (Window(n).moments(energy)[0] >= 0).all()
    assert (Window(n).moments(energy)[0][1510 + n : 1999] < 1e6).all()


def test_obspys_classic_form_is_what_drifts() -> None:
    """So that the comparison above is with what an earthquake would really do to it."""
    plan = plan_for(SETTINGS[Form.CLASSIC], 100.0)
    data = np.random.default_rng(1).normal(0, 1, 20_000)
    data[2000:2010] = 1e8
    lta, _ = Window(plan.n_lta).moments(data**2)
    sta, _ = Window(plan.n_sta).moments(data**2)
    later = slice(2010 + plan.n_lta, None)
    theirs = classic_sta_lta(data, plan.n_sta, plan.n_lta)[later]
    assert np.abs(theirs / (sta / lta)[later] - 1).max() > 0.01


def picks_of(detector: Detector, packets: Sequence[Packet]) -> list[Pick]:
    return [pick for packet in packets for pick in detector.feed([packet])]


@EACH
def test_picks_are_the_same_for_any_packets_and_after_a_restart(
    unterhaching: Sequence[obspy.Trace], cut: Callable[..., list[Packet]], form: Form
) -> None:
    """Cut into packets of 33, 412 and 5000 samples, and stopped in the middle: bit for bit; with a gap inside."""
    trace = next(trace for trace in unterhaching if trace.id == "BW.UH3..SHZ")
    start_ns, rate_hz, data = trace.stats.starttime.ns, trace.stats.sampling_rate, trace.data
    n = len(data) // 2
    found = []
    for length in (33, 412, 5000):
        packets = cut(trace.id, start_ns, rate_hz, data[:n], range(0, n, length))
        packets += cut(trace.id, start_ns + round((n + 150) / rate_hz * 1e9), rate_hz, data[n + 150 :])
        found.append(Detector(SETTINGS[form]).feed(packets))
        first, second = Detector(SETTINGS[form]), Detector(SETTINGS[form])
        begun = picks_of(first, packets[: len(packets) // 3])
        second.restore(first.snapshot())
        found.append(begun + picks_of(second, packets[len(packets) // 3 :]))
    assert len(found[0]) >= 2
    assert all(picks == found[0] for picks in found)
