"""What the station table and a station's page draw: latency of a day, shares of days, state of health, the score."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import insert

import webui
from database import alerts, latencies, measures, tables
from database.store import Store
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from stations.alerts.alert import Alert, Child, Step
from stations.alerts.words import Action, Kind, Severity
from stations.health import Reading, State, StationStatus
from stations.health.latencies import Latencies
from stations.health.measures import Measures
from stations.inventory import ChannelEpoch, Inventory
from tests.webui.conftest import make_status
from webui import sparklines, station_views
from webui.timeline import parts

Get = Callable[..., str]
HOUR_NS = 3600 * NS_PER_S
DAY_NS = 24 * HOUR_NS
BHZ = SourceId("KR", "NRN", "00", "BHZ")


def judged(values: dict[str, tuple[float | None, State]]) -> StationStatus:
    """KR.NRN, whose rules of state of health say so."""
    status = make_status("KR.NRN", State.WARN, "Mass position 3.6 V, limit 3.5 V", timing_quality=90.0)
    said = [
        Reading(metric.removesuffix("_v"), metric, state, value, 3.5, "V", now_ns(), "")
        for metric, (value, state) in values.items()
    ]
    channel = status.channels[0]
    return replace(status, channels=(replace(channel, readings=(*channel.readings, *said)),))


def test_a_line_has_a_step_for_each_hour_and_breaks_where_nothing_came() -> None:
    quiet, late = sparklines.height(2.0), sparklines.height(300.0)
    assert sparklines.height(400.0) == sparklines.height(1e6) == 1
    assert sparklines.height(0.5) == sparklines.height(0.0) == sparklines.HEIGHT - 1
    hours = [(0, 2.0), (HOUR_NS, 2.0), (2 * HOUR_NS, 300.0), (5 * HOUR_NS, 300.0)]
    assert sparklines.height(59.0) > sparklines.LIMIT_Y > sparklines.height(61.0) - 1.25
    assert f"0 {sparklines.LIMIT_Y}px / 72px 1px" in (Path(webui.__file__).parent / "static/table.css").read_text()
    assert sparklines.line(hours, 0) == f"M0 {quiet}h6v{late - quiet}h3M15 {late}h3"


def test_shares_of_parts_count_from_the_first_sample_on() -> None:
    # asked for from 6 h to 60 h; the second day misses its first half
    there, asked = parts([(6 * HOUR_NS, DAY_NS), (36 * HOUR_NS, 60 * HOUR_NS)], 6 * HOUR_NS, 60 * HOUR_NS, 0, 4, DAY_NS)
    assert [x / HOUR_NS for x in there] == [18, 12, 12, 0]
    assert [x / HOUR_NS for x in asked] == [18, 24, 12, 0]


def test_a_calendar_has_a_column_for_each_week() -> None:
    days = [station_views.Part(n * DAY_NS, 100.0, "OK") for n in range(9)]  # 1 January 1970 was a Thursday
    first, second = station_views.weeks(days)
    assert [day is None for day in first] == [True, True, True, False, False, False, False]
    assert [day and day.start_ns // DAY_NS for day in second] == [4, 5, 6, 7, 8, None, None]


def test_the_table_shows_state_of_health_and_who_acknowledged(filled: Store, client: FlaskClient, get: Get) -> None:
    now = now_ns()
    raised = Alert(Kind.LINK, "link vsat", Severity.CRITICAL, now - HOUR_NS, "link", "6 of 7 stations went silent")
    raised = replace(raised, children=(Child("II.AAK", now), Child("KR.NRN", now), Child("IC.LSA", now, now)))
    steps = [
        Step(raised.alert_id, now - n * NS_PER_S, Action.ACKNOWLEDGED, who, "seen")
        for n, who in ((9, "asel"), (5, "b"))
    ]
    with filled.begin() as unit:
        unit.save_statuses([judged({"mass_position_v": (3.6, State.WARN), "supply_voltage_v": (11.2, State.UNKNOWN)})])
        alerts.save(unit, [raised], steps, [])
        late = [(BHZ, Latencies(now // HOUR_NS * HOUR_NS, 1, 6, 1.0, 1.0, 1.0, 3.0))]
        latencies.save(unit.connection, late)
    rows = {row["id"]: row for row in client.get("/api/v1/stations").json["stations"]}
    assert (rows["KR.NRN"]["mass_position_v"], rows["KR.NRN"]["supply_voltage_v"]) == (3.6, None)
    assert [rows[name]["acknowledged_by"] for name in ("KR.NRN", "II.AAK", "IC.LSA")] == ["asel", "asel", ""]
    page = get("/stations")
    row = page.split('<tr data-key="KR.NRN"')[1].split("</tr>")[0]
    assert re.findall(r"<td[^>]*>([^<]*)<svg[^>]*><path[^>]*/></svg>3.6\s*<td[^>]*>—", row)  # quiet: no evidence
    assert f'd="M69 {sparklines.height(3.0)}h3"' in row
    assert ">asel" in row
    other = page.split('<tr data-key="IC.LSA"')[1].split("</tr>")[0]
    assert other.count(">n/a<") == 3
    assert 'id="attention"' not in page


def test_places_are_points_for_maps(client: FlaskClient) -> None:
    answer = client.get("/api/v1/stations?format=geojson&net=KR")
    assert answer.mimetype == "application/geo+json"
    (feature,) = answer.json["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [75.97, 41.42222, 2130.0]}
    assert (feature["id"], feature["properties"]["status"]) == ("KR.NRN", "BAD")
    assert client.get("/api/v1/stations?format=xml").status_code == 400


def test_a_stations_page_draws_its_day_and_its_days(filled: Store, get: Get) -> None:
    now = now_ns()
    midnight_ns, minute_ns = now // DAY_NS * DAY_NS, now // (60 * NS_PER_S) * 60 * NS_PER_S
    vep = SourceId("KR", "NRN", "", "VEP")
    whole = [(midnight_ns - n * DAY_NS, midnight_ns - (n - 1) * DAY_NS) for n in (1, 2)]
    spans = [*whole, (midnight_ns - 3 * DAY_NS, midnight_ns - 3 * DAY_NS + 12 * HOUR_NS), (midnight_ns, now)]
    names = {each.name: 0 for each in fields(Measures)} | {
        "timing_quality": None,
        "n_samples": 3600,
        "covered_ns": HOUR_NS,
    }
    with filled.begin() as unit:
        unit.save_inventory(Inventory({}, (ChannelEpoch(vep, 0, None, 41, 75, 0, 0, None, None, 1.0, 1000.0, "V"),)))
        for table in ("hour", "day"):
            row = Measures(**names | {"start_ns": midnight_ns, "sample_mean": 12_750.0})
            measures.save(unit.connection, measures.TABLES[table], [(vep, row)])
        late = [(minute_ns - n * 60 * NS_PER_S, 40.0 if n == 5 else 2.0) for n in range(60, 0, -1)]
        rows = [(BHZ, Latencies(t_ns, 1, 6, 0.5, s - 0.5, s, s)) for t_ns, s in late]
        latencies.save(unit.connection, rows)
        unit.connection.execute(
            insert(tables.span),
            [
                {
                    "source_id": str(BHZ),
                    "day_ns": a // DAY_NS * DAY_NS,
                    "start_ns": a,
                    "sample_rate_hz": 1.0,
                    "end_ns": b,
                }
                for a, b in spans
            ],
        )
    page = get("/stations/KR.NRN")
    assert "Median 2.0 s, 95th percentile 2.0 s" in page
    days = dict(re.findall(r"<title>(\d{4}-\d\d-\d\d): ([\d.]+) %</title>", page))
    assert sorted(days.values()) == ["100.0", "100.0", "100.0", "50.0"]
    soh = page.split('id="soh"')[1].split("</section>")[0]
    assert re.search(r"VEP</a> Supply voltage</p>\s*<p class=\"value\">12.8 ", soh)
    score = page.split('class="reflow score"')[1].split("</table>")[0]
    assert re.findall(r"−(\d+)</td><th scope=\"row\"><a [^>]+>([^<]+)", score) == [("50", "Timing quality, 10 min")]
    assert "38.0 %" in score
    assert "≥ 50 %" in score
    assert "= 100 − 50." in page
