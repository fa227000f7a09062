"""A real store, filled as the pipeline fills it, and the application on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database.records import Run
from database.store import Store
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Arrival, Event, Origin, Pick, SourceId
from stations.health import ChannelStatus, Metrics, Reading, State, StationStatus
from stations.inventory import Inventory, Site
from tests.webui.conforming import conforming
from webui.app import create_app
from webui.settings import WebSettings

Measured = dict[str, Any]

FINE: Measured = {
    "total_latency_s": 2.1,
    "feed_latency_s": 1.4,
    "data_latency_s": 0.7,
    "num_gaps": 0,
    "max_gap_s": 0.0,
    "num_overlaps": 0,
    "percent_availability_1h": 100.0,
    "percent_availability_24h": 99.97,
    "watched_s": 86400.0,
    "timing_quality": 100.0,
    "sample_rms": 2485.0,
}


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables: made once, for the migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("webui") / "houfeng.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def url(tmp_path: Path, empty_database: Path) -> str:
    copy = shutil.copy(empty_database, tmp_path / "houfeng.db")
    return f"sqlite:///{copy}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Empty."""
    opened = Store.open(url)
    yield opened
    opened.close()


@pytest.fixture
def filled(store: Store) -> Store:
    """One station in each state, an event on three of them, a live run and a replay."""
    fill(store)
    return store


@pytest.fixture
def app(filled: Store) -> Iterator[Flask]:
    with conforming(create_app(WebSettings(notice="Demonstration: recorded data.", notice_zh="演示"), filled)) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def get(client: FlaskClient) -> Callable[..., str]:
    """Text of a page, which must be there."""

    def text(path: str, **headers: str) -> str:
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    return text


def make_status(
    station_id: str,
    state: State = State.OK,
    reason: str = "",
    *,
    age_s: float = 1.0,
    broken: tuple[str, str, float, float, str] | None = None,
    **metrics: Any,
) -> StationStatus:
    """A station with one channel; `broken` is rule, metric, value, limit and unit of what sets its state."""
    now = now_ns()
    since_ns = now - 3600 * NS_PER_S
    measured = Metrics(**FINE | metrics)
    readings = [
        Reading("num_overlaps", "num_overlaps", State.OK, measured.num_overlaps, 1.0, "", since_ns, ""),
        Reading("sample_mean", "sample_mean", State.UNKNOWN, None, 5e5, "counts", since_ns, "No current", votes=False),
    ]
    if measured.timing_quality is not None:
        readings.append(
            Reading("timing_quality", "timing_quality", State.OK, measured.timing_quality, 70.0, "%", since_ns, "")
        )
    if broken is not None:
        rule, metric, value, limit, unit = broken
        readings.append(Reading(rule, metric, state, value, limit, unit, since_ns, reason))
    channel = ChannelStatus(f"{station_id}.00.BHZ", state, reason, since_ns, True, measured, tuple(readings))
    evaluated_ns = now - round(age_s * NS_PER_S)
    return StationStatus(station_id, state, reason, since_ns, evaluated_ns, "full", measured, (channel,))


def make_event(first_ns: int, stations: tuple[str, ...] = ("KR.NRN", "II.AAK", "IC.LSA")) -> Event:
    """A P pick on each station, 1.5 s apart."""
    picks = []
    for n, station_id in enumerate(stations):
        onset_ns = first_ns + n * 3 * NS_PER_S // 2
        source_id = SourceId(*station_id.split("."), "00", "BHZ")
        picks.append(Pick(onset_ns, source_id, "P", "sta_lta", 1, 0.05, 12.5, "local", onset_ns + 1))
    return Event(tuple(picks))


def located(event: Event) -> Event:
    """The event with an origin of fixed depth and a long ellipse, and what that makes of its first pick."""
    origin = Origin(
        time_ns=event.first_onset_ns - 4 * NS_PER_S,
        latitude_deg=41.1234,
        longitude_deg=75.25,
        depth_km=10.0,
        depth_error_km=None,
        time_error_s=1.2,
        semi_major_km=61.5,
        semi_minor_km=12.25,
        major_azimuth_deg=17.0,
        rms_s=0.31,
        gap_deg=212.0,
        nearest_km=35.5,
        earth_model="ak135",
        region="KYRGYZSTAN",
    )
    first = event.picks[0].source_id.station_id
    judged = replace(event, quality="D", quality_reasons=("3 stations", "gap 212° > 180°"))
    hinted = replace(judged, type_hint="possible blast", type_reasons=("in known blast area Süd", "depth fixed"))
    return replace(hinted, origin=origin, arrivals=(Arrival(first, "P", 35.5, 44.0, -0.21, 1.0),))


def make_run(run_id: str = "run/live", kind: Any = "live") -> Run:
    start_ns = now_ns() - 7200 * NS_PER_S
    return Run(run_id, kind, start_ns, "c0ffee0123", "0.1.0", f"source of {run_id}", n_records=12345)


def fill(store: Store) -> None:
    """What `filled` holds."""
    sites = {
        site.station_id: site
        for site in (
            Site("KR.NRN", 41.42222, 75.97, 2130.0, "Нарын", "KG"),
            Site("II.AAK", 42.63912, 74.49404, 1633.1, "Ала-Арча", "KG"),
            Site("IC.LSA", 29.7031, 91.127, 3660.0, "拉萨", "CN"),
            Site("IM.BDK", 36.97, -71.5, 1200.0, "Badakhshan", "AF"),
        )
    }
    event = make_event(now_ns() - 90 * NS_PER_S)
    timing = ("timing_quality", "timing_quality", 38.0, 50.0, "%")
    gaps = ("num_gaps", "num_gaps", 4, 1.0, "")
    with store.begin() as unit:
        unit.save_run(make_run())
        unit.save_run(make_run("run/replay", "replay"))
        unit.save_inventory(Inventory(sites, (), ()))
        unit.save_statuses(
            [
                make_status("KR.NRN", State.BAD, "Timing quality 38 %, limit 50 %", broken=timing, timing_quality=38.0),
                make_status("II.AAK", timing_quality=None),
                make_status("IC.LSA", State.WARN, "Gaps: 4 in 1 h, limit 1", broken=gaps, num_gaps=4),
            ]
        )
        for run_id in ("run/live", "run/replay"):
            unit.save_picks(run_id, event.picks)
        unit.save_events("run/live", [located(event)])
        unit.save_events("run/replay", [make_event(event.first_onset_ns, ("KR.NRN", "II.AAK"))])
