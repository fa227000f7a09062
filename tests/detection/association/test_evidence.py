"""What picks are worth: where they are rare, and in the coda of a strong or a weak event."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from detection.association.evidence import ease, needed
from detection.association.found import Coda, Found, Node, Past, coda_per_s, key_of
from houfeng.times import seconds_ns
from houfeng.types import Event, Pick, SourceId

T0_NS = 1_700_000_000_000_000_000
S_S, END_S, CODA_SNR = 20.0, 35.0, 10.0


def node_at(after_s: float, station: str = "AAA", snr: float = 4.0) -> Node:
    """A pick so long after P of an event at the station."""
    onset_ns = T0_NS + seconds_ns(after_s)
    pick = Pick(onset_ns, SourceId("XX", station, "", "HHZ"), "P", "AIC", 1, 0.1, snr, "band", onset_ns)
    return Node(pick, key_of(pick), f"XX.{station}", 0, onset_ns)


def events(*snrs: float) -> Past:
    """Events whose P stands out so far at the station AAA."""
    coda_of = [Coda(T0_NS, T0_NS + seconds_ns(END_S), T0_NS + seconds_ns(S_S), snr) for snr in snrs]
    event = Event((node_at(0.0).pick,))
    return tuple(Found(event, frozenset(), {"XX.AAA": coda}, coda.end_ns, 1, 20.0) for coda in coda_of)


def per_hour(node: Node, past: Past) -> float:
    return 3600 * coda_per_s(node, past, CODA_SNR)


def test_a_weak_event_makes_few_picks_but_for_its_s() -> None:
    strong, weak = events(30.0), events(3.0)
    assert per_hour(node_at(10), strong) == pytest.approx(540)
    assert per_hour(node_at(10), weak) == pytest.approx(540 * 0.09)  # as its energy is to that of one of CODA_SNR
    assert per_hour(node_at(S_S - 2), weak) == per_hour(node_at(S_S + 2), weak) == pytest.approx(540)
    assert per_hour(node_at(10), events(3.0, 5.0)) == pytest.approx(540 * 0.25)  # the strongest counts
    assert per_hour(node_at(10), events(inf)) == pytest.approx(540)


def test_s_of_a_strong_event_stands_out_further_than_its_coda() -> None:
    """As far as a quarter of what P does, when it is due; at other times it is something new."""
    strong = events(400.0)
    assert per_hour(node_at(S_S + 2, snr=90.0), strong) == pytest.approx(540)
    assert per_hour(node_at(S_S + 2, snr=110.0), strong) == 0
    assert per_hour(node_at(10, snr=9.0), strong) == pytest.approx(540)
    assert per_hour(node_at(10, snr=11.0), strong) == 0
    assert per_hour(node_at(S_S, snr=11.0), events(30.0)) == 0


def test_there_is_no_coda_before_p_nor_behind_the_end_nor_elsewhere() -> None:
    strong = events(30.0)
    assert per_hour(node_at(-1), strong) == per_hour(node_at(END_S + 1), strong) == 0
    assert per_hour(node_at(10, "BBB"), strong) == 0


def test_less_evidence_is_needed_where_chance_makes_few_picks() -> None:
    assert ease(np.array([30, 30, 30]) / 3600) == 0
    assert ease(np.array([6.0]) / 3600) == pytest.approx(np.log(2))
    assert ease(np.array([1.0, 3.0]) / 3600) == ease(np.array([3.9]) / 3600) == 1.1
    assert ease(np.array([10.0, 540.0, 540.0]) / 3600) == 0  # in a coda chance makes many
    assert needed(16.0, 15) == needed(16.0, 3) == 16
    assert needed(16.0, 150) == pytest.approx(16 + np.log(10))
