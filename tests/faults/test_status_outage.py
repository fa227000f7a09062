"""Changes of status while the database is away are in its history when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from acquisition.daemon import statuses as module
from acquisition.daemon.link import StoreLink
from acquisition.daemon.statuses import StatusChanges, save_statuses
from database import queries
from database.store import Store
from houfeng.times import NS_PER_S
from stations.health import State
from stations.health.status import StationStatus
from tests.database.conftest import T0_NS, make_status
from tests.plugins.daemon import wait_for
from tests.plugins.postgresql import PostgreSQLServer


def at(second: int, state: State, station_id: str = "BW.UH1") -> StationStatus:
    """A station in a state since this second."""
    status = make_status(station_id, state, evaluated_ns=T0_NS + second * NS_PER_S)
    return replace(status, since_ns=T0_NS + second * NS_PER_S)


def history(store: Store, station_id: str) -> list[tuple[int, State]]:
    """Seconds and states, oldest first."""
    with store.read() as snapshot:
        detail = queries.station(snapshot, station_id, seen_at_ns=T0_NS)
    assert detail is not None
    return [((change.since_ns - T0_NS) // NS_PER_S, change.state) for change in reversed(detail.changes)]


@pytest.fixture
def store(postgresql_url: str) -> Iterator[Store]:
    opened = Store.open(postgresql_url, retry_s=0.5)
    yield opened
    opened.close()


@pytest.mark.postgresql
def test_changes_of_an_outage_are_saved_when_it_is_over(store: Store, postgresql_server: PostgreSQLServer) -> None:
    link, changes = StoreLink(store), StatusChanges()

    def report(second: int, state: State) -> None:
        save_statuses(store, link, changes, [at(second, state), at(0, State.OK, "BW.UH2")])

    report(0, State.OK)
    assert changes.waiting == []
    postgresql_server.stop("immediate")
    for second, state in ((60, State.BAD), (60, State.BAD), (120, State.WARN), (180, State.OK), (240, State.BAD)):
        report(second, state)
        assert not link.state.up
    assert len(changes.waiting) == 4
    postgresql_server.start()
    wait_for("the database", lambda: link.is_worth_trying)
    report(240, State.BAD)
    link.close()
    assert changes.waiting == []
    assert history(store, "BW.UH1") == [
        *((0, State.OK), (60, State.BAD), (120, State.WARN), (180, State.OK), (240, State.BAD))
    ]
    assert history(store, "BW.UH2") == [(0, State.OK)]


def test_what_waits_has_a_limit_and_the_newest_stay(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    changes = StatusChanges()
    for second in range(25):
        changes.note([at(second, State.OK if second % 2 else State.BAD)])
    assert [change.since_ns for change in changes.waiting] == [T0_NS + n * NS_PER_S for n in range(15, 25)]
    assert caplog.text.count("more than 10 changes of status wait") == 1
