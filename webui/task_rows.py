"""What was asked for, as pages and programs are told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypedDict

from flask import current_app, url_for

from database import tasks
from database.tasks import Kind, Task
from houfeng.report_files import kinds_there
from houfeng.shape_types import Time
from houfeng.shapes import time
from houfeng.times import format_ns, now_ns
from webui import reading
from webui.settings import WebSettings

N_SHOWN = 8


class TaskShape(TypedDict):
    """What somebody asked for: `said` is how far it is, or what came of it; `files` of a report, if they are there."""

    id: str
    kind: Literal["restart", "replay", "report"]
    about: str
    language: str
    who: str
    why: str
    state: Literal["asked", "running", "done", "failed", "silent"]
    said: str
    asked: Time
    seen: Time | None
    ended: Time | None
    files: list[str]


def shaped(task: Task, at_ns: int) -> TaskShape:
    """A task at a time, ns UTC; `silent` is one whose process has ended without a word."""
    is_silent = task.state in ("asked", "running") and not task.is_open(at_ns)
    return {
        "id": task.task_id,
        "kind": task.kind,
        "about": task.about,
        "language": task.language,
        "who": task.who,
        "why": task.why,
        "state": "silent" if is_silent else task.state,
        "said": task.said,
        "asked": format_ns(task.asked_ns),
        "seen": time(task.seen_ns),
        "ended": time(task.ended_ns),
        "files": _files(task) if task.kind == "report" and task.state == "done" else [],
    }


def _files(task: Task) -> list[str]:
    settings: WebSettings = current_app.config["SETTINGS"]
    report_id = task.task_id.removeprefix("task/")
    there = kinds_there(Path(settings.reports_path), task.task_id, task.language)
    return [url_for("reports.file", report_id=report_id, kind=kind) for kind in there]


def recent(kind: Kind, n_shown: int = N_SHOWN) -> list[TaskShape]:
    """The latest of a kind, for pages."""
    found = reading.read(lambda snapshot: tasks.tasks(snapshot, kind=kind, limit=n_shown))
    return [shaped(task, now_ns()) for task in found]
