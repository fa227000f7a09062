"""`/api/v1` as programs use it."""

from __future__ import annotations

import csv
import io

import pytest
from flask.testing import FlaskClient

from database.store import Store
from houfeng.times import NS_PER_S, format_ns, now_ns, parse_ns
from stations.health import State
from tests.webui.conftest import make_event, make_status
from webui.app import create_app
from webui.settings import WebSettings


def test_stations_are_objects_with_iso_times_and_units_in_names(client: FlaskClient) -> None:
    answer = client.get("/api/v1/stations")
    assert answer.mimetype == "application/json"
    rows = answer.json["stations"]
    assert [row["id"] for row in rows] == ["KR.NRN", "IM.BDK", "IC.LSA", "II.AAK"]
    bad = rows[0]
    assert (bad["status"], bad["reason"]) == ("BAD", "Timing quality 38 %, limit 50 %")
    assert bad["timing_quality"] == 38.0
    for name in ("since", "evaluated"):
        assert bad[name].endswith("Z")
        assert abs(parse_ns(bad[name]) - now_ns()) < 7200 * NS_PER_S
    assert not any(name.endswith("_ns") for name in bad)


def test_reasons_stay_in_one_language_for_programs(client: FlaskClient) -> None:
    rows = client.get("/api/v1/stations", headers={"Accept-Language": "ru"}).json["stations"]
    assert rows[0]["reason"] == "Timing quality 38 %, limit 50 %"


def test_a_stale_status_has_no_numbers(filled: Store, client: FlaskClient) -> None:
    with filled.begin() as unit:
        unit.save_statuses([make_status("II.AAK", age_s=200)])
    row = client.get("/api/v1/stations?q=II.AAK").json["stations"][0]
    assert row["status"] == "UNKNOWN"
    assert row["total_latency_s"] is None
    detail = client.get("/api/v1/stations/II.AAK").json
    assert detail["channels"][0]["status"] == "UNKNOWN"
    assert detail["channels"][0]["readings"] == []
    assert client.get("/api/v1/stations?status=OK").json["stations"] == []


def test_filters_and_limit(client: FlaskClient) -> None:
    def ids(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"/api/v1/stations?{query}").json["stations"]]

    assert ids("status=warn") == ["IC.LSA"]
    assert ids("net=I") == []
    assert ids("country=KG&sort=station") == ["II.AAK", "KR.NRN"]
    assert ids("limit=1") == ["KR.NRN"]
    assert ids("sort=gaps")[0] == "IC.LSA"


@pytest.mark.parametrize(
    ("path", "parameter", "needed"),
    [
        ("stations?limit=0", "limit", "1 to 10000"),
        ("stations?limit=-1", "limit", "1 to 10000"),
        ("stations?limit=1e3", "limit", "1 to 10000"),
        ("stations?limit=" + "9" * 5000, "limit", "1 to 10000"),
        ("stations?status=green", "status", "OK, WARN, BAD, UNKNOWN"),
        ("stations?sort=colour", "sort", "latency"),
        ("stations?format=xml", "format", "json, csv or geojson"),
        ("stations?state=BAD", "state", "status, net"),
        ("events?since=yesterday", "since", "UTC time"),
        ("events?until=2026-02-30", "until", "UTC time"),
        ("events?since=2999-01-01", "since", "between 1678 and 2262"),
        ("events?status=OK", "status", "current, gone or all"),
        ("events?net=KR", "net", "run, since"),
        ("runs?kind=test", "kind", "live or replay"),
    ],
)
def test_a_bad_parameter_is_named_with_what_was_needed(
    client: FlaskClient, path: str, parameter: str, needed: str
) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 400
    error = answer.json["error"]
    assert error.startswith(f"{parameter}: ")
    assert needed in error


@pytest.mark.parametrize("path", ["stations/XX.NONE", "events/event/00", "events/00", "nothing", "events/a?run=none"])
def test_what_is_not_there_is_json_too(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.json["error"]


def test_only_reading_is_allowed(client: FlaskClient) -> None:
    answer = client.post("/api/v1/stations")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.json["error"]


def test_csv_has_the_same_rows(client: FlaskClient) -> None:
    answer = client.get("/api/v1/stations?format=csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert [row["id"] for row in rows] == [row["id"] for row in client.get("/api/v1/stations").json["stations"]]
    assert rows[0]["name"] == "Нарын"
    assert rows[1]["total_latency_s"] == ""


def test_csv_without_rows_has_its_head(store: Store) -> None:
    client = create_app(WebSettings(), store).test_client()
    for table in ("stations", "events", "picks", "runs"):
        head = client.get(f"/api/v1/{table}?format=csv").get_data(as_text=True)
        assert head.startswith("id,")
        assert head.count(",") > 5


def test_an_event_has_its_arrivals(client: FlaskClient) -> None:
    (row,) = client.get("/api/v1/events").json["events"]
    assert (row["quality"], row["quality_reason"]) == ("D", "3 stations; gap 212° > 180°")
    assert (row["type_hint"], row["type_reason"]) == ("possible blast", "in known blast area Süd; depth fixed")
    assert (row["n_stations"], row["n_picks"]) == (3, 3)
    assert row["place"] == "41.123 N 75.250 E, depth fixed, KYRGYZSTAN"
    assert row["origin_time"] < row["first_onset"]
    assert (row["latitude_deg"], row["depth_error_km"], row["gap_deg"]) == (41.1234, None, 212.0)
    detail = client.get(f"/api/v1/events/{row['id']}").json
    assert [arrival["station"] for arrival in detail["arrivals"]] == ["KR.NRN", "II.AAK", "IC.LSA"]
    assert detail["arrivals"][0]["onset"] == row["first_onset"]
    assert [arrival["residual_s"] for arrival in detail["arrivals"]] == [-0.21, None, None]
    assert client.get(f"/api/v1/events/{row['id'].partition('/')[2]}").json == detail
    replayed = client.get(f"/api/v1/events/{row['id']}?run=run/replay").json
    assert (len(replayed["arrivals"]), replayed["place"], replayed["origin_time"]) == (2, "not located", None)


def test_events_of_a_time(filled: Store, client: FlaskClient) -> None:
    event = make_event(now_ns() - 3600 * NS_PER_S)
    with filled.begin() as unit:
        unit.save_picks("run/live", event.picks)
        unit.save_events("run/live", [event])
    between = format_ns(now_ns() - 600 * NS_PER_S)
    later = client.get(f"/api/v1/events?since={between}").json["events"]
    earlier = client.get(f"/api/v1/events?until={between}").json["events"]
    assert len(later) == 1
    assert [row["id"] for row in earlier] == [event.public_id]


def test_picks_and_runs(client: FlaskClient) -> None:
    picks = client.get("/api/v1/picks?station=II.AAK").json["picks"]
    assert [pick["station"] for pick in picks] == ["II.AAK"]
    looks = ("polarity", "spread_s", "is_clipped", "is_near_gap", "trigger_rate_h")
    assert [picks[0][name] for name in looks] == ["", 0.0, False, False, 0.0]
    assert picks[0]["event"] == client.get("/api/v1/events").json["events"][0]["id"]
    runs = client.get("/api/v1/runs?kind=replay").json["runs"]
    assert [run["id"] for run in runs] == ["run/replay"]


def test_every_station_page_has_its_data(client: FlaskClient) -> None:
    detail = client.get("/api/v1/stations/KR.NRN").json
    states = {reading["rule"]: reading["state"] for reading in detail["channels"][0]["readings"]}
    assert states["timing_quality"] == State.BAD
    assert detail["latitude_deg"] == 41.42222


@pytest.mark.parametrize("name", ["stations", "events", "picks", "runs"])
def test_a_table_has_its_columns_with_and_without_rows(client: FlaskClient, name: str) -> None:
    rows = client.get(f"/api/v1/{name}").json[name]
    lines = list(csv.DictReader(io.StringIO(client.get(f"/api/v1/{name}?format=csv").get_data(as_text=True))))
    assert len(lines) == len(rows) > 0
    assert sorted(lines[0]) == sorted(rows[0])
    nothing = {"stations": "q=nothing", "runs": "limit=1"}.get(name, "since=2200-01-01")
    head = client.get(f"/api/v1/{name}?format=csv&{nothing}").get_data(as_text=True).splitlines()[0]
    assert head == ",".join(lines[0])
