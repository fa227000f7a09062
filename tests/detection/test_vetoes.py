"""What is no onset is refused and counted by its reason, and what was an onset stays one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection import channel
from detection.detector import Detector
from detection.settings import DetectionSettings
from detection.vetoes import Veto
from houfeng.types import Packet, Pick, SourceId

Samples = np.ndarray[Any, Any]
Cut = Callable[..., list[Packet]]

EVERY = DetectionSettings(channels=("*.*.*.*",))
START_NS = 1_700_000_000_000_000_000
NAME = "XX.AAA.00.HHZ"


def picks_of(cut: Cut, data: Samples, rate_hz: float) -> tuple[list[Pick], Detector]:
    detector = Detector(EVERY, by_rows=True)
    return detector.feed(cut(NAME, START_NS, rate_hz, data, range(0, len(data), 20_000))), detector


@pytest.mark.data
@pytest.mark.parametrize("clipped", [False, True], ids=["whole", "clipped"])
def test_no_earthquake_is_vetoed(
    cut: Cut, shared_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, clipped: bool
) -> None:
    """P of 40 stations, as they are and clipped at 8 times the noise's largest value: found as without any veto."""
    records = []
    for file in sorted(shared_data("picks_ncedc").glob("*.npz")):
        with np.load(file) as record:
            data, at = record["data"][:5000, 2], int(record["itp"])
        if data.any():
            rail = 8 * np.abs(data[:2900]).max() if clipped else np.inf
            records.append((np.round(100 * np.clip(data, -rail, rail)), at))

    def n_found() -> int:
        onsets_s = [[(pick.onset_ns - START_NS) / 1e9 for pick in picks_of(cut, data, 100.0)[0]] for data, _ in records]
        return sum(
            any(-0.5 < onset_s - at / 100 < 1.0 for onset_s in found)
            for found, (_, at) in zip(onsets_s, records, strict=True)
        )

    with_vetoes = n_found()
    monkeypatch.setattr(channel, "refuse", lambda *_: None)
    assert with_vetoes == n_found() >= 0.9 * len(records)


def noise_of(n: int) -> Samples:
    return np.round(np.random.default_rng(2).normal(0, 100, n))


@pytest.mark.parametrize(
    ("reason", "values"),
    [
        (Veto.SPIKE, [30_000]),
        (Veto.SPIKE, [-30_000, -28_000]),
        (Veto.STEP, [30_000] * 3000),
        (Veto.PULSE, [9_000] * 120),
    ],
)
def test_what_is_refused_is_counted_with_its_reason(cut: Cut, reason: Veto, values: list[int]) -> None:
    data = noise_of(6000)
    data[3000 : 3000 + len(values)] += values
    picks, detector = picks_of(cut, data, 100.0)
    assert picks == []
    assert detector.vetoed == {SourceId.parse(NAME): {reason: 2 if reason is Veto.PULSE and len(values) > 200 else 1}}
    again = Detector(EVERY)
    again.restore(detector.snapshot())
    assert again.vetoed == detector.vetoed


def test_an_earthquake_behind_a_spike_keeps_its_pick(cut: Cut) -> None:
    data = noise_of(6000)
    data[3000] += 30_000
    data[3040:] += np.round(np.random.default_rng(3).normal(0, 2000, 2960) * np.exp(-np.arange(2960) / 200))
    picks, detector = picks_of(cut, data, 100.0)
    assert len(picks) == 1
    assert detector.vetoed == {}


def test_picks_carry_the_triggers_of_the_hour_before(cut: Cut) -> None:
    """Bursts 1300 s apart: none before the first, one before the second, then two; a spike is no trigger."""
    n = 2 * 3600 * 20
    data = np.round(np.random.default_rng(5).normal(0, 100, n))
    data[30_000] += 50_000
    for at in range(12_000, n, 26_000):
        data[at : at + 60] *= 12
    packets = cut(NAME, START_NS, 20.0, data)
    whole = Detector(EVERY)
    picks = whole.feed(packets)
    assert [pick.trigger_rate_h for pick in picks] == [0, 1, 2, 2, 2, 2]
    first, second = Detector(EVERY), Detector(EVERY)
    begun = first.feed(packets[:150])
    second.restore(first.snapshot())
    assert begun + second.feed(packets[150:]) == picks


def test_slow_swell_that_is_clipped_does_not_trigger_where_it_has_nothing(cut: Cut) -> None:
    """0.5 Hz at half of its height: its corners reach the bands, a smooth curve across them does not."""
    rng = np.random.default_rng(6)
    swell = 20_000 * np.sin(np.pi * np.arange(9000) / 100) + rng.normal(0, 40, 9000)
    swell[4000:5000] = np.clip(swell[4000:5000], -10_000, 10_000)
    picks, detector = picks_of(cut, np.round(swell), 100.0)
    assert picks == []
    (counts,) = detector.vetoed.values()
    assert set(counts) <= {"clip", "flat"}


def test_a_pulse_of_thousands_of_times_the_noise_is_refused_though_its_copy_is_not_perfect(cut: Cut) -> None:
    """On swell of 1 Hz: what stands for its two edges is a hundredth of the pulse wrong, and 30 times the noise."""
    rng = np.random.default_rng(8)
    data = 10_000 * np.sin(2 * np.pi * np.arange(2400) / 20) + rng.normal(0, 100, 2400)
    data[1500:1510] += 300_000
    picks, detector = picks_of(cut, np.round(data), 20.0)
    assert picks == []
    assert sum(next(iter(detector.vetoed.values())).values()) >= 1
