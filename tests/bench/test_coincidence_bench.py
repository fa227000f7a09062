"""What network coincidence costs beside ObsPy's, on the same trigger lists.

ObsPy's `coincidence_trigger` is given the triggers as functions of 0 and 5 at 10 Hz, takes their on and off times
(`trigger_onset`, timed apart and subtracted), joins those that overlap and counts stations. Houfeng's associator is
given the same on times as picks of stations without a place: it groups those within 10 s, keeps one event where several
overlap, remembers which picks each event has, and could take in a late pick afterwards. What comes out is checked
against the shocks that were put in; both in one process, the least processor time of some rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.trigger import coincidence_trigger, trigger_onset

from detection.association.associator import Associator
from detection.settings import AssociationSettings
from houfeng.times import NS_PER_S
from houfeng.types import Pick, SourceId

RATE_HZ = 10.0
DAY_S = 86_400

pytestmark = pytest.mark.bench


def day(n_stations: int, n_noise: int, shocks_s: np.ndarray) -> Stream:
    """Triggers of 3 to 15 s: by chance on every station, and within 8 s of every shock."""
    rng = np.random.default_rng(n_stations)
    stream = Stream()
    for number in range(n_stations):
        state = np.zeros(round(DAY_S * RATE_HZ), dtype=np.float32)
        for on_s in (*rng.uniform(0, DAY_S - 20, n_noise), *(shocks_s + rng.uniform(0, 8, len(shocks_s)))):
            state[round(on_s * RATE_HZ) : round((on_s + rng.uniform(3, 15)) * RATE_HZ)] = 5
        header = {"station": f"S{number:03}", "channel": "HHZ", "sampling_rate": RATE_HZ, "starttime": UTCDateTime(0)}
        stream.append(Trace(state, header))
    return stream


def pick(trace: Trace, sample: int) -> Pick:
    onset_ns = sample * round(NS_PER_S / RATE_HZ)
    source_id = SourceId("XX", trace.stats.station, "", "HHZ")
    return Pick(onset_ns, source_id, "P", "on", 1, 0.1, 10.0, "", onset_ns)


def fastest(work: Callable[[], object], n_rounds: int = 4) -> float:
    least = float("inf")
    for _ in range(n_rounds):
        began = time.thread_time()
        work()
        least = min(least, time.thread_time() - began)
    return least


@pytest.mark.parametrize(("n_stations", "n_noise", "n_shocks", "least"), [(15, 60, 40, 1.5), (100, 100, 60, 3.0)])
def test_a_day_of_triggers_against_obspys_coincidence_trigger(
    n_stations: int, n_noise: int, n_shocks: int, least: float
) -> None:
    shocks_s = np.linspace(1000, 85_000, n_shocks)
    stream, n_least = day(n_stations, n_noise, shocks_s), max(4, n_stations // 3)
    picks = [pick(trace, int(on)) for trace in stream for on, _ in trigger_onset(trace.data, 3.5, 1.5)]
    found = Associator(AssociationSettings(min_stations=n_least), {}).add(picks).events
    theirs = coincidence_trigger(None, 3.5, 1.5, stream, n_least)
    obspy_s = fastest(lambda: coincidence_trigger(None, 3.5, 1.5, stream, n_least))
    obspy_s -= fastest(lambda: [trigger_onset(trace.data, 3.5, 1.5) for trace in stream])
    ours_s = fastest(lambda: Associator(AssociationSettings(min_stations=n_least), {}).add(picks))
    print(
        f"{n_stations} stations, {len(picks)} triggers, {n_shocks} shocks: ObsPy {obspy_s:.2f} s, {len(theirs)} "
        f"coincidences; Houfeng {ours_s:.2f} s, {len(found)} events; ratio {obspy_s / ours_s:.1f}"
    )
    begin_s = np.array([event.first_onset_ns for event in found]) / NS_PER_S
    assert len(found) == n_shocks
    assert ((begin_s >= shocks_s - 10) & (begin_s <= shocks_s + 8)).all()
    assert len(theirs) >= n_shocks
    assert obspy_s >= least * ours_s
