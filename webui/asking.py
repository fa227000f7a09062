"""What people ask others to do: the daemon to restart, processes of their own to replay or report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from flask import Blueprint, Response, current_app, url_for

from database import registry, tasks
from database.records import AuditRow
from database.tasks import Kind, Task
from database.unit import UnitOfWork
from houfeng.errors import TaskError
from houfeng.report_files import delete
from houfeng.roles import Role
from houfeng.times import now_ns
from webui import access, allowed, api, house, pages, paging, reading
from webui.acting import by_whom, sent, to
from webui.language import LANGUAGES
from webui.paging import Paged
from webui.reading import ParameterError
from webui.schemas import answers, columns
from webui.settings import WebSettings
from webui.task_rows import TaskShape, shaped

blueprint = Blueprint("asking", __name__)

_Work = Callable[..., Task]  # of the parts of its address
_KINDS: tuple[Kind, ...] = get_args(Kind)


class TaskList(Paged):
    """What was asked for, newest first."""

    tasks: list[TaskShape]


@blueprint.get("/api/v1/tasks")
@access.inside
@house.unkept
@answers(TaskList)
def api_tasks() -> TaskList | Response:
    """Restarts, replays and reports that were asked for."""
    reading.only("kind", "limit", "page", "format")
    asked = reading.one_of("kind", ("", *_KINDS), "")
    kind = next((each for each in _KINDS if each == asked), None)
    is_sheet, limit = api.layout() == "csv", reading.depth(reading.N_ROWS) or reading.N_ROWS
    known = reading.read(lambda snapshot: tasks.tasks(snapshot, kind=kind, limit=limit))
    found, link = paging.cut(known, reading.N_ROWS)
    rows = [shaped(task, now_ns()) for task in found]
    return api.sheet("tasks", columns(TaskShape), rows, link) if is_sheet else {"tasks": rows, "next": link}


def _asked_for(rule: str, role: Role, page: str) -> Callable[[_Work], _Work]:
    """Let what asks for something answer the form of a page, and programs below /api/v1."""

    def doors(work: _Work) -> _Work:
        def from_page(**parts: str) -> Response:
            try:
                work(**parts)
            except TaskError as error:
                return pages.failure(409, str(error))
            return to(url_for(page))

        def for_program(**parts: str) -> TaskShape | Response:
            try:
                return shaped(work(**parts), now_ns())
            except TaskError as error:
                return api.failure(409, str(error))

        for_program.__doc__ = work.__doc__
        views = {rule: from_page, f"/api/v1{rule}": answers(TaskShape)(for_program)}
        for name, (address, view) in zip((work.__name__, f"api_{work.__name__}"), views.items(), strict=True):
            blueprint.add_url_rule(address, name, access.needs(role)(view), methods=["POST"])
        return work

    return doors


@_asked_for("/daemons/restart", Role.OPERATOR, "house.daemons")
def restart() -> Task:
    """Ask the daemon to connect to a server anew, or with `about` = daemon to begin its whole session anew."""
    said, change = sent("about", "why"), by_whom()
    if not said["about"]:
        raise ParameterError("about: the name of a server, or daemon, is needed, none came")
    return access.store().run(lambda unit: tasks.ask(unit, "restart", said["about"], said["why"], change))


@_asked_for("/runs/replay", Role.ENGINEER, "pages.runs")
def replay() -> Task:
    """Begin a replay of records below `web.replay_path` in a process of its own; /api/v1/tasks has its progress."""
    said = sent("about", "why")
    return _begun("replay", str(allowed.below("replay_path", said["about"])), said["why"])


@_asked_for("/reports", Role.ENGINEER, "reports.index")
def report() -> Task:
    """Begin a report of a project file below `web.projects_path`; /api/v1/tasks has its progress and then its files."""
    said = sent("about", "language", "why")
    path = allowed.below("projects_path", said["about"])
    if not path.is_file():
        raise ParameterError(f"about: a project file below web.projects_path is needed, {said['about']!r} came")
    if said["language"] not in LANGUAGES:
        raise ParameterError(f"language: {', '.join(LANGUAGES)} is needed, {said['language']!r} came")
    return _begun("report", str(path), said["why"], said["language"])


@_asked_for("/reports/<report_id>/delete", Role.ENGINEER, "reports.index")
def delete_report(report_id: str) -> Task:
    """Delete the files of a report that is done; the list and the audit keep that it was made, by whom and why."""
    why, change = sent("why")["why"], by_whom()
    settings: WebSettings = current_app.config["SETTINGS"]

    def work(unit: UnitOfWork) -> Task:
        made = tasks.task(unit.connection, f"task/{report_id}")
        if made.kind != "report" or made.state != "done":
            raise TaskError(f"{made.task_id}: a report that is done is needed, {made.kind}, {made.state} came")
        if not why:
            raise TaskError(f"deleting the report of {made.about}: a reason is needed, none came")
        said = AuditRow(
            change.at_ns, change.by, "report", "", "files", made.language, "deleted", why, made.about, change.origin
        )
        registry.add_audit(unit, [said])
        try:  # last: where it fails the audit has no such line
            delete(Path(settings.reports_path), made.task_id)
        except OSError as error:
            raise TaskError(f"{error.filename}: cannot be deleted: {error.strerror}") from error
        unit.mark_shown()
        return made

    return access.store().run(work)


def _begun(kind: Kind, path: str, why: str, language: str = "") -> Task:
    begin, change = house.beginner(), by_whom()
    asked = access.store().run(lambda unit: tasks.ask(unit, kind, path, why, change, language=language))
    begin(asked.task_id)
    return asked
