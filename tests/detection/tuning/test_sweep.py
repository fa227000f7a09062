"""Sweeps over records whose truth is known: made ones, and three earthquakes at Unterhaching."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pytest
from obspy.signal.trigger import coincidence_trigger

from acquisition.replay import ReplaySource, find_files
from configs import Settings
from detection.location.geometry import displaced, distance_azimuth
from detection.location.traveltime import published
from detection.settings import AssociationSettings, DetectionSettings, LocationSettings
from detection.tuning.catalogue import KnownEvent, parse_catalogue
from detection.tuning.grid import Choice, Grid, best, combinations
from detection.tuning.judging import Found, judge
from detection.tuning.network import Together
from detection.tuning.scoring import Score, Truth, pooled, score
from detection.tuning.sweep import Sweep
from detection.tuning.windows import Coverage, Reach, Window, duration_s
from houfeng.network import load_network
from houfeng.times import NS_PER_S, parse_ns, seconds_ns
from houfeng.types import Packet, Pick, SourceId
from stations.inventory import Site

START_NS = parse_ns("2026-03-01T00:00:00Z")
RATE_HZ = 100.0
N_MINUTES = 10
DEFAULT = DetectionSettings()
LOW, HIGH = ((3.0, 10.0),), ((20.0, 40.0),)
PacketsOf = Callable[[Sequence[obspy.Trace]], list[Packet]]


def pick_at(seconds: float, station: str = "AAA") -> Pick:
    onset_ns = START_NS + seconds_ns(seconds)
    return Pick(onset_ns, SourceId("XX", station, "", "BHZ"), "P", "aic", 1, 0.1, 9.0, "", onset_ns)


def window(expected_s: float, lasts_s: float = 60.0, *, counts: bool = True) -> Window:
    at_ns = START_NS + seconds_ns(expected_s)
    return Window(at_ns, NS_PER_S, at_ns + seconds_ns(lasts_s), counts)


def spans(*pairs: tuple[float, float]) -> list[tuple[int, int]]:
    return [(START_NS + seconds_ns(a), START_NS + seconds_ns(b)) for a, b in pairs]


def test_triggers_are_hits_later_unlisted_or_false() -> None:
    known = (window(100), window(110), window(300), window(500, counts=False), window(690), window(2000))
    truth = Truth.of(known, (window(800),), spans((0, 695), (750, 1000)), lead_ns=10 * NS_PER_S)
    # at 690 the tolerance ends 4 s before the data do; 2000 is behind them
    assert [(w.expected_ns - START_NS) // NS_PER_S for w in truth.expected] == [100, 110, 300, 690]
    picks = [pick_at(s) for s in (50, 99.5, 100.2, 130, 501, 690.9, 700, 801, 900)]
    found = score(picks, truth)
    assert (found.n_expected, found.n_hit) == (4, 2)
    # 99.5 is further from 100 than 100.2; 130 is coda, 501 of an event that need not be seen, 700 coda in the gap
    assert (found.n_later, found.n_unlisted, found.n_false) == (4, 1, 2)
    # 695 + 250 s of data less (99..170), (299..360), (499..560), (689..695), a second of 690's, and (799..860)
    assert found.quiet_h * 3600 == pytest.approx(695 + 250 - 71 - 61 - 61 - 6 - 61)
    assert found.recall == 0.5
    assert found.false_per_hour == pytest.approx(2 / found.quiet_h)


def test_a_pick_hits_one_event_only() -> None:
    truth = Truth.of((window(100), window(101)), (), spans((0, 600)), 0)
    assert score([pick_at(100.5)], truth).n_hit == 1
    assert score([pick_at(100.4), pick_at(100.6)], truth).n_hit == 2


def test_an_onset_without_noise_before_it_is_not_expected() -> None:
    truth = Truth.of((window(15),), (), spans((0, 600)), 20 * NS_PER_S)
    assert truth.expected == ()
    assert score([pick_at(15)], truth).recall is None


def test_signals_last_as_long_as_lee_has_it() -> None:
    """M = -0.87 + 2 log10(t) + 0.0035 d."""
    for magnitude, distance_km in ((1.0, 10.0), (2.5, 100.0), (3.0, 0.0)):
        lasts_s = duration_s(magnitude, distance_km)
        assert -0.87 + 2 * np.log10(lasts_s) + 0.0035 * distance_km == pytest.approx(magnitude)


def test_coverage_is_the_union_of_channels() -> None:
    coverage = Coverage()
    for a, b in ((0, 10), (0, 8), (10, 20), (8, 16), (30, 40), (20, 25)):
        coverage.add(a * NS_PER_S, b * NS_PER_S)
    assert coverage.spans == [(0, 25 * NS_PER_S), (30 * NS_PER_S, 40 * NS_PER_S)]


def test_the_best_finds_most_within_the_allowance() -> None:
    def made(hit: int, false: int) -> Score:
        return Score(100, hit, 0, 0, false, 10.0)

    scores = [made(60, 20), made(80, 50), made(90, 51), made(80, 30), made(99, 900)]
    assert best(scores, 5.0) == Choice(3, is_allowed=True)
    assert best(scores, 5.1) == Choice(2, is_allowed=True)
    assert best(scores, 1.0) == Choice(0, is_allowed=False)
    assert best([made(80, 30), made(80, 30)], 5.0) == Choice(0, is_allowed=True)
    assert best([Score(0, 0, 0, 0, 3, 1.0)], 5.0) is None
    assert best([Score(3, 1, 0, 0, 0, 0.0)], 5.0) is None


def test_combinations_are_all_with_all_and_today_first() -> None:
    grid = Grid((LOW, HIGH), (1.2, 4.0, 30.0), (0.5,), (10.0,))
    found, refused = combinations(DEFAULT, grid)
    assert found[0] == DEFAULT
    assert {(one.bands, one.on_ratio) for one in found[1:]} == {(b, r) for b in (LOW, HIGH) for r in (1.2, 4.0)}
    assert [one.off_ratio < one.on_ratio for one in found] == [True] * 5
    assert len(refused) == 2
    assert "on 30: on_ratio: less than lta_s / sta_s = 20" in refused[0]
    assert len(combinations(DEFAULT, Grid((DEFAULT.bands,), (DEFAULT.on_ratio,), (0.5,), (10.0,)))[0]) == 1


SITES = {
    f"XX.S{i}": Site(f"XX.S{i}", *map(float, displaced(42.0, 75.0, 30 * np.cos(i), 30 * np.sin(i))), 0.0)
    for i in range(3)
}
EVENTS = tuple(KnownEvent(START_NS + seconds_ns(60.0 + 90 * i), 42.0, 75.0, 10.0, 1.5) for i in range(6))
GLITCHES_S = (100.0, 280.0, 370.0)  # at one station, in the high band only, between events


def burst(n: int, at: int, hz: float, amplitude: float) -> np.ndarray[Any, Any]:
    """Waves of a narrow band that die away from a sample on; one frequency alone would be a calibration's."""
    t = np.arange(n - at) / RATE_HZ
    several_hz = hz * np.linspace(0.8, 1.2, 9)
    phases = np.random.default_rng(at).uniform(0, 6, 9)
    waves = np.sin(2 * np.pi * several_hz * t[:, np.newaxis] + phases).sum(axis=1)
    return np.concatenate([np.zeros(at), amplitude / 2 * waves * np.exp(-t / 1.5)])


def made_records(cut: Callable[..., list[Packet]]) -> list[Packet]:
    """Noise, six events at 6 Hz on three stations, and glitches at 30 Hz on one of them."""
    rng = np.random.default_rng(4)
    n = int(N_MINUTES * 60 * RATE_HZ)
    times = published("ak135")
    found = []
    for station_id, site in SITES.items():
        samples = rng.normal(0, 100, n)
        distance_km, _ = distance_azimuth(np.array(42.0), np.array(75.0), site.latitude_deg, site.longitude_deg)
        travel_s = float(times(np.array(0), np.array(10.0), distance_km, np.array(0.0)).time_s)
        for event in EVENTS:
            samples += burst(n, round(((event.time_ns - START_NS) / NS_PER_S + travel_s) * RATE_HZ), 6.0, 1500)
        for at_s in GLITCHES_S if station_id == "XX.S1" else ():
            samples += burst(n, round(at_s * RATE_HZ), 30.0, 1500)
        found += cut(f"{station_id}..BHZ", START_NS, RATE_HZ, samples.round().astype(np.int32))
    return sorted(found, key=lambda packet: packet.next_ns)


def swept(
    packets: Sequence[Packet], grid: Grid, events: Sequence[KnownEvent], sites: dict[str, Site], base: DetectionSettings
) -> Found:
    sweep = Sweep(combinations(base, grid)[0])
    for packet in packets:
        sweep.feed([packet])
    return judge(sweep.heard, sites, events, Reach(), AssociationSettings(), LocationSettings())


def test_made_records_give_the_known_answer(cut: Callable[..., list[Packet]]) -> None:
    """At a ratio that noise never reaches each band finds just what was put into it."""
    base = replace(DEFAULT, bands=LOW, on_ratio=10.0)
    packets = made_records(cut)
    grid = Grid((LOW, HIGH, (*LOW, *HIGH)), (10.0,), (0.5,), (10.0,))
    found = swept(packets, grid, EVENTS, SITES, base)
    low, high, both = (pooled(scores, scores) for scores in found.scores)
    assert (low.n_expected, low.n_hit, low.n_false, low.n_unlisted) == (18, 18, 0, 0)
    assert (high.n_hit, high.n_false) == (0, 3)
    assert (both.n_hit, both.n_false) == (18, 3)
    assert [scores["XX.S1"].n_false for scores in found.scores] == [0, 3, 3]
    assert (found.n_matched, found.unlisted, found.unplaced) == (6, (), ())
    assert found.networks == (Together(6, 0), Together(0, 0), Together(6, 0))
    assert best([low, high, both], 60.0) == Choice(0, is_allowed=True)
    # six events of 10 minutes, each with the 60 s that their magnitude lets expect less than S and 10 s
    assert 3 * N_MINUTES / 60 * 0.6 < low.quiet_h < 3 * N_MINUTES / 60


def test_events_that_the_catalogue_lacks_are_neither_hits_nor_false(cut: Callable[..., list[Packet]]) -> None:
    base = replace(DEFAULT, bands=LOW, on_ratio=10.0)
    packets = made_records(cut)
    grid = Grid((LOW,), (10.0, 12.0), (0.5,), (10.0,))
    found = swept(packets, grid, EVENTS[:4], {**SITES}, base)
    for scores in found.scores:
        total = pooled(scores, scores)
        assert (total.n_expected, total.n_hit, total.n_false, total.n_unlisted) == (12, 12, 0, 6)
    assert len(found.unlisted) == 2
    assert found.n_matched == 4
    unplaced = swept(packets, grid, EVENTS, {key: SITES[key] for key in ("XX.S0", "XX.S1")}, base)
    assert unplaced.unplaced == ("XX.S2",)
    assert sorted(unplaced.scores[0]) == ["XX.S0", "XX.S1"]


def test_unterhaching_by_obspys_own_coincidences(
    unterhaching: Sequence[obspy.Trace], packets_of: PacketsOf, unterhaching_sites: dict[str, Site]
) -> None:
    """A catalogue of ObsPy's three coincidences, at the place that analysts found for the swarm (NonLinLoc)."""
    stream = obspy.Stream(trace.copy() for trace in unterhaching if trace.stats.channel.endswith("Z"))
    stream.filter("bandpass", freqmin=10, freqmax=20)
    times = coincidence_trigger("recstalta", 3.5, 1, stream, 3, sta=0.5, lta=10)
    place = (48.04707, 11.64554, 4.58)
    events = [KnownEvent(found["time"].ns - NS_PER_S, *place, 1.0) for found in times]
    assert len(events) == 3
    grid = Grid((DEFAULT.bands,), (DEFAULT.on_ratio, 15.0), (0.5,), (10.0,))
    found = swept(packets_of(unterhaching), grid, events, unterhaching_sites, DEFAULT)
    today, strict = (pooled(scores, scores) for scores in found.scores)
    assert today.n_expected == 12
    assert today.n_hit >= 11
    assert strict.n_hit < today.n_hit
    assert strict.n_false <= today.n_false
    assert found.n_matched == 3


@pytest.mark.data
def test_the_main_shock_of_ridgecrest_is_hit_at_ten_stations(shared_data: Callable[[str], Path]) -> None:
    """M7.1 alone as the catalogue: ten stations trigger on it; what triggered before it is of no catalogued event."""
    folder = shared_data("ridgecrest2019")
    known = parse_catalogue((folder / "catalog.csv").read_bytes(), "catalog.csv")
    (main,) = [event for event in known if event.magnitude == 7.1]
    sites = load_network(Settings(), sorted(folder.glob("*.xml"))).inventory.sites
    files = find_files(folder)
    sweep = Sweep([DEFAULT])
    for packets in ReplaySource(files, lambda raw, reason: None).packets():
        sweep.feed(packets)
    found = judge(sweep.heard, sites, [main], Reach(), AssociationSettings(), LocationSettings())
    total = pooled(found.scores[0], found.scores[0])
    assert total.n_expected >= 10
    assert total.n_hit >= 10
    assert total.n_unlisted >= 9
    begin_ns, end_ns = parse_ns("2019-07-06T03:19:46Z"), parse_ns("2019-07-06T03:19:49Z")
    n_onsets = [sum(begin_ns < pick.onset_ns < end_ns for pick in event.picks) for event in found.unlisted]
    assert max(n_onsets) >= 8
