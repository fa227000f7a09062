"""What people ask others to do: the daemon to restart, a process of its own to replay. Programs do it with a token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response, current_app, url_for

from database import tasks
from database.tasks import Task
from houfeng.errors import TaskError
from houfeng.roles import Role
from houfeng.times import now_ns
from webui import access, api, house, pages, paging, reading
from webui.acting import by_whom, sent, to
from webui.paging import Paged
from webui.reading import ParameterError
from webui.schemas import answers, columns
from webui.settings import WebSettings
from webui.task_rows import TaskShape, shaped

blueprint = Blueprint("asking", __name__)

_Work = Callable[[], Task]


class TaskList(Paged):
    """What was asked for, newest first."""

    tasks: list[TaskShape]


@blueprint.get("/api/v1/tasks")
@access.inside
@house.unkept
@answers(TaskList)
def api_tasks() -> TaskList | Response:
    """Restarts and replays that were asked for."""
    reading.only("limit", "page", "format")
    is_sheet, limit = api.layout() == "csv", reading.depth(reading.N_ROWS) or reading.N_ROWS
    found, link = paging.cut(reading.read(lambda snapshot: tasks.tasks(snapshot, limit=limit)), reading.N_ROWS)
    rows = [shaped(task, now_ns()) for task in found]
    return api.sheet("tasks", columns(TaskShape), rows, link) if is_sheet else {"tasks": rows, "next": link}


@blueprint.post("/daemons/restart")
@access.needs(Role.OPERATOR)
def restart() -> Response:
    """Ask for a restart, from the page of daemons."""
    return _from_page(_restart, "house.daemons")


@blueprint.post("/api/v1/daemons/restart")
@access.needs(Role.OPERATOR)
@answers(TaskShape)
def api_restart() -> TaskShape | Response:
    """Ask the daemon to connect to a server anew, or with `about` = daemon to begin its whole session anew."""
    return _for_program(_restart)


@blueprint.post("/runs/replay")
@access.needs(Role.ENGINEER)
def replay() -> Response:
    """Begin a replay, from the page of runs."""
    return _from_page(_replay, "pages.runs")


@blueprint.post("/api/v1/runs/replay")
@access.needs(Role.ENGINEER)
@answers(TaskShape)
def api_replay() -> TaskShape | Response:
    """Begin a replay of records below `web.replay_path` in a process of its own; /api/v1/tasks has its progress."""
    return _for_program(_replay)


def _from_page(work: _Work, page: str) -> Response:
    try:
        work()
    except TaskError as error:
        return pages.failure(409, str(error))
    return to(url_for(page))


def _for_program(work: _Work) -> TaskShape | Response:
    try:
        return shaped(work(), now_ns())
    except TaskError as error:
        return api.failure(409, str(error))


def _restart() -> Task:
    said, change = sent("about", "why"), by_whom()
    if not said["about"]:
        raise ParameterError("about: the name of a server, or daemon, is needed, none came")
    return access.store().run(lambda unit: tasks.ask(unit, "restart", said["about"], said["why"], change))


def _replay() -> Task:
    said, change = sent("about", "why"), by_whom()
    path = _below(said["about"])
    begin = house.beginner()
    asked = access.store().run(lambda unit: tasks.ask(unit, "replay", str(path), said["why"], change))
    begin(asked.task_id)
    return asked


def _below(text: str) -> Path:
    """A folder or file of those that may be replayed; links out of them lead nowhere."""
    settings: WebSettings = current_app.config["SETTINGS"]
    if not settings.replay_path:
        raise TaskError("web.replay_path is empty: it names the folder whose records may be replayed from the page")
    root = Path(settings.replay_path).resolve()
    try:
        path = (root / text).resolve()
        is_there = path.is_relative_to(root) and path.exists()
    except OSError:  # of a name that is too long
        is_there = False
    if not is_there:
        raise ParameterError(f"about: a folder or file below web.replay_path is needed, {text!r} came")
    return path
