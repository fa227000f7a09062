"""The same bits whatever way the packets come, whenever it is stopped and restored; gaps do not trigger."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy.signal.trigger import recursive_sta_lta, trigger_onset
from scipy.signal import sosfilt

from detection.detector import Detector
from detection.plan import Plan, plan_for
from detection.settings import DetectionSettings
from houfeng.errors import DetectionError
from houfeng.types import Packet, Pick, SourceId

SETTINGS = DetectionSettings()
START_NS = 1_700_000_000_000_000_000
NAME = "XX.AAA.00.HHZ"
SOURCE = SourceId.parse(NAME)
RATE_HZ = 100.0

Cut = Callable[..., list[Packet]]
PacketsOf = Callable[[Sequence[obspy.Trace]], list[Packet]]


def run(packets: Sequence[Packet], settings: DetectionSettings = SETTINGS) -> list[Pick]:
    return Detector(settings).feed(packets)


def noise(n: int, seed: int = 0, offset: float = 0.0, swell: float = 0.0) -> np.ndarray[Any, Any]:
    """White noise of 100 counts on an offset and on sea waves of 5 s, which a broadband near a coast is full of."""
    sea = swell * np.sin(2 * np.pi * np.arange(n) / (5 * RATE_HZ) + seed)
    return np.round(np.random.default_rng(seed).normal(offset, 100, n) + sea).astype(np.int32)


def shock(data: np.ndarray[Any, Any], at: int, amplitude: float, seed: int = 1) -> np.ndarray[Any, Any]:
    """Noise of exponentially dying amplitude (2 s) added from a sample on."""
    data = data.astype(np.float64)
    n = len(data) - at
    data[at:] += np.random.default_rng(seed).normal(0, amplitude, n) * np.exp(-np.arange(n) / (2 * RATE_HZ))
    return np.round(data).astype(np.int32)


def obspy_ratio(plan: Plan, data: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """ObsPy's recursive STA/LTA after SciPy's filter, the largest of all bands."""
    filtered = [sosfilt(band.sections, data, zi=band.rest * data[0])[0] for band in plan.bands]
    return np.max([recursive_sta_lta(signal, plan.n_sta, plan.n_lta) for signal in filtered], axis=0)


@pytest.fixture(scope="module")
def reference(unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf) -> list[Pick]:
    return run(packets_of(unterhaching))


def test_every_trigger_starts_where_obspy_has_it(unterhaching: Sequence[obspy.Trace], reference: list[Pick]) -> None:
    """From the packets to the trigger times: sosfilt, ObsPy's C recursion and trigger_onset over whole records."""
    n_triggers = 0
    for trace in (trace for trace in unterhaching if trace.stats.channel.endswith("Z")):
        plan = plan_for(SETTINGS, trace.stats.sampling_rate)
        ratio = obspy_ratio(plan, trace.data.astype(float))
        expected = [on for on, _ in trigger_onset(ratio, SETTINGS.on_ratio, SETTINGS.off_ratio)]
        start_ns, step_ns = trace.stats.starttime.ns, 1e9 / trace.stats.sampling_rate
        found = [round((pick.trigger_ns - start_ns) / step_ns) for pick in reference if str(pick.source_id) == trace.id]
        assert sorted(found) == expected
        n_triggers += len(expected)
    assert n_triggers >= 10


def test_only_the_channels_that_were_asked_for(unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf) -> None:
    packets = packets_of(unterhaching)
    assert {pick.source_id.channel for pick in run(packets)} == {"SHZ", "EHZ"}
    horizontal = run(packets, replace(SETTINGS, channels=("BW.UH?..*E", "BW.*.*.SHN")))
    assert {pick.source_id.channel for pick in horizontal} == {"SHE", "SHN"}


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_the_same_bits_for_any_packets_batches_and_turns(
    data: st.DataObject, unterhaching: Sequence[obspy.Trace], reference: list[Pick], cut: Cut
) -> None:
    """Records cut anywhere, channels in any turn, any number of packets at a time."""
    n = min(len(trace.data) for trace in unterhaching)
    streams = []
    for trace in unterhaching:
        length = data.draw(st.sampled_from([33, 50, 412, 4096, n]))
        at = {*range(length, len(trace.data), length), *data.draw(st.sets(st.integers(1, n - 1), max_size=4))}
        streams.append(cut(trace.id, trace.stats.starttime.ns, trace.stats.sampling_rate, trace.data, at))
    turns = [number for number, stream in enumerate(streams) for _ in stream]
    random.Random(data.draw(st.integers(0, 2**32))).shuffle(turns)
    queues = [iter(stream) for stream in streams]
    packets = [next(queues[number]) for number in turns]
    n_batch = data.draw(st.sampled_from([1, 3, 100, len(packets)]))
    detector = Detector(SETTINGS)
    picks = [pick for i in range(0, len(packets), n_batch) for pick in detector.feed(packets[i : i + n_batch])]
    assert sorted(picks) == reference


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_stopped_anywhere_and_restored_it_goes_on_bit_for_bit(
    data: st.DataObject, unterhaching: Sequence[obspy.Trace], reference: list[Pick], packets_of: PacketsOf
) -> None:
    packets = packets_of(unterhaching)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(packets)), min_size=1, max_size=6)))
    picks: list[Pick] = []
    saved: dict[SourceId, bytes] = {}
    for a, b in itertools.pairwise([0, *cuts, len(packets)]):
        detector = Detector(SETTINGS)
        detector.restore(saved)
        for packet in packets[a:b]:
            picks += detector.feed([packet])
        saved |= detector.snapshot()
        assert detector.snapshot() == {}
    assert sorted(picks) == reference


def test_a_restored_detector_is_where_the_first_one_was(cut: Cut) -> None:
    """Stopped before every packet: while it learns, in a hold-off, in a trigger, with a window half full."""
    data = shock(shock(noise(6000, swell=1_000_000.0), 1500, 3000), 4700, 100_000)
    packets = cut(NAME, START_NS, RATE_HZ, data, range(0, 6000, 60))
    del packets[60:62]
    reference = run(packets)
    assert len(reference) == 2
    for number in range(len(packets)):
        first, second = Detector(SETTINGS), Detector(SETTINGS)
        picks = first.feed(packets[:number])
        second.restore(first.snapshot())
        assert second.position_ns(SOURCE) == first.position_ns(SOURCE)
        assert picks + second.feed(packets[number:]) == reference
        first.feed(packets[number:])
        assert second.snapshot() == first.snapshot()


def test_a_state_is_small_and_survives_nothing_but_itself(cut: Cut) -> None:
    detector = Detector(SETTINGS)
    detector.feed(cut(NAME, START_NS, RATE_HZ, noise(6000)))
    state = detector.snapshot()[SOURCE]
    assert len(state) < 4000
    with pytest.raises(DetectionError, match=r"XX.AAA.00.HHZ: .* made with other detection settings"):
        Detector(replace(SETTINGS, on_ratio=6.0)).restore({SOURCE: state})
    Detector(replace(SETTINGS, channels=("*.*.*.HHZ",))).restore({SOURCE: state})
    for wrong in (b"", b"no state", state[:-1], state[:40] + b"\x00\x00" + state[42:]):
        with pytest.raises(DetectionError, match=r"XX.AAA.00.HHZ: \d+ bytes are not a saved detector state"):
            Detector(SETTINGS).restore({SOURCE: wrong})


def test_feeding_twice_changes_nothing(unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf) -> None:
    packets = packets_of(unterhaching)
    detector = Detector(SETTINGS)
    assert detector.feed(packets)
    assert detector.feed(packets) == []


def test_overlapping_packets_count_once(unterhaching: Sequence[obspy.Trace], reference: list[Pick], cut: Cut) -> None:
    packets = []
    for trace in unterhaching:
        start_ns, rate_hz = trace.stats.starttime.ns, trace.stats.sampling_rate
        for first in range(0, len(trace.data), 300):  # every packet repeats the last 100 samples of the one before
            again = max(first - 100, 0)
            packets += cut(
                trace.id, start_ns + round(again * 1e9 / rate_hz), rate_hz, trace.data[again : first + 300], ()
            )
    assert run(packets) == reference


def test_a_channel_too_slow_for_the_band_is_reported(cut: Cut, caplog: pytest.LogCaptureFixture) -> None:
    detector = Detector(SETTINGS)
    slow = SourceId.parse("XX.AAA.00.LHZ")
    packets = cut(str(slow), START_NS, 1.0, noise(3000))
    detector.feed(packets)
    assert "1 Hz is too slow for the band 3-10 Hz" in detector.unusable[slow]
    assert detector.position_ns(slow) is None
    assert len(caplog.records) == 1  # said once, not for every packet
    detector.feed(cut(str(slow), packets[-1].next_ns, 100.0, noise(3000)))
    assert detector.unusable == {}


@pytest.mark.parametrize("n_gap", [1, 50, 700, 5_000])
@pytest.mark.parametrize(("offset", "swell"), [(0.0, 0.0), (5000.0, 0.0), (5000.0, 200_000.0)])
def test_a_gap_does_not_trigger(cut: Cut, n_gap: int, offset: float, swell: float) -> None:
    """Forty gaps, missing or filled with zeros or the last value, around which the noise goes on as before."""
    n_flat = plan_for(SETTINGS, RATE_HZ).n_flat
    for filling in ("missing", "zeros", "held") if n_gap >= n_flat else ("missing",):
        packets: list[Packet] = []
        first = 0
        for number in range(40):
            data = noise(1500 + 37 * number, number, offset, swell)
            packets += cut(NAME, START_NS + first * 10_000_000, RATE_HZ, data, range(0, len(data), 60))
            first += len(data)
            if filling != "missing":
                filled = np.full(n_gap, 0 if filling == "zeros" else data[-1], dtype=np.int32)
                packets += cut(NAME, START_NS + first * 10_000_000, RATE_HZ, filled)
            first += n_gap
        detector = Detector(SETTINGS)
        assert [pick for packet in packets for pick in detector.feed([packet])] == []


def test_an_earthquake_after_a_short_gap_is_found_and_the_noise_level_is_kept(cut: Cut) -> None:
    """5 s after the gap: an LTA learnt anew would still be blind."""
    before, after = noise(3000), shock(noise(3000, 7), 500, 3000)
    gap_ns = 2_000_000_000
    second = START_NS + 30_000_000_000 + gap_ns
    (pick,) = run([*cut(NAME, START_NS, RATE_HZ, before), *cut(NAME, second, RATE_HZ, after)])
    assert abs(pick.onset_ns - (second + 5_000_000_000)) <= 30_000_000
    long_ns = 10**9 * 61
    assert run([*cut(NAME, START_NS, RATE_HZ, before), *cut(NAME, second + long_ns, RATE_HZ, after)]) == []


def test_at_a_gap_the_window_ends(cut: Cut) -> None:
    """1 s of the shock before the gap is enough; its last half second is not."""
    data = shock(noise(3000), 2500, 5000)
    later = cut(NAME, START_NS + 60_000_000_000, RATE_HZ, noise(3000, 3))
    (pick,) = run([*cut(NAME, START_NS, RATE_HZ, data[:2600]), *later])
    assert abs(pick.onset_ns - (START_NS + 25_000_000_000)) <= 30_000_000
    assert run([*cut(NAME, START_NS, RATE_HZ, data[:2540]), *later]) == []


def test_an_onset_at_the_very_end_waits_for_its_window(cut: Cut) -> None:
    data = shock(noise(4000), 2500, 5000)
    detector = Detector(SETTINGS)
    assert detector.feed(cut(NAME, START_NS, RATE_HZ, data[:2600])) == []
    (pick,) = detector.feed(cut(NAME, START_NS, RATE_HZ, data))
    assert [pick] == run(cut(NAME, START_NS, RATE_HZ, data))


def test_a_change_of_sampling_rate_starts_anew(cut: Cut) -> None:
    """The window of the old rate ends there, what overlaps is not seen twice, and the new rate is searched."""
    old = shock(noise(3000), 2500, 5000)[:2600]
    new = shock(shock(noise(4000, 5), 950, 5000), 3000, 5000)  # from 6 s on; its shock at 25 s is the old one
    packets = [*cut(NAME, START_NS, 100.0, old), *cut(NAME, START_NS + 6_000_000_000, 50.0, new, at=())]
    detector = Detector(SETTINGS)
    first, second = detector.feed(packets)
    assert abs(first.onset_ns - (START_NS + 25_000_000_000)) <= 30_000_000
    assert abs(second.onset_ns - (START_NS + 66_000_000_000)) <= 60_000_000
    assert detector.position_ns(SOURCE) == START_NS + 86_000_000_000


def test_late_packets_of_an_old_rate_change_nothing_back(cut: Cut) -> None:
    old, new = noise(2600), shock(noise(4000, 5), 3000, 5000)
    late = cut(NAME, START_NS, 100.0, old)
    packets = cut(NAME, START_NS + 26_000_000_000, 50.0, new)
    at = next(number for number, packet in enumerate(packets) if packet.start_ns > START_NS + 80_000_000_000)
    assert run([*late, *packets[:at], *late, *packets[at:]]) == run([*late, *packets]) != []


def test_a_header_that_rounds_the_rate_is_the_same_rate(cut: Cut) -> None:
    data = shock(noise(4000), 2500, 5000)
    packets = [
        Packet(packet.source_id, packet.start_ns, 99.9999, packet.samples, b"") if number % 2 else packet
        for number, packet in enumerate(cut(NAME, START_NS, RATE_HZ, data))
    ]
    assert run(packets) == run(cut(NAME, START_NS, RATE_HZ, data))


@pytest.mark.parametrize("between_s", [4.0, 6.0])
def test_a_larger_shock_inside_a_trigger_gets_its_own_pick(cut: Cut, between_s: float) -> None:
    """The foreshock's trigger is still on (ObsPy has one trigger), and its coda hides the noise."""
    at = 3000 + int(between_s * RATE_HZ)
    n = 8000
    coda = np.random.default_rng(11).normal(0, 1500, n - 3000) * np.minimum(1, 1.5 / (1 + np.arange(n - 3000) / 900))
    data = noise(n).astype(float)
    data[3000:] += coda
    data = shock(data, at, 60_000)
    lasting = replace(SETTINGS, off_ratio=1.5)
    plan = plan_for(lasting, RATE_HZ)
    ratio = obspy_ratio(plan, data.astype(float))
    assert len(trigger_onset(ratio, lasting.on_ratio, lasting.off_ratio)) == 1
    fore, main = run(cut(NAME, START_NS, RATE_HZ, data), lasting)
    assert abs(fore.onset_ns - (START_NS + 30_000_000_000)) <= 50_000_000
    assert abs(main.onset_ns - (START_NS + at * 10_000_000)) <= 50_000_000


def test_a_window_does_not_reach_back_to_the_onset_before(cut: Cut) -> None:
    """Two bursts, 2.5 s apart: the split between noise and first burst is the deepest in the second one's window."""
    data = noise(5000)
    for at in (3000, 3250):
        data[at : at + 30] = noise(30, at) * 40
    onsets_s = [(pick.onset_ns - START_NS) / 1e9 for pick in run(cut(NAME, START_NS, RATE_HZ, data))]
    assert onsets_s == pytest.approx([30.0, 32.5], abs=0.03)


def test_no_samples_no_rate_no_pick(cut: Cut) -> None:
    log_record = Packet(SOURCE, START_NS, 0.0, np.empty(0, dtype=np.int32), b"")
    detector = Detector(SETTINGS)
    assert detector.feed([log_record]) == []
    assert detector.position_ns(SOURCE) is None
    assert detector.snapshot() == {}
