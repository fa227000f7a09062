"""One alert for one cause, opened and closed once."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stations.alerts.book import AlertBook
from stations.alerts.scene import Scene
from stations.alerts.settings import AlertSettings
from stations.alerts.words import Kind, Severity
from stations.health import State
from tests.stations.alerts.conftest import STEP_S, Outages, Past, at, scene, status, statuses

NAMES = [f"XX.S{n:02d}" for n in range(50)]
Play = Callable[..., Past]


def test_a_server_with_fifty_stations_is_one_alert_and_closes_once(play: Play) -> None:
    # within 90 s one after the other, and back one after the other
    outages = {name: [(100 + 1.8 * n, 600 + 2.0 * n)] for n, name in enumerate(NAMES)}
    past = play(NAMES, outages, 900, around=scene(NAMES, connected=False))
    (alert,) = past.alerts.values()
    assert alert.kind is Kind.SERVER and alert.key == "server s" and alert.severity is Severity.CRITICAL
    assert len(alert.children) == 50 and all(child.left_ns is not None for child in alert.children)
    assert [step.action for step in past.steps.values()] == ["opened", "closed"]
    assert alert.cause == "server" and "not connected; it said: connection refused" in alert.evidence
    assert at(100) < alert.opened_ns <= at(200) and at(690) <= (alert.closed_ns or 0) <= at(710)


def test_one_silent_feed_is_an_alert_of_its_station(play: Play) -> None:
    past = play(NAMES[:10], {NAMES[3]: [(100, 1000)]}, 1500)
    (alert,) = past.alerts.values()
    assert alert.key == NAMES[3] and alert.kind is Kind.STATION and alert.children == ()
    assert alert.opened_ns == at(220) and alert.closed_ns == at(1000)
    assert "9 of 9 others behind server s come" in alert.evidence


def test_two_of_four_are_too_few_for_one_cause(play: Play) -> None:
    past = play(NAMES[:4], {name: [(100, 1000)] for name in NAMES[:2]}, 1500)
    assert sorted(alert.key for alert in past.alerts.values()) == NAMES[:2]


def test_three_of_seven_are_less_than_half(play: Play) -> None:
    past = play(NAMES[:7], {name: [(100, 1000)] for name in NAMES[:3]}, 1500)
    assert sorted(alert.key for alert in past.alerts.values()) == NAMES[:3]


def test_stations_that_go_one_after_the_other_have_no_common_cause(play: Play) -> None:
    past = play(NAMES[:4], {name: [(100 + 130 * n, 3000)] for n, name in enumerate(NAMES[:4])}, 3500)
    assert sorted(alert.key for alert in past.alerts.values()) == NAMES[:4]


def test_a_link_within_a_server_is_told_from_it(play: Play) -> None:
    around = scene(NAMES[:20], link=NAMES[:5])
    past = play(NAMES[:20], {name: [(100, 900)] for name in NAMES[:5]}, 1500, around=around)
    (alert,) = past.alerts.values()
    assert alert.key == "link l" and alert.cause == "link" and len(alert.children) == 5


def test_the_rest_that_stays_gets_alerts_of_its_own(play: Play) -> None:
    outages = {name: [(100, 900 if n else 2500)] for n, name in enumerate(NAMES[:10])}
    past = play(NAMES[:10], outages, 3000)
    assert sorted(alert.key for alert in past.alerts.values()) == [NAMES[0], "server s"]
    common = next(alert for alert in past.alerts.values() if alert.kind is Kind.SERVER)
    assert common.closed_ns == at(900 + 120)
    assert len(past.told("closed")) == 2


def test_flapping_is_one_alert_that_says_so(play: Play) -> None:
    # down for 60 s of every 200 s: never long enough for an alert of its own
    past = play(NAMES[:5], {NAMES[0]: [(200.0 * n, 200.0 * n + 60) for n in range(1, 20)]}, 9000)
    (alert,) = past.alerts.values()
    assert alert.flapping and alert.severity is Severity.MINOR
    assert [step.action for step in past.steps.values()] == ["opened", "flapping", "closed"]
    assert (alert.closed_ns or 0) > at(3860 + 3000)


def test_a_flapping_server_is_one_alert_and_not_fifty(play: Play) -> None:
    outages = {name: [(600.0 * n, 600.0 * n + 200) for n in range(1, 8)] for name in NAMES[:9]}
    past = play(NAMES[:9], outages, 9000)
    assert {alert.key for alert in past.alerts.values()} == {"server s"}
    assert len(past.told("flapping")) == 1
    assert len(past.told("opened")) == len(past.told("closed")) == 3


def test_only_full_stations_raise_alerts_and_maintenance_ends_them() -> None:
    book = AlertBook(AlertSettings())
    around = scene(NAMES)
    for n in range(20):
        kinds = ("maintenance", "evaluation", "telemetry-only")
        found = [status(NAMES[i], State.BAD, 0, n * 10, usage=usage) for i, usage in enumerate(kinds)]
        assert book.evaluate(found, at(n * 10), around).alerts == ()
    full = [status(NAMES[0], State.BAD, 0, 300)]
    assert [alert.key for alert in book.evaluate(full, at(300), around).alerts] == [NAMES[0]]
    changes = book.evaluate([replace(full[0], usage="maintenance")], at(310), around)
    assert [step.why for step in changes.steps] == [f"{NAMES[0]} is used for maintenance now"]
    assert book.open_alerts == ()


def test_a_start_before_the_first_packet_changes_nothing(play: Play) -> None:
    past = play(NAMES[:2], {NAMES[0]: [(100, 9000)]}, 500)
    book = past.book(AlertSettings())
    # nobody has sent yet; XX.S01 does at once, XX.S00 stays dead; then no status of it at all
    fresh = [status(name, State.UNKNOWN, 510, 510, channels=()) for name in NAMES[:2]]
    assert book.evaluate(fresh, at(510), scene(NAMES)).steps == ()
    assert book.evaluate([], at(515), scene(NAMES)).steps == ()
    assert [alert.key for alert in book.open_alerts] == [NAMES[0]]
    gone = Scene(is_expected=lambda name: name != NAMES[0])
    assert [step.action for step in book.evaluate([], at(520), gone).steps] == ["closed"]


def test_stations_that_never_sent_are_found_missing(play: Play) -> None:
    book = AlertBook(AlertSettings())
    found = []
    for n in range(0, 200, 5):
        missing = [status(name, State.UNKNOWN, 0, n, channels=()) for name in NAMES[:4]]
        found += book.evaluate(missing, at(n), scene(NAMES[:4], connected=False)).alerts
    assert [alert.key for alert in found] == ["server s"] and found[0].opened_ns == at(120)


def test_what_somebody_closed_stays_closed_until_it_was_well() -> None:
    book, around = AlertBook(AlertSettings()), scene(NAMES[:3])
    outages: Outages = {name: [(0, 1000), (2000, 9000)] for name in NAMES[:3]}
    opened = []
    for n in range(300):
        changes = book.evaluate(statuses(NAMES[:3], outages, n * 10), at(n * 10), around)
        opened += [step for step in changes.steps if step.action == "opened"]
        if n == 5:
            book.dismiss([alert.alert_id for alert in book.open_alerts])
            assert book.open_alerts == ()
    assert [step.t_ns for step in opened] == [at(0), at(2000)]


_outages = st.dictionaries(
    st.sampled_from(NAMES[:5]),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), min_size=1, max_size=4),
)


def _as_outages(drawn: dict[str, list[tuple[int, int]]]) -> Outages:
    """Gap and length, in steps of 10 s, one after the other."""
    found: Outages = {}
    for name, pairs in drawn.items():
        t = 0
        for gap, length in pairs:
            start = t + gap + 1
            t = start + length
            found.setdefault(name, []).append((start * STEP_S, t * STEP_S))
    return found


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_outages, st.sets(st.integers(0, 300), max_size=5), st.integers(0, 99))
def test_order_repetition_and_restarts_change_nothing(
    play: Play, drawn: dict[str, list[tuple[int, int]]], restarts: set[int], seed: int
) -> None:
    outages, rng = _as_outages(drawn), random.Random(seed)
    plain = play(NAMES[:5], outages, 3000)
    other = play(
        NAMES[:5], outages, 3000, restarts=restarts, twice=True, order=lambda found: rng.sample(found, len(found))
    )
    assert other == plain


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_outages)
def test_none_is_lost_doubled_or_left_open(play: Play, drawn: dict[str, list[tuple[int, int]]]) -> None:
    outages = _as_outages(drawn)
    end_s = max((end for spans in outages.values() for _, end in spans), default=0.0) + 4000
    past = play(NAMES[:5], outages, end_s)
    told = {alert.alert_id: alert for alert in past.alerts.values()}
    assert all(alert.closed_ns is not None for alert in told.values())
    assert sorted(step.alert_id for step in past.told("closed")) == sorted(told)
    assert sorted(step.alert_id for step in past.told("opened")) == sorted(told)
    spans = [(a.key, a.opened_ns, a.closed_ns or 0) for a in told.values()]
    doubled = [
        (one, two)
        for one in spans
        for two in spans
        if one is not two and one[0] == two[0] and one[1] <= two[1] < one[2]
    ]
    assert doubled == []
    # an outage of 140 s and more has an alert that its station is of, at some time in it
    missed = [
        (name, start, end)
        for name, spans_s in outages.items()
        for start, end in spans_s
        if end - start >= 140
        and not any(
            name in alert.stations and alert.opened_ns < at(end) and (alert.closed_ns or 0) > at(start)
            for alert in told.values()
        )
    ]
    assert missed == []
