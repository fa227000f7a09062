"""Alerts that are decided on while the database is away are stored when it is back, and told once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition.daemon.alerts import Alerter
from acquisition.daemon.link import StoreLink
from acquisition.heartbeat import Heartbeat
from configs import load
from database import alert_queries
from database.store import Store
from houfeng.alerting import deliverer
from houfeng.network import Network
from stations.alerts.words import Action
from stations.inventory import Inventory
from tests.houfeng.alerting.conftest import Hook
from tests.plugins.daemon import wait_for
from tests.plugins.postgresql import PostgreSQLServer
from tests.stations.alerts.conftest import at, scene, statuses

NAMES = [f"XX.S{n:02d}" for n in range(50)]
CONFIG = """
[[recipient]]
name = "hook"
kind = "webhook"
address = "{url}"
[delivery]
retry_min_s = 0.1
"""


@pytest.fixture
def store(postgresql_url: str) -> Iterator[Store]:
    opened = Store.open(postgresql_url, retry_s=0.5)
    yield opened
    opened.close()


@pytest.mark.postgresql
def test_alerts_of_an_outage_are_told_once_it_is_over(
    tmp_path: Path, store: Store, postgresql_server: PostgreSQLServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One server's stations go before the database does; others' alerts open, and open and close, while it is away."""
    monkeypatch.setattr(deliverer, "_AWAY_S", 0.2)
    outages = {name: [(100.0, 400.0)] for name in NAMES[:40]} | {name: [(300.0, 900.0)] for name in NAMES[40:]}
    link, config = StoreLink(store), tmp_path / "houfeng.toml"
    with Hook([]) as hook:
        config.write_text(CONFIG.format(url=hook.url))
        alerter = Alerter(store, link, load(config), Network(Inventory({}), frozenset(), {}), Heartbeat())

        def report(second: int) -> None:
            alerter.evaluate(statuses(NAMES, outages, second), at(second), scene(NAMES, link=NAMES[40:]))

        def told() -> list[tuple[str, str]]:  # what became of the first may be lost: it is sent again with its key
            contents = [json.loads(body) for _, body in hook.requests]
            return sorted({(content["alert"]["about"], content["step"]["action"]) for content in contents})

        alerter.start()
        for second in range(0, 200, 10):
            report(second)
        wait_for("the first message", lambda: told() == [("server s", "opened")])
        postgresql_server.stop("immediate")
        for second in range(200, 600, 10):
            report(second)
        assert not link.state.up
        assert {(severity, cause): n for severity, cause, n in alerter.status().n_open} == {("critical", "link"): 1}
        assert alerter.status().n_unsaved == 2
        postgresql_server.start()
        wait_for("the database", lambda: link.is_worth_trying)
        report(600)
        assert alerter.status().n_unsaved == 0
        wanted = [("link l", "opened"), ("server s", "closed"), ("server s", "opened")]
        wait_for("the other messages", lambda: told() == wanted)
        wait_for("an empty queue", lambda: alerter.status().n_waiting == 0)
        alerter.stop()
        link.close()
        assert told() == wanted and len(set(hook.keys)) == 3
    with store.read() as snapshot:
        rows = {row.alert.key: row.alert for row in alert_queries.alerts(snapshot)}
        steps = alert_queries.alert(snapshot, rows["server s"].alert_id).steps
    assert rows["link l"].closed_ns is None and len(rows["link l"].children) == 10
    assert [step.action for step in steps] == [Action.OPENED, Action.CLOSED] and steps[1].t_ns < at(600)
