"""The station table and one station's page, on both back-ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from database import queries
from database.records import StationRow, StatusChange
from database.store import Store
from houfeng.errors import StoreError
from houfeng.times import NS_PER_S
from houfeng.types import SourceId
from stations.health import Metrics, State
from stations.inventory import ChannelEpoch, Inventory, Site
from tests.database.conftest import T0_NS, make_status

SITES = {
    site.station_id: site
    for site in (
        Site("BW.UH1", 48.1, 11.6, 500, "Unterhaching", "DE"),
        Site("BW.UH2", 48.2, 11.7, 510, "Ünterhaching 2", "DE"),
        Site("IC.BJT", 40.0, 116.2, 197, "白家疃", "CN"),
        Site("KR.NRN", 41.4, 76.0, 2240, "Нарын", "KG"),
        # `_` matches any character in LIKE: this must not be a station of network B_.
        Site("BB.ZZZ", 1, 2, 3, "", ""),
    )
}
STATUSES = [
    make_status("BW.UH1", State.WARN, total_latency_s=70.0, percent_availability_24h=99.0),
    make_status("BW.UH2", State.OK, total_latency_s=2.0, percent_availability_24h=80.0, num_gaps=4),
    make_status("IC.BJT", State.BAD, total_latency_s=700.0, evaluated_ns=T0_NS + 5),
    make_status("XX.NEW", State.OK, total_latency_s=None),
]


@pytest.fixture
def filled(store: Store) -> Store:
    """Five stations with metadata, of which two were never evaluated; one with a status only."""
    with store.begin() as unit:
        unit.save_inventory(Inventory(SITES))
        unit.save_statuses(STATUSES)
    return store


def ids(store: Store, **choice: object) -> list[str]:
    with store.read() as snapshot:
        return [row.station_id for row in queries.stations(snapshot, **choice)]  # type: ignore[arg-type]


def test_worst_first_and_nobody_left_out(filled: Store) -> None:
    assert ids(filled) == ["IC.BJT", "BB.ZZZ", "KR.NRN", "BW.UH1", "BW.UH2", "XX.NEW"]


def test_rows(filled: Store) -> None:
    with filled.read() as snapshot:
        rows = {row.station_id: row for row in queries.stations(snapshot)}
    known = rows["IC.BJT"]
    assert known == StationRow(
        "IC.BJT",
        "白家疃",
        "CN",
        40.0,
        116.2,
        197,
        State.BAD,
        "latency 700.0 s > 60 s",
        T0_NS,
        T0_NS + 5,
        "full",
        Metrics(total_latency_s=700.0, num_gaps=0, flat=False),
        {"total_latency_s": State.BAD},
        score=known.score,
        deductions=known.deductions,
    )
    # all of what can be lost, for one required channel of one
    assert known.score == 0
    assert [str(each) for each in known.deductions] == ["100 for total_latency BAD (EHZ): latency 700.0 s > 60 s"]
    assert (known.network, known.has_metadata) == ("IC", True)
    never = rows["KR.NRN"]
    assert (never.state, never.reason, never.since_ns) == (State.UNKNOWN, "Not evaluated yet", None)
    assert (never.metrics, never.marks) == (Metrics(), {})
    assert (rows["XX.NEW"].state, rows["XX.NEW"].has_metadata) == (State.OK, False)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"network": "BW"}, ["BW.UH1", "BW.UH2"]),
        ({"network": "XX"}, ["XX.NEW"]),
        ({"network": "B_"}, []),
        ({"network": "B"}, []),
        ({"country": "KG"}, ["KR.NRN"]),
        ({"status": State.OK}, ["BW.UH2", "XX.NEW"]),
        ({"status": State.UNKNOWN}, ["BB.ZZZ", "KR.NRN"]),
        ({"q": "нАРЫН"}, ["KR.NRN"]),
        ({"q": " 家 "}, ["IC.BJT"]),
        ({"q": "uh"}, ["BW.UH1", "BW.UH2"]),
        ({"q": "%"}, []),
        ({"country": "DE", "status": State.OK, "q": "unter"}, []),
        ({"among": {"KR.NRN", "XX.NEW", "XX.NOT"}}, ["KR.NRN", "XX.NEW"]),
        ({"among": []}, []),
        ({"limit": 2}, ["IC.BJT", "BB.ZZZ"]),
        ({"sort": "station", "limit": 2}, ["BB.ZZZ", "BW.UH1"]),
        ({"sort": "-station", "limit": 2}, ["XX.NEW", "KR.NRN"]),
        ({"sort": "latency", "limit": 3}, ["IC.BJT", "BW.UH1", "BW.UH2"]),
        ({"sort": "availability_24h", "limit": 2}, ["BW.UH2", "BW.UH1"]),
        ({"sort": "gaps", "limit": 1}, ["BW.UH2"]),
    ],
)
def test_choice(filled: Store, choice: dict[str, object], expected: list[str]) -> None:
    assert ids(filled, **choice) == expected


@pytest.mark.parametrize("sort", sorted(queries.STATION_SORTS))
def test_every_sort_keeps_every_station(filled: Store, sort: str) -> None:
    assert sorted(ids(filled, sort=sort)) == sorted(ids(filled, sort=f"-{sort}")) == sorted([*SITES, "XX.NEW"])


def test_unknown_sort(filled: Store) -> None:
    with pytest.raises(StoreError, match=r"sort: one of status, .* is needed, 'colour' came"):
        ids(filled, sort="colour")


def test_an_evaluation_that_is_too_old_is_unknown(filled: Store) -> None:
    late_ns = T0_NS + 120 * NS_PER_S + 1
    with filled.read() as snapshot:
        rows = {row.station_id: row for row in queries.stations(snapshot, seen_at_ns=late_ns)}
        detail = queries.station(snapshot, "BW.UH2", seen_at_ns=late_ns)
    assert rows["IC.BJT"].state is State.BAD  # evaluated 5 ns later than the others
    stale = rows["BW.UH2"]
    assert (stale.state, stale.since_ns) == (State.UNKNOWN, T0_NS)
    assert stale.reason == "Not evaluated for 121 s"
    assert (stale.metrics, stale.marks) == (Metrics(), {})
    assert detail is not None
    assert detail.station == stale
    (channel,) = detail.channels
    assert (channel.state, channel.reason, channel.since_ns) == (State.UNKNOWN, stale.reason, T0_NS)
    assert (channel.metrics, channel.readings) == (Metrics(), ())
    assert ids(filled, status=State.OK, seen_at_ns=late_ns) == []


def test_ids_and_the_newest_evaluation(filled: Store) -> None:
    with filled.read() as snapshot:
        assert queries.station_ids(snapshot) == sorted([*SITES, "XX.NEW"])
        assert queries.newest_evaluation_ns(snapshot) == T0_NS + 5


def test_of_nothing(store: Store) -> None:
    with store.read() as snapshot:
        assert queries.station_ids(snapshot) == []
        assert queries.newest_evaluation_ns(snapshot) is None


def test_one_station(store: Store) -> None:
    epoch = ChannelEpoch(SourceId.parse("BW.UH1..EHZ"), 0, None, 48.1, 11.6, 500, 0, 0, -90, 200)
    first = make_status(channels=("EHE", "EHZ"))
    later = make_status(state=State.BAD, channels=("EHZ",), evaluated_ns=T0_NS + 60, total_latency_s=float("inf"))
    later = replace(later, since_ns=T0_NS + 50)
    with store.begin() as unit:
        unit.save_inventory(Inventory(SITES, (epoch,)))
        unit.save_statuses([first])
    with store.begin() as unit:
        unit.save_statuses([later])
    with store.read() as snapshot:
        detail = queries.station(snapshot, "BW.UH1")
        assert queries.station(snapshot, "BW.NONE") is None
        assert queries.station(snapshot, "KR.NRN") is not None
    assert detail is not None
    assert (detail.station.state, detail.station.name) == (State.BAD, "Unterhaching")
    # EHE was evaluated before and is no longer: its old state must not stay on the page.
    assert detail.channels == later.channels
    assert detail.epochs == (epoch,)
    assert detail.changes == (
        StatusChange(T0_NS + 50, State.BAD, later.reason),
        StatusChange(T0_NS, State.OK, ""),
    )


def test_stations_that_are_no_longer_watched_go(filled: Store) -> None:
    with filled.begin() as unit:
        unit.keep_stations(["IC.BJT", "XX.NEW"])
    assert ids(filled) == ["IC.BJT", "XX.NEW"]
    with filled.read() as snapshot:
        assert queries.station(snapshot, "BW.UH1") is None
        detail = queries.station(snapshot, "IC.BJT")
    assert detail is not None
    assert len(detail.channels) == 1
