"""What detection costs beside ObsPy's chain, SciPy's filters along two dimensions, and a copy in memory.

Every ratio is of two pieces of work done in turn in one process, the least processor time of several rounds each: other
programs slow both. All of it runs in one thread: OpenBLAS uses more for matrices four times as large as ours. The
samples are counts as records hold them, of noise with one dying burst in every tenth channel, which triggers.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence

import numpy as np
import obspy
import pytest
from obspy.realtime import RtTrace
from obspy.signal.trigger import recursive_sta_lta, trigger_onset
from scipy.signal import lfilter, sosfilt

from detection.bank import Bank
from detection.detector import Detector
from detection.plan import plan_for
from detection.search import search
from detection.settings import DetectionSettings
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId, readonly

PLAN = plan_for(DetectionSettings(bands=((7.0, 20.0),)), 100.0)
BAND = PLAN.bands[0]

TILES = 50  # channels; from here on tiles are faster

pytestmark = pytest.mark.bench


def fastest(works: Sequence[Callable[[], object]], n_rounds: int = 5) -> list[float]:
    """Least processor time of each, seconds; they take turns, so that a busy computer is busy for all."""
    times = [float("inf")] * len(works)
    for _ in range(n_rounds):
        for number, work in enumerate(works):
            start = time.process_time()
            work()
            times[number] = min(times[number], time.process_time() - start)
    return times


def block(n_channels: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(n_channels)
    data = rng.normal(0, 100, (n_channels, n))
    for row in data[::10]:
        at = int(rng.integers(0, n - 1))
        row[at:] += rng.normal(0, 2000, n - at) * np.exp(-np.arange(n - at) / 200)
    return np.round(data).astype(np.int32)


class Ours:
    """The core, warm: averages learnt, so that every block may trigger."""

    def __init__(self, data: np.ndarray) -> None:
        self.bank = Bank(plan_for(PLAN.settings, PLAN.rate_hz, by_rows=len(data) < TILES))
        self.rows = [self.bank.add() for _ in data]
        self.samples = list(data)
        self.bank.n_learnt[:] = PLAN.n_lta
        self.bank.sta[:] = self.bank.lta[:] = 5000.0
        self.n_on = 0

    def __call__(self) -> None:
        self.n_on = sum(len(f.spans) for f in search(self.bank, self.rows, self.samples))


def obspy_chain(data: np.ndarray) -> int:
    """ObsPy's fastest: SciPy's filter, the recursion in C, its trigger intervals; for each channel."""
    n = 0
    for row in data:
        filtered, _ = sosfilt(BAND.sections, row, zi=BAND.rest * row[0])
        n += len(trigger_onset(recursive_sta_lta(filtered, PLAN.n_sta, PLAN.n_lta), 4.0, 1.5))
    return n


@pytest.mark.parametrize(
    ("n_channels", "n", "least"),
    [
        (1, 360_000, 1.1),
        (10, 36_000, 0.85),
        (60, 6000, 1.5),
        (300, 3024, 2.4),
        (1024, 3024, 2.6),
        (1024, 1008, 4.5),
        (1024, 96, 12.0),
    ],
)
def test_against_obspys_chain_on_the_same_block(n_channels: int, n: int, least: float) -> None:
    """Whole blocks: a segment that ends inside one is looked at sample by sample."""
    data = block(n_channels, n)
    ours = Ours(data)
    ours_s, obspy_s = fastest([ours, lambda: obspy_chain(data)])
    n_samples = n_channels * n / 1e6
    ratio = obspy_s / ours_s
    print(
        f"{n_channels} channels x {n} samples: {n_samples / ours_s:.0f} Ms/s, "
        f"ObsPy {n_samples / obspy_s:.0f} Ms/s, ratio {ratio:.2f}"
    )
    assert ours.n_on
    assert ratio >= least


@pytest.mark.parametrize(("n_channels", "by_rows"), [(10, True), (60, True), (300, False)])
def test_the_default_settings_against_obspys_chain_run_twice(n_channels: int, by_rows: bool) -> None:
    """Packets to picks: two bands, vetoes, onsets; ObsPy's chain does neither of the last two."""
    settings = DetectionSettings()
    plan, n = plan_for(settings, 100.0), 3_000_000 // n_channels // 3000 * 3000
    data = block(n_channels, n)
    packets = [
        Packet(SourceId("XX", f"S{row}", "", "HHZ"), first * NS_PER_S // 100, 100.0, readonly(part), b"")
        for first in range(0, n, 3000)
        for row, part in enumerate(np.ascontiguousarray(data[:, first : first + 3000]).astype(np.int32))
    ]
    made: list[int] = []

    def ours() -> None:
        made.append(len(Detector(settings, by_rows=by_rows).feed(packets)))

    def theirs() -> None:
        for row in data:
            for band in plan.bands:
                filtered, _ = sosfilt(band.sections, row, zi=band.rest * row[0])
                trigger_onset(recursive_sta_lta(filtered, plan.n_sta, plan.n_lta), 5.0, 2.0)

    ours_s, obspy_s = fastest([ours, theirs], 3)
    n_samples = n_channels * n / 1e6
    print(
        f"default settings, {n_channels} channels x {n} samples: {n_samples / ours_s:.0f} Ms/s, {made[0]} picks; "
        f"ObsPy twice {n_samples / obspy_s:.0f} Ms/s; ratio {obspy_s / ours_s:.2f}"
    )
    assert made[0] >= 1
    assert obspy_s >= 0.6 * ours_s


@pytest.mark.parametrize(("n", "least"), [(1008, 2.2), (3024, 3.2), (6048, 3.6)])
def test_against_filters_in_two_dimensions_and_a_copy(n: int, least: float) -> None:
    """SciPy's filters along the second of two dimensions, time first, with carried state: the obvious vectorisation."""
    data = block(1024, n)
    ours, columns = Ours(data), np.ascontiguousarray(data.T)
    state = np.zeros((len(BAND.sections), 2, 1024))
    last = np.zeros((1, 1024))

    def two_dimensions() -> None:
        filtered, _ = sosfilt(BAND.sections, columns, axis=0, zi=state)
        energy = filtered**2
        sta, _ = lfilter([1 / PLAN.n_sta], [1, 1 / PLAN.n_sta - 1], energy, axis=0, zi=last)
        lta, _ = lfilter([1 / PLAN.n_lta], [1, 1 / PLAN.n_lta - 1], energy, axis=0, zi=last)
        np.flatnonzero(sta >= 4 * lta)

    copy = np.empty_like(data)
    ours_s, scipy_s, copy_s = fastest([ours, two_dimensions, lambda: np.copyto(copy, data)])
    print(f"2-D filters of {n} samples: {scipy_s / ours_s:.1f} times our time; a copy: {copy_s / ours_s:.1%} of it")
    assert scipy_s >= least * ours_s


def test_a_packet_against_obspy_realtime() -> None:
    """A second each: 1,024 of ours at once, and one after the other appended to a trace with a stateful detector."""
    ours = Ours(block(1024, 96))
    state = BAND.rest * 0.0
    last = [np.zeros(1), np.zeros(1)]

    def detector(samples: np.ndarray) -> np.ndarray:
        nonlocal state
        filtered, state = sosfilt(BAND.sections, samples, zi=state)
        energy = filtered**2
        sta, last[0] = lfilter([1 / PLAN.n_sta], [1, 1 / PLAN.n_sta - 1], energy, zi=last[0])
        lta, last[1] = lfilter([1 / PLAN.n_lta], [1, 1 / PLAN.n_lta - 1], energy, zi=last[1])
        return np.asarray(sta / lta)

    stream = RtTrace(max_length=60)
    stream.register_rt_process(detector)
    samples = np.random.default_rng(3).normal(0, 100, 100)
    times = itertools.count()

    def append() -> None:
        for _ in range(20):
            header = {"sampling_rate": 100.0, "starttime": obspy.UTCDateTime(next(times))}
            stream.append(obspy.Trace(samples, header))

    ours_s, obspy_s = fastest([ours, append], 30)
    print(f"a packet: {ours_s / 1024 * 1e6:.2f} us, obspy.realtime {obspy_s / 20 * 1e6:.0f} us")
    assert obspy_s / 20 >= 100 * ours_s / 1024


def test_live_packets_through_the_detector() -> None:
    """1,000 stations with three channels, one of them watched, in 1-s packets: all that Python does included."""
    rng = np.random.default_rng(4)
    ids = [SourceId("XX", f"S{number}", "", channel) for number in range(1000) for channel in ("HHE", "HHN", "HHZ")]
    samples = [readonly(rng.normal(0, 100, 100).round().astype(np.int32)) for _ in range(50)]
    detector = Detector(DetectionSettings())
    seconds = itertools.count()

    def second() -> None:
        start_ns = next(seconds) * NS_PER_S
        packets = [Packet(key, start_ns, 100.0, samples[n % 50], b"") for n, key in enumerate(ids)]
        for first in range(0, len(packets), 100):
            detector.feed(packets[first : first + 100])

    (feed_s,) = fastest([second], 40)
    print(f"1,000 stations x 3 channels, 1-s packets, 100 at a time: {feed_s:.3f} s of one core a second")
    assert feed_s < 0.2
