"""What is old goes and what is open stays, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError

from database import alerts, deliveries, registry, retention, tables
from database.deliveries import Delivery, DeliveryState
from database.records import AuditRow
from database.settings import RetentionSettings
from database.store import Store
from houfeng.errors import ConfigError, StoreError
from houfeng.times import NS_PER_S
from houfeng.types import Cursor
from stations.alerts.alert import Alert, Child, Step
from stations.alerts.words import Action, Kind, Severity
from stations.health import State
from tests.database.conftest import Dump, make_status

DAY_NS = 86_400 * NS_PER_S
NOW_NS = 20_000 * DAY_NS
KEPT = RetentionSettings(status_changes_days=100, alerts_days=100, deliveries_days=10)


def days_ago(days: float) -> int:
    return NOW_NS - round(days * DAY_NS)


def made(key: str, opened_days: float, closed_days: float | None) -> Alert:
    opened_ns = days_ago(opened_days)
    closed_ns = None if closed_days is None else days_ago(closed_days)
    child = Child("XX.A", opened_ns, closed_ns)
    return Alert(Kind.SERVER, key, Severity.CRITICAL, opened_ns, "server", "why", (child,), closed_ns=closed_ns)


def save(store: Store, alert: Alert, state: DeliveryState, *, planned: bool = True) -> None:
    """An alert, its first step, and a message about it."""
    step = Step(alert.alert_id, alert.opened_ns, Action.OPENED, "houfeng", "why")
    sent = Delivery(f"delivery/{alert.key}", alert.alert_id, step.step_id, "duty", "{}", alert.opened_ns, state=state)
    with store.begin() as unit:
        alerts.save(unit, [alert], [step], [])
        deliveries.plan(unit, [step] if planned else [], [sent])


def test_closed_alerts_go_and_open_ones_stay(store: Store, dump: Callable[[Store], Dump]) -> None:
    done = DeliveryState.DELIVERED
    save(store, made("server open", 500, None), done)
    save(store, made("server old", 500, 101), done)
    save(store, made("server new", 500, 99), done)
    save(store, made("server fresh", 9, 8), done)
    save(store, made("server waits", 500, 101), DeliveryState.WAITING)
    save(store, made("server untold", 500, 101), done, planned=False)
    assert retention.purge(store, KEPT, NOW_NS) == {"status_change": 0, "delivery": 3, "alert": 1}
    left = dump(store)
    assert {row[2] for row in left["alert"]} == {
        *("server open", "server new", "server fresh", "server waits", "server untold")
    }
    assert {row[0] for row in left["delivery"]} == {
        "delivery/server open",
        "delivery/server fresh",
        "delivery/server waits",
    }
    ids = {row[0] for row in left["alert"]}
    assert {row[1] for row in left["alert_step"]} == ids and {row[0] for row in left["alert_child"]} == ids
    assert retention.purge(store, KEPT, NOW_NS) == {"status_change": 0, "delivery": 0, "alert": 0}
    assert dump(store) == left


def test_how_a_station_was_at_the_beginning_stays_known(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    with store.begin() as unit:
        for days in (300, 250, 200, 150, 120, 50, 1):
            unit.save_status_changes([replace(make_status("XX.A", State.BAD), since_ns=days_ago(days))])
        unit.save_status_changes([replace(make_status("XX.B", State.OK), since_ns=days_ago(400))])
    assert retention.purge(store, KEPT, NOW_NS)["status_change"] == 4
    with store.read() as snapshot:
        change = tables.status_change.c
        rows = snapshot.execute(tables.status_change.select().order_by(change.station_id, change.since_ns)).all()
    assert [(row.station_id, (NOW_NS - row.since_ns) // DAY_NS) for row in rows] == [
        *(("XX.A", 120), ("XX.A", 50), ("XX.A", 1), ("XX.B", 400))
    ]


def test_zero_keeps_for_ever_and_a_stop_is_heard(store: Store, dump: Callable[[Store], Dump]) -> None:
    save(store, made("server old", 5000, 4000), DeliveryState.FAILED)
    before = dump(store)
    retention.purge(store, RetentionSettings(0, 0, 0), NOW_NS)
    retention.purge(store, KEPT, NOW_NS, lambda: False)
    assert dump(store) == before
    with pytest.raises(ConfigError, match=r"retention\.alerts_days"):
        RetentionSettings(alerts_days=-1)


@pytest.mark.parametrize(("newest_days", "n_alerts"), [(0.5, 1), (90, 1), (1001, 2)])
def test_a_clock_that_no_record_bears_out_deletes_nothing(store: Store, newest_days: float, n_alerts: int) -> None:
    """Fifteen years ahead; or right, and the last record came long ago: two alerts, closed 101 and 1101 days ago."""
    for days in (101, 1101):
        save(store, made(f"closed {days} days ago", 1500, days), DeliveryState.DELIVERED)
    with store.begin() as unit:
        unit.save_cursors("up", {"XX.A": Cursor(1, days_ago(newest_days)), "XX.B": Cursor(1, days_ago(2000))})
    ahead_ns = NOW_NS if newest_days > 1 else NOW_NS + 15 * 365 * DAY_NS
    retention.purge(store, replace(KEPT, alerts_days=1000), ahead_ns)
    with store.read() as snapshot:
        assert len(snapshot.execute(tables.alert.select()).all()) == n_alerts


def test_the_audit_is_never_purged(store: Store) -> None:
    said = AuditRow(days_ago(9000), "ann", "usage", "XX.A", "usage", "configured", "off", "gone")
    with store.begin() as unit:
        registry.add_audit(unit, [said])
    retention.purge(store, KEPT, NOW_NS)
    with store.read() as snapshot:
        assert registry.audit(snapshot) == [said]
    with pytest.raises((StoreError, DBAPIError), match="audit is append only"), store.begin() as unit:
        unit.connection.execute(tables.audit.delete())
