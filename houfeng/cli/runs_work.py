"""`houfeng runs work`: the process of a replay that was begun on the web page."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from configs import Settings
from database import run_results, tasks
from database.store import Store
from houfeng.cli.options import config_option, settings_of
from houfeng.errors import HoufengError, StoreError, TaskError
from houfeng.replaying import Step, replay
from houfeng.replays.sources import find_sources
from houfeng.times import now_ns

_log = logging.getLogger(__name__)

_TOLD_EVERY_S = 5.0


@click.command("work", hidden=True)
@click.argument("task_id")
@config_option
def work(task_id: str, config: Path | None) -> None:
    """Do what was asked for on the web page, and say there how far it is and what came of it."""
    settings = settings_of(config)
    store = Store.open(settings.database.url)
    try:
        with store.read() as snapshot:
            asked = tasks.task(snapshot, task_id)
        if asked.kind != "replay" or asked.state != "asked":
            came = f"{asked.kind}, {asked.state}"
            raise TaskError(f"task {task_id}: a replay that nobody has begun is needed, {came} came")
        state, said = _done(settings, store, task_id, Path(asked.about))
        store.run(lambda unit: tasks.note(unit, task_id, state, said, now_ns()))
    finally:
        store.close()


def _done(settings: Settings, store: Store, task_id: str, path: Path) -> tuple[tasks.State, str]:
    try:
        with _told(store, task_id) as said:
            return "done", _replayed(settings, store, path, said)
    except HoufengError as error:
        return "failed", str(error)
    except Exception as error:  # the page waits for a word in any case
        _log.exception("replay of %s failed", path)
        return "failed", f"{type(error).__name__}: {error}"


def _replayed(settings: Settings, store: Store, path: Path, said: list[str]) -> str:
    with TemporaryDirectory(prefix="houfeng-") as scratch:
        sources = find_sources([path], Path(scratch))
        n_bytes = max(sum(file.n_bytes for file in sources.files), 1)
        n_done = 0

        def tell(step: Step) -> None:
            nonlocal n_done
            n_done += step.n_bytes
            said[0] = f"{min(n_done / n_bytes, 1):.0%}"

        run = replay(settings, sources, store, progress=tell, skipped=tell)
    with store.read() as snapshot:
        n_picks = sum(run_results.n_picks(snapshot, run.run_id).values())
    left_out = f", {len(sources.remarks)} files left out" if sources.remarks else ""
    return f"{run.run_id}: {run.n_records} records, {n_picks} picks{left_out}"


@contextmanager
def _told(store: Store, task_id: str) -> Iterator[list[str]]:
    """Let the page know every few seconds that somebody is at work, and how far: the first of the list."""
    said, ended = ["reading the folder"], threading.Event()

    def tell() -> None:
        while True:
            try:
                store.run(lambda unit: tasks.note(unit, task_id, "running", said[0], now_ns()))
            except StoreError as error:  # the replay itself says whether it can go on without
                _log.warning("%s", error)
            if ended.wait(_TOLD_EVERY_S):
                return

    thread = threading.Thread(target=tell, name="told")
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join()
