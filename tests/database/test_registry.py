"""What operators say of stations, on both back-ends: it counts at once, ends by itself, and is never forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from database import queries, registry
from database.store import Store
from database.unit import UnitOfWork
from houfeng.errors import RegistryError, StoreError
from houfeng.times import NS_PER_S
from stations.card import Card
from stations.health import State
from stations.inventory import Inventory, Site
from tests.database.conftest import T0_NS, make_status

HOUR_NS = 3600 * NS_PER_S
CARD = Card("full", "KIS", "+996 312", "VSAT", ("geofon", "earthscope"), "Kyrgyz Digital Network")


@pytest.fixture
def network(store: Store) -> Store:
    """KR.A evaluated and BAD, KR.B evaluated and OK, KR.C with metadata alone."""
    sites = {name: Site(name, 41.0, 75.0, 2000.0, country="KG") for name in ("KR.A", "KR.B", "KR.C")}
    with store.begin() as unit:
        unit.save_inventory(Inventory(sites))
        unit.save_statuses([make_status("KR.A", State.BAD), make_status("KR.B")])
        registry.save_cards(unit, {"KR.A": CARD, "KR.B": CARD, "KR.C": replace(CARD, usage="off")})
    return store


def use(store: Store, station_id: str, level: str, at_ns: int = T0_NS, until_ns: int | None = None) -> None:
    def work(unit: UnitOfWork) -> None:
        registry.set_usage(unit, station_id, level, at_ns=at_ns, until_ns=until_ns, by="li", why="battery")

    store.run(work)


def rows(store: Store, at_ns: int = T0_NS) -> dict[str, tuple[str, State, str]]:
    with store.read() as snapshot:
        found = queries.stations(snapshot, seen_at_ns=at_ns)
    return {row.station_id: (row.usage, row.state, row.reason) for row in found}


def test_what_the_configuration_says_holds(network: Store) -> None:
    found = rows(network)
    assert [usage for usage, _, _ in found.values()] == ["full", "full", "off"]
    assert list(found) == ["KR.A", "KR.B", "KR.C"]
    assert found["KR.C"][1:] == (State.UNKNOWN, "Off: not expected")


def test_maintenance_shows_and_ends(network: Store) -> None:
    use(network, "KR.A", "maintenance", until_ns=T0_NS + HOUR_NS)
    with network.read() as snapshot:
        first, second, *_ = queries.stations(snapshot, seen_at_ns=T0_NS)
        (only,) = queries.stations(snapshot, seen_at_ns=T0_NS, usage="maintenance")
    assert (first.station_id, second.station_id) == ("KR.B", "KR.A"), "what counts comes first"
    assert only == second and not only.is_counted
    assert (only.usage_until_ns, only.usage_by, only.usage_why) == (T0_NS + HOUR_NS, "li", "battery")
    assert only.state is State.BAD, "it is shown as it is"
    assert rows(network, T0_NS + HOUR_NS)["KR.A"][0] == "full"


def test_a_station_that_is_off_shows_no_old_status(network: Store) -> None:
    use(network, "KR.A", "off")
    assert rows(network)["KR.A"] == ("off", State.UNKNOWN, "Off: not expected")
    with network.read() as snapshot:
        detail = queries.station(snapshot, "KR.A", seen_at_ns=T0_NS)
    assert detail is not None and detail.station.metrics.total_latency_s is None
    assert [channel.state for channel in detail.channels] == [State.UNKNOWN]
    use(network, "KR.A", "configured", at_ns=T0_NS + 1)
    assert rows(network)["KR.A"][:2] == ("full", State.BAD)


def test_corrections_count_before_the_configuration_until_they_are_taken_back(network: Store) -> None:
    def card(values: dict[str, str], at_ns: int) -> Card:
        with network.begin() as unit:
            registry.set_corrections(unit, "KR.A", values, at_ns=at_ns, by="li", why="moved")
        with network.read() as snapshot:
            return registry.cards(snapshot)["KR.A"]

    assert card({"link": "radio", "contact": "+1"}, T0_NS) == replace(CARD, link="radio", contact="+1")
    assert card({"contact": ""}, T0_NS + 1) == replace(CARD, link="radio")
    # nobody is called at the number of another agency
    assert card({"agency": "CAIAG"}, T0_NS + 2) == replace(CARD, link="radio", agency="CAIAG", contact="")


def test_everything_is_noted_once_though_it_is_written_twice(network: Store) -> None:
    for _ in range(2):
        use(network, "KR.A", "maintenance", until_ns=T0_NS + HOUR_NS)
    use(network, "KR.A", "off", at_ns=T0_NS + 1)
    with network.read() as snapshot:
        noted = registry.audit(snapshot, station_id="KR.A")
        assert registry.audit(snapshot, station_id="KR.B") == []
    assert [(row.who, row.action, row.before, row.after, row.why) for row in noted] == [
        ("li", "usage", "maintenance until 2010-05-27T17:24:33Z", "off", "battery"),
        ("li", "usage", "configured", "maintenance until 2010-05-27T17:24:33Z", "battery"),
    ]


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'x'", "DELETE FROM audit"])
def test_the_audit_only_grows(network: Store, statement: str) -> None:
    use(network, "KR.A", "off")
    with pytest.raises(StoreError, match="append only"), network.begin() as unit:
        unit.connection.execute(text(statement))
    with network.read() as snapshot:
        assert [row.who for row in registry.audit(snapshot)] == ["li"]


def test_what_cannot_be_changes_nothing(network: Store) -> None:
    with pytest.raises(RegistryError, match="needs an end"):
        use(network, "KR.A", "maintenance")
    with network.read() as snapshot:
        assert registry.usage_changes(snapshot) == {}
        assert registry.audit(snapshot) == []


def test_what_operators_said_outlives_the_configuration(network: Store) -> None:
    use(network, "KR.A", "off")
    with network.begin() as unit:
        unit.keep_stations({"KR.B"})
        registry.save_cards(unit, {"KR.B": CARD})
    with network.read() as snapshot:
        assert list(registry.cards(snapshot)) == ["KR.B"]
        assert registry.usage_changes(snapshot)["KR.A"].level == "off"
        assert len(registry.audit(snapshot)) == 1
