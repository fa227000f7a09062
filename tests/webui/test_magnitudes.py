"""Magnitudes on pages, in JSON and in CSV, with the reasons of those that are not used."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database.store import Store
from houfeng.times import now_ns
from houfeng.types import Event, Magnitude, StationMagnitude
from tests.webui.conftest import located, make_event
from webui import magnitude_words
from webui.reasons import translated

NETWORK = (
    Magnitude("ML", 3.456, 0.213, 2, "mean", "Hutton & Boore 1987", "stations: 2, 3 needed"),
    Magnitude("Md", 3.1, None, 1, "mean", "Lee et al. 1972", "stations: 1, 3 needed"),
)
NO_ONSET = "no record of the onset"
STATIONS = (
    StationMagnitude("KR.NRN", "ML", "BHE BHN", 3.3, -0.1, 812.4, "nm", None, 45.2, 31.0, True),
    StationMagnitude("II.AAK", "ML", "BH1 BH2", 3.6, 0.0, 1.2e6, "nm", None, 88.0, 12.0, True),
    StationMagnitude(
        "IC.LSA", "ML", "BH1 BH2", None, 0.0, None, "nm", None, 99.0, None, False, "no record of the onset"
    ),
    StationMagnitude("KR.NRN", "Md", "BHZ", 3.1, 0.0, 51.5, "s", None, 45.2, 99.0, True),
)


@pytest.fixture
def event(filled: Store) -> Event:
    """A located event with magnitudes of two kinds, the newest of the live run."""
    saved = replace(located(make_event(now_ns())), magnitudes=NETWORK, station_magnitudes=STATIONS)
    with filled.begin() as unit:
        unit.save_picks("run/live", saved.picks)
        unit.save_events("run/live", [saved])
    return saved


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_page_of_an_event_shows_and_explains_them(client: FlaskClient, event: Event) -> None:
    page = text_of(client.get(f"/events/{event.public_id}").text)
    assert "Magnitude ML 3.5 ± 0.2 stations: 2, 3 needed" in page
    assert "ML 3.46 0.21 2 mean Hutton &amp; Boore 1987 stations: 2, 3 needed" in page
    assert "3 used of 4" in page
    assert "ML KR.NRN BHE BHN 3.30 −0.10 812 nm 45 31.0" in page
    assert "ML II.AAK BH1 BH2 3.60 1.20 mm 88 12.0" in page
    assert "ML IC.LSA BH1 BH2 — — 99 — no record of the onset" in page
    assert "Md KR.NRN BHZ 3.10 51.5 s 45 99.0" in page


def test_lists_show_the_preferred_one(client: FlaskClient, event: Event) -> None:
    for address in ("/events", "/"):
        assert "ML 3.5" in text_of(client.get(address).text)
    (row, *_) = client.get("/api/v1/events").json["events"]
    assert (row["magnitude"], row["magnitude_kind"], row["magnitude_scatter"]) == (3.456, "ML", 0.213)
    assert (row["magnitude_n_stations"], row["magnitude_remark"]) == (2, "stations: 2, 3 needed")
    first = next(csv.DictReader(client.get("/api/v1/events?format=csv").text.splitlines()))
    assert (first["magnitude"], first["magnitude_kind"]) == ("3.456", "ML")


def test_programs_get_every_station(client: FlaskClient, event: Event) -> None:
    found = client.get(f"/api/v1/events/{event.public_id}").json
    assert [each["kind"] for each in found["magnitudes"]] == ["ML", "Md"]
    assert found["station_magnitudes"][0] == {
        "station_id": "KR.NRN",
        "kind": "ML",
        "channels": "BHE BHN",
        "value": 3.3,
        "correction": -0.1,
        "amplitude": 812.4,
        "amplitude_unit": "nm",
        "period_s": None,
        "distance_km": 45.2,
        "snr": 31.0,
        "is_used": True,
        "reason": "",
    }


def test_an_event_without_magnitudes_has_no_table_of_them(client: FlaskClient, filled: Store) -> None:
    bare = make_event(now_ns() - 10**12)
    with filled.begin() as unit:
        unit.save_picks("run/live", bare.picks)
        unit.save_events("run/live", [bare])
    page = client.get(f"/events/{bare.public_id}").text
    assert "Magnitude —" in text_of(page)
    assert 'id="magnitudes"' not in page


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "nm", "—"),
        (0.034, "nm", "0.03 nm"),
        (12.34, "nm", "12.3 nm"),
        (999.4, "nm", "999 nm"),
        (999.6, "nm", "1.00 µm"),
        (3.05e7, "nm", "30.5 mm"),
        (7.2e-5, "m*s", "72.0 µm·s"),
        (1.5, "m*s", "1.50 m·s"),
        (2e-12, "m*s", "0.00 nm·s"),
        (51.5, "s", "51.5 s"),
    ],
)
def test_amplitudes_have_a_unit_that_suits_them(app: Flask, value: float | None, unit: str, shown: str) -> None:
    with app.test_request_context("/"):
        assert magnitude_words.amplitude(value, unit) == shown


SAID = Path(__file__).parents[2] / "detection" / "magnitude"
REASONS = (
    "no record of the onset",
    "no record of the coda",
    "no record of a horizontal channel",
    "no record of a vertical channel",
    "the record ends 6.8 s before the window does",
    "the record begins 3.2 s before the onset, too late to tell the noise",
    "1 samples per second, 8 needed",
    "clipped at -40000 counts",
    "period 4.9 s, less than 3 s needed",
    "no swing in the P waves",
    "signal 0.5 times the noise, 3 needed",
    "the coda has not ended after 140 s",
    "the seismometer is of short period, 20 s are needed",
    "hypocentral distance 9.5 km, 10 to 700 km needed",
    "stations: 2, 3 needed",
    "scatter 0.8, at most 0.6 wanted",
    "stations too noisy to be used that saw less: 6",
    "epicentre ± 331 km",
    "K = 1.8 M + 4 is not confirmed",
    "IC.MDJ.00.BH1: no metadata of this time",
    "IC.MDJ.00.BH1: no response in the metadata",
)


@pytest.mark.parametrize("lang", ["zh", "ru"])
@pytest.mark.parametrize("reason", REASONS)
def test_reasons_are_said_in_the_pages_language(app: Flask, lang: str, reason: str) -> None:
    with app.test_request_context(f"/?lang={lang}"):
        assert not re.search(r"[a-z]{3}", re.sub(r"counts|km", "", translated(reason)))


def test_every_reason_of_detection_is_among_them() -> None:
    """What is raised or remarked there has its beginning here; numbers stand for what is filled in."""
    source = "".join(path.read_text() for path in SAID.glob("*.py"))
    raised = re.findall(r'(?:AmplitudeError\(|remark = |reason = |return )f?"([a-z][^"{]{8,})', source)
    assert len(raised) >= 9
    assert [words for words in raised if not any(reason.startswith(words.rstrip()) for reason in REASONS)] == []
