"""When events are looked at: data decide, never a clock."""

from __future__ import annotations

import itertools

import pytest

from detection.inspection.agenda import Agenda, Entry
from detection.inspection.settings import InspectionSettings
from houfeng.times import NS_PER_S
from houfeng.types import Event, Packet, Pick, SourceId, readonly

STATIONS = ("AA", "BB", "CC", "DD")
SPAN = {SourceId.parse(f"KR.{name}.00.HH{component}"): (10, 70) for name in ["AA", "BB", "CC"] for component in "ZN"}
S_SPAN = {channel: (10, 40) for channel in SPAN}


def packet(name: str, start_s: int, end_s: int, component: str = "Z") -> Packet:
    samples = readonly(range(end_s - start_s))
    return Packet(SourceId.parse(f"KR.{name}.00.HH{component}"), start_s * NS_PER_S, 1.0, samples, b"")


def event(onset_s: int = 20) -> Event:
    channel = SourceId.parse("KR.AA.00.HHZ")
    return Event((Pick(onset_s * NS_PER_S, channel, "P", "AIC", 1, 0.1, 5.0, "", onset_s * NS_PER_S),))


def in_ns(spans: dict[SourceId, tuple[int, int]]) -> dict[SourceId, tuple[int, int]]:
    return {channel: (start * NS_PER_S, end * NS_PER_S) for channel, (start, end) in spans.items()}


class Book:
    """An agenda with one event in it."""

    def __init__(self, event_: Event) -> None:
        self.agenda = Agenda(InspectionSettings(wait_s=30), memory_s=3600, min_stations=3)
        self.agenda.note(event_, in_ns(S_SPAN), in_ns(SPAN))

    def come(self, end_s: int, names: tuple[str, ...] = STATIONS, start_s: int = 0) -> list[Entry]:
        self.agenda.observe([packet(name, start_s, end_s, each) for name in names for each in "ZN"])
        return self.agenda.due()

    def look(self, end_s: int, names: tuple[str, ...] = STATIONS, start_s: int = 0) -> None:
        (entry,) = self.come(end_s, names, start_s)
        self.agenda.looked_at(entry, in_ns(SPAN))


def test_it_waits_for_s_at_every_station_and_then_for_the_rest() -> None:
    book = Book(event())
    assert book.come(39) == []
    assert book.come(40, ("AA", "BB")) == []
    book.look(40)
    assert book.come(59) == []
    book.look(60, start_s=59)  # 20 s later, with what there is
    book.look(70, start_s=60)
    assert book.agenda.pending() == []
    assert book.come(5000, start_s=70) == []


def test_a_silent_station_is_waited_for_so_long() -> None:
    book = Book(event())
    book.come(30, ("CC",))
    assert book.come(99, ("AA", "BB", "DD"), 30) == []
    book.look(100, ("AA", "BB", "DD"), 99)
    assert book.agenda.pending() == []


def test_late_packets_of_its_window_bring_it_back_others_do_not() -> None:
    book = Book(event())
    book.come(30, ("CC",))
    book.look(100, ("AA", "BB", "DD"))
    assert book.come(9, ("CC",)) == []  # before the window
    assert book.come(200, ("DD",), 15) == []  # of a station that has no part in it
    assert book.agenda.pending() == []
    assert book.come(40, ("CC",), 30) == []
    assert len(book.agenda.pending()) == 1  # more may come
    assert book.come(129, ("AA", "BB", "DD"), 128) == []
    book.look(131, ("AA", "BB", "DD"), 129)
    assert book.agenda.pending() == []


def test_another_p_onset_of_an_event_that_was_looked_at_waits_for_nothing() -> None:
    book = Book(event())
    book.look(45)
    changed = Event((*event().picks, *event(21).picks))
    book.agenda.note(changed, in_ns(S_SPAN), in_ns(SPAN))
    (entry,) = book.agenda.due()
    assert entry.event is changed


def test_unreadable_waveforms_are_tried_again_later_and_later() -> None:
    book = Book(event())
    (entry,) = book.come(100)
    waits = []
    for at in range(101, 1500):
        if book.come(at, start_s=at - 1):
            waits.append(at)
            book.agenda.postpone(entry)
    assert waits[0] == 101
    assert [b - a for a, b in itertools.pairwise(waits)] == [30, 60, 120, 240, 480]


def test_events_are_forgotten_once_they_are_old_and_done() -> None:
    book = Book(event())
    book.look(100)
    for onset_s in range(200, 6000, 100):
        later = event(onset_s)
        book.agenda.note(later, {}, {channel: (onset_s * NS_PER_S, (onset_s + 9) * NS_PER_S) for channel in SPAN})
        for entry in book.come(onset_s + 50, start_s=onset_s):
            book.agenda.looked_at(entry, {})
    assert 30 <= book.agenda.n_remembered <= 40  # of an hour
    assert book.come(60, start_s=50) == []
    assert book.agenda.pending() == []


@pytest.mark.parametrize(
    ("reached_s", "expected_s"),
    [
        ({"AA": 100, "BB": 90, "CC": 80, "DD": 70}, 80),
        ({"AA": 99_999, "BB": 90, "CC": 80, "DD": 70}, 80),  # one clock ahead moves nothing
        ({"AA": 9000, "BB": 9000, "CC": 8990, "DD": 70, "EE": 60, "FF": 50, "GG": 40}, 9000),  # most fell silent
    ],
)
def test_data_time_is_what_most_stations_have_reached(reached_s: dict[str, int], expected_s: int) -> None:
    agenda = Agenda(InspectionSettings(), memory_s=3600, min_stations=3)
    agenda.observe(packet(name, end_s - 10, end_s) for name, end_s in reached_s.items())
    assert agenda.now_ns() == expected_s * NS_PER_S
