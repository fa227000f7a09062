"""The demo's feed: real records, re-timed without a seam, leaving when they are complete."""

from __future__ import annotations

import io
import itertools
import logging
import statistics
import threading
import time
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.signal.trigger import coincidence_trigger

from acquisition.mseed import read_header
from acquisition.server import Ring
from houfeng.demo import DemoFeed, DemoSettings, StationFault, demo_sites
from houfeng.demo_records import (
    Recording,
    Timed,
    builtin_recording,
    data_start_ns,
    due_ns,
    schedule,
)
from houfeng.errors import ConfigError
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from tests.plugins.daemon import wait_for

SIGNAL_DATA = Path(obspy.__file__).parent / "signal" / "tests" / "data"
CHANNELS = ("BW.UH1..SHZ", "BW.UH2..SHZ", "BW.UH3..SHE", "BW.UH3..SHN", "BW.UH3..SHZ", "BW.UH4..EHZ")
# Onsets in ObsPy's tutorial "Trigger" (16:24:33.2, 16:27:01.3, 16:27:30.5), seconds after the start at 16:24:03.99.
EARTHQUAKES_S = (29.2, 177.3, 206.5)


def until(recording: Recording, start_ns: int, seconds: float, record_s: float = 1.0) -> list[Timed]:
    end_ns = start_ns + round(seconds * NS_PER_S)
    return list(itertools.takewhile(lambda one: one.end_ns <= end_ns, schedule(recording, start_ns, record_s)))


def decoded(timed: list[Timed]) -> obspy.Stream:
    return obspy.read(io.BytesIO(b"".join(one.raw for one in timed)), format="MSEED")


# --- the records that come with ObsPy


def test_the_builtin_recording_is_the_files_samples() -> None:
    recording = builtin_recording()
    assert tuple(str(source_id) for source_id in recording.source_ids) == CHANNELS
    for segment in recording.segments:
        file = f"BW.{segment.source_id.station}._.{segment.source_id.channel}.D.2010.147.cut.slist.gz"
        trace = obspy.read(str(SIGNAL_DATA / file))[0]
        first = round(0.32 * segment.sample_rate_hz)
        np.testing.assert_array_equal(segment.samples, trace.data[first : first + len(segment.samples)])
        assert segment.start_ns == trace.stats.starttime.ns + 320_000_000
        assert segment.end_ns - segment.start_ns == recording.loop_ns == 230 * NS_PER_S


def test_the_loop_goes_on_without_a_seam() -> None:
    recording = builtin_recording()
    start_ns = 1_790_000_000_123_456_789
    stream = decoded(until(recording, start_ns, 3 * 230 - 1))
    # A record of the previous turn ends exactly where the next turn's first begins: ObsPy joins them all.
    stream.merge(method=-1)
    assert len(stream) == len(CHANNELS)
    for trace in stream:
        (segment,) = (one for one in recording.segments if str(one.source_id) == trace.id)
        n = trace.stats.npts
        assert n >= 688 * segment.sample_rate_hz
        np.testing.assert_array_equal(trace.data, np.tile(segment.samples, 3)[:n])
        # Everything moved by the same whole number of microseconds: the offsets below one sample are kept.
        assert trace.stats.starttime.ns - segment.start_ns == (start_ns - recording.start_ns) // 1000 * 1000


def test_records_of_one_stream_follow_each_other_to_the_microsecond() -> None:
    last: dict[SourceId, int] = {}
    for one in until(builtin_recording(), 1_790_000_000_123_456_789, 470):
        header = read_header(one.raw)
        # A second of floats takes two records: at 100 Hz both times are whole microseconds.
        assert last.get(header.source_id, header.start_ns) == header.start_ns
        last[header.source_id] = header.end_ns
    assert len(last) == 6


def test_records_are_short_and_leave_in_the_order_in_which_they_are_complete() -> None:
    timed = until(builtin_recording(), 0, 240)
    assert {len(one.raw) for one in timed} == {512}
    assert [one.end_ns for one in timed] == sorted(one.end_ns for one in timed)
    for one in timed:
        header = read_header(one.raw)
        assert header.end_ns - header.start_ns <= NS_PER_S
        assert header.end_ns - 1000 <= one.end_ns
        assert one.source_id == header.source_id


def test_the_sites_are_those_of_the_recording() -> None:
    sites = {site.code: site for site in demo_sites()}
    assert sorted(sites) == sorted({source_id.station_id for source_id in builtin_recording().source_ids})
    assert {site.country for site in sites.values()} == {"DE"}
    assert (sites["BW.UH3"].latitude_deg, sites["BW.UH3"].longitude_deg) == (48.03080, 11.63876)


# --- the station that misbehaves


def test_one_station_has_gaps_then_falls_silent_then_begins_anew() -> None:
    fault = StationFault()
    source_id = SourceId.parse("BW.UH4..EHZ")
    lost = [second for second in range(1, 421) if fault.drops(source_id, second)]
    gaps = [*range(16, 20), *range(36, 40), *range(56, 60), *range(76, 80)]
    cycle = [*gaps, *range(90, 210)]
    assert lost == [*cycle, *(second + 210 for second in cycle)]


def test_the_others_are_whole() -> None:
    fault = StationFault()
    others = [source_id for source_id in builtin_recording().source_ids if source_id.station_id != "BW.UH4"]
    assert not any(fault.drops(source_id, second) for source_id in others for second in range(600))
    assert len({source_id.station_id for source_id in others}) == 3


def test_three_earthquakes_a_turn_on_the_stations_that_behave_and_nothing_at_the_seam() -> None:
    """ObsPy's coincidence trigger, as in its documentation, on the vertical channels of UH1, UH2 and UH3."""
    stream = decoded(until(builtin_recording(), 0, 459)).select(channel="SHZ").merge()
    stream.filter("bandpass", freqmin=10, freqmax=20)
    triggers = coincidence_trigger("recstalta", 3.5, 1, stream, 3, sta=0.5, lta=10)
    times_s = [float(trigger["time"]) for trigger in triggers]
    expected_s = [*EARTHQUAKES_S, *(230 + onset_s for onset_s in EARTHQUAKES_S)]
    np.testing.assert_allclose(times_s, expected_s, atol=1.0)


# --- time


def test_at_speed_one_a_record_leaves_when_its_last_sample_happens() -> None:
    recording = builtin_recording()
    start = data_start_ns(recording, 10**18, 1.0)
    assert start == 10**18
    assert due_ns(start + 5 * NS_PER_S, start, 10**18, 1.0) == 10**18 + 5 * NS_PER_S


@pytest.mark.parametrize("speed", [2.0, 10.0, 100.0])
def test_a_faster_recording_catches_up_with_the_clock_at_its_end(speed: float) -> None:
    recording = builtin_recording()
    wall = 10**18
    start = data_start_ns(recording, wall, speed)
    end = start + recording.span_ns
    assert abs(due_ns(end, start, wall, speed) - end) <= 1000
    latencies = [due_ns(t, start, wall, speed) - t for t in range(start, end, 10 * NS_PER_S)]
    assert latencies == sorted(latencies, reverse=True)
    assert min(latencies) >= -1000


def test_a_slower_recording_never_comes_from_the_future() -> None:
    recording = builtin_recording()
    start = data_start_ns(recording, 10**18, 0.5)
    assert start == 10**18
    assert due_ns(start + NS_PER_S, start, 10**18, 0.5) == 10**18 + 2 * NS_PER_S


# --- the thread


def test_latency_is_real(caplog: pytest.LogCaptureFixture) -> None:
    ring = Ring()
    arrivals: list[int] = []
    ring.watch(lambda: arrivals.append(now_ns()))
    with caplog.at_level(logging.WARNING), DemoFeed(ring, DemoSettings(record_s=0.2)):
        wait_for("forty records", lambda: len(arrivals) >= 40)
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 10
    delays_ms = [(t - one.end_ns) / 1e6 for t, one in zip(arrivals, ring.read(1, 1000)[0], strict=True)]
    assert len(delays_ms) >= 40
    assert min(delays_ms) > -0.01  # rounding to whole microseconds only
    assert statistics.median(delays_ms) < 200, "a record lasts 200 ms"
    assert caplog.records == []


def test_a_feed_that_never_started_can_be_closed() -> None:
    before = threading.active_count()
    feed = DemoFeed(ring := Ring())
    feed.close()
    assert threading.active_count() == before
    assert ring.bounds() == (1, 1)


# --- settings


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"speed": 2.0}, "demo.speed"),
        ({"data": "x", "speed": 0.0}, "demo.speed"),
        ({"data": "x", "speed": float("nan")}, "demo.speed"),
        ({"record_s": 0.0}, "demo.record_s"),
    ],
)
def test_settings_that_make_no_sense_are_named(options: dict[str, float], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        DemoSettings(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"gap_s": -1.0}, {"silent_s": -1.0}, {"gap_s": 20.0}])
def test_faults_that_make_no_sense_are_named(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=rf"demo\.fault\.{next(iter(options))}"):
        StationFault(**options)
