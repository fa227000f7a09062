"""Artefacts that digitisers, links and sensors make, to be put into real noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import numpy as np

from houfeng.times import samples_ns
from houfeng.types import Packet, SourceId, readonly

Samples = np.ndarray[Any, Any]
SOURCE = SourceId.parse("XX.AAA.00.HHZ")
START_NS = 1_700_000_000_000_000_000
LEAST_SIGMA, LARGEST_SIGMA = 3.0, 1000.0
RUN_UP_S = 60.0  # the noise level is learnt


@dataclass(frozen=True)
class Artefact:
    """What was put where: samples `at` to `end`; `is_lost` says whether these are missing from the record."""

    kind: str
    at: int
    end: int
    sigmas: float
    is_lost: bool = False


@dataclass(frozen=True)
class Place:
    """Where one is put: the record, to be changed; sample, sampling rate, size (counts, with sign), random numbers."""

    data: Samples
    at: int
    rate_hz: float
    size: float
    rng: np.random.Generator

    def some(self, least_s: float, most_s: float) -> slice:
        """Samples from the place on, for a random time between these (logarithmic)."""
        n = max(round(np.exp(self.rng.uniform(np.log(least_s), np.log(most_s))) * self.rate_hz), 1)
        return slice(self.at, self.at + n)

    def add(self, values: Samples) -> slice:
        part = slice(self.at, self.at + len(values))
        self.data[part] += values[: len(self.data[part])]
        return part


Put = Callable[[Place], slice]


def zeros(place: Place) -> slice:
    part = place.some(1.1, 15)
    place.data[part] = 0
    return part


def held(place: Place) -> slice:
    part = place.some(1.1, 15)
    place.data[part] = place.data[place.at - 1]
    return part


def lost(place: Place) -> slice:
    return place.some(0.05, 15)


def spike(place: Place) -> slice:
    part = slice(place.at, place.at + int(place.rng.integers(1, 3)))
    place.data[part] += place.size
    return part


def step(place: Place) -> slice:
    place.data[place.at :] += place.size
    return slice(place.at, place.at + 1)


def box(place: Place) -> slice:
    part = place.some(0.05, 15)
    place.data[part] += place.size
    return part


def step_response(corner_hz: float, damping: float, t_s: Samples) -> Samples:
    """Of a seismometer for velocity to a step of acceleration; the damping is less than critical, or critical."""
    w = 2 * pi * corner_hz
    if damping == 1:
        return np.asarray(t_s * np.exp(-w * t_s))
    swing = w * sqrt(1 - damping**2)
    return np.asarray(np.exp(-damping * w * t_s) * np.sin(swing * t_s))


def calibration(place: Place) -> slice:
    """A current step is switched on and off again: the velocity that a seismometer makes of steps of acceleration."""
    corner_hz, damping = [(1.0, 0.707), (4.5, 0.6), (1 / 30, 0.707), (1 / 120, 0.707), (2.0, 1.0)][
        int(place.rng.integers(5))
    ]
    on = place.some(2, 12)
    n = min(round(25 * place.rate_hz), len(place.data) - place.at)
    response = step_response(corner_hz, damping, np.arange(n) / place.rate_hz)
    n_on = on.stop - on.start
    response[n_on:] -= response[: max(n - n_on, 0)].copy()
    return place.add(response / np.abs(response).max() * place.size)


def decay(place: Place) -> slice:
    """A jump that leaks away: an amplifier, or a current through the coil."""
    tau_s = float(np.exp(place.rng.uniform(np.log(0.05), np.log(8))))
    n = round(min(6 * tau_s, 20) * place.rate_hz)
    return place.add(place.size * np.exp(-np.arange(n) / (tau_s * place.rate_hz)))


def sine(place: Place) -> slice:
    """A sine current through the coil."""
    part = place.some(5, 15)
    frequency_hz = float(np.exp(place.rng.uniform(np.log(0.5), np.log(min(10, place.rate_hz / 4)))))
    t_s = np.arange(part.stop - part.start) / place.rate_hz
    return place.add(place.size * np.sin(2 * pi * frequency_hz * t_s))


def drop_out(place: Place) -> slice:
    part = place.some(0.03, 0.95)
    place.data[part] = 0
    return part


def rail(place: Place) -> slice:
    """The trace is at one rail for a moment."""
    part = place.some(0.02, 0.9)
    place.data[part] = round(place.data[place.at] + place.size)
    return part


def cut_off(place: Place) -> slice:
    """Rails so near that the noise itself is clipped, for a while."""
    part = place.some(2, 15)
    values = place.data[part]
    middle, half = np.median(values), np.std(values) * place.rng.uniform(0.5, 2)
    place.data[part] = np.round(np.clip(values, middle - half, middle + half))
    return part


def restart(place: Place) -> slice:
    """Power fails; what comes back settles to where it was."""
    off = place.some(1, 10)
    tau_s = float(np.exp(place.rng.uniform(np.log(0.3), np.log(20))))
    behind = place.data[off.stop :]
    n = min(round(5 * tau_s * place.rate_hz), len(behind))
    behind[:n] += place.size * np.exp(-np.arange(n) / (tau_s * place.rate_hz))
    return off


def response(place: Place) -> slice:
    """What a sensor or an amplifier makes of a jump or a sine."""
    kinds = calibration, decay, sine
    return kinds[int(place.rng.integers(3))](place)


LOST = (lost, restart)
GLITCHES: Sequence[Put] = (zeros, held, lost, spike, step, box, drop_out, rail, cut_off, restart)
KINDS: Sequence[Put] = (*GLITCHES, response)


def disturbed(
    noise: Samples, rate_hz: float, rng: np.random.Generator, every_s: float, kinds: Sequence[Put] = KINDS
) -> tuple[Samples, list[Artefact]]:
    """Noise with artefacts of all kinds in turn, one in `every_s` seconds: of 3 to 1,000 standard deviations of the
    noise (about its mean, over the 20 s before), either way.
    """
    data, found = noise.astype(float), []
    first, apart = round(RUN_UP_S * rate_hz), round(every_s * rate_hz)
    begin = int(rng.integers(len(kinds)))
    for number, at in enumerate(range(first, len(data) - apart, apart)):
        put = kinds[(begin + number) % len(kinds)]
        sigmas = float(np.exp(rng.uniform(np.log(LEAST_SIGMA), np.log(LARGEST_SIGMA))))
        sigma = float(np.std(noise[at - round(20 * rate_hz) : at]))
        part = put(Place(data, at, rate_hz, float(rng.choice([-1, 1])) * sigmas * sigma, rng))
        found.append(Artefact(put.__name__, part.start, part.stop, sigmas, put in LOST))
    return np.round(data), found


def packets_of(data: Samples, rate_hz: float, artefacts: Sequence[Artefact], n_packet: int = 20_000) -> list[Packet]:
    """Packets of what is left of a record of `SOURCE` that begins at `START_NS`."""
    is_there = np.ones(len(data), dtype=bool)
    for artefact in artefacts:
        if artefact.is_lost:
            is_there[artefact.at : artefact.end] = False
    edges = np.flatnonzero(np.diff(is_there, prepend=False, append=False)).tolist()
    return [
        Packet(SOURCE, START_NS + samples_ns(at, rate_hz), rate_hz, readonly(data[at : min(at + n_packet, end)]), b"")
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
        for at in range(begin, end, n_packet)
    ]
