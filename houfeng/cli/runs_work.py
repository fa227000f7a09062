"""`houfeng runs work`: the process of a replay or a report that was begun on the web page."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from configs import Settings
from database import run_results, tasks
from database.store import Store
from database.tasks import Task
from houfeng.cli.options import config_option, settings_of
from houfeng.errors import HoufengError, StoreError, TaskError
from houfeng.replaying import Step, replay
from houfeng.replays.sources import find_sources
from houfeng.report_files import folder_of
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
        if asked.kind == "restart" or asked.state != "asked":
            came = f"{asked.kind}, {asked.state}"
            raise TaskError(f"task {task_id}: a replay or report that nobody has begun is needed, {came} came")
        state, said = _done(settings, store, asked)
        store.run(lambda unit: tasks.note(unit, task_id, state, said, now_ns()))
    finally:
        store.close()


def _done(settings: Settings, store: Store, asked: Task) -> tuple[tasks.State, str]:
    try:
        with _told(store, asked.task_id) as said:
            if asked.kind == "report":
                return "done", _reported(asked, Path(settings.web.reports_path), said)
            return "done", _replayed(settings, store, Path(asked.about), said)
    except HoufengError as error:
        return "failed", str(error)
    except Exception as error:  # the page waits for a word in any case
        _log.exception("%s of %s failed", asked.kind, asked.about)
        return "failed", f"{type(error).__name__}: {error}"


def _reported(asked: Task, root: Path, said: list[str]) -> str:
    """What `houfeng assess project` does."""
    # two seconds, matplotlib among them, that a replay and `houfeng runs list` need not wait for
    from engineering.project import Language
    from houfeng.projects.load import open_project
    from houfeng.projects.running import assess_project
    from houfeng.projects.writing import write_assessment

    def tell(number: int, n_all: int) -> None:
        said[0] = f"record {number} of {n_all}"

    found = assess_project(open_project(Path(asked.about)), tell)
    folder, remarks = folder_of(root, asked.task_id), []
    said[0] = "writing the report"
    try:
        for path, remark in write_assessment(found, folder, [Language(asked.language)]):
            said[0] = f"wrote {path.name}"
            remarks += [f"{path.name}: {remark}"] if remark else []
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return "; ".join([f"{len(found.records)} records assessed, {len(found.refusals)} refused", *remarks])


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
    said, ended = ["reading the files"], threading.Event()

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
