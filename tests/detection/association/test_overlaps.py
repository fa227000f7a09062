"""Network coincidence beside ObsPy's `coincidence_trigger`, on random and on real triggers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.trigger import coincidence_trigger, trigger_onset

from detection.association.overlaps import Coincidences, coincidences

Spans = list[tuple[int, int]]


def stream_of(channels: list[Spans], start_s: int = 1000) -> Stream:
    """Triggers as functions of 0 and 5 at 1 Hz; each channel of a station of its own."""
    found = []
    for number, spans in enumerate(channels):
        state = np.zeros(max((off for on, off in spans), default=0) + 2, np.float32)
        for on, off in spans:
            state[on : off + 1] = 5
        header = {"station": f"S{number:03}", "channel": "HHZ", "starttime": UTCDateTime(start_s)}
        found.append(Trace(state, header))
    return Stream(found)


def triggers_of(stream: Stream, **limits: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start, end and channel of what ObsPy takes for triggers, s since 1970."""
    on, off, channel = [], [], []
    for number, trace in enumerate(stream):
        for first, last in trigger_onset(trace.data, 3.5, 1.5, **limits):
            start = trace.stats.starttime
            on.append((start + float(first) / trace.stats.sampling_rate).timestamp)
            off.append((start + float(last) / trace.stats.sampling_rate).timestamp)
            channel.append(number)
    return np.array(on), np.array(off), np.array(channel, np.int64)


def ours(found: Coincidences, stream: Stream, channel: np.ndarray) -> list[tuple[float, float, float, list[str]]]:
    return [
        (on, off - on, total, [stream[channel[number]].id for number in members])
        for on, off, total, members in zip(found.on, found.off, found.total, found.members, strict=True)
    ]


def theirs(found: list[dict[str, Any]]) -> list[tuple[float, float, float, list[str]]]:
    return [(one["time"].timestamp, one["duration"], one["coincidence_sum"], one["trace_ids"]) for one in found]


@st.composite
def spans(draw: st.DrawFn) -> Spans:
    """Of one channel: none touches the next."""
    found, at = [], 0
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 9)), max_size=8)):
        found.append((at + gap, at + gap + length - 1))
        at += gap + length + 1
    return found


@settings(max_examples=60, deadline=None)
@given(
    channels=st.lists(spans(), min_size=1, max_size=9),
    least=st.sampled_from([0.5, 1, 2, 2.5, 3, 5]),
    extension=st.sampled_from([0, 1, 2.5, 6]),
    weights=st.lists(st.sampled_from([0, 0.1, 0.3, 0.7, 1, 2]), min_size=9, max_size=9) | st.just([1] * 9),
)
def test_random_triggers(channels: list[Spans], least: float, extension: float, weights: list[float]) -> None:
    """Hundreds of them share their starts and ends, or follow each other without a gap."""
    stream = stream_of(channels)
    trace_ids = {trace.id: weight for trace, weight in zip(stream, weights, strict=False)}
    expected = coincidence_trigger(None, 3.5, 1.5, stream, least, trace_ids=trace_ids, trigger_off_extension=extension)
    on, off, channel = triggers_of(stream)
    found = coincidences(on, off, channel, weights, least, extension=extension)
    assert ours(found, stream, channel) == theirs(expected)


def test_a_busy_network() -> None:
    """Forty channels of which several are always on: chains of many hundred triggers, with a station's second ones."""
    rng = np.random.default_rng(1)
    channels = [
        [(on, on + int(rng.integers(0, 25))) for on in range(int(rng.integers(60)), 1500, 60)] for _ in range(40)
    ]
    stream = stream_of(channels)
    on, off, channel = triggers_of(stream)
    found = coincidences(on, off, channel, np.ones(40), 12)
    assert ours(found, stream, channel) == theirs(coincidence_trigger(None, 3.5, 1.5, stream, 12))
    assert max(map(len, found.members)) == 40
    assert (found.on[1:] < found.off[:-1]).any()
    backwards = coincidences(on[::-1], off[::-1], channel[::-1], np.ones(40), 12)
    assert backwards.on.tolist() == found.on.tolist()
    assert len(coincidences(on, off, channel, np.ones(40), 41)) == 0


@pytest.mark.parametrize("is_deleted", [False, True])
def test_long_triggers_are_cut_or_deleted_before(is_deleted: bool) -> None:
    """That is of the triggers, not of their coincidence: as ObsPy's `trigger_onset` makes them."""
    stream = stream_of([[(0, 50), (60, 65)], [(3, 9), (62, 64)], [(20, 21), (40, 42)]])
    limits = {"max_len": 10, "max_len_delete": is_deleted}
    on, off, channel = triggers_of(stream, **limits)
    expected = coincidence_trigger(None, 3.5, 1.5, stream, 2, max_trigger_length=10, delete_long_trigger=is_deleted)
    found = coincidences(on, off, channel, np.ones(3), 2)
    assert ours(found, stream, channel) == theirs(expected)
    assert len(found) == (1 if is_deleted else 2)


def test_real_triggers_of_unterhaching(unterhaching: Sequence[obspy.Trace]) -> None:
    """The four stations of ObsPy's tutorial, with its band and windows."""
    stream = Stream(trace.copy() for trace in unterhaching if trace.stats.channel.endswith("Z"))
    stream.filter("bandpass", freqmin=10, freqmax=20)
    stream.trigger("recstalta", sta=0.5, lta=10)
    on, off, channel = triggers_of(stream)
    found = coincidences(on, off, channel, np.ones(len(stream)), 3)
    assert ours(found, stream, channel) == theirs(coincidence_trigger(None, 3.5, 1.5, stream, 3))
    assert len(found) == 3


def test_obspy_forgets_what_was_before_1970_and_we_do_not() -> None:
    """Its first coincidence has to end later than 0."""
    stream = stream_of([[(0, 5), (90, 95)], [(1, 6), (92, 96)]], start_s=-50)
    on, off, channel = triggers_of(stream)
    assert [one["time"].timestamp for one in coincidence_trigger(None, 3.5, 1.5, stream, 2)] == [40.0]
    assert coincidences(on, off, channel, np.ones(2), 2).on.tolist() == [-50.0, 40.0]


def test_a_second_trigger_begins_a_coincidence_while_one_lasts_as_in_obspy() -> None:
    """A's second trigger does not prolong the first coincidence, and with B, which is still on, makes one more."""
    stream = stream_of([[(0, 3), (5, 20)], [(2, 9)]])
    on, off, channel = triggers_of(stream)
    found = coincidences(on, off, channel, np.ones(2), 2)
    assert ours(found, stream, channel) == theirs(coincidence_trigger(None, 3.5, 1.5, stream, 2))
    assert list(zip(found.on, found.off, strict=True)) == [(1000.0, 1009.0), (1002.0, 1020.0)]


@pytest.mark.parametrize(
    ("off", "weights", "extension"), [([4, 9], [1, 1], 0), ([5, 9], [1, -1], 0), ([5, 9], [1, 1], -1)]
)
def test_what_cannot_be_is_refused(off: list[int], weights: list[int], extension: int) -> None:
    with pytest.raises(ValueError, match="ends after starts are needed"):
        coincidences([5, 6], off, [0, 1], weights, 2, extension=extension)
