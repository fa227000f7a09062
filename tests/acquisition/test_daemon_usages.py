"""The running daemon takes on what operators say: how stations are used, and metadata that they import."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from acquisition.daemon import upkeep
from acquisition.daemon.alerts import make_scene
from acquisition.daemon.link import StoreLink
from acquisition.daemon.usages import Usages
from configs import Settings, load
from database import registry, tables
from database.store import Store
from houfeng import importing
from houfeng.network import read_network
from houfeng.times import now_ns
from stations.alerts.alert import Group
from stations.alerts.words import Kind
from stations.health import HealthMonitor
from tests.acquisition.test_daemon_upkeep import config_file, latitude, running, wait_for

STATIONS = ("report_interval_s = 0.1", "[[station]]", 'code = "XX.AAA"', "latitude_deg = 1.0", "longitude_deg = 2.0")


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    store = Store.open(settings.database.url)
    try:
        yield store
    finally:
        store.close()


def evaluated_as(store: Store) -> tuple[str, int]:
    """Usage level under which health evaluated XX.AAA last, and when, ns UTC."""
    status = tables.station_status.c
    with store.read() as snapshot:
        query = select(status.usage, status.evaluated_ns).where(status.station_id == "XX.AAA")
        found = snapshot.execute(query).one_or_none()
    return ("", 0) if found is None else (found.usage, found.evaluated_ns)


def say(store: Store, level: str, until_ns: int | None = None) -> int:
    """Change the use of XX.AAA; when, ns UTC."""
    at_ns = now_ns()
    with store.begin() as unit:
        registry.set_usage(unit, "XX.AAA", level, at_ns=at_ns, until_ns=until_ns, by="li", why="test")
    return at_ns


def becomes(store: Store, level: str, since_ns: int = 0) -> bool:
    """Whether health evaluates the station at this level, in time."""
    return wait_for(lambda: evaluated_as(store)[0] == level and evaluated_as(store)[1] > since_ns)


def test_usage_is_taken_on_without_a_restart_and_ends_by_itself(tmp_path: Path) -> None:
    config = config_file(tmp_path, *STATIONS)
    with running(config) as settings, opened(settings) as store:
        assert becomes(store, "full")
        say(store, "evaluation")
        assert becomes(store, "evaluation")
        say(store, "maintenance", until_ns=now_ns() + 3600 * 10**9)
        assert becomes(store, "maintenance")
        say(store, "maintenance", until_ns=now_ns() + 10**9 // 2)
        assert becomes(store, "evaluation")
        say(store, "off")
        # the last evaluation is more than five reports old
        assert wait_for(lambda: now_ns() - evaluated_as(store)[1] > 10**9 // 2)
        assert evaluated_as(store)[0] == "evaluation"
        assert becomes(store, "full", since_ns=say(store, "configured"))


def test_what_was_said_outlives_the_process(tmp_path: Path) -> None:
    config = config_file(tmp_path, *STATIONS)
    with opened(load(config)) as store:
        say(store, "telemetry-only")
        with running(config):
            assert becomes(store, "telemetry-only")


def test_a_link_that_was_set_is_what_stations_share(tmp_path: Path) -> None:
    """An alert of its link has the station among its children from the next report on."""
    settings = load(config_file(tmp_path, *STATIONS))
    network = read_network(settings)
    with opened(settings) as store:
        link = StoreLink(store)
        usages = Usages(store, link, HealthMonitor(settings.health), settings, network)
        usages.refresh(now_ns(), [])
        assert usages.cards["XX.AAA"].link == ""
        with store.begin() as unit:
            registry.set_corrections(unit, "XX.AAA", {"link": "VSAT hub"}, at_ns=1, by="li", why="moved")
        usages.refresh(now_ns(), [])
        statuses = HealthMonitor(settings.health, usages={"XX.AAA": "full"}).evaluate(now_ns())
        scene = make_scene(settings, usages.cards, usages.levels, statuses, {}, {})
        assert Group(Kind.LINK, "VSAT hub") in scene.groups["XX.AAA"]


def test_imported_metadata_are_taken_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "_LOOK_FOR_IMPORTS_S", 0.2)
    caplog.set_level(logging.INFO)
    file = tmp_path / "list.csv"
    file.write_text("station,latitude_deg,longitude_deg,elevation_m\nXX.BBB,3,4,5\n")
    with running(config_file(tmp_path, *STATIONS)) as settings, opened(settings) as store:
        assert wait_for(lambda: latitude(settings) == 1.0)
        found = importing.look_over(file, settings, read_network(settings))
        importing.take_on(found, settings, store, at_ns=now_ns(), by="li", why="new")
        assert wait_for(lambda: "reloaded: XX.BBB: is new" in caplog.text)
