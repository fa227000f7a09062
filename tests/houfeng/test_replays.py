"""A replay is a run of its own: killed and started again it comes to the same, and nothing else is written."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import select

from acquisition import replay as source
from configs import Settings
from database import run_results, tables
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from houfeng.demo import demo_sites
from houfeng.demo_records import builtin_recording, schedule
from houfeng.replaying import Step, replay
from houfeng.replays import fan, passage
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S, parse_ns
from tests.database.conftest import make_run, save_everything
from tests.houfeng.test_looking import TABLES, Rows

SETTINGS = Settings(station=demo_sites())
START_NS = parse_ns("2010-05-27T16:24:04")
Forks = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four stations and three earthquakes in a file for each channel."""
    path = tmp_path_factory.mktemp("records")
    for record in schedule(builtin_recording(), START_NS, 5.0):
        if record.end_ns > START_NS + 230 * NS_PER_S:
            break
        with (path / f"{record.source_id}.mseed").open("ab") as file:
            file.write(record.raw)
    return path


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches, each saved."""
    monkeypatch.setattr(source, "_BATCH_BYTES", 1 << 13)
    monkeypatch.setattr(source, "_BATCH_NS", 2 * NS_PER_S)
    monkeypatch.setattr(passage, "_EVERY_S", 0.0)
    monkeypatch.setattr(passage, "_SHARE", 0)


@contextmanager
def opened(file: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{file}")
    try:
        yield store
    finally:
        store.close()


def replayed(file: Path, folder: Path, settings: Settings = SETTINGS, **more: object) -> tuple[Run, Rows]:
    """The run and its rows, without its name."""
    with opened(file) as store:
        run = replay(settings, find_sources([folder], folder), store, **more)  # type: ignore[arg-type]
        with store.read() as snapshot:
            rows = {
                name: sorted(tuple(row[1:]) for row in snapshot.execute(select(table)) if row[0] == run.run_id)
                for name in (*TABLES, "run_channel", "run_input", "run_site", "replay_state", "detector_state")
                if (table := tables.metadata.tables[name]) is not None
            }
    return run, rows


@pytest.fixture(scope="module")
def in_one_go(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Rows]:
    return replayed(tmp_path_factory.mktemp("one") / "test.db", folder)


def killed(file: Path, folder: Path, *, at_step: int | None = None, at_commit: int | None = None) -> None:
    """Replay in a process that is killed behind a batch, or in a transaction that is written but not committed."""
    left = at_commit or -1

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def step(_: Step) -> None:
        nonlocal at_step
        at_step = None if at_step is None else at_step - 1
        if at_step == 0:
            die()

    def mark_change(_: UnitOfWork) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            die()

    def work() -> None:
        if at_commit is not None:
            UnitOfWork.mark_change = mark_change  # type: ignore[method-assign]
        replayed(file, folder, progress=step)

    process = Forks.Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def test_killed_again_and_again_it_comes_to_the_same(folder: Path, tmp_path: Path, in_one_go: tuple[Run, Rows]) -> None:
    file, behind = tmp_path / "test.db", []
    killed(file, folder, at_step=5)
    killed(file, folder, at_commit=4)
    killed(file, folder, at_step=9)
    run, rows = replayed(file, folder, skipped=lambda step: behind.append(step.n_records))
    assert 0 < behind[0] < run.n_records
    assert len(rows["origin"]) == 3
    assert not rows["replay_state"] and not rows["detector_state"]
    assert (run.result_hash, run.input_hash, rows) == (in_one_go[0].result_hash, in_one_go[0].input_hash, in_one_go[1])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_random_moments(folder: Path, tmp_path: Path, in_one_go: tuple[Run, Rows], seed: int) -> None:
    chance, file = random.Random(seed), tmp_path / "test.db"
    for _ in range(4):
        process = Forks.Process(target=replayed, args=(file, folder))
        process.start()
        process.join(chance.uniform(0.05, 2.0))
        process.kill()
        process.join(60)
    run, rows = replayed(file, folder)
    assert (run.result_hash, rows) == (in_one_go[0].result_hash, in_one_go[1])


def test_what_one_process_left_many_finish(
    folder: Path, tmp_path: Path, in_one_go: tuple[Run, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan, "_SLICE_BYTES", 1 << 15)
    file, behind = tmp_path / "test.db", []
    killed(file, folder, at_step=6)
    run, rows = replayed(file, folder, n_workers=2, skipped=lambda step: behind.append(step.n_records))
    assert 0 < behind[0] < run.n_records
    assert (run.result_hash, run.input_hash, rows) == (in_one_go[0].result_hash, in_one_go[0].input_hash, in_one_go[1])


@pytest.mark.soak
@pytest.mark.parametrize("n_workers", [2, 5])
def test_many_processes_find_the_same_though_one_is_killed(
    folder: Path, tmp_path: Path, in_one_go: tuple[Run, Rows], monkeypatch: pytest.MonkeyPatch, n_workers: int
) -> None:
    monkeypatch.setattr(fan, "_SLICE_BYTES", 1 << 14)
    dead = []

    def step(_: Step) -> None:
        if not dead:
            dead.append(multiprocessing.active_children()[0])
            dead[0].kill()

    run, rows = replayed(tmp_path / "test.db", folder, n_workers=n_workers, progress=step)
    assert dead[0].exitcode == -signal.SIGKILL
    assert (run.result_hash, run.input_hash, rows) == (in_one_go[0].result_hash, in_one_go[0].input_hash, in_one_go[1])
    assert not multiprocessing.active_children()


def test_no_row_of_another_run_is_written(folder: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "test.db") as store:
        store.run(lambda unit: unit.save_run(make_run("live")))
        store.run(save_everything)
        before = _others(store, "")
        run = replay(SETTINGS, find_sources([folder], folder), store)
        assert _others(store, run.run_id) == before
        with store.read() as snapshot:
            assert run_results.n_picks(snapshot, run.run_id)


def _others(store: Store, run_id: str) -> dict[str, list[str]]:
    """Every row of every table that is not this run's."""
    with store.read() as snapshot:
        return {
            table.name: sorted(
                repr(row) for row in snapshot.execute(select(table)) if getattr(row, "run_id", None) != run_id
            )
            for table in tables.metadata.sorted_tables
            if table.name != "change"
        }


def test_what_it_is_made_of_tells_runs_apart(folder: Path, tmp_path: Path, in_one_go: tuple[Run, Rows]) -> None:
    first, rows = in_one_go
    assert [(name, kind, sha) for name, kind, _, sha, _ in rows["run_input"]] == [
        (file.name, "records", sha256(file.read_bytes()).hexdigest()) for file in sorted(folder.iterdir())
    ]
    changed = Settings(station=demo_sites()[:3])
    other, _ = replayed(tmp_path / "other.db", folder, changed)
    until, _ = replayed(tmp_path / "until.db", folder, end_ns=START_NS + 100 * NS_PER_S)
    assert len({first.run_id, other.run_id, until.run_id}) == 3
    assert len({first.result_hash, other.result_hash, until.result_hash}) == 3
    assert first.input_hash == other.input_hash != until.input_hash
