"""Both back-ends, and nouns to save in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from database import (
    alerts,
    day_checks,
    deliveries,
    holdings,
    latencies,
    measures,
    noise_days,
    registry,
    run_results,
    tables,
    tasks,
)
from database.accounts import Change
from database.records import Run
from database.run_records import RunChannel, RunInput
from database.store import Store
from database.unit import UnitOfWork
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Arrival, Cursor, Event, Gap, Magnitude, Origin, Pick, SourceId, Span, StationMagnitude
from stations.alerts.alert import Alert, Child, Step, Watch
from stations.alerts.words import Action, Kind, Severity
from stations.card import Card
from stations.health import ChannelStatus, Metrics, Reading, State, StationStatus
from stations.health.latencies import Latencies
from stations.health.measures import Measures
from stations.inventory import ChannelEpoch, Inventory, InventoryDocument, Site

T0_NS = parse_ns("2010-05-27T16:24:33.123456789Z")

Dump = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database on each back-end."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/houfeng.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store on each back-end, with a live run `live`."""
    opened = Store.open(url, retry_s=20)
    with opened.begin() as unit:
        unit.save_run(make_run("live"))
    yield opened
    opened.close()


@pytest.fixture
def dump() -> Callable[[Store], Dump]:
    """All rows of all tables but the counter of changes, sorted."""

    def rows(store: Store) -> Dump:
        with store.read() as snapshot:
            return {
                table.name: sorted((tuple(row) for row in snapshot.execute(table.select())), key=repr)
                for table in tables.metadata.sorted_tables
                if table is not tables.change
            }

    return rows


def make_run(run_id: str, kind: Any = "live", **values: Any) -> Run:
    """A run of one configuration."""
    return Run(run_id, kind, values.pop("started_ns", T0_NS), "c0ffee", "0.1.0", "test", **values)


def make_pick(station: str = "UH1", offset_s: float = 0.0, **values: Any) -> Pick:
    """A P pick on BW.`station`..EHZ, `offset_s` after T0."""
    onset_ns = T0_NS + round(offset_s * NS_PER_S)
    known = {"uncertainty_s": 0.05, "snr": 12.5, "band": "local", "trigger_ns": onset_ns + 1}
    return Pick(onset_ns, SourceId("BW", station, "", "EHZ"), "P", "sta_lta", 1, **known | values)


def make_event(offset_s: float = 0.0, stations: tuple[str, ...] = ("UH1", "UH2", "UH3")) -> Event:
    """An event with a pick on each station, half a second apart."""
    return Event(tuple(make_pick(station, offset_s + 0.5 * i) for i, station in enumerate(stations)))


def located(event: Event, depth_error_km: float | None = None) -> Event:
    """The event with an origin, and what that makes of its first pick."""
    origin = Origin(
        T0_NS - 10**9, 48.05, 11.643, 4.2, depth_error_km, 0.3, 1.9, 1.0, 35.0, 0.04, 117.0, 2.5, "ak135", "GERMANY"
    )
    arrival = Arrival(event.picks[0].source_id.station_id, "P", 2.5, 81.0, -0.02, 1.0)
    judged = replace(event, quality="D", quality_reasons=("3 stations", "gap 117° > 90°"), type_hint="possible blast")
    return replace(judged, origin=origin, arrivals=(arrival,), type_reasons=('area "Süd"',))


MAGNITUDES = (
    Magnitude("ML", 2.13, 0.21, 2, "mean", "Hutton & Boore 1987", "2 stations, 3 are needed"),
    Magnitude("Md", 2.4, None, 1, "mean", "Lee et al. 1972"),
)
STATION_MAGNITUDES = (
    StationMagnitude("BW.UH1", "ML", "EHE EHN", 2.03, -0.1, 431.5, "nm", None, 12.3, 40.5, True),
    StationMagnitude("BW.UH2", "ML", "EHE EHN", 2.23, 0.0, 631.5, "nm", None, 14.3, 20.5, True),
    StationMagnitude("BW.UH3", "ML", "EHE EHN", None, 0.0, None, "nm", None, None, None, False, "no response"),
    StationMagnitude("BW.UH1", "Md", "EHZ", 2.4, 0.0, 35.0, "s", None, 12.3, 55.0, True),
)


def sized(event: Event) -> Event:
    """The event with magnitudes of two kinds."""
    return replace(event, magnitudes=MAGNITUDES, station_magnitudes=STATION_MAGNITUDES)


def make_status(
    station_id: str = "BW.UH1",
    state: State = State.OK,
    *,
    evaluated_ns: int = T0_NS,
    channels: tuple[str, ...] = ("EHZ",),
    **metrics: Any,
) -> StationStatus:
    """A station whose channels are all in one state since T0."""
    measured = Metrics(**{"total_latency_s": 1.5, "num_gaps": 0, "flat": False} | metrics)
    reason = "" if state is State.OK else f"latency {measured.total_latency_s} s > 60 s"
    reading = Reading("total_latency", "total_latency_s", state, measured.total_latency_s, 60.0, "s", T0_NS, reason)
    return StationStatus(
        station_id,
        state,
        reason,
        T0_NS,
        evaluated_ns,
        "full",
        measured,
        tuple(
            ChannelStatus(f"{station_id}..{channel}", state, reason, T0_NS, True, measured, (reading,))
            for channel in channels
        ),
    )


BW = Inventory(
    {"BW.UH1": Site("BW.UH1", 48.0811, 11.6363, 500.0, "Unterhaching", "DE")},
    (
        ChannelEpoch(SourceId.parse("BW.UH1..EHZ"), 0, T0_NS, 48.08, 11.63, 500, 1, 0, -90, 200, 2.5e9, "M/S"),
        ChannelEpoch(SourceId.parse("BW.UH1..EHZ"), T0_NS, None, 48.08, 11.63, 500, 1, None, None, 0),
    ),
    (InventoryDocument("BW.xml", "ab" * 32, "<a>地震</a>".encode()),),
)


def save_everything(unit: UnitOfWork, run_id: str = "live") -> None:
    """Save at least one row into every table."""
    events = [sized(located(make_event())), make_event(100)]
    unit.save_inventory(BW)
    unit.save_run_sites(run_id, BW.sites.values())
    run_results.save_inputs(unit, run_id, [RunInput("day.mseed", "records", "BW.UH1..EHZ", "f00d", 512)])
    run_results.save_channels(unit, run_id, [RunChannel("BW.UH1..EHZ", 1, 412, T0_NS, T0_NS + 1, 0, 0, {"spike": 2})])
    run_results.save_state(unit, run_id, "{}")
    unit.save_picks(run_id, [pick for event in events for pick in event.picks])
    unit.note_revisions(run_id, events, [], T0_NS)
    unit.save_events(run_id, events)
    unit.save_cursors("geofon", {"BW.UH1": Cursor(7, T0_NS)})
    unit.save_detector_states(run_id, {SourceId.parse("BW.UH1..EHZ"): b"\0state\xff"})
    unit.save_statuses([make_status(), make_status("BW.UH2", State.BAD, channels=("EHE", "EHZ"))])
    stream = SourceId.parse("BW.UH1..EHZ")
    held = Span(T0_NS, T0_NS + 3600 * NS_PER_S, 100.0)
    holdings.save(unit.connection, {(stream, T0_NS): ((512, 512, 7, T0_NS, 9), [held])})
    absent = Gap(stream, T0_NS + 3600 * NS_PER_S, T0_NS + 7200 * NS_PER_S)
    registry.save_cards(unit, {"BW.UH1": Card("full", "LMU", "+49 89 1", "DSL", ("geofon",), "BayernNetz")})
    registry.set_corrections(unit, "BW.UH1", {"link": "radio"}, at_ns=T0_NS, by="li", why="moved")
    tasks.ask(unit, "restart", "geofon", "stuck", Change(T0_NS, "li", "test"))
    registry.set_usage(unit, "BW.UH1", "off", at_ns=T0_NS, until_ns=None, by="li", why="closed")
    for table in measures.TABLES.values():
        measures.save(unit.connection, table, [(stream, Measures(T0_NS, 100.0, 6000, 60 * NS_PER_S, n_minutes=1))])
    measures.save_marks(unit.connection, {(stream, T0_NS): (512, 9)})
    noise = noise_days.NoiseDay(T0_NS, 100.0, 1, 1, b"levels", 7, {"dead_channel_lin": 2.5})
    noise_days.save(unit.connection, stream, T0_NS, "c0ffee", [noise])
    late = Latencies(T0_NS // (60 * NS_PER_S) * 60 * NS_PER_S, 1, 15, 2.0, 3.0, 5.0, 7.5)
    latencies.save(unit.connection, [(stream, late)])
    day_checks.save(unit.connection, [(stream, day_checks.DayCheck(T0_NS, "c0ffee", 9, flags={"spikes": 2}))])
    holdings.save_absences(unit.connection, [holdings.AbsenceRow("geofon", absent, 2, T0_NS, "no data")])
    common = Alert(Kind.SERVER, "server geofon", Severity.CRITICAL, T0_NS, "server", "why", (Child("BW.UH1", T0_NS),))
    step = Step(common.alert_id, T0_NS, Action.OPENED, "houfeng", "why")
    alerts.save(unit, [common], [step], [Watch("BW.UH1", T0_NS, None, (T0_NS,), True)])
    told = deliveries.Delivery("delivery/1", common.alert_id, step.step_id, "duty", "{}", T0_NS)
    deliveries.plan(unit, [step], [told])
