"""Analysts' P of Northern California as triggers of ours: cropped at random, also with other stations' noise added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from obspy.signal.trigger import recursive_sta_lta
from scipy.signal import sosfilt

from detection.onset.frames import Frame
from detection.plan import Floats, Plan


@dataclass(frozen=True)
class Case:
    """A frame, the index of the analyst's onset in its window, and the number of the record."""

    frame: Frame
    analyst: int
    record: int


def records(folder: Path) -> list[tuple[Floats, int]]:
    """Vertical component and sample of P of each; P is sample 3000 in all of them, so nobody may see the beginning."""
    found = []
    for file in sorted(folder.glob("*.npz")):
        with np.load(file) as record:
            found.append((record["data"][:, 2].astype(float), int(record["itp"])))
    assert len(found) == 40
    return found


def cases(folder: Path, plan: Plan, seed: int, n_crops: int, ratio: float | None = None) -> list[Case]:
    """Every record cropped at random some times; those that trigger within 3 s of P.

    Parameters
    ----------
    ratio : amplitude of the first second of P to the noise of another record that is added; None adds nothing
    """
    rng = np.random.default_rng(seed)
    known = records(folder)
    found = []
    for number, (full, p) in enumerate(known):
        for _ in range(n_crops):
            skip = int(rng.integers(0, 1400))
            raw, at = full[skip:], p - skip
            if ratio is not None:
                raw = raw + _noise(known[int(rng.integers(len(known)))][0], raw, at, plan, ratio, rng)
            found += [Case(frame, analyst, number) for frame, analyst in _triggered(raw, at, plan)]
    return found


def highpassed(raw: Floats, plan: Plan) -> Floats:
    """As onsets are read."""
    filtered, _ = sosfilt(plan.bands[0].highpass, raw, zi=plan.bands[0].highpass_rest * raw[0])
    return np.asarray(filtered)


def _noise(other: Floats, raw: Floats, at: int, plan: Plan, ratio: float, rng: np.random.Generator) -> Floats:
    """What is before P in another record, forth and back, from a random sample on."""
    piece = other[100:2900] - other[100:2900].mean()
    noise = np.resize(np.concatenate((piece, piece[::-1])), len(raw) + 2800)[int(rng.integers(2800)) :][: len(raw)]
    signal = np.std(highpassed(raw, plan)[at : at + 100])
    level = np.std(highpassed(noise, plan)[200:])
    return noise * (signal / level / ratio) if level else noise


def _triggered(raw: Floats, at: int, plan: Plan) -> Iterator[tuple[Frame, int]]:
    """The earliest of the bands' triggers that are nearest to P."""
    found = []
    for number, band in enumerate(plan.bands):
        filtered, _ = sosfilt(band.sections, raw, zi=band.rest * raw[0])
        ratio = recursive_sta_lta(filtered, plan.n_sta, plan.n_lta)
        ratio[: plan.n_lta] = 0
        above = ratio >= plan.settings.on_ratio
        triggers = np.flatnonzero(above[1:] & ~above[:-1]) + 1
        found += [(abs(t - at), t, number) for t in triggers.tolist() if abs(t - at) < 300]
    if found:
        _, trigger, band_number = min(found)
        start = trigger - plan.n_before
        run_in = max(start - plan.n_run_in, 0)
        frame = Frame(raw[run_in : trigger + plan.n_after], start - run_in, trigger - run_in, band_number)
        yield frame, at - start
