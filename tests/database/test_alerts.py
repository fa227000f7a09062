"""Alerts in both databases: what an evaluation saves, a restart finds; what operators do is kept beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from database import alerts, tables
from database.store import Store
from houfeng.errors import AlertError
from houfeng.times import NS_PER_S
from stations.alerts.alert import Alert, Child, Step, Watch
from stations.alerts.book import AlertBook, Changes
from stations.alerts.settings import AlertSettings
from stations.alerts.words import Action, Kind, Severity
from tests.database.conftest import Dump
from tests.stations.alerts.conftest import at, scene, statuses

NAMES = [f"XX.S{n}" for n in range(5)]
COMMON = Alert(
    Kind.SERVER,
    "server s",
    Severity.CRITICAL,
    at(0),
    "server",
    "why",
    (Child("XX.A", at(0)), Child("XX.B", at(1), at(2))),
)
OPENED = Step(COMMON.alert_id, at(0), Action.OPENED, "houfeng", "why")


def save(store: Store, changes: Changes) -> None:
    with store.begin() as unit:
        alerts.save(unit, changes.alerts, changes.steps, changes.watches)
        alerts.forget_watches(unit, changes.forgotten)


def test_what_is_saved_is_loaded(store: Store) -> None:
    alone = replace(COMMON, kind=Kind.STATION, key="XX.C", children=(), flapping=True)
    over = replace(alone, key="XX.D", closed_ns=at(9))
    watch = Watch("XX.C", at(0), None, (at(0), at(5)), True)
    save(store, Changes((COMMON, alone, over), (OPENED,), (watch,)))
    with store.read() as snapshot:
        assert alerts.load(snapshot) == ([COMMON, alone], [watch])
        assert alerts.steps_of(snapshot, [COMMON.alert_id]) == {COMMON.alert_id: [OPENED]}


@pytest.mark.parametrize("kept", [False, True])
def test_a_restart_from_the_database_changes_nothing(
    store: Store, dump: Callable[[Store], Dump], kept: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outages = {name: [(100.0, 350.0)] for name in NAMES} | {NAMES[0]: [(20.0 * n, 20.0 * n + 10) for n in range(1, 25)]}
    plain = Store.open(f"sqlite:///{tmp_path_factory.mktemp('plain')}/houfeng.db")
    for where, restarts in ((plain, False), (store, True)):
        book = AlertBook(AlertSettings())
        for n in range(60):
            if restarts and n % 9 == 3:
                with where.read() as snapshot:
                    book = AlertBook(AlertSettings(), *alerts.load(snapshot))
            changes = book.evaluate(statuses(NAMES, outages, n * 10), at(n * 10), scene(NAMES))
            save(where, changes)
            if kept:  # a commit whose answer was lost is done again
                save(where, changes)
    with plain.read() as one, store.read() as other:
        for table in (tables.alert, tables.alert_child, tables.alert_step, tables.alert_watch):
            wanted = sorted(map(tuple, one.execute(table.select())))
            assert wanted == sorted(map(tuple, other.execute(table.select())))
        assert len(list(one.execute(tables.alert.select()))) >= 2
    plain.close()


def test_people_act_and_the_daemon_hears_of_it(store: Store) -> None:
    save(store, Changes((COMMON,), (OPENED,)))
    alert_id = COMMON.alert_id
    with store.begin() as unit:
        alerts.act(unit, Step(alert_id, at(5), Action.ACKNOWLEDGED, "ann", "on it"))
        alerts.act(unit, Step(alert_id, at(6), Action.SILENCED, "ann", "noise", until_ns=at(60)))
        alerts.act(unit, Step(alert_id, at(7), Action.ASSIGNED, "ann", "his", assignee="bob"))
    with store.read() as snapshot:
        handled = alerts.handlings(snapshot, [alert_id])[alert_id]
    assert (handled.acknowledged_by, handled.assignee, handled.word) == ("ann", "bob", "acknowledged")
    assert handled.is_silenced(at(59)) and not handled.is_silenced(at(60))
    with store.begin() as unit:
        alerts.act(unit, Step(alert_id, at(8), Action.CLOSED, "bob", "mended"))
    # an evaluation that began before the closing does not open it again
    save(store, Changes((replace(COMMON, flapping=True),), ()))
    with store.read() as snapshot:
        assert alerts.closed(snapshot, [alert_id]) == {alert_id}
        assert alerts.open_alerts(snapshot) == []
        (row,) = alerts.with_children(snapshot, snapshot.execute(tables.alert.select()).all())
    assert row.closed_ns == at(8) and row.active == frozenset()
    with pytest.raises(AlertError, match="closed at"), store.begin() as unit:
        alerts.act(unit, Step(alert_id, at(9), Action.ACKNOWLEDGED, "bob", ""))
    with pytest.raises(AlertError, match="no such alert"), store.begin() as unit:
        alerts.act(unit, Step("alert/nothing", at(9), Action.ACKNOWLEDGED, "bob", ""))


def test_what_nobody_acknowledges_is_escalated_once(store: Store) -> None:
    save(store, Changes((COMMON,), (OPENED,)))
    hour_ns = 3600 * NS_PER_S

    def escalated(seconds: float) -> int:
        with store.begin() as unit:
            return len(alerts.escalate(unit, at(seconds), hour_ns))

    assert escalated(3599) == 0
    with store.begin() as unit:
        alerts.act(unit, Step(COMMON.alert_id, at(3599), Action.SILENCED, "ann", "", until_ns=at(4000)))
    assert [escalated(3700), escalated(4000), escalated(4001)] == [0, 1, 0]


def test_acknowledged_in_time_is_not_escalated(store: Store) -> None:
    save(store, Changes((COMMON,), (OPENED,)))
    with store.begin() as unit:
        alerts.act(unit, Step(COMMON.alert_id, at(1), Action.ACKNOWLEDGED, "ann", ""))
        assert alerts.escalate(unit, at(9999), 3600 * NS_PER_S) == []
