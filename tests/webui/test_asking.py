"""Restarts and replays from the page and by token: who may, what is refused, and that a replay is really done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from flask import Flask

from acquisition.records import pack
from configs import load
from database import accounts, queries, registry, tasks
from database.accounts import Change
from database.store import Store
from houfeng.cli.around import around
from houfeng.roles import Role
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from tests.webui.conforming import conforming
from webui.app import create_app

Ask = Callable[..., tuple[int, dict[str, str]]]


@pytest.fixture
def config(tmp_path: Path, url: str) -> Path:
    path = tmp_path / "houfeng.toml"
    path.write_text(f'[database]\nurl = "{url}"\n[web]\nreplay_path = "records"\n')
    (tmp_path / "records" / "day").mkdir(parents=True)
    noise = np.random.default_rng(1).normal(0, 300, 12_000).astype(np.int32)
    content = b"".join(pack(SourceId("XX", "AAA", "00", "HHZ"), 1_700_000_000 * NS_PER_S, 100.0, noise))
    (tmp_path / "records" / "day" / "a.mseed").write_bytes(content)
    (tmp_path / "records" / "out").symlink_to(tmp_path)
    return path


@pytest.fixture
def ask(config: Path, filled: Store) -> Iterator[Ask]:
    """ask(PATH, role=ROLE, NAME=TEXT): status and JSON of a POST to /api/v1 with a token."""
    settings = load(config)
    with filled.begin() as unit:
        change = Change(now_ns(), "root", "test")
        for role in Role:
            accounts.add(unit, str(role), role, "", change)
        tokens = {str(role): accounts.add_token(unit, str(role), "", change) for role in Role}
    app: Flask = create_app(settings.web, filled, around=around(config, settings))

    def call(path: str, role: str = "engineer", **said: str) -> tuple[int, dict[str, str]]:
        headers = {"Authorization": f"Bearer {tokens[role]}"}
        answer = app.test_client().post(f"/api/v1{path}", json=said, headers=headers)
        return answer.status_code, answer.get_json()

    with conforming(app):
        yield call


def test_a_replay_is_done_and_tells_how_far_it_is(ask: Ask, filled: Store) -> None:
    status, asked = ask("/runs/replay", about="day", why="other thresholds")
    assert (status, asked["state"], asked["who"]) == (200, "asked", "engineer")
    assert ask("/runs/replay", about="day", why="again")[0] == 409
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with filled.read() as snapshot:
            task = tasks.task(snapshot, asked["id"])
        if task.ended_ns is not None:
            break
        time.sleep(0.2)
    assert task.state == "done" and "records, 0 picks" in task.said, task
    with filled.read() as snapshot:
        run = queries.run(snapshot, task.said.partition(":")[0])
        (noted,) = registry.audit(snapshot, action="replay")
    assert run is not None and run.n_samples == 12_000 and run.result_hash
    assert (noted.who, noted.why, noted.about) == ("engineer", "other thresholds", task.about)


@pytest.mark.parametrize(
    "about", ["..", "/etc", "out", "out/houfeng.toml", "day/../../houfeng.toml", "nothing", "\udcff"]
)
def test_nothing_elsewhere_is_replayed(ask: Ask, filled: Store, about: str) -> None:
    assert ask("/runs/replay", about=about, why="why not")[0] == 400
    with filled.read() as snapshot:
        assert tasks.tasks(snapshot) == []


def test_a_restart_is_asked_for_once_and_with_a_reason(ask: Ask, filled: Store) -> None:
    assert ask("/daemons/restart", role="operator", about="geofon", why="")[0] == 409
    assert ask("/daemons/restart", role="operator", about="", why="stuck")[0] == 400
    assert ask("/daemons/restart", role="viewer", about="geofon", why="stuck")[0] == 403
    assert ask("/runs/replay", role="operator", about="day", why="mine")[0] == 403
    status, asked = ask("/daemons/restart", role="operator", about="geofon", why="stuck")
    assert (status, asked["state"]) == (200, "asked")
    assert "is not done yet" in ask("/daemons/restart", role="operator", about="geofon", why="stuck")[1]["error"]
    assert ask("/daemons/restart", role="operator", about="daemon", why="stuck")[0] == 200
    with filled.read() as snapshot:
        assert [task.about for task in tasks.tasks(snapshot)] == ["daemon", "geofon"]
