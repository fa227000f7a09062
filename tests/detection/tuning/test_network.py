"""What stations trigger on together, and whether that is of anything known."""

from __future__ import annotations

from detection.tuning.network import Together, together
from detection.tuning.scoring import Truth
from detection.tuning.windows import Window
from houfeng.times import seconds_ns
from houfeng.types import Pick, SourceId


def picks(*of: tuple[str, float]) -> list[Pick]:
    found = []
    for station, time_s in of:
        onset_ns = seconds_ns(time_s)
        found.append(Pick(onset_ns, SourceId("XX", station, "", "HHZ"), "P", "AIC", 1, 0.1, 3.0, "band", onset_ns))
    return found


def truth(*starts_s: float) -> Truth:
    """Events that a station sees for a minute each."""
    known = tuple(Window(seconds_ns(at), seconds_ns(1), seconds_ns(at + 60), counts=True) for at in starts_s)
    return Truth(known, (), known, 1.0)


def test_most_of_the_triggers_tell_whether_a_coincidence_is_of_an_event() -> None:
    truths = {"XX.A": truth(100), "XX.B": truth(102), "XX.C": truth()}
    event = [("A", 100.0), ("B", 102.0), ("C", 104.0)]
    chance = [("A", 500.0), ("B", 506.0), ("C", 515.0)]
    assert together(picks(*event, *chance), truths, 3, 10.0) == Together(2, 1)
    assert together(picks(*event, ("A", 500.0), ("B", 506.0), ("C", 517.0)), truths, 3, 10.0) == Together(1, 0)
    # neither a station's second trigger nor one of a station that nothing is known of makes a third
    assert together(picks(("A", 500), ("B", 501), ("B", 503), ("D", 502)), truths, 3, 10.0) == Together(0, 0)
    assert together([], truths, 3, 10.0) == Together(0, 0)
