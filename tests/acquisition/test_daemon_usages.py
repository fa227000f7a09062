"""The running daemon takes on what operators say: how stations are used, and metadata that they import."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from sqlalchemy import select

from acquisition.daemon import upkeep
from configs import Settings
from database import registry, tables
from database.store import Store
from houfeng import importing
from houfeng.network import read_network
from houfeng.times import now_ns
from tests.acquisition.test_daemon_upkeep import config_file, latitude, running, wait_for

STATIONS = ("report_interval_s = 0.1", "[[station]]", 'code = "XX.AAA"', "latitude_deg = 1.0", "longitude_deg = 2.0")


def evaluated_as(settings: Settings) -> tuple[str, int]:
    """Usage level under which health evaluated XX.AAA last, and when, ns UTC."""
    status = tables.station_status.c
    store = Store.open(settings.database.url)
    try:
        with store.read() as snapshot:
            query = select(status.usage, status.evaluated_ns).where(status.station_id == "XX.AAA")
            found = snapshot.execute(query).one_or_none()
        return ("", 0) if found is None else (found.usage, found.evaluated_ns)
    finally:
        store.close()


def say(settings: Settings, level: str, until_ns: int | None = None) -> int:
    """Change the use of XX.AAA; when, ns UTC."""
    store, at_ns = Store.open(settings.database.url), now_ns()
    try:
        with store.begin() as unit:
            registry.set_usage(unit, "XX.AAA", level, at_ns=at_ns, until_ns=until_ns, by="li", why="test")
    finally:
        store.close()
    return at_ns


def test_usage_is_taken_on_without_a_restart_and_ends_by_itself(tmp_path: Path) -> None:
    config = config_file(tmp_path, *STATIONS)
    with running(config) as settings:
        assert wait_for(lambda: evaluated_as(settings)[0] == "full")
        say(settings, "evaluation")
        assert wait_for(lambda: evaluated_as(settings)[0] == "evaluation")
        say(settings, "maintenance", until_ns=now_ns() + 2 * 10**9)
        assert wait_for(lambda: evaluated_as(settings)[0] == "maintenance")
        assert wait_for(lambda: evaluated_as(settings)[0] == "evaluation")
        say(settings, "off")
        # the report after the one that heard of it evaluates nothing: the last evaluation is older than two looks
        last = evaluated_as(settings)
        assert wait_for(lambda: _stands_still(settings))
        assert evaluated_as(settings)[0] == last[0]
        again_ns = say(settings, "configured")
        assert wait_for(lambda: evaluated_as(settings)[0] == "full" and evaluated_as(settings)[1] > again_ns)
    with running(config) as settings:  # what was said outlives the process
        say(settings, "telemetry-only")
        assert wait_for(lambda: evaluated_as(settings)[0] == "telemetry-only")


def _stands_still(settings: Settings) -> bool:
    """Whether the last evaluation is more than ten reports old."""
    return now_ns() - evaluated_as(settings)[1] > 10**9


def test_imported_metadata_are_taken_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "_LOOK_FOR_IMPORTS_S", 0.2)
    caplog.set_level(logging.INFO)
    file = tmp_path / "list.csv"
    file.write_text("station,latitude_deg,longitude_deg,elevation_m\nXX.BBB,3,4,5\n")
    with running(config_file(tmp_path, *STATIONS)) as settings:
        assert wait_for(lambda: latitude(settings) == 1.0)
        store = Store.open(settings.database.url)
        try:
            found = importing.look_over(file, settings, read_network(settings))
            importing.take_on(found, settings, store, at_ns=now_ns(), by="li", why="new")
        finally:
            store.close()
        assert wait_for(lambda: "reloaded: XX.BBB: is new" in caplog.text)
