"""Sums of few exponentials are told from all else, and cheaply: what is not fitted would not have been refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection import responses
from detection.detector import Detector
from detection.responses import without_response
from detection.settings import DetectionSettings
from tests.detection.artefacts import disturbed, packets_of, response, step_response
from tests.detection.test_artefacts import noises

Samples = np.ndarray[Any, Any]
AT = 600


def noise_of(n: int = 800) -> Samples:
    return np.random.default_rng(4).normal(0, 10, n)


def swing(rate_hz: float, n: int) -> Samples:
    """A swing of 4 Hz that loses a third in each period, on a decay."""
    t_s = np.arange(n) / rate_hz
    return np.asarray(5000 * np.exp(-1.6 * t_s) * np.sin(8 * np.pi * t_s) + 3000 * np.exp(-t_s / 0.8))


@pytest.mark.parametrize("rate_hz", [20.0, 50.0, 100.0, 200.0])
@pytest.mark.parametrize("n_late", [0, 3])
def test_a_damped_oscillation_is_taken_out(rate_hz: float, n_late: int) -> None:
    n, at = round(8 * rate_hz), round(6 * rate_hz)
    data = noise_of(n)
    clean = data.copy()
    data[at - n_late :] += swing(rate_hz, n - at + n_late)
    found = without_response(data, at, rate_hz)
    assert found is not None
    copy, left = found
    assert left < 0.01
    assert np.std(np.diff(copy[at:] - clean[at:])) < 0.2 * np.std(np.diff(data[at:] - clean[at:]))


@pytest.mark.parametrize(("rate_hz", "on_s"), [(20.0, 0.7), (20.0, 1.5), (100.0, 0.7), (100.0, 1.5)])
def test_what_follows_a_livelier_response_is_taken_out(rate_hz: float, on_s: float) -> None:
    """A current was switched on and off: there is more energy before the second response than behind it."""
    n, at = round(8 * rate_hz), round(6 * rate_hz)
    off = at - round(0.2 * rate_hz)
    of_step = step_response(4.5, 0.6, np.arange(n) / rate_hz)
    data, on = noise_of(n), off - round(on_s * rate_hz)
    data[on:] += 40_000 * of_step[: n - on]
    data[off:] -= 40_000 * of_step[: n - off]
    found = without_response(data, at, rate_hz)
    assert found is not None
    assert found[1] < 0.01


def test_a_burst_of_noise_is_not_fitted() -> None:
    data = noise_of()
    data[AT:] *= 30
    assert without_response(data, AT, 100.0) is None


@pytest.mark.data
def test_what_is_not_fitted_would_not_have_been_refused(
    shared_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some hundred sines, decays and calibrations, and the noise's own triggers, with and without the quick test."""
    records = []
    for rate_hz, noise in noises(shared_data, 0.15):
        if len(noise) > 60_000:
            data, artefacts = disturbed(noise, rate_hz, np.random.default_rng(7), 29.0, [response])
            records.append(packets_of(data, rate_hz, artefacts))

    def refused() -> tuple[Counter[str], int]:
        counts, n_picks = Counter[str](), 0
        for packets in records:
            detector = Detector(DetectionSettings(), by_rows=True)
            n_picks += len(detector.feed(packets))
            counts += Counter(dict(next(iter(detector.vetoed.values()))))
        return counts, n_picks

    quick = refused()
    monkeypatch.setattr(responses, "HOPELESS", np.inf)
    assert quick == refused()
    assert quick[0]["calibration"] >= 60
